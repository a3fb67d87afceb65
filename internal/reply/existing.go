package reply

import (
	"regexp"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// bookings lists the customer's confirmed bookings ahead. A booking that is running counts still:
// who is late may move it. One that is held does not: it is t.next.Booking, and dropped with the
// draft.
func (t *turn) bookings() []flowhq.Booking {
	var all []flowhq.Booking
	for _, b := range t.in.Calendar.Bookings {
		if b.Status == flowhq.BookingConfirmed && b.EndsAt.After(t.now) {
			all = append(all, b)
		}
	}
	return all
}

// bookingNumbered finds a booking of the customer by its number. The calendar has this customer's
// bookings only, so a number that somebody else was given finds nothing.
func (t *turn) bookingNumbered(number string) (flowhq.Booking, bool) {
	for _, b := range t.in.Calendar.Bookings {
		if b.Number != "" && b.Number == number {
			return b, true
		}
	}
	return flowhq.Booking{}, false
}

// wantCancel begins to cancel: what is only being made is dropped, a confirmed booking is read back
// first. "hapana, ghairi" in the middle of a booking means the draft. A number in the message
// always means what is booked under it.
func (t *turn) wantCancel() {
	if v := t.next.Booking; v != nil && v.Start.IsZero() && len(t.bookings()) > 0 {
		// What is not even read back is not what is cancelled.
		t.next.Booking, t.next.Ask = nil, Ask{}
	}
	if t.next.Booking != nil && len(t.p.entities.References) == 0 {
		moving := t.next.Booking.Moves
		t.dropBooking()
		if moving == "" {
			return
		}
		t.said = nil // a move that is given up may mean that the booking is given up
	}
	meant, unknown := t.meantAppointments()
	meant = t.atSaidTime(meant)
	// "Cancel his and keep mine": the row behind the customer's own.
	if all := t.appointments(); len(all) == 1 && t.whoseOff(all[0], false) != nil {
		meant = []appointment{t.whoseOff(all[0], false)}
	} else if len(meant) == 1 && len(meant[0]) > 1 && anyIn(t.p.reading.Words, alone) {
		meant[0] = t.companionsOf(meant[0])
	} else if t.leavesOne(meant) {
		meant[0] = meant[0][1:] // "Mmeweka 2, nataka moja tu"
	} else if len(meant) == 1 {
		meant[0] = t.cancelledOf(meant[0])
	}
	meant = t.childsAlone(meant)
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	case len(meant) == 0:
		t.tell("cancel.none")
	case len(meant) == 1:
		t.confirmCancel(meant[0].key())
	default:
		t.askOf(Ask{For: askOption}, t.bookingOptions(meant, doBooking), "cancel.which")
	}
}

// bookingOptions lists bookings to choose from. Service and time tell two bookings apart; customers
// do not know the numbers by heart.
func (t *turn) bookingOptions(all []appointment, do string) []Option {
	var options []Option
	// "The first one" is the earliest.
	all = slices.SortedFunc(slices.Values(all), func(a, b appointment) int { return a[0].StartsAt.Compare(b[0].StartsAt) })
	for _, a := range firstOf(all, maxOptions) {
		// The label is what the customer may type instead of the number of the option.
		label := t.appointmentName(a) + ", " + t.at(a[0].StartsAt)
		options = append(options, Option{Do: do, Value: a.key(), Label: label})
	}
	return options
}

// confirmCancel reads back the booking that is to be cancelled. Nothing is cancelled without a yes:
// "siwezi kuja" may be about somebody else, and a slot that is given back may be gone a minute
// later.
func (t *turn) confirmCancel(key string) {
	a, ok := t.appointmentOf(key)
	if !ok {
		t.tell("cancel.none")
		return
	}
	service, at := t.appointmentName(a), t.at(a[0].StartsAt)
	// Of several who come one is cancelled, and the question says that the others stay.
	if rest := t.restOf(a); len(rest) > 0 && t.isParty(visitOf(append(slices.Clone(rest), a...))) {
		t.ask(Ask{For: askCancel, About: key}, "cancel.confirm_one", "service", service, "time", at,
			"rest", t.appointmentName(rest)+", "+t.at(rest[0].StartsAt))
		return
	}
	t.ask(Ask{For: askCancel, About: key}, "cancel.confirm", "service", service, "time", at)
}

