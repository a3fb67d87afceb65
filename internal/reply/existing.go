package reply

import (
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// bookings lists the customer's confirmed bookings ahead.
func (t *turn) bookings() []flowhq.Booking {
	var all []flowhq.Booking
	for _, b := range t.in.Calendar.Bookings {
		if b.Status == flowhq.BookingConfirmed && b.EndsAt.After(t.now) {
			all = append(all, b)
		}
	}
	return all
}

// bookingNumbered finds a booking of the customer by its number.
func (t *turn) bookingNumbered(number string) (flowhq.Booking, bool) {
	for _, b := range t.in.Calendar.Bookings {
		if b.Number != "" && b.Number == number {
			return b, true
		}
	}
	return flowhq.Booking{}, false
}

// meantBookings are the bookings that the message may mean: the one whose number, service or day
// it says, else all.
func (t *turn) meantBookings() (meant []flowhq.Booking, unknown bool) {
	all := t.bookings()
	for _, r := range t.p.entities.References {
		for _, b := range all {
			if strings.EqualFold(r.Text, b.Number) {
				return []flowhq.Booking{b}, false
			}
		}
		unknown = true
	}
	for _, b := range all {
		for _, m := range t.p.services {
			if m.ID == b.Service {
				meant = append(meant, b)
			}
		}
	}
	if len(meant) == 0 && t.p.hasTime && t.p.time.HasDay {
		for _, b := range all {
			if sameDay(b.StartsAt.In(t.k.zone), t.p.time.Day) {
				meant = append(meant, b)
			}
		}
	}
	if len(meant) == 0 {
		meant = all
	}
	return meant, unknown
}

// wantCancel begins to cancel: what is only being made is dropped, a confirmed booking is read
// back first.
func (t *turn) wantCancel() {
	if v := t.next.Booking; v != nil && v.Start.IsZero() && len(t.bookings()) > 0 {
		t.next.Booking, t.next.Ask = nil, Ask{} // what is not even read back is not what is cancelled
	}
	if t.next.Booking != nil && len(t.p.entities.References) == 0 {
		moving := t.next.Booking.Moves
		t.dropBooking()
		if moving == "" {
			return
		}
		t.said = nil // a move that is given up may mean that the booking is given up
	}
	meant, unknown := t.meantBookings()
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	case len(meant) == 0:
		t.tell("cancel.none")
	case len(meant) == 1:
		t.confirmCancel(meant[0].Number)
	default:
		t.askOf(Ask{For: askOption}, t.bookingOptions(meant, doBooking), "cancel.which")
	}
}

func (t *turn) bookingOptions(all []flowhq.Booking, do string) []Option {
	var options []Option
	for _, b := range firstOf(all, maxOptions) {
		label := t.k.nameOf(b.Service, t.say) + ", " + t.at(b.StartsAt)
		options = append(options, Option{Do: do, Value: b.Number, Label: label})
	}
	return options
}

// confirmCancel reads back the booking that is to be cancelled.
func (t *turn) confirmCancel(number string) {
	b, ok := t.bookingNumbered(number)
	if !ok {
		t.tell("cancel.none")
		return
	}
	t.ask(Ask{For: askCancel, About: number}, "cancel.confirm",
		"service", t.k.nameOf(b.Service, t.say), "time", t.at(b.StartsAt))
}

// cancelBooking cancels a booking that was read back.
func (t *turn) cancelBooking(number string) {
	t.next.Ask, t.next.Booking = Ask{}, nil
	b, ok := t.bookingNumbered(number)
	if !ok {
		t.tell("cancel.none")
		return
	}
	t.did(actConfirm)
	b.Status, b.HeldUntil = flowhq.BookingCancelled, nil
	t.fact(flowhq.FactChange{Booking: &b})
	t.tell("cancel.done", "service", t.k.nameOf(b.Service, t.say), "time", t.at(b.StartsAt))
}

// wantMove begins to move a booking to another time.
func (t *turn) wantMove() {
	if v := t.next.Booking; v != nil && v.Moves != "" {
		t.fillVisit()
		t.continueMove()
		return
	}
	all := t.bookings()
	meant := all
	unknown := false
	for _, r := range t.p.entities.References {
		unknown = true
		for _, b := range all {
			if strings.EqualFold(r.Text, b.Number) {
				meant, unknown = []flowhq.Booking{b}, false
			}
		}
	}
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	case len(meant) == 0:
		t.tell("cancel.none")
	case len(meant) == 1:
		t.moveBooking(meant[0].Number)
	default:
		t.askOf(Ask{For: askOption}, t.bookingOptions(meant, doMove), "cancel.which")
	}
}

