package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
)

// A stage is a conversation that is played and not had: what a worker keeps in rows from one turn
// to the next is kept here, so that a booking can be made, moved and cancelled.
type stage struct {
	knowledge *reply.Knowledge
	state     reply.State
	calendar  reply.Calendar
	at        time.Time // of the next message
	// It stands for the ids of messages, from which the numbers of facts are made.
	messages   int64
	handedOver bool
	taken      []flowhq.Span // by the customers that there are
}

// newStage returns a stage on which the first message is written at a time. taken is what the
// bookings of customers take.
func newStage(k *reply.Knowledge, at time.Time, taken []flowhq.Span) *stage {
	return &stage{knowledge: k, at: at, taken: taken}
}

// turn plays one message.
func (s *stage) turn(m previewMessage) previewTurn {
	s.messages++
	at := s.at
	// The clock moves on with each message, as that of a customer who types does.
	s.at = at.Add(previewPause)
	t := previewTurn{Text: m.Text, HandedOver: s.handedOver, Facts: []previewFact{}}
	// A person answers from here on, so nothing is read, as in a worker.
	if s.handedOver {
		return t
	}
	// What has lapsed goes before the bot decides, as a worker would not find it in the database.
	s.forget(at)
	turn := reply.Decide(reply.Input{
		Message: reply.Message{
			Text: m.Text, Kind: m.Kind, Media: m.Media, ID: s.messages, At: at, Written: at,
		},
		Knowledge: s.knowledge, State: s.state, Calendar: s.calendar,
		Reference: flowhq.Reference(s.messages),
	})
	s.state = turn.State
	// Facts are kept as the bot wrote them, and answered as copies with times in UTC.
	for _, f := range turn.Facts {
		s.write(f, at)
		t.Facts = append(t.Facts, factOf(f, at))
	}
	turn.Understood.Entities.Time = inUTC(turn.Understood.Entities.Time)
	t.Reply, t.Understood, t.HandedOver = turn.Reply, &turn.Understood, s.handedOver
	return t
}

// write keeps a fact for the turns to come. Other facts, such as unanswered questions, leave
// nothing that a later turn is given.
func (s *stage) write(f flowhq.FactChange, at time.Time) {
	c := &s.calendar
	switch {
	case f.Booking != nil:
		b := *f.Booking
		// The database sets it for a row.
		if b.Status == flowhq.BookingHeld && b.HeldUntil == nil {
			until := at.Add(flowhq.HoldFor)
			b.HeldUntil = &until
		}
		b.CreatedAt = cmp.Or(b.CreatedAt, at)
		// A change of a booking has its number, and stands in its place.
		c.Bookings = replaced(c.Bookings, b, func(b flowhq.Booking) string { return b.Number })
	case f.Order != nil:
		o := *f.Order
		o.CreatedAt, o.UpdatedAt = cmp.Or(o.CreatedAt, at), at // of which day it is, the bot says
		if o.Status == flowhq.OrderConfirmed {
			o.ConfirmedAt = cmp.Or(o.ConfirmedAt, &at)
		}
		c.Orders = replaced(c.Orders, o, func(o flowhq.Order) string { return o.Number })
	case f.Ticket != nil:
		k := *f.Ticket
		k.CreatedAt = cmp.Or(k.CreatedAt, at)
		c.Tickets = replaced(c.Tickets, k, func(t flowhq.Ticket) string { return t.Number })
		// A conversation is given the open tickets alone.
		c.Tickets = slices.DeleteFunc(c.Tickets, func(t flowhq.Ticket) bool {
			return t.Status == flowhq.TicketClosed
		})
	// It lasts to the end of the preview: no time passes in which it could lapse.
	case f.HandOver != nil:
		s.handedOver = true
	}
}

// forget drops the bookings that no longer stand at a time, and lists what the others take.
func (s *stage) forget(at time.Time) {
	c := &s.calendar
	c.Bookings = slices.DeleteFunc(c.Bookings, func(b flowhq.Booking) bool {
		// The database derives this from held_until; here the clock is that of the messages.
		lapsed := b.Status == flowhq.BookingHeld && b.HeldUntil != nil && !at.Before(*b.HeldUntil)
		return lapsed || b.Status == flowhq.BookingCancelled || !at.Before(b.EndsAt)
	})
	// A new list, as the turn before may still have the old one.
	c.Taken = nil
	for _, s := range s.taken {
		if s.To.After(at) {
			c.Taken = append(c.Taken, s)
		}
	}
	for _, b := range c.Bookings {
		c.Taken = append(c.Taken, flowhq.Span{From: b.StartsAt, To: b.EndsAt})
	}
}

// replaced returns facts, the newest first, with one in place of that of the same number.
func replaced[T any](all []T, fact T, number func(T) string) []T {
	// The list is cloned: the turn before may still have the old one.
	all = slices.DeleteFunc(slices.Clone(all), func(old T) bool {
		return number(old) == number(fact)
	})
	return slices.Insert(all, 0, fact)
}

// factOf returns a fact as it is answered, with its times in UTC. Those that the database gives to
// a row are the message's. Each is copied before its times are changed, as the stage goes on with
// the fact.
func factOf(f flowhq.FactChange, at time.Time) previewFact {
	at = at.UTC()
	var p previewFact
	if f.Booking != nil {
		b := *f.Booking
		b.StartsAt, b.EndsAt, b.CreatedAt, b.UpdatedAt = inUTC(b.StartsAt), inUTC(b.EndsAt), at, at
		b.HeldUntil = laterInUTC(b.HeldUntil)
		p.Booking = &b
	}
	if f.Order != nil {
		o := *f.Order
		o.CreatedAt, o.UpdatedAt = at, at
		p.Order = &o
	}
	if f.Ticket != nil {
		t := *f.Ticket
		t.CreatedAt, t.UpdatedAt = at, at
		p.Ticket = &t
	}
	if f.HandOver != nil {
		h := *f.HandOver
		h.At, h.Until = at, laterInUTC(h.Until)
		p.HandOver = &h
	}
	if f.Unanswered != nil {
		u := *f.Unanswered
		u.CreatedAt, u.UpdatedAt = at, at
		p.Unanswered = &u
	}
	if f.Reminders != nil {
		p.Reminders = f.Reminders
	}
	return p
}

// laterInUTC is inUTC for a time that may not be there.
func laterInUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// inUTC returns t as answers have times. The zero time stays zero.
func inUTC(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}
