package hosting

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// The tests of this file run on a clock of their own: nothing takes as long as it says. What
// they need of the database is a memory that can be switched off.

var quiet = slog.New(slog.DiscardHandler)

// normal is the timing of a production process.
var normal = Timing{Renewal: 5 * time.Second}

// memory is a database in memory, as far as this package needs one.
type memory struct {
	*testdb.Memory
	room  store.Room // of the other workers
	drain bool       // an operator wants the worker to
	beats []flowhq.Worker
}

func newMemory() *memory { return &memory{Memory: testdb.NewMemory(builtIn)} }

// set changes what the database holds.
func (m *memory) set(change func(*memory)) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	change(m)
}

func (m *memory) BeatWorker(
	_ context.Context, w flowhq.Worker, _ time.Duration,
) (store.Answer, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.beats = append(m.beats, w)
	return store.Answer{Room: m.room, DrainWanted: m.drain}, m.Away
}

func (m *memory) EndWorker(context.Context, string) error { return nil }
func (m *memory) SetWaiting(
	context.Context, flowhq.Wait, string, time.Duration, bool, int,
) ([]store.Waiting, error) {
	return nil, nil
}

// onClock runs a test with what belongs to a process, until the test ends.
func onClock(t *testing.T, test func(t *testing.T, m *memory, run func(func(context.Context)))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		test(t, newMemory(), func(f func(context.Context)) { all.Go(func() { f(ctx) }) })
	})
}

// mine is a lease of a tenant that nobody else wants.
func mine(t *testing.T, l *Leases, tenant flowhq.TenantID) *Lease {
	t.Helper()
	lease, err := l.Claim(t.Context(), tenant, 0, "me", func() {})
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// alive has a host say that it is alive, once in a renewal interval, for that long.
func alive(l *Lease, now func() Status, within time.Duration) {
	for end := time.Now().Add(within); time.Now().Before(end); <-time.After(normal.Renewal) {
		l.Alive(now())
	}
}

// A host is cut off half a renewal interval before its lease ends, whatever its loop does; not
// before, and one renewal that fails costs nothing.
func TestALeaseIsCutHalfAHeartbeatBeforeItEnds(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		l := NewLeases(m, normal, quiet)
		run(l.Run)
		lease := mine(t, l, "a")
		seen := func() Status { return Status{Seen: time.Now()} }
		alive(lease, seen, 4*normal.Renewal)
		m.set(func(m *memory) { m.Away = errors.New("away") })
		alive(lease, seen, normal.Renewal)
		m.set(func(m *memory) { m.Away = nil })
		alive(lease, seen, 4*normal.Renewal)
		if err := lease.Err(); err != nil {
			t.Fatalf("lost to one renewal that failed: %v", err)
		}
		m.set(func(m *memory) {
			if last := m.Seen["a"]; time.Since(last) > 2*normal.Renewal {
				t.Errorf("the last proof of life was written %v ago", time.Since(last))
			}
		})
		synctest.Wait()
		m.set(func(m *memory) { m.Away = errors.New("away") })
		l.mu.Lock()
		ends := lease.expires
		l.mu.Unlock()
		left := make(chan time.Duration, 1)
		lease.OnLoss(func() { left <- time.Until(ends) })
		if cut := <-left; cut < normal.Renewal/2 || cut > normal.Renewal {
			t.Errorf("cut %v before the end of the lease; want half a renewal interval at least", cut)
		}
		if code := flowhq.ErrorCode(lease.Valid()); code != flowhq.Unavailable {
			t.Errorf("code %s; want %s", code, flowhq.Unavailable)
		}
	})
}

// A process that was frozen finds out that its lease has run out before it renews.
func TestALeaseRunsOut(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, _ func(func(context.Context))) {
		lease := mine(t, NewLeases(m, normal, quiet), "a")
		<-time.After(normal.Lease() - time.Millisecond)
		if err := lease.Valid(); err != nil {
			t.Errorf("before its end: %v", err)
		}
		<-time.After(2 * time.Millisecond)
		if code := flowhq.ErrorCode(lease.Valid()); code != flowhq.Unavailable {
			t.Errorf("code %s; want %s", code, flowhq.Unavailable)
		}
	})
}

