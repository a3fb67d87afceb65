package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// onlyFollowUp is the tenant's one follow-up.
func onlyFollowUp(ctx context.Context, s *store.Store, tenant flowhq.TenantID) (flowhq.FollowUp, error) {
	all, _, err := s.FollowUps(ctx, tenant, store.FactFilter{})
	if err != nil || len(all) != 1 {
		return flowhq.FollowUp{}, fmt.Errorf("%d follow-ups, %w; want one", len(all), err)
	}
	return all[0], nil
}

// booked is a tenant whose customer has booked for a time, with the number of the booking.
func (b *bench) booked(t testing.TB, at time.Time) (tenant flowhq.TenantID, epoch int64, number string) {
	t.Helper()
	tenant, epoch = b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	b.leaves(t, tenant, epoch, id, flowhq.FactChange{Booking: booking(at, flowhq.BookingConfirmed)})
	return tenant, epoch, flowhq.Reference(id)
}

func (b *bench) leaves(t testing.TB, tenant flowhq.TenantID, epoch, id int64, facts ...flowhq.FactChange) {
	t.Helper()
	if _, done, err := b.Answer(t.Context(), tenant, epoch, id,
		withFacts(fmt.Sprint("OUT", id), facts...)); err != nil || !done {
		t.Fatalf("Answer = %v, %v", done, err)
	}
}

// followUps lists those of a tenant, the oldest first: kind, whole hours from a time to when they
// are due, and status.
func (b *bench) followUps(t testing.TB, tenant flowhq.TenantID, from time.Time) (all []string) {
	t.Helper()
	list := first(b.FollowUps(t.Context(), tenant, store.FactFilter{}))(t)
	for i := len(list) - 1; i >= 0; i-- {
		f := list[i]
		all = append(all, fmt.Sprintf("%s %+.1f %s", f.Kind, f.DueAt.Sub(from).Hours(), f.Status))
	}
	return all
}

func (b *bench) wantFollowUps(t testing.TB, tenant flowhq.TenantID, from time.Time, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, b.followUps(t, tenant, from)); diff != "" {
		t.Fatalf("follow-ups (-want +got):\n%s", diff)
	}
}

// TestBookingMovesItsReminders: whoever changes a booking, its reminders change in the same
// transaction, and one that comes back to an earlier time has those of that time again.
func TestBookingMovesItsReminders(t *testing.T) {
	t.Parallel()
	b := open(t)
	at := tomorrow().Add(48 * time.Hour)
	tenant, epoch, number := b.booked(t, at)
	b.wantFollowUps(t, tenant, at, "DAY_BEFORE -24.0 PENDING", "TWO_HOURS_BEFORE -2.0 PENDING")

	later := at.Add(24 * time.Hour)
	ok(t, b.SetBooking(t.Context(), tenant, number, store.BookingChange{StartsAt: &later}, 1, "admin"))
	b.wantFollowUps(t, tenant, at, "DAY_BEFORE -24.0 CANCELLED", "TWO_HOURS_BEFORE -2.0 CANCELLED",
		"DAY_BEFORE +0.0 PENDING", "TWO_HOURS_BEFORE +22.0 PENDING")
	note := "a note changes nothing"
	ok(t, b.SetBooking(t.Context(), tenant, number, store.BookingChange{Note: &note}, 1, "admin"))
	moved := booking(at, flowhq.BookingConfirmed)
	moved.Number = number
	b.leaves(t, tenant, epoch, b.receive(t, tenant, epoch, "back"), flowhq.FactChange{Booking: moved})
	back := []string{"DAY_BEFORE -24.0 PENDING", "TWO_HOURS_BEFORE -2.0 PENDING",
		"DAY_BEFORE +0.0 CANCELLED", "TWO_HOURS_BEFORE +22.0 CANCELLED"}
	b.wantFollowUps(t, tenant, at, back...)

	cancelled := flowhq.BookingCancelled
	ok(t, b.SetBooking(t.Context(), tenant, number, store.BookingChange{Status: &cancelled}, 1, "admin"))
	for i := range back {
		back[i] = strings.Replace(back[i], "PENDING", "CANCELLED", 1)
	}
	b.wantFollowUps(t, tenant, at, back...)

	held, _, _ := b.booked(t, at)
	b.exec(t, `delete from flowhq.follow_ups where tenant_id = $1`, held)
	b.exec(t, `update flowhq.bookings set status = 'HELD', held_until = now() + interval '1 minute' where tenant_id = $1`, held)
	b.wantFollowUps(t, held, at)
	soon, _, _ := b.booked(t, time.Now().Add(2*time.Hour+time.Minute))
	b.wantFollowUps(t, soon, at)
}

