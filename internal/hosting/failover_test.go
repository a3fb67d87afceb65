package hosting

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// given is Temporal's knowledge of hosts, as a test says.
type given struct {
	mu       sync.Mutex
	reading  func() // called while Temporal is asked; may be nil
	attempts map[flowhq.TenantID]*Attempt
	last     map[flowhq.TenantID]Status
	failed   []flowhq.TenantID
}

func newGiven() *given {
	return &given{attempts: map[flowhq.TenantID]*Attempt{}, last: map[flowhq.TenantID]Status{}}
}

// to has a worker host a tenant, as far as Temporal knows.
func (g *given) to(tenant flowhq.TenantID, worker string, since time.Time, last Status) {
	g.last[tenant] = last
	g.attempts[tenant] = &Attempt{ActivityID: "1", Worker: worker, Since: since,
		Last: func(valuePtr any) error {
			g.mu.Lock()
			raw, err := json.Marshal(g.last[tenant])
			g.mu.Unlock()
			if err != nil {
				return err
			}
			return json.Unmarshal(raw, valuePtr)
		}}
}

func (g *given) Running(_ context.Context, tenant flowhq.TenantID) ([]*Attempt, error) {
	if g.reading != nil {
		g.reading()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if a := g.attempts[tenant]; a != nil {
		return []*Attempt{a}, nil
	}
	return nil, nil
}

func (g *given) Lose(_ context.Context, tenant flowhq.TenantID, a *Attempt, last Status) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.attempts[tenant] != a {
		return errors.New("it has ended")
	}
	g.failed = append(g.failed, tenant)
	g.last[tenant] = last
	return nil
}

// ended is what a machine knows.
type ended []string

func (e *ended) Ended() ([]string, error) { return slices.Clone(*e), nil }
func (e *ended) Forget(name string) error {
	*e = slices.DeleteFunc(*e, func(n string) bool { return n == name })
	return nil
}

// failing is a fleet of workers "me" and "alive", and of "dead", which is not known to
// be dead yet.
type failing struct {
	*Failover
	store *store.Store
	given *given
	known *ended
	t     *testing.T
}

func newFailing(t *testing.T) *failing {
	t.Helper()
	s := testdb.OpenStore(t, testdb.New(t))
	f := &failing{given: newGiven(), known: &ended{}, t: t}
	f.store = s
	f.Failover = NewFailover(FailoverOptions{
		Store: s, Attempts: f.given, Ended: f.known, Slots: NewSlots(), Timing: timing,
		StableFor: 30 * time.Second, Name: "me", Log: slog.New(slog.DiscardHandler),
	})
	f.beat("me", time.Hour)
	return f
}

func (f *failing) beat(worker string, ttl time.Duration) {
	f.t.Helper()
	if _, err := f.store.BeatWorker(f.t.Context(), flowhq.Worker{Name: worker, Capacity: 9},
		ttl); err != nil {
		f.t.Fatal(err)
	}
}

