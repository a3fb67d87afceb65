package reply

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// actOnBookings does what the message wants done with bookings. The order is from what undoes to
// what does: "ghairi ya kesho, nibook Jumamosi" must not book twice.
func (t *turn) actOnBookings(informed bool) bool {
	p := &t.p
	switch {
	case t.dropsAdded(), t.movesEach(), t.addsPerson():
	// "Remove the shave" takes one service out, and cancels nothing.
	case t.addsOther(), t.onlyChild(), t.takesEachHour(), t.takesOrdinary(), t.beginsAnew(), t.swapsService(), t.restatesVisit(), t.takesOrder(), t.setsParty(), t.comesAlone(), t.correctsVisit(), t.removesService():
		t.did(actBook)
		t.continueBooking()
	case p.has(actCancel), t.deletesBooking():
		t.did(actCancel)
		t.wantCancel()
	// "Make it 3pm" moves a visit only where there is one. Without a booking the words choose the
	// time of the booking that is being made.
	case (p.has(actChange) || p.cued(cueInstead) && (p.hasTime || len(p.entities.Numbers) == 1) &&
		len(t.bookings()) > 0) &&
		(t.next.Booking == nil || t.next.Booking.Moves != ""):
		t.did(actChange)
		t.wantMove()
	// A wish with a time or a service is no question for what is booked already, though the model
	// often hears both in it.
	case p.has(actStatus) && (!p.has(actBook) || p.cued(actStatus) && !p.hasTime && !p.names()):
		t.did(actStatus)
		t.tellStatus()
	// "Sorry, can we do 3pm" after a booking was made a moment ago moves it.
	case t.next.Booking == nil && p.hasTime && (p.time.HasTime || p.time.HasDay) && len(p.services) == 0 &&
		t.bookedJustNow() && anyIn(p.reading.Words, otherTime):
		t.did(actChange)
		t.wantMove()
	// "Ndio, tuko wawili" to a read-back for one is read back for two, as is a child beside one.
	case t.bringsChild(), t.next.Booking != nil && !t.next.Booking.Start.IsZero() && !p.asks && t.saysPeople():
		t.did(actBook)
		t.fillVisit()
		t.continueBooking()
	// "One adult and one child", where that was read back already.
	case t.changesPeople(), t.restatesChild():
		t.did(actBook)
		t.continueBooking()
	case t.restatesBooked(), !informed && t.asksToBring():
	// The booking is made: who comes along is noted on it, and no second one begins.
	case t.moreCome():
		t.did(actBook)
		t.noteBooking()
	// Bills and test results are in no list of the owner's.
	case p.has(actAccount):
		t.did(actAccount)
		t.unanswered("unanswered.account")
	// "Thanks, see you Sunday" after a booking was made is a goodbye.
	case p.cued(cueLeave) && !p.asks && !p.cued(actBook) && t.next.Booking == nil &&
		len(t.bookings()) > 0 && len(p.services) == 0:
		t.did(actBye)
		t.next.Ask = Ask{}
		t.tell("bye")
	// "Thanks, see you Sunday" after free times believes to be booked.
	case p.cued(cueLeave) && !p.asks && !p.has(actBook) && t.next.Booking != nil:
		t.did(actBye)
		if t.next.Booking.Moves == "" {
			t.tell("book.not_yet")
		}
		t.continueBooking()
	case t.fillsVisit(informed):
		t.did(actBook)
		t.fillVisit()
		t.continueBooking()
	default:
		return false
	}
	return true
}

// wishesService reports whether a part of the message that asks nothing wants a service: "mko wazi jumapili?
// nataka fedi" was told the hours alone.
func (t *turn) wishesService(p *perception) bool {
	// "Ana kisukari, anaweza kuja kesho saa nne kupima damu?" asks for the visit.
	if len(p.services) > 0 && p.hasTime && p.time.HasTime && !p.cued(actPrice) && asksToBeServed.MatchString(p.text) {
		return true
	}
	return t.k.template() == flowhq.BookingTemplate && slices.ContainsFunc(p.services, func(m entity.NameMatch) bool {
		if m.Start < 0 || m.Start >= m.End || m.End > len(p.text) || !m.Exact || p.takesBack(m) {
			return false
		}
		one := pieceAround(p.text, m.Start, m.End)
		return !strings.HasSuffix(one, "?") && !asksInWords(split(one)) && wantsBefore.MatchString(p.text[:m.Start])
	})
}

