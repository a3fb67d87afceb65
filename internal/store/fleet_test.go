package store_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fleet checks what holds for all sessions.
func (b *bench) fleet(t *testing.T, want flowhq.Fleet) {
	t.Helper()
	got := must(b.Fleet(t.Context()))(t)
	if diff := cmp.Diff(want, got.Fleet, cmpopts.IgnoreFields(flowhq.Fleet{}, "Since")); diff != "" {
		t.Errorf("fleet (-want +got):\n%s", diff)
	}
}

const old, mid, young = "2.3000.9", "2.3000.10", "2.3001.1" // as numbers, not as text

func TestVersionsInTurn(t *testing.T) {
	t.Parallel()
	b := open(t)
	ctx := t.Context()
	tenant, epoch := b.hosted(t)
	news := func(want bool) func(bool, error) {
		return func(got bool, err error) {
			t.Helper()
			if err != nil || got != want {
				t.Errorf("news = %v, %v; want %v", got, err, want)
			}
		}
	}
	try := func(want string) {
		t.Helper()
		if got := must(b.TryVersion(ctx, tenant, ttl))(t); got != want {
			t.Errorf("TryVersion = %q; want %q", got, want)
		}
	}
	news(true)(b.AdoptVersion(ctx, old))
	news(false)(b.AdoptVersion(ctx, old))
	news(false)(b.OfferVersion(ctx, "2.3000.8"))
	try("")
	news(true)(b.OfferVersion(ctx, mid))
	news(false)(b.OfferVersion(ctx, mid))
	try("") // no device is linked
	ok(t, last(b.Link(ctx, tenant, epoch, store.Device{JID: "41:1@s.whatsapp.net", Number: "+41"})))
	try(mid)
	try("") // it is being tried
	ok(t, b.EndTrial(ctx, mid))
	try(mid)
	news(true)(b.RefuseVersion(ctx, mid))
	news(false)(b.RefuseVersion(ctx, mid))
	b.fleet(t, flowhq.Fleet{Version: old})
	news(false)(b.OfferVersion(ctx, mid)) // once is enough

	news(false)(b.Outdated(ctx, "2.3000.8")) // a session that had not heard of old
	news(true)(b.Outdated(ctx, old))
	news(false)(b.Outdated(ctx, old))
	reason := "WhatsApp no longer accepts version 2.3000.9 of the client"
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Version: old})
	news(true)(b.AdoptVersion(ctx, young)) // a newer program: one session tries it
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Version: old, Candidate: young})
	news(true)(b.AcceptVersion(ctx, young))
	news(false)(b.AcceptVersion(ctx, young))
	b.fleet(t, flowhq.Fleet{Version: young})

	var types []string
	for _, e := range must(b.FleetEvents(ctx, 100))(t) {
		types = append(types, e.Type)
	}
	want := []string{store.VersionAccepted, store.VersionSet, store.ClientOutdated, store.VersionRefused, store.VersionFound, store.VersionSet}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("events, newest first (-want +got):\n%s", diff)
	}
}

// However many sessions find it out together, there is one alert.
func TestOneAlert(t *testing.T) {
	t.Parallel()
	b := open(t)
	must(b.AdoptVersion(t.Context(), old))(t)
	var alerts atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			news, err := b.Outdated(t.Context(), old)
			if err != nil {
				t.Error(err)
			}
			if news {
				alerts.Add(1)
			}
		})
	}
	all.Wait()
	events := must(b.FleetEvents(t.Context(), 100))(t)
	if alerts.Load() != 1 || len(events) != 2 {
		t.Errorf("%d alerts and the events %v; want 1", alerts.Load(), events)
	}
}

func TestSetFleet(t *testing.T) {
	t.Parallel()
	b := open(t)
	set := func(c flowhq.FleetChange, want flowhq.Fleet) {
		t.Helper()
		must(b.SetFleet(t.Context(), c, "admin"))(t)
		b.fleet(t, want)
	}
	yes, no, reason, none, byHand := true, false, "the network is down", "", mid
	set(flowhq.FleetChange{Paused: &yes, Reason: &reason}, flowhq.Fleet{Paused: true, Reason: reason})
	tenant, epoch := b.hosted(t)
	ok(t, last(b.Link(t.Context(), tenant, epoch, store.Device{JID: "41:1@s.whatsapp.net", Number: "+41"})))
	must(b.AdoptVersion(t.Context(), old))(t)
	if got := must(b.TryVersion(t.Context(), tenant, ttl))(t); got != "" {
		t.Errorf("TryVersion while an operator has paused the fleet = %q; want none", got)
	}
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Candidate: old})
	set(flowhq.FleetChange{Paused: &no}, flowhq.Fleet{Candidate: old})
	set(flowhq.FleetChange{Paused: &yes}, flowhq.Fleet{Paused: true, Reason: "paused by an operator", Candidate: old})
	set(flowhq.FleetChange{Version: &byHand}, flowhq.Fleet{Version: mid, Pinned: true})
	if must(b.OfferVersion(t.Context(), young))(t) || must(b.AdoptVersion(t.Context(), young))(t) {
		t.Error("a version that was set by hand was to be replaced")
	}
	if must(b.LookUpVersion(t.Context(), time.Hour, time.Hour))(t) {
		t.Error("the newest version is looked up while one is set by hand")
	}
	set(flowhq.FleetChange{Version: &none}, flowhq.Fleet{Version: mid})
	for _, want := range []bool{true, false} { // one process of all, once
		if got := must(b.LookUpVersion(t.Context(), time.Hour, time.Hour))(t); got != want {
			t.Errorf("LookUpVersion = %v; want %v", got, want)
		}
	}
	must(b.Outdated(t.Context(), mid))(t)
	pausedSince := must(b.Fleet(t.Context()))(t).Since
	set(flowhq.FleetChange{Paused: &yes, Reason: &reason}, flowhq.Fleet{Paused: true, Reason: reason, Version: mid})
	if got := must(b.Fleet(t.Context()))(t); !got.ByHand || !got.Since.Equal(pausedSince) {
		t.Errorf("WhatsApp's pause, which an operator has made theirs: %+v; want the same since", got)
	}
	if !must(b.LookUpVersion(t.Context(), time.Hour, time.Hour))(t) {
		t.Error("the newest version is not looked up when WhatsApp refuses the one in use")
	}
}

