package reply

import (
	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// takeAnswer takes the message as the answer to the open question, if it is one and nothing else.
// Whatever else it holds is read by the rest of the turn as if nothing had been asked, so that a
// question never swallows what is clearly something else. False leaves the question open:
// [turn.decide] reads the message as a new one and asks again at the end. "mko wapi?" after "at
// what time?" is answered with the place, and the time is asked again.
func (t *turn) takeAnswer() bool {
	a := t.next.Ask
	if t.takeReceipt() {
		return true
	}
	if a.For == "" {
		return false
	}
	// Before the options, for the words say more than a label: "nileteeni Sinza" is delivery and
	// its area in one.
	if a.For == askHow && !t.p.isChoice && t.takeHow() {
		return true
	}
	if a.For == askMove && t.namesOldTime() || a.For == askCancel && t.takeWhoseYes(a) {
		return true
	}
	// Before yes and no: a choice says more than a yes that may stand with it.
	if len(a.Options) > 0 {
		if t.takesOffered() {
			return true
		}
		o, ok := t.chosen()
		if !ok {
			o, ok = t.chosenHour()
		}
		if !ok {
			o, ok = t.choosesAll()
		}
		if ok {
			t.did(act(a.For))
			t.choose(o)
			if t.next.Ask.For == "" && !t.handedOver() {
				t.close(a)
			}
			return true
		}
	}
	// A question mark has already taken the yes out of "is that okay?", see [turn.perceive].
	switch t.p.yesNo {
	case entity.Yes:
		return t.takeYes(a)
	case entity.No:
		return t.takeNo(a)
	case entity.Neither:
	}
	// Neither a yes nor a no. Each kind of question knows which free words are its answer. Kinds
	// without a case, such as a service's name, are filled by the rest of the turn.
	switch a.For {
	case askAddress:
		return t.takeAddress() || t.asksPlaceAgain(a)
	case askArea:
		return t.takeArea() || t.asksPlaceAgain(a)
	case askProblem:
		return t.takeProblem()
	case askSize, askQuantity:
		return t.takeAmount(a)
	case askWhen, askMoveTo, askMove, askBook, askService:
		return t.takeHour()
	case askChildren:
		return t.takeChildren()
	// "Yes" was expected and an address came: the order is read back again with the address.
	case askOrder:
		return t.addsAddress()
	case askHelped:
		return t.takeStillBroken()
	case askDelivery:
		return t.takeDeliveryArea()
	}
	return false
}

// asksPlaceAgain asks once more for a place of which only was said that it is the customer's: "home".
func (t *turn) asksPlaceAgain(a Ask) bool {
	if words := t.p.reading.Words; t.p.asks || len(words) == 0 || !anyIn(words, fillers) || !isHere(words) {
		return false
	}
	t.did(actOrder)
	t.resume(a)
	return t.question != ""
}

// takeStillBroken takes what says that the owner's advice has not helped.
func (t *turn) takeStillBroken() bool {
	// A description of the fault that goes on. What the customer adds goes into the note of the
	// ticket, which is what a person reads first. So has who did already what was advised, or sends
	// the number of the account.
	tried := !t.p.asks && t.next.Ticket != nil &&
		(t.p.hasTried() || t.p.tellsSpeed() || len(t.p.entities.References) > 0)
	told := tried || len(t.p.acts) == 0 && !t.p.asks && !t.saysNothing() &&
		len(t.p.reading.Words) >= minDescription
	if told && t.next.Ticket != nil {
		t.next.Ticket.add(t.note())
	}
	// "Bado iko slow" is alike the question whose answer has not helped.
	still := anyIn(t.p.reading.Words, stillWords) && !t.p.has(infoActs...) ||
		!t.p.asks && anyIn(firstOf(t.p.reading.Words, 1), stillWords)
	if told || still {
		t.openTicket() // "ndio nimefanya, bado"
		return true
	}
	return false
}

// stillWords say that the owner's answer did not help. A no counts as much as "bado": both leave
// the fault, and a person must see the ticket.
var stillWords = keywords(`
	bado, still, hapana, not, no, same, vilevile, haijasaidia, haisaidii, imekataa
`)

// takeYes takes a yes. One that answers no question is left to courtesy. Each case does what was
// read back, and only that: where several things may be meant, the question carries the one that it
// is about (About, Time).
func (t *turn) takeYes(a Ask) bool {
	// "Ok one of that" says how many.
	if a.For == askQuantity && t.takeAmount(a) {
		return true
	}
	t.did(actYes)
	switch a.For {
	// The calendar is looked at again before anything is a fact: another customer may have been
	// faster.
	case askBook:
		t.confirmBooking()
	case askMean:
		t.chooseTime(a.Time)
	case askCancel:
		t.cancelBooking(a.About)
	case askMove:
		t.confirmMove()
	case askOrder:
		t.takeOrderYes(a)
	case askUndo:
		t.cancelOrder(a.About)
	// No ticket is opened for what is mended; the kept words are dropped with the question.
	case askHelped:
		t.next.Ask, t.next.Ticket = Ask{}, nil
		t.tell("ticket.good")
	case askPerson:
		t.handOver(flowhq.HandOverAsked)
	case askBring:
		t.takeBring(a, true)
	case askHow:
		t.askHow() // "yes" to "delivery or pick-up" is neither
	default:
		// "ok thanks" to "what size?" is a way to end the chat. To insist would be rude.
		if t.p.reading.Concepts.Has("thanks") {
			t.next.Ask = Ask{}
			t.tell("thanks") // "ok thanks" ends it
			t.next.Ask = a
			if !t.askAddressAgain() {
				t.next.Ask = Ask{}
			}
			return true
		}
		return t.askAgain(a)
	}
	return true
}

// takeNo takes a no. Nothing that was asked about is done. A no to a booking keeps service and
// name: "hapana, saa tano" changes the time, and nobody says the rest again.
func (t *turn) takeNo(a Ask) bool {
	t.did(actNo)
	switch a.For {
	case askBook, askMean:
		t.refuseBooking()
	// A no to "shall I cancel?" keeps everything, and the reply says so, lest the customer wonders.
	case askCancel, askUndo:
		t.next.Ask = Ask{}
		t.tell("cancel.kept")
	// The booking stays at its old time. Only the draft of the move is dropped.
	case askMove:
		t.next.Ask, t.next.Booking = Ask{}, nil
		t.tell("cancel.kept")
	case askOrder:
		t.refuseOrder(a)
	case askHelped:
		t.openTicket()
	case askBring:
		t.takeBring(a, false)
	case askPerson, askOption, askDelivery, askQuantity:
		t.next.Ask = Ask{}
		t.tell("allright")
		// Who wants no person goes on with what was asked before.
		if a.For == askPerson && a.Behind != nil {
			t.close(a)
			return true
		}
		// An order with something in it goes on, or it would be forgotten half made.
		if o := t.next.Order; o != nil && len(o.Lines) > 0 {
			t.continueOrder()
		}
	case askProduct:
		// A no to "which of these?" gives up that wish, and not the rest of the order.
		if o := t.next.Order; o != nil && len(o.Unclear) > 0 && len(o.Lines) > 0 {
			o.Unclear = o.Unclear[1:]
			t.tell("allright")
			t.continueOrder()
			return true
		}
		t.abandon()
	// No such question can be answered with a no. Whoever says no wants to stop.
	case askService, askWhen, askMoveTo:
		t.abandon()
	default:
		return t.askAgain(a)
	}
	return true
}

// abandon gives up what was being booked or ordered. The order goes first: a business has one
// template, and the state of the other may be left from before the owner changed it.
func (t *turn) abandon() {
	switch {
	case t.next.Order != nil:
		t.dropOrder()
	// This gives back the slot as well, so that others may have it at once.
	case t.next.Booking != nil:
		t.dropBooking()
	default:
		t.next.Ask = Ask{}
		t.tell("allright")
	}
}

// askAgain repeats a question that neither a yes nor a no answers. False hands the message back to
// the rest of the turn, with nothing open: a yes that fits nothing must not hang on the next
// question.
func (t *turn) askAgain(a Ask) bool {
	// "Yes" to a list of times is none of them: other times than those on the list would confuse.
	if a.For == askWhen && len(a.Options) > 1 {
		t.askOf(Ask{For: a.For, About: a.About}, a.Options, "unsure.which")
		return true
	}
	// A question of a booking or order is asked from its state, which knows what is missing by now.
	t.resume(a)
	switch {
	case t.question != "":
		return true
	case len(a.Options) > 1:
		t.askOf(Ask{For: a.For, About: a.About}, a.Options, "unsure.which")
		return true
	}
	t.next.Ask = Ask{}
	return false
}