// cancelBooking cancels a booking that was read back. The number comes from the question, so a late
// yes cannot cancel a booking that was made since.
func (t *turn) cancelBooking(key string) {
	t.next.Ask, t.next.Booking = Ask{}, nil
	a, ok := t.appointmentOf(key)
	if !ok {
		t.tell("cancel.none")
		return
	}
	t.did(actConfirm)
	// A booking that is cancelled stays as a row: the owner sees that there was one, and the
	// trigger on bookings takes back its reminder.
	for _, b := range a {
		b.Status, b.HeldUntil = flowhq.BookingCancelled, nil
		t.fact(flowhq.FactChange{Booking: &b})
	}
	t.tell("cancel.done", "service", t.appointmentName(a), "time", t.at(a[0].StartsAt))
	// What is left of a visit of several services is told, lest the customer wonders.
	if rest := t.restOf(a); len(rest) > 0 {
		t.tell("cancel.remains", "service", t.appointmentName(rest), "time", t.at(rest[0].StartsAt))
	}
}

// wantMove begins to move a booking to another time. Unlike a cancellation, a day in the message
// does not choose the booking: "nihamishie Jumamosi" names the new day. With several bookings only
// a number chooses.
func (t *turn) wantMove() {
	t.readNewTime()
	// The move is under way, and the message changes its mind about the time.
	if v := t.next.Booking; v != nil && v.Moves != "" {
		t.fillVisit()
		t.continueMove()
		return
	}
	meant, unknown := t.meantAppointments()
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	case len(meant) == 0:
		t.tell("cancel.none")
	case len(meant) == 1:
		t.moveBooking(meant[0].key())
	default:
		// The new time is kept with the question, so that it need not be said again.
		ask := Ask{For: askOption}
		if r := t.p.time; t.p.hasTime && r.HasTime {
			if ask.Time = r.Start; r.HasDay {
				ask.About = withDay
			}
		}
		t.askOf(ask, t.bookingOptions(meant, doMove), "cancel.which")
	}
}

// withDay says of a question which booking is to be moved that its time has the new day as well.
const withDay = "day"

// newTime finds what stands before the time to which a booking is moved.
var newTime = regexp.MustCompile(`(?i)\b(?:to|until|till|hadi|mpaka|mpk|kwenda|adi)\s+`)

// readNewTime reads "move it to 3pm" as three o'clock. Anywhere else "to 3pm" ends a span, and free
// times until then were offered.
func (t *turn) readNewTime() {
	p := &t.p
	if !p.hasTime || p.time.HasTime || p.time.End.IsZero() {
		return
	}
	r, ok := t.timeIn(newTime.ReplaceAllString(p.text, " at "))
	if !ok || !r.HasTime {
		r, ok = t.timeIn(newTime.ReplaceAllString(p.text, " "))
	}
	if ok && r.HasTime {
		p.time = r
	}
}

// maxNear is how many days a booking is away from the nearest day of a name that is likely meant.
const maxNear = 3

// nearBooking takes a day of the week that is named for a move for the one nearest to the booking:
// "nina safari jumatano, nisogezee alhamisi" is about the Thursday behind that Wednesday.
func (t *turn) nearBooking(booked time.Time) {
	p := &t.p
	if !p.hasTime || !p.time.HasDay || !weekday.MatchString(p.text) || thisWeek.MatchString(p.text) {
		return
	}
	day := startOfDay(p.time.Day.In(t.k.zone))
	weeks := int(booked.Sub(day).Hours()/24+maxNear) / 7
	if weeks < 1 || booked.Sub(day) <= maxNear*24*time.Hour {
		return
	}
	move := func(at time.Time) time.Time {
		if at.IsZero() {
			return at
		}
		return at.AddDate(0, 0, 7*weeks)
	}
	p.time.Day, p.time.Start, p.time.End = move(p.time.Day), move(p.time.Start), move(p.time.End)
}

