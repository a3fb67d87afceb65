package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
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
	if t.tellMinutes() || t.tellStock() || t.tellThere() || t.tellSame() ||
		t.tellSeen() || t.tellOpenThen() || t.tellAtOnce() {
		return true
	}
	if t.advise() || t.tellsSum() || t.tellTogether() {
		return true
	}
	if t.lacksAccount() {
		if !t.tellsNamedWay() {
			t.unanswered("unanswered.any")
		}
		return true
	}
	// What is asked beside it is answered as well.
	informed := t.tellIncluded() || t.tellWay()
	if t.tellAmount() {
		t.did(actPrice)
		return true
	}
	if t.tellFaultVisit() {
		return true
	}
	if t.tellCharge() {
		t.did(actPrice)
		return true
	}
	if t.notesChange() {
		informed = true
		// What the owner says of change asks for the note, and the sum is no offer.
		t.did(actOrder)
		t.p.acts.drop(actAnswer, actPayment, actPrice, actDecision)
	}
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
	// "Deliver ni how much" is no question for all prices, and "huduma yenu ipo Muheza na ni sh ngapi" is.
	if has(actDelivery) && !p.names() && !(t.asksCoverage(p) && p.cued(actPrice)) {
		drop(actPrice)
		drop(actPlace)
	}
	// "UPS mnauza?" asks whether there is one, which is on no list. Eight other prices are no
	// answer.
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
	// The order that the message makes is read back with each price and the sum.
	if t.k.template() == flowhq.EcommerceTemplate && t.wishes() && p.counts() &&
		!p.cued(actDecision) {
		drop(actPrice)
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
	// "Kipimo cha mimba ni bei gani" asks what it costs, and not what to eat before a test.
	if has(actAnswer) && has(actPrice) && p.cued(actPrice) && p.alike < surelyTheSame &&
		len(p.reading.Words) <= maxPriced && slices.ContainsFunc(p.services,
		func(m entity.NameMatch) bool { return m.Exact }) {
		drop(actAnswer)
		return asked
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

// maxPriced is how many words a message has at most that names a service and asks for its price
// alone.
const maxPriced = 6

// answeredBy lists what is told beside the owner's answer, whose words are better than ours. "Black
// dress" asks for dresses as well as for colours.
func (t *turn) answeredBy() []act {
	p := &t.p
	sized := slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return m.Size != "" })
	// "Do you have black belts" asks for belts, however much the answer is about colours.
	coloured := p.asks && colourRun.MatchString(p.text) && t.k.template() == flowhq.EcommerceTemplate
	if len(p.products) > 0 && (p.alike < surelyTheSame || sized || coloured) &&
		(p.cued(actOffer) || len(p.reading.Words) <= maxNaming || coloured) {
		return []act{actAnswer, actOffer}
	}
	return []act{actAnswer}
}

