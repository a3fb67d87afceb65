package reply

import (
	"slices"
	"strconv"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// maxAhead is how far ahead the bot books. Half a year: further ahead an owner's hours and prices
// are not known.
const maxAhead = 183 * 24 * time.Hour

// actOnBookings does what the message wants done with bookings. The order is from what undoes to
// what does: "ghairi ya kesho, nibook Jumamosi" must not book twice.
func (t *turn) actOnBookings(informed bool) bool {
	p := &t.p
	switch {
	case p.has(actCancel):
		t.did(actCancel)
		t.wantCancel()
	case (p.has(actChange) || p.cued(cueInstead) && (p.hasTime || len(p.entities.Numbers) == 1) &&
		len(t.bookings()) > 0) &&
		(t.next.Booking == nil || t.next.Booking.Moves != ""):
		t.did(actChange)
		t.wantMove()
	case p.has(actStatus) && (!p.has(actBook) || p.cued(actStatus) && !p.hasTime && !p.names()):
		t.did(actStatus)
		t.tellStatus()
	case t.moreCome():
		t.did(actBook)
		t.noteBooking()
	case p.has(actAccount):
		t.did(actAccount)
		t.unanswered("unanswered.account")
	case t.fillsVisit(informed):
		t.did(actBook)
		t.fillVisit()
		t.continueBooking()
	default:
		return false
	}
	return true
}

// fillsVisit reports whether the message makes a booking, or says more of the one that is being
// made. Facts that were given end most messages: a price that is asked books nothing.
func (t *turn) fillsVisit(informed bool) bool {
	p := &t.p
	open := t.next.Booking != nil
	switch {
	case p.has(actHours) && !p.has(actBook):
		return false // "are you open on Saturday" books nothing
	case p.has(actBook), p.has(actOffer) && !informed:
		return true
	case p.hasTime && (open || !informed || p.has(actPrice, actOffer)):
		return p.time.HasDay || p.time.HasTime
	case len(p.services) > 0:
		return !informed
	}
	return false
}

// fillVisit takes from the message what it says of service and time.
func (t *turn) fillVisit() {
	if t.next.Booking == nil {
		t.next.Booking = &Visit{}
	}
	// A move keeps the service of its booking, whatever else is named.
	v, p := t.next.Booking, &t.p
	if len(p.services) > 0 && v.Moves == "" {
		if service := t.serviceOf(v.Service); service != "" {
			v.Service, t.next.Topic = service, service
		}
	} else if s := t.k.service[t.next.Topic]; v.Service == "" && s != nil && !s.Unavailable {
		v.Service = s.ID
	}
	for _, q := range p.entities.Quantities {
		if n := int(q.Value); q.Unit == "people" && n >= 1 && v.Moves == "" {
			v.People = min(n, maxPeople)
		}
	}
	if !p.hasTime {
		return
	}
	t.timeTaken = true
	r := t.timeWithDay(p.time, v)
	switch {
	case r.HasDay && r.HasTime:
		v.Day, v.Start = r.Day, r.Start
	case r.HasDay:
		clock := v.Start
		if b, ok := t.bookingNumbered(v.Moves); ok && clock.IsZero() {
			clock = b.StartsAt.In(t.k.zone)
		}
		v.Day, v.Start = r.Day, time.Time{}
		if !clock.IsZero() && r.Certainty != when.Part && r.Certainty != when.Closed {
			// Another day, and the time that was agreed on. It is read back.
			y, m, d := r.Day.Date()
			v.Start = time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, t.k.zone)
		}
	}
}

// serviceOf is the service that the message means, "" if that must be asked. A booking has one
// service: two that are named together may be one of the owner's, such as "haircut and beard".
func (t *turn) serviceOf(before string) string {
	named := idsOf(t.p.services)
	if before != "" && t.p.cued(cueAdd) && !slices.Contains(named, before) {
		named = append([]string{before}, named...)
	}
	if both := t.combined(); both != "" &&
		!slices.ContainsFunc(t.p.services, func(m entity.NameMatch) bool {
			return m.Exact && m.ID == both
		}) {
		return both
	}
	if len(named) == 1 {
		return named[0]
	}
	if id := t.qualified(named); id != "" {
		return id
	}
	var names []string
	for _, id := range named {
		names = append(names, t.k.nameOf(id, t.say))
	}
	both := t.k.services.Match(and(t.say.language, names))
	if len(both) == 1 && !slices.Contains(named, both[0].ID) {
		return both[0].ID
	}
	t.choices = named
	return ""
}

