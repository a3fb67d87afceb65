package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// acts are what a message does, each once. The order is that of the scores, the likeliest first.
type acts []act

// has reports whether one of these is among them.
func (a acts) has(any ...act) bool {
	return slices.ContainsFunc(any, func(b act) bool { return slices.Contains(a, b) })
}

// add, drop and replace change the list in place. The list of a turn belongs to that turn.
func (a *acts) add(b act) {
	if !a.has(b) {
		*a = append(*a, b)
	}
}

// drop takes acts out, whether they are there or not.
func (a *acts) drop(these ...act) {
	*a = slices.DeleteFunc(*a, func(b act) bool { return slices.Contains(these, b) })
}

// replace puts an act in place of another. If the other one is there already, the first only goes:
// each act is there once.
func (a *acts) replace(from, to act) {
	if i := slices.Index(*a, from); i >= 0 {
		if a.has(to) {
			a.drop(from)
		} else {
			(*a)[i] = to
		}
	}
}

// reconcile drops what contradicts what is certain: first what leaves only one reading, then what
// the amounts and names say, then what the template has no use for. The models score each intent by
// itself, so that a message often has some that exclude each other. All rules for that are here,
// and none in the parts that act: these can rely on acts that go together.
func (t *turn) reconcile(p *perception, all acts) acts {
	// The text of a bare yes scores for anything.
	if only, ok := t.onlyReading(p, all); ok {
		return only
	}
	all.drop(actYes, actNo) // a yes that comes with more is read by what comes with it
	reconcilePlaces(p, &all)
	t.reconcileDecision(p, &all)
	// The hours of a business and the hour of a visit are asked for in nearly the same words.
	if t.next.Booking != nil && p.hasTime && !p.cued(actHours) {
		all.drop(actHours) // "11am then" is the answer
	}
	if t.k.template() == flowhq.EcommerceTemplate && p.cued(cuePickup) &&
		(!p.asks || !p.cued(actDelivery)) {
		all.drop(actDelivery)
		// "I'll pick it up myself, you people are far" scored for a person.
		if !p.cued(actPerson) {
			all.drop(actPerson) // "I fetch it myself" wants nobody
		}
	}
	// Complaints are answered by the bot, anger by a person.
	// Who complains again after a person was offered is not offered one a second time.
	if all.has(actComplaint) && (angry(p) || t.next.Ask.For == askPerson) {
		all.replace(actComplaint, actAnger)
	}
	// "I had an appointment tomorrow, was it confirmed" books none.
	if p.cued(actStatus) && anyIn(p.reading.Words, hadWords) {
		all.drop(actBook)
	}
	t.reconcileStory(p, &all)
	p.dropWhatIf(&all)
	t.reconcileTemplate(p, &all)
	// Thanks in front of a wish are courtesy: "asante, nataka kuweka oda" must not be answered with
	// a welcome.
	if all.has(taskActs...) || all.has(infoActs...) {
		all.drop(actThanks, actBye, actMenu)
	}
	// "Hata kama sikununua kwenu" goes on with a question.
	if anyIn(p.reading.Words[:min(len(p.reading.Words), 2)], evenIf) {
		all.drop(actComplaint)
	}
	// "Your service is very bad" shares a word with the owner's "home service".
	if all.has(actComplaint) && p.alike < surelyTheSame {
		all.drop(actAnswer)
	}
	// "Why are you closed?" wants the hours.
	if p.asks && all.has(infoActs...) {
		all.drop(actComplaint)
	}
	t.meanByName(p, &all)
	t.reconcileGoods(p, &all)
	// "Kesho sitaweza, nisogeze mpaka Jumatatu" keeps the booking. Without a word for the move, who
	// cannot come has nothing to move.
	if all.has(actCancel) && p.cued(actChange) {
		all.drop(actCancel)
	}
	t.goesOnOtherwise(p, &all)
	// A cancellation always names what it cancels, which then scored as booked once more.
	if all.has(actCancel) {
		all.drop(actBook, actOrder, actStatus, actChange)
	}
	if all.has(actChange) {
		all.drop(actBook, actOrder)
	}
	return all
}