// asksToBeServed asks whether somebody may come.
var asksToBeServed = regexp.MustCompile(`(?i)\b(?:(?:na|a|ana|tuna|wana|nina)weza (?:kuja|kumleta|kufika)|naomba (?:kuja|nimlete)|(?:can|could|may) (?:i|we|he|she|they) come|(?:can|could|may) (?:i|we) bring)\b`)

// wantsBefore stands in front of what is wanted.
var wantsBefore = regexp.MustCompile(`(?i)\b(?:nataka|naomba|nahitaji|niwekee|ningependa|i want|i need|i'd like|want|need)\s+(?:ku\w+\s+|to get\s+|a\s+|an\s+|the\s+)*$`)

// fillsVisit reports whether the message makes a booking, or says more of the one that is being
// made. Facts that were given end most messages: a price that is asked books nothing.
func (t *turn) fillsVisit(informed bool) bool {
	p := &t.p
	open := t.next.Booking != nil
	switch {
	// "It's for me and my brother" behind a read-back is for two.
	case open && ofUs(p.text) > 1 && !p.asks && t.next.Booking.Moves == "":
		return true
	case p.has(actHours) && !p.has(actBook):
		return false // "are you open on Saturday" books nothing
	// "How long do you hold the slot?" behind a booking begins no other.
	case !open && t.bookedJustNow() && p.asksSoftly() && !p.hasTime && len(p.services) == 0:
		return false
	case open && (t.addsService(t.next.Booking) || p.cued(cueFirst) && !informed):
		return true
	// What another service costs, asked while a visit is read back, changes no visit.
	case open && informed && t.onlyAsksOther():
		return false
	// Whether a time is free was not told as a fact, so that the booking says it.
	case p.has(actBook), p.has(actOffer) && !informed:
		return true
	// "How much is a fade on Saturday?" wants the price and the day.
	case p.hasTime && (open || !informed || p.has(actPrice, actOffer)):
		return p.time.HasDay || p.time.HasTime
	// Who only tells of a pain is told what helps, see offerDoctor.
	case len(p.services) > 0 && p.cued(cueSick) && !open && len(p.acts) == 0:
		return false
	case len(p.services) > 0:
		return !informed
	}
	return false
}

// fillVisit takes from the message what it says of service and time.
func (t *turn) fillVisit() {
	t.beginOther()
	if t.next.Booking == nil {
		t.next.Booking = &Visit{}
	}
	// A move keeps the service of its booking, whatever else is named.
	v, p := t.next.Booking, &t.p
	v.Another = v.Another || anyIn(p.reading.Words, anotherVisit)
	p.services = t.wantedServices(v)
	if both := t.spokenForBoth(); both != nil {
		v.takeParty(both)
		t.next.Topic = v.Service
	} else if v.Moves == "" && (len(p.services) > 0 || t.addsService(v) ||
		v.Service == "" && len(t.severalWanted()) > 1) {
		t.fillServices(v)
	} else if id := t.ordinaryService(); id != "" && v.Moves == "" {
		v.Service, t.next.Topic = id, id
	} else if all := t.next.Pair; v.Service == "" && len(all) > 1 {
		v.Service, v.More = all[0], slices.Clone(all[1:])
		v.Together = slices.Contains(v.More, t.childService())
	} else if s := t.k.service[t.next.Topic]; v.Service == "" && s != nil && !s.Unavailable {
		v.Service = t.childAlone(s.ID)
	}
	// A move keeps its number of people: each of them has a booking of its own.
	for _, q := range p.entities.Quantities {
		// One of two who come for three services has two of them.
		if n := int(q.Value); q.Unit == "people" && n >= 1 && v.Moves == "" && len(t.severalWanted()) == 0 &&
			(n > len(v.services()) || len(v.More) == 0) {
			v.People = min(n, maxPeople)
		}
	}
	if n := ofUs(p.text); n > 1 && v.Moves == "" {
		v.People = min(n, maxPeople)
	}
	if comeBoth.MatchString(p.text) && !alsoOneself.MatchString(p.text) && len(v.More) == 0 && v.People < 2 && v.Moves == "" {
		v.People = 2
	}
	// "Both of us same time" is of the two whose services were said.
	if len(v.More) == 1 && v.Moves == "" && (bothOfUs.MatchString(p.text) || t.saysWhoWants()) && v.Service != v.More[0] {
		v.Together = true
	}
	t.fitPeople(v)
	t.addChild()
	t.addOneself(v)
	t.keepVisitWishes()
	t.dropUnavailable(v)
	was := v.Start
	t.fillTime(v)
	t.orderSteps(v, was)
	t.placeEach(v, was)
	t.placeBesideBooked(v)
}

