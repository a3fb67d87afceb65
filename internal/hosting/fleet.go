package hosting

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// maxWaiting is how many tenants are found to wait in one exchange. Each costs a signal to
// its workflow, so a thousand take a few renewal intervals.
const maxWaiting = 200

// A FleetStore keeps the list of workers. The store is one.
type FleetStore interface {
	// BeatWorker says that a worker is alive for ttl, and returns the room of all others, and
	// whether the worker is to drain.
	BeatWorker(
		ctx context.Context, w flowhq.Worker, ttl time.Duration,
	) (store.Answer, error)
	// EndWorker takes a worker off the list.
	EndWorker(ctx context.Context, name string) error
	// SetWaiting writes down what tenants without a host wait for, and returns those whose
	// rows did not say so yet.
	SetWaiting(
		ctx context.Context, why flowhq.Wait, reason string, after time.Duration, failed bool, limit int,
	) ([]store.Waiting, error)
}

// A WaitReporter tells a tenant's workflow what the tenant waits for.
type WaitReporter interface {
	ReportWaiting(ctx context.Context, w store.Waiting, why flowhq.Wait, reason string) error
}

// A FleetMember tells the other worker processes how full this one is, and hears from them, with
// one statement per renewal interval. If all are full, or reconnects are paused, it tells the
// tenants that wait.
type FleetMember struct {
	store     FleetStore
	slots     *Slots
	admission *Admission
	reports   WaitReporter
	timing    Timing
	log       *slog.Logger

	name     string
	capacity int
	pace     *RateLimiter
	draining atomic.Bool // it takes no more sessions and moves those it has

	// What an operator wants, and what comes before it.
	mu        sync.Mutex
	leaving   bool   // the process is told to end
	stopDrain func() // stops a drain that an operator wants, and waits for its end; nil if none

	// unreported are tenants whose rows say what they wait for, and whose workflows do not
	// know yet; reason is what they wait for. Both belong to the goroutine of Run.
	unreported []store.Waiting
	reason     string
}

// FleetMemberOptions is what a [FleetMember] is made of.
type FleetMemberOptions struct {
	Store     FleetStore
	Slots     *Slots
	Admission *Admission
	Reports   WaitReporter
	Timing    Timing
	Name      string // of this process
	Capacity  int    // sessions that it may host
	Pace      *RateLimiter
	Log       *slog.Logger
}

// NewFleetMember returns the fleet as seen by one process. Join makes the process part of it, and
// Run keeps it so.
func NewFleetMember(o FleetMemberOptions) *FleetMember {
	return &FleetMember{
		store: o.Store, slots: o.Slots, admission: o.Admission, reports: o.Reports,
		timing: o.Timing, log: o.Log, name: o.Name, capacity: o.Capacity,
		pace: o.Pace,
	}
}

// Join makes the process part of the fleet. Call it before the first host may begin: who
// has work and is not of the fleet counts as dead.
func (f *FleetMember) Join(ctx context.Context) error {
	_, err := f.beatOnce(ctx)
	return err
}

// Run speaks to the fleet until ctx ends, and then takes the process off the list.
func (f *FleetMember) Run(ctx context.Context) {
	tick := time.NewTicker(f.timing.Renewal)
	defer tick.Stop()
	for {
		f.exchange(ctx)
		select {
		case <-ctx.Done():
			f.leave()
			f.end(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		}
	}
}

// end takes the process off the list, so that nobody waits for its place to run out.
func (f *FleetMember) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := f.store.EndWorker(ctx, f.name); err != nil {
		f.log.Info("could not take this worker off the list; it drops off by itself", "err", err)
	}
}

// exchange is one exchange with the fleet. A process that is told to end tells nobody that they
// wait: it does not know for long.
func (f *FleetMember) exchange(ctx context.Context) {
	others, err := f.beatOnce(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		f.log.Warn("could not say how full this worker is", "err", err)
		return
	}
	f.heed(ctx, others.DrainWanted)
	if f.isLeaving() {
		return
	}
	if state := f.admission.State(); state.Paused {
		f.tellWaiting(ctx, flowhq.WaitForReconnects, pausedReason(state), true)
		return
	}
	free, all := others.Free, others.Capacity
	if !f.draining.Load() {
		free, all = free+f.capacity-f.slots.Taken(), all+f.capacity
	}
	if free > 0 { // whoever waits gets a host in a moment
		f.unreported = nil
		return
	}
	reason := fmt.Sprintf("waiting for a free worker: all %d places are taken", all)
	if all == 0 {
		reason = "waiting for a free worker: every worker is draining"
	}
	f.tellWaiting(ctx, flowhq.WaitForSlot, reason, false)
}

// isLeaving reports whether the process is told to end.
func (f *FleetMember) isLeaving() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leaving
}

// beatOnce says how full this process is and returns how full the others are.
func (f *FleetMember) beatOnce(ctx context.Context) (store.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timing.patient())
	defer cancel()
	me := flowhq.Worker{
		Name: f.name, Capacity: f.capacity, Sessions: f.slots.Taken(), Status: flowhq.WorkerRunning,
		ConnectsPerSecond: f.pace.PerSecond(), ConnectsWaiting: f.pace.Waiting(),
	}
	if f.draining.Load() {
		me.Status = flowhq.WorkerDraining
	}
	return f.store.BeatWorker(ctx, me, f.timing.Lease())
}

// tellWaiting tells the tenants that wait, in Postgres and in the Web UI, why they do. The
// process that was the first to write it is the one that tells their workflows, which costs
// them one signal each. Those that it cannot tell within a renewal interval it tells after the
// next one. Tenants whose last attempt failed wait for their backoff and not for a worker;
// failed includes them.
func (f *FleetMember) tellWaiting(
	ctx context.Context, why flowhq.Wait, reason string, failed bool,
) {
	ctx, cancel := context.WithTimeout(ctx, f.timing.patient())
	defer cancel()
	if reason != f.reason { // those of the old reason are found again with the new one
		f.unreported, f.reason = nil, reason
	}
	if len(f.unreported) == 0 {
		found, err := f.store.SetWaiting(ctx, why, reason, 2*f.timing.Renewal, failed, maxWaiting)
		if err != nil {
			f.log.Warn("could not tell tenants what they wait for", "err", err)
			return
		}
		f.unreported = found
	}
	for len(f.unreported) > 0 {
		w := f.unreported[0]
		if err := f.reports.ReportWaiting(ctx, w, why, reason); err != nil {
			f.log.Warn("could not tell workflows what their tenants wait for; trying again",
				"left", len(f.unreported), "err", err)
			return
		}
		f.log.Info("a tenant waits", "tenant", string(w.Tenant), "reason", reason)
		f.unreported = f.unreported[1:]
	}
}