// A host that has not been alive for several renewals loses its lease, and what it said last
// is passed on. The others keep theirs.
func TestOnlyAStuckHostIsGivenUp(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		l := NewLeases(m, normal, quiet)
		run(l.Run)
		stuck, well := mine(t, l, "stuck"), mine(t, l, "well")
		told := make(chan Status, 1)
		stuck.OnStuck(func(last Status) { told <- last })
		stuck.Alive(Status{Counts: flowhq.Counts{Losses: 1}})
		began := time.Now()
		alive(well, func() Status { return Status{} }, time.Minute)
		select {
		case last := <-told:
			if last.Losses != 1 || flowhq.ErrorCode(stuck.Err()) != flowhq.Internal {
				t.Errorf("it was %+v, and its lease ended with %v", last, stuck.Err())
			}
		default:
			t.Errorf("nobody noticed in %v that it is stuck", time.Since(began))
		}
		if err := well.Err(); err != nil {
			t.Errorf("the other one: %v", err)
		}
	})
}

// A claim takes over as soon as the older host lets go, and beats until then.
func TestAClaimWaitsForTheRelease(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		older, newer := NewLeases(m, normal, quiet), NewLeases(m, normal, quiet)
		first := mine(t, older, "a")
		beats := 0
		run(func(ctx context.Context) {
			<-time.After(12 * time.Second)
			first.Release(ctx)
			newer.Notice(store.Notice{Kind: store.FreeLease, Tenant: "a"})
		})
		began := time.Now()
		second, err := newer.Claim(t.Context(), "a", first.Epoch+7, "me", func() { beats++ })
		if took := time.Since(began); err != nil || took != 12*time.Second {
			t.Errorf("Claim = %v after %v; want the lease after 12s", err, took)
		}
		if second.Epoch <= first.Epoch+7 || beats < 3 {
			t.Errorf("epoch %d after %d beats; want one above the floor, and a beat each 5s",
				second.Epoch, beats)
		}
	})
}

// Hosts wait together for a database that is away: one question for all.
func TestADatabaseIsAwaited(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		w := NewDatabaseWatch(m, normal)
		run(w.Run)
		m.Away = errors.New("away")
		began := time.Now()
		run(func(context.Context) {
			<-time.After(time.Minute)
			m.set(func(m *memory) { m.Away = nil })
		})
		var hosts sync.WaitGroup
		for range 3 {
			hosts.Go(func() {
				if err := w.Await(t.Context(), func() {}); err != nil {
					t.Error(err)
				}
			})
		}
		hosts.Wait()
		if took := time.Since(began); took < time.Minute || took > time.Minute+pingEvery {
			t.Errorf("it was back for the hosts after %v; want a minute", took)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), pingEvery/2, errStopped)
		defer cancel()
		if err := w.Await(ctx, func() {}); !errors.Is(err, errStopped) {
			t.Errorf("Await = %v; want the cause", err)
		}
	})
}

// draining is a process with hosts that serve, each of which leaves a second after it is
// told to and is claimed elsewhere then, if somebody has room.
func draining(t *testing.T, m *memory, run func(func(context.Context)), hosts int) (d *Drain,
	left func() int) {
	t.Helper()
	slots, admission := NewSlots(), NewAdmission(m, nil, quiet)
	if err := admission.Open(t.Context(), builtIn, ""); err != nil {
		t.Fatal(err)
	}
	f := NewFleetMember(FleetMemberOptions{
		Store: m, Slots: slots, Admission: admission, Timing: normal, Name: "me", Capacity: hosts, Log: quiet,
		Pace: NewRateLimiter(20),
	})
	for i := range hosts {
		slot := slots.Enter("")
		lease := &Lease{Tenant: flowhq.TenantID(rune('a' + i)), Epoch: 1}
		slot.Serve(lease)
		run(func(ctx context.Context) {
			select {
			case <-slot.Leave():
			case <-ctx.Done():
			}
			<-time.After(time.Second)
			slot.Exit()
			slots.Notice(store.Notice{Kind: store.NewEpoch, Tenant: lease.Tenant, Epoch: 2})
		})
	}
	return NewDrain(f, admission), slots.Taken
}

// Sessions stay on the air until somebody has room for them, and then move, no more than
// that at a time.
func TestADrainWaitsForRoom(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		d, left := draining(t, m, run, 5)
		done := make(chan struct{})
		run(func(ctx context.Context) { d.Run(ctx); close(done) })
		<-time.After(time.Minute)
		if left() != 5 {
			t.Fatalf("%d sessions are left while nobody has room; want all 5", left())
		}
		m.set(func(m *memory) { m.room = store.Room{Capacity: 9, Sessions: 7, Free: 2} })
		<-time.After(2500 * time.Millisecond)
		if left() != 3 {
			t.Errorf("%d sessions are left when there is room for two; want 3", left())
		}
		<-done
		if left() != 0 || m.beats[len(m.beats)-1].Status != flowhq.WorkerDraining {
			t.Errorf("%d are left of a process that says it is %s", left(), m.beats[len(m.beats)-1].Status)
		}
	})
}

