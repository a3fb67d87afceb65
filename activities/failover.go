package activities

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds on how a Failover works.
const (
	// failoverFor is for how long after a worker has died its hosts are looked for:
	// leases that it took just before run out a little later.
	failoverFor = time.Minute
	// failoverAgain is when a tenant is looked at again whose host was found to live, as
	// it waits for its turn; replacedAgain, one whose host was replaced: where a worker
	// stands still, Temporal may give it the next one, too.
	failoverAgain = 10 * time.Second
	replacedAgain = time.Second
	// dutyLasts is how long one process does this for all before it is another one's
	// duty: one that cannot reach Temporal holds it up for no longer.
	dutyLasts = 5 * time.Second
	// failoverBatch and failoverAtOnce bound what one look asks of Temporal.
	failoverBatch  = 500
	failoverAtOnce = 8
)

// A WorkerLoss is the details of an error of type EndWorkerLost.
type WorkerLoss struct {
	// Losses is how many workers have died in a row while they hosted the session.
	Losses int `json:"losses"`
}

// An Attempt is one attempt of a tenant's Host that runs, as far as Temporal knows.
type Attempt struct {
	RunID, ActivityID string
	Worker            string    // the process that it was given to
	Since             time.Time // when
	// Last decodes the details of its last heartbeat, if there was one.
	Last func(valuePtr any) error
}

// Attempts is what Temporal knows of hosts. workflows.Attempts is one.
type Attempts interface {
	// Running returns the attempts of the tenant's Hosts that run.
	Running(ctx context.Context, tenant flowhq.TenantID) ([]*Attempt, error)
	// Fail ends an attempt in the place of its worker, with the details of a last heartbeat.
	Fail(ctx context.Context, tenant flowhq.TenantID, a *Attempt, failure error, last any) error
}

// EndedWorkers tells which workers of this machine have ended for certain, and what it
// cannot tell of. workerlock.Lock is one.
type EndedWorkers interface {
	Ended() (names []string, err error)
	Forget(name string) error
}

// A Failover finds hosts whose worker has died and tells Temporal, which starts the next
// ones at once. Temporal itself would find out much later, by the heartbeat: what says
// that a host is alive is its lease.
//
// A worker is dead if its place in the fleet and its leases have run out, or if it is
// known to have ended, in which case nobody waits for them. One process does it for all
// at a time.
type Failover struct {
	store    *store.Store
	attempts Attempts
	ended    EndedWorkers // nil: nothing is known
	hosts    *Hosts
	timing   Timing
	name     string
	log      *slog.Logger

	// The rest belongs to the loop of Run.
	reached time.Time                     // since when the database has answered, as far as is known
	dead    map[string]time.Time          // workers, and when they were first found dead
	proven  map[string]bool               // those among them that ended on this machine
	looked  map[flowhq.TenantID]time.Time // until when they are not looked at again
	swept   time.Time                     // when all were looked at last, whoever has died
	// complaint is what was logged last of the folder of locks.
	complaint string
}

// NewFailover returns the Failover of the process of that name. ended may be nil. Run
// makes it work.
func NewFailover(s *store.Store, attempts Attempts, ended EndedWorkers, hosts *Hosts, timing Timing, name string, log *slog.Logger) *Failover {
	return &Failover{
		store: s, attempts: attempts, ended: ended, hosts: hosts, timing: timing, name: name, log: log,
		dead: make(map[string]time.Time), proven: make(map[string]bool), looked: make(map[flowhq.TenantID]time.Time),
	}
}

// EndPredecessors ends what is left in the database of the workers that are known to have
// ended on this machine, so that no host has to wait for it.
func (f *Failover) EndPredecessors(ctx context.Context) error {
	if f.ended == nil {
		return nil
	}
	names, err := f.ended.Ended()
	f.unread(err)
	for _, name := range names {
		leases, err := f.store.EndLeases(ctx, name)
		if err != nil {
			return err
		}
		f.log.Info("a worker of this machine has ended without a word", "name", name, "leases", leases)
		f.found(name)
		f.proven[name] = true
		f.unread(f.ended.Forget(name))
	}
	return nil
}

// unread logs what is wrong with the folder of locks, once: what it would prove, the leases
// show later.
func (f *Failover) unread(err error) {
	if err == nil || err.Error() == f.complaint {
		return
	}
	f.complaint = err.Error()
	f.log.Warn("the folder of STATE_PATH does not show all workers that have ended; the leases of others run out", "err", err)
}

// found notes that a worker is dead.
func (f *Failover) found(name string) {
	if _, known := f.dead[name]; !known {
		f.dead[name] = time.Now()
		clear(f.looked) // all that were its may have been looked at before
	}
}

// Run works until ctx ends.
func (f *Failover) Run(ctx context.Context) {
	every := min(max(f.timing.Heartbeat/5, 100*time.Millisecond), time.Second)
	for {
		f.step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(every*3/4 + rand.N(every/2)): // apart from the others
		}
	}
}

