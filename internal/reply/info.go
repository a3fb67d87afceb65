package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Bounds on lists in a reply, in lines. A longer one is not read on a phone. What is left out can
// still be asked for by name.
const (
	// Lines of a list of facts. The bound keeps a catalogue on one screen.
	maxListed = 12
	// Things that are told one by one, with a price each, or that a menu offers.
	maxOffered = 6
)

// inform answers everything that the message asks for with facts from the owner. It reports
// whether there was anything. Questions about an order come first: "itafika lini" after an order
// asks for the order, not for how long deliveries take in general.
func (t *turn) inform() bool {
	if informed, done := t.informOfOrder(); done {
		return informed
	}
	if t.tellStock() {
		return true
	}
	if t.tellCharge() {
		t.did(actPrice)
		return true
	}
	informed := false
	for _, a := range t.asked() {
		if t.informOf(a) {
			t.did(a)
			informed = true
		}
	}
	return informed
}

// asked lists the facts that the message asks for, in the order of the reply. The models know
// several intents beside the best one, and some of these are echoes: whoever writes "delivery ni
// how much" scores for price and place as well. Each rule here drops an echo that was answered
// beside the question in a real conversation. A rule only drops: what is asked for in plain words
// survives where the message names a thing.
func (t *turn) asked() []act {
	p := &t.p
	var asked acts
	for _, a := range infoActs {
		if p.has(a) {
			asked = append(asked, a)
		}
	}
	has, drop := func(a act) bool { return asked.has(a) }, func(a act) { asked.drop(a) }
	// "How much to Rongai" asks for the fee.
	if has(actPrice) && !p.names() && len(p.areas) > 0 && !has(actDelivery) &&
		t.k.template() == flowhq.EcommerceTemplate {
		asked = append(asked, actDelivery)
	}
	// "So I pay nothing for delivery?" asks for no till.
	if p.cued(actDelivery) && !p.cued(actPayment) {
		drop(actPayment)
	}
	if has(actDelivery) && !p.names() { // "deliver ni how much" is no question for all prices
		drop(actPrice)
		drop(actPlace)
	}
	// "UPS mnauza?" asks whether there is one, which is on no list. Eight other prices are no answer.
	if has(actPrice) && !p.names() && !p.cued(actPrice) && !p.cued(actOffer) &&
		len(p.reading.Words) <= maxNaming && anyIn(p.reading.Words, sellWords) {
		drop(actPrice)
		if !has(actOffer) {
			asked = append(asked, actOffer)
		}
	}
	if has(actPrice) && has(actOffer) && !p.names() {
		drop(actOffer) // the list of prices says both
	}
	// "Great, make it 2, one L and one M" is no question about the range.
	if has(actOffer) && !p.names() && !p.asks && t.next.Topic != "" && !p.cued(actOffer) &&
		(p.has(actOrder) || len(t.sizesTold()) > 0) {
		drop(actOffer)
	}
	if p.has(actStatus, actCancel, actChange, actReturn, actProblem) {
		drop(actPlace) // "where is my order"
		drop(actOffer)
		drop(actDelivery)
	}
	if p.has(actPaid, actDecision) {
		drop(actPayment)
		drop(actOffer)
	}
	// "Niletee kariakoo mtaa wa swahili" says where to, and asks for no address.
	if p.cued(cueDeliver) && len(p.areas) > 0 && !p.asks && !p.cued(actPlace) {
		drop(actPlace)
	}
	if has(actHours) && t.k.template() == flowhq.BookingTemplate {
		drop(actOffer)
	}
	if !p.names() &&
		(p.has(actAccount) || has(actHours) && !p.cued(actPrice) || p.cued(actPayment)) {
		drop(actPrice) // "how much is my bill", "until saa ngapi"
	}
	if t.next.Order != nil && !p.asks && t.paymentNamed() != "" {
		drop(actPayment) // it says how it is paid
	}
	return t.preferAnswer(asked)
}

// sellWords ask whether something is sold.
var sellWords = keywords("mnauza, unauza, do you sell, do u sell, you sell")

// preferAnswer chooses between the owner's answer and what else the message asks for.
func (t *turn) preferAnswer(asked []act) []act {
	p := &t.p
	has := func(a act) bool { return slices.Contains(asked, a) }
	drop := func(a act) {
		asked = slices.DeleteFunc(asked, func(b act) bool { return a == b })
	}
	if p.has(actDecision) && p.alike >= mayAnswer && t.k.answer[p.answer] != nil {
		return []act{actAnswer} // the owner has decided already
	}
	if has(actAnswer) && !p.asks && p.has(actCancel, actChange) && t.hasOrder() {
		drop(actAnswer) // it changes an order, and asks nothing of returns
	}
	if has(actAnswer) && has(actPrice) && t.asksPriceToo() {
		return []act{actAnswer, actPrice} // "is it a female doctor? and how much"
	}
	if has(actAnswer) && (p.alike >= surelyAlike || !t.ownFacts(asked)) {
		return t.answeredBy()
	}
	drop(actAnswer)
	return asked
}

