package hosting

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds on how a Failover works.
const (
	// failoverFor is for how long after a worker has died its hosts are looked for: leases
	// that it took just before its death run out a little later.
	failoverFor = time.Minute
	// dutyLasts is how long one process does this for all before it is another one's duty:
	// one that cannot reach Temporal holds it up for no longer.
	dutyLasts = 5 * time.Second
)

// A FailoverStore says which workers and leases have run out, by the database's clock. The
// store is one.
type FailoverStore interface {
	// EndLeases ends all leases of a worker, and its place in the fleet.
	EndLeases(ctx context.Context, worker string) (leases int, err error)
	// WorkerAges lists the workers, and for how long each has been silent.
	WorkerAges(ctx context.Context) (workers []store.WorkerAge, now time.Time, err error)
	// WorkerLives reports whether a worker has a place in the fleet that has not run out.
	WorkerLives(ctx context.Context, worker string) (bool, error)
	// Uptime is for how long the database has been up.
	Uptime(ctx context.Context) (time.Duration, error)
	// Unhosted lists tenants that should be hosted and have no lease, in the order of their
	// ids; each says whether its session had been stable.
	Unhosted(
		ctx context.Context, lease, stable time.Duration, after flowhq.TenantID, limit int,
	) ([]store.Unhosted, error)
}

// A Failover finds hosts whose worker has died and tells Temporal, which starts the next
// ones at once. Temporal itself would find out much later, by the heartbeat: what says that
// a host is alive is its lease.
//
// A worker is dead if its place in the fleet and its leases have run out, or if it is known
// to have ended, in which case nobody waits for them. One process does it for all at a
// time.
type Failover struct {
	FailoverOptions

	// The rest belongs to the goroutine of Run.
	reached time.Time                     // since when the database has answered
	dead    map[string]time.Time          // workers, and when they were first found dead
	proven  map[string]bool               // those among them that ended on this machine
	looked  map[flowhq.TenantID]time.Time // until when they are left alone
	after   flowhq.TenantID               // the last tenant of the batch that was looked at last
	swept   time.Time                     // when all were looked at last, whoever has died
	// complaint is what was logged last of the folder of locks, so that it is logged once.
	complaint string

	mu     sync.Mutex
	absent map[flowhq.TenantID]absence
}

// FailoverOptions is what a [Failover] is made of.
type FailoverOptions struct {
	Store    FailoverStore
	Attempts Attempts
	Ended    EndedWorkers // nil: nothing is known
	Slots    *Slots
	Timing   Timing
	// StableFor is for how long a session must have been online to be innocent of its
	// worker's death.
	StableFor time.Duration
	Name      string // of this process
	Log       *slog.Logger
}

// NewFailover returns a Failover. Run makes it work.
func NewFailover(o FailoverOptions) *Failover {
	return &Failover{
		FailoverOptions: o,
		dead:            make(map[string]time.Time), proven: make(map[string]bool),
		looked: make(map[flowhq.TenantID]time.Time), absent: make(map[flowhq.TenantID]absence),
	}
}

// Run works until ctx ends.
func (f *Failover) Run(ctx context.Context) {
	every := min(max(f.Timing.Renewal/5, 100*time.Millisecond), time.Second)
	for {
		f.step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(every*3/4 + rand.N(every/2)): // apart from the others
		}
	}
}

// EndPredecessors ends what is left in the database of the workers that are known to have
// ended on this machine, so that no host has to wait for it.
func (f *Failover) EndPredecessors(ctx context.Context) error {
	if f.Ended == nil {
		return nil
	}
	names, err := f.Ended.Ended()
	f.complain(err)
	for _, name := range names {
		leases, err := f.Store.EndLeases(ctx, name)
		if err != nil {
			return err
		}
		f.Log.Info("a worker of this machine has ended without a word",
			"name", name, "leases", leases)
		f.found(name)
		f.proven[name] = true
		f.complain(f.Ended.Forget(name))
	}
	return nil
}

// complain logs what is wrong with the folder of locks, once. It is no reason to end: what
// the folder would prove, the leases show later.
func (f *Failover) complain(err error) {
	if err == nil || err.Error() == f.complaint {
		return
	}
	f.complaint = err.Error()
	f.Log.Warn("the folder of STATE_PATH does not show all workers that have ended; the leases of "+
		"others run out", "err", err)
}

// found notes that a worker is dead. Its tenants may have been looked at before that.
func (f *Failover) found(name string) {
	if _, known := f.dead[name]; !known {
		f.dead[name] = time.Now()
		clear(f.looked)
	}
}

// step finds out who has died, and replaces what there is to replace.
func (f *Failover) step(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, max(4*f.Timing.Renewal, 2*writeTimeout))
	defer cancel()
	if err := f.EndPredecessors(ctx); err != nil {
		f.Log.Warn("could not see to what workers of this machine have left; trying again",
			"err", err)
	}
	// By the database's clock: those of two machines may differ by minutes.
	workers, now, err := f.Store.WorkerAges(ctx)
	if err != nil {
		f.reached = time.Now()
		return
	}
	if f.reached.IsZero() { // this process is new; the database may have been up for long
		up, err := f.Store.Uptime(ctx)
		if err != nil {
			return
		}
		f.reached = time.Now().Add(-up)
	}
	// After an outage of the database all places have run out, and their workers need a
	// lease's time to say that they live.
	settled := time.Since(f.reached) >= f.Timing.Lease()
	for _, w := range workers {
		if w.Stale && settled && w.Silent < failoverFor+f.Timing.Lease() {
			f.found(w.Name)
		}
	}
	// All look for who died; one at a time asks Temporal for their hosts.
	onDuty := settled && f.onDuty(workers, now)
	// Every so often all are looked at, for what nobody has noticed.
	sweep := onDuty && time.Since(f.swept) >= f.Timing.Beat()
	if sweep {
		f.swept = time.Now()
	}
	recent := f.anyAbsent() // whoever has seen an absence also ends it
	for name, at := range f.dead {
		if time.Since(at) < failoverFor {
			recent = recent || onDuty || f.proven[name]
			continue
		}
		is := func(w store.WorkerAge) bool { return w.Name == name }
		if !slices.ContainsFunc(workers, is) { // nobody can find it dead again
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
	return names[int(turn%int64(len(names)))] == f.Name
}
