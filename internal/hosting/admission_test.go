package hosting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// builtIn is the version that the program of these tests comes with.
const builtIn = "2.3000.9"

// admission is that of one worker process, which hears of changes until the test ends.
func admission(t *testing.T, s *store.Store) *Admission {
	t.Helper()
	offline := func(context.Context) (string, error) { return "", errors.New("the page is not there") }
	log := slog.New(slog.DiscardHandler)
	a := NewAdmission(s, offline, log)
	if err := a.Open(t.Context(), builtIn, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { a.Run(ctx) })
	all.Go(func() { Listen(ctx, s, log, a) })
	t.Cleanup(func() { cancel(); all.Wait() })
	return a
}

// A version that WhatsApp refuses costs few logins, however many sessions wait for it: in
// each process those that the rate limiter lets through before the second refusal is known.
func TestARefusedVersionCostsFewLogins(t *testing.T) {
	const sessions, perSecond, latency = 400, 20, 100 * time.Millisecond
	url := testdb.New(t)
	stores := []*store.Store{testdb.OpenStore(t, url), testdb.OpenStore(t, url)}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var logins atomic.Int64
	for i, s := range stores {
		a, tokens := admission(t, s), NewRateLimiter(perSecond)
		for n := range sessions / len(stores) {
			tenant := flowhq.TenantID(fmt.Sprintf("00000000-0000-4000-8000-%011d%d", n, i))
			all.Go(func() {
				version, err := a.Admit(ctx, time.Hour, func(string) {})
				if err == nil {
					err = tokens.Wait(ctx, time.Hour, func(int) {})
				}
				if err != nil || !a.Admits(version) {
					return
				}
				logins.Add(1)
				<-time.After(latency)
				if _, err := s.VersionRefused(ctx, tenant, version); err != nil {
					t.Error(err)
				}
			})
		}
	}
	eventually(t, func() bool {
		state, err := stores[0].Fleet(t.Context())
		return err == nil && state.Paused
	})
	<-time.After(2 * time.Second) // in which the rate limiters would let 80 more through
	cancel()
	all.Wait()
	// Of each process's bucket, and of three seconds more: on a busy machine the pause takes that
	// long to reach all. Without the pause all sessions would log in.
	if n, most := logins.Load(), int64(len(stores)*perSecond*(burstSeconds+3)); n < 2 || n > most {
		t.Errorf("%d of %d sessions have logged in with a version that is refused; want 2 to %d", n,
			sessions, most)
	}
}

// eventually waits until what is wanted holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it took too long")
		}
	}
}

// Without a pause, who passes does so at once, as the version the program came with.
func TestWithoutAPauseAllAreAdmitted(t *testing.T) {
	a := admission(t, testdb.OpenStore(t, testdb.New(t)))
	version, err := a.Admit(t.Context(), time.Hour, func(string) { t.Error("it waited") })
	if want := builtIn; err != nil || version != want || !a.Admits(version) {
		t.Errorf("Admit = %s, %v; want %s, which is admitted", version, err, want)
	}
}

// A worker that starts again leaves what an operator has set since it started first.
func TestRestartKeepsWhatAnOperatorSet(t *testing.T) {
	s := testdb.OpenStore(t, testdb.New(t))
	const configured = "2.3000.1"
	start := func() flowhq.Fleet {
		t.Helper()
		a := NewAdmission(s, nil, slog.New(slog.DiscardHandler))
		if err := a.Open(t.Context(), builtIn, configured); err != nil {
			t.Fatal(err)
		}
		return a.State()
	}
	if got := start(); got.Version != configured || !got.Pinned {
		t.Errorf("the first start: %+v; want the version that is configured", got)
	}
	byOperator, paused, reason := "2.3000.2", true, "moving house"
	if _, err := s.SetFleet(t.Context(),
		flowhq.FleetChange{Version: &byOperator, Paused: &paused, Reason: &reason}, "admin"); err != nil {
		t.Fatal(err)
	}
	if got := start(); got.Version != byOperator || !got.Paused || got.Reason != reason {
		t.Errorf("the second start: %+v; want the operator's version and pause", got)
	}
}
