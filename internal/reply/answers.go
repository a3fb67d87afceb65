package reply

import (
	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// takeAnswer takes the message as the answer to the open question, if it is one and nothing
// else. Whatever else it holds is read by the rest of the turn as if nothing had been asked, so
// that a question never swallows what is clearly something else.
func (t *turn) takeAnswer() bool {
	a := t.next.Ask
	if a.For == "" {
		return false
	}
	if a.For == askHow && !t.p.isChoice && t.takeHow() {
		return true
	}
	if len(a.Options) > 0 {
		if o, ok := t.chosen(); ok {
			t.did(act(a.For))
			t.choose(o)
			return true
		}
	}
	switch t.p.yesNo {
	case entity.Yes:
		return t.takeYes(a)
	case entity.No:
		return t.takeNo(a)
	case entity.Neither:
	}
	switch a.For {
	case askAddress:
		return t.takeAddress()
	case askArea:
		return t.takeArea()
	case askProblem:
		return t.takeProblem()
	case askSize, askQuantity:
		return t.takeAmount(a)
	case askWhen, askMoveTo, askBook:
		return t.takeHour()
	case askOrder:
		return t.addsAddress()
	case askHelped:
		told := len(t.p.acts) == 0 && !t.p.asks && len(t.p.reading.Words) >= minDescription
		if told && t.next.Ticket != nil {
			t.next.Ticket.Note = oneLine(t.next.Ticket.Note+" / "+t.note(), maxNote)
		}
		if told || anyIn(t.p.reading.Words, stillWords) && !t.p.has(infoActs...) {
			t.openTicket() // "ndio nimefanya, bado"
			return true
		}
	case askDelivery:
		return t.takeDeliveryArea()
	}
	return false
}

// stillWords say that the owner's answer did not help.
var stillWords = keywords("bado, still, hapana, not, no, same, vilevile, haijasaidia, haisaidii, imekataa")

// takeYes takes a yes. One that answers no question is left to courtesy.
func (t *turn) takeYes(a Ask) bool {
	t.did(actYes)
	switch a.For {
	case askBook:
		t.confirmBooking()
	case askMean:
		t.chooseTime(a.Time)
	case askCancel:
		t.cancelBooking(a.About)
	case askMove:
		t.confirmMove()
	case askOrder:
		t.placeOrder()
	case askUndo:
		t.cancelOrder(a.About)
	case askHelped:
		t.next.Ask, t.next.Ticket = Ask{}, nil
		t.tell("ticket.good")
	case askPerson:
		t.handOver(flowhq.HandOverAsked)
	case askHow:
		t.askHow() // "yes" to "delivery or pick-up" is neither
	default:
		if t.p.reading.Concepts.Has("thanks") {
			t.next.Ask = Ask{}
			t.tell("thanks") // "ok thanks" ends it
			return true
		}
		return t.askAgain(a)
	}
	return true
}

// takeNo takes a no. Nothing that was asked about is done.
func (t *turn) takeNo(a Ask) bool {
	t.did(actNo)
	switch a.For {
	case askBook, askMean:
		t.refuseBooking()
	case askCancel, askUndo:
		t.next.Ask = Ask{}
		t.tell("cancel.kept")
	case askMove:
		t.next.Ask, t.next.Booking = Ask{}, nil
		t.tell("cancel.kept")
	case askOrder:
		t.ask(Ask{For: askProduct}, "order.instead")
	case askHelped:
		t.openTicket()
	case askPerson, askOption, askDelivery, askQuantity:
		t.next.Ask = Ask{}
		t.tell("allright")
	case askProduct, askService, askWhen, askMoveTo:
		t.abandon()
	default:
		return t.askAgain(a)
	}
	return true
}

// abandon gives up what was being booked or ordered.
func (t *turn) abandon() {
	switch {
	case t.next.Order != nil:
		t.dropOrder()
	case t.next.Booking != nil:
		t.dropBooking()
	default:
		t.next.Ask = Ask{}
		t.tell("allright")
	}
}

// askAgain repeats a question that neither a yes nor a no answers.
func (t *turn) askAgain(a Ask) bool {
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