// TestOrderThatWaits has follow-ups from its last change on, until it is settled or given up.
func TestOrderThatWaits(t *testing.T) {
	t.Parallel()
	b := open(t)
	for name, tt := range map[string]struct {
		order   flowhq.Order
		changed func(tenant flowhq.TenantID, number string) error
		waits   bool
	}{
		"confirmed": {order: flowhq.Order{Status: flowhq.OrderConfirmed}},
		"open":      {order: flowhq.Order{Status: flowhq.OrderOpen}, waits: true},
		"unpaid":    {order: flowhq.Order{Status: flowhq.OrderConfirmed, Unpaid: true}, waits: true},
		"fulfilled": {order: flowhq.Order{Status: flowhq.OrderConfirmed, Unpaid: true},
			changed: func(tenant flowhq.TenantID, number string) error {
				return b.SetOrder(t.Context(), tenant, number, moved(flowhq.OrderFulfilled), "admin")
			}},
		"paid": {order: flowhq.Order{Status: flowhq.OrderConfirmed, Unpaid: true},
			changed: func(tenant flowhq.TenantID, number string) error {
				return b.SetOrder(t.Context(), tenant, number, store.OrderChange{Unpaid: new(bool)}, "admin")
			}},
	} {
		tenant, epoch := b.hosted(t)
		id := b.receive(t, tenant, epoch, "3EB0")
		b.leaves(t, tenant, epoch, id, flowhq.FactChange{Order: &tt.order})
		if tt.changed != nil {
			ok(t, tt.changed(tenant, flowhq.Reference(id)))
		}
		var pending []string
		for _, f := range b.followUps(t, tenant, time.Now()) {
			if strings.HasSuffix(f, "PENDING") {
				pending = append(pending, strings.TrimSuffix(f, " PENDING"))
			}
		}
		var want []string
		if tt.waits {
			want = []string{"AFTER_30_MINUTES +0.5", "AFTER_3_HOURS +3.0", "AFTER_24_HOURS +24.0",
				"GIVE_UP +48.0"}
		}
		if diff := cmp.Diff(want, pending); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func moved(s flowhq.OrderStatus) store.OrderChange { return store.OrderChange{Status: &s} }

// TestOrderIsGivenUp cancels an order that nobody confirmed, and leaves one that is only unpaid.
func TestOrderIsGivenUp(t *testing.T) {
	t.Parallel()
	b := open(t)
	for want, order := range map[flowhq.OrderStatus]*flowhq.Order{
		flowhq.OrderCancelled: {Status: flowhq.OrderOpen},
		flowhq.OrderConfirmed: {Status: flowhq.OrderConfirmed, Unpaid: true},
	} {
		tenant, epoch := b.hosted(t)
		b.leaves(t, tenant, epoch, b.receive(t, tenant, epoch, "3EB0"), flowhq.FactChange{Order: order})
		last := first(b.FollowUps(t.Context(), tenant, store.FactFilter{}))(t)[0]
		ok(t, b.EndFollowUp(t.Context(), tenant, last.ID, flowhq.FollowUpGivenUp,
			"the customer did not come back to it"))
		if got := first(b.Orders(t.Context(), tenant, store.FactFilter{}))(t)[0].Status; got != want {
			t.Errorf("the order is %s; want %s", got, want)
		}
		if n := len(first(b.FollowUps(t.Context(), tenant,
			store.FactFilter{Status: "GIVEN_UP"}))(t)); n != 1 {
			t.Errorf("%d follow-ups GIVEN_UP; want 1", n)
		}
	}
}

func answered(_ int64, _ bool, err error) error { return err }

// sendNow sends a follow-up whose limits have room.
func (b *bench) sendNow(t testing.TB, tenant flowhq.TenantID, f flowhq.FollowUp) bool {
	t.Helper()
	return must(b.SendFollowUp(t.Context(), tenant, f,
		store.FollowUpMessage{Text: "a reminder", PerMinute: 100, PerContact: 100}))(t).Sent
}

// TestFollowUpIsSentOnce: of many who send one at once, and again, one writes a message. The same
// follow-up in a restored database is sent under the same id.
func TestFollowUpIsSentOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _, _ := b.booked(t, tomorrow())
	f := must(onlyFollowUp(t.Context(), b.Store, tenant))(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { b.sendNow(t, tenant, f) })
	}
	all.Wait()
	unsent := must(b.Unsent(t.Context(), tenant, 0, 10))(t)
	var sent []flowhq.Message
	for _, m := range unsent {
		if m.Kind == flowhq.KindFollowUp {
			sent = append(sent, m)
		}
	}
	if len(sent) != 1 || sent[0].ToNumber != aNumber || sent[0].ExpiresAt == nil ||
		!sent[0].ExpiresAt.Equal(f.ExpiresAt) {
		t.Fatalf("messages %+v; want one", sent)
	}
	now := must(onlyFollowUp(t.Context(), b.Store, tenant))(t)
	if now.Status != flowhq.FollowUpSent || now.MessageID != sent[0].ID {
		t.Errorf("the follow-up is %+v; want SENT with message %d", now, sent[0].ID)
	}
	b.exec(t, `update flowhq.message_logs set status = 'FAILED' where id = $1`, sent[0].ID)
	if now = must(onlyFollowUp(t.Context(), b.Store, tenant))(t); now.Status != flowhq.FollowUpMissed {
		t.Errorf("a follow-up whose message has FAILED is %s", now.Status)
	}
	b.exec(t, `delete from flowhq.message_logs where id = $1`, sent[0].ID) // an older backup
	b.exec(t, `update flowhq.follow_ups set status = 'PENDING', message_id = 0 where id = $1`, f.ID)
	if !b.sendNow(t, tenant, f) {
		t.Error("a follow-up was not sent again after a restore")
	}
	if n := scalar[int](t, b, `select count(*)::int from flowhq.message_logs where wa_message_id = $1`, sent[0].WAMessageID); n != 1 {
		t.Errorf("%d messages under the id of the first; want 1", n)
	}
}