// goesOnOtherwise reads who wants another service than before: "not the dye, I changed my mind, I
// want a haircut" cancels nothing.
func (t *turn) goesOnOtherwise(p *perception, all *acts) {
	// "Kung'oa niliuliza bei" was told the price once more.
	if anyIn(p.reading.Words, onlyAsked) && !p.asks {
		all.drop(actPrice, actOffer, actAnswer)
	}
	// "Na nyingine ya fedi ijumaa" moves nothing.
	if all.has(actChange) && !p.cued(actChange) && !p.cued(cueInstead) && t.k.template() == flowhq.BookingTemplate &&
		p.hasTime && anyIn(p.reading.Words, onTop) {
		all.drop(actChange, actAnswer)
		all.add(actBook)
	}
	if all.has(actCancel) && t.k.template() == flowhq.BookingTemplate && len(p.services) > 0 &&
		anyIn(p.reading.Words, wishWords) && anyIn(p.reading.Words, otherMind) {
		all.drop(actCancel)
		all.add(actBook)
	}
}

// onTop ask for a visit on top of one.
var onTop = keywords("nyingine ya, nyingine tena, another one, another, one more, mwingine, second one, and again, tena moja")

// otherMind say that something else is wanted than was said.
var otherMind = keywords("nimebadili mawazo, nimebadilisha mawazo, changed my mind, change of mind, " +
	"badala, instead")

// reconcileGoods reads a question for the rule of exchanging, and a size that is alone.
func (t *turn) reconcileGoods(p *perception, all *acts) {
	// "Can I exchange it or not" asks for the rule, and returns nothing yet.
	if all.has(actAnswer) && all.has(actReturn) && (p.asks || anyIn(p.reading.Words, askWhether)) &&
		!p.cued(cueSpoilt) {
		all.drop(actReturn, actProblem, actStatus, actChange)
	}
	// The price of a sack is told by the owner's answer, and that of the eggs beside it by the list.
	if all.has(actAnswer) && len(idsOf(p.products)) > 1 && anyIn(p.reading.Words, priceAsked) &&
		slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return !t.sellsBy(m.ID, m.Amount.Unit) }) {
		all.drop(actAnswer, actOrder)
		all.add(actPrice)
	}
	// Nobody gives up an order by the likeness of words that want something.
	if t.next.Order != nil && all.has(actCancel) && !p.cued(actCancel) && anyIn(p.reading.Words, wishWords) &&
		!anyIn(p.reading.Words, givesUp) {
		all.drop(actCancel)
		all.add(actOrder)
	}
	// "Remove the gas" asks for no gas.
	if all.has(actOffer) && p.cued(cueRemove) && !p.asksSoftly() && slices.ContainsFunc(p.products, t.ordered) {
		all.drop(actOffer)
	}
	// "Nataka XL, basi" gives nothing up.
	if all.has(actDrop) && anyIn(p.reading.Words, wishWords) && !anyIn(p.reading.Words, givesUp) {
		all.drop(actDrop)
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == actDrop })
	}
	// "If they do not fit, can I exchange?" returns nothing, and "no problem, I was just asking" has none.
	if all.has(actReturn, actProblem) && !p.cued(cueSpoilt) && !p.cued(cuePast) &&
		(p.asksSoftly() && anyIn(p.reading.Words, whatIfs) || noTrouble.MatchString(p.text)) {
		trouble := []act{actReturn, actProblem, actComplaint, actTrouble}
		all.drop(trouble...)
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return slices.Contains(trouble, a) })
		if id, alike, sure, _ := t.bestAnswer(p.text); sure && alike >= minAlike && len(*all) == 0 {
			p.answer, p.alike, p.sure = id, alike, true
			all.add(actAnswer)
		}
	}
	// A size alone asks whether there is one of what was spoken of.
	_, asksSize := t.sizeAsked(t.next.Topic)
	if len(*all) == 0 && t.next.Order == nil && (t.sizeIn(t.next.Topic, "") != "" ||
		asksSize && t.k.product[t.next.Topic] != nil && len(p.reading.Words) <= maxNaming) {
		if t.countSaid() > 0 && !p.asks {
			all.add(actOrder) // "make it 2, one L and one M"
		} else {
			all.add(actOffer) // "what about 42?"
		}
	}
}

