package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// tomorrow is a time ahead, in whole seconds.
func tomorrow() time.Time { return time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second) }

func booking(at time.Time, status flowhq.BookingStatus) *flowhq.Booking {
	return &flowhq.Booking{Service: "cut", Minutes: 30, Price: 10_000, Currency: "TZS",
		StartsAt: at, Name: "Amina", Status: status}
}

// withFacts is an answer that leaves facts.
func withFacts(waID string, facts ...flowhq.FactChange) store.Outcome {
	o := answer(waID)
	o.Facts = facts
	return o
}

// TestFactsOnce: each fact of an answer is there once, however often the answer is repeated, and
// not at all if a newer host has fenced it.
func TestFactsOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	at := tomorrow()
	order := &flowhq.Order{Lines: []flowhq.OrderLine{{Product: "rice", Name: "Rice \x00",
		Quantity: 2, Price: 3000}},
		Delivery: flowhq.Drop{Area: "kimara", Address: "near the church", Fee: 2000}, Total: 8000,
		Currency: "TZS", Status: flowhq.OrderConfirmed}
	o := withFacts("OUT", flowhq.FactChange{Booking: booking(at, flowhq.BookingHeld)},
		flowhq.FactChange{Booking: booking(at, flowhq.BookingConfirmed)},
		flowhq.FactChange{Order: order},
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "problem", Note: "no\x00 net",
			Status: flowhq.TicketOpen}},
		flowhq.FactChange{Unanswered: &flowhq.Unanswered{Text: "do you sell gas?",
			Language: flowhq.English, Intents: []string{"product", "price"}}},
		flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked, Note: "a person"}})
	o.Understood, o.HandOverFor = []byte(`{"band":"sure"}`), time.Hour
	o.OwnerNotice = &store.OwnerNotice{To: "+255700000099", WAID: "NOTICE", Text: "somebody asks for you"}
	replyID, done, err := b.Answer(t.Context(), tenant, epoch, id, o)
	if err != nil || !done || replyID == 0 {
		t.Fatalf("Answer = %d, %v, %v", replyID, done, err)
	}
	for range 2 {
		if again, done, err := b.Answer(t.Context(), tenant, epoch, id, o); err != nil || done ||
			again != replyID {
			t.Fatalf("Answer again = %d, %v, %v; want %d, false", again, done, err, replyID)
		}
	}
	number := flowhq.Reference(id)
	bookings := first(b.Bookings(t.Context(), tenant, store.FactFilter{}))(t)
	if len(bookings) != 1 || bookings[0].Number != number || bookings[0].Status != flowhq.BookingConfirmed ||
		!bookings[0].EndsAt.Equal(at.Add(30*time.Minute)) || bookings[0].Contact != aNumber ||
		bookings[0].MessageID != id {
		t.Errorf("bookings = %+v; want one, confirmed, %s", bookings, number)
	}
	orders := first(b.Orders(t.Context(), tenant, store.FactFilter{}))(t)
	if len(orders) != 1 || orders[0].Total != 8000 || orders[0].Lines[0].Quantity != 2 ||
		orders[0].Delivery.Area != "kimara" {
		t.Errorf("orders = %+v", orders)
	}
	if n := len(first(b.Tickets(t.Context(), tenant, store.FactFilter{Status: "OPEN"}))(t)); n != 1 {
		t.Errorf("%d tickets; want 1", n)
	}
	if qs := first(b.Questions(t.Context(), tenant, store.FactFilter{}))(t); len(qs) != 1 ||
		len(qs[0].Intents) != 2 {
		t.Errorf("questions = %+v", qs)
	}
	if hs := first(b.HandOvers(t.Context(), tenant,
		store.FactFilter{Status: "OPEN"}))(t); len(hs) != 1 || hs[0].Until == nil {
		t.Errorf("hand-overs = %+v", hs)
	}
	if n := b.eventCount(t, tenant, flowhq.EventHandedOver); n != 1 {
		t.Errorf("%d events HANDED_OVER; want 1", n)
	}
	if n := scalar[int](t, b, `select count(*)::int from flowhq.message_logs where kind = 'NOTICE' and chat = '255700000099@s.whatsapp.net'`); n != 1 {
		t.Errorf("%d notices to the owner; want 1", n)
	}
	log, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{Status: flowhq.Answered})
	if err != nil || len(log) != 1 || string(log[0].Understood) != `{"band":"sure"}` {
		t.Errorf("log = %+v, %v", log, err)
	}

	later := b.receive2(t, tenant, epoch, "later", bLID, bNumber)
	must(b.Claim(t.Context(), tenant, "host-b"))(t)
	_, _, err = b.Answer(t.Context(), tenant, epoch, later,
		withFacts("OUT2", flowhq.FactChange{Booking: booking(at.Add(time.Hour), flowhq.BookingConfirmed)}))
	wantCode(t, "Answer of an older host", err, flowhq.Fenced)
	if n := len(first(b.Bookings(t.Context(), tenant, store.FactFilter{}))(t)); n != 1 {
		t.Errorf("%d bookings after a fenced answer; want 1", n)
	}
}

