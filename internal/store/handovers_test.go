package store_test

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// own is what the owner wrote just now, which hands over for an hour.
func own(in store.Inbound) store.Own {
	in.SentAt = time.Now()
	return store.Own{Inbound: in, HandOverFor: time.Hour}
}

// leaveAlone has the bot leave the customer with a number alone, or serve the customer again.
func (b *bench) leaveAlone(t testing.TB, tenant flowhq.TenantID, number string, alone bool) {
	t.Helper()
	c, _, err := b.AddContact(t.Context(), tenant, number)
	ok(t, err)
	ok(t, b.LeaveContactAlone(t.Context(), tenant, store.ContactOrder{Contact: c.ID, Actor: "admin"}, alone))
}

// TestHandOverForGood: a hand-over that lasts until it is given back is not made shorter by what
// the owner or an operator writes meanwhile.
func TestHandOverForGood(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	r := must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "1")))(t)
	order := store.ContactOrder{Contact: r.Contact, Actor: "admin"}
	ok(t, b.HandOverContact(t.Context(), tenant, order))
	must(b.ReceiveOwn(t.Context(), tenant, epoch, own(from(aLID, aNumber, "OWN"))))(t)
	must(b.Write(t.Context(), tenant, store.NewMessage{To: aNumber, Text: "ready", Key: "k",
		Actor: "admin", HandOverFor: time.Hour}))(t)
	if n := scalar[int](t, b, `select count(*)::int from flowhq.handovers where until is null`); n != 1 {
		t.Errorf("%d hand-overs are for good; want 1", n)
	}
	// And the other way round.
	order.Length = time.Hour
	ok(t, b.HandOverContact(t.Context(), tenant, order))
	must(b.Write(t.Context(), tenant, store.NewMessage{To: aNumber, Text: "ready", Key: "l",
		Actor: "admin"}))(t)
	if n := scalar[int](t, b, `select count(*)::int from flowhq.handovers where until is null`); n != 1 {
		t.Errorf("%d hand-overs are for good after a message without an end; want 1", n)
	}
}

// TestOwnerWritesToACustomersNumber: a customer who was known by a LID alone is still one when the
// number to which the owner wrote turns out to be the same person's. Whom the owner wrote to first
// is left alone.
func TestOwnerWritesToACustomersNumber(t *testing.T) {
	t.Parallel()
	for name, ownerBegan := range map[string]bool{"customer": false, "mother": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			tenant, epoch := b.hosted(t)
			if !ownerBegan {
				must(b.Receive(t.Context(), tenant, epoch, from(aLID, "", "1")))(t)
			}
			must(b.ReceiveOwn(t.Context(), tenant, epoch, own(from("", aNumber, "OWN"))))(t)
			if ownerBegan {
				must(b.Receive(t.Context(), tenant, epoch, from(aLID, "", "1")))(t)
			}
			r := must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "2")))(t)
			if len(r.Merged) != 1 {
				t.Fatalf("Receive = %+v; want two contacts merged", r)
			}
			c := must(b.Conversation(t.Context(), tenant, r.ID))(t)
			if c.LeftAlone != ownerBegan || !c.HandedOver {
				t.Errorf("conversation = %+v; want it handed over, and left alone: %v", c, ownerBegan)
			}
			// Whom an operator has listed stays so under any address.
			b.leaveAlone(t, tenant, bNumber, true)
			must(b.Receive(t.Context(), tenant, epoch, from(bLID, "", "3")))(t)
			r = must(b.Receive(t.Context(), tenant, epoch, from(bLID, bNumber, "4")))(t)
			if c := must(b.Conversation(t.Context(), tenant, r.ID))(t); !c.LeftAlone {
				t.Error("a listed contact is answered after a merge")
			}
		})
	}
}

// TestOwnerWritesToACustomerOfOld: a customer whose messages are no longer kept, but whose booking
// is, has not been met first by the owner.
func TestOwnerWritesToACustomerOfOld(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	r := must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "1")))(t)
	ok(t, second(b.Answer(t.Context(), tenant, epoch, r.ID,
		withFacts("OUT", flowhq.FactChange{Booking: booking(tomorrow(), flowhq.BookingConfirmed)}))))
	b.exec(t, `delete from flowhq.message_logs where tenant_id = $1`, tenant)
	must(b.ReceiveOwn(t.Context(), tenant, epoch, own(from(aLID, aNumber, "OWN"))))(t)
	r = must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "2")))(t)
	if r.Conversation.LeftAlone {
		t.Error("the bot leaves a customer alone who has a booking")
	}
}

// TestSilentTurnKeepsTheOwnersHandOver: what the bot decides without a reply does not replace the
// hand-over that a person began meanwhile.
func TestSilentTurnKeepsTheOwnersHandOver(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	r := must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "1")))(t)
	must(b.ReceiveOwn(t.Context(), tenant, epoch, own(from(aLID, aNumber, "OWN"))))(t)
	_, _, err := b.Answer(t.Context(), tenant, epoch, r.ID, store.Outcome{
		Status: flowhq.Ignored, Facts: []flowhq.FactChange{{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverMissed}}},
	})
	wantCode(t, "Answer with facts in a chat that is handed over", err, flowhq.Conflict)
	if why := scalar[string](t, b, `select reason from flowhq.handovers`); why != string(flowhq.HandOverOwner) {
		t.Errorf("the hand-over is of %s; want OWNER", why)
	}
}