// TestFollowUpIsWithdrawn: a message that no host has begun to send is withdrawn when the booking
// is moved, and is there again, once, when it comes back.
func TestFollowUpIsWithdrawn(t *testing.T) {
	t.Parallel()
	b := open(t)
	at := tomorrow()
	tenant, epoch, number := b.booked(t, at)
	f := must(onlyFollowUp(t.Context(), b.Store, tenant))(t)
	b.sendNow(t, tenant, f)
	later := at.Add(-time.Hour)
	ok(t, b.SetBooking(t.Context(), tenant, number, store.BookingChange{StartsAt: &later}, 1, "admin"))
	b.wantFollowUps(t, tenant, at, "TWO_HOURS_BEFORE -2.0 CANCELLED", "TWO_HOURS_BEFORE -3.0 PENDING")
	message := scalar[int64](t, b, `select message_id from flowhq.follow_ups where id = $1`, f.ID)
	if n := must(b.CountAttempt(t.Context(), tenant, epoch, message))(t); n != 0 {
		t.Errorf("the host may make attempt %d at a message that was withdrawn", n)
	}
	ok(t, b.SetBooking(t.Context(), tenant, number, store.BookingChange{StartsAt: &at}, 1, "admin"))
	b.wantFollowUps(t, tenant, at, "TWO_HOURS_BEFORE -2.0 PENDING", "TWO_HOURS_BEFORE -3.0 CANCELLED")
	if !b.sendNow(t, tenant, f) {
		t.Fatal("the reminder was not sent again")
	}
	// From now on a host has it in hand: what may have been sent stays SENT.
	if n := must(b.CountAttempt(t.Context(), tenant, epoch, message))(t); n != 1 {
		t.Errorf("attempt %d; want 1", n)
	}
	ok(t, b.SetBooking(t.Context(), tenant, number, store.BookingChange{StartsAt: &later}, 1, "admin"))
	b.wantFollowUps(t, tenant, at, "TWO_HOURS_BEFORE -2.0 SENT", "TWO_HOURS_BEFORE -3.0 PENDING")
}

// TestFollowUpsKeepLimits: what is over a limit stays PENDING, and counts as no error of the host.
func TestFollowUpsKeepLimits(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _, _ := b.booked(t, tomorrow()) // whose answer is the first reply
	f := must(onlyFollowUp(t.Context(), b.Store, tenant))(t)
	for _, m := range []store.FollowUpMessage{{PerMinute: 0, PerContact: 9},
		{PerMinute: 1, PerContact: 9}, {PerMinute: 9, PerContact: 1}} {
		_, err := b.SendFollowUp(t.Context(), tenant, f, m)
		wantCode(t, fmt.Sprintf("SendFollowUp with %+v", m), err, flowhq.Conflict)
	}
	if sent, err := b.SendFollowUp(t.Context(), tenant, f,
		store.FollowUpMessage{PerMinute: 2, PerContact: 2}); err != nil || !sent.Sent {
		t.Errorf("SendFollowUp = %+v, %v; want it sent", sent, err)
	}
}

