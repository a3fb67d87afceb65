package session

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// Every test of this file is the life of one session on a clock of its own.

func asIs(*world) {}

// A session comes up, is shown to be so, and renews itself once a day.
func TestDailyRenewal(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		began := time.Now()
		l := w.online()
		if l.device != device {
			t.Errorf("dialled as %q; want %q", l.device, device)
		}
		e := <-result
		if e.err != nil || e.Ending != flowhq.EndRenewed || e.Retry != flowhq.RetryAtOnce {
			t.Errorf("it ended with %+v, %v; want to renew itself", e.Outcome, e.err)
		}
		if took := time.Since(began); took < renewAfter*9/10 || took > renewAfter*11/10 {
			t.Errorf("after %v; want a day, give or take a tenth", took)
		}
		if len(w.rows.Held) != 0 {
			t.Error("the lease was not given back")
		}
		if n, least := len(w.beats), int(renewAfter*9/10/timing.Beat()); n < least {
			t.Errorf("%d heartbeats; want %d at least", n, least)
		}
		if !w.last().Stable || w.last().Epoch != 8 {
			t.Errorf("the last heartbeat is %+v; want a stable session of epoch 8", w.last())
		}
	})
}

// While reconnects are paused a session does not renew itself: its successor would wait off
// the air. It does soon after the pause.
func TestNoRenewalDuringAPause(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		w.online()
		w.rows.set(func(r *rows) { r.Row.Paused, r.Row.Reason = true, "moving house" })
		w.Admission.Notice(store.Notice{Kind: store.FleetChanged})
		<-time.After(2 * renewAfter)
		select {
		case e := <-result:
			t.Fatalf("it ended during the pause: %+v", e.Outcome)
		default:
		}
		w.rows.set(func(r *rows) { r.Row.Paused = false })
		w.Admission.Notice(store.Notice{Kind: store.FleetChanged})
		over := time.Now()
		if e := <-result; e.Ending != flowhq.EndRenewed || time.Since(over) > renewRetry {
			t.Errorf("it ended with %s %v after the pause; want to renew itself within %v",
				e.Ending, time.Since(over), renewRetry)
		}
	})
}

// A session that begins during a pause waits, and says so, until the pause ends.
func TestWaitingForTheEndOfAPause(t *testing.T) {
	pause := func(w *world) { w.rows.Row.Paused, w.rows.Row.Reason = true, "moving house" }
	host(t, hosting.Status{}, pause, func(w *world, result <-chan ended) {
		<-time.After(time.Hour)
		if len(w.lines) != 0 || w.rows.Epoch != 0 {
			t.Error("it claimed or dialled during the pause")
		}
		want := "waiting for reconnects, which are paused: moving house"
		if got := w.last(); got.Waiting != want || got.State != flowhq.Connecting {
			t.Errorf("the heartbeat is %+v; want %q", got, want)
		}
		w.rows.set(func(r *rows) { r.Row.Paused = false })
		w.Admission.Notice(store.Notice{Kind: store.FleetChanged})
		w.online()
		w.cancel(errOrder)
		w.ends(result)
	})
}

// A process that stops ends sessions that do not serve yet at once, and moves the others.
func TestDrain(t *testing.T) {
	pause := func(w *world) { w.rows.Row.Paused, w.rows.Row.Reason = true, "moving house" }
	host(t, hosting.Status{}, pause, func(w *world, result <-chan ended) {
		synctest.Wait()
		w.Slots.DrainAll()
		if e := w.ends(result); e.err != nil || e.Ending != flowhq.EndDraining ||
			e.Retry != flowhq.RetryAfterDelay {
			t.Errorf("one that waits ended with %+v, %v; want to move", e.Outcome, e.err)
		}
	})
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		w.online()
		<-time.After(time.Minute)
		w.Slots.DrainAll()
		e := w.ends(result)
		if e.err != nil || e.Ending != flowhq.EndDraining || e.Delay > 10*time.Millisecond {
			t.Errorf("one that serves ended with %+v, %v; want to move at once", e.Outcome, e.err)
		}
		if last := w.last(); !last.Stable || last.Ending != flowhq.EndDraining {
			t.Errorf("the next attempt is told %+v; want a stable session that moves", last)
		}
		if len(w.rows.Held) != 0 {
			t.Error("the lease was not given back")
		}
	})
}