var (
	// priceAsked ask what something costs, and givesUp are words of who wants nothing any more.
	priceAsked = keywords("bei, how much, sh ngapi, shilingi ngapi, ni ngapi, price, prices, cost, costs, gharama")
	givesUp    = keywords("sitaki, acha, iache, acheni, ghairi, nimeghairi, cancel, forget, never mind, nevermind, futa, achana, tena, " +
		"leave, not booking, hakuna haja, sihitaji, wacha")
)

// whatIfs are words of what may come to be, and noTrouble says that there is none.
var (
	whatIfs   = keywords("if, what if, kama, ikiwa, iwapo, zisipo*, isipo*, lisipo*, *sipotosh*, nikiona")
	noTrouble = regexp.MustCompile(`(?i)\b(?:no|hakuna|sina|not a|bila|hamna)\s+(?:\pL+\s+)?(?:problem|problems|shida|tatizo|issue)\b`)
)

// reconcilePlaces drops what a place or the question for one is mistaken for.
func reconcilePlaces(p *perception, all *acts) {
	// "Tupo Tanga mjini karibu na CRDB. lini mnaweza kuja" says where the customer is.
	if (len(p.areas) > 0 || anyIn(p.reading.Words, landmarkWords)) && !p.cued(actPlace) &&
		anyIn(p.reading.Words, ownWhere[1:]) {
		all.drop(actPlace)
	}
	// "Kimara Stop Over" and "near the bus stop" are places.
	if len(p.areas) > 0 || p.cued(cueDeliver) || anyIn(p.reading.Words, stopPlaces) {
		all.drop(actStop)
	}
	// "Where are the dresses? I said 2" misses goods, and asks for no address.
	if len(p.products) > 0 && missesGoods.MatchString(p.text) {
		all.drop(actPlace)
	}
	// "Ni karibu na Sinza Mori" says where the customer is as well.
	if anyIn(p.reading.Words, landmarkWords) && !p.asksSoftly() && !p.cued(actPlace) {
		all.drop(actPlace)
	}
	// "Rongai, stage ya Maasai mall" says where the customer is.
	if len(p.areas) > 0 && !p.asksSoftly() && !p.cued(actPlace) {
		all.drop(actPlace)
	}
	// "Order K55231, where is it" asks for the order.
	if len(p.entities.References) > 0 && !p.cued(actPlace) {
		all.drop(actPlace)
	}
	// "Hela nitume wapi" asks for a number, and "wapi" alone is a cue for the place.
	if p.cued(actPayment) && !anyIn(p.reading.Words, ownPlace) {
		all.drop(actPlace)
	}
}

// missesGoods asks where goods of an order are.
var missesGoods = regexp.MustCompile(`(?i)\bwhere(?:'s|s| is| are| r)?\s+(?:the|my)\b|\b(?:ziko|` +
	`iko|yako|viko|zipo|ipo|yapo) wapi\b`)

// stopPlaces are places that have the word by which a customer stops reminders.
var stopPlaces = keywords("stop over, stopover, bus stop, stop ya, kwa stop, last stop, full " +
	"stop, non stop")

// ownPlace are words of who asks where the business is, also beside another question.
var ownPlace = keywords(`
	mko, mpo, uko, upo, mnapatikana, unapatikana, location, address, anwani, map, ramani, iko, ipo,
	located, where are, where is, find you, duka, shop, ofisi, office, nitawapata, nafikaje,
	nitafikaje
`)