// asksPriceToo reports whether the message asks for a price beside what the owner's answer is
// about. An answer whose question is about a price has told it.
func (t *turn) asksPriceToo() bool {
	a := t.k.answer[t.p.answer]
	if a == nil || !t.p.cued(actPrice) || !t.p.names() && t.next.Topic == "" {
		return false
	}
	// So has an answer with an amount: what mending costs is not what the trousers cost.
	if len(t.in.memo.entitiesIn(a.Answer.In(t.say.language)).Money) > 0 {
		return false
	}
	return !slices.ContainsFunc(a.Questions, func(q string) bool {
		words := split(q)
		return slices.ContainsFunc(cues,
			func(c cue) bool { return c.act == actPrice && c.fits(words) })
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
		// "Kutoka 10 kwenda 20" is about the package that is named last.
		for _, m := range t.p.services {
			if (m.Exact || m.Score >= nearlyExact) && (slices.Contains(t.packages(), m.ID) ||
				t.k.template() == flowhq.BookingTemplate && len(t.p.services) == 1) {
				t.speakOf(m.ID, "")
			}
		}
		return t.giveAnswer(t.p.answer)
	case actOffer:
		return t.tellOffer()
	case actPrice:
		// "Is it a female doctor? And how much": the name is of the question before the price.
		if v := t.next.Booking; t.asksPriceToo() && slices.Contains(t.acts, actAnswer) &&
			v != nil && v.Service != "" {
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
	// What only a technician can mend is no question of whether the answer helped.
	opens := t.k.template() == flowhq.SupportTemplate && t.p.has(actProblem) && !t.p.has(actPaid) &&
		anyIn(split(a.Answer.In(t.say.language)), comingWords) &&
		anyIn(t.p.reading.Words, faultLights) && (t.next.Ticket == nil ||
		t.next.Ticket.Number == "")
	if opens {
		t.tell("ticket.sorry")
	}
	// The owner's words are shown as they are, on lines of their own. They may have line breaks.
	// They have no variants: what the last reply has told is only pointed at.
	if text := t.answerText(a); t.saidLast(text) {
		// Who orders after the answer has not asked again.
		switch {
		case t.p.has(actOrder) && !t.p.asksSoftly():
		case t.tellAmong(text):
		case t.standsIn(a):
			t.tell("answers.as_told")
		default:
			t.unanswered("unanswered.any")
		}
	} else {
		t.show(text)
		t.tellNotAmong(text)
	}
	// "Write your account number here": the next message is then no question but what was asked
	// for. The ticket in the making keeps it from being answered with the menu.
	if t.k.template() == flowhq.SupportTemplate && !t.p.has(actProblem, actPaid) &&
		(t.next.Ticket == nil || t.next.Ticket.Number == "") &&
		anyIn(split(a.Answer.In(t.say.language)), wantsMore) {
		t.next.Ticket = &Problem{
			Subject: string(actAccount), Note: t.note(), At: t.in.Message.At, Wanted: true,
		}
		// What it asks to be written is a package, and the account that it is for.
		if a == t.answerTo(phrasesOf("package"), 0) {
			t.next.Ticket.Subject, t.next.Ticket.Service = string(actOrder), t.packageTold()
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
		if t.p.has(actPaid) {
			t.next.Ticket.Subject = string(actPaid)
		}
		if opens {
			t.openTicket()
			return true
		}
		t.ask(Ask{For: askHelped}, "ticket.helped")
	}
	return true
}

// ownersYes is the yes in front of an owner's answer.
var ownersYes = regexp.MustCompile(`^(?:Ndiyo|Ndio|Yes)[.,!]\s+`)

// answerText is an owner's answer as it is shown: without its yes to who asks which of two.
func (t *turn) answerText(a *flowhq.Answer) string {
	text := a.Answer.In(t.say.language)
	if anyIn(t.p.reading.Words, orWords) || t.otherDays(t.p.time.Day) {
		text = upperFirst(ownersYes.ReplaceAllString(text, ""))
	}
	return text
}

// wantsMore are words of an owner's answer that asks the customer to write something. "Here" is
// where such an answer asks for it: "tuma namba ya mita hapa".
var wantsMore = keywords("here, hapa")

// mayAnswer is how alike an owner's question is that decides what else only a person could. It is
// twice minAlike: here the answer replaces a person, there it is only offered.
const mayAnswer = .4

// minAlike is how alike an owner's question is at least that is offered. Below it the two nearest
// answers were about anything, and the offer read like a guess.
const minAlike = .33

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
		if a := t.k.answer[id]; a != nil && len(a.Questions) > 0 && len(options) < 2 &&
			t.aboutSame(a) {
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
	t.askOf(Ask{For: askOption, Behind: pending.behind()}, options, "answers.which")
	return true
}

// perhaps gives an answer that may be the one that was asked for. The word before it says so: as a
// plain answer it would be the owner's word on a question that nobody may have asked. It counts as
// a miss: the second guess in a row calls a person.
func (t *turn) perhaps(id string) bool {
	a := t.k.answer[id]
	if a == nil || a.Answer.Empty() || t.next.Misses+1 >= maxMisses || !t.aboutSame(a) {
		return false
	}
	t.did(actUnsure)
	t.next.Misses++
	t.tell("answers.perhaps")
	t.noteUnanswered()
	return t.giveAnswer(id)
}

// aboutSame reports whether an owner's answer that is only somewhat alike is about what the message is
// about: "who should I see" has the words of "what should I bring", and nothing else of it.
func (t *turn) aboutSame(a *flowhq.Answer) bool {
	if t.p.alike >= mayAnswer {
		return true
	}
	about := understand.Meanings(t.p.text)
	return slices.ContainsFunc(a.Questions, func(q string) bool {
		return slices.ContainsFunc(understand.Meanings(q), func(m string) bool {
			// Those with a colon are of every other message: that something is asked, or wanted.
			return !strings.HasPrefix(m, ":") && slices.Contains(about, m)
		})
	})
}

// tellNearest tells the owner's answer that is nearest to a question that has no other, with a
// "perhaps" before it. The question is noted all the same.
func (t *turn) tellNearest() bool {
	if !t.p.asksSoftly() || t.p.alike < mayHelp || len(t.p.nearest) != 1 && t.p.alike < minAlike {
		return false
	}
	a := t.nearestAnswer()
	if a == nil || a.Answer.Empty() {
		return false
	}
	text := t.answerText(a)
	if t.wasSaid(text) || t.saidLast(text) {
		return false
	}
	t.tell("answers.perhaps")
	t.show(text)
	return true
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
