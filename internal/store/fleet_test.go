package store_test

import (
	"context"
	"fmt"
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
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(flowhq.Fleet{}, "Since")); diff != "" {
		t.Errorf("fleet (-want +got):\n%s", diff)
	}
}

const old, mid, young = "2.3000.9", "2.3000.10", "2.3001.1" // as numbers, not as text

// refuse has WhatsApp refuse a version to a tenant's session.
func (b *bench) refuse(t *testing.T, tenant flowhq.TenantID, version string, want store.Refusal) {
	t.Helper()
	if got := must(b.VersionRefused(t.Context(), tenant, version))(t); got != want {
		t.Errorf("VersionRefused(%s) = %+v; want %+v", version, got, want)
	}
}

// outdated has WhatsApp refuse a version to two tenants, which pauses reconnects.
func (b *bench) outdated(t *testing.T, version string) {
	t.Helper()
	b.refuse(t, firstTenant, version, store.Refusal{})
	b.refuse(t, secondTenant, version, store.Refusal{Paused: true, First: true})
}

// What is known of tenants that were refused is their ids: they may be gone.
const firstTenant, secondTenant = "00000000-0000-4000-8000-000000000001",
	"00000000-0000-4000-8000-000000000002"

// lookUpDue checks whether it is time to look up the newest version, once.
func (b *bench) lookUpDue(t *testing.T, want bool) {
	t.Helper()
	if got := must(b.ClaimVersionLookup(t.Context(), time.Hour))(t); got != want {
		t.Errorf("ClaimVersionLookup = %v; want %v", got, want)
	}
}

func TestVersionsInTurn(t *testing.T) {
	t.Parallel()
	b := open(t)
	take := func(version string, want bool) {
		t.Helper()
		if got := must(b.TakeVersion(t.Context(), version, "found"))(t); got != want {
			t.Errorf("TakeVersion(%s) = %v; want %v", version, got, want)
		}
	}
	take(old, true)
	take(old, false)
	take("2.3000.8", false)
	b.lookUpDue(t, false) // what works stays

	// One tenant that is refused pauses nobody, however often it tries.
	b.refuse(t, firstTenant, "2.3000.8", store.Refusal{}) // it had not heard of old
	b.lookUpDue(t, false)
	b.refuse(t, firstTenant, old, store.Refusal{})
	b.lookUpDue(t, true)
	b.refuse(t, firstTenant, old, store.Refusal{})
	b.lookUpDue(t, false) // the next one is an hour later
	b.fleet(t, flowhq.Fleet{Version: old})
	b.exec(t, `update flowhq.fleet set refused_at = now() - interval '1 day'`)
	b.refuse(t, secondTenant, old, store.Refusal{}) // another day, another reason

	b.refuse(t, firstTenant, old, store.Refusal{Paused: true, First: true})
	b.refuse(t, firstTenant, old, store.Refusal{Paused: true})
	b.refuse(t, secondTenant, old, store.Refusal{Paused: true})
	reason := "WhatsApp no longer accepts version 2.3000.9 of the client"
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Version: old})
	take(old, false)
	take(mid, true)
	b.fleet(t, flowhq.Fleet{Version: mid})

	// The newer one is refused, too: the pause begins again, and it is not taken twice.
	b.outdated(t, mid)
	take(mid, false)
	take(young, true)
	b.fleet(t, flowhq.Fleet{Version: young})
	want := []flowhq.EventType{
		flowhq.EventVersionSet, flowhq.EventClientOutdated, flowhq.EventVersionSet,
		flowhq.EventClientOutdated, flowhq.EventVersionSet,
	}
	if diff := cmp.Diff(want, b.types(t)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// However many sessions find it out together, there is one alert, and all but the first
// wait for the end of the pause.
func TestOneAlert(t *testing.T) {
	t.Parallel()
	b := open(t)
	must(b.TakeVersion(t.Context(), old, "found"))(t)
	const sessions = 20
	var first, paused atomic.Int64
	var all sync.WaitGroup
	for i := range sessions {
		all.Go(func() {
			tenant := flowhq.TenantID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
			r, err := b.VersionRefused(t.Context(), tenant, old)
			if err != nil {
				t.Error(err)
			}
			if r.First {
				first.Add(1)
			}
			if r.Paused {
				paused.Add(1)
			}
		})
	}
	all.Wait()
	if first.Load() != 1 || paused.Load() != sessions-1 {
		t.Errorf("%d have paused reconnects, and %d wait; want 1 and %d", first.Load(),
			paused.Load(), sessions-1)
	}
	if diff := cmp.Diff([]flowhq.EventType{flowhq.EventVersionSet, flowhq.EventClientOutdated},
		b.types(t)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
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
	must(b.TakeVersion(t.Context(), old, "found"))(t)
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Version: old}) // an operator's pause stays
	set(flowhq.FleetChange{Paused: &no}, flowhq.Fleet{Version: old})
	set(flowhq.FleetChange{Paused: &yes},
		flowhq.Fleet{Paused: true, Reason: "paused by an operator", Version: old})
	set(flowhq.FleetChange{Version: &byHand}, flowhq.Fleet{Version: mid, Pinned: true})
	if must(b.TakeVersion(t.Context(), young, "found"))(t) {
		t.Error("a version that was set by hand was to be replaced")
	}
	b.lookUpDue(t, false) // while one is set by hand
	set(flowhq.FleetChange{Version: &none}, flowhq.Fleet{Version: mid})
	b.lookUpDue(t, true) // once, by one process of all
	b.lookUpDue(t, false)
	b.outdated(t, mid)
	pausedSince := must(b.Fleet(t.Context()))(t).Since
	set(flowhq.FleetChange{Paused: &yes, Reason: &reason},
		flowhq.Fleet{Paused: true, Reason: reason, Version: mid})
	if got := must(b.Fleet(t.Context()))(t); !got.Since.Equal(pausedSince) {
		t.Errorf("WhatsApp's pause, which an operator has made theirs: %+v; want the same since", got)
	}
	b.lookUpDue(t, true) // WhatsApp has refused the version in use
	must(b.TakeVersion(t.Context(), young, "found"))(t)
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Version: young}) // it is the operator's pause now
}