func (b *bench) receive2(t testing.TB, tenant flowhq.TenantID, epoch int64, waID, lid, number string) int64 {
	t.Helper()
	return must(b.Receive(t.Context(), tenant, epoch, from(lid, number, waID)))(t).ID
}

func (b *bench) eventCount(t testing.TB, tenant flowhq.TenantID, event flowhq.EventType) int {
	t.Helper()
	return scalar[int](t, b, `select count(*)::int from flowhq.portal_event_logs where tenant_id = $1 and event_type = $2`, tenant, event)
}

// TestCapacity: customers who take overlapping slots at once get as many as there is room for. The
// others' answers are refused as a whole.
func TestCapacity(t *testing.T) {
	t.Parallel()
	for _, capacity := range []int{1, 3} {
		t.Run(fmt.Sprint(capacity), func(t *testing.T) {
			b := open(t)
			tenant, epoch := b.hosted(t)
			const customers = 12
			at := tomorrow()
			var wg sync.WaitGroup
			codes := make([]flowhq.Code, customers)
			for i := range customers {
				id := b.receive2(t, tenant, epoch, fmt.Sprint("in", i), fmt.Sprintf("%d@lid", 100+i), "")
				o := withFacts(fmt.Sprint("out", i),
					flowhq.FactChange{Booking: booking(at.Add(time.Duration(i%2)*15*time.Minute),
						flowhq.BookingConfirmed)})
				o.Capacity = capacity
				wg.Go(func() {
					_, _, err := b.Answer(context.WithoutCancel(t.Context()), tenant, epoch, id, o)
					codes[i] = flowhq.ErrorCode(err)
				})
			}
			wg.Wait()
			counts := map[flowhq.Code]int{}
			for _, c := range codes {
				counts[c]++
			}
			if diff := cmp.Diff(map[flowhq.Code]int{"": capacity,
				flowhq.Conflict: customers - capacity}, counts); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if n := len(first(b.Bookings(t.Context(), tenant, store.FactFilter{}))(t)); n != capacity {
				t.Errorf("%d bookings; want %d", n, capacity)
			}
			if n := len(must(b.Unanswered(t.Context(), tenant, 0, 50))(t)); n != customers-capacity {
				t.Errorf("%d messages wait; want %d", n, customers-capacity)
			}
		})
	}
}