// dropWhatIf drops what has not happened: "what if the dress does not fit?" asks for the rules, and
// got a number for a return.
func (p *perception) dropWhatIf(all *acts) {
	if anyIn(p.reading.Words, whatIfWords) || p.asks && anyIn(p.reading.Words, ifLate) {
		all.drop(actReturn, actProblem, actComplaint)
	}
	// "Nikichelewa kidogo je?" moves nothing.
	if all.has(actAnswer) && anyIn(p.reading.Words, ifLate) {
		all.drop(actChange, actCancel, actStatus)
	}
}

// mustI ask what the customer has to do.
var mustI = keywords("do i have to, do i need to, should i, must i, lazima ni*, lazima " +
	"nirudishe, inabidi ni*, nirudishe")

// howLate ask until when a business is open.
var howLate = keywords("how late are you, how late do you")

// hadWords speak of what was booked before.
var hadWords = keywords("had, nilikuwa, nilishabook, nilibook, nilikua")

// ifLate ask for what may happen.
var ifLate = keywords("nikichelewa, tukichelewa, if i am late, if im late, if i come late, " +
	"nikishindwa, if i cant, nikikosa")

// ownWhere begin what says where the customer is, and wantsNot what is not wanted.
var (
	ownWhere = listOf("own where")
	wantsNot = listOf("wants not")
)

// whatIfWords ask for what has not happened. Swahili says it within the verb: "isiponitosha" is "if
// it does not fit me".
var whatIfWords = listOf("what if")

// onlyReading returns what a message does that can do nothing else. It comes before the scores, as
// no score may overrule a yes, a no or a secret.
func (t *turn) onlyReading(p *perception, all acts) (only acts, ok bool) {
	switch {
	// "Where are the dresses?? I said 2 maxi dress": the goods are missing from the order.
	case t.next.Order != nil && p.counts() && missesGoods.MatchString(p.text):
		p.asks = false
		return acts{actOrder}, true
	case p.yesNo == entity.Yes:
		return acts{actYes}, true
	case p.yesNo == entity.No:
		return acts{actNo}, true
	// The words of a payment's message are not the customer's: they ask, order and cancel nothing.
	case (p.isReceipt || t.sendsCode(p)) && !tellsSecret(p):
		return acts{actPaid}, true
	// Nothing else is done with a message that holds a PIN: it must not be stored as a note.
	case tellsSecret(p):
		return acts{actSecret}, true
	case t.next.Order != nil && (len(p.products) > 0 || len(t.sizeEdits()) > 0) && !p.asks &&
		(p.cued(cueRemove) || p.cued(cueAdd) || t.editsLines()) &&
		!(p.cued(actCancel) && t.takesAllOff()):
		return acts{actOrder}, true
	case len(p.entities.References) > 0 && len(p.reading.Words) <= maxNumberOnly &&
		!all.has(actCancel, actChange, actPerson):
		return acts{actStatus}, true // a number alone asks what is under it
	}
	return nil, false
}

// hasTrouble reports whether the message tells of an order that has gone wrong: it is not what was
// ordered, or it has not come though none is known here. Such an order was made at the counter or
// by phone. "There is no order under your number" calls a customer a liar who waits for food.
func (t *turn) hasTrouble(p *perception) bool {
	if p.cued(cueWrong) || p.cued(cuePast) && p.cued(cueSent) {
		return true
	}
	late := p.reading.Concepts.Has("late") && p.cued(cuePast)
	return (p.cued(cueMissing) || late) && t.next.Order == nil && len(t.in.Calendar.Orders) == 0 &&
		!p.cued(actPaid)
}

