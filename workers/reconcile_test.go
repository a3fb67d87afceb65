package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/workflows"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// every is how often the reconciler of a test looks, and so what it takes for a moment.
const every = 20 * time.Millisecond

// A temporal stands in for Temporal.
type temporal struct {
	mu     sync.Mutex
	pulses map[flowhq.TenantID]workflows.Pulse // "" = not running
	nudged []flowhq.TenantID
	away   error
	paired int
}

func (c *temporal) Nudge(_ context.Context, id flowhq.TenantID, _ string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away == nil {
		c.nudged = append(c.nudged, id)
	}
	return c.away
}

func (c *temporal) Pulse(_ context.Context, id flowhq.TenantID) (workflows.Pulse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pulses[id]; p != "" {
		return p, c.away
	}
	return workflows.NotRunning, c.away
}

func (c *temporal) Pair(context.Context, workflows.Pairing) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paired++
	return c.away
}

// nudges are those that were nudged since the last call, in order.
func (c *temporal) nudges() []flowhq.TenantID {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := slices.Sorted(slices.Values(c.nudged))
	c.nudged = nil
	return n
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), testdb.New(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func reconcilerOf(s *store.Store, c *temporal, name string) *reconciler {
	r := newReconciler(Options{
		Store: s, Name: name, Timing: activities.Timing{Heartbeat: time.Second}, Log: slog.New(slog.DiscardHandler),
	}, c)
	r.every = every
	return r
}

func tenant(t *testing.T, s *store.Store, n int) flowhq.TenantID {
	t.Helper()
	made, err := s.CreateTenant(t.Context(), flowhq.NewTenant{
		Name: fmt.Sprint(n), PhoneNumber: fmt.Sprintf("+2557%08d", n), Template: flowhq.Booking, BusinessName: "b", Language: flowhq.English,
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// TestReconciler has one tenant of each kind: those that a workflow must look at are
// nudged, and those that wait for a reason are left alone.
func TestReconciler(t *testing.T) {
	s, c := openStore(t), &temporal{pulses: map[flowhq.TenantID]workflows.Pulse{}}
	var n int
	made := map[string]flowhq.TenantID{}
	make := func(name string, command flowhq.Command, pulse workflows.Pulse, settled ...store.SessionChange) flowhq.TenantID {
		t.Helper()
		n++
		id := tenant(t, s, n)
		made[name], c.pulses[id] = id, pulse
		if command != "" {
			given, _, err := s.Command(t.Context(), id, store.NewCommand{Command: command, Key: "k", Actor: "test"})
			if err != nil {
				t.Fatal(err)
			}
			if len(settled) > 0 {
				settled[0].Marks = []store.Mark{{ID: given.ID, Outcome: "done"}}
			}
		}
		for _, change := range settled {
			if err := s.Settle(t.Context(), id, change, "test"); err != nil {
				t.Fatal(err)
			}
		}
		return id
	}
	starting := store.SessionChange{Worker: flowhq.WorkerStarting}
	want := []flowhq.TenantID{
		make("commanded", flowhq.Start, workflows.Idle),
		make("commanded while a host runs", flowhq.Stop, workflows.Busy),
		make("lost", flowhq.Start, workflows.NotRunning, starting),
		make("deaf", flowhq.Start, workflows.Idle, starting),
		make("draining for ever", flowhq.Stop, workflows.NotRunning, store.SessionChange{Worker: flowhq.WorkerDraining}),
		make("banned, and lost", flowhq.Start, workflows.NotRunning, store.SessionChange{
			Worker: flowhq.WorkerError, Ending: flowhq.EndTempBanned, RetryAt: time.Now().Add(time.Hour)}),
		make("by a stranger", flowhq.Start, workflows.NotRunning, store.SessionChange{
			Worker: flowhq.WorkerError, Ending: flowhq.EndReplacedByStranger}),
	}
	make("never started", "", workflows.NotRunning)
	make("stopped", flowhq.Stop, workflows.NotRunning, store.SessionChange{Worker: flowhq.WorkerStopped, Ending: flowhq.EndStopped})
	make("in backoff", flowhq.Start, workflows.Busy, starting)
	make("banned", flowhq.Start, workflows.Idle, store.SessionChange{
		Worker: flowhq.WorkerError, Ending: flowhq.EndTempBanned, RetryAt: time.Now().Add(time.Hour)})
	make("logged out", flowhq.Start, workflows.NotRunning, store.SessionChange{Worker: flowhq.WorkerError, Ending: flowhq.EndLoggedOut})
	make("not scanned", flowhq.Start, workflows.NotRunning, store.SessionChange{Worker: flowhq.WorkerStopped, Ending: flowhq.EndQRExpired})
	hosted := make("hosted", flowhq.Start, workflows.NotRunning, starting)
	epoch, err := s.Claim(t.Context(), hosted, "host")
	if err != nil {
		t.Fatal(err)
	}
	if taken, _, err := s.TakeLease(t.Context(), hosted, epoch, time.Hour); err != nil || !taken {
		t.Fatal(taken, err)
	}

	slices.Sort(want)
	r := reconcilerOf(s, c, "a")
	await(t, func() bool {
		found, err := s.Unsettled(t.Context(), every, maxUnsettled)
		return err == nil && len(found) == len(want)+2 // with those that wait for a reason
	})
	round(t, r)
	if diff := cmp.Diff(named(made, want), named(made, c.nudges())); diff != "" {
		t.Errorf("nudged (-want +got):\n%s", diff)
	}
	round(t, r)
	if got := c.nudges(); len(got) > 0 {
		t.Errorf("nudged again at once: %v", named(made, got))
	}
	others := reconcilerOf(s, c, "b")
	round(t, others)
	if got := c.nudges(); len(got) > 0 {
		t.Errorf("two processes reconcile: %v", named(made, got))
	}
	c.away = errors.New("Temporal is away")
	for _, p := range r.known {
		p.until = time.Time{}
	}
	if err := r.round(t.Context()); err == nil {
		t.Error("a round while Temporal is away succeeds")
	}
	c.away = nil
	round(t, r)
	if diff := cmp.Diff(named(made, want), named(made, c.nudges())); diff != "" {
		t.Errorf("nudged after Temporal was away (-want +got):\n%s", diff)
	}
	r.paired = time.Time{}
	if round(t, r); c.paired != 1 {
		t.Errorf("the pairing was checked %d times; want once", c.paired)
	}
}

func round(t *testing.T, r *reconciler) {
	t.Helper()
	if err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, so func() bool) {
	t.Helper()
	const patience, pause = 20 * time.Second, 5 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !so(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v", patience)
		}
	}
}

// named are the names of tenants.
func named(made map[string]flowhq.TenantID, ids []flowhq.TenantID) (names []string) {
	for name, id := range made {
		if slices.Contains(ids, id) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// A tenant that stays unsettled is left alone for longer each time, up to a limit.
func TestPatienceGrows(t *testing.T) {
	p := &patience{length: time.Second}
	for _, want := range []time.Duration{2, 4, 8, 10, 10} {
		if p.grow(10 * time.Second); p.length != want*time.Second {
			t.Errorf("the next pause is %v; want %v", p.length, want*time.Second)
		}
	}
}