// answeredBy lists what is told beside the owner's answer, whose words are better than ours. "Black
// dress" asks for dresses as well as for colours.
func (t *turn) answeredBy() []act {
	p := &t.p
	if len(p.products) > 0 && p.alike < surelyTheSame &&
		(p.cued(actOffer) || len(p.reading.Words) <= maxNaming) {
		return []act{actAnswer, actOffer}
	}
	return []act{actAnswer}
}

// asksPriceToo reports whether the message asks for a price beside what the owner's answer is about.
// An answer whose question is about a price has told it.
func (t *turn) asksPriceToo() bool {
	a := t.k.answer[t.p.answer]
	if a == nil || !t.p.cued(actPrice) || !t.p.names() && t.next.Topic == "" {
		return false
	}
	// So has an answer with an amount: what mending costs is not what the trousers cost.
	if len(entity.Find(a.Answer.In(t.say.language)).Money) > 0 {
		return false
	}
	return !slices.ContainsFunc(a.Questions, func(q string) bool {
		words := split(q)
		return slices.ContainsFunc(cues, func(c cue) bool { return c.act == actPrice && c.fits(words) })
	})
}

// ownFacts reports whether the message asks for facts that stand in the owner's lists, which are
// more exact than an answer whose question is alike.
func (t *turn) ownFacts(asked []act) bool {
	// Only facts that are told count. An empty list must not win over an answer that exists.
	for _, a := range asked {
		switch {
		case a == actPrice && t.p.names(), a == actHours && t.k.profile.HoursTold(),
			a == actPlace && !t.k.profile.Place.Address.Empty(),
			a == actPayment && len(t.k.profile.Payments) > 0,
			a == actDelivery && t.k.profile.Delivery.Offered != nil:
			return true
		}
	}
	return false
}

// informOf answers one question for facts. It is false if another part of the turn does. Those that
// return true have said something, if only that the owner has not told.
func (t *turn) informOf(a act) bool {
	switch a {
	case actAnswer:
		// What the question named is what "I'll take it" means next.
		if ids := idsOf(t.p.products); len(ids) == 1 && t.k.answer[t.p.answer] != nil {
			t.speakOf(ids[0], "")
		}
		return t.giveAnswer(t.p.answer)
	case actOffer:
		return t.tellOffer()
	case actPrice:
		// "Is it a female doctor? And how much": the name is of the question before the price.
		if v := t.next.Booking; t.asksPriceToo() && t.p.has(actAnswer) && v != nil && v.Service != "" {
			t.tellPriceOf(v.Service)
			return true
		}
		return t.tellPrice()
	case actHours:
		t.tellHours()
	case actPlace:
		t.tellPlace()
	case actDelivery:
		return t.tellDelivery()
	case actPayment:
		t.tellPayment()
	default:
		return false // unreachable: infoActs has no other
	}
	return true
}

// giveAnswer gives the owner's answer to a question. It is false if a newer profile has no such
// answer any more: a menu keeps its options for half an hour.
func (t *turn) giveAnswer(id string) bool {
	a := t.k.answer[id]
	if a == nil || a.Answer.Empty() {
		return false
	}
	// The owner's words are shown as they are, on lines of their own. They may have line breaks.
	t.show(a.Answer.In(t.say.language))
	// "Write your account number here": the next message is then no question but what was asked
	// for. The ticket in the making keeps it from being answered with the menu.
	if t.k.template() == flowhq.SupportTemplate && !t.p.has(actProblem, actPaid) &&
		(t.next.Ticket == nil || t.next.Ticket.Number == "") &&
		anyIn(split(a.Answer.In(t.say.language)), wantsMore) {
		t.next.Ticket = &Problem{
			Subject: string(actAccount), Note: t.note(), At: t.in.Message.At, Wanted: true,
		}
	}
	// An answer to a problem may not solve it. The question afterwards decides between a ticket and
	// none, so that nobody has to tell the problem twice.
	if t.k.template() == flowhq.SupportTemplate && t.p.has(actProblem, actPaid) {
		// What is told after the ticket is of the same fault. A new draft here opened a second
		// ticket for it, and sent two technicians.
		if v := t.next.Ticket; v != nil && v.Number != "" {
			t.addToTicket()
			return true
		}
		t.next.Ticket = &Problem{Subject: string(actProblem), Note: t.note(), At: t.in.Message.At}
		t.ask(Ask{For: askHelped}, "ticket.helped")
	}
	return true
}