// fillTime takes from the message what it says of the day and hour of a visit.
func (t *turn) fillTime(v *Visit) {
	p := &t.p
	if !p.hasTime {
		return
	}
	t.timeTaken = true
	said := p.time
	// An hour alone that has passed today is of the day that was agreed on.
	if said.HasDay && said.HasTime && said.Certainty == when.Ask && v.Day.After(said.Day) &&
		!dayNamed.MatchString(p.text) {
		said.Likely = true
	}
	r := t.timeWithDay(said, v)
	switch {
	case r.HasDay && r.HasTime:
		v.Day, v.Start = r.Day, r.Start
		if inMinutes.MatchString(p.text) {
			v.Start = wholeQuarter(r.Start)
		}
	// The service is asked for first, and the hour must not be gone by then. The visit is read back
	// with the day that it would be.
	case r.HasTime && v.Service == "" && v.Day.IsZero() && v.Moves == "" && r.Start.After(t.now):
		v.Day, v.Start = startOfDay(r.Start), r.Start
	// A day alone leaves the hour open, but for one that was agreed on before: "make it Friday
	// then" keeps the three o'clock of Thursday.
	case r.HasDay:
		clock := v.Start
		if a, ok := t.appointmentOf(v.Moves); ok && clock.IsZero() {
			clock = a[0].StartsAt.In(t.k.zone)
		}
		v.Day, v.Start = r.Day, time.Time{}
		if !clock.IsZero() && r.Certainty != when.Part && r.Certainty != when.Closed {
			// Another day, and the time that was agreed on. It is read back.
			y, m, d := r.Day.Date()
			v.Start = time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, t.k.zone)
		}
	}
}

// dayNamed finds a day that a message names.
var dayNamed = regexp.MustCompile(`(?i)\b(?:\w+day|mon|tues?|wed|thur?s?|fri|sat|sun|tomorrow|tonight|leo|kesho\w*|` +
	`juma\w+|jmosi|alhamisi|ijumaa|tarehe|week|wiki|\d+(?:st|nd|rd|th))\b`)

// beginOther begins a visit of its own for who books another service while a booking is to be moved:
// "I want to book a shave on friday" moved the haircut to Friday. That one stays as it is, and the
// reply says so.
func (t *turn) beginOther() {
	v, p := t.next.Booking, &t.p
	if v == nil || v.Moves == "" || !p.has(actBook) || p.has(actChange) || p.cued(cueInstead) ||
		len(p.services) == 0 {
		return
	}
	moved, ok := t.appointmentOf(v.Moves)
	if !ok || slices.ContainsFunc(moved, func(b flowhq.Booking) bool {
		return slices.Contains(namedIDs(p.services), b.Service)
	}) {
		return
	}
	t.tell("cancel.kept")
	t.next.Booking, t.next.Ask = nil, Ask{}
}