// timeWithDay puts the day that was agreed on before to a time that has none: "saa nne" after
// "on Saturday, at what time?".
func (t *turn) timeWithDay(r when.Result, v *Visit) when.Result {
	if v.Day.IsZero() || r.HasDay && !r.Likely {
		return r
	}
	if !r.HasTime {
		return t.partWithDay(r, v)
	}
	y, m, d := v.Day.Date()
	start := time.Date(y, m, d, r.Start.Hour(), r.Start.Minute(), 0, 0, t.k.zone)
	// "saa nne" on a day that opens at 08:00 is ten in the morning, and no night visit.
	if !t.fits(start, t.minutes(v.Service)) {
		// The other half of the day, if that is when the business is open.
		if other := start.Add(12 * time.Hour); sameDay(other, start) &&
			t.fits(other, t.minutes(v.Service)) {
			start = other
		} else if other := start.Add(-12 * time.Hour); sameDay(other, start) &&
			t.fits(other, t.minutes(v.Service)) {
			start = other
		}
	}
	r.HasDay, r.Day, r.Start, r.Certainty = true, startOfDay(start), start, when.Default
	r.Likely = false
	t.p.time = r
	return r
}

// partWithDay puts the day that was agreed on to a part of a day: "jioni" after "on Saturday, at
// what time?" is the evening of Saturday. Today's evening was offered.
func (t *turn) partWithDay(r when.Result, v *Visit) when.Result {
	if r.Start.IsZero() || r.End.IsZero() {
		return r
	}
	days := daysBetween(startOfDay(r.Start), startOfDay(v.Day))
	r.HasDay, r.Likely, r.Day, r.Certainty = true, false, startOfDay(v.Day), when.Part
	r.Start, r.End = r.Start.AddDate(0, 0, days), r.End.AddDate(0, 0, days)
	t.p.time = r
	return r
}

// book begins a booking with what an option said.
func (t *turn) book(v Visit) {
	t.did(actBook)
	if t.next.Booking == nil {
		t.next.Booking = &Visit{}
	}
	if v.Service != "" {
		t.next.Booking.Service, t.next.Topic = v.Service, v.Service
	}
	t.continueBooking()
}

// continueBooking asks for what is missing, or reads the booking back.
func (t *turn) continueBooking() {
	v := t.next.Booking
	if v.Moves != "" {
		t.continueMove()
		return
	}
	if v.People > t.k.capacity() {
		t.next.Booking = nil
		t.passOn(actBook) // more than there is room for is for a person to arrange
		return
	}
	if !t.haveService(v) {
		return
	}
	if !t.haveTime(v) {
		return
	}
	t.readBack(v)
}

// haveService reports whether the service is known, and asks if not. Services that are alike are
// asked about: their prices and lengths differ.
func (t *turn) haveService(v *Visit) bool {
	if len(t.choices) > 1 {
		var options []Option
		for _, id := range t.choices {
			options = append(options, Option{Do: doService, Value: id,
				Label: t.k.nameOf(id, t.say)})
		}
		t.askOf(Ask{For: askService}, options, "book.service_or")
		return false
	}
	offered := t.k.offered()
	if s := t.k.service[v.Service]; s != nil && s.Unavailable {
		t.tell("service.unavailable", "name", s.Name.In(t.say.language))
		v.Service = ""
	}
	if v.Service != "" && len(t.p.services) == 1 && len(t.p.services[0].Others) > 0 &&
		!t.p.services[0].Exact && t.p.services[0].ID == v.Service {
		var options []Option
		for _, id := range append([]string{v.Service}, t.p.services[0].Others...) {
			options = append(options, Option{Do: doService, Value: id,
				Label: t.k.nameOf(id, t.say)})
		}
		v.Service = ""
		t.askOf(Ask{For: askService}, options, "book.service_or")
		return false
	}
	switch {
	case v.Service != "" || len(offered) == 0:
		return true
	case len(offered) == 1:
		v.Service = offered[0].ID
		return true
	}
	var options []Option
	for _, s := range firstOf(offered, maxOptions) {
		options = append(options, Option{Do: doService, Value: s.ID,
			Label: s.Name.In(t.say.language)})
	}
	t.askOf(Ask{For: askService}, options, "book.service")
	return false
}

