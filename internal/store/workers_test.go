package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestRoomOfTheOthers(t *testing.T) {
	t.Parallel()
	b := open(t)
	beat := func(p flowhq.Worker, ttl time.Duration) store.Room {
		t.Helper()
		return must(b.BeatWorker(t.Context(), p, ttl))(t).Room
	}
	if got := beat(flowhq.Worker{Name: "alone", Capacity: 5}, ttl); got != (store.Room{}) {
		t.Errorf("room beside the only worker = %+v; want none", got)
	}
	beat(flowhq.Worker{Name: "half full", Capacity: 10, Sessions: 4}, ttl)
	beat(flowhq.Worker{Name: "too full", Capacity: 2, Sessions: 3}, ttl) // takes none of another's room
	beat(flowhq.Worker{Name: "leaving", Capacity: 100, Status: flowhq.WorkerDraining}, ttl)
	beat(flowhq.Worker{Name: "dead", Capacity: 100}, 0)
	got := beat(flowhq.Worker{Name: "alone", Capacity: 5}, ttl)
	if want := (store.Room{Capacity: 12, Sessions: 7, Free: 6}); got != want {
		t.Errorf("room = %+v; want %+v", got, want)
	}

	b.exec(t, `update flowhq.workers set seen_at = now() - interval '25 hours' where name = 'dead'`)
	beat(flowhq.Worker{Name: "alone", Capacity: 5, Sessions: 1}, 0)
	ok(t, b.EndWorker(t.Context(), "half full"))
	all := must(b.Workers(t.Context()))(t)
	want := []flowhq.Worker{
		{Name: "alone", Status: flowhq.WorkerStale, Capacity: 5, Sessions: 1},
		{Name: "too full", Status: flowhq.WorkerRunning, Capacity: 2, Sessions: 3},
		{Name: "leaving", Status: flowhq.WorkerDraining, Capacity: 100},
	}
	if diff := cmp.Diff(want, all, cmpopts.IgnoreFields(flowhq.Worker{}, "Since", "LastSeenAt")); diff != "" {
		t.Errorf("workers (-want +got):\n%s", diff)
	}
}