// A process whose database is away stops its hosts too. They end by the loss, and move nowhere:
// which of the two a host sees first must not matter, hence several times.
func TestDrainWithoutADatabase(t *testing.T) {
	for range 20 {
		host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
			w.online()
			<-time.After(time.Minute)
			w.Leases.LoseAll()
			w.Slots.DrainAll()
			if e := w.ends(result); e.Ending != flowhq.EndDatabaseLost {
				t.Errorf("it ended with %+v, %v; want %s", e.Outcome, e.err, flowhq.EndDatabaseLost)
			}
			if last := w.last(); last.Ending != flowhq.EndDatabaseLost {
				t.Errorf("the next attempt is told %+v; want %s", last, flowhq.EndDatabaseLost)
			}
		})
	}
}

// Temporal's order to end is obeyed at once. The workflow records why.
func TestAnOrderToEnd(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		l := w.online()
		w.cancel(errOrder)
		if e := w.ends(result); !errors.Is(e.err, errOrder) {
			t.Errorf("it ended with %+v, %v; want the order", e.Outcome, e.err)
		}
		if l.Err() == nil || len(w.rows.Held) != 0 {
			t.Error("the connection is open, or the lease was not given back")
		}
		if end := w.rows.steps[len(w.rows.steps)-1]; end.State != flowhq.Disconnected || end.Event != "" {
			t.Errorf("it recorded %+v; want no event", end)
		}
	})
}

// A session that loses touch with Temporal serves on while it holds its lease. It asks past
// the SDK, and after a stop the rows.
func TestTemporalIsLost(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		w.online()
		w.mu.Lock()
		w.answer = errors.New("Temporal is away")
		w.mu.Unlock()
		w.cancel(errors.New("the heartbeat timed out"))
		<-time.After(time.Hour)
		select {
		case e := <-result:
			t.Fatalf("it ended with %+v, %v; want to serve on", e.Outcome, e.err)
		default:
		}
		if w.asks < int(time.Hour/timing.Beat()) {
			t.Errorf("it asked %d times in an hour; want once in %v", w.asks, timing.Beat())
		}
		w.rows.set(func(r *rows) { r.stopped = true })
		w.Leases.Notice(store.Notice{Kind: store.GivenCommand, Tenant: tenant})
		<-time.After(askAfter)
		if e := w.ends(result); e.err != nil || e.Ending != flowhq.EndStopped ||
			e.Retry != flowhq.RetryByPerson {
			t.Errorf("it ended with %+v, %v; want to be stopped", e.Outcome, e.err)
		}
	})
}

// After a command a session asks whether it should end: another Temporal than a push would
// tell it with a heartbeat only.
func TestACommandIsAskedFor(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		w.online()
		w.Leases.Notice(store.Notice{Kind: store.GivenCommand, Tenant: tenant})
		<-time.After(3 * askAfter)
		synctest.Wait()
		w.mu.Lock()
		asks := w.asks
		w.answer = errOrder
		w.mu.Unlock()
		if asks != 2 {
			t.Errorf("it asked %d times; want twice by now", asks)
		}
		<-time.After(4 * askAfter)
		if e := w.ends(result); !errors.Is(e.err, errOrder) {
			t.Errorf("it ended with %+v, %v; want the order", e.Outcome, e.err)
		}
	})
}