// changesPeople takes the number that comes in place of too many: "make it 2 then".
func (t *turn) changesPeople() bool {
	v, p := t.next.Booking, &t.p
	if v != nil && v.Moves == "" && v.People > 1 && saysOnlyOne(p.text) {
		v.People, v.InTurn = 0, false
		p.services = nil
		t.fillVisit()
		return true
	}
	if v == nil || v.Start.IsZero() || v.Moves != "" || t.next.Ask.For != "" || p.hasTime ||
		p.asks || !p.cued(cueInstead) || len(p.entities.Numbers) != 1 || len(p.services) > 0 {
		return false
	}
	// The hour of the visit is not asked for, so that the number counts people.
	n := p.entities.Numbers[0].Value
	if n < 1 || n > maxPeople {
		return false
	}
	v.People, v.More, v.Together, v.InTurn = n, nil, false, false
	return true
}

// onlyOne says that one is wanted, of several that were read back or booked: "mtoto mmoja tu".
var onlyOne = regexp.MustCompile(`(?i)\b(?:mm?oja|1|one)\s+(?:tu|pekee|only|alone)\b|\b(?:only|just)\s+(?:the\s+)?(?:one|1)\b`)

// oneOff takes one away of several that are booked.
var oneOff = regexp.MustCompile(`(?i)\b(?:futa|ghairi|cancel|remove|delete|toa|ondoa)\s+(?:the\s+)?(?:mm?oja|1|one)\b`)

// saysOnlyOne reports whether a text says that one is wanted; "saa moja tu" is an hour.
func saysOnlyOne(text string) bool {
	at := onlyOne.FindStringIndex(text)
	return at != nil && !hourBefore.MatchString(text[:at[0]])
}

// comeBoth says that two come who were spoken of.
var comeBoth = regexp.MustCompile(`(?i)\bfor both\b(?:\s+(?:boys|girls|kids|of them))?|\bboth (?:boys|girls|kids|of them)\b|` +
	`\b(?:2|two) of them\b|\bwote wawili\b`)

// otherTime are words of who wants another time than was just booked.
var otherTime = keywords("sorry, actually, instead, can we do, can we make, can i do, change, " +
	"samahani, badala, iwe, rather")

// bookedJustNow reports whether the only booking of the customer was made in this talk.
func (t *turn) bookedJustNow() bool {
	all := t.appointments()
	return len(all) == 1 && t.now.Sub(all[0][0].CreatedAt) <= AskedFor
}

// wholeQuarter is the next quarter of an hour after a time that nobody says: "in 40 minutes".
func wholeQuarter(at time.Time) time.Time {
	if at.Minute()%15 == 0 {
		return at
	}
	return at.Truncate(time.Minute).Add(time.Duration(15-at.Minute()%15) * time.Minute)
}

// serviceOf is the service that the message means, "" if that must be asked. A booking has one
// service: two that are named together may be one of the owner's, such as "haircut and beard".
func (t *turn) serviceOf(before string) string {
	named := idsOf(t.p.services)
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
	// The names joined as a customer would join them may be the name of one service.
	both := t.named(t.k.services, and(t.say.language, names))
	if len(both) == 1 && !slices.Contains(named, both[0].ID) {
		return both[0].ID
	}
	t.choices = named
	return ""
}

// book begins a booking with what an option said. An option is the owner's own entry, so that
// nothing of it has to be asked about.
func (t *turn) book(v Visit) {
	t.did(actBook)
	if t.next.Booking == nil {
		t.next.Booking = &Visit{}
	}
	if v.Service != "" {
		t.next.Booking.Service, t.next.Topic = v.Service, v.Service
		t.next.Booking.More, t.next.Booking.Together = v.More, len(v.More) > 0 && t.severalCome()
	}
	t.continueBooking()
}