// types are those of the fleet's events, the oldest first.
func (b *bench) types(t *testing.T) (types []flowhq.EventType) {
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
		events []flowhq.EventType
	}{
		{"pause", flowhq.FleetChange{Paused: &yes, Reason: &first},
			flowhq.Fleet{Paused: true, Reason: first}, []flowhq.EventType{flowhq.EventFleetPaused}},
		{"again", flowhq.FleetChange{Paused: &yes}, flowhq.Fleet{Paused: true, Reason: first}, nil},
		{"another reason", flowhq.FleetChange{Paused: &yes, Reason: &second},
			flowhq.Fleet{Paused: true, Reason: second}, []flowhq.EventType{flowhq.EventFleetPaused}},
		{"a version, and stay paused", flowhq.FleetChange{Paused: &yes, Version: &version},
			flowhq.Fleet{Paused: true, Reason: second, Version: mid, Pinned: true},
			[]flowhq.EventType{flowhq.EventVersionSet}},
		{"the newest, and another reason", flowhq.FleetChange{Paused: &yes, Reason: &first, Version: &look},
			flowhq.Fleet{Paused: true, Reason: first, Version: mid},
			[]flowhq.EventType{flowhq.EventVersionSet, flowhq.EventFleetPaused}},
		{"a version, and go on", flowhq.FleetChange{Paused: &no, Version: &version},
			flowhq.Fleet{Version: mid, Pinned: true},
			[]flowhq.EventType{flowhq.EventVersionSet, flowhq.EventFleetResumed}},
		{"nothing new", flowhq.FleetChange{Paused: &no, Version: &version},
			flowhq.Fleet{Version: mid, Pinned: true}, nil},
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
			if _, err := b.SetFleet(ctx,
				flowhq.FleetChange{Paused: &yes, Reason: &reason, Version: &version}, "admin"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.fleet(t, flowhq.Fleet{Paused: true, Reason: reason, Version: mid, Pinned: true})
	if diff := cmp.Diff([]flowhq.EventType{flowhq.EventVersionSet, flowhq.EventFleetPaused},
		b.types(t)); diff != "" {
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
	must(b.SetFleet(t.Context(), flowhq.FleetChange{Version: &byOperator, Paused: &yes,
		Reason: &reason}, "admin"))(t)
	configure(old, false, flowhq.Fleet{Version: mid, Pinned: true, Paused: true, Reason: reason})
	configure(young, true, flowhq.Fleet{Version: young, Pinned: true, Paused: true, Reason: reason})
	configure("", false, flowhq.Fleet{Version: young, Pinned: true, Paused: true, Reason: reason})
	no := false
	must(b.SetFleet(t.Context(), flowhq.FleetChange{Paused: &no}, "admin"))(t)
	b.outdated(t, young)
	configure(young, true, flowhq.Fleet{Version: young, Pinned: true}) // set anew
}