// moveBooking begins to move one booking. The day and time may be in the same message.
func (t *turn) moveBooking(number string) {
	b, ok := t.bookingNumbered(number)
	if !ok {
		t.tell("cancel.none")
		return
	}
	day := startOfDay(b.StartsAt.In(t.k.zone)) // unless another is said
	t.next.Booking = &Visit{Service: b.Service, Moves: number, Day: day}
	if !t.p.hasTime && len(t.p.entities.References) == 0 {
		t.readHour() // "can we make it 12"
	}
	t.fillVisit()
	t.continueMove()
}

// continueMove asks for the new time, or reads it back. The slot is not held meanwhile: one
// number has one booking, and the old slot must not be lost if the customer says no more.
func (t *turn) continueMove() {
	v := t.next.Booking
	b, ok := t.bookingNumbered(v.Moves)
	if !ok {
		t.next.Booking, t.next.Ask = nil, Ask{}
		t.tell("cancel.none")
		return
	}
	if v.Start.IsZero() && !(t.timeTaken && t.p.hasTime) {
		t.ask(Ask{For: askMoveTo}, "change.when")
		return
	}
	if !t.haveTime(v) {
		return
	}
	t.ask(Ask{For: askMove, About: v.Moves, Time: v.Start}, "change.confirm",
		"service", t.k.nameOf(v.Service, t.say), "from", t.at(b.StartsAt), "time", t.at(v.Start))
}

// confirmMove moves the booking that was read back.
func (t *turn) confirmMove() {
	v := t.next.Booking
	if v == nil || v.Start.IsZero() {
		t.next.Ask = Ask{}
		t.tell("cancel.kept")
		return
	}
	b, ok := t.bookingNumbered(v.Moves)
	if !ok {
		t.next.Booking, t.next.Ask = nil, Ask{}
		t.tell("cancel.none")
		return
	}
	if !t.free(v) {
		return
	}
	t.did(actConfirm)
	length := time.Duration(t.minutes(v.Service)) * time.Minute
	b.StartsAt, b.EndsAt, b.Status, b.HeldUntil = v.Start, v.Start.Add(length), flowhq.BookingConfirmed, nil
	t.fact(flowhq.FactChange{Booking: &b})
	t.tell("change.done", "service", t.k.nameOf(b.Service, t.say),
		"time", t.at(b.StartsAt), "number", b.Number)
	t.next.Booking, t.next.Ask = nil, Ask{}
}

// nameBookings puts a name that is told after a booking was made on it, if it is the only one.
func (t *turn) nameBookings() {
	all := t.bookings()
	if t.next.Booking == nil && len(all) == 1 && all[0].Name != t.p.name {
		b := all[0]
		b.Name = t.p.name
		t.fact(flowhq.FactChange{Booking: &b})
	}
}

// moreCome reports whether the message says of a booking that is made already that several come.
func (t *turn) moreCome() bool {
	return t.next.Booking == nil && len(t.bookings()) > 0 && !t.p.hasTime && !t.p.has(actBook) &&
		slices.ContainsFunc(t.p.entities.Quantities, func(q entity.Quantity) bool {
			return q.Unit == "people" && q.Value > 1
		})
}

// noteBooking notes what the customer says of the next booking. Nobody else has a place by that,
// so a person is told.
func (t *turn) noteBooking() {
	b := t.bookings()[0]
	b.Note = oneLine(withoutSecrets(&t.p), maxNote)
	t.fact(flowhq.FactChange{Booking: &b})
	t.unanswered("book.noted", "number", b.Number)
}

// tellStatus says how the customer's bookings, orders or tickets stand.
func (t *turn) tellStatus() {
	switch t.k.template() {
	case flowhq.EcommerceTemplate:
		t.tellOrders()
	case flowhq.SupportTemplate:
		t.tellTickets()
	default:
		t.tellBookings()
	}
}

func (t *turn) tellBookings() {
	all, unknown := t.meantBookings()
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	case len(all) > 0:
		for _, b := range firstOf(all, maxOffered) {
			t.tell("status.booking", "service", t.k.nameOf(b.Service, t.say),
				"time", t.at(b.StartsAt), "number", b.Number)
		}
	default:
		t.tell("cancel.none")
	}
	if v := t.next.Booking; v != nil && !v.Start.IsZero() && v.Moves == "" {
		t.tell("status.held", "service", t.k.nameOf(v.Service, t.say), "time", t.at(v.Start))
		t.ask(Ask{For: askBook}, "book.confirm")
	}
}
