package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// An act is what a message does, or what the bot did in answer. A message may do several. After
// [turn.actsOf] the steps look at acts; intents of the model only name what may have been meant.
type act string

// Acts of messages. Those up to actAnswer ask for facts, those from actBook want something done.
const (
	actSecret    act = "secret" // tells a PIN or password
	actPerson    act = "person"
	actAnger     act = "anger"
	actStop      act = "stop"
	actMenu      act = "menu"
	actGreet     act = "greeting"
	actThanks    act = "thanks"
	actBye       act = "bye"
	actYes       act = "yes"
	actNo        act = "no"
	actPrice     act = "price"
	actHours     act = "hours"
	actPlace     act = "place"
	actDelivery  act = "delivery"
	actPayment   act = "payment"
	actOffer     act = "offer" // what there is, and whether
	actAnswer    act = "answer"
	actBook      act = "book"
	actOrder     act = "order"
	actCancel    act = "cancel"
	actChange    act = "change"
	actStatus    act = "status"
	actProblem   act = "problem"
	actReturn    act = "return"
	actAccount   act = "account"
	actDecision  act = "decision" // asks for what only a person decides, such as another price
	actPaid      act = "paid"     // says that money was sent
	actDrop      act = "drop"     // gives up what was being done
	actComplaint act = "complaint"
	actTrouble   act = "trouble" // an order that has not come, or is not what was ordered
)

// Acts of the bot alone.
const (
	actUnsure   act = "unsure"
	actUnknown  act = "unknown"
	actHandOver act = "hand_over"
	actMedia    act = "media"
	actSilence  act = "silence"
	actConfirm  act = "confirm"
)

// actOf says what an intent of the model does. An intent that is missing here does nothing, so a
// new intent of the model cannot change a reply before somebody decides what it does. Bills and
// accounts are one act: both are passed on.
var actOf = map[understand.Intent]act{
	understand.Book: actBook, understand.Cancel: actCancel, understand.Change: actChange,
	understand.Status: actStatus, understand.Availability: actOffer, understand.Price: actPrice,
	understand.Location: actPlace, understand.Hours: actHours, understand.Payment: actPayment,
	understand.Delivery: actDelivery, understand.Human: actPerson,
	understand.Complaint: actComplaint, understand.Problem: actProblem,
	understand.Billing: actAccount, understand.Account: actAccount, understand.Order: actOrder,
	understand.Product: actOffer, understand.Return: actReturn, understand.Greeting: actGreet,
	understand.Thanks: actThanks, understand.Bye: actBye, understand.Stop: actStop,
	understand.Affirm: actYes, understand.Deny: actNo,
}

// infoActs ask for facts, and taskActs want something done. Both in the order of the reply: the
// same questions get their answers in the same order, whatever scores the model gives. Acts in
// neither list, such as anger, end the turn or are courtesy.
var (
	infoActs = []act{actAnswer, actOffer, actPrice, actHours, actPlace, actDelivery, actPayment}
	taskActs = []act{
		actCancel, actChange, actStatus, actReturn, actAccount, actProblem, actBook, actOrder,
	}
)

// maxShort is how many words a message has at most that is only thanks, a yes or a no. "asante sana
// kaka" is thanks; "asante, nataka kubadilisha oda yangu" wants something, and thanks alone in
// answer would lose the wish.
const maxShort = 4

const (
	// minScore is below which even the best intent is not acted on without a cue. The model always
	// has a best intent, also for noise such as "weh". Below the score the menu helps more than a
	// guess.
	minScore = .25
	// surelyAlike is how alike an owner's question is that is answered against a cue. A cue says
	// beyond doubt what is asked, and likeness of words alone does not: "delivery ni bei gani"
	// shares words with the owner's question "do you do delivery?".
	surelyAlike = .5
	// surelyTheSame is the same against a cue to do something. To answer "cancel my order" with the
	// owner's rules for cancelling would leave the order standing, so the question must be almost
	// the same.
	surelyTheSame = .8
	// maxNumberOnly is how many words a message has at most that only tells a number. A bare number
	// of a booking asks how the booking stands. More words say what is to become of the booking.
	maxNumberOnly = 2
)

