package api

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// followedUp records a customer's booking, K1, which has one reminder ahead.
func followedUp(f *fixture, id flowhq.TenantID) {
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	m := store.Inbound{LID: "1@lid", Number: "+255700000001", WAID: "1", Kind: flowhq.KindText,
		Text: "yes", SentAt: time.Now()}
	if _, err := f.store.Receive(f.Context(), id, epoch, m); err != nil {
		f.Fatal(err)
	}
	_, _, err := f.store.Answer(f.Context(), id, epoch, f.newest(id), store.Outcome{
		Status: flowhq.Answered,
		Facts: []flowhq.FactChange{{Booking: &flowhq.Booking{
			Number: "K1", Service: "cut", Minutes: 30, StartsAt: time.Now().Add(5 * time.Hour),
			Status: flowhq.BookingConfirmed,
		}}},
	})
	if err != nil {
		f.Fatal(err)
	}
}

// missed is followedUp for a reminder that came too late.
func missed(f *fixture, id flowhq.TenantID) {
	followedUp(f, id)
	if err := f.store.EndFollowUp(f.Context(), id, f.followUp(id), flowhq.FollowUpMissed,
		"too late"); err != nil {
		f.Fatal(err)
	}
}

// followUp returns the id of the tenant's newest follow-up, 0 if it has none.
func (f *fixture) followUp(id flowhq.TenantID) int64 {
	f.Helper()
	all, _, err := f.store.FollowUps(f.Context(), id, store.FactFilter{Limit: 1})
	if err != nil {
		f.Fatal(err)
	}
	if len(all) == 0 {
		return 0
	}
	return all[0].ID
}

func TestListFollowUps(t *testing.T) {
	f := setup(t)
	id := f.create()
	followedUp(f, id)
	got := f.send(call{method: "GET", path: "/admin/tenants/" + string(id) +
		"/follow-ups?number=K1&status=PENDING"}, 200)
	all := got.json.(node)["follow_ups"].([]any)
	if len(all) != 1 {
		t.Fatalf("%d follow-ups; want 1", len(all))
	}
	one := all[0].(node)
	if one["kind"] != "TWO_HOURS_BEFORE" || one["about"] != "BOOKING" || one["number"] != "K1" ||
		one["contact"] != "+255700000001" {
		t.Errorf("follow-up %v", one)
	}
}
