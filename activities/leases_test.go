package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

var timing = Timing{Heartbeat: 200 * time.Millisecond}

// patience bounds what should happen soon.
const patience = 10 * time.Second

func openStore(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// process is the leases of one worker process, running until the test ends.
func process(t *testing.T, s *store.Store) *Leases {
	t.Helper()
	return processAt(t, s, timing)
}

func processAt(t *testing.T, s *store.Store, timing Timing) *Leases {
	t.Helper()
	l := NewLeases(s, NewHosts(), NewGate(s, nil, slog.New(slog.DiscardHandler)), timing, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return l
}

// tenants counts those of the tests, of which each has a number of its own.
var tenants atomic.Int64

func newTenant(t *testing.T, s *store.Store) flowhq.TenantID {
	t.Helper()
	tenant, err := s.CreateTenant(t.Context(), flowhq.NewTenant{
		Name: "a", PhoneNumber: fmt.Sprintf("+2557%08d", tenants.Add(1)), Template: flowhq.Booking, BusinessName: "b", Language: flowhq.English,
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return tenant.ID
}

func claim(t *testing.T, l *Leases, tenant flowhq.TenantID) *lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	h, err := l.claim(ctx, tenant, 0, "test", func() {})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// soon waits for a signal.
func soon(t *testing.T, what string, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
	}
}

// cutter counts the calls of onLoss.
type cutter struct {
	once sync.Once
	cut  chan struct{}
}

func newCutter() *cutter  { return &cutter{cut: make(chan struct{})} }
func (c *cutter) hangUp() { c.once.Do(func() { close(c.cut) }) }

func TestAClaimFencesTheOlderHostAndWaitsForIt(t *testing.T) {
	url := testdb.New(t)
	first, second := process(t, openStore(t, url)), process(t, openStore(t, url))
	tenant := newTenant(t, first.store)
	older := claim(t, first, tenant)
	line := newCutter()
	first.onLoss(older, line.hangUp)

	type result struct {
		lease *lease
		err   error
	}
	claimed := make(chan result, 1)
	go func() {
		h, err := second.claim(t.Context(), tenant, 0, "test", func() {})
		claimed <- result{h, err}
	}()
	soon(t, "the older host's connection is cut", line.cut)
	soon(t, "the older host is told", older.lost)
	if err := first.cause(older); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("cause = %v; want code %s", err, flowhq.Fenced)
	}
	select {
	case <-claimed:
		t.Fatal("the lease was taken while the older host held it")
	default:
	}
	first.release(t.Context(), older)
	select {
	case newer := <-claimed:
		if newer.err != nil || newer.lease.epoch <= older.epoch {
			t.Errorf("claim = %+v after epoch %d; want a later one", newer, older.epoch)
		}
	case <-time.After(patience):
		t.Fatal("the released lease was not taken")
	}
}

// A lease outlives its time many times over, as long as it is renewed.
func TestALeaseIsRenewed(t *testing.T) {
	l := process(t, openStore(t, testdb.New(t)))
	h := claim(t, l, newTenant(t, l.store))
	deadline := time.Now().Add(3 * timing.Lease())
	for time.Now().Before(deadline) {
		if err := l.valid(h); err != nil {
			t.Fatalf("lost while it was renewed: %v", err)
		}
		select {
		case <-h.lost:
		case <-time.After(timing.Heartbeat):
		}
	}
}

// A host that cannot reach the database hangs up before its lease ends, when
// another may take it.
func TestALeaseThatIsNotRenewedIsCutInTime(t *testing.T) {
	url := testdb.New(t)
	cutOff := openStore(t, url)
	l := process(t, cutOff)
	h := claim(t, l, newTenant(t, cutOff))
	line := newCutter()
	l.onLoss(h, line.hangUp)
	cutOff.Close()
	soon(t, "the connection is cut", line.cut)
	l.mu.Lock()
	left := time.Until(h.expires)
	l.mu.Unlock()
	if left <= 0 {
		t.Errorf("cut %v after the lease ended; want before", -left)
	}
	if err := l.cause(h); flowhq.ErrorCode(err) != flowhq.Unavailable {
		t.Errorf("cause = %v; want code %s", err, flowhq.Unavailable)
	}
}

func TestAnErasedTenantIsGone(t *testing.T) {
	l := process(t, openStore(t, testdb.New(t)))
	tenant := newTenant(t, l.store)
	h := claim(t, l, tenant)
	if err := l.store.Erase(t.Context(), tenant, "test"); err != nil {
		t.Fatal(err)
	}
	soon(t, "the host is told", h.lost)
	if _, err := l.claim(t.Context(), tenant, 0, "test", func() {}); flowhq.ErrorCode(err) != flowhq.NotFound {
		t.Errorf("claim = %v; want code %s", err, flowhq.NotFound)
	}
}

// The process may stop while a claim waits: that is a hand-over, not a failure.
func TestAClaimEndsWithItsCause(t *testing.T) {
	url := testdb.New(t)
	first, second := process(t, openStore(t, url)), process(t, openStore(t, url))
	tenant := newTenant(t, first.store)
	claim(t, first, tenant)
	ctx, stop := context.WithCancelCause(t.Context())
	_, err := second.claim(ctx, tenant, 0, "test", func() { stop(errDraining) })
	if !errors.Is(err, errDraining) {
		t.Errorf("claim = %v; want %v", err, errDraining)
	}
}

func TestOnlyTheNewestReportIsRepeated(t *testing.T) {
	var (
		mu        sync.Mutex
		delivered []int64
		first     = make(chan struct{})
		last      = make(chan struct{})
	)
	q := newReports(func(_ context.Context, r Report) error {
		mu.Lock()
		defer mu.Unlock()
		delivered = append(delivered, r.Epoch)
		switch len(delivered) {
		case 1:
			close(first)
			return errors.New("Temporal is away")
		case 2:
			close(last)
		}
		return nil
	})
	q.send(t.Context(), Report{Epoch: 1})
	soon(t, "the first try", first)
	q.send(t.Context(), Report{Epoch: 2})
	q.send(t.Context(), Report{Epoch: 3})
	soon(t, "the second try", last)
	q.flush()
	if diff := cmp.Diff([]int64{1, 3}, delivered); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}
