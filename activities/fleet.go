package activities

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// WaitingForWorker is the reason of a tenant that was just started.
const WaitingForWorker = store.WaitingFor + "a worker"

// Waits reports whether a reason says that a tenant waits for something that is not
// its own, so that there is nothing to do about it.
func Waits(reason string) bool { return strings.HasPrefix(reason, store.WaitingFor) }

// maxTold is how many tenants are found to wait with one look.
const maxTold = 200

// A Fleet tells the other worker processes how full this one is, and hears from
// them, with one statement per heartbeat. If all are full, or the fleet is
// paused, it tells the tenants that wait.
type Fleet struct {
	store   *store.Store
	reports Reporter
	timing  Timing
	log     *slog.Logger

	name     string
	capacity int
	hosts    *Hosts
	gate     *Gate
	draining atomic.Bool

	// untold are tenants whose rows say what they wait for, and whose workflows do not
	// know yet. They belong to the loop of Run, as does why.
	untold []store.Waiting
	why    string
}

// NewFleet returns the Fleet as seen by the process of that name, which may host
// capacity sessions. Run makes the process part of it.
func NewFleet(s *store.Store, hosts *Hosts, gate *Gate, reports Reporter, timing Timing, name string, capacity int, log *slog.Logger) *Fleet {
	return &Fleet{store: s, hosts: hosts, gate: gate, reports: reports, timing: timing, log: log, name: name, capacity: capacity}
}

// Join makes the process part of the fleet. Call it before the first host may begin.
func (f *Fleet) Join(ctx context.Context) error {
	_, err := f.room(ctx)
	return err
}

// Run speaks to the fleet until ctx ends, and then says goodbye.
func (f *Fleet) Run(ctx context.Context) {
	tick := time.NewTicker(f.timing.Heartbeat)
	defer tick.Stop()
	for {
		f.beat(ctx)
		select {
		case <-ctx.Done():
			f.end(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		}
	}
}

func (f *Fleet) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := f.store.EndWorker(ctx, f.name); err != nil {
		f.log.Info("could not take this worker off the list; it drops off by itself", "err", err)
	}
}

// beat is one exchange with the fleet.
func (f *Fleet) beat(ctx context.Context) {
	others, err := f.room(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		f.log.Warn("could not say how full this worker is", "err", err)
		return
	}
	if f.draining.Load() {
		return
	}
	if state, _ := f.gate.now(); state.Paused {
		f.tellWaiting(ctx, pausedReason(state), true)
		return
	}
	free, all := f.capacity-f.hosts.count()+others.Free, f.capacity+others.Capacity
	if free > 0 {
		f.untold = nil
		return
	}
	f.tellWaiting(ctx, fmt.Sprintf(store.WaitingFor+"a free worker: all %d places are taken", all), false)
}

// room says how full this process is and returns how full the others are.
func (f *Fleet) room(ctx context.Context) (others store.Room, err error) {
	ctx, cancel := context.WithTimeout(ctx, max(f.timing.Heartbeat, writeTimeout))
	defer cancel()
	me := flowhq.Worker{Name: f.name, Capacity: f.capacity, Sessions: f.hosts.count(), Status: flowhq.WorkerRunning}
	if f.draining.Load() {
		me.Status = flowhq.WorkerDraining
	}
	return f.store.BeatWorker(ctx, me, f.timing.Lease())
}

// tellWaiting tells the tenants that wait, in Postgres and in the Web UI, why they
// do. The process that was the first to write it is the one that tells their
// workflows, which costs them one signal each. Those that it cannot tell within a
// heartbeat it tells after the next one.
func (f *Fleet) tellWaiting(ctx context.Context, reason string, failed bool) {
	ctx, cancel := context.WithTimeout(ctx, max(f.timing.Heartbeat, writeTimeout))
	defer cancel()
	if reason != f.why {
		f.untold, f.why = nil, reason
	}
	if len(f.untold) == 0 {
		found, err := f.store.SetWaiting(ctx, reason, 2*f.timing.Heartbeat, failed, maxTold)
		if err != nil {
			f.log.Warn("could not tell tenants what they wait for", "err", err)
			return
		}
		f.untold = found
	}
	for len(f.untold) > 0 {
		w := f.untold[0]
		r := Report{Epoch: w.Epoch, Session: w.Session, Reason: reason, Waiting: true, At: time.Now().UTC()}
		if err := f.reports.Report(ctx, w.Tenant, r); err != nil {
			f.log.Warn("could not tell workflows what their tenants wait for; trying again", "left", len(f.untold), "err", err)
			return
		}
		f.log.Info("a tenant waits", "tenant", string(w.Tenant), "reason", reason)
		f.untold = f.untold[1:]
	}
}