// reconcileTemplate turns acts into those that the template has. The models are one for all templates:
// "order a haircut" is a booking where there is nothing to order.
func (t *turn) reconcileTemplate(p *perception, all *acts) {
	t.reconcilePayments(p, all)
	switch t.k.template() {
	case flowhq.BookingTemplate:
		all.replace(actOrder, actBook)
		t.reconcileSteps(p, all)
		// A salon has no tickets: a person is offered. Called at once, the bot would be silent.
		all.replace(actProblem, actComplaint)
		all.replace(actReturn, actComplaint)
		// "Tomorrow at noon, my mother has the same trouble" speaks of the body.
		if t.next.Booking != nil && p.hasTime && !p.cued(actComplaint) && !angry(p) {
			all.drop(actComplaint)
		}
	case flowhq.EcommerceTemplate:
		t.reconcileRider(p, all)
		all.replace(actBook, actOrder)
		t.reconcileShop(p, all)
		if len(p.products) > 0 && len(t.in.Calendar.Orders) == 0 && t.next.Order == nil &&
			!p.cued(actChange) {
			all.replace(actChange, actOrder) // there is nothing to change
		}
		if t.hasTrouble(p) {
			*all = acts{actTrouble}
			return
		}
		// "Mtungi mnachukua nyumbani au nilete" names the gas and orders none.
		if all.has(actOrder) && len(p.products) > 0 && t.next.Order == nil && p.asksSoftly() &&
			!p.counts() && !anyIn(p.reading.Words, wishWords) {
			all.replace(actOrder, actOffer)
		}
		if p.tellsSpoilt(*all) {
			all.drop(actComplaint, actProblem, actOrder, actOffer, actStatus, actDelivery,
				actChange,
				actCancel, actPrice)
			all.add(actReturn)
			return
		}
		// The past tense turns an order into a question for its status.
		if !p.cued(cuePast) && !p.reading.Concepts.Has("late") {
			return
		}
		// "I ordered a dress and it has not come" orders nothing.
		all.drop(actOrder, actOffer, actDelivery)
		if !all.has(actCancel, actReturn, actChange, actPaid, actAnswer) {
			all.add(actStatus)
		}
	case flowhq.SupportTemplate:
		t.reconcileDesk(p, all)
		t.reconcileCoverage(p, all)
	}
}

// reconcileDesk turns acts into those of a help desk.
func (t *turn) reconcileDesk(p *perception, all *acts) {
	// "Fundi mnafika lini" asks for the technician, and for no area. With a ticket open so does
	// "leo mnafika? niko chumbageni": "yes, we reach it" was a promise for today.
	if anyIn(p.reading.Words, whenMended) && (len(p.areas) == 0 || t.next.Ticket != nil) {
		if all.has(actDelivery) && t.next.Ticket != nil {
			all.drop(actAnswer)
			all.add(actStatus)
		}
		all.drop(actDelivery)
	}
	t.waitsInVain(p, all)
	// "Our link is down since 9:40" tells when it broke, and asks for no hours.
	if all.has(actProblem) && !p.cued(actHours) || anyIn(p.reading.Words, installWords) {
		all.drop(actHours) // "mnafunga" installs, and closes nothing
	}
	// "Do you have it in Muheza" asks for the area.
	if anyIn(p.reading.Words, cheapestWords) {
		all.replace(actOffer, actPrice)
	}
	if all.has(actOffer) && len(p.areas) > 0 && len(p.services) == 0 {
		all.replace(actOffer, actDelivery)
	}
	// "Mnafunga internet Pangani?" asks whether it is reached.
	if anyIn(p.reading.Words, installWords) && len(p.areas) > 0 && p.asks {
		all.add(actDelivery)
	}
	t.dropFault(p, all)
	// "I paid, and the message has not come" asks for no ticket where there is none.
	if p.cued(actPaid) && len(t.in.Calendar.Tickets) == 0 && t.next.Ticket == nil {
		all.drop(actStatus)
	}
	// The number of an account beside the day of a visit asks for no status.
	if s := t.k.service[t.next.Topic]; s != nil && s.Minutes > 0 && p.hasTime && p.time.HasDay &&
		!p.asksSoftly() && !p.cued(actStatus) && !p.cued(actProblem) && t.next.Ticket == nil {
		all.drop(actStatus, actAccount, actProblem)
	}
	if all.has(actAnswer) && t.goesOnWithFault() {
		*all = acts{actProblem}
	}
	if p.hasTried() || p.tellsSpeed() {
		all.drop(actAnswer)
		all.add(actProblem)
	}
	if t.asksWhenBackOf(p) {
		all.drop(actHours, actAnswer, actDelivery)
	}
	// At a help desk an order is a request for a connection, which somebody has to look up.
	all.replace(actBook, actOrder)
	// "Do I have to return the router" reports nothing.
	if p.asks || entity.BeginsAsQuestion(p.text) {
		all.drop(actReturn)
		if !p.cued(actProblem) && p.cued(actReturn) || !p.reading.Concepts.Has("broken") &&
			anyIn(p.reading.Words, mustI) {
			all.drop(actProblem)
		}
	}
	all.replace(actReturn, actProblem)
	all.replace(actComplaint, actProblem) // is what the desk is for
}