// TestStopEndsReminders, also those of later bookings, until the customer wants them again.
func TestStopEndsReminders(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch, _ := b.booked(t, tomorrow())
	f := must(onlyFollowUp(t.Context(), b.Store, tenant))(t)
	b.leaves(t, tenant, epoch, b.receive(t, tenant, epoch, "stop"),
		flowhq.FactChange{Reminders: &flowhq.Reminders{Stopped: true}})
	if now := must(onlyFollowUp(t.Context(), b.Store, tenant))(t); now.Status != flowhq.FollowUpCancelled {
		t.Errorf("after stop the follow-up is %s", now.Status)
	}
	b.exec(t, `update flowhq.follow_ups set status = 'PENDING'`) // as of a later booking
	sent := must(b.SendFollowUp(t.Context(), tenant, f,
		store.FollowUpMessage{PerMinute: 9, PerContact: 9}))(t)
	if sent.Sent || !sent.Held || !sent.Standing.Unreminded {
		t.Errorf("SendFollowUp after stop = %+v; want it held", sent)
	}
	subject := must(b.FollowUpSubject(t.Context(), tenant, f.About, f.Number))(t)
	if !subject.Standing.Unreminded || subject.Booking == nil || len(subject.Pending) != 1 {
		t.Errorf("subject = %+v", subject)
	}
	b.leaves(t, tenant, epoch, b.receive(t, tenant, epoch, "start"),
		flowhq.FactChange{Reminders: &flowhq.Reminders{}})
	if !b.sendNow(t, tenant, f) {
		t.Error("nothing is sent to a customer who wants reminders again")
	}
}

// TestClaimFollowUps: what is new or late is claimed by one of all, and again after a while.
func TestClaimFollowUps(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _, number := b.booked(t, tomorrow().Add(24*time.Hour))
	claim := func(late time.Duration) []store.DueFollowUp {
		return must(b.ClaimFollowUps(t.Context(), late, time.Minute, 10))(t)
	}
	if due := claim(time.Minute); len(due) != 0 {
		t.Errorf("claimed %v; nothing is that late", due)
	}
	want := []store.DueFollowUp{{Tenant: tenant, About: flowhq.AboutBooking, Number: number}}
	if diff := cmp.Diff(want, claim(0)); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	if due := claim(0); len(due) != 0 {
		t.Errorf("claimed %v twice", due)
	}
	for _, f := range first(b.FollowUps(t.Context(), tenant, store.FactFilter{}))(t) {
		ok(t, b.PlanFollowUp(t.Context(), tenant, f.ID, f.DueAt))
	}
	b.exec(t, `update flowhq.follow_ups set next_at = now() - interval '1 hour' where kind = 'DAY_BEFORE'`)
	if diff := cmp.Diff(want, claim(time.Minute)); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
}

func TestCancelFollowUp(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _, _ := b.booked(t, tomorrow())
	f := must(onlyFollowUp(t.Context(), b.Store, tenant))(t)
	for range 2 {
		got := must(b.CancelFollowUp(t.Context(), tenant, f.ID, "admin"))(t)
		if got.Status != flowhq.FollowUpCancelled || got.Reason != "by admin" || got.Contact != aNumber {
			t.Errorf("cancelled: %+v", got)
		}
	}
	if n := b.eventCount(t, tenant, flowhq.EventFactChanged); n != 1 {
		t.Errorf("%d events; want 1", n)
	}
	if b.sendNow(t, tenant, f) {
		t.Error("a cancelled follow-up was sent")
	}
	_, err := b.CancelFollowUp(t.Context(), tenant, f.ID+1, "admin")
	wantCode(t, "CancelFollowUp of none", err, flowhq.NotFound)
	b.exec(t, `update flowhq.follow_ups set status = 'MISSED'`)
	_, err = b.CancelFollowUp(t.Context(), tenant, f.ID, "admin")
	wantCode(t, "CancelFollowUp of a missed one", err, flowhq.Conflict)
}
