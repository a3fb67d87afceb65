package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// minDescription is how many words tell a problem. With fewer, as in "I have a problem", it is
// asked for. Three words such as "internet haifanyi kazi" tell one, as words that only announce a
// problem do not count.
const minDescription = 4

// actOnTickets does what the message wants done at a help desk. The order of the cases matters as
// in actOnOrders. What was informed of opens no ticket, or each question would be one.
func (t *turn) actOnTickets(informed bool) bool {
	p := &t.p
	switch {
	case t.withdraws():
		t.withdraw()
	// The terms were told to who leaves, and the owner has to know.
	// The bot ends no contract, and must not sound as if it had.
	case p.has(actCancel) && informed && len(t.in.Calendar.Tickets) == 0:
		t.did(actCancel)
		t.noteUnanswered()
		t.tell("unanswered.noted")
	case t.withdrawsNothing():
		t.did(actCancel)
		t.tell("ticket.none")
	case t.addsToRequest(), t.changesPackage():
		t.noteRequest(t.next.Ticket.Service)
	case t.requested() != "" && (t.next.Ticket == nil ||
		t.next.Ticket.Subject != string(actProblem)):
		t.noteRequest(t.requested())
	case t.wantsSiteVisit(), t.correctsHour():
		t.did(actProblem)
		t.noteSiteVisit()
	case t.talksOfTicket(informed):
	// "It still does not work, what about my ticket?" is more of the problem.
	case p.has(actStatus) && !p.has(actProblem):
		t.did(actStatus)
		t.tellStatus()
		t.tellRepairTime()
	// Without a ticket "cancel" is of a contract, for a person.
	case p.has(actCancel) && len(t.in.Calendar.Tickets) > 0 &&
		(anyIn(p.reading.Words, needless) || anyIn(p.reading.Words, requestOnly)):
		t.did(actCancel)
		t.closeTicket()
	case p.has(actPaid) && !informed:
		t.did(actPaid)
		t.describeProblem(actPaid)
	case p.has(actProblem) && !informed:
		t.did(actProblem)
		t.describeProblem(actProblem)
	// A number of an account that comes by itself is what the desk needs, and no question.
	case p.has(actAccount) && len(p.entities.References) > 0 && !p.asks && !informed:
		t.did(actAccount)
		t.next.Ticket = &Problem{Subject: string(actAccount), Note: t.note(), At: t.in.Message.At}
		t.openTicket()
	// The owner's answer has asked for it: "tuma namba ya mita". A thanks or a greeting is none.
	case t.next.Ticket != nil && t.next.Ticket.Number == "" && t.next.Ticket.Wanted && !informed &&
		!p.asks && p.yesNo == 0 && len(p.reading.Words) > 1 &&
		!p.has(actThanks, actBye, actCancel, actStatus, actGreet, actMenu):
		t.did(actProblem)
		t.next.Ticket.add(t.note())
		t.openTicket()
	case p.has(actAccount, actCancel, actOrder, actChange) && !informed:
		t.did(actAccount)
		t.passAccount()
	// "When can someone come? I am home after 2 pm only" asks for the time and says when.
	case t.next.Ticket != nil && t.next.Ticket.Number != "" &&
		t.next.Ticket.Subject != string(actOrder) && !informed &&
		p.asksSoftly() && anyIn(p.reading.Words, whenMended) &&
		anyIn(p.reading.Words, comesWords) && len(p.acts) == 0:
		t.did(actProblem)
		t.addToTicket()
	// Who writes on after the ticket adds to it. A second ticket for one problem is two visits.
	case t.next.Ticket != nil && t.next.Ticket.Number != "" && !informed && t.adds():
		t.did(actProblem)
		t.addToTicket()
	default:
		return false
	}
	return true
}

