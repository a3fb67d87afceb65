package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
)

// keepHeld puts back what the turn has lost of what was held, and goes on with it: what is kept is
// read back, so that the customer says what is not wanted. To drop it would be to guess.
func (t *turn) keepHeld(before *turn) {
	lost := t.lost(before)
	if len(lost) == 0 {
		return
	}
	if t.next.Name == "" {
		t.next.Name = before.next.Name
	}
	t.keepVisit(before, lost)
	t.keepBasket(before, lost)
	if v, w := t.next.Ticket, before.next.Ticket; v != nil && w != nil && v.Number == w.Number {
		for _, one := range lost {
			if one.kind == valNote && slices.Contains(ticketValues(w.Note), one) {
				v.Note = oneLine(w.Note+" / "+v.Note, maxNote)
				break
			}
		}
	}
}

// keepVisit puts back what a visit has lost.
func (t *turn) keepVisit(before *turn, lost []value) {
	w := before.next.Booking
	lost = among(lost, visitValues(w, t.k.zone))
	if len(lost) == 0 || t.settles() {
		return
	}
	v := t.next.Booking
	if v == nil || v.Moves != "" {
		t.next.Booking = clone(w)
		t.readVisitAgain()
		return
	}
	again := false
	for _, one := range lost {
		switch one.kind {
		case valService:
			if len(v.services()) < maxParts {
				t.putBesideFirst(v, one.text, w.Together)
				again = true
			}
		case valDay:
			v.Day, again = w.Day, true
		case valHour:
			v.Day, v.Start, again = w.Day, w.Start, true
		case valNote:
			v.Note = withNote(v.Note, one.text, maxNote)
		default: // a visit has nothing else
		}
	}
	if again {
		t.readVisitAgain()
	}
}

// among are the values that are among others.
func among(all, others []value) []value {
	return slices.DeleteFunc(slices.Clone(all), func(v value) bool {
		return !slices.Contains(others, v)
	})
}

// putBesideFirst puts a service back in front of those of a visit.
func (t *turn) putBesideFirst(v *Visit, id string, together bool) {
	all := v.services()
	if v.Service == "" {
		all = nil
	}
	v.Service, v.More, v.People = id, all, 0
	v.Together = len(all) > 0 && (together || v.Together || t.severalCome())
	t.next.Topic, t.choices = id, nil
}

// readVisitAgain reads the visit back once more, in place of what the turn has read back of it.
func (t *turn) readVisitAgain() {
	t.facts = slices.DeleteFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Booking != nil && f.Booking.Status == flowhq.BookingHeld
	})
	t.said = slices.DeleteFunc(t.said, func(p part) bool { return p.lead })
	t.question, t.hasAsked, t.next.Ask = "", false, Ask{}
	t.did(actBook)
	t.continueBooking()
}

// keepBasket puts back what an order has lost.
func (t *turn) keepBasket(before *turn, lost []value) {
	w := before.next.Order
	lost = among(lost, basketValues(w))
	if len(lost) == 0 || t.settles() {
		return
	}
	o := t.next.Order
	if o == nil {
		t.next.Order = w
		t.next.Order.At = t.in.Message.At
		t.resume(before.next.Ask)
		return
	}
	lines := false
	for _, one := range lost {
		switch one.kind {
		case valProduct:
			i := slices.IndexFunc(w.Lines, func(l Line) bool { return l.Product == one.text })
			if i < 0 {
				continue
			}
			o.Lines, lines = slices.Insert(o.Lines, min(i, len(o.Lines)), w.Lines[i]), true
		case valQuantity, valSize:
			lines = o.putBack(one, w.Lines) || lines
		case valArea:
			o.How, o.Area, o.Unlisted, lines = w.How, w.Area, w.Unlisted, true
		case valAddress:
			o.Address = w.Address
		case valPayment:
			o.Payment = w.Payment
		case valNote:
			o.addNote(one.text)
		default: // an order has nothing else
		}
	}
	if lines && !t.unsettled {
		o.Told, t.question, t.hasAsked = 0, "", false
		t.continueOrder()
	}
}

// putBack puts the quantity or size back that a line has lost, and reports whether there is such a
// line.
func (o *Basket) putBack(v value, lines []Line) bool {
	i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Product == v.of })
	j := slices.IndexFunc(lines, func(l Line) bool { return l.Product == v.of })
	if i < 0 || j < 0 {
		return false
	}
	if v.kind == valSize {
		o.Lines[i].Size = lines[j].Size
	} else {
		o.Lines[i].Quantity, o.Lines[i].Guessed = lines[j].Quantity, lines[j].Guessed
	}
	return true
}