var (
	// weekday names a day of the week, and thisWeek says of which week.
	weekday  = regexp.MustCompile(`(?i)\b(?:mon|tue|wed|thu|fri|sat|sun)(?:s|day|sday|nesday|rsday|urday)?s?\b|\b(?:jumatatu|jumanne|jumatano|alhamisi?|ijumaa|jumamosi|jumapili|j[2-5]|jpili|jmosi|jtatu|jnne|jtano)\b`)
	thisWeek = regexp.MustCompile(`(?i)\b(?:this|hii|leo|today|kesho|tomorrow|\d{1,2}(?:st|nd|rd|th)|tarehe)\b`)
)

// moveBooking begins to move one booking. The day and time may be in the same message. The old day
// is the default, for most who name only an hour stay on that day. The draft that was open is
// replaced: a turn has one booking in hand.
func (t *turn) moveBooking(key string) {
	a, ok := t.appointmentOf(key)
	if !ok {
		t.tell("cancel.none")
		return
	}
	v := visitOf(a)
	// "sogeza iwe saa tano" keeps the day, unless another is said.
	v.Moves, v.Day = key, startOfDay(a[0].StartsAt.In(t.k.zone))
	t.next.Booking = v
	t.nearBooking(v.Day)
	// A number of a booking in the message would be read as the hour, and so would its place in a
	// list.
	if !t.p.hasTime && len(t.p.entities.References) == 0 && t.in.State.Ask.For != askOption {
		t.readHour() // "can we make it 12"
	}
	t.fillVisit()
	t.continueMove()
}

// moveChosen moves the booking that was chosen of several, to the time that was said before the
// question.
func (t *turn) moveChosen(key string, asked Ask) {
	a, ok := t.appointmentOf(key)
	if !ok || t.p.hasTime || asked.Time.IsZero() {
		t.moveBooking(key)
		return
	}
	v, at := visitOf(a), asked.Time.In(t.k.zone)
	if asked.About != withDay {
		y, m, d := a[0].StartsAt.In(t.k.zone).Date()
		at = time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, t.k.zone)
	}
	v.Moves, v.Day, v.Start = key, startOfDay(at), at
	t.next.Booking = v
	t.continueMove()
}

// continueMove asks for the new time, or reads it back. The slot is not held meanwhile: one number
// has one booking, and the old slot must not be lost if the customer says no more. A slot that
// somebody else takes meanwhile is noticed at the yes.
func (t *turn) continueMove() {
	v := t.next.Booking
	a, ok := t.appointmentOf(v.Moves)
	if !ok {
		t.next.Booking, t.next.Ask = nil, Ask{}
		t.tell("cancel.none")
		return
	}
	// Only the day is known, from the booking itself. Free times are offered once the customer has
	// said something of the new time.
	if v.Start.IsZero() && !(t.timeTaken && t.p.hasTime) {
		t.ask(Ask{For: askMoveTo}, "change.when")
		return
	}
	if a[0].StartsAt.Equal(v.Start) {
		t.next.Booking, t.next.Ask = nil, Ask{}
		t.tell("book.already", "service", t.appointmentName(a), "time", t.at(v.Start), "number", a.number())
		return
	}
	if !t.haveTime(v) {
		return
	}
	t.ask(Ask{For: askMove, About: v.Moves, Time: v.Start}, "change.confirm",
		"service", t.visitName(v), "from", t.at(a[0].StartsAt), "time", t.timesOf(v))
}