// A session whose lease cannot be renewed hangs up before the lease ends, and counts no
// failure. A session that a newer host fences leaves quietly.
func TestTheLeaseIsLost(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		l := w.online()
		<-time.After(time.Minute)
		w.rows.set(func(r *rows) { r.Away = flowhq.Errorf(flowhq.Unavailable, "the database is away") })
		away := time.Now()
		<-l.over
		if cut := time.Since(away); cut > timing.Lease() {
			t.Errorf("cut after %v; want before the lease ends", cut)
		}
		e := <-result
		if e.err != nil || e.Ending != flowhq.EndDatabaseLost ||
			e.Retry != flowhq.RetryAfterDelay || e.Counts != (flowhq.Counts{}) {
			t.Errorf("it ended with %+v, %v; want to wait for the database", e.Outcome, e.err)
		}
	})
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		w.online()
		w.rows.set(func(r *rows) { r.Epoch++; r.Held[tenant] = r.Epoch })
		w.Leases.Notice(store.Notice{Kind: store.NewEpoch, Tenant: tenant, Epoch: w.rows.Epoch})
		if e := w.ends(result); e.err != nil || e.Ending != flowhq.EndReplacedByUs ||
			e.Retry != flowhq.RetryAtOnce {
			t.Errorf("it ended with %+v, %v; want to be replaced", e.Outcome, e.err)
		}
	})
}

// Before the claim a database that is away is waited for.
func TestTheClaimWaitsForTheDatabase(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		w.rows.set(func(r *rows) { r.Away = flowhq.Errorf(flowhq.Unavailable, "the database is away") })
		<-time.After(time.Minute)
		if last := w.last(); last.Waiting != "for the database" {
			t.Errorf("the heartbeat is %+v; want it to wait", last)
		}
		w.rows.set(func(r *rows) { r.Away = nil })
		w.online()
		w.cancel(errOrder)
		w.ends(result)
	})
}

// What an attempt that failed has counted the next one goes on with; a stable session
// forgets it and, where a person was told, says so.
func TestCountsOfAttempts(t *testing.T) {
	before := hosting.Status{Counts: flowhq.Counts{Failures: flowhq.FlappingAfter - 1}}
	host(t, before, asIs, func(w *world, result <-chan ended) {
		l := <-w.lines
		l.ends(flowhq.EndUnreachable)
		e := w.ends(result)
		if e.Failures != flowhq.FlappingAfter || e.Delay != flowhq.Backoff(flowhq.FlappingAfter) {
			t.Errorf("it ended with %+v; want the tenth failure in a row", e.Outcome)
		}
		if !slices.Contains(w.rows.events, flowhq.EventSessionFlapping) {
			t.Errorf("events %v; want one that tells a person", w.rows.events)
		}
	})
	before.Failures++
	host(t, before, asIs, func(w *world, result <-chan ended) {
		l := w.online()
		<-time.After(flowhq.StableFor + 2*timing.Beat())
		if !slices.Contains(w.rows.events, flowhq.EventSessionStable) || w.last().Failures != 0 {
			t.Errorf("events %v, and %+v; want it to be forgotten", w.rows.events, w.last().Counts)
		}
		l.ends(flowhq.EndLost)
		if e := w.ends(result); e.Retry != flowhq.RetryAtOnce || e.Failures != 0 {
			t.Errorf("it ended with %+v; want another host at once", e.Outcome)
		}
	})
}

// WhatsApp refuses the version: alone, the session backs off; during the pause that a second
// tenant's refusal makes, it comes back to wait.
func TestARefusedVersion(t *testing.T) {
	for _, paused := range []bool{false, true} {
		refuse := func(w *world) { w.rows.refused = store.Refusal{Paused: paused} }
		host(t, hosting.Status{}, refuse, func(w *world, result <-chan ended) {
			l := <-w.lines
			l.ends(flowhq.EndOutdated)
			e := w.ends(result)
			failures := 1
			if paused {
				failures = 0
			}
			if e.Ending != flowhq.EndOutdated || e.Retry != flowhq.RetryAfterDelay || e.Failures != failures {
				t.Errorf("paused %v: it ended with %+v; want %d failures", paused, e.Outcome, failures)
			}
		})
	}
}

// A final end is for the workflow to record. The device is forgotten with it.
func TestLoggedOut(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		w.online().ends(flowhq.EndLoggedOut)
		if e := w.ends(result); e.err != nil || e.Ending != flowhq.EndLoggedOut ||
			e.Retry != flowhq.RetryByPerson {
			t.Errorf("it ended with %+v, %v; want to wait for a person", e.Outcome, e.err)
		}
		if w.rows.device != "" {
			t.Error("the device is still recorded")
		}
	})
}