// actsOf says what a message does: what the model is sure of, what cues say beyond doubt, and what
// the entities say, which have the last word. The order matters. Intents come first and are the
// weakest; cues add to them; [turn.reconcile] drops what the entities contradict, such as a price
// asked of what is only to be moved.
func (t *turn) actsOf(p *perception) acts {
	var all acts
	for i, s := range p.reading.Intents {
		if p.isChoice {
			break // a number says nothing by itself
		}
		// The best intent counts only if the model is sure. Others count by their score alone: "bei
		// gani na mko wapi" has two, and both deserve an answer. Reminders end by the word for it.
		// "Namba yangu 0754 112 233" scored for it, and ended them.
		if s.Intent == understand.Stop || s.Intent == understand.Human && p.hasTime &&
			!p.cued(actPerson) {
			continue // "is there someone at 7pm?" wants nobody
		}
		sure := i == 0 && p.reading.Band == understand.Sure && s.Score >= minScore
		if sure || i > 0 && s.Score >= alsoScore {
			if a, known := actOf[s.Intent]; known {
				all.add(a)
			}
		}
	}
	t.dropLikeness(p, &all)
	need := 0. // how alike an owner's question must be to be answered against a cue
	for _, a := range p.cues {
		// What stands beside an act does nothing alone: "nakuja kuchukua" fetches an order only
		// where there is an order.
		if !slices.Contains(besideActs, a) {
			all.add(a)
			switch {
			// "net haifanyi kazi" is best answered with the owner's "restart the router".
			case a == actProblem: // what the owner advises comes first
			// "Naweza kughairi?" asks for the rule, and cancels nothing yet.
			case a == actCancel && p.asks && anyIn(p.reading.Words, askWhether) && p.sure &&
				p.alike >= mayAnswer:
				all.drop(actCancel)
				need = max(need, mayAnswer)
			case slices.Contains(taskActs, a):
				need = surelyTheSame
			case slices.Contains(infoActs, a):
				need = max(need, surelyAlike)
			}
		}
	}
	// "Can I change it if it is too big?" asks for the rule as well, and changes no order.
	if p.asksSoftly() && p.sure && p.alike >= mayAnswer && !p.hasTime && !p.names() &&
		anyIn(p.reading.Words, askWhether) {
		all.drop(actChange)
	}
	told := len(p.entities.References) > 0 && !p.asks // a number that is told asks nothing
	// "Nitalipa kwa M-Pesa" says how, and is no plea to pay later. It was refused as one.
	told = told || t.wayNamed() >= 0 && !p.asks && len(p.reading.Words) <= maxNaming+1 &&
		!anyIn(p.reading.Words, laterWords) && !anyIn(p.reading.Words, paysOnDelivery)
	need = max(need, t.needsAlike(p, all))
	if p.sure && !told && p.alike >= need && !p.onlyGreets() && !t.onlyNames(p) &&
		!t.answersReason(p) {
		all.add(actAnswer)
	}
	all = t.reconcile(p, all)
	t.dropSupposed(p, &all)
	if len(all) == 0 && t.next.Asked != "" && p.asksSame() {
		p.same = true
		all.add(t.next.Asked)
	}
	return all
}

// dropLikeness drops what the model takes the message for by its words, and what it is not.
func (t *turn) dropLikeness(p *perception, all *acts) {
	// A question greets nobody by its likeness alone: "are you hiring people now?" was welcomed.
	if p.asks && len(p.reading.Words) > maxShort && !p.cued(actGreet) && !p.onlyGreets() {
		all.drop(actGreet)
	}
	// "Hello how much is a tray of eggs and 5kg rice" orders nothing.
	if asksPriceFirst.MatchString(p.text) && !anyIn(p.reading.Words, wishWords) && !p.cued(actOrder) {
		all.drop(actOrder)
	}
	// "Ntachelewa kidogo, itakua shida?" reports no trouble, and moves nothing.
	if t.k.template() == flowhq.BookingTemplate &&
		(p.asks && anyIn(p.reading.Words, comesLate) || t.saysLate(p)) {
		trouble := []act{actComplaint, actProblem, actAnger, actChange, actBook}
		all.drop(trouble...)
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return slices.Contains(trouble, a) })
	}
	// Whether a part may be paid later is for the owner to say, and no list of ways to pay.
	if p.asksSoftly() && anyIn(p.reading.Words, paysInParts) {
		all.drop(actPayment)
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == actPayment })
	}
	// Who pays at the shop asks for no number to pay to.
	if !p.asksSoftly() && t.wayNamed() < 0 && anyIn(p.reading.Words, paysThere) {
		all.drop(actPayment)
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == actPayment })
	}
	// "Niletee haraka tafadhali" is for the rider as well.
	if t.next.Order != nil && p.cued(cueDeliver) && !p.cued(actPerson) {
		all.drop(actPerson)
	}
	// "Call me at the gate" is for the rider. A person was called, and the address was lost.
	if t.riderNoteIn() != "" || t.wishesCall() != "" || t.callsBeforeVisit(p) ||
		t.placedRecently() && riderNote.MatchString(p.text) {
		all.drop(actPerson)
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == actPerson })
	}
}