// step is one look.
func (f *Failover) step(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, max(4*f.timing.Heartbeat, 2*writeTimeout))
	defer cancel()
	if err := f.EndPredecessors(ctx); err != nil {
		f.log.Warn("could not see to what workers of this machine have left; trying again", "err", err)
	}
	workers, err := f.store.Workers(ctx)
	if err != nil {
		f.reached = time.Now()
		return
	}
	if f.reached.IsZero() { // this process is new; the others may not be
		up, err := f.store.Uptime(ctx)
		if err != nil {
			return
		}
		f.reached = time.Now().Add(-up)
	}
	alive := f.alive(workers)
	// After an outage of the database all have run out, and need time to say otherwise.
	settled := time.Since(f.reached) >= f.timing.Lease()
	for _, w := range workers {
		if w.Status == flowhq.WorkerStale && settled && time.Since(w.LastSeenAt) < failoverFor+f.timing.Lease() {
			f.found(w.Name)
		}
	}
	onDuty := settled && f.onDuty(workers)
	sweep := onDuty && time.Since(f.swept) >= f.timing.Beat()
	if sweep {
		f.swept = time.Now()
	}
	recent := false
	for name, at := range f.dead {
		if time.Since(at) < failoverFor {
			recent = recent || onDuty || f.proven[name]
		} else if !slices.ContainsFunc(workers, func(w flowhq.Process) bool { return w.Name == name }) {
			delete(f.dead, name)
			delete(f.proven, name)
		}
	}
	if recent || sweep {
		f.replace(ctx, alive, onDuty)
	}
}

// alive are the workers that may be alive.
func (f *Failover) alive(workers []flowhq.Process) map[string]bool {
	alive := map[string]bool{f.name: true}
	for _, w := range workers {
		alive[w.Name] = w.Status != flowhq.WorkerStale || w.Name == f.name
	}
	return alive
}

// onDuty reports whether it is this process's turn to look for all.
func (f *Failover) onDuty(workers []flowhq.Process) bool {
	var names []string
	for _, w := range workers {
		if w.Status != flowhq.WorkerStale {
			names = append(names, w.Name)
		}
	}
	if len(names) == 0 {
		return true
	}
	slices.Sort(names)
	turn := time.Now().UnixNano() / int64(dutyLasts)
	return names[int(turn%int64(len(names)))] == f.name
}

// replace looks at the tenants without a host, and has those replaced whose worker has
// died. Who is not on duty replaces those of workers that it alone knows to have ended.
func (f *Failover) replace(ctx context.Context, alive map[string]bool, onDuty bool) {
	all, err := f.store.Unhosted(ctx, f.timing.Lease(), StableFor, failoverBatch)
	if err != nil {
		f.log.Warn("could not see which tenants have lost their host; trying again", "err", err)
		return
	}
	for tenant, until := range f.looked {
		if time.Now().After(until) {
			delete(f.looked, tenant)
		}
	}
	all = slices.DeleteFunc(all, func(u store.Unhosted) bool {
		_, lately := f.looked[u.Tenant]
		return lately
	})
	again := make([]time.Duration, len(all))
	slots := make(chan struct{}, failoverAtOnce)
	var wg sync.WaitGroup
	for i, u := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			replaced, err := f.look(ctx, u, alive, onDuty)
			if again[i] = failoverAgain; replaced || err != nil {
				again[i] = replacedAgain
			}
			if err != nil && ctx.Err() == nil {
				f.log.Warn("could not see whether a tenant's host is lost; trying again", "tenant", string(u.Tenant), "err", err)
			}
		})
	}
	wg.Wait()
	for i, u := range all {
		f.looked[u.Tenant] = time.Now().Add(again[i])
	}
}

// look asks Temporal which worker has the tenant's host, and tells it if that one is dead,
// or if this one never got it.
func (f *Failover) look(ctx context.Context, u store.Unhosted, alive map[string]bool, onDuty bool) (replaced bool, err error) {
	running, err := f.attempts.Running(ctx, u.Tenant)
	if err != nil {
		return false, err
	}
	for _, a := range running {
		switch {
		case f.proven[a.Worker]:
		case a.Worker == f.name:
			if f.hosts.has(u.Tenant) || time.Since(a.Since) < failoverAgain {
				continue
			}
		case !onDuty || alive[a.Worker]:
			continue
		}
		if err := f.end(ctx, u, a); err != nil {
			return replaced, err
		}
		replaced = true
	}
	return replaced, nil
}

// end ends an attempt whose worker has died.
func (f *Failover) end(ctx context.Context, u store.Unhosted, a *Attempt) error {
	var last status
	if a.Last(&last) != nil {
		last = status{State: flowhq.Connecting} // of a newer version; the count begins anew
	}
	// It died with the session in hand; and not after it was given the next attempt too.
	if u.Worker == a.Worker && a.Worker != f.name && last.Lost != u.Epoch {
		last = lossOf(last, u.Stable)
		last.Lost = u.Epoch
	}
	last.Stable = false
	f.log.Info("a tenant's worker has died", "tenant", string(u.Tenant), "worker", a.Worker, "losses", last.Losses)
	return f.attempts.Fail(ctx, u.Tenant, a, workerLost(last.Losses), last)
}

// lossOf counts a worker that died while it hosted a session.
func lossOf(last status, stable bool) status {
	if stable {
		last.Failures, last.Losses, last.Cuts = 0, 0, 0
	} else {
		last.Losses++
	}
	last.Ending = flowhq.EndWorkerLost
	return last
}

// workerLost is the error that ends the attempt of a worker that died. Temporal tries
// again at once, without the workflow, unless so many died of the session that it has to
// wait: that is for the workflow.
func workerLost(losses int) error {
	o := temporal.ApplicationErrorOptions{
		NextRetryDelay: time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign,
		Details: []any{WorkerLoss{losses}},
	}
	o.NonRetryable = CrashPause(losses) > 0
	return temporal.NewApplicationErrorWithOptions("the worker was lost", string(flowhq.EndWorkerLost), o)
}
