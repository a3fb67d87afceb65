package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// An act is what a message does, or what the bot did in answer. A message may do several.
type act string

// Acts of messages. Those up to actAnswer ask for facts, those from actBook want something done.
const (
	actSecret   act = "secret" // tells a PIN or password
	actPerson   act = "person"
	actAnger    act = "anger"
	actStop     act = "stop"
	actMenu     act = "menu"
	actGreet    act = "greeting"
	actThanks   act = "thanks"
	actBye      act = "bye"
	actYes      act = "yes"
	actNo       act = "no"
	actPrice    act = "price"
	actHours    act = "hours"
	actPlace    act = "place"
	actDelivery act = "delivery"
	actPayment  act = "payment"
	actOffer    act = "offer" // what there is, and whether
	actAnswer   act = "answer"
	actBook     act = "book"
	actOrder    act = "order"
	actCancel   act = "cancel"
	actChange   act = "change"
	actStatus   act = "status"
	actProblem  act = "problem"
	actReturn   act = "return"
	actAccount  act = "account"
	actDecision act = "decision" // asks for what only a person decides, such as another price
	actPaid     act = "paid"     // says that money was sent
	actDrop     act = "drop"     // gives up what was being done
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

// actOf says what an intent of the model does.
var actOf = map[understand.Intent]act{
	understand.Book: actBook, understand.Cancel: actCancel, understand.Change: actChange,
	understand.Status: actStatus, understand.Availability: actOffer, understand.Price: actPrice,
	understand.Location: actPlace, understand.Hours: actHours, understand.Payment: actPayment,
	understand.Delivery: actDelivery, understand.Human: actPerson,
	understand.Complaint: actAnger, understand.Problem: actProblem,
	understand.Billing: actAccount, understand.Account: actAccount, understand.Order: actOrder,
	understand.Product: actOffer, understand.Return: actReturn, understand.Greeting: actGreet,
	understand.Thanks: actThanks, understand.Bye: actBye, understand.Stop: actStop,
	understand.Affirm: actYes, understand.Deny: actNo,
}

// infoActs ask for facts, and taskActs want something done. Both in the order of the reply.
var (
	infoActs = []act{actAnswer, actOffer, actPrice, actHours, actPlace, actDelivery, actPayment}
	taskActs = []act{
		actCancel, actChange, actStatus, actReturn, actAccount, actProblem, actBook, actOrder,
	}
)

// maxShort is how many words a message has at most that is only thanks, a yes or a no.
const maxShort = 4

const (
	// minScore is below which even the best intent is not acted on without a cue.
	minScore = .3
	// surelyAlike is how alike an owner's question is that is answered against a cue.
	surelyAlike = .8
	// maxNumberOnly is how many words a message has at most that only tells a number.
	maxNumberOnly = 2
)

// actsOf says what a message does: what the model is sure of, what cues say beyond doubt, and
// what the entities say, which have the last word.
func (t *turn) actsOf(p *perception) []act {
	var acts []act
	add := func(a act) {
		if !slices.Contains(acts, a) {
			acts = append(acts, a)
		}
	}
	words := p.reading.Words
	for i, s := range p.reading.Intents {
		if p.isChoice {
			break // a number says nothing by itself
		}
		sure := i == 0 && p.reading.Band == understand.Sure && s.Score >= minScore
		if sure || i > 0 && s.Score >= alsoScore {
			if a, known := actOf[s.Intent]; known {
				add(a)
			}
		}
	}
	cued := false // to a fact or a task
	for _, c := range cues {
		if !slices.Contains(besideActs, c.act) && c.fits(words) {
			add(c.act)
			cued = cued || slices.Contains(infoActs, c.act) || slices.Contains(taskActs, c.act)
		}
	}
	told := len(p.entities.References) > 0 && !p.asks // a number that is told asks nothing
	if p.sure && !told && (!cued || p.alike >= surelyAlike) {
		add(actAnswer)
	}
	switch p.yesNo {
	case entity.Yes:
		add(actYes)
	case entity.No:
		add(actNo)
	}
	return t.reconcile(p, acts)
}

// reconcile drops what contradicts what is certain.
func (t *turn) reconcile(p *perception, acts []act) []act {
	has := func(all ...act) bool {
		return slices.ContainsFunc(all, func(a act) bool { return slices.Contains(acts, a) })
	}
	drop := func(all ...act) {
		acts = slices.DeleteFunc(acts, func(a act) bool { return slices.Contains(all, a) })
	}
	words := p.reading.Words
	template := t.k.template()
	if p.yesNo == entity.Neither {
		drop(actYes, actNo) // a yes that comes with more is read by what comes with it
	} else {
		acts = []act{map[entity.YesNo]act{entity.Yes: actYes, entity.No: actNo}[p.yesNo]}
		return acts
	}
	if tellsSecret(p) {
		return []act{actSecret}
	}
	if len(p.entities.Money) > 0 && has(actDecision) || !p.cued(actPrice) && bargains(p) {
		drop(actPrice, actPayment, actYes, actBook, actOrder)
		if !has(actDecision) {
			acts = append(acts, actDecision)
		}
	}
	if v := t.next.Booking; v != nil && p.hasTime && !p.cued(actHours) {
		drop(actHours) // "11am then" is the answer
	}
	if has(actDecision) && !p.names() {
		drop(actPrice)
	}
	if has(actAnger) && !anyIn(words, angerWords) &&
		!p.reading.Concepts.Has("anger") && !p.reading.Concepts.Has("complaint") {
		drop(actAnger) // too much follows from it to trust a model alone
	}
	if t.next.Order != nil && len(p.products) > 0 && (p.cued(cueRemove) || p.cued(cueAdd)) && !p.asks {
		return []act{actOrder}
	}
	if t.next.Order != nil && p.cued(cuePickup) && !p.asks {
		drop(actDelivery)
	}
	if len(p.entities.References) > 0 && len(words) <= maxNumberOnly && !has(actCancel, actChange, actPerson) {
		return []act{actStatus} // a number alone asks what is under it
	}
	if template == flowhq.BookingTemplate { // there is no such thing there
		acts = replace(acts, actOrder, actBook)
		acts = replace(acts, actProblem, actPerson)
		acts = replace(acts, actReturn, actPerson)
	}
	if template != flowhq.BookingTemplate {
		acts = replace(acts, actBook, actOrder)
	}
	if template == flowhq.SupportTemplate {
		acts = replace(acts, actReturn, actProblem)
		if !has(actAnger) || !anyIn(words, angerWords) {
			acts = replace(acts, actAnger, actProblem) // a complaint is what the desk is for
		}
	}
	if has(taskActs...) || has(infoActs...) {
		drop(actThanks, actBye, actMenu)
	}
	acts = t.meanByName(p, acts)
	if template == flowhq.EcommerceTemplate && (p.cued(cuePast) || p.reading.Concepts.Has("late")) {
		drop(actOrder, actOffer, actDelivery) // "I ordered a dress and it has not come" orders nothing
		if !has(actCancel, actReturn, actChange, actPaid, actAnswer) {
			acts = append(acts, actStatus)
		}
	}
	if len(acts) == 0 && t.sizeIn(t.next.Topic, "") != "" && t.next.Order == nil {
		acts = append(acts, actOffer) // "what about 42?"
	}
	if has(actCancel) {
		drop(actBook, actOrder, actStatus, actChange)
	}
	if has(actChange) {
		drop(actBook, actOrder)
	}
	return acts
}

// meanByName says what a message does that only names something: it asks for that. What is named
// while an order is being made goes on it.
func (t *turn) meanByName(p *perception, acts []act) []act {
	for _, a := range acts {
		if a != actGreet && a != actThanks {
			return acts
		}
	}
	short := len(p.reading.Words) <= maxNaming
	switch {
	case len(p.products) > 0 && t.k.template() != flowhq.BookingTemplate:
		quantity := slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return m.Quantity > 0 })
		if p.asks || !quantity && t.next.Order == nil && short {
			acts = append(acts, actOffer)
		}
	case len(p.services) > 0 && short && !p.hasTime && t.next.Booking == nil:
		acts = append(acts, actPrice)
	}
	return acts
}

// maxNaming is how many words a message has at most that only names something.
const maxNaming = 4

// replace puts an act in place of another.
func replace(acts []act, from, to act) []act {
	i := slices.Index(acts, from)
	if i < 0 {
		return acts
	}
	acts[i] = to
	if first := slices.Index(acts, to); first != i {
		return slices.Delete(acts, max(i, first), max(i, first)+1)
	}
	return acts
}