// haveTime reports whether the day and time are known and free, and asks if not. A doubt about the
// time is settled before the calendar is looked at.
func (t *turn) haveTime(v *Visit) bool {
	r := t.p.time
	said := t.timeTaken && t.p.hasTime && (r.HasDay && sameDay(r.Day, v.Day) || !r.HasDay)
	switch {
	case said && r.Certainty == when.Ask && !t.certain(r, v):
		t.askMeant(r)
		return false
	case said && r.Certainty == when.Closed:
		t.offerInstead("book.closed", "when", t.whenSaid(r))
		v.Start = time.Time{}
		return false
	case v.Start.IsZero() && t.p.cued(cueFirst) && t.takeFirst(v):
		return true
	case v.Day.IsZero():
		t.ask(Ask{For: askWhen}, "book.when")
		return false
	case v.Start.IsZero() || said && r.Certainty == when.Part:
		t.offerDay(v, r, said)
		v.Start = time.Time{}
		return false
	}
	return t.free(v)
}

// certain reports whether a time that must be asked about is only without a time of day: its day
// is certain.
func (t *turn) certain(r when.Result, v *Visit) bool {
	return r.HasDay && !r.HasTime && !v.Day.IsZero() && !v.Day.Before(startOfDay(t.now))
}

// askMeant asks about a time that was not said clearly.
func (t *turn) askMeant(r when.Result) {
	v := t.next.Booking
	v.Start = time.Time{}
	switch {
	case r.HasTime && !r.Start.IsZero() && r.Start.After(t.now):
		t.ask(Ask{For: askMean, Time: r.Start}, "book.mean", "time", t.at(r.Start))
	case len(r.Nearest) > 0:
		t.tell("book.past")
		t.ask(Ask{For: askMean, Time: r.Nearest[0]}, "book.mean", "time", t.at(r.Nearest[0]))
	case !r.HasDay && !r.HasTime && r.Start.After(t.now):
		v.Day = startOfDay(r.Start) // a part of the day that is likeliest: "in the evening"
		r.Certainty = when.Part
		t.offerDay(v, r, true)
	case r.HasDay && r.Day.Before(startOfDay(t.now)), !r.HasDay && !r.HasTime:
		v.Day = time.Time{}
		t.tell("book.past")
		t.ask(Ask{For: askWhen}, "book.day")
	default:
		t.ask(Ask{For: askWhen}, "book.when")
	}
}

// whenSaid is a time that was said, as a sentence has it.
func (t *turn) whenSaid(r when.Result) string {
	if r.HasTime && !r.Start.IsZero() {
		return t.at(r.Start)
	}
	return t.nearDay(r.Day)
}

// free reports whether the time of a booking can be had, and offers others if not.
func (t *turn) free(v *Visit) bool {
	minutes := t.minutes(v.Service)
	switch {
	// "naja sahii" names a time that has just passed: the nearest free one is offered instead of a
	// refusal.
	case !v.Start.After(t.now) && t.now.Sub(v.Start) < slotEvery: // "now"
		wanted := v.Start
		v.Start = time.Time{}
		t.offerNearest(wanted)
	case !v.Start.After(t.now):
		v.Start = time.Time{}
		t.tell("book.past")
		t.ask(Ask{For: askWhen}, "book.when")
	case v.Start.Sub(t.now) > maxAhead:
		v.Day, v.Start = time.Time{}, time.Time{}
		t.tell("book.too_far")
		t.ask(Ask{For: askWhen}, "book.when")
	case !t.isOpen(v.Start, minutes):
		at := t.at(v.Start)
		t.offerInstead("book.closed", "when", at)
		v.Start = time.Time{}
	case !t.hasRoom(v.Start, minutes, v):
		at := t.at(v.Start)
		t.offerInstead("book.taken", "when", at)
		v.Start = time.Time{}
	default:
		return true
	}
	return false
}

// readBack holds the slot and reads the booking back. A yes that comes twice must not book twice,
// so a booking that stands is named instead.
func (t *turn) readBack(v *Visit) {
	if b, ok := t.sameBooking(v); ok {
		t.next.Booking, t.next.Ask = nil, Ask{}
		t.tell("book.already", "service", t.k.nameOf(b.Service, t.say),
			"time", t.at(b.StartsAt), "number", b.Number)
		return
	}
	t.hold(v)
	if t.p.has(actOffer) && t.p.hasTime && !t.p.has(actBook) { // "is ten o'clock free?"
		t.tell("book.free_at", "time", t.at(v.Start))
	}
	t.tellVisit(v)
	t.ask(Ask{For: askBook}, "book.confirm")
}

// tellVisit reads a booking back, in both clocks and with its price. "saa sita" is twelve o'clock
// or six: the customer sees which before the yes.
func (t *turn) tellVisit(v *Visit) {
	name, people := t.visitName(v), int64(max(1, v.People))
	price := ""
	if s := t.k.service[v.Service]; s != nil && s.Price > 0 {
		price = t.k.money(s.Price * people)
		if s.PriceTo > s.Price {
			price += " – " + t.k.money(s.PriceTo*people)
		}
	}
	if price == "" {
		t.tell("book.readback", "service", name, "time", t.bothClocks(v.Start))
		return
	}
	t.tell("book.readback_price", "service", name, "time", t.bothClocks(v.Start), "price", price)
}