// asksPriceFirst begins a message that asks for prices, but for a greeting.
var asksPriceFirst = regexp.MustCompile(`(?i)^\W*(?:(?:hello|hi|hey|habari|mambo|good \w+|niaje|sasa|vipi|salaam|shikamoo|` +
	`please|samahani|excuse me)\W+(?:\pL+\W+){0,2}?)?(?:how much|what(?:'?s| is| are) the (?:price|cost)|price of|prices of|` +
	`cost of|bei (?:ya|za))\b`)

// paysInParts are words of who wants to pay in parts.
var paysInParts = listOf("pays in parts")

// paysThere are words of who pays where the order is fetched.
var paysThere = listOf("pays there")

// answersReason reports whether the owner's answer is to the reason that the message gives for
// another time, and not to what it asks: "I will be late from work, can we do 7?" wants another
// hour, and not how long a chair is kept.
func (t *turn) answersReason(p *perception) bool {
	if !p.hasTime || !p.time.HasTime || t.next.Booking == nil && len(t.bookings()) == 0 {
		return false
	}
	// A question for what the answer is about keeps it.
	asks := false
	for _, piece := range piecesOf(p.text) {
		if !piece.asks {
			continue
		}
		asks = true
		if id, _, sure, _ := t.bestAnswer(piece.text); sure && id == p.answer {
			return false
		}
	}
	return asks
}

// needsAlike is how alike an owner's question must be to be answered against what the message
// names.
func (t *turn) needsAlike(p *perception, all acts) (need float64) {
	// Who names a time wants the time: "nataka kunyoa kesho saa nne" is no question about how long
	// a cut takes.
	if all.has(actBook, actOrder) && p.hasTime && !p.asks {
		need = surelyTheSame
	}
	// "Kesho saa nne fedi na scrub" asks for no barber by name.
	if t.k.template() == flowhq.BookingTemplate && p.hasTime && !p.asksSoftly() &&
		(p.time.HasTime || p.time.HasDay && len(p.reading.Words) <= maxNaming) &&
		!anyIn(p.reading.Words, staffThere) &&
		slices.ContainsFunc(p.services, func(m entity.NameMatch) bool { return m.Exact }) {
		need = surelyTheSame
	}
	// "Yes place it. The jeans should be black" is a yes with a wish.
	if t.next.Ask.For == askOrder && !p.asksSoftly() &&
		anyIn(p.reading.Words[:min(1, len(p.reading.Words))], plainYes) {
		need = surelyTheSame
	}
	// "Sunday 9am?" while a visit is being booked asks whether it is free, not "can I choose".
	if t.next.Booking != nil && p.hasTime && (len(p.reading.Words) <= maxNaming || !p.asks &&
		p.time.HasTime) {
		need = surelyTheSame
	}
	// Whoever names a service whole asks for that: "mnapima macho?" only shares "mnapima" with the
	// owner's question for covid tests.
	if len(p.reading.Words) <= maxNaming && slices.ContainsFunc(p.services,
		func(m entity.NameMatch) bool { return m.Exact || m.Score >= nearlyExact }) {
		need = max(need, surelyAlike)
		// What is named to the question for a service is its answer.
		if !t.answerNames(p) || t.next.Ask.For == askService && !p.asks {
			need = surelyTheSame
		}
	}
	// "How much is delivery to Rongai" is for the fees, and not for "can I pay on delivery". Few
	// words ask for where orders are brought, and not for one town of an answer.
	if (p.cued(actDelivery) || anyIn(p.reading.Words, bringing)) && t.delivers() &&
		!t.asksSometime() && (p.cued(actPrice) && !p.names() ||
		len(p.reading.Words) <= maxNaming) {
		need = max(need, surelyTheSame)
	}
	// "Is XL in stock" asks for the size of what was spoken of, and not when new goods come.
	if size, asked := t.sizeAsked(t.next.Topic); asked && size != "" && len(p.products) == 0 &&
		len(size) > 1 {
		need = surelyTheSame
	}
	// Who names a product and its size wants it: "and jeans, size 32?" does not ask which size
	// fits.
	if slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return m.Size != "" }) {
		need = surelyTheSame
	}
	// "Na kipimo cha malaria bei?" asks for the price, and not whether one may eat before.
	if p.names() && p.cued(actPrice) && !t.answersPrice(p.answer) || t.supposesMore() {
		need = surelyTheSame
	}
	return need
}