// continueBooking asks for what is missing, or reads the booking back. The service comes first: how
// long it takes decides which times are free. One question is asked a turn.
func (t *turn) continueBooking() {
	v := t.next.Booking
	if v.Moves != "" {
		t.continueMove()
		return
	}
	// A parent does not send children home because two chairs are free and not three.
	// Neither does who has said which services the others want.
	if id := t.childService(); v.places() > t.k.capacity() && (len(v.More) > 0 || id != "" &&
		v.Service == id) && len(v.services()) <= maxInTurn &&
		!anyIn(t.p.reading.Words, allAtOnce) {
		v.More, v.People, v.Together, v.InTurn = v.services()[1:], 0, false, true
	}
	if v.places() > t.k.capacity() {
		// More than there is room for is for a person to arrange. The wish stays: without one, the
		// booking goes on for one.
		v.People, v.Together = 0, false
		v.More = slices.DeleteFunc(slices.Compact(v.More), func(id string) bool {
			return id == v.Service
		})
		t.did(actBook)
		t.unanswered("book.too_many")
		return
	}
	if !t.haveService(v) {
		return
	}
	if v.Children {
		t.ask(Ask{For: askChildren}, "book.children")
		return
	}
	if !t.haveTime(v) {
		return
	}
	if key := t.bookedAlready(v); key != "" {
		t.release()
		v.Moves, v.Number = key, ""
		t.continueMove()
		return
	}
	t.readBack(v)
}

// anotherVisit says that a visit comes on top of the one that was booked.
var anotherVisit = listOf("another visit")

// bookedAlready is the key of the visit that was booked in this talk for the same services, "" if there is
// none, or one more was asked for. "12 instead of 11" that was not understood as a move was booked a
// second time, and so was "Wednesday, not Monday".
func (t *turn) bookedAlready(v *Visit) string {
	all := t.appointments()
	if !t.bookedJustNow() || v.Another {
		return ""
	}
	booked, wanted := visitOf(all[0]).services(), slices.Clone(v.services())
	slices.Sort(booked)
	slices.Sort(wanted)
	if !slices.Equal(booked, wanted) || v.places() != max(len(all[0]), 1) && v.Together {
		return ""
	}
	return all[0].key()
}

// maxInTurn is how many a parent and children are who are booked one after the other where there is
// no room for all at once. More of them, and other company, are for a person to arrange.
const maxInTurn = 4

// atOnce say that all are to be served at the same time.
var atOnce = keywords("same time, at once, together, pamoja, wakati mmoja, muda mmoja, muda huo " +
	"huo, at a go, wote kwa pamoja")

// allAtOnce say that nobody is to wait for another. "The same hour" is that of the visit.
var allAtOnce = keywords("at once, all together, wote pamoja, at a go, wote kwa pamoja, wakati mmoja wote, wote wakati mmoja")

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
	t.tellUnlisted()
	var options []Option
	var names []string
	for _, s := range firstOf(offered, min(len(offered), maxOptions)) {
		options = append(options, Option{Do: doService, Value: s.ID,
			Label: s.Name.In(t.say.language)})
		names = append(names, s.Name.In(t.say.language))
	}
	// Who has said a day wants to go on: a few names in one line are quicker than a list of nine.
	if len(offered) > maxSlots && !v.Day.IsZero() && t.next.Ask.For != askService {
		t.ask(Ask{For: askService, Options: options}, "book.service_for", "names",
			or(t.say.language, names[:maxSlots-1]))
		return false
	}
	t.askOf(Ask{For: askService}, options, "book.service")
	return false
}

// onlyAsksOther reports whether the message asks about a service that is not the one of the visit,
// and says nothing of wanting it.
func (t *turn) onlyAsksOther() bool {
	p, v := &t.p, t.next.Booking
	// A day in a question that the owner's answer answers is none of the visit.
	return v.Service != "" && len(p.services) > 0 && (!p.hasTime || p.has(actAnswer) && !p.time.HasTime) && p.asksSoftly() &&
		p.has(actPrice, actOffer, actAnswer) && !p.cued(cueInstead) && !p.cued(actBook) &&
		!anyIn(p.reading.Words, wishWords)
}