// hosted is a tenant whose host on that worker has a lease for ttl, and is connected.
func (f *failing) hosted(worker string, ttl time.Duration) flowhq.TenantID {
	f.t.Helper()
	tenant := testdb.NewTenant(f.t, f.store)
	epoch, err := f.store.Claim(f.t.Context(), tenant, worker)
	if err != nil {
		f.t.Fatal(err)
	}
	if taken, _, err := f.store.TakeLease(f.t.Context(), tenant, epoch, ttl); err != nil || !taken {
		f.t.Fatalf("the lease was not taken: %v", err)
	}
	err = f.store.SetSession(f.t.Context(), tenant, epoch,
		flowhq.Transition{State: flowhq.Connected}, store.Codes{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.given.to(tenant, worker, time.Now().Add(-time.Hour),
		Status{State: flowhq.Connected, Counts: flowhq.Counts{Failures: 4}})
	return tenant
}

// settled has the database have answered for long.
func (f *failing) settled() { f.reached = time.Now().Add(-time.Hour) }

// looks has it look until that is what was done, as it may be the duty of another worker
// at first.
func (f *failing) looks(want ...flowhq.TenantID) {
	f.t.Helper()
	slices.Sort(want)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(dutyLasts + patience); ; <-tick.C {
		clear(f.looked)
		f.given.failed = nil
		f.step(f.t.Context())
		slices.Sort(f.given.failed)
		if slices.Equal(want, f.given.failed) {
			return
		}
		if len(f.given.failed) > 0 || time.Now().After(deadline) {
			f.t.Fatalf("the hosts of %v were replaced; want those of %v", f.given.failed, want)
		}
	}
}

func TestOnlyTheHostsOfADeadWorkerAreReplaced(t *testing.T) {
	f := newFailing(t)
	const over = time.Nanosecond
	f.beat("dead", over)
	f.beat("alive", time.Hour)
	lost := f.hosted("dead", over)
	f.hosted("dead", time.Hour) // it still renews: another program has the processor
	f.hosted("alive", over)     // its host sees to that
	f.reached = time.Now()
	f.looks() // the database is just back: nobody has had time to say that it lives
	f.settled()
	f.looks(lost)
	if got := f.given.last[lost]; got.Losses != 1 || got.Failures != 4 || got.Ending != flowhq.EndWorkerLost {
		t.Errorf("the next attempt is told %+v; want one loss", got)
	}
	// A worker that stands still may be given the next attempt, too: that is one loss.
	f.looks(lost)
	if got := f.given.last[lost]; got.Losses != 1 {
		t.Errorf("%d losses are counted of one", got.Losses)
	}
}

// The workers that died in a row are counted, by what the attempt before has said.
func TestLossesAreCounted(t *testing.T) {
	f := newFailing(t)
	f.settled()
	f.beat("dead", time.Nanosecond)
	second, third := f.hosted("dead", time.Nanosecond), f.hosted("dead", time.Nanosecond)
	f.given.to(second, "dead", time.Now(), Status{Counts: flowhq.Counts{Losses: 1}})
	f.given.to(third, "dead", time.Now(), Status{Counts: flowhq.Counts{Losses: 2}})
	f.looks(second, third)
	if a, b := f.given.last[second].Losses, f.given.last[third].Losses; a != 2 || b != 3 {
		t.Errorf("%d and %d losses are counted; want 2 and 3", a, b)
	}
	if got := (Status{Counts: flowhq.Counts{Failures: 3, Losses: 2,
		Outages: 1}}).AfterLoss(true); got.Counts != (flowhq.Counts{}) {
		t.Errorf("a session that was stable counts as %+v; want it to be innocent", got)
	}
}

// Of a worker that has ended for certain nobody waits for the leases.
func TestAWorkerThatHasEndedIsNotWaitedFor(t *testing.T) {
	f := newFailing(t)
	f.beat("dead", time.Hour)
	one, two := f.hosted("dead", time.Hour), f.hosted("dead", time.Hour)
	f.hosted("alive", time.Hour)
	f.beat("alive", time.Hour)
	// Its host had not claimed it yet, or had given the lease back.
	waiting := testdb.NewTenant(t, f.store)
	if err := f.store.RecordState(t.Context(), waiting, flowhq.Starting(flowhq.Counts{}), 0,
		nil); err != nil {
		t.Fatal(err)
	}
	f.given.to(waiting, "dead", time.Now(),
		Status{Counts: flowhq.Counts{Losses: 2}, Ending: flowhq.EndDatabaseLost})
	f.looks()
	*f.known = ended{"dead"}
	f.looks(one, two, waiting)
	if got := f.given.last[waiting]; got.Losses != 2 || got.Ending != flowhq.EndDatabaseLost {
		t.Errorf("a host that only waited is told %+v; want nothing to be counted", got)
	}
	if len(*f.known) != 0 {
		t.Error("the worker that has ended was not forgotten")
	}
}

// What Temporal gave this worker and never arrived is given again.
func TestAHostThatNeverArrivedIsReplaced(t *testing.T) {
	f := newFailing(t)
	f.settled()
	lost, here, late := f.hosted("gone", time.Nanosecond), f.hosted("gone", time.Nanosecond),
		f.hosted("gone", time.Nanosecond)
	long := time.Now().Add(-time.Hour)
	f.given.to(lost, "me", long, Status{})
	f.given.to(here, "me", long, Status{})
	f.given.to(late, "me", time.Now(), Status{})
	defer f.Slots.Enter(here).Exit()
	f.looks()
	f.absentFor(absentFor, lost) // late has just been seen for the first time
	f.looks(lost)
	if got := f.given.last[lost]; got.Losses != 0 {
		t.Errorf("%d losses are counted of what was never hosted", got.Losses)
	}
}

// A host whose loop turns keeps its lease; one whose loop does not loses it and is told
// of, while the others go on.
func TestAStuckHostLosesItsLease(t *testing.T) {
	s := testdb.OpenStore(t, testdb.New(t))
	l := process(t, s)
	stuck, well := claim(t, l, testdb.NewTenant(t, s)), claim(t, l, testdb.NewTenant(t, s))
	told := make(chan Status, 1)
	stuck.OnStuck(func(last Status) { told <- last })
	well.OnStuck(func(Status) { t.Error("a host that turns counts as stuck") })
	stuck.Alive(Status{Counts: flowhq.Counts{Losses: 1}})
	turn := time.NewTicker(timing.Renewal)
	defer turn.Stop()
	for deadline := time.Now().Add(6 * patience); ; {
		select {
		case last := <-told:
			if last.Losses != 1 {
				t.Errorf("it was last %+v", last)
			}
			soon(t, "the lease is lost", stuck.Lost())
			if err := well.Valid(); err != nil {
				t.Errorf("the other lease: %v", err)
			}
			return
		case <-turn.C:
			well.Alive(Status{})
			if time.Now().After(deadline) {
				t.Fatal("nobody noticed that it is stuck")
			}
		}
	}
}

// absentFor has a tenant's attempt have been seen to be lost for so long.
func (f *failing) absentFor(long time.Duration, tenant flowhq.TenantID) {
	f.t.Helper()
	a, seen := f.absent[tenant]
	if !seen {
		f.t.Fatalf("%s does not seem to be lost; only %v do", tenant, f.absent)
	}
	a.from = a.from.Add(-long)
	f.absent[tenant] = a
}

// sweep has it look at all, on duty.
func (f *failing) sweep() {
	f.t.Helper()
	clear(f.looked)
	f.given.failed = nil
	f.replace(f.t.Context(), true)
}

// A worker that joins the fleet while others look at who is dead is not dead, nor is one
// that is heard of again meanwhile.
func TestAWorkerThatJoinsMeanwhileIsNotDead(t *testing.T) {
	f := newFailing(t)
	f.settled()
	f.beat("slow", time.Nanosecond)
	one, two := f.hosted("new", time.Nanosecond), f.hosted("slow", time.Nanosecond)
	var once sync.Once
	f.given.reading = func() {
		once.Do(func() {
			f.beat("new", time.Hour)
			f.beat("slow", time.Hour)
		})
	}
	f.sweep()
	if len(f.given.failed) > 0 {
		t.Errorf("the hosts of %v were replaced; want none: %s and %s are with workers that live",
			f.given.failed, one, two)
	}
}

// A host that was told to end and has hung up, but whose worker cannot say so, holds up
// nobody for longer than that takes to see.
func TestAHostThatCannotSayThatItHasEndedIsEnded(t *testing.T) {
	f := newFailing(t)
	f.settled()
	f.beat("alive", time.Hour)
	told, serves, claims := f.hosted("alive", time.Nanosecond), f.hosted("alive", time.Hour),
		f.hosted("alive", time.Nanosecond)
	f.given.attempts[told].Cancelled, f.given.attempts[serves].Cancelled = true, true
	f.sweep()
	if len(f.given.failed) > 0 {
		t.Fatalf("ended at once: %v", f.given.failed)
	}
	f.absentFor(absentFor, told)
	f.sweep()
	if !slices.Equal(f.given.failed, []flowhq.TenantID{told}) {
		t.Errorf("ended %v; want %s, not %s, which has a lease, nor %s, which nobody told",
			f.given.failed, told, serves, claims)
	}
}

// Who waits for a person, or for its turn, keeps nobody else from being looked at.
func TestNobodyIsOutOfReach(t *testing.T) {
	f := newFailing(t)
	f.settled()
	f.beat("dead", time.Nanosecond)
	for range failoverBatch / 20 { // fewer, or it would take long to make them
		tenant := testdb.NewTenant(t, f.store)
		loggedOut := flowhq.Transition{State: flowhq.LoggedOut, Ending: flowhq.EndLoggedOut}
		if err := f.store.RecordState(t.Context(), tenant, loggedOut, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	lost := f.hosted("dead", time.Nanosecond)
	asked := 0
	var mu sync.Mutex
	f.given.reading = func() {
		mu.Lock()
		defer mu.Unlock()
		asked++
	}
	f.sweep()
	if !slices.Equal(f.given.failed, []flowhq.TenantID{lost}) || asked != 1 {
		t.Errorf("ended %v after asking for %d tenants; want %s and 1", f.given.failed, asked, lost)
	}
	// A batch goes on where the last one ended.
	f.after = lost
	if all, err := f.batch(t.Context()); err != nil || len(all) != 0 || f.after != "" {
		t.Errorf("after the last tenant: %v, %v; want to begin anew", all, err)
	}
}

// Which worker is dead, and whose turn it is, is by the database's clock.
func TestDutyIsByTheDatabasesClock(t *testing.T) {
	f := newFailing(t)
	workers := []store.WorkerAge{{Name: "me"}, {Name: "other"}, {Name: "stale", Stale: true}}
	var turns []bool
	for n := range 4 {
		turns = append(turns, f.onDuty(workers, time.Unix(0, 0).Add(time.Duration(n)*dutyLasts)))
	}
	if want := []bool{true, false, true, false}; !slices.Equal(turns, want) {
		t.Errorf("turns %v; want %v", turns, want)
	}
}

// unreadable is a folder of locks of which some cannot be read.
type unreadable struct{ ended }

func (u *unreadable) Ended() ([]string, error) { return u.ended, errors.New("permission denied") }
func (u *unreadable) Forget(string) error      { return errors.New("read-only") }

// A folder of locks that is partly out of order keeps no worker from starting, nor from
// ending what it does know of.
func TestAFolderThatIsOutOfOrder(t *testing.T) {
	f := newFailing(t)
	f.Ended = &unreadable{ended{"dead"}}
	tenant := f.hosted("dead", time.Hour)
	if err := f.EndPredecessors(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.sweep()
	if !slices.Equal(f.given.failed, []flowhq.TenantID{tenant}) {
		t.Errorf("ended %v; want %s", f.given.failed, tenant)
	}
}