// needless say that nobody has to come any more. "Please confirm it is cancelled", of a contract,
// closed the ticket.
var needless = keywords(`
	*tengenez*, *tengemaa, fixed, working, works, solved, resolved, it is back, its back, imerudi,
	inafanya kazi, msije, asije, usije, no need, dont come,
	do not come, dont send, msitume, haina haja, hakuna haja, visit, technician, fundi, never mind
`)

// takeReference adds a number of an account or payment to the ticket that was just opened.
// Customers send it in a message of its own, right after the ticket. It is false if the message is
// something else.
func (t *turn) takeReference() bool {
	p, v := &t.p, t.next.Ticket
	if v != nil && v.Number == "" && v.Wanted && len(p.entities.References) > 0 && !p.asks {
		v.add(t.note())
		t.openTicket() // the number that the owner's answer has asked for
		return true
	}
	// A status or a cancellation names the number for another reason.
	if t.k.template() != flowhq.SupportTemplate || v == nil || v.Number == "" || p.asks ||
		len(p.entities.References)+len(p.entities.Phones) == 0 || p.has(actCancel) ||
		// The model alone took "70000 yesterday, ref SHJ3K8L0PQ" for a question.
		p.has(actStatus) && (p.cued(actStatus) || p.asksSoftly()) {
		return false
	}
	// Our own number comes with a question for the ticket, and is no reference of the customer's.
	for _, k := range t.in.Calendar.Tickets {
		if len(p.entities.References) > 0 &&
			strings.EqualFold(k.Number, p.entities.References[0].Text) {
			return false // it asks for the ticket itself
		}
	}
	t.did(actProblem)
	t.addToTicket()
	return true
}

// adds reports whether the message says more of the problem that a ticket was just opened for. More
// than one word, as "ok" and "?" add nothing.
func (t *turn) adds() bool {
	p := &t.p
	if p.yesNo != 0 || p.has(actThanks, actBye, actGreet, actMenu) {
		return false
	}
	return len(p.entities.References)+len(p.entities.Phones) > 0 ||
		len(p.acts) == 0 && !p.asks && len(p.reading.Words) > 1
}

// describeProblem opens a ticket if the message tells the problem, and asks for it if not. With a
// ticket open the same problem is told once more: it is added.
func (t *turn) describeProblem(subject act) {
	if t.stillThere() {
		t.tell("ticket.sorry")
	}
	if v := t.next.Ticket; v != nil && v.Number != "" {
		t.addToTicket()
		return
	}
	// What was told before the owner's answer did not help belongs to it.
	before := ""
	if v := t.next.Ticket; v != nil && v.Note != "" {
		before = v.Note + " / "
	}
	t.next.Ticket = &Problem{Subject: string(subject), At: t.in.Message.At}
	// A ticket that says "I have a problem" lets nobody prepare, and costs a call.
	// A shop knows what it is about from the thing that is named.
	named := t.k.template() == flowhq.EcommerceTemplate && len(t.p.products) > 0
	if !t.describes() && !t.goesOnWithFault() && !named {
		t.tell("ticket.sorry")
		t.ask(Ask{For: askProblem}, "ticket.what")
		return
	}
	t.next.Ticket.Note = oneLine(before+t.note(), maxNote)
	// Sorry comes first: the customer has lost something. Who tells of a payment has not.
	if subject != actPaid || t.p.has(actProblem) {
		t.tell("ticket.sorry")
	}
	t.tellExchange()
	t.openTicket()
}

// stillThere takes up the ticket of an earlier day whose fault the message says is still there, and
// reports whether there is one: a second one for it was made the next morning.
func (t *turn) stillThere() bool {
	all, words := t.in.Calendar.Tickets, t.p.reading.Words
	if t.next.Ticket != nil || len(all) != 1 || all[0].Subject != string(actProblem) ||
		len(words) > maxStill || !anyIn(words, faultStill) {
		return false
	}
	t.next.Ticket = &Problem{Number: all[0].Number, Subject: all[0].Subject, Note: all[0].Note,
		At: t.in.Message.At}
	return true
}

// maxStill is how many words a message has at most that only says that. A longer one may tell another
// fault.
const maxStill = 7