// answersPrice reports whether an answer of the owner's tells what something costs, or is to a
// question for that.
func (t *turn) answersPrice(id string) bool {
	a := t.k.answer[id]
	return a != nil && (moneyTold.MatchString(a.Answer.EN+" "+a.Answer.SW) ||
		slices.ContainsFunc(a.Questions, func(q string) bool { return cuedBy(split(q), actPrice) }))
}

// moneyTold is an amount in an owner's text, or a word for what is free.
var moneyTold = regexp.MustCompile(`(?i)\d{3}|\b(?:free|bure|discount|punguzo)\b`)

// bringing are words for what is brought.
var bringing = keywords("deliver*, kuletewa, mnaleta, mnatuma, usafiri")

// nearlyExact is the score of a name that is there whole, with a verb in another form: "mnapima
// macho".
const nearlyExact = .95

// onlyNames reports whether the message is the name of a product and nothing else: "kitenge dress"
// asks nothing of reserving a dress.
func (t *turn) onlyNames(p *perception) bool {
	return len(p.products) > 0 && !p.asks && slices.ContainsFunc(p.products,
		func(m entity.NameMatch) bool { return m.Exact }) &&
		!slices.ContainsFunc(p.reading.Words, func(w string) bool { return !t.k.words[w] })
}

// answerNames reports whether the owner's answer that is most alike has the words by which the
// message names a service. Without them it is of something else: "mnapima macho?" is none for
// covid.
func (t *turn) answerNames(p *perception) bool {
	a := t.k.answer[p.answer]
	if a == nil {
		return false
	}
	told := split(strings.Join(a.Questions, " ") + " " + a.Answer.EN + " " + a.Answer.SW)
	return slices.ContainsFunc(p.services, func(m entity.NameMatch) bool {
		return m.Start >= 0 && m.Start < m.End && m.End <= len(p.text) &&
			!slices.ContainsFunc(split(p.text[m.Start:m.End]),
				func(w string) bool { return !slices.Contains(told, w) })
	})
}

// laterWords put a payment off, or ask for it. Beside one of these the owner's own words are the
// answer: whether there is credit is a rule of the shop.
var laterWords = keywords(`
	later, baadaye, kesho, tomorrow, mwisho, end, mwezi, month, wiki, week, mshahara, salary, deni,
	*kop*, credit, na, can, could, naweza, mnapokea, mnakubali, accept, do, je
`)

// asksSame reports whether the message only names something else for the last question: "what about
// nakuru", "dagaa je".
func (p *perception) asksSame() bool {
	words := p.reading.Words
	if len(words) < 2 || len(words) > maxSame || len(p.services) > 0 || p.hasTime {
		return false
	}
	return words[len(words)-1] == "je" || anyIn(words[:min(len(words), 3)], sameWords)
}

// maxSame is how many words such a message has at most. A longer one asks a question of its own.
const maxSame = 5

// sameWords stand before the thing that is asked about next.
var sameWords = keywords("what about, how about, na je, vipi kuhusu, what of")

// sameable are the acts that may be asked of something else in a word. Hours and place are of the
// business, and of nothing else.
var sameable = []act{actDelivery, actOffer, actPrice}
