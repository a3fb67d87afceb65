package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestYesAndGiveUpAtOnce: an order is either confirmed or given up, and who was second learns it.
// An answer and the end of a follow-up lock both rows, and must not deadlock.
func TestYesAndGiveUpAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for i := range 20 {
		id := b.receive(t, tenant, epoch, fmt.Sprint("open", i))
		b.leaves(t, tenant, epoch, id, flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderOpen}})
		number := flowhq.Reference(id)
		last := first(b.FollowUps(t.Context(), tenant, store.FactFilter{}))(t)[0]
		yes := b.receive(t, tenant, epoch, fmt.Sprint("yes", i))
		var all sync.WaitGroup
		var said, ended error
		all.Go(func() {
			_, _, said = b.Answer(t.Context(), tenant, epoch, yes, withFacts(fmt.Sprint("YES", i),
				flowhq.FactChange{Order: &flowhq.Order{Number: number, Status: flowhq.OrderConfirmed}}))
		})
		all.Go(func() {
			ended = b.EndFollowUp(t.Context(), tenant, last.ID, flowhq.FollowUpGivenUp, "nobody came back")
		})
		all.Wait()
		ok(t, ended)
		o := must(b.Order(t.Context(), tenant, number))(t)
		confirmed := said == nil && o.Status == flowhq.OrderConfirmed && o.ConfirmedAt != nil
		givenUp := flowhq.ErrorCode(said) == flowhq.Conflict && o.Status == flowhq.OrderCancelled &&
			o.ConfirmedAt == nil
		if !confirmed && !givenUp {
			t.Fatalf("the order is %+v, and Answer says %v", o, said)
		}
	}
}

// TestOrderChangesOnlyAsItWasRead: what the bot decided on an order that somebody else has changed
// since is not written, and the message stays to be decided once more.
func TestOrderChangesOnlyAsItWasRead(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for i, tt := range []struct {
		was     []flowhq.OrderStatus // moved to by an operator, one after the other
		becomes flowhq.OrderStatus
		refused bool
	}{
		{nil, flowhq.OrderOpen, false},
		{nil, flowhq.OrderConfirmed, false},
		{nil, flowhq.OrderCancelled, false},
		{[]flowhq.OrderStatus{flowhq.OrderConfirmed}, flowhq.OrderConfirmed, false},
		{[]flowhq.OrderStatus{flowhq.OrderConfirmed}, flowhq.OrderCancelled, false},
		{[]flowhq.OrderStatus{flowhq.OrderConfirmed}, flowhq.OrderOpen, true},
		{[]flowhq.OrderStatus{flowhq.OrderCancelled}, flowhq.OrderOpen, true},
		{[]flowhq.OrderStatus{flowhq.OrderCancelled}, flowhq.OrderConfirmed, true},
		{[]flowhq.OrderStatus{flowhq.OrderConfirmed, flowhq.OrderFulfilled}, flowhq.OrderOpen, true},
		{[]flowhq.OrderStatus{flowhq.OrderConfirmed, flowhq.OrderFulfilled}, flowhq.OrderConfirmed, true},
		{[]flowhq.OrderStatus{flowhq.OrderConfirmed, flowhq.OrderFulfilled}, flowhq.OrderCancelled, true},
	} {
		id := b.receive(t, tenant, epoch, fmt.Sprint("open", i))
		b.leaves(t, tenant, epoch, id, flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderOpen}})
		number := flowhq.Reference(id)
		for _, s := range tt.was {
			ok(t, b.SetOrder(t.Context(), tenant, number, moved(s), "admin"))
		}
		before := must(b.Order(t.Context(), tenant, number))(t)
		next := b.receive(t, tenant, epoch, fmt.Sprint("next", i))
		_, done, err := b.Answer(t.Context(), tenant, epoch, next, withFacts(fmt.Sprint("NEXT", i),
			flowhq.FactChange{Order: &flowhq.Order{Number: number, Status: tt.becomes}}))
		want := tt.becomes
		if tt.refused {
			want = before.Status
		}
		after := must(b.Order(t.Context(), tenant, number))(t)
		if done == tt.refused || (flowhq.ErrorCode(err) == flowhq.Conflict) != tt.refused ||
			after.Status != want {
			t.Errorf("%s to %s: done %v, %v, the order is %s", before.Status, tt.becomes, done, err,
				after.Status)
		}
		if tt.refused {
			ok(t, answered(b.Answer(t.Context(), tenant, epoch, next, withFacts(fmt.Sprint("NEXT", i)))))
		}
	}
}

// TestOrderIsAskedAbout when the host has begun to send the follow-up, and while nobody confirmed.
func TestOrderIsAskedAbout(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	b.leaves(t, tenant, epoch, id, flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderOpen}})
	asked := func() *time.Time {
		t.Helper()
		c := must(b.Conversation(t.Context(), tenant, id))(t)
		if len(c.Orders) != 1 {
			t.Fatalf("orders %+v; want one", c.Orders)
		}
		return c.Orders[0].AskedAt
	}
	all := first(b.FollowUps(t.Context(), tenant, store.FactFilter{}))(t)
	f := all[len(all)-1]
	if f.Kind != flowhq.After30Minutes || asked() != nil {
		t.Fatalf("the first follow-up is %+v, asked at %v", f, asked())
	}
	b.sendNow(t, tenant, f)
	if asked() != nil {
		t.Error("asked before the message was sent")
	}
	b.exec(t, `update flowhq.message_logs set status = 'SENT', attempts = 1, sent_at = now() where kind = 'FOLLOW_UP' and tenant_id = $1`, tenant)
	if asked() == nil {
		t.Error("not asked although the message was sent")
	}
	b.exec(t, `update flowhq.message_logs set status = 'FAILED' where kind = 'FOLLOW_UP' and tenant_id = $1`, tenant)
	if asked() != nil {
		t.Error("asked by a message that has failed")
	}
}