// faultStill say that a fault that was told before is still there.
var faultStill = listOf("still")

// describes reports whether the message says more than that there is a problem. Words are counted
// that are not of problemWords. A number is a choice of a menu.
func (t *turn) describes() bool {
	words := 0
	for _, w := range t.p.reading.Words {
		if !hasWord(problemWords, w) {
			words++
		}
	}
	return words >= minDescription-1 && !t.p.isChoice
}

// problemWords announce a problem, and do not tell it. A word too many here asks for a description
// that was given, a word too few opens an empty ticket.
var problemWords = keywords(`
	i, have, a, an, the, problem*, issue*, with, my, is, there, help, me, please, complain*, you,
	want, to, report, need, something, wrong, nina, kuna, na, shida, tatizo, matatizo, ya, naomba,
	msaada, nisaidie, nisaidieni, tafadhali, kuhusu, nataka, kutoa, lalamiko, malalamiko, hi,
	hello, habari, mambo, yangu, langu, kidogo, hapa
`)

// takeProblem takes the message as the description that was asked for. It is false for what asks or
// wants something else, and the question stays open.
func (t *turn) takeProblem() bool {
	p := &t.p
	if t.next.Ticket == nil {
		return false
	}
	if p.asks && p.has(infoActs...) || p.has(actThanks, actBye, actMenu, actCancel) ||
		p.has(actHours, actPlace, actPrice, actStatus) && !p.has(actProblem) ||
		len(p.entities.References) == 0 && (t.saysNothing() ||
			// One word tells a problem only if it is of one: "haiwaki".
			len(p.reading.Words) == 1 && !p.has(actProblem) && len(p.services) == 0) {
		return false
	}
	t.did(actProblem)
	// An answer of the owner's may solve it without anybody coming. Whether it did is asked.
	if p.sure && t.giveAnswer(p.answer) {
		t.next.Ticket = &Problem{Subject: string(actProblem), Note: t.note(), At: t.in.Message.At}
		t.ask(Ask{For: askHelped}, "ticket.helped")
		return true
	}
	t.next.Ticket.Note = t.note()
	t.openTicket()
	return true
}

// openTicket opens a ticket for the problem that was described. The number follows from the
// message's row, so that a turn that is computed again opens the same ticket.
func (t *turn) openTicket() {
	v := t.next.Ticket
	if v == nil {
		v = &Problem{Subject: string(actProblem), Note: t.note()}
		t.next.Ticket = v
	}
	t.did(actProblem)
	// It stays in the State for what the customer adds.
	v.Number, v.At = t.in.Reference, t.in.Message.At
	if len(t.p.services) == 1 {
		v.Service = t.p.services[0].ID
	}
	// "Do you have size 42?" is asked of what is brought back.
	if ids := idsOf(t.p.products); len(ids) == 1 && t.k.template() == flowhq.EcommerceTemplate {
		t.speakOf(ids[0], "")
	}
	t.fact(t.ticket())
	// The open question was for the description, and is answered.
	t.next.Ask = Ask{}
	switch {
	case v.Subject == string(actPaid):
		t.tell("ticket.paid", "number", v.Number)
		return
	case v.Subject == string(actAccount):
		t.tell("ticket.account", "number", v.Number)
	default:
		t.tell("ticket.done", "number", v.Number)
		t.tellPlaceKept()
	}
	if !t.tellOwnRepair() && !t.tellRepairTime() {
		t.tell("ticket.next")
	}
}

// addToTicket adds what was said to the ticket. The whole note is written again: the change of a
// fact replaces the row's.
func (t *turn) addToTicket() {
	v := t.next.Ticket
	if t.addedToTicket() {
		return
	}
	v.add(t.note())
	// A fault told behind a payment needs a technician, and no accountant.
	if v.Subject == string(actPaid) && t.p.has(actProblem) && !t.p.has(actPaid) &&
		anyIn(t.p.reading.Words, lineFaults) {
		v.Subject = string(actProblem)
	}
	t.fact(t.ticket())
	t.tellExchange()
	t.tell("ticket.added", "number", v.Number)
	t.tellRepairTime()
}

