package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestHeldFollowUps is each reason for which a customer is not written to, with each kind of
// follow-up, where it comes up after the subject was read: the statement that writes the message
// finds it, and says which it is.
func TestHeldFollowUps(t *testing.T) {
	t.Parallel()
	b := open(t)
	const (
		about     = `update flowhq.contacts set %s where tenant_id = $1`
		handOver  = `insert into flowhq.handovers (tenant_id, contact_id, reason, until) select tenant_id, id, 'OPERATOR', now() + interval '1 hour' from flowhq.contacts where tenant_id = $1`
		lapsed    = `insert into flowhq.handovers (tenant_id, contact_id, reason, until) select tenant_id, id, 'OPERATOR', now() - interval '1 hour' from flowhq.contacts where tenant_id = $1`
		endedOver = `insert into flowhq.handovers (tenant_id, contact_id, reason, ended_at) select tenant_id, id, 'OPERATOR', now() from flowhq.contacts where tenant_id = $1`
	)
	long := time.Now().Add(time.Hour)
	for name, tt := range map[string]struct {
		becomes string // a statement
		want    flowhq.FollowUpStanding
		about   flowhq.FollowUpAbout // that is held back; "" = all
		sent    bool
	}{
		"nothing": {sent: true},
		"gone": {becomes: `delete from flowhq.contacts where tenant_id = $1`,
			want: flowhq.FollowUpStanding{Gone: true}},
		"left alone": {becomes: fmt.Sprintf(about, "left_alone = 'LISTED'"),
			want: flowhq.FollowUpStanding{LeftAlone: true}},
		"unreminded": {becomes: fmt.Sprintf(about, "unreminded_at = now()"),
			want: flowhq.FollowUpStanding{Unreminded: true}},
		"muted": {becomes: fmt.Sprintf(about, "muted_until = now() + interval '1 hour'"),
			want: flowhq.FollowUpStanding{MutedUntil: long}},
		"muted once": {becomes: fmt.Sprintf(about, "muted_until = now() - interval '1 hour'"), sent: true},
		"handed over": {becomes: handOver, want: flowhq.FollowUpStanding{HandedOver: true},
			about: flowhq.AboutOrder},
		"lapsed":     {becomes: lapsed, sent: true},
		"given back": {becomes: endedOver, sent: true},
	} {
		tenant, epoch := b.hosted(t)
		id := b.receive(t, tenant, epoch, "3EB0")
		b.leaves(t, tenant, epoch, id, flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderOpen}},
			flowhq.FactChange{Booking: booking(tomorrow().Add(48*time.Hour), flowhq.BookingConfirmed)})
		all := first(b.FollowUps(t.Context(), tenant, store.FactFilter{}))(t)
		if len(all) != 6 { // each kind is there once
			t.Fatalf("%d follow-ups; want 6", len(all))
		}
		if tt.becomes != "" {
			b.exec(t, tt.becomes, tenant)
		}
		for _, f := range all {
			if f.Kind == flowhq.GiveUp {
				continue // is never sent
			}
			got := must(b.SendFollowUp(t.Context(), tenant, f,
				store.FollowUpMessage{Text: "x", PerMinute: 99, PerContact: 99}))(t)
			sent := tt.sent || tt.about != "" && tt.about != f.About
			if got.Sent != sent || got.Held == sent {
				t.Errorf("%s, %s: %+v; want sent %v", name, f.Kind, got, sent)
			}
			if muted := got.Standing.MutedUntil; !muted.IsZero() &&
				muted.After(time.Now()) != !tt.want.MutedUntil.IsZero() {
				t.Errorf("%s, %s: muted until %v", name, f.Kind, muted)
			}
			want := tt.want
			got.Standing.MutedUntil, want.MutedUntil = time.Time{}, time.Time{}
			if got.Held && got.Standing != want {
				t.Errorf("%s, %s: held by %+v; want %+v", name, f.Kind, got.Standing, want)
			}
			if n := scalar[int](t, b, `select count(*)::int from flowhq.message_logs m join flowhq.follow_ups f on f.tenant_id = m.tenant_id and f.message_id = m.id where m.tenant_id = $1 and f.id = $2`, tenant, f.ID); (n == 1) != sent {
				t.Errorf("%s, %s: %d messages", name, f.Kind, n)
			}
		}
	}
}

// TestFollowUpWhoseMessageIsThere: the message was withdrawn, an operator has had it sent, and the
// booking is back at its time. The follow-up is that message's, and is not tried for ever.
func TestFollowUpWhoseMessageIsThere(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _, _ := b.booked(t, tomorrow())
	f := must(onlyFollowUp(t.Context(), b.Store, tenant))(t)
	b.sendNow(t, tenant, f)
	b.exec(t, `update flowhq.message_logs set status = 'SENT', attempts = 1 where kind = 'FOLLOW_UP' and tenant_id = $1`, tenant)
	b.exec(t, `update flowhq.follow_ups set status = 'PENDING', message_id = 0 where tenant_id = $1`, tenant)
	if !b.sendNow(t, tenant, f) {
		t.Error("the follow-up is not SENT although its message is")
	}
	if now := must(onlyFollowUp(t.Context(), b.Store,
		tenant))(t); now.Status != flowhq.FollowUpSent || now.MessageID == 0 {
		t.Errorf("the follow-up is %+v", now)
	}
	if n := scalar[int](t, b, `select count(*)::int from flowhq.message_logs where kind = 'FOLLOW_UP' and tenant_id = $1 and status = 'SENT'`, tenant); n != 1 {
		t.Errorf("%d messages SENT; want 1", n)
	}
}