// An operator's wish reaches the worker, keeps others from counting on its room, and is an event
// when it is news.
func TestDrainWorker(t *testing.T) {
	t.Parallel()
	b := open(t)
	me := flowhq.Worker{Name: "me", Capacity: 5, ConnectsPerSecond: 20, ConnectsWaiting: 3}
	beat := func(w flowhq.Worker, ttl time.Duration) store.Answer {
		t.Helper()
		return must(b.BeatWorker(t.Context(), w, ttl))(t)
	}
	if beat(me, ttl).DrainWanted {
		t.Fatal("a worker is to drain that nobody has asked to")
	}
	beat(flowhq.Worker{Name: "dead", Capacity: 9}, 0)
	drain := func(wanted bool) flowhq.Worker {
		t.Helper()
		w := must(b.DrainWorker(t.Context(), "me", wanted, "admin"))(t)
		if w.DrainWanted != wanted || w.ConnectsPerSecond != 20 || w.ConnectsWaiting != 3 {
			t.Errorf("DrainWorker(%v) = %+v", wanted, w)
		}
		return w
	}
	drain(false) // nobody had asked
	if got := drain(true).Status; got != flowhq.WorkerDraining {
		t.Errorf("it is %s before it has heard of it; want %s", got, flowhq.WorkerDraining)
	}
	drain(true)
	if got := beat(flowhq.Worker{Name: "other", Capacity: 9}, ttl).Room; got != (store.Room{}) {
		t.Errorf("others count on the room %+v of a worker that is to drain", got)
	}
	// The next sign of life must not lose the wish.
	for range 2 {
		if !beat(me, ttl).DrainWanted {
			t.Error("the worker does not learn that it is to drain")
		}
	}
	if got := drain(false).Status; got != flowhq.WorkerRunning || beat(me, ttl).DrainWanted {
		t.Errorf("once the wish was taken back it is %s", got)
	}
	_, err := b.DrainWorker(t.Context(), "nobody\x00", true, "admin")
	wantCode(t, "a worker that there is not", err, flowhq.NotFound)
	_, err = b.DrainWorker(t.Context(), "dead", true, "admin")
	wantCode(t, "a worker that has died", err, flowhq.Conflict)
	var got []flowhq.FleetEvent
	for _, e := range must(b.FleetEvents(t.Context(), 20))(t) {
		got = append(got, flowhq.FleetEvent{Type: e.Type, Actor: e.Actor, Reason: e.Reason})
	}
	want := []flowhq.FleetEvent{
		{Type: flowhq.EventUndrainAsked, Actor: "admin", Reason: "me"},
		{Type: flowhq.EventDrainAsked, Actor: "admin", Reason: "me"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Only who has waited for a while, and for a host, is told what it waits for. While
// nobody may connect, that is all; and who was told so is told what comes after.
func TestSetWaiting(t *testing.T) {
	t.Parallel()
	b := open(t)
	starting := func(change string) flowhq.TenantID {
		t.Helper()
		tenant := b.tenant(t)
		ok(t, b.RecordState(t.Context(), tenant,
			flowhq.Transition{State: flowhq.Disconnected, Ending: flowhq.EndLost}, 0, noOutcomes))
		b.exec(t, `update flowhq.hosts set since = now() - interval '1 minute' where tenant_id = $1`, tenant)
		b.exec(t, `update flowhq.whatsapp_sessions set since = now() - interval '1 minute' where tenant_id = $1`, tenant)
		if change != "" {
			b.exec(t, `update flowhq.hosts set `+change+` where tenant_id = $1`, tenant)
		}
		return tenant
	}
	waits := starting("")
	moves := starting("")
	b.exec(t, `update flowhq.whatsapp_sessions set ending = 'WORKER_DRAINING' where tenant_id = $1`, moves)
	expired := starting("lease_epoch = 1, lease_expires_at = now() - interval '1 s'")
	failed := starting("last_error = 'it failed'")
	for _, not := range []string{
		"since = now()",
		"lease_epoch = 1, lease_expires_at = now() + interval '1 minute'",
	} {
		starting(not)
	}
	for _, not := range []string{"ending = 'STOPPED'", "state = 'CONNECTED'", "ending = 'REFUSED'",
		"since = now()"} {
		b.exec(t, `update flowhq.whatsapp_sessions set `+not+` where tenant_id = $1`, starting(""))
	}
	for _, step := range []struct {
		why    flowhq.Wait
		reason string
		failed bool
		want   []flowhq.TenantID
	}{
		{flowhq.WaitForSlot, "waiting for a place", false, []flowhq.TenantID{waits, moves, expired}},
		{flowhq.WaitForSlot, "waiting for a place", false, nil},
		{flowhq.WaitForReconnects, "waiting for a pause to end", true,
			[]flowhq.TenantID{waits, moves, expired, failed}},
		{flowhq.WaitForSlot, "waiting for a place", false, []flowhq.TenantID{waits, moves, expired, failed}},
	} {
		var got []flowhq.TenantID
		for range 2 { // at most three at a time
			for _, w := range must(b.SetWaiting(t.Context(), step.why, step.reason, 10*time.Second,
				step.failed, 3))(t) {
				if w.Epoch != 1 || w.Session != flowhq.Disconnected {
					t.Errorf("waiting: %+v; want epoch 1, %s", w, flowhq.Disconnected)
				}
				got = append(got, w.Tenant)
			}
		}
		b.exec(t, `update flowhq.hosts set since = now() - interval '1 minute' where tenant_id = $1`, moves)
		slices.Sort(got)
		slices.Sort(step.want)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("told of %q (-want +got):\n%s", step.reason, diff)
		}
		for _, tenant := range got {
			now := must(b.Tenant(t.Context(), tenant))(t)
			if now.Session.Reason != step.reason || now.Session.WaitingFor != step.why ||
				now.Session.Ending != "" || tenant != expired && now.Host.Status != flowhq.HostStarting {
				t.Errorf("%s is %s: %q, ended %q; want %s: %q", tenant, now.Host.Status,
					now.Session.Reason, now.Session.Ending,
					flowhq.HostStarting, step.reason)
			}
		}
	}
}

// TestSetWaitingBesideAnEnd has a host write how it ended while SetWaiting waits for its row: what
// it wrote stays.
func TestSetWaitingBesideAnEnd(t *testing.T) {
	t.Parallel()
	b := open(t)
	watch := &bench{raw: connect(t, b.url)}
	tenant, _ := b.hosted(t)
	for _, change := range []string{
		"hosts set since = now() - interval '1 minute', lease_expires_at = now() - interval '1 s'",
		"whatsapp_sessions set state = 'CONNECTING', since = now() - interval '1 minute'",
	} {
		b.exec(t, `update flowhq.`+change+` where tenant_id = $1`, tenant)
	}
	tx := must(b.raw.Begin(t.Context()))(t)
	for _, change := range []string{
		"hosts set last_error = 'nobody scanned'",
		"whatsapp_sessions set state = 'DISCONNECTED', ending = 'QR_EXPIRED', reason = 'nobody scanned'",
	} {
		if _, err := tx.Exec(t.Context(), `update flowhq.`+change+` where tenant_id = $1`,
			tenant); err != nil {
			t.Fatal(err)
		}
	}
	waiting := make(chan int, 1)
	go func() {
		found, err := b.SetWaiting(t.Context(), flowhq.WaitForSlot, "waiting for a slot",
			time.Second, true, 10)
		if err != nil {
			t.Error(err)
		}
		waiting <- len(found)
	}()
	eventually(t, "SetWaiting to wait for the host's row", func() bool { return watch.waiters(t) == 1 })
	ok(t, tx.Commit(t.Context()))
	if n := <-waiting; n != 0 {
		t.Errorf("%d tenants wait; want none: it waits for a person", n)
	}
	if now := must(b.Tenant(t.Context(), tenant))(t).Session; now.Ending != flowhq.EndQRExpired ||
		now.WaitingFor != "" {
		t.Errorf("the session ended as %q and waits for %q; want %s", now.Ending, now.WaitingFor,
			flowhq.EndQRExpired)
	}
}

// What a dead worker has left is found, and who it was; what it had given back, what
// another one has, and what nobody wants, is not.
func TestUnhosted(t *testing.T) {
	t.Parallel()
	b := open(t)
	const stable = 30 * time.Second
	hosted := func(worker string, change string) flowhq.TenantID {
		t.Helper()
		tenant := b.tenant(t)
		epoch := must(b.Claim(t.Context(), tenant, worker))(t)
		if taken, _, err := b.TakeLease(t.Context(), tenant, epoch, ttl); err != nil || !taken {
			t.Fatalf("TakeLease = %t, %v", taken, err)
		}
		ok(t, b.SetSession(t.Context(), tenant, epoch, connected, noCodes))
		if change != "" {
			b.exec(t, `update flowhq.hosts set `+change+` where tenant_id = $1`, tenant)
		}
		return tenant
	}
	const ranOut = "lease_expires_at = now() - interval '1 s'"
	young, old := hosted("dead", ranOut), hosted("dead", ranOut)
	b.exec(t, `update flowhq.whatsapp_sessions set since = now() - interval '10 minutes' where tenant_id = $1`, old)
	claimed, freed := hosted("dead", ranOut+", epoch = epoch + 1, worker = 'alive'"), hosted("dead", "")
	ok(t, b.ReleaseLease(t.Context(), freed, 1))
	stopped := hosted("dead", ranOut)
	b.exec(t, `update flowhq.whatsapp_sessions set state = 'DISCONNECTED', ending = 'STOPPED' where tenant_id = $1`, stopped)
	left, others := hosted("dead", ""), hosted("alive", "")

	got := map[flowhq.TenantID]store.Unhosted{}
	list := func() {
		t.Helper()
		clear(got)
		for _, u := range must(b.Unhosted(t.Context(), ttl, stable, "", 100))(t) {
			got[u.Tenant] = u
		}
	}
	list()
	want := map[flowhq.TenantID]store.Unhosted{
		young:   {Tenant: young, Worker: "dead", Epoch: 1},
		old:     {Tenant: old, Worker: "dead", Epoch: 1, Stable: true},
		claimed: {Tenant: claimed}, freed: {Tenant: freed},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unhosted (-want +got):\n%s", diff)
	}

	must(b.BeatWorker(t.Context(), flowhq.Worker{Name: "dead", Capacity: 5}, ttl))(t)
	if n := must(b.EndLeases(t.Context(), "dead"))(t); n != 1 {
		t.Errorf("%d leases were ended; want that of %s", n, left)
	}
	if n := must(b.EndLeases(t.Context(), "dead"))(t); n != 0 {
		t.Errorf("%d leases were ended again", n)
	}
	list()
	if _, ended := got[left]; !ended {
		t.Error("the lease of a worker that has ended still runs")
	}
	if _, ended := got[others]; ended {
		t.Error("the lease of another worker was ended")
	}
	if all := must(b.Workers(t.Context()))(t); len(all) != 0 {
		t.Errorf("workers %+v; want it to be forgotten", all)
	}
}

// However many wait for a person, none keeps others from being found, page by page.
func TestUnhostedPages(t *testing.T) {
	t.Parallel()
	b := open(t)
	const waiting, limit = 7, 3
	var want []flowhq.TenantID
	for i := range waiting {
		tenant := b.tenant(t)
		want = append(want, tenant)
		ok(t, b.RecordState(t.Context(), tenant, flowhq.Starting(flowhq.Counts{}), 0, noOutcomes))
		for _, ending := range []flowhq.Ending{flowhq.EndLoggedOut, flowhq.EndBanned} {
			parked := b.tenant(t)
			ok(t, b.RecordState(t.Context(), parked, flowhq.Transition{
				State: ending.SessionState(), Ending: ending, Reason: fmt.Sprint(i),
			}, 0, noOutcomes))
		}
	}
	var got []flowhq.TenantID
	var after flowhq.TenantID
	for {
		page := must(b.Unhosted(t.Context(), ttl, time.Minute, after, limit))(t)
		for _, u := range page {
			got = append(got, u.Tenant)
			after = u.Tenant
		}
		if len(page) < limit {
			break
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unhosted (-want +got):\n%s", diff)
	}
}

func TestWorkerAges(t *testing.T) {
	t.Parallel()
	b := open(t)
	all, now, err := b.WorkerAges(t.Context())
	if err != nil || len(all) != 0 || now.IsZero() {
		t.Errorf("WorkerAges without any = %+v, %v, %v", all, now, err)
	}
	must(b.BeatWorker(t.Context(), flowhq.Worker{Name: "lives", Capacity: 1}, time.Hour))(t)
	must(b.BeatWorker(t.Context(), flowhq.Worker{Name: "dead", Capacity: 1}, time.Hour))(t)
	b.exec(t, `update flowhq.workers set seen_at = now() - interval '1 hour', expires_at = now() - interval '1 min' where name = 'dead'`)
	all, now, err = b.WorkerAges(t.Context())
	ok(t, err)
	if len(all) != 2 || now.IsZero() {
		t.Fatalf("WorkerAges = %+v at %v; want two", all, now)
	}
	for _, w := range all {
		if dead := w.Name == "dead"; w.Stale != dead || (w.Silent >= time.Hour) != dead {
			t.Errorf("%+v", w)
		}
	}
	for name, want := range map[string]bool{"lives": true, "dead": false, "unknown": false} {
		if got := must(b.WorkerLives(t.Context(), name))(t); got != want {
			t.Errorf("WorkerLives(%s) = %t", name, got)
		}
	}
}
