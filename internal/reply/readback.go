package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Reading a visit back, and what the answer makes of it.

// readBack holds the slot and reads the booking back. A yes that comes twice must not book twice,
// so a booking that stands is named instead.
func (t *turn) readBack(v *Visit) {
	if b, ok := t.sameBooking(v); ok && !v.Another {
		t.next.Booking, t.next.Ask = nil, Ask{}
		t.tell("book.already", "service", t.k.nameOf(b.Service, t.say),
			"time", t.at(b.StartsAt), "number", b.Number)
		return
	}
	t.hold(v)
	// What was read back earlier in the turn has changed since.
	t.said = slices.DeleteFunc(t.said, func(p part) bool { return p.lead })
	// The question is answered before the visit is read back, or the customer reads past it.
	switch asks := t.p.has(actOffer) && t.p.hasTime; {
	case asks && t.unlisted() != "": // "mna lift?" beside an hour asks for no time
		t.passQuestion()
	case asks && !t.p.has(actBook): // "is ten o'clock free?"
		t.tell("book.free_at", "time", t.at(v.Start))
	}
	t.tellVisit(v)
	t.tellName()
	t.ask(Ask{For: askBook}, "book.confirm")
}

// tellVisit reads a booking back, in both clocks and with its price. "saa sita" is twelve o'clock
// or six: the customer sees which before the yes.
func (t *turn) tellVisit(v *Visit) {
	name, price := t.visitName(v), ""
	var from, to int64
	// A price may be a range, as for braids, so the least and the most are summed apart.
	for _, id := range v.services() {
		s := t.k.service[id]
		// A sum without the price of one of them would be too little.
		if s == nil || s.Price == 0 {
			from = 0
			break
		}
		from, to = from+s.Price, to+max(s.Price, s.PriceTo)
	}
	if from > 0 {
		price = t.k.money(from)
		if to > from {
			price += " – " + t.k.money(to)
		}
	}
	// Deferred, as the sentence stands behind the read-back.
	// Who comes for one service each is counted by these. One of two who come for three has two.
	services := v.services()
	repeated := len(slices.Compact(slices.Sorted(slices.Values(services)))) < len(services)
	switch {
	case len(v.More) > 1 && v.InTurn && repeated && len(v.Offsets) == 0:
		defer t.tellLead("book.in_turn", "count", strconv.Itoa(len(services)))
	case len(v.More) > 0 && !v.Together:
		defer t.tellNext(v)
	}
	if v.Together {
		defer t.tellLead("book.together", "count", strconv.Itoa(v.places()))
	}
	if price == "" {
		t.tellLead("book.readback", "service", name, "time", t.bothClocks(v.Start))
		return
	}
	t.tellLead("book.readback_price", "service", name, "time", t.bothClocks(v.Start), "price", price)
}

// tellNext says when each service begins that comes behind the first one of a visit.
func (t *turn) tellNext(v *Visit) {
	rows := t.visits(v, flowhq.BookingHeld)
	for _, b := range rows[1:] {
		t.tellLead("book.then", "service", t.k.nameOf(b.Service, t.say), "time", t.clock(b.StartsAt))
	}
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
	// Counted from the message, so that a turn that is repeated after a crash decides the same. The
	// row has the database's own time.
	v.HeldUntil = t.in.Message.At.Add(flowhq.HoldFor)
	rows := t.visits(v, flowhq.BookingHeld)
	for _, b := range rows {
		held := v.HeldUntil
		b.HeldUntil = &held
		t.fact(flowhq.FactChange{Booking: &b})
	}
	// What was taken out of the visit since is free again.
	for _, b := range t.in.Calendar.Bookings {
		if b.Status == flowhq.BookingHeld && strings.HasPrefix(b.Number, v.Number+"-") &&
			!slices.ContainsFunc(rows, func(r flowhq.Booking) bool { return r.Number == b.Number }) {
			b.Status, b.HeldUntil = flowhq.BookingCancelled, nil
			t.fact(flowhq.FactChange{Booking: &b})
		}
	}
}

// maxPeople bounds how many bookings one message makes.
const maxPeople = 9