// TestCapacityByTime: what has lapsed, is cancelled, is at another time or is the booking itself
// takes no room. Bookings one after the other take the room of one.
func TestCapacityByTime(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	at, n := tomorrow(), 0
	book := func(start time.Time, minutes, capacity int, status flowhq.BookingStatus) (string, error) {
		n++
		id := b.receive(t, tenant, epoch, fmt.Sprint("in", n))
		f := booking(start, status)
		f.Minutes = minutes
		o := withFacts(fmt.Sprint("out", n), flowhq.FactChange{Booking: f})
		o.Capacity = capacity
		_, _, err := b.Answer(t.Context(), tenant, epoch, id, o)
		return flowhq.Reference(id), err
	}
	want := func(what string, err error, code flowhq.Code) { t.Helper(); wantCode(t, what, err, code) }
	held, err := book(at, 30, 1, flowhq.BookingHeld)
	want("a free slot", err, "")
	_, err = book(at, 30, 1, flowhq.BookingConfirmed)
	want("a slot that is held", err, flowhq.Conflict)
	_, err = book(at.Add(30*time.Minute), 30, 1, flowhq.BookingConfirmed)
	want("the slot after it", err, "")
	_, err = book(at, 60, 2, flowhq.BookingConfirmed)
	want("across two bookings in a row, with room for two", err, "")
	_, err = book(at.Add(45*time.Minute), 30, 2, flowhq.BookingConfirmed)
	want("with two at once", err, flowhq.Conflict)

	b.exec(t, `update flowhq.bookings set held_until = now() - interval '1 second' where number = $1`, held)
	if got := first(b.Bookings(t.Context(), tenant,
		store.FactFilter{Status: "LAPSED"}))(t); len(got) != 1 || got[0].Status != flowhq.BookingLapsed {
		t.Errorf("lapsed bookings = %+v; want one", got)
	}
	_, err = book(at.Add(10*time.Minute), 10, 2, flowhq.BookingConfirmed)
	want("a slot whose hold has lapsed", err, "")
	confirmed := flowhq.BookingConfirmed
	want("confirming it too late", b.SetBooking(t.Context(), tenant, held,
		store.BookingChange{Status: &confirmed}, 2, "admin"), flowhq.Conflict)
	later := at.Add(3 * time.Hour)
	want("moving it", b.SetBooking(t.Context(), tenant, held, store.BookingChange{StartsAt: &later},
		1, "admin"), "")
	cancelled := flowhq.BookingCancelled
	want("cancelling it", b.SetBooking(t.Context(), tenant, held,
		store.BookingChange{Status: &cancelled}, 1, "admin"), "")
	_, err = book(later, 30, 1, flowhq.BookingConfirmed)
	want("the slot of one that is cancelled", err, "")
	want("a booking that is none", b.SetBooking(t.Context(), tenant, "X00000",
		store.BookingChange{Status: &cancelled}, 1, "admin"), flowhq.NotFound)
	if n := b.eventCount(t, tenant, flowhq.EventFactChanged); n != 2 {
		t.Errorf("%d events FACT_CHANGED; want 2", n)
	}
}

// TestBurstIsAnsweredAtOnce: the earlier lines become what the last one does, in its statement.
func TestBurstIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	one, two, three := b.receive(t, tenant, epoch, "1"), b.receive(t, tenant, epoch, "2"),
		b.receive(t, tenant, epoch, "3")
	ok(t, b.Revise(t.Context(), tenant, epoch, two, store.Revision{At: noon, Revoked: true}))
	o := answer("OUT")
	o.Earlier = []int64{one, two}
	for i := range 2 {
		if _, done, err := b.Answer(t.Context(), tenant, epoch, three, o); err != nil || done != (i == 0) {
			t.Fatalf("Answer = %v, %v", done, err)
		}
	}
	got := map[int64]string{}
	log, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{})
	ok(t, err)
	for _, m := range log {
		if m.Direction == flowhq.In {
			got[m.ID] = string(m.Status)
			if m.AnsweredWith != nil {
				got[m.ID] += fmt.Sprint(" with ", *m.AnsweredWith)
			}
		}
	}
	want := map[int64]string{one: fmt.Sprint("ANSWERED with ", three), two: "IGNORED", three: "ANSWERED"}
	if diff := cmp.Diff(want, got); diff != "" || len(log) != 4 {
		t.Errorf("%d rows (-want +got):\n%s", len(log), diff)
	}
}

