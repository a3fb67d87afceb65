package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// What customers write while a ticket of theirs is open, and that is no more of the problem.

// talksOfTicket answers what is about an open ticket and adds nothing to it. It is false if the
// message may be more of the problem.
func (t *turn) talksOfTicket(informed bool) bool {
	p, v := &t.p, t.next.Ticket
	switch {
	// "Hello???" a minute after the ticket was welcomed, and asked what the matter was.
	case v != nil && v.Number != "" && p.asks && p.onlyGreets():
		t.did(actStatus)
		t.said = nil
		t.tell("greet.here")
		t.tell("ticket.status", "number", v.Number, "day", t.nearDay(v.At.In(t.k.zone)))
	// "Sawa, nasubiri" was added to the fault.
	case v != nil && v.Number != "" && p.cued(cueWait) && !p.asks &&
		len(p.entities.References)+len(p.entities.Phones) == 0:
		t.did(actThanks)
		t.tell("thanks")
		t.tellAnswerTo("repair")
	// "What time exactly will they come on Saturday?" was told the opening hours.
	case v != nil && v.Number != "" && v.Subject == string(actOrder) &&
		asksExactHour.MatchString(p.text) && anyIn(p.reading.Words, whoComes):
		t.did(actStatus)
		t.said = nil
		t.tell("ticket.hour", "number", v.Number)
		t.noteUnanswered()
	case v != nil && v.Number != "" && !t.addedToTicket() && t.callsBeforeVisit(p):
		t.did(actProblem)
		t.noteOnTicket()
	case v != nil && t.asksWhenBack():
		t.tellWhenBack()
	case t.wantsBesideQuestion():
		t.choosePackage(t.packageTold(), t.accountTold())
	case !informed && t.wantsPackage():
		t.choosePackage(t.p.services[0].ID, t.accountTold())
	default:
		return false
	}
	return true
}

// whoComes are words of somebody who is to come.
var whoComes = listOf("who comes")

// tellRepairTime gives the owner's answer to when a fault is mended, to who asks that of a ticket
// in other words than the owner's. The number of the ticket alone was the answer to "mtakuja lini".
func (t *turn) tellRepairTime() bool {
	// Who has asked for an installation waits for no repair.
	if v := t.next.Ticket; v != nil && v.Number != "" && v.Subject == string(actOrder) || t.isPaidMatter() {
		return false
	}
	// Nothing of a shop's is mended: what is missing comes when a person says.
	return t.k.template() != flowhq.EcommerceTemplate &&
		(len(t.in.Calendar.Tickets) > 0 || t.next.Ticket != nil) &&
		anyIn(t.p.reading.Words, whenMended) && (t.tellOwnRepair() || t.tellAnswerTo("repair"))
}

// asksWhenBack reports whether the message asks when that works again of which a fault was told.
func (t *turn) asksWhenBack() bool {
	return t.asksWhenBackOf(&t.p) && !t.p.has(actCancel, actPerson, actPaid)
}

// asksWhenBackOf is asksWhenBack of a message of which the acts are not known yet.
func (t *turn) asksWhenBackOf(p *perception) bool {
	return t.k.template() == flowhq.SupportTemplate && t.next.Ticket != nil &&
		t.next.Ticket.Subject != string(actOrder) && anyIn(p.reading.Words, backWords) &&
		p.asksSoftly() && !p.cued(actHours)
}

// backWords say that something works again.
var backWords = listOf("back")

// tellWhenBack tells the time of a repair, and opens the ticket of a fault that was told. What
// stands beside the question is added to the ticket: until when nobody is at home.
func (t *turn) tellWhenBack() {
	v := t.next.Ticket
	if v.Number == "" {
		v.add(t.note())
		t.openTicket()
		return
	}
	t.did(actStatus)
	if slices.ContainsFunc(piecesOf(t.p.text), func(p piece) bool {
		return !p.asks && len(split(p.text)) >= minMeaning
	}) {
		t.noteOnTicket()
	}
	if !t.tellOwnRepair() && !t.tellAnswerTo("repair") {
		t.tell("ticket.status", "number", v.Number, "day", t.nearDay(v.At.In(t.k.zone)))
	}
}

// speed is how fast a connection was found to be.
var speed = regexp.MustCompile(`(?i)\b\d+(?:[.,]\d+)?\s*(?:mbps|mb/s|mbs|mb|kbps|megs?)\b`)

// measuredWords stand beside a speed that was measured, and not bought.
var measuredWords = listOf("measured")

// tellsSpeed reports whether the message tells how fast the connection was found to be. The owner's
// answer asks for just that, and must not be given once more.
func (p *perception) tellsSpeed() bool {
	return speed.MatchString(p.text) && anyIn(p.reading.Words, measuredWords) &&
		!anyIn(p.reading.Words, wishWords)
}

// whenMended ask for the time of a repair.
var whenMended = listOf("when mended")