// wantsMore are words of an owner's answer that asks the customer to write something. "Here" is
// where such an answer asks for it: "tuma namba ya mita hapa".
var wantsMore = keywords("here, hapa")

// mayAnswer is how alike an owner's question is that decides what else only a person could. It is
// twice minAlike: here the answer replaces a person, there it is only offered.
const mayAnswer = .4

// minAlike is how alike an owner's question is at least that is offered. Below it the two nearest
// answers were about anything, and the offer read like a guess.
const minAlike = .25

// mayHelp is from when on an answer that is far ahead of the others is given with a "perhaps". A
// list of one question to choose from asks for what was just said.
const mayHelp = .3

// offerAnswers offers the owner's two answers that are nearest to what was asked. It comes before
// the menu: two questions that are nearly right help more than a list of everything.
func (t *turn) offerAnswers(pending Ask) bool {
	if t.p.alike < minAlike {
		return false
	}
	if len(t.p.nearest) == 1 && t.p.alike >= mayHelp && t.perhaps(t.p.nearest[0]) {
		t.resume(pending)
		return true
	}
	var options []Option
	// An answer without a question has no label to be chosen by.
	for _, id := range t.p.nearest {
		if a := t.k.answer[id]; a != nil && len(a.Questions) > 0 && len(options) < 2 {
			options = append(options, Option{Do: doAnswer, Value: id, Label: t.questionOf(a)})
		}
	}
	if len(options) == 0 {
		return false
	}
	options = append(options, Option{Do: doPerson, Label: t.say.first("menu.person")})
	t.did(actUnsure)
	// The owner sees the question although something is offered: none of the offers may be right.
	t.noteUnanswered()
	// An offer counts as a miss, or a customer who rejects each would never reach a person.
	t.next.Misses++
	if t.tooManyMisses() {
		t.handOver(flowhq.HandOverMissed)
		return true
	}
	t.askOf(Ask{For: askOption}, options, "answers.which")
	return true
}

// perhaps gives an answer that may be the one that was asked for. The word before it says so: as a
// plain answer it would be the owner's word on a question that nobody may have asked. It counts as a miss: the second
// guess in a row calls a person.
func (t *turn) perhaps(id string) bool {
	a := t.k.answer[id]
	if a == nil || a.Answer.Empty() || t.next.Misses+1 >= maxMisses {
		return false
	}
	t.did(actUnsure)
	t.next.Misses++
	t.tell("answers.perhaps")
	t.noteUnanswered()
	return t.giveAnswer(id)
}

// questionOf is the wording of an owner's question that is likeliest in the language of the chat.
// Owners list questions in both languages, and a label in the other one is hard to choose by.
func (t *turn) questionOf(a *flowhq.Answer) string {
	for _, q := range a.Questions {
		if languageOf(q, t.k.template()) == t.say.language {
			return q
		}
	}
	// No question in the language: any is better than an option without words.
	return a.Questions[0]
}

// tellPlace says where the business is.
func (t *turn) tellPlace() {
	place := t.k.profile.Place
	// Either is enough: shops without a street address send a pin of a map.
	if place.Address.Empty() && place.MapLink == "" {
		t.unanswered("unanswered.place")
		return
	}
	if !place.Address.Empty() {
		t.tell("place.address",
			"address", strings.TrimSuffix(place.Address.In(t.say.language), "."))
	}
	if place.MapLink != "" {
		// The link stands alone: WhatsApp then shows a preview, and no mark behind it becomes part
		// of it.
		t.show(t.say.first("place.map", "link", place.MapLink))
	}
}

// tellDelivery says whether and where orders are brought, and for how much.
func (t *turn) tellDelivery() bool {
	d := t.k.profile.Delivery
	told := d.Offered != nil || len(d.Areas) > 0
	switch {
	// Not told is neither yes nor no: a bot that says no loses an order that the owner would bring.
	case !told && !t.p.sure:
		t.unanswered("unanswered.delivery")
	case d.Offered != nil && !*d.Offered:
		t.tell("delivery.no")
		// Whoever cannot have it brought needs to know where to fetch it.
		if !t.k.profile.Place.Address.Empty() {
			t.tellPlace()
		}
	// Areas that are named are answered alone. The list beside them buried the fee that was asked
	// for.
	case len(t.p.areas) > 0:
		for _, id := range idsOf(t.p.areas) {
			t.tellArea(t.k.area[id])
		}
		// The area that is asked about while an order is made is where the order goes.
		if o := t.next.Order; o != nil && len(idsOf(t.p.areas)) == 1 && t.delivers() &&
			(o.How == "" || o.How == howDeliver && anyIn(t.p.reading.Words, movesTo)) {
			t.setArea(t.p.areas[0].ID)
		}
	// Nothing is asked of another place: it is the order's.
	case t.next.Order != nil && t.k.area[t.next.Order.Area] != nil && !t.p.same &&
		!t.namesOtherPlace():
		t.tellArea(t.k.area[t.next.Order.Area])
	case len(d.Areas) == 0:
		t.tell("delivery.yes")
		if note := d.Note.In(t.say.language); note != "" {
			t.show(note)
		}
	// A place on no list: the owner may still deliver there, so that the bot does not say no.
	case t.p.same, t.namesOtherPlace():
		t.unanswered("unanswered.area")
		t.tellAreas()
	default:
		t.tell("delivery.areas")
		t.show(t.areaLines()...)
		t.tellFreeFrom()
		// The question for the area is left out while an order is made: the order asks for it in
		// its turn.
		if t.next.Order == nil {
			t.ask(Ask{For: askDelivery}, "delivery.which")
		}
	}
	return true
}