// last is what the worker said of itself last.
func (m *memory) last() flowhq.WorkerStatus {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.beats[len(m.beats)-1].Status
}

// On request a process moves what others have room for, keeps the rest and takes nobody, also when
// its worker is started again. When the wish is taken back it takes sessions again. One that is
// told to end drains whatever was wanted.
func TestADrainOnRequest(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		d, left := draining(t, m, run, 5)
		run(d.fleet.Run)
		opened := make(chan time.Time, 1)
		want := func(drain bool, room int) {
			m.set(func(m *memory) { m.drain, m.room = drain, store.Room{Capacity: 9, Free: room} })
			<-time.After(time.Minute)
		}
		want(true, 0)
		if left() != 5 || m.last() != flowhq.WorkerDraining {
			t.Errorf("%d sessions are left of a %s process while nobody has room; want all 5",
				left(), m.last())
		}
		d.slots.Open() // as after an outage of the database
		run(func(ctx context.Context) {
			if d.slots.AwaitOpen(ctx) == nil {
				opened <- time.Now()
			}
		})
		m.set(func(m *memory) { m.room = store.Room{Capacity: 9, Free: 2} })
		<-time.After(2500 * time.Millisecond)
		if left() != 3 {
			t.Errorf("%d sessions are left when there is room for two; want 3", left())
		}
		begun := time.Now()
		want(false, 0)
		if at := <-opened; at.Before(begun) || left() != 3 || m.last() != flowhq.WorkerRunning {
			t.Errorf("it takes sessions %v after the wish is taken back; %d are left of a %s process",
				at.Sub(begun), left(), m.last())
		}
		late := d.slots.Enter("")
		select {
		case <-late.Closing():
			t.Error("a session that comes then is sent away")
		default:
		}
		late.Exit()
		want(true, 0)
		m.set(func(m *memory) { m.room.Free = 9 })
		d.Run(t.Context())
		want(false, 9)
		select {
		case <-d.slots.Enter("").Closing():
		default:
			t.Error("a session that comes to a process that ends is not sent away")
		}
		if left() != 1 || m.last() != flowhq.WorkerDraining {
			t.Errorf("%d are left of a process that ends and says it is %s; want the late one", left(),
				m.last())
		}
	})
}

// While reconnects are paused nobody has room, and when the time is up all hang up.
func TestADrainEndsInTime(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		m.room = store.Room{Capacity: 9, Free: 9}
		m.Row = flowhq.Fleet{Paused: true, Reason: "moving house"}
		d, left := draining(t, m, run, 5)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		d.Run(ctx)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("it took %v; want a minute", took)
		}
		<-time.After(1500 * time.Millisecond)
		if left() != 0 {
			t.Errorf("%d hosts have not been told", left())
		}
	})
}

// A host waits for the end of a pause, beating, and connects as the version of then.
func TestAdmissionAfterAPause(t *testing.T) {
	onClock(t, func(t *testing.T, m *memory, run func(func(context.Context))) {
		m.Row = flowhq.Fleet{Paused: true, Reason: "moving house", Version: "2.3000.1"}
		a := NewAdmission(m, nil, quiet)
		if err := a.Open(t.Context(), builtIn, ""); err != nil {
			t.Fatal(err)
		}
		run(a.Run)
		run(func(context.Context) {
			<-time.After(time.Minute)
			m.set(func(m *memory) { m.Row = flowhq.Fleet{Version: "2.3000.2"} })
			a.Notice(store.Notice{Kind: store.FleetChanged})
		})
		began, beats := time.Now(), 0
		version, err := a.Admit(t.Context(), normal.Renewal, func(reason string) {
			beats++
			if want := "waiting for reconnects, which are paused: moving house"; reason != want {
				t.Errorf("it waits %q; want %q", reason, want)
			}
		})
		if took := time.Since(began); err != nil || version != "2.3000.2" || took != time.Minute ||
			beats < 12 {
			t.Errorf("Admit = %s, %v after %v and %d beats; want 2.3000.2 after 1m0s", version, err,
				took, beats)
		}
		if a.Admits("2.3000.1") || !a.Admits("2.3000.2") {
			t.Error("the version of before is admitted, or the one of now is not")
		}
	})
}