// TestFactsFollowAContact: of two contacts that become one, so do the facts, and one hand-over
// stays open.
func TestFactsFollowAContact(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for i, m := range []store.Inbound{from(aLID, "", "a"), from("", aNumber, "b")} {
		id := must(b.Receive(t.Context(), tenant, epoch, m))(t).ID
		_, _, err := b.Answer(t.Context(), tenant, epoch, id, withFacts(fmt.Sprint("out", i),
			flowhq.FactChange{Booking: booking(tomorrow().Add(time.Duration(i)*time.Hour),
				flowhq.BookingConfirmed)},
			flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderConfirmed}},
			flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "x", Status: flowhq.TicketOpen}},
			flowhq.FactChange{Unanswered: &flowhq.Unanswered{Text: "?"}},
			flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAnger}}))
		ok(t, err)
	}
	r := must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "c")))(t)
	if len(r.Merged) != 1 {
		t.Fatalf("Receive = %+v; want two contacts merged", r)
	}
	for _, table := range []string{"bookings", "orders", "tickets", "unanswered", "handovers"} {
		if n := scalar[int](t, b, `select count(*)::int from flowhq.`+table+
			` where contact_id = $1`, r.Contact); n != 2 {
			t.Errorf("the contact has %d %s; want 2", n, table)
		}
	}
	if n := scalar[int](t, b, `select count(*)::int from flowhq.handovers where ended_at is null`); n != 1 {
		t.Errorf("%d hand-overs are open; want 1", n)
	}
	c := must(b.Conversation(t.Context(), tenant, r.ID))(t)
	if len(c.Bookings) != 2 || len(c.Taken) != 2 || len(c.Orders) != 2 || len(c.Tickets) != 2 ||
		!c.HandedOver {
		t.Errorf("conversation = %+v; want all of it", c)
	}
}

// TestHandedOverIsNotAnswered: a hand-over that began after a reply was composed keeps the reply
// from being written; given back, the bot answers.
func TestHandedOverIsNotAnswered(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	received := must(b.Receive(t.Context(), tenant, epoch, text("1")))(t)
	id := received.ID
	order := store.ContactOrder{Contact: received.Contact, Actor: "admin"}
	handOver := order
	handOver.Note, handOver.Length = "mine", time.Hour
	ok(t, b.HandOverContact(t.Context(), tenant, handOver))
	_, _, err := b.Answer(t.Context(), tenant, epoch, id, answer("OUT"))
	wantCode(t, "Answer in a chat that is handed over", err, flowhq.Conflict)
	if r := must(b.Receive(t.Context(), tenant, epoch, text("2")))(t); !r.Conversation.HandedOver {
		t.Error("Receive does not say that the chat is handed over")
	}
	ok(t, b.GiveBackContact(t.Context(), tenant, order))
	if _, done, err := b.Answer(t.Context(), tenant, epoch, id, answer("OUT")); err != nil || !done {
		t.Errorf("Answer after it was given back = %v, %v", done, err)
	}
	order.Contact = 1 << 40
	wantCode(t, "HandOverContact of no contact", b.HandOverContact(t.Context(), tenant, order),
		flowhq.NotFound)
	wantCode(t, "GiveBackContact of no contact", b.GiveBackContact(t.Context(), tenant, order),
		flowhq.NotFound)
	if n := b.eventCount(t, tenant, flowhq.EventGivenBack); n != 1 {
		t.Errorf("%d events GIVEN_BACK; want 1", n)
	}
}