// confirmMove moves the booking that was read back. The fact keeps the number of the booking: the
// row changes its time in one write, so there is no moment at which the customer has two slots or
// none.
func (t *turn) confirmMove() {
	v := t.next.Booking
	if v == nil || v.Start.IsZero() {
		t.next.Ask = Ask{}
		t.tell("cancel.kept")
		return
	}
	a, ok := t.appointmentOf(v.Moves)
	if !ok {
		t.next.Booking, t.next.Ask = nil, Ask{}
		t.tell("cancel.none")
		return
	}
	// Other times were offered. The booking stands at its old time.
	if !t.free(v) {
		return
	}
	t.did(actConfirm)
	for _, b := range t.moved(a, v) {
		t.fact(flowhq.FactChange{Booking: &b})
	}
	t.tell("change.done", "service", t.visitName(v), "time", t.timesOf(v), "number", a.number())
	t.next.Booking, t.next.Ask = nil, Ask{}
}

// takeName answers a message that only tells a name. Without a booking it is no name to book under:
// "anaitwa Rehema Salum" after a question for results was answered with "all right", as if it was
// noted.
func (t *turn) takeName(pending Ask) {
	if t.keepNameBeside() {
		return
	}
	if (pending.For == "" || pending.For == askOption) && t.next.Booking == nil &&
		t.next.Order == nil && len(t.bookings()) == 0 &&
		t.k.template() != flowhq.EcommerceTemplate {
		t.unanswered("unanswered.account")
		return
	}
	t.tell("allright")
	t.nameBookings()
	t.resume(pending)
}

// nameBookings puts a name that is told after a booking was made on it, if it is the only one.
// Customers answer "you are booked" with "jina Asha". With several bookings the name may be for one
// of them only, so it waits for the next.
func (t *turn) nameBookings() {
	all := t.appointments()
	if t.next.Booking != nil || len(all) != 1 {
		return
	}
	for _, b := range all[0] {
		if b.Name != t.p.name {
			b.Name = t.p.name
			t.fact(flowhq.FactChange{Booking: &b})
		}
	}
}

// moreCome reports whether the message says of a booking that is made already that several come.
// "tutakuwa watatu" after the booking was made for one. With a time or a wish to book in it the
// message is a booking of its own.
func (t *turn) moreCome() bool {
	return t.next.Booking == nil && len(t.bookings()) > 0 && !t.p.hasTime && !t.p.has(actBook) &&
		t.saysPeople()
}

// saysPeople reports whether the message says that several come.
func (t *turn) saysPeople() bool {
	return slices.ContainsFunc(t.p.entities.Quantities, func(q entity.Quantity) bool {
		return q.Unit == "people" && q.Value > 1
	})
}

// noteBooking notes what the customer says of the next booking. Nobody else has a place by that, so
// a person is told. Secrets are cut out first: the note is shown to everybody who works for the
// owner.
func (t *turn) noteBooking() {
	// [turn.moreCome] has seen that there is at least one.
	b := t.bookings()[0]
	b.Note = withNote(b.Note, withoutSecrets(&t.p), maxNote)
	t.fact(flowhq.FactChange{Booking: &b})
	t.unanswered("book.noted", "number", b.Number)
}

// tellStatus says how the customer's bookings, orders or tickets stand. The question is the same in
// each business, "vipi kuhusu yangu?", so the template decides.
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

// tellBookings says which bookings are ahead, and which is held but not confirmed: who asks "am I
// booked?" with a read-back unanswered must learn that a yes is missing.
func (t *turn) tellBookings() {
	all, unknown := t.meantAppointments()
	switch {
	case unknown:
		t.unanswered("unanswered.reference")
	case len(all) > 0:
		for _, a := range firstOf(t.atSaidTime(all), maxOffered) {
			t.tell("status.booking", "service", t.appointmentName(a),
				"time", t.at(a[0].StartsAt), "number", a.number())
		}
	default:
		t.tell("cancel.none")
	}
	if v := t.next.Booking; v != nil && !v.Start.IsZero() && v.Moves == "" {
		t.tell("status.held", "service", t.k.nameOf(v.Service, t.say), "time", t.at(v.Start))
		t.ask(Ask{For: askBook}, "book.confirm")
	}
}
