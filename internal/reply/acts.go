package reply

import (
	"slices"

	"github.com/flowhq/flowhq/internal/understand"
)

// An act is what a message does, or what the bot did in answer. A message may do several.
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
	understand.Complaint: actComplaint, understand.Problem: actProblem,
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
	minScore = .25
	// surelyAlike is how alike an owner's question is that is answered against a cue.
	surelyAlike   = .5
	surelyTheSame = .8 // against a cue to do something
	// maxNumberOnly is how many words a message has at most that only tells a number.
	maxNumberOnly = 2
)

// actsOf says what a message does: what the model is sure of, what cues say beyond doubt, and
// what the entities say, which have the last word.
func (t *turn) actsOf(p *perception) acts {
	var all acts
	for i, s := range p.reading.Intents {
		if p.isChoice {
			break // a number says nothing by itself
		}
		sure := i == 0 && p.reading.Band == understand.Sure && s.Score >= minScore
		if sure || i > 0 && s.Score >= alsoScore {
			if a, known := actOf[s.Intent]; known {
				all.add(a)
			}
		}
	}
	need := 0. // how alike an owner's question must be to be answered against a cue
	for _, a := range p.cues {
		if !slices.Contains(besideActs, a) {
			all.add(a)
			switch {
			case a == actProblem: // what the owner advises comes first
			case slices.Contains(taskActs, a):
				need = surelyTheSame
			case slices.Contains(infoActs, a):
				need = max(need, surelyAlike)
			}
		}
	}
	told := len(p.entities.References) > 0 && !p.asks // a number that is told asks nothing
	if all.has(actBook, actOrder) && p.hasTime && !p.asks {
		need = surelyTheSame
	}
	if p.sure && !told && p.alike >= need && !p.onlyGreets() {
		all.add(actAnswer)
	}
	return t.reconcile(p, all)
}