// movesTo say that an order is to go to another place than was said.
var movesTo = keywords(`
	i will be, ill be, im in, i am in, niko, nipo, nitakuwa, ntakuwa, deliver to, change, hold on,
	instead, badala, nipelekee, niletee, actually
`)

// tellArea says what delivery to an area costs.
func (t *turn) tellArea(a *flowhq.Area) {
	if a == nil {
		return
	}
	// An order that is begun next takes this area, and does not ask for it again.
	t.next.Area = a.Name
	switch {
	// The area is served, the fee is not told: zero would be a promise.
	case a.Fee == nil:
		t.unanswered("unanswered.fee", "area", a.Name)
	// A provider delivers nothing: its areas are where it works.
	case t.k.template() == flowhq.SupportTemplate && *a.Fee == 0:
		t.tell("area.near", "area", a.Name)
	case t.k.template() == flowhq.SupportTemplate:
		t.tell("area.reached", "area", a.Name, "fee", t.k.money(*a.Fee))
	case *a.Fee == 0:
		t.tell("delivery.free", "area", a.Name)
	default:
		t.tell("delivery.area", "area", a.Name, "fee", t.k.money(*a.Fee))
		t.tellFreeFrom()
	}
	if note := a.Note.In(t.say.language); note != "" {
		t.show(note)
	}
}

// A free delivery from some amount on belongs to each answer with a fee: it changes what the
// customer pays.
func (t *turn) tellFreeFrom() {
	if from := t.k.profile.Delivery.FreeFrom; from > 0 {
		t.tell("delivery.free_from", "amount", t.k.money(from))
	}
}

// areaLines lists areas with their fees.
func (t *turn) areaLines() []string {
	var lines []string
	for i, a := range t.k.profile.Delivery.Areas {
		// The mark says that there are more areas than are listed.
		if i == maxListed {
			lines = append(lines, "…")
			break
		}
		line := "• " + a.Name
		switch {
		// No fee is told: the name alone says only that the area is served.
		case a.Fee == nil:
		case *a.Fee == 0:
			line += ": " + t.say.first("delivery.free_word")
		default:
			line += ": " + t.k.money(*a.Fee)
		}
		lines = append(lines, line)
	}
	return lines
}

// otherPlace finds what stands behind "to" as a place that is on no list. Swahili and English put
// the place behind such a word: "mpaka Mbagala", "delivery to Thika".
var otherPlace = keywords("to, mpaka, hadi, huku, kule, mpk")

// namesOtherPlace reports whether a question for delivery names a place that is not on the list. A
// word of a product's name or of notPlaces is none: "niletee kesho" names a day. A place that goes
// unnoticed is answered with the list of areas, which is right as well.
func (t *turn) namesOtherPlace() bool {
	words := t.p.reading.Words
	for i, w := range words {
		if i+1 == len(words) || !hasWord(otherPlace, w) && !hasWord(bringTo, w) {
			continue
		}
		next := words[i+1]
		if _, err := strconv.Atoi(next); err != nil && !hasWord(notPlaces, next) &&
			!t.k.words[next] {
			return true
		}
	}
	return false
}

// bringTo are verbs behind which the place may stand by itself.
var bringTo = keywords(`
	niletee, mniletee, nileteeni, nifikishie, mnifikishie, mlete, niletewe, nifikishiwe
`)

// notPlaces are words that stand behind "to" or such a verb and name no place on a map: times,
// people, and "home", which is an address only the customer knows.
var notPlaces = keywords(`
	leo, kesho, sasa, saa, hapa, tafadhali, please, today, tomorrow, now, na, nataka, order, oda,
	me, us, my, our, home, house, the, your, what, which, where, how, you, customers, all, any,
	nyumbani, kwangu, mlangoni, wapi, gani, maeneo, sehemu, kwa, area, areas
`)