// types are those of the fleet's events, the oldest first.
func (b *bench) types(t *testing.T) (types []string) {
	t.Helper()
	for _, e := range slices.Backward(must(b.FleetEvents(t.Context(), 100))(t)) {
		types = append(types, e.Type)
	}
	return types
}

// What one request asks for is one change: nobody finds the gate open in between.
func TestSetFleetAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	yes, no, first, second, version, look := true, false, "moving house", "still moving", mid, ""
	for _, tt := range []struct {
		name   string
		change flowhq.FleetChange
		want   flowhq.Fleet
		events []string
	}{
		{"pause", flowhq.FleetChange{Paused: &yes, Reason: &first}, flowhq.Fleet{Paused: true, Reason: first}, []string{store.FleetPaused}},
		{"again", flowhq.FleetChange{Paused: &yes}, flowhq.Fleet{Paused: true, Reason: first}, nil},
		{"another reason", flowhq.FleetChange{Paused: &yes, Reason: &second}, flowhq.Fleet{Paused: true, Reason: second}, []string{store.FleetPaused}},
		{"a version, and stay paused", flowhq.FleetChange{Paused: &yes, Version: &version},
			flowhq.Fleet{Paused: true, Reason: second, Version: mid, Pinned: true}, []string{store.VersionSet}},
		{"the newest, and another reason", flowhq.FleetChange{Paused: &yes, Reason: &first, Version: &look},
			flowhq.Fleet{Paused: true, Reason: first, Version: mid}, []string{store.VersionSet, store.FleetPaused}},
		{"a version, and go on", flowhq.FleetChange{Paused: &no, Version: &version},
			flowhq.Fleet{Version: mid, Pinned: true}, []string{store.VersionSet, store.FleetResumed}},
		{"nothing new", flowhq.FleetChange{Paused: &no, Version: &version}, flowhq.Fleet{Version: mid, Pinned: true}, nil},
	} {
		before := len(b.types(t))
		must(b.SetFleet(t.Context(), tt.change, "admin"))(t)
		b.fleet(t, tt.want)
		if diff := cmp.Diff(tt.events, b.types(t)[before:], cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: events (-want +got):\n%s", tt.name, diff)
		}
	}
}

// What two ask for together happens once: the second finds what the first has made.
func TestSetFleetTogether(t *testing.T) {
	t.Parallel()
	b := open(t)
	yes, reason, version := true, "moving house", mid
	// So few that even on a busy machine the last gets the row before the lock timeout.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := b.SetFleet(ctx, flowhq.FleetChange{Paused: &yes, Reason: &reason, Version: &version}, "admin"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Version: mid, Pinned: true})
	if diff := cmp.Diff([]string{store.VersionSet, store.FleetPaused}, b.types(t)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A setting is applied when it changes, not whenever a process starts with it.
func TestConfigureVersion(t *testing.T) {
	t.Parallel()
	b := open(t)
	configure := func(version string, news bool, want flowhq.Fleet) {
		t.Helper()
		if got := must(b.ConfigureVersion(t.Context(), version))(t); got != news {
			t.Errorf("ConfigureVersion(%q) = %v; want %v", version, got, news)
		}
		b.fleet(t, want)
	}
	configure("", false, flowhq.Fleet{})
	configure(old, true, flowhq.Fleet{Version: old, Pinned: true})
	byOperator, yes, reason := mid, true, "moving house"
	must(b.SetFleet(t.Context(), flowhq.FleetChange{Version: &byOperator, Paused: &yes, Reason: &reason}, "admin"))(t)
	configure(old, false, flowhq.Fleet{Version: mid, Pinned: true, Paused: true, Reason: reason})
	configure(young, true, flowhq.Fleet{Version: young, Pinned: true, Paused: true, Reason: reason})
	configure("", false, flowhq.Fleet{Version: young, Pinned: true, Paused: true, Reason: reason})
	no := false
	must(b.SetFleet(t.Context(), flowhq.FleetChange{Paused: &no}, "admin"))(t)
	must(b.Outdated(t.Context(), young))(t)
	configure(young, true, flowhq.Fleet{Version: young, Pinned: true}) // set anew
}