// sameBooking finds a confirmed booking of this customer at the same time.
func (t *turn) sameBooking(v *Visit) (flowhq.Booking, bool) {
	for _, b := range t.in.Calendar.Bookings {
		if b.Status == flowhq.BookingConfirmed && b.StartsAt.Equal(v.Start) &&
			(b.Service == v.Service || v.Service == "") {
			return b, true
		}
	}
	return flowhq.Booking{}, false
}

// hold keeps the slot for the customer until it is confirmed, under one number for the whole
// conversation: another time replaces the first. While the customer reads, nobody else is offered
// the slot. It lapses by itself after [flowhq.HoldFor].
func (t *turn) hold(v *Visit) {
	if v.Number == "" {
		v.Number = t.in.Reference
	}
	v.HeldUntil = t.in.Message.At.Add(flowhq.HoldFor)
	for _, b := range t.visits(v, flowhq.BookingHeld) {
		held := v.HeldUntil
		b.HeldUntil = &held
		t.fact(flowhq.FactChange{Booking: &b})
	}
}

// maxPeople bounds how many bookings one message makes.
const maxPeople = 9

// visits are the bookings of a visit, one for each who comes. Each has a number of its own, so that
// one of them can be cancelled alone.
func (t *turn) visits(v *Visit, status flowhq.BookingStatus) []flowhq.Booking {
	var all []flowhq.Booking
	for i := range max(1, v.People) {
		b := t.booking(v, status)
		if i > 0 {
			b.Number += "-" + strconv.Itoa(i+1)
		}
		all = append(all, b)
	}
	return all
}

// visitName is what a visit is for: "2 × Haircut".
func (t *turn) visitName(v *Visit) string {
	name := t.k.nameOf(v.Service, t.say)
	if v.People > 1 {
		name = strconv.Itoa(v.People) + " × " + name
	}
	return name
}

// booking is the fact of a visit.
func (t *turn) booking(v *Visit, status flowhq.BookingStatus) flowhq.Booking {
	minutes := t.minutes(v.Service)
	b := flowhq.Booking{
		Number: v.Number, Service: v.Service, Minutes: minutes, Currency: t.k.profile.Currency,
		Name:     t.next.Name,
		StartsAt: v.Start, EndsAt: v.Start.Add(time.Duration(minutes) * time.Minute),
		Status: status,
	}
	if s := t.k.service[v.Service]; s != nil {
		b.Price = s.Price
	}
	return b
}

// confirmBooking makes the booking that was read back.
func (t *turn) confirmBooking() {
	v := t.next.Booking
	if v == nil || v.Start.IsZero() {
		t.next.Ask = Ask{}
		t.ask(Ask{For: askWhen}, "book.when")
		return
	}
	if !t.free(v) {
		return // the hold has lapsed and somebody else was faster
	}
	t.did(actConfirm)
	if v.Number == "" {
		v.Number = t.in.Reference
	}
	for _, b := range t.visits(v, flowhq.BookingConfirmed) {
		t.fact(flowhq.FactChange{Booking: &b})
	}
	t.tell("book.done", "service", t.visitName(v), "time", t.at(v.Start), "number", v.Number)
	t.next.Booking, t.next.Ask = nil, Ask{}
}

// refuseBooking answers a no to what was read back: the slot is free again, and the rest may be
// changed.
func (t *turn) refuseBooking() {
	if t.next.Booking == nil {
		t.next.Ask = Ask{}
		t.tell("allright")
		return
	}
	t.release()
	t.next.Booking.Start = time.Time{}
	t.ask(Ask{For: askWhen}, "book.instead")
}

// release gives up the slot that is held. A slot that was never held has no fact to take back.
func (t *turn) release() {
	v := t.next.Booking
	if v == nil || v.Number == "" || v.HeldUntil.IsZero() || v.Start.IsZero() {
		return
	}
	for _, b := range t.visits(v, flowhq.BookingCancelled) {
		t.fact(flowhq.FactChange{Booking: &b})
	}
	v.HeldUntil = time.Time{}
}

// dropBooking gives up the booking that was being made.
func (t *turn) dropBooking() {
	t.release()
	t.next.Booking, t.next.Ask = nil, Ask{}
	t.tell("book.dropped")
}
