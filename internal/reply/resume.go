package reply

import (
	"slices"
	"time"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What was open before a message asked or did something else is asked again, or kept.

// resume asks again what was open before the message asked for something else. That question was
// not answered, and it must not be forgotten either. Forgotten, "mko wapi?" in the middle of a
// booking would leave the customer sure of a booking that nobody made.
func (t *turn) resume(pending Ask) {
	if t.question != "" || pending.For == "" {
		return
	}
	// The state is asked, not the old text: the message may have filled what was missing, and then
	// the next question is due.
	switch pending.For {
	// The visit is read back with the answer, or it would read as if nobody else came.
	case askBring:
		if t.next.Booking != nil {
			t.ask(Ask{For: askBring, About: pending.About}, "book.bring")
		}
	// The time in question is named again: a list of others would read as if it could not be had.
	case askMean:
		if t.next.Booking != nil {
			t.ask(Ask{For: askMean, Time: pending.Time}, "book.mean", "time",
				t.at(pending.Time.In(t.k.zone)))
		}
	// A problem that has its ticket was described.
	case askProblem:
		if v := t.next.Ticket; v != nil && v.Number != "" {
			t.next.Ask = Ask{}
			return
		}
	case askBook, askWhen, askService, askMoveTo, askMove, askChildren:
		t.resumeVisit(pending)
	case askProduct, askSize, askQuantity, askHow, askArea, askAddress, askOrder:
		if t.next.Order != nil {
			t.continueOrder()
		} else {
			t.askAddressOf(pending)
		}
	// What is to be cancelled is named again: a yes a minute later must not cancel what the
	// customer has stopped thinking of.
	case askCancel:
		t.confirmCancel(pending.About)
	case askUndo:
		t.confirmUndo(pending.About)
	}
	if t.question == "" {
		t.repeatQuestion(pending)
	}
}

// behind is what stands again after a question that takes the place of a, nil if nothing does. An
// offer that is not taken up does not come back.
func (a Ask) behind() *Ask {
	if a.Behind != nil {
		return a.Behind
	}
	if slices.Contains([]string{"", askOption, askPerson, askQuantity, askDelivery}, a.For) {
		return nil
	}
	return &a
}

// close ends a question, and asks again what stands behind it.
func (t *turn) close(a Ask) {
	if t.next.Ask = (Ask{}); a.Behind != nil {
		t.next.Ask = *a.Behind
		t.resume(*a.Behind)
	}
}

// returns goes back to the question that stands behind the open one where the message chooses
// nothing: "yes" to a list of two answers was silence, and the visit that was read back before it was
// forgotten. A plain yes or no is to the list. What was asked before is asked again, and not agreed
// to. It reports whether the message is answered with that.
func (t *turn) returns() bool {
	a := t.next.Ask
	if a.Behind == nil || a.For == askPerson {
		return false
	}
	if _, chosen := t.chosen(); chosen {
		return false
	}
	t.next.Ask = *a.Behind
	if t.p.yesNo == entity.Neither {
		return false
	}
	t.did(map[bool]act{true: actYes, false: actNo}[t.p.yesNo == entity.Yes])
	t.resume(*a.Behind)
	return true
}

// confirmAgain asks once more what waits for a yes, behind a greeting or thanks. "What can we do
// for you?" would be the last question otherwise, and a yes to it a booking. Who says goodbye to a
// read-back believes that the visit is booked.
func (t *turn) confirmAgain(pending Ask) {
	again := slices.Contains(confirmAsks, pending.For) ||
		t.p.onlyGreets() && !slices.Contains([]string{"", askOption, askPerson}, pending.For)
	if len(t.said) > 0 && again && t.next.Ask.For == pending.For {
		t.said = slices.DeleteFunc(t.said, func(p part) bool { return p.welcome })
		// "Goodbye! Shall I place the order?" is two things at once.
		if pending.For == askOrder && t.p.has(actBye) {
			t.said = nil
		}
		t.resume(pending)
	}
}

// confirmAsks are the questions whose yes does something.
var confirmAsks = []string{askBook, askMean, askCancel, askMove, askUndo, askOrder}

// questionKeys are the questions that stand without a booking or order behind them.
var questionKeys = map[string]string{
	askService: "book.service", askWhen: "book.when", askMoveTo: "change.when",
	askProduct: "order.what", askQuantity: "order.quantity", askProblem: "ticket.what",
	askDelivery: "delivery.which", askPerson: "unanswered.offer", askHelped: "ticket.helped",
}

// repeatQuestion asks again what needs no booking or order. Options keep their numbers: "2" must
// mean the same after the question in between.
func (t *turn) repeatQuestion(a Ask) {
	if key := questionKeys[a.For]; key != "" {
		t.ask(Ask{For: a.For, About: a.About, Options: a.Options, Listed: a.Listed}, key)
	}
}

// resumeVisit asks again what is open of a visit.
func (t *turn) resumeVisit(pending Ask) {
	switch v := t.next.Booking; {
	case v == nil:
	// To ask the day again would repeat "that day is full" for each question in between.
	case pending.For == askWhen && len(pending.Options) > 0 && v.Start.IsZero() &&
		!v.Day.IsZero() && v.Moves == "" &&
		len(t.slots(v.Day, t.visitMinutes(v), time.Time{}, time.Time{})) == 0:
		// that day is known to be full
		t.askOf(Ask{For: askWhen}, pending.Options, "book.nearest")
	// A list that differs from the one above reads as if those times were gone: the afternoon that
	// was asked for was lost beside "do I need to bring anything".
	case pending.For == askWhen && t.stillFree(pending.Options):
		t.tellLead("book.free", "day", t.nearDay(v.Day))
		t.askOf(Ask{For: askWhen}, pending.Options, "book.free_which")
	case pending.For == askService && len(pending.Options) > 0 && v.Service == "":
		t.ask(pending, "book.service") // the list stands above
	default:
		t.continueBooking()
	}
}

// stillFree reports whether all the options are times of the day of the visit that are free for it as
// they were when they were listed. A visit that has changed since needs another list.
func (t *turn) stillFree(options []Option) bool {
	v, before := t.next.Booking, t.in.State.Booking
	if len(options) < 2 || before == nil || !v.Start.IsZero() || !v.Day.Equal(before.Day) ||
		t.timeTaken && t.p.hasTime || !slices.Equal(v.services(), before.services()) ||
		v.places() != before.places() {
		return false
	}
	return !slices.ContainsFunc(options, func(o Option) bool {
		at, ok := parseTime(o.Value, t.k.zone)
		return !ok || !startOfDay(at).Equal(startOfDay(v.Day)) || !t.fits(at, t.visitMinutes(v))
	})
}