// While somebody looks at them, QR codes are refreshed, and a link code is shown beside one;
// when nobody does, the session ends.
func TestLinking(t *testing.T) {
	unlinked := func(w *world) { w.rows.device, w.rows.asked = "", true }
	host(t, hosting.Status{}, unlinked, func(w *world, result <-chan ended) {
		shows := func(l *line, code string) {
			l.events <- whatsapp.Event{
				Kind: whatsapp.QR, QR: code, QRExpires: time.Now().Add(time.Minute),
				CodesEnd: time.Now().Add(time.Minute),
			}
			synctest.Wait()
		}
		first := <-w.lines
		shows(first, "one")
		first.ends(flowhq.EndQRExpired)
		second := <-w.lines
		shows(second, "two")
		if got := w.rows.codes[len(w.rows.codes)-1].QR; got != "two" {
			t.Errorf("it shows %q; want the second connection's code", got)
		}
		// A link code would end with the connection before it is typed in: a third one begins.
		w.rows.set(func(r *rows) { r.number = "+255700000000" })
		w.Leases.Notice(store.Notice{Kind: store.NewLink, Tenant: tenant})
		third := <-w.lines
		shows(third, "three")
		if number := <-third.codes; number != "+255700000000" {
			t.Errorf("a link code was asked for %q", number)
		}
		third.events <- whatsapp.Event{Kind: whatsapp.LinkCode, LinkCode: "ABCD",
			CodesEnd: time.Now().Add(time.Minute)}
		synctest.Wait()
		if got := w.rows.codes[len(w.rows.codes)-1]; got.QR != "three" || got.Link.Code != "ABCD" {
			t.Errorf("it shows %+v; want both codes", got)
		}
		w.rows.set(func(r *rows) { r.asked = false })
		third.ends(flowhq.EndQRExpired)
		if e := w.ends(result); e.Ending != flowhq.EndQRExpired || e.Retry != flowhq.RetryByPerson {
			t.Errorf("it ended with %+v; want to wait until somebody asks", e.Outcome)
		}
	})
}

// A relink waits until what is left at WhatsApp was delivered, drops the link and the keys,
// and shows a new code.
func TestRelink(t *testing.T) {
	relink := func(w *world) { w.rows.relink = true }
	host(t, hosting.Status{}, relink, func(w *world, result <-chan ended) {
		old := <-w.lines
		old.events <- whatsapp.Event{Kind: whatsapp.Online}
		<-time.After(time.Minute)
		if old.Err() != nil {
			t.Error("it did not wait for what is left")
		}
		close(old.caught)
		fresh := <-w.lines
		if fresh.device != "" || w.rows.device != "" || !slices.Equal(w.forgotten, []string{device}) {
			t.Errorf("it dialled as %q with %q recorded and %v forgotten; want a new device",
				fresh.device, w.rows.device, w.forgotten)
		}
		if !slices.Contains(w.rows.events, flowhq.EventSessionUnlinked) {
			t.Errorf("events %v; want one of the unlinking", w.rows.events)
		}
		w.cancel(errOrder)
		w.ends(result)
	})
}

// A session whose loop stands still loses its lease and is cut off, and Temporal is told in
// its place.
func TestAStuckSession(t *testing.T) {
	host(t, hosting.Status{}, asIs, func(w *world, result <-chan ended) {
		l := w.online()
		<-time.After(2 * timing.Renewal)
		hold := make(chan struct{})
		w.rows.set(func(r *rows) { r.hold = hold })
		w.Leases.Notice(store.Notice{Kind: store.NewConfig, Tenant: tenant})
		last := <-w.lost
		if last.State != flowhq.Connected || l.Err() == nil {
			t.Errorf("it is told to have been %+v; want it to be cut off", last)
		}
		close(hold)
		if e := <-result; e.err != nil || e.Ending == "" {
			t.Errorf("it ended with %+v, %v", e.Outcome, e.err)
		}
	})
}