// meanByName says what a message does that only names something: it asks for that. What is named
// while an order is being made goes on it. A name with a greeting is the commonest first message:
// "habari, braids".
func (t *turn) meanByName(p *perception, all *acts) {
	if slices.ContainsFunc(*all, func(a act) bool { return a != actGreet && a != actThanks }) {
		return
	}
	if p.tellsArrived(*all) {
		return
	}
	// What only resembles a name after a complaint is more of it: "watoto wamekunywa haya".
	if t.reportedGoods() && !p.asks && !slices.ContainsFunc(p.products,
		func(m entity.NameMatch) bool {
			return m.Exact
		}) {
		return
	}
	short := len(p.reading.Words) <= maxNaming
	switch {
	// "My daughter needs the jab, and I want teeth cleaning".
	case t.k.template() == flowhq.BookingTemplate && !p.asks && !short &&
		anyIn(p.reading.Words, needWords) && slices.ContainsFunc(p.services,
		func(m entity.NameMatch) bool { return m.Exact }):
		all.add(actBook)
	case len(p.products) > 0 && t.k.template() != flowhq.BookingTemplate:
		wished := anyIn(p.reading.Words, wishWords) || p.cued(cueDeliver) || p.cued(cuePickup) ||
			len(p.areas) > 0
		muses := !short || anyIn(p.reading.Words, musing)
		// After bad goods were reported a thing is named for the complaint.
		if p.asks || !t.reportedGoods() && !p.counts() && len(p.reading.Words) <= maxUnasked &&
			(t.next.Order == nil && (short || !wished) || t.next.Order != nil && muses && !wished) {
			all.add(actOffer)
		}
	// maxAssent bounds it, as a long question asks for more than whether there is such a service.
	case len(p.services) > 0 && p.asks && !p.hasTime && len(p.reading.Words) <= maxAssent:
		all.add(actOffer) // "do you guys do beards?"
	// "Fundi asipige honi akifika" asks for no price while the fault is being seen to.
	case len(p.services) > 0 && t.k.template() == flowhq.SupportTemplate && t.next.Ticket != nil &&
		t.next.Ticket.Number != "" && !p.asksSoftly() && short && len(p.reading.Words) >= maxShort &&
		p.services[0].ID != t.installation() && !slices.Contains(t.packages(), p.services[0].ID):
		all.add(actProblem)
	// Who books already has named the service for the booking. Without a day for it "na kipimo cha
	// damu" asks for another price.
	case len(p.services) > 0 && short && !p.hasTime && (t.next.Booking == nil ||
		t.next.Asked == actPrice && t.next.Booking.Day.IsZero() && p.reading.Words[0] == "na"):
		all.add(actPrice)
	}
}

// needWords say that a service is wanted.
var needWords = keywords("need, needs, want, wants, nataka, anataka, tunataka, nahitaji, anahitaji, " +
	"tunahitaji, naomba, ningependa, would like, id like")

// maxNaming is how many words a message has at most that only names something. A longer message
// without an act was not understood, and is not answered with a price.
const maxNaming = 4