// tellAnswerTo gives the owner's answer to a question that the customer has put in other words: it
// is looked for under the wordings of a list of words.txt.
func (t *turn) tellAnswerTo(list string) bool {
	a := t.answerTo(phrasesOf(list), 0)
	if a == nil {
		return false
	}
	t.did(actAnswer)
	if text := a.Answer.In(t.say.language); !t.wasSaid(text) {
		t.show(text)
	}
	return true
}

// tellCharge says what a visit for the fault costs, to who asks of an open ticket whether it must
// be paid for. The ways to pay were the answer to "na nitalipia?".
func (t *turn) tellCharge() bool {
	p := &t.p
	if t.k.template() != flowhq.SupportTemplate || t.next.Ticket == nil ||
		t.next.Ticket.Subject == string(actOrder) || len(p.services) > 0 && !t.namesOnlyVisit() ||
		!t.asksCharge() || p.cued(actPayment) {
		return false
	}
	id := t.siteVisit()
	if id == "" {
		return false
	}
	// With the name in front it is another sentence than the one that was told with the price.
	if d := t.k.service[id].Description.In(t.say.language); d != "" {
		t.tell("price.condition", "name", t.k.nameOf(id, t.say),
			"condition", lowerFirst(strings.TrimSuffix(d, ".")))
	}
	t.tellPriceOf(id)
	if anyIn(p.reading.Words, asksWhenHere) && !t.tellOwnRepair() {
		t.tellAnswerTo("repair")
	}
	// The visit is for the fault that is being talked of, and nothing is to be paid otherwise.
	p.acts.drop(actPayment, actPrice, actAccount, actProblem, actStatus, actAnswer, actOffer)
	return true
}

// namesOnlyVisit reports whether the services of the message are the visit for a fault alone.
func (t *turn) namesOnlyVisit() bool {
	ids := idsOf(t.p.services)
	return len(ids) == 1 && ids[0] == t.siteVisit()
}

// wantsPackage reports whether the message wishes for one of the services: "so i want the 20 from
// today". An open ticket must not eat a purchase.
func (t *turn) wantsPackage() bool {
	p := &t.p
	return len(p.services) == 1 && p.cued(cueWish) && !p.asks &&
		!p.has(actProblem, actCancel, actPaid)
}

// takeReceipt keeps the message of a payment service with the ticket: it is what owners ask for
// when a payment has not arrived. Its English does not make the customer English.
func (t *turn) takeReceipt() bool {
	if t.k.template() != flowhq.SupportTemplate || !t.p.isReceipt {
		return false
	}
	t.did(actPaid)
	switch v := t.next.Ticket; {
	case v != nil && v.Number != "":
		t.addToTicket()
	case v != nil:
		v.add(t.note())
		t.openTicket()
	default:
		t.next.Ticket = &Problem{Subject: string(actPaid), Note: t.note(), At: t.in.Message.At}
		t.openTicket()
	}
	return true
}

// hasTried reports whether the message says that the owner's advice was followed already. "I have
// restarted it three times" was answered with how to restart it.
func (p *perception) hasTried() bool {
	return p.cued(cueTried) && !p.asks
}

// notCome says that nobody has come or called yet.
var notCome = regexp.MustCompile(`(?i)\b(?:haja|hamja|hawaja)(?:ni)?(?:pig|pigi|fik|j|kuj|anza|leta|tokea)\w*\b|` +
	`\b(?:still|yet)\b[^.?!]{0,25}\b(?:not|nobody|no one|hasn'?t|haven'?t)\b|\b(?:nobody|no one|hasn'?t|haven'?t|has not|have not)\b[^.?!]{0,20}\b(?:come|called|shown|arrived)\b`)

// waitsInVain hears the complaint of who has reported something and says that nobody has come or
// called: "mbona hajapiga simu mpaka saa hii" asks for no hours.
func (t *turn) waitsInVain(p *perception, all *acts) {
	t.hearPaid(p, all)
	v := t.next.Ticket
	if v == nil || v.Number == "" || all.has(actCancel, actPaid) || !notCome.MatchString(p.text) {
		return
	}
	all.drop(actHours, actOffer, actAnswer)
	all.add(actComplaint)
}

// putsOff asks for something at a later time.
var putsOff = regexp.MustCompile(`(?i)\b(?:iache|iacheni|acha|ahirisha|subirini?|leave it|hold it|postpone|put it off|wait with it)\b[^.?!]{0,30}\b(?:mpaka|hadi|until|till|to next|next|mwezi ujao|wiki ijayo)\b`)

// putsOffRequest notes on a request that it is for later, and reports whether the message says so:
// "hiyo ya kupanda iache mpaka mwezi ujao".
func (t *turn) putsOffRequest() bool {
	v := t.next.Ticket
	if v == nil || v.Number == "" || v.Subject != string(actOrder) || t.p.asks ||
		!putsOff.MatchString(t.p.text) {
		return false
	}
	v.add(t.note())
	t.did(actOrder)
	t.fact(t.ticket())
	t.tell("ticket.added", "number", v.Number)
	return true
}