// visits are the bookings of a visit, one for each who comes. Each has a number of its own, so that
// one of them can be cancelled alone.
func (t *turn) visits(v *Visit, status flowhq.BookingStatus) []flowhq.Booking {
	var all []flowhq.Booking
	starts := t.startsOf(v)
	for i, service := range v.services() {
		b := t.booking(v, service, starts[i], status)
		// The first keeps the bare number, which is the one that the customer is told.
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
	if len(v.More) > 0 {
		var names []string
		services := v.services()
		for i, id := range services {
			// Named with its number where it came first.
			if slices.Contains(services[:i], id) {
				continue
			}
			name := t.k.nameOf(id, t.say)
			n := 0
			for _, other := range services {
				if other == id {
					n++
				}
			}
			if n > 1 {
				name = strconv.Itoa(n) + " × " + name
			}
			names = append(names, name)
		}
		return and(t.say.language, names)
	}
	if v.People > 1 {
		name = strconv.Itoa(v.People) + " × " + name
	}
	return name
}

// booking is the fact of a visit.
func (t *turn) booking(
	v *Visit, service string, start time.Time, status flowhq.BookingStatus,
) flowhq.Booking {
	minutes := t.minutes(service)
	b := flowhq.Booking{
		Number: v.Number, Service: service, Minutes: minutes, Currency: t.k.profile.Currency,
		Name: t.next.Name, Note: v.Note,
		StartsAt: start, EndsAt: start.Add(time.Duration(minutes) * time.Minute),
		Status: status,
	}
	// A service that the owner has removed meanwhile has no price, and the booking stands all the
	// same.
	if s := t.k.service[service]; s != nil {
		b.Price = s.Price
	}
	return b
}

// confirmBooking makes the booking that was read back.
func (t *turn) confirmBooking() {
	v := t.next.Booking
	// A yes that comes late may find a visit whose time was taken back.
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
	t.tell("book.done", "service", t.visitName(v), "time", t.timesOf(v), "number", v.Number)
	t.tellName()
	t.next.Booking, t.next.Ask, t.next.Day, t.next.Staff = nil, Ask{}, time.Time{}, ""
}

// tellName says the name that the message tells, so that nobody wonders whether it was read.
func (t *turn) tellName() {
	if t.p.name != "" && t.next.Name != "" {
		t.tellLead("book.name", "name", t.next.Name)
	}
}

// tellOrderName says the name that a message tells of an order, likewise.
func (t *turn) tellOrderName() {
	if name := t.next.Name; t.k.template() == flowhq.EcommerceTemplate && name != "" &&
		name == t.p.name && t.p.name != t.in.State.Name && !strings.Contains(t.reply(), name) &&
		!t.handedOver() && !t.missed {
		t.tellLead("book.name", "name", name)
	}
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
	// The services and the people stay: most who say no only want another time.
	t.next.Booking.Start = time.Time{}
	t.ask(Ask{For: askWhen}, "book.instead")
}

// release gives up the slot that is held. A slot that was never held has no fact to take back.
func (t *turn) release() {
	v := t.next.Booking
	if v == nil || v.Number == "" || v.HeldUntil.IsZero() || v.Start.IsZero() {
		return
	}
	// The held rows are cancelled by their numbers, or the slot would look taken until the hold
	// lapses.
	for _, b := range t.visits(v, flowhq.BookingCancelled) {
		t.fact(flowhq.FactChange{Booking: &b})
	}
	v.HeldUntil = time.Time{}
}

// dropBooking gives up the booking that was being made.
func (t *turn) dropBooking() {
	t.release()
	t.next.Booking, t.next.Ask = nil, Ask{}
	// "Nothing is booked" would frighten who has a booking.
	if all := t.appointments(); t.bookedJustNow() {
		t.tell("cancel.remains", "service", t.appointmentName(all[0]), "time", t.at(all[0][0].StartsAt))
		return
	}
	t.tell("book.dropped")
}

// confirmsAndAsks makes the booking for who agrees and asks something beside: "yes. if I am late,
// do you wait?". The question alone was read, and the visit stayed unbooked. What goes on with
// another time, service or wish is no agreement.
func (t *turn) confirmsAndAsks() bool {
	if t.confirmsBeside() {
		return true
	}
	p := &t.p
	// A yes books only what was read back. So whatever may change it makes the message no yes here.
	reminds := anyIn(p.reading.Words, notAnswered)
	moves := t.next.Ask.For == askMove
	if t.next.Ask.For != askBook && !moves || p.yesNo != entity.Neither || !saysYesInPart(p.text) ||
		yesBut.MatchString(p.text) && (!t.wished || p.asks) ||
		p.hasTime && !t.namesHeldTime(p) || p.names() && !t.namesInQuestion() ||
		p.has(actCancel, actChange, actDecision, actDrop) || p.cued(cueInstead) || p.cued(cueAdd) ||
		p.cued(cueThink) || t.saysEach() || t.agreesForAnother() ||
		!p.has(infoActs...) && !p.asks && !t.wished && !reminds && !t.yesAndMore() ||
		p.has(taskActs...) && !p.has(actBook) || t.bringsPerson() ||
		anyIn(p.reading.Words, ifWords) {
		return false
	}
	t.did(actYes)
	t.keepRest()
	// A move is confirmed in the same words as a booking.
	if moves {
		t.confirmMove()
	} else {
		t.confirmBooking()
	}
	if t.yesAndMore() {
		return true
	}
	if !t.inform() && (p.asks || reminds) {
		t.passQuestion()
	}
	return true
}

// agreesForAnother reports whether a yes goes on with somebody who is not on the visit: "ndio
// lakini na dogo je?".
func (t *turn) agreesForAnother() bool {
	v, words := t.next.Booking, t.p.reading.Words
	if v != nil && v.Moves == "" && len(v.More) == 0 && ofUs(t.p.text) > v.places() {
		return true // "yes, me and my wife"
	}
	return v != nil && v.Moves == "" && !t.isParty(v) && v.People < 2 &&
		!nameTold.MatchString(t.p.text) && anyIn(words, companions) &&
		(yesBut.MatchString(t.p.text) || anyIn(words, allOfThem))
}

// namesInQuestion reports whether what the message names is asked about, and the owner's answer to
// it is known: "ndio. na mnauza mafuta ya ndevu?".
func (t *turn) namesInQuestion() bool {
	return t.p.asksSoftly() && t.p.has(actAnswer) && !t.p.has(taskActs...)
}

// yesAndMore reports whether a yes begins the message that something follows which neither asks nor
// changes anything: "yes please. my name is Joseph, my brother is Alex".
func (t *turn) yesAndMore() bool {
	p := &t.p
	words := p.reading.Words
	return !p.asks && len(words) > 0 && len(words) <= maxExtra && !saysBut(words) &&
		(anyIn(words[:1], yesWords) || anyIn(words[:min(2, len(words))], plainYes)) &&
		!anyIn(words, softQuestion) && !anyIn(words, companionsCome) && len(p.acts) == 0
}

// companionsCome are words of who brings somebody, which changes what was read back.
var companionsCome = keywords("wants, want, anataka, wanataka, anakuja, wanakuja, coming, comes, bring, " +
	"bringing, naja na, nakuja na, tuko, tupo, we are, were, of us")

// keepRest notes what stands beside a yes and is more than a name, for who serves the customer.
func (t *turn) keepRest() {
	if !t.yesAndMore() || t.wished {
		return
	}
	var rest []string
	for _, piece := range piecesOf(t.p.text) {
		words := split(piece.text)
		isYes := !slices.ContainsFunc(words, func(w string) bool { return !hasWord(yesHead, w) })
		if name := nameIn(piece.text); !isYes && len(words) > 1 &&
			(name == "" || name != t.p.name || len(words) > len(split(name))+maxNameLead) {
			rest = append(rest, piece.text)
		}
	}
	if len(rest) > 0 {
		t.noteVisit(strings.Join(rest, ", "))
	}
}

// maxNameLead is how many words stand in front of a name that says no more: "my name is".
const maxNameLead = 3

// notAnswered say that a question was left open.
var notAnswered = listOf("not answered")

// clearYes are a yes in other words, which leads to nothing else.
var clearYes = keywords("weka, wekeni, niwekee, book, right, correct, perfect, sahihi, hapo " +
	"sawa, iko sawa, ni sawa, nakubali")

// yesBut is a yes that is taken back, or made to depend on something: "sawa lakini bei imepanda?".
var yesBut = regexp.MustCompile(`(?i)^\s*(?:\pL+[ ,]+){1,4}(?:ila|but|lakini)\b`)

// yesBreak ends a yes that more follows, or stands in front of one.
var yesBreak = regexp.MustCompile(`(?i)[.!,;\n]+|\b(?:ila|but|lakini)\b`)

// saysYesInPart reports whether a part of a message is a clear yes, and not all of it.
func saysYesInPart(text string) bool {
	// In any place: "you did not answer me. But yes, book it".
	pieces := slices.DeleteFunc(yesBreak.Split(text, maxPartsRead), func(s string) bool {
		return strings.TrimSpace(s) == ""
	})
	// "Ok. Do you accept AAR insurance" may only lead to the question.
	asks := strings.Contains(text, "?") || slices.ContainsFunc(pieces, entity.BeginsAsQuestion)
	return len(pieces) > 1 && slices.ContainsFunc(pieces, func(piece string) bool {
		words := split(piece)
		clear := anyIn(words, plainYes) || anyIn(words, confirmWords) || anyIn(words, clearYes)
		return entity.ReadYesNo(piece) == entity.Yes && !strings.Contains(piece, "?") &&
			(clear || !asks) || len(words) > 0 && clear &&
			!slices.ContainsFunc(words, func(w string) bool { return !hasWord(yesHead, w) })
	})
}

// maxAgreement is how many words a yes has at most that says the visit again.
const maxAgreement = 12

// agreesToVisit reports whether the message says yes to the visit that was read back and names its
// time again: "poa thibitisha hiyo saa 11, jina naitwa Kelvin" was asked back.
func (t *turn) agreesToVisit(p *perception) bool {
	words := p.reading.Words
	if t.agreesToService(p) {
		return true
	}
	if !slices.Contains([]string{askBook, askMove, askMean}, t.next.Ask.For) || !t.namesHeldTime(p) ||
		p.asks || p.names() ||
		len(p.areas) > 0 || len(words) == 0 || len(words) > maxAgreement ||
		!anyIn(words[:1], yesWords) || saysBut(words) || p.cued(cueInstead) {
		return false
	}
	return true
}

// agreesToService reports whether the message says yes to the visit that was read back, names what
// it is for once more, and says nothing else: "just the haircut then, yes".
func (t *turn) agreesToService(p *perception) bool {
	v, words := t.next.Booking, p.reading.Words
	if t.next.Ask.For != askBook || v == nil || len(v.More) > 0 || v.People > 1 || p.asks ||
		len(p.services) != 1 ||
		p.services[0].ID != v.Service || p.hasTime && !t.namesHeldTime(p) || len(words) < 2 ||
		len(words) > maxAgreement || !hasWord(plainYes, words[0]) &&
		!hasWord(plainYes, words[len(words)-1]) {
		return false
	}
	return !slices.ContainsFunc(words, func(w string) bool {
		return !t.hasNameWords(v.Service, []string{w}) && !hasWord(onlyWords, w) &&
			!hasWord(countFillers, w) &&
			!hasWord(courtesyWords, w) && !hasWord(yesHead, w) && !hasWord(plainYes, w) &&
			!hasWord(saysNothing, w)
	})
}

// namesHeldTime reports whether the message names the time of the visit that was read back.
func (t *turn) namesHeldTime(p *perception) bool {
	v := t.next.Booking
	if v == nil || !p.hasTime || !p.time.HasTime {
		return false
	}
	held, day := v.Start, v.Day
	if a := t.next.Ask; a.For == askMean { // nothing is held yet
		held = a.Time.In(t.k.zone)
		day = startOfDay(held)
	}
	// "Saa 4" may be read as four or as ten, so only the minute and the hour of twelve are
	// compared.
	return !held.IsZero() && p.time.Start.Minute() == held.Minute() &&
		p.time.Start.Hour()%12 == held.Hour()%12 &&
		(!p.time.HasDay || p.time.Likely || sameDay(p.time.Day, day))
}