// addedToTicket reports whether this turn has added the message to the ticket already: a number to
// call and the question beside it are both more of the ticket.
func (t *turn) addedToTicket() bool {
	return slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool {
		return f.Ticket != nil && strings.HasSuffix(f.Ticket.Note, t.note())
	})
}

// noteOnTicket adds what was said to the ticket, and says no more than that.
func (t *turn) noteOnTicket() {
	t.next.Ticket.add(t.note())
	t.fact(t.ticket())
	t.tell("ticket.added", "number", t.next.Ticket.Number)
}

// add adds to what was told of a problem.
func (p *Problem) add(text string) { p.Note = oneLine(p.Note+noteSeparator+text, maxNote) }

// pressProblem adds to a problem what the bot makes nothing of, and calls a person: "my kids drank
// this!!". A help desk asks before it calls. It is false if no problem was told.
func (t *turn) pressProblem() bool {
	if !t.reportedGoods() {
		return false
	}
	v := t.next.Ticket
	v.add(t.note())
	t.fact(t.ticket())
	t.did(actProblem)
	t.handOverSaying(flowhq.HandOverDecision, "handover.trouble")
	return true
}

// ticket is the ticket of the State as a fact. It is open as long as the customer talks about it.
func (t *turn) ticket() flowhq.FactChange {
	v := t.next.Ticket
	return flowhq.FactChange{Ticket: &flowhq.Ticket{
		Number: v.Number, Subject: v.Subject, Note: v.Note, Status: flowhq.TicketOpen,
	}}
}

// closeTicket closes the customer's own ticket that needs nobody any more. "Imeshatengenezwa,
// asante": nobody should drive there. With several, a person finds out which.
func (t *turn) closeTicket() {
	meant, _ := t.meantTickets()
	if len(meant) != 1 {
		t.passAccount()
		return
	}
	k := meant[0]
	k.Status = flowhq.TicketClosed
	t.fact(flowhq.FactChange{Ticket: &k})
	t.next.Ticket = nil
	t.tell("allright")
}

// meantTickets are the open tickets that the message may mean. The calendar has only open ones. A
// number that is none of these is unknown, and not looked up elsewhere.
func (t *turn) meantTickets() (meant []flowhq.Ticket, unknown bool) {
	for _, r := range t.p.entities.References {
		i := slices.IndexFunc(t.in.Calendar.Tickets, func(k flowhq.Ticket) bool {
			return strings.EqualFold(k.Number, r.Text)
		})
		if i >= 0 {
			return t.in.Calendar.Tickets[i : i+1], false
		}
		unknown = true
	}
	return t.in.Calendar.Tickets, unknown
}

// tellTickets says how the customer's tickets stand. Only the day and the number are known: what
// the technician does, nobody has told the bot.
func (t *turn) tellTickets() {
	meant, unknown := t.meantTickets()
	switch {
	// At a help desk a bare number is a meter or an account.
	case unknown && len(meant) == 0 && !t.p.asks:
		t.describeProblem(actAccount) // a number without what it is about
	case unknown && len(meant) == 0:
		t.unanswered("unanswered.reference")
	case len(meant) == 0 && t.next.Ticket != nil && t.next.Ticket.Number == "":
		t.openTicket() // the owner's answer has not ended the problem that was told
	case len(meant) == 0:
		t.unanswered("ticket.none")
	default:
		for _, k := range firstOf(meant, maxOffered) {
			t.tell("ticket.status", "number", k.Number, "day", t.nearDay(k.CreatedAt.In(t.k.zone)))
		}
	}
}

// passAccount passes on what somebody has to look up: a bill, a balance, an account. The bot sees
// no bills, and must not guess at one.
func (t *turn) passAccount() { t.unanswered("unanswered.account") }
