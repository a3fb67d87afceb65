package activities

import (
	"context"
	"log/slog"
	"maps"
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
	// absentFor is for how long an attempt must have been seen to be nowhere, as it never
	// arrived, or to be told to end though it holds no lease, to count as lost.
	absentFor     = 9 * time.Second
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
	Number            int32     // of those of its activity
	Worker            string    // the process that it was given to
	Since             time.Time // when, by Temporal's clock
	Told              bool      // to end, and has not yet
	// Token is Temporal's own name of it, nil if only its worker knows that.
	Token []byte
	// Last decodes the details of its last heartbeat, if there was one.
	Last func(valuePtr any) error
}

// Attempts is what Temporal knows of hosts. workflows.Attempts is one.
type Attempts interface {
	// Running returns the attempts of the tenant's Hosts that run.
	Running(ctx context.Context, tenant flowhq.TenantID) ([]*Attempt, error)
	// Fail ends an attempt in the place of its worker, with the details of a last heartbeat,
	// if it runs still, and never a later one.
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
	after   flowhq.TenantID               // the last one of the batch that was looked at last
	swept   time.Time                     // when all were looked at last, whoever has died

	mu     sync.Mutex
	absent map[flowhq.TenantID]absence
	// complaint is what was logged last of the folder of locks.
	complaint string
}

// An absence is an attempt that seems to be lost, and when it first did. Temporal's clock,
// which says when it began, is another one.
type absence struct {
	runID, activityID string
	number            int32
	from              time.Time
}

// NewFailover returns the Failover of the process of that name. ended may be nil. Run
// makes it work.
func NewFailover(s *store.Store, attempts Attempts, ended EndedWorkers, hosts *Hosts, timing Timing, name string, log *slog.Logger) *Failover {
	return &Failover{
		store: s, attempts: attempts, ended: ended, hosts: hosts, timing: timing, name: name, log: log,
		dead: make(map[string]time.Time), proven: make(map[string]bool), looked: make(map[flowhq.TenantID]time.Time),
		absent: make(map[flowhq.TenantID]absence),
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
	workers, now, err := f.store.WorkerAges(ctx)
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
	// After an outage of the database all have run out, and need time to say otherwise.
	settled := time.Since(f.reached) >= f.timing.Lease()
	for _, w := range workers {
		if w.Stale && settled && w.Silent < failoverFor+f.timing.Lease() {
			f.found(w.Name)
		}
	}
	onDuty := settled && f.onDuty(workers, now)
	sweep := onDuty && time.Since(f.swept) >= f.timing.Beat()
	if sweep {
		f.swept = time.Now()
	}
	recent := f.anyAbsent() // which whoever has seen it sees through
	for name, at := range f.dead {
		if time.Since(at) < failoverFor {
			recent = recent || onDuty || f.proven[name]
		} else if !slices.ContainsFunc(workers, func(w store.WorkerAge) bool { return w.Name == name }) {
			delete(f.dead, name)
			delete(f.proven, name)
		}
	}
	if recent || sweep {
		f.replace(ctx, onDuty)
	}
}

// onDuty reports whether it is this process's turn to look for all, at a time by the
// database's clock, which is the same for all.
func (f *Failover) onDuty(workers []store.WorkerAge, now time.Time) bool {
	var names []string
	for _, w := range workers {
		if !w.Stale {
			names = append(names, w.Name)
		}
	}
	if len(names) == 0 {
		return true
	}
	slices.Sort(names)
	turn := now.UnixNano() / int64(dutyLasts)
	return names[int(turn%int64(len(names)))] == f.name
}

// replace looks at the tenants without a host, and has those replaced whose worker has
// died. Who is not on duty replaces those of workers that it alone knows to have ended.
func (f *Failover) replace(ctx context.Context, onDuty bool) {
	all, err := f.batch(ctx)
	if err != nil {
		f.log.Warn("could not see which tenants have lost their host; trying again", "err", err)
		return
	}
	again := make([]time.Duration, len(all))
	slots := make(chan struct{}, failoverAtOnce)
	var wg sync.WaitGroup
	for i, u := range all {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			replaced, err := f.look(ctx, u, onDuty)
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

// batch is the next tenants that are to be looked at: those after the last batch, or the
// first ones after the last of all.
func (f *Failover) batch(ctx context.Context) (all []store.Unhosted, err error) {
	for tenant, until := range f.looked {
		if time.Now().After(until) {
			delete(f.looked, tenant)
		}
	}
	for {
		page, err := f.store.Unhosted(ctx, f.timing.Lease(), StableFor, f.after, failoverBatch)
		if err != nil {
			return nil, err
		}
		for _, u := range page {
			f.after = u.Tenant
			if _, lately := f.looked[u.Tenant]; lately {
				continue
			}
			if all = append(all, u); len(all) == failoverBatch {
				return all, nil
			}
		}
		if len(page) < failoverBatch {
			f.after = ""
			return all, nil
		}
	}
}

// look asks Temporal which worker has the tenant's host, and tells it if that one is dead,
// if this one never got it, or if it was told to end, has hung up and cannot say so.
func (f *Failover) look(ctx context.Context, u store.Unhosted, onDuty bool) (replaced bool, err error) {
	running, err := f.attempts.Running(ctx, u.Tenant)
	if err != nil {
		return false, err
	}
	for _, a := range running {
		lost, err := f.lost(ctx, u.Tenant, a, onDuty)
		if err == nil && lost {
			err = f.end(ctx, u, a)
		}
		if err != nil {
			return replaced, err
		}
		replaced = replaced || lost
	}
	return replaced, nil
}

// lost reports whether an attempt of a tenant whose lease nobody holds is to be ended.
func (f *Failover) lost(ctx context.Context, tenant flowhq.TenantID, a *Attempt, onDuty bool) (bool, error) {
	switch {
	case f.proven[a.Worker]:
		return true, nil
	case a.Worker == f.name:
		return !f.hosts.has(tenant) && f.longAbsent(tenant, a), nil
	case !onDuty && !f.isAbsent(tenant):
		return false, nil
	}
	// Only what is read after the attempt is sure to know its worker: who has work joined
	// the fleet before.
	lives, err := f.store.WorkerLives(ctx, a.Worker)
	if err != nil {
		return false, err
	}
	return !lives || a.Told && f.longAbsent(tenant, a), nil
}

// longAbsent notes that an attempt seems to be lost, and reports whether it has for long.
func (f *Failover) longAbsent(tenant flowhq.TenantID, a *Attempt) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	is := absence{a.RunID, a.ActivityID, a.Number, time.Now()}
	was := f.absent[tenant]
	if is.from = was.from; was != is {
		is.from = time.Now()
		f.absent[tenant] = is
	}
	return time.Since(is.from) >= absentFor
}

func (f *Failover) isAbsent(tenant flowhq.TenantID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, is := f.absent[tenant]
	return is
}

// anyAbsent reports whether some attempt seemed to be lost lately.
func (f *Failover) anyAbsent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.absent, func(_ flowhq.TenantID, a absence) bool { return time.Since(a.from) > failoverFor })
	return len(f.absent) > 0
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