// TestReceiveOwn: what the owner writes is recorded once and hands the chat over; a chat that the
// owner began is left alone.
func TestReceiveOwn(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "1")
	// What the bot has sent is not taken for the owner's, should it ever come back.
	own := store.Own{Inbound: from(aLID, "", b.reply(t, tenant, epoch, "x")), HandOverFor: time.Hour}
	own.SentAt = time.Now()
	must(b.ReceiveOwn(t.Context(), tenant, epoch, own))(t)
	if c := must(b.Conversation(t.Context(), tenant, id))(t); c.HandedOver {
		t.Error("the bot's own reply has handed the chat over")
	}
	own = store.Own{Inbound: from(aLID, "", "OWN1"), HandOverFor: time.Hour}
	own.SentAt = time.Now()
	for range 3 {
		must(b.ReceiveOwn(t.Context(), tenant, epoch, own))(t)
	}
	log, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{})
	ok(t, err)
	if len(log) != 4 || log[0].Kind != flowhq.KindOwner || log[0].Status != flowhq.Sent ||
		log[0].Contact != aNumber || b.eventCount(t, tenant, flowhq.EventHandedOver) != 1 {
		t.Errorf("log = %+v", log)
	}
	if c := must(b.Conversation(t.Context(), tenant, id))(t); !c.HandedOver || c.LeftAlone {
		t.Errorf("conversation = %+v; want it handed over", c)
	}
	// One that comes long after it was written hands nothing over.
	late := store.Own{Inbound: from(bLID, bNumber, "OWN2"), HandOverFor: time.Hour}
	late.SentAt = time.Now().Add(-2 * time.Hour)
	must(b.ReceiveOwn(t.Context(), tenant, epoch, late))(t)
	r := must(b.Receive(t.Context(), tenant, epoch, from(bLID, bNumber, "2")))(t)
	if r.Conversation.HandedOver || !r.Conversation.LeftAlone {
		t.Errorf("conversation = %+v; want it left alone", r.Conversation)
	}
	alone := true
	leftAlone := store.ContactFilter{LeftAlone: &alone}
	if page := first(b.Contacts(t.Context(), tenant, leftAlone))(t); len(page) != 1 ||
		page[0].LeftAlone != "OWNER_BEGAN" || page[0].Number != bNumber {
		t.Errorf("left alone: %+v", page)
	}
	b.leaveAlone(t, tenant, bNumber, false)
	b.leaveAlone(t, tenant, "+255700000077", true)
	if page := first(b.Contacts(t.Context(), tenant, leftAlone))(t); len(page) != 1 ||
		page[0].LeftAlone != "LISTED" {
		t.Errorf("left alone: %+v", page)
	}
	must(b.Claim(t.Context(), tenant, "host-b"))(t)
	_, err = b.ReceiveOwn(t.Context(), tenant, epoch, own)
	wantCode(t, "ReceiveOwn of an older host", err, flowhq.Fenced)
}

// TestWrite: a message of an operator is written once for each key, to somebody new too.
func TestWrite(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	m := store.NewMessage{To: bNumber, Text: "your order is ready", Key: "k1", Actor: "admin",
		HandOverFor: time.Hour}
	one := must(b.Write(t.Context(), tenant, m))(t)
	if again := must(b.Write(t.Context(), tenant, m))(t); again.ID != one.ID ||
		one.Status != flowhq.Pending || one.Kind != flowhq.KindOperator {
		t.Errorf("Write = %+v, then %+v", one, again)
	}
	m.Text = "something else"
	_, err := b.Write(t.Context(), tenant, m)
	wantCode(t, "Write with a key that was used", err, flowhq.Conflict)
	_, err = b.Write(t.Context(), nobody, m)
	wantCode(t, "Write as nobody", err, flowhq.NotFound)
	if ms := must(b.Unsent(t.Context(), tenant, 0, 10))(t); len(ms) != 1 ||
		ms[0].Text != "your order is ready" {
		t.Errorf("Unsent = %+v", ms)
	}
	r := must(b.Receive(t.Context(), tenant, epoch, from(bLID, bNumber, "2")))(t)
	if !r.Conversation.HandedOver || r.Conversation.LeftAlone {
		t.Errorf("conversation = %+v; want it handed over", r.Conversation)
	}
}

