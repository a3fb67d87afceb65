package activities

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
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// gate is that of one worker process, which hears of changes until the test ends.
func gate(t *testing.T, s *store.Store) *Gate {
	t.Helper()
	offline := func(context.Context) (string, error) { return "", errors.New("the page is not there") }
	g := NewGate(s, offline, slog.New(slog.DiscardHandler))
	if err := g.Open(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { g.Run(ctx) })
	all.Go(func() { _ = s.Listen(ctx, g.heard) })
	t.Cleanup(func() { cancel(); all.Wait() })
	return g
}

// Of all that wait for the end of a pause, in two processes, one tries the new version.
// When it is accepted, the others take it.
func TestOneOfManyTries(t *testing.T) {
	const hosts = 40
	url := testdb.New(t)
	s := openStore(t, url)
	const newer = "2.3001.1"
	gates := []*Gate{gate(t, s), gate(t, openStore(t, url))}
	if _, err := s.Outdated(t.Context(), whatsapp.BuiltInVersion()); err != nil {
		t.Fatal(err)
	}
	for _, g := range gates {
		for paused := false; !paused; {
			state, changed := g.now()
			if paused = state.Paused; !paused {
				soon(t, "the pause", changed)
			}
		}
	}
	var tenants []flowhq.TenantID
	for range 2 {
		tenants = append(tenants, newTenant(t, s))
	}
	for i, tenant := range tenants {
		epoch, err := s.Claim(t.Context(), tenant, "test")
		if err == nil {
			_, err = s.Link(t.Context(), tenant, epoch, store.Device{JID: "1:1@s.whatsapp.net", Number: "+25570000000" + string(rune('1'+i))})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	passed := make(chan pass, hosts)
	var all sync.WaitGroup
	for i := range hosts {
		all.Go(func() {
			p, err := gates[i%2].pass(t.Context(), tenants[i%2], 10*time.Millisecond, func(string) {})
			if err != nil {
				t.Error(err)
			}
			passed <- p
		})
	}
	if _, err := s.OfferVersion(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	first := <-passed
	if want := (pass{newer, true}); first != want {
		t.Fatalf("the first to pass: %+v; want %+v", first, want)
	}
	select {
	case p := <-passed:
		t.Fatalf("%+v has passed beside the one that tries", p)
	case <-time.After(500 * time.Millisecond): // nothing should happen
	}
	if _, err := s.AcceptVersion(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	for range hosts - 1 {
		if p, want := <-passed, (pass{version: newer}); p != want {
			t.Errorf("passed: %+v; want %+v", p, want)
		}
	}
}

// Without a pause, who passes does so at once, as the version the program came with.
func TestTheOpenGate(t *testing.T) {
	g := gate(t, openStore(t, testdb.New(t)))
	p, err := g.pass(t.Context(), "", time.Hour, func(string) { t.Error("it waited") })
	if want := (pass{version: whatsapp.BuiltInVersion()}); err != nil || p != want || !g.holds(p) {
		t.Errorf("pass = %+v, %v; want %+v, which holds", p, err, want)
	}
}

// A worker that starts again leaves what an operator has set since it started first.
func TestRestartKeepsWhatAnOperatorSet(t *testing.T) {
	s := openStore(t, testdb.New(t))
	const configured = "2.3000.1"
	start := func() store.FleetState {
		t.Helper()
		g := NewGate(s, nil, slog.New(slog.DiscardHandler))
		if err := g.Open(t.Context(), configured); err != nil {
			t.Fatal(err)
		}
		state, _ := g.now()
		return state
	}
	if got := start(); got.Version != configured || !got.Pinned {
		t.Errorf("the first start: %+v; want the version that is configured", got.Fleet)
	}
	byOperator, paused, reason := "2.3000.2", true, "moving house"
	if _, err := s.SetFleet(t.Context(), flowhq.FleetChange{Version: &byOperator, Paused: &paused, Reason: &reason}, "admin"); err != nil {
		t.Fatal(err)
	}
	if got := start(); got.Version != byOperator || !got.ByHand || got.Reason != reason {
		t.Errorf("the second start: %+v; want the operator's version and pause", got.Fleet)
	}
}
