package hosting

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

var timing = Timing{Renewal: 200 * time.Millisecond}

// patience bounds what should happen soon.
const patience = 10 * time.Second

// process is the leases of one worker process, running until the test ends.
func process(t *testing.T, s *store.Store) *Leases {
	t.Helper()
	return processAt(t, s, timing)
}

func processAt(t *testing.T, s *store.Store, timing Timing) *Leases {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	l := NewLeases(s, timing, log)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { l.Run(ctx) })
	all.Go(func() { Listen(ctx, s, log, l) })
	t.Cleanup(func() { cancel(); all.Wait() })
	return l
}

func claim(t *testing.T, l *Leases, tenant flowhq.TenantID) *Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	h, err := l.Claim(ctx, tenant, 0, "test", func() {})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// errStopped is why a claim ends that is called off.
var errStopped = errors.New("the process takes no more sessions")

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
	first, second := process(t, testdb.OpenStore(t, url)), process(t, testdb.OpenStore(t, url))
	tenant := testdb.NewTenant(t, first.store.(*store.Store))
	older := claim(t, first, tenant)
	line := newCutter()
	older.OnLoss(line.hangUp)

	type result struct {
		lease *Lease
		err   error
	}
	claimed := make(chan result, 1)
	go func() {
		h, err := second.Claim(t.Context(), tenant, 0, "test", func() {})
		claimed <- result{h, err}
	}()
	soon(t, "the older host's connection is cut", line.cut)
	soon(t, "the older host is told", older.Lost())
	if err := older.Err(); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("cause = %v; want code %s", err, flowhq.Fenced)
	}
	select {
	case <-claimed:
		t.Fatal("the lease was taken while the older host held it")
	default:
	}
	older.Release(t.Context())
	select {
	case newer := <-claimed:
		if newer.err != nil || newer.lease.Epoch <= older.Epoch {
			t.Errorf("claim = %+v after epoch %d; want a later one", newer, older.Epoch)
		}
	case <-time.After(patience):
		t.Fatal("the released lease was not taken")
	}
}

// A lease outlives its time many times over, as long as it is renewed.
func TestALeaseIsRenewed(t *testing.T) {
	l := process(t, testdb.OpenStore(t, testdb.New(t)))
	h := claim(t, l, testdb.NewTenant(t, l.store.(*store.Store)))
	deadline := time.Now().Add(3 * timing.Lease())
	for time.Now().Before(deadline) {
		if err := h.Valid(); err != nil {
			t.Fatalf("lost while it was renewed: %v", err)
		}
		select {
		case <-h.Lost():
		case <-time.After(timing.Renewal):
		}
	}
}

// A host that cannot reach the database hangs up before its lease ends, when
// another may take it.
func TestALeaseThatIsNotRenewedIsCutInTime(t *testing.T) {
	url := testdb.New(t)
	cutOff := testdb.OpenStore(t, url)
	l := process(t, cutOff)
	h := claim(t, l, testdb.NewTenant(t, cutOff))
	line := newCutter()
	h.OnLoss(line.hangUp)
	cutOff.Close()
	soon(t, "the connection is cut", line.cut)
	l.mu.Lock()
	left := time.Until(h.expires)
	l.mu.Unlock()
	if left <= 0 {
		t.Errorf("cut %v after the lease ended; want before", -left)
	}
	if err := h.Err(); flowhq.ErrorCode(err) != flowhq.Unavailable {
		t.Errorf("cause = %v; want code %s", err, flowhq.Unavailable)
	}
}

func TestAnErasedTenantIsGone(t *testing.T) {
	l := process(t, testdb.OpenStore(t, testdb.New(t)))
	tenant := testdb.NewTenant(t, l.store.(*store.Store))
	h := claim(t, l, tenant)
	if err := l.store.(*store.Store).Erase(t.Context(), tenant, "test"); err != nil {
		t.Fatal(err)
	}
	soon(t, "the host is told", h.Lost())
	if _, err := l.Claim(t.Context(), tenant, 0, "test",
		func() {}); flowhq.ErrorCode(err) != flowhq.NotFound {
		t.Errorf("claim = %v; want code %s", err, flowhq.NotFound)
	}
}

// The process may stop while a claim waits: that is a hand-over, not a failure.
func TestAClaimEndsWithItsCause(t *testing.T) {
	url := testdb.New(t)
	first, second := process(t, testdb.OpenStore(t, url)), process(t, testdb.OpenStore(t, url))
	tenant := testdb.NewTenant(t, first.store.(*store.Store))
	claim(t, first, tenant)
	ctx, stop := context.WithCancelCause(t.Context())
	_, err := second.Claim(ctx, tenant, 0, "test", func() { stop(errStopped) })
	if !errors.Is(err, errStopped) {
		t.Errorf("claim = %v; want %v", err, errStopped)
	}
}
