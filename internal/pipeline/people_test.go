package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// deleting deletes the last line of a burst just before it is answered.
type deleting struct {
	Store
	b    *bench
	once sync.Once
}

func (s *deleting) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	s.once.Do(func() {
		if err := s.Store.Revise(ctx, tenant, epoch, id,
			store.Revision{At: time.Now(), Revoked: true}); err != nil {
			s.b.t.Error(err)
		}
	})
	return s.Store.Answer(ctx, tenant, epoch, id, o)
}

// disliking fails whenever a message of that text is to be decided, by itself or in a burst.
type disliking struct {
	Store
	b    *bench
	text string
}

func (s *disliking) Conversation(ctx context.Context, tenant flowhq.TenantID,
	id int64) (store.Conversation, error) {
	for _, m := range s.b.log() {
		last := m.ID < id && s.b.count()["IN RECEIVED"] == 3 // and so read as a burst
		if m.Text == s.text && (m.ID == id || last) {
			return store.Conversation{}, errors.New("it does not like this text")
		}
	}
	return s.Store.Conversation(ctx, tenant, id)
}

func (b *bench) own(p *Pipeline, chat, id, text string) {
	b.t.Helper()
	if err := p.ReceiveOwn(b.t.Context(), inbound(chat, id, text)); err != nil {
		b.t.Fatal(err)
	}
}

// What the owner writes pauses the bot in that chat, until it is given back. What came meanwhile
// is not answered later.
func TestOwnerPausesTheBot(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "book")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.own(p, "1@lid", "OWN1", "Karibu, this is me")
	b.receive(p, "1@lid", "IN2", "tomorrow at ten")
	b.receive(p, "2@lid", "IN3", "book")
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 1, "OUT SENT": 3})

	// Another host knows it too.
	p.Stop(t.Context())
	p = b.host()
	p.Start()
	b.receive(p, "1@lid", "IN4", "are you there?")
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 2, "OUT SENT": 3})
	b.giveBack()
	b.receive(p, "1@lid", "IN5", "book")
	b.becomes(map[string]int{"IN ANSWERED": 3, "IN IGNORED": 2, "OUT SENT": 4})
}

// giveBack ends the hand-over of the chat of the newest message.
func (b *bench) giveBack() {
	b.t.Helper()
	order := store.ContactOrder{Contact: b.log()[0].ContactID, Actor: "admin"}
	if err := b.store.GiveBackContact(b.t.Context(), b.tenant.ID, order); err != nil {
		b.t.Fatal(err)
	}
}

// A chat that the owner began is left alone.
func TestChatOfTheOwner(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.own(p, "1@lid", "OWN1", "Mama, shikamoo")
	b.giveBack()
	b.receive(p, "1@lid", "IN1", "Marahaba mwanangu")
	b.becomes(map[string]int{"IN IGNORED": 1, "OUT SENT": 1})
}

// interrupting has the owner write while a reply is composed.
type interrupting struct {
	Store
	p    *Pipeline
	b    *bench
	once sync.Once
}

func (s *interrupting) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	s.once.Do(func() { s.b.own(s.p, "1@lid", "OWN1", "I answer this") })
	return s.Store.Answer(ctx, tenant, epoch, id, o)
}

// The owner is faster than a reply that is composed already: it is not sent, and counts for no
// limit.
func TestOwnerIsFaster(t *testing.T) {
	b := newBench(t, func(n *flowhq.NewTenant) { one := 1; n.RepliesPerContact = &one })
	p := b.host()
	p.Store = &interrupting{Store: p.Store, p: p, b: b}
	p.Start()
	b.receive(p, "1@lid", "IN1", "book")
	b.becomes(map[string]int{"IN IGNORED": 1, "OUT SENT": 1})
	if n := len(b.line.attempts()); n != 0 {
		t.Errorf("%d messages were sent; want none", n)
	}
	b.giveBack()
	b.receive(p, "1@lid", "IN2", "book")
	b.becomes(map[string]int{"IN IGNORED": 1, "IN ANSWERED": 1, "OUT SENT": 2})
}

// handingOver adds facts to the first answer.
type adding struct {
	Store
	facts []flowhq.FactChange
	until time.Duration
	once  sync.Once
}

func (s *adding) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	s.once.Do(func() { o.Facts, o.HandOverFor = s.facts, s.until })
	return s.Store.Answer(ctx, tenant, epoch, id, o)
}

// A customer who was promised a person is told if nobody came, once, by whichever host lives then.
func TestNobodyCame(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Store = &adding{Store: p.Store, facts: []flowhq.FactChange{{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked}}}, until: 1200 * time.Millisecond}
	p.Start()
	b.receive(p, "1@lid", "IN1", "give me a person")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.receive(p, "1@lid", "IN2", "hello?")
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN IGNORED": 1, "OUT SENT": 1})
	p.cancel()
	p = b.host()
	p.Start()
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN IGNORED": 1, "OUT SENT": 2})
	log := b.log()
	if last := log[len(log)-1]; last.Kind != flowhq.KindNotice || last.Chat != "1@lid" {
		t.Errorf("the last message = %+v; want the news that nobody came", last)
	}
	b.receive(p, "1@lid", "IN3", "book")
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 1, "OUT SENT": 3})
}

// Two customers want the last slot: one gets it, and the other's message is decided again.
func TestLastSlot(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	at := time.Now().Add(24 * time.Hour)
	p.Store = &racing{Store: p.Store, at: at}
	p.Start()
	for i := range 6 {
		b.receive(p, fmt.Sprintf("%d@lid", i), fmt.Sprint("IN", i), "book")
	}
	b.becomes(map[string]int{"IN ANSWERED": 6, "OUT SENT": 6})
	if page, _, err := b.store.Bookings(t.Context(), b.tenant.ID, store.FactFilter{}); err != nil ||
		len(page) != 1 {
		t.Errorf("%d bookings, %v; want 1", len(page), err)
	}
}

// racing books the same slot with each first answer to a message, as reply.Decide does while it
// has not read the other's.
type racing struct {
	Store
	at    time.Time
	tried sync.Map
}

func (s *racing) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	if _, again := s.tried.LoadOrStore(id, true); !again {
		o.Facts = []flowhq.FactChange{{Booking: &flowhq.Booking{Service: "cut", Minutes: 30,
			StartsAt: s.at, Status: flowhq.BookingConfirmed}}}
	}
	return s.Store.Answer(ctx, tenant, epoch, id, o)
}

// A message of an operator is sent like a reply, once, and the bot is silent after it.
func TestOperatorWrites(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "book")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	for range 2 {
		if _, err := b.store.Write(t.Context(), b.tenant.ID,
			store.NewMessage{To: "+255700000009", Text: "ready", Key: "k", Actor: "admin"}); err != nil {
			t.Fatal(err)
		}
		if err := p.Refill(t.Context()); err != nil { // as the notice has it
			t.Fatal(err)
		}
	}
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 2})
	in := inbound("9@lid", "IN2", "thanks")
	in.Number = "+255700000009"
	if err := p.Receive(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN IGNORED": 1, "OUT SENT": 2})
	if n := len(b.line.attempts()); n != 2 {
		t.Errorf("%d messages were sent; want 2", n)
	}
}
