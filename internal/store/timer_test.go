package store_test

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// sentUnder answers a new message from the person and returns the timer of the reply,
// as Answer, the outbox and the log for repeated requests have it.
func (b *bench) sentUnder(t *testing.T, tenant flowhq.TenantID, epoch int64, in store.Inbound) (seconds int) {
	t.Helper()
	r, err := b.Receive(t.Context(), tenant, epoch, in)
	if err != nil || !r.New {
		t.Fatalf("Receive = %+v, %v", r, err)
	}
	o := answer("reply to " + in.WAID)
	ok(t, second(b.Answer(t.Context(), tenant, epoch, r.ID, o)))
	again := must(b.Outbound(t.Context(), tenant, o.Reply.WAID))(t).Timer()
	unsent := must(b.Unsent(t.Context(), tenant, r.ID, 0))(t)
	if len(unsent) != 1 || unsent[0].Timer().Seconds != o.Reply.Timer.Seconds ||
		again.Seconds != o.Reply.Timer.Seconds {
		t.Errorf("Answer says timer %v, Unsent %+v, Outbound %v", o.Reply.Timer, unsent, again)
	}
	ok(t, second(b.Answer(t.Context(), tenant, epoch, r.ID, o))) // its first answer was lost
	if o.Reply.Timer.Seconds != again.Seconds {
		t.Errorf("Answer again says timer %v; want %v", o.Reply.Timer, again)
	}
	return again.Seconds
}

func TestTimer(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	in := func(id string, timer *flowhq.DisappearingTimer) store.Inbound {
		m := text(id)
		m.Timer = timer
		return m
	}
	steps := []struct {
		in   store.Inbound
		want int
	}{
		{in("none yet", nil), 0},
		{in("on", &flowhq.DisappearingTimer{Seconds: 60, SetAt: at(10)}), 60},
		{in("not said", nil), 60},
		{in("older", &flowhq.DisappearingTimer{Seconds: 30, SetAt: at(5)}), 60},
		{in("newer", &flowhq.DisappearingTimer{Seconds: 90, SetAt: at(20)}), 90},
	}
	for _, s := range steps {
		if got := b.sentUnder(t, tenant, epoch, s.in); got != s.want {
			t.Errorf("%s: replied under a timer of %d s; want %d", s.in.WAID, got, s.want)
		}
	}
	if _, err := b.SetTimer(t.Context(), tenant, epoch, text(""),
		flowhq.DisappearingTimer{SetAt: at(30)}); err != nil {
		t.Fatal(err)
	}
	if got := b.sentUnder(t, tenant, epoch, in("off", nil)); got != 0 {
		t.Errorf("off: replied under a timer of %d s", got)
	}
	// Somebody who has only set a timer so far, by number, and then writes as a LID too.
	if _, err := b.SetTimer(t.Context(), tenant, epoch, store.Inbound{Number: "+255700000077"},
		flowhq.DisappearingTimer{Seconds: 45, SetAt: at(1)}); err != nil {
		t.Fatal(err)
	}
	other := in("other", nil)
	other.LID, other.Number = "77@lid", "+255700000077"
	if got := b.sentUnder(t, tenant, epoch, other); got != 45 {
		t.Errorf("replied under a timer of %d s; want 45", got)
	}
}

// Two contacts become one: the timer that was set last goes on.
func TestTimerOfMergedContacts(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	set := func(in store.Inbound, seconds int, at time.Time) {
		t.Helper()
		if _, err := b.SetTimer(t.Context(), tenant, epoch, in,
			flowhq.DisappearingTimer{Seconds: seconds, SetAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	set(store.Inbound{LID: "77@lid"}, 10, noon)
	set(store.Inbound{Number: "+255700000077"}, 20, noon.Add(time.Hour))
	both := text("both")
	both.LID, both.Number = "77@lid", "+255700000077"
	if got := b.sentUnder(t, tenant, epoch, both); got != 20 {
		t.Errorf("replied under a timer of %d s; want 20", got)
	}
}
