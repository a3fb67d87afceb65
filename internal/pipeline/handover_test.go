package pipeline

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// promise stands for reply.Decide. It promises a person, for that long.
func promise(length time.Duration) func(reply.Input) reply.Turn {
	return func(in reply.Input) reply.Turn {
		until := in.Message.At.Add(length)
		return reply.Turn{Reply: "a person comes", Facts: []flowhq.FactChange{{HandOver: &flowhq.HandOver{
			Reason: flowhq.HandOverAsked, At: in.Message.At, Until: &until,
		}}}}
	}
}

// ownerNumber has the profile name a number to which hand-overs are told.
func (b *bench) ownerNumber() {
	b.t.Helper()
	profile, err := b.store.Profile(b.t.Context(), b.tenant.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	profile.OwnerNumber = "+255700000088"
	if _, err := b.store.ChangeProfile(b.t.Context(), b.tenant.ID,
		store.ProfileChange{Profile: profile, Actor: "test"}); err != nil {
		b.t.Fatal(err)
	}
}

// The owner is told of a hand-over, and the customer all the same that nobody came: both messages
// are about the same question.
func TestNobodyCameThoughTheOwnerWasTold(t *testing.T) {
	b := newBench(t, unlimited)
	b.ownerNumber()
	p := b.host()
	p.Decide = promise(1500 * time.Millisecond)
	p.Start()
	b.receive(p, "1@lid", "IN1", "give me a person")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 3})
	to := map[string]int{}
	for _, m := range b.log() {
		if m.Kind == flowhq.KindNotice {
			to[m.Chat]++
		}
	}
	if len(to) != 2 || to["1@lid"] != 1 || to["255700000088@s.whatsapp.net"] != 1 {
		t.Errorf("notices went to %v; want one to the owner and one to the customer", to)
	}
}

// losing loses the database's word of the first answer.
type losing struct {
	Store
	once sync.Once
}

func (s *losing) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (reply int64, done bool, err error) {
	reply, done, err = s.Store.Answer(ctx, tenant, epoch, id, o)
	s.once.Do(func() { reply, done, err = 0, false, flowhq.Errorf(flowhq.Unavailable, "lost") })
	return reply, done, err
}

// The owner is told, and the hand-over ends in time, where the answer was written but the
// database's word of it was lost.
func TestHandOverWhoseAnswerWasLost(t *testing.T) {
	b := newBench(t, unlimited)
	b.ownerNumber()
	p := b.host()
	p.Store = &losing{Store: p.Store}
	p.Decide = promise(1500 * time.Millisecond)
	p.Start()
	b.receive(p, "1@lid", "IN1", "give me a person")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 3})
}

// blind reads nothing of what is taken, as of what lies beyond the bookings that are read.
type blind struct{ Store }

func (s blind) Receive(ctx context.Context, tenant flowhq.TenantID, epoch int64,
	in store.Inbound) (store.Received, error) {
	r, err := s.Store.Receive(ctx, tenant, epoch, in)
	r.Conversation.Taken = nil
	return r, err
}

func (s blind) Conversation(ctx context.Context, tenant flowhq.TenantID,
	id int64) (store.Conversation, error) {
	c, err := s.Store.Conversation(ctx, tenant, id)
	c.Taken = nil
	return c, err
}

// A slot that the database refuses is taken for the bot too, though it was not read: the customer
// is told so, and the message does not become a dead letter.
func TestSlotBeyondWhatIsRead(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Store = blind{p.Store}
	at := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	p.Decide = func(in reply.Input) reply.Turn {
		for n := range 3 { // the first slot that is free
			start := at.Add(time.Duration(n) * time.Hour)
			taken := false
			for _, s := range in.Calendar.Taken {
				taken = taken || s.From.Equal(start)
			}
			if !taken {
				return reply.Turn{Reply: fmt.Sprint("slot ", n),
					Facts: []flowhq.FactChange{{Booking: &flowhq.Booking{
						Number: in.Reference, Service: "cut", Minutes: 30, StartsAt: start,
						EndsAt: start.Add(30 * time.Minute), Status: flowhq.BookingConfirmed,
					}}}}
			}
		}
		return reply.Turn{Reply: "full"}
	}
	p.Start()
	for i := range 4 {
		b.receive(p, fmt.Sprintf("%d@lid", i), fmt.Sprint("IN", i), "book")
		b.becomes(map[string]int{"IN ANSWERED": i + 1, "OUT SENT": i + 1})
	}
	if page, _, err := b.store.Bookings(t.Context(), b.tenant.ID, store.FactFilter{}); err != nil ||
		len(page) != 3 {
		t.Errorf("%d bookings, %v; want 3", len(page), err)
	}
}

// profiled counts how often a profile is read.
type profiled struct {
	Store
	profiles int
}

func (s *profiled) Profile(ctx context.Context, tenant flowhq.TenantID) (flowhq.Profile, error) {
	s.profiles++
	return s.Store.Profile(ctx, tenant)
}

// A conversation that was read before the profile changed is decided with the later profile, which
// is not read and compiled again for it.
func TestKnowledgeIsCompiledOncePerVersion(t *testing.T) {
	b := newBench(t, unlimited)
	b.ownerNumber()
	p := b.host()
	s := &profiled{Store: p.Store}
	p.Store = s
	for _, version := range []int64{0, 1, 0, 1, 0} {
		if k, err := p.knowledgeOf(version, b.tenant.Config); err != nil || k.version != 1 {
			t.Fatalf("knowledgeOf(%d) = version %d, %v; want 1", version, k.version, err)
		}
	}
	if s.profiles != 1 {
		t.Errorf("the profile was read %d times; want once", s.profiles)
	}
}
