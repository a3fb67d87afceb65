package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// A record with a value that nobody has said sends somebody to a wrong door, or brings what nobody
// pays for. No step is meant to make one up, but any may misread. So the values of each turn are
// held against what was said (founded.go) before anything is written. A value without evidence gives
// way to what was held before, or is left out and asked for.

// leaveUnsaid takes out what the turn would record and nobody has said. before is the turn as it
// began.
func (t *turn) leaveUnsaid(before *turn) {
	t.unsaid = t.unfounded(before)
	if len(t.unsaid) == 0 {
		return
	}
	if t.settles() && slices.ContainsFunc(t.unsaid, value.mustBeRead) {
		t.readBeforeSettling(before)
		return
	}
	visit, order := false, false
	for _, v := range t.unsaid {
		switch v.kind {
		case valService, valDay, valHour:
			visit = t.leaveOfVisit(v, before.next.Booking) || visit
		case valProduct, valQuantity, valSize, valArea, valPayment, valAddress:
			order = t.leaveOfOrder(v, before.basket()) || order
		case valName:
			t.leaveName(v.text, before.next.Name)
		case valNote:
			t.leaveNote(v.text)
		}
	}
	if t.handedOver() {
		return // who is called asks what is missing
	}
	if visit {
		t.readVisitAgain()
	}
	if order {
		t.next.Order.Told, t.question, t.hasAsked, t.next.Ask = 0, "", false, Ask{}
		t.continueOrder()
	}
}

// mustBeRead reports whether a value is one that a customer agrees to: nothing may be made for good
// with it that was not read back. A name or a note can be left out of what is made.
func (v value) mustBeRead() bool { return v.kind != valName && v.kind != valNote }

// readBeforeSettling makes nothing for good, and reads back once more what was held before. Where
// nothing was held a person decides.
func (t *turn) readBeforeSettling(before *turn) {
	t.facts = slices.DeleteFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Booking != nil || f.Order != nil
	})
	t.next.Booking, t.next.Order, t.next.Name = clone(before.next.Booking), before.next.Order,
		before.next.Name
	t.said, t.question, t.hasAsked, t.next.Ask, t.acts = nil, "", false, Ask{}, nil
	switch {
	case t.k.template() == flowhq.BookingTemplate && t.next.Booking != nil:
		t.readVisitAgain()
	case t.k.template() == flowhq.EcommerceTemplate && t.next.Order != nil:
		t.did(actOrder)
		t.next.Order.Told = 0
		t.continueOrder()
	default:
		t.handOver(flowhq.HandOverDecision)
	}
}

// leaveOfVisit takes a service, a day or an hour out of a visit, and reports whether there is one
// with it. held is the visit as it was.
func (t *turn) leaveOfVisit(v value, held *Visit) bool {
	b := t.next.Booking
	if b == nil || b.Moves != "" {
		return false
	}
	if held == nil || held.Moves != "" {
		held = &Visit{}
	}
	b.Number, b.HeldUntil = held.Number, held.HeldUntil
	switch v.kind {
	case valDay:
		b.Day, b.Start = held.Day, held.Start
	case valHour:
		b.Start = held.Start
		if !held.Start.IsZero() {
			b.Day = held.Day
		}
	default:
		if b.Service = held.Service; b.Service == "" {
			b.More = nil
			break
		}
		b.More, b.People, b.Together = slices.Clone(held.More), held.People, held.Together
	}
	return true
}

// leaveOfOrder takes something out of an order, and reports whether there is one with it. held is
// the order as it was.
func (t *turn) leaveOfOrder(v value, held Basket) bool {
	o := t.next.Order
	if o == nil {
		return false
	}
	switch v.kind {
	case valProduct:
		o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool { return l.Product == v.text })
	case valQuantity, valSize:
		if i := slices.IndexFunc(o.Lines, func(l Line) bool { return v.isOf(l) }); i >= 0 {
			o.Lines[i].unsay(v.kind)
			o.putBack(v, held.Lines)
		}
	case valArea:
		o.Area, o.Unlisted = held.Area, held.Unlisted
	case valAddress:
		o.Address = held.Address
	default:
		o.Payment = held.Payment
	}
	t.said = slices.DeleteFunc(t.said, func(p part) bool {
		return strings.Contains(p.text, v.text) || v.kind == valArea && t.tells(p.text, v.text)
	})
	return true
}

// isOf reports whether a line has a quantity or a size.
func (v value) isOf(l Line) bool {
	return l.Product == v.of && (v.kind != valSize || l.Size == v.text)
}

// unsay takes the size of a line, or its quantity, as not said.
func (l *Line) unsay(kind valueKind) {
	if kind == valSize {
		l.Size = ""
		return
	}
	l.Quantity, l.Guessed = 1, true
}

// leaveName puts the customer's name of before in the place of one that nobody has said.
func (t *turn) leaveName(name, before string) {
	t.next.Name = before
	for i, f := range t.facts {
		if f.Booking != nil && f.Booking.Name == name {
			b := *f.Booking
			b.Name = before
			t.facts[i].Booking = &b
		}
		if f.Order != nil && f.Order.Name == name {
			o := *f.Order
			o.Name = before
			t.facts[i].Order = &o
		}
	}
	t.unsayText(name)
}

// leaveNote takes a wish that nobody has said out of every note.
func (t *turn) leaveNote(wish string) {
	if v := t.next.Booking; v != nil {
		v.Note = withoutWish(v.Note, wish, "; ")
	}
	if o := t.next.Order; o != nil {
		o.Note = withoutWish(o.Note, wish, "; ")
	}
	if v := t.next.Ticket; v != nil {
		v.Note = withoutWish(v.Note, wish, " / ")
	}
	for i, f := range t.facts {
		switch {
		case f.Booking != nil:
			b := *f.Booking
			b.Note = withoutWish(b.Note, wish, "; ")
			t.facts[i].Booking = &b
		case f.Order != nil:
			o := *f.Order
			o.Note = withoutWish(o.Note, wish, "; ")
			t.facts[i].Order = &o
		case f.Ticket != nil:
			k := *f.Ticket
			k.Note = withoutWish(k.Note, wish, " / ")
			t.facts[i].Ticket = &k
		}
	}
	t.unsayText(wish)
}

// withoutWish is a note without one of its wishes.
func withoutWish(note, wish, between string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(note, between), func(one string) bool {
		return strings.TrimPrefix(strings.TrimSpace(one), "note: ") == wish
	}), between)
}

// unsayText takes what has a text out of the reply.
func (t *turn) unsayText(text string) {
	t.said = slices.DeleteFunc(t.said, func(p part) bool {
		return strings.Contains(strings.ToLower(p.text), strings.ToLower(text))
	})
}