// TestDueHandOvers: a hand-over ends by itself, once, and the customer is told if nobody came.
func TestDueHandOvers(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "1")
	o := withFacts("OUT", flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked}})
	o.HandOverFor = time.Hour
	ok(t, second(b.Answer(t.Context(), tenant, epoch, id, o)))
	due, next, err := b.DueHandOvers(t.Context(), tenant, 10)
	if err != nil || len(due) != 0 || next < 50*time.Minute || next > time.Hour {
		t.Fatalf("DueHandOvers = %v, %v, %v; want one in an hour", due, next, err)
	}
	b.exec(t, `update flowhq.handovers set until = now() where tenant_id = $1`, tenant)
	due, next, err = b.DueHandOvers(t.Context(), tenant, 10)
	if err != nil || len(due) != 1 || next != 0 || !due[0].NobodyCame || due[0].Question.ID != id ||
		string(due[0].State) == "" {
		t.Fatalf("DueHandOvers = %+v, %v, %v; want one that is due", due, next, err)
	}
	for range 2 {
		ok(t, b.EndHandOver(t.Context(), tenant, epoch, due[0].ID,
			&store.Outbound{WAID: "SORRY", Kind: flowhq.KindNotice, Text: "nobody came"}))
	}
	if ms := must(b.Unsent(t.Context(), tenant, 0, 10))(t); len(ms) != 2 ||
		ms[1].Text != "nobody came" || ms[1].Chat != aLID {
		t.Errorf("Unsent = %+v", ms)
	}
	if n := b.eventCount(t, tenant, flowhq.EventGivenBack); n != 1 {
		t.Errorf("%d events GIVEN_BACK; want 1", n)
	}
	if r := must(b.Receive(t.Context(), tenant, epoch, text("2")))(t); r.Conversation.HandedOver {
		t.Error("the chat is still handed over")
	}
}

// TestPruneFacts: old facts go, but for those that somebody has yet to see to.
func TestPruneFacts(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.keep(t, tenant, 30)
	id := b.receive(t, tenant, epoch, "1")
	ok(t, second(b.Answer(t.Context(), tenant, epoch, id, withFacts("OUT",
		flowhq.FactChange{Booking: booking(tomorrow(), flowhq.BookingConfirmed)},
		flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderConfirmed}},
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "x", Status: flowhq.TicketOpen}},
		flowhq.FactChange{Unanswered: &flowhq.Unanswered{Text: "?"}},
		flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAnger}}))))
	for _, table := range []string{"bookings", "orders", "tickets", "unanswered"} {
		b.exec(t, `update flowhq.`+table+` set updated_at = now() - interval '31 days'`)
	}
	b.exec(t, `update flowhq.handovers set at = now() - interval '31 days'`)
	if n := must(b.PruneFacts(t.Context(), tenant))(t); n != 1 { // the question
		t.Errorf("PruneFacts = %d; want 1", n)
	}
	for _, table := range []string{"orders", "tickets"} {
		b.exec(t, `update flowhq.`+table+` set updated_at = now() - interval '364 days'`)
	}
	if n := must(b.PruneFacts(t.Context(), tenant))(t); n != 0 {
		t.Errorf("PruneFacts = %d within a year; want 0", n)
	}
	b.exec(t, `update flowhq.bookings set starts_at = starts_at - interval '40 days', ends_at = ends_at - interval '40 days'`)
	b.exec(t, `update flowhq.orders set status = 'FULFILLED'`)
	b.exec(t, `update flowhq.tickets set status = 'CLOSED'`)
	b.exec(t, `update flowhq.handovers set ended_at = now()`)
	if n := must(b.PruneFacts(t.Context(), tenant))(t); n != 4 {
		t.Errorf("PruneFacts = %d; want 4", n)
	}
	// What nobody has closed goes a year after its last change, or with a longer retention.
	id = b.receive(t, tenant, epoch, "2")
	b.leaves(t, tenant, epoch, id, flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderConfirmed, Unpaid: true}},
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "x", Status: flowhq.TicketOpen}})
	for _, table := range []string{"orders", "tickets"} {
		b.exec(t, `update flowhq.`+table+` set updated_at = now() - interval '366 days'`)
	}
	b.exec(t, `delete from flowhq.follow_ups`)
	b.keep(t, tenant, 400)
	if n := must(b.PruneFacts(t.Context(), tenant))(t); n != 0 {
		t.Errorf("PruneFacts = %d within the retention; want 0", n)
	}
	b.keep(t, tenant, 30)
	if n := must(b.PruneFacts(t.Context(), tenant))(t); n != 2 {
		t.Errorf("PruneFacts = %d after a year; want 2", n)
	}
}
