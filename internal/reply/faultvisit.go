package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What is asked beside a fault: what the visit for it costs, and when somebody comes. "There is a red
// light on the router. How much is it?" was told the price of a router.

// buysNew are words of who wants a thing new, and not mended.
var buysNew = listOf("buys new")

// showsFault are words for what a thing shows when something is wrong.
var showsFault = listOf("shows fault")

// tellsFaultNow reports whether the message tells a fault: by its words, or by what a thing shows.
func (t *turn) tellsFaultNow(p *perception) bool {
	return p.cued(actProblem) || p.reading.Concepts.Has("broken") || anyIn(p.reading.Words, showsFault)
}

// dropFaultPart drops the goods that a fault is told of: nobody buys the router that has a red light.
func (t *turn) dropFaultPart(p *perception) {
	if t.k.template() != flowhq.SupportTemplate || !t.tellsFaultNow(p) || anyIn(p.reading.Words, buysNew) {
		return
	}
	all := t.packages()
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		s := t.k.service[m.ID]
		return s != nil && s.Minutes == 0 && !slices.Contains(all, m.ID)
	})
}

// asksWhenHere ask whether and when somebody comes for a fault.
var asksWhenHere = listOf("when here")

// tellFaultVisit notes a fault whose message asks what the visit costs, and tells that and when
// somebody comes.
func (t *turn) tellFaultVisit() bool {
	p := &t.p
	visit := t.siteVisit()
	if t.k.template() != flowhq.SupportTemplate || visit == "" || !t.tellsFaultNow(p) ||
		!t.asksVisitPrice() && !t.asksVisitTime() || p.has(actCancel, actPaid, actPerson) ||
		anyIn(p.reading.Words, buysNew) || len(p.services) > 0 && !t.namesOnlyVisit() {
		return false
	}
	// Only the price is asked for the fault that is on its ticket already.
	if v := t.next.Ticket; v != nil && v.Number != "" && !anyIn(p.reading.Words, showsFault) &&
		!slices.ContainsFunc(piecesOf(p.text), func(one piece) bool {
			return !one.asks && len(split(one.text)) >= minMeaning
		}) {
		return false
	}
	// "How much is it to fix if the fault is yours" tells of none yet.
	if t.next.Ticket == nil && anyIn(p.reading.Words, whatIfs) && !anyIn(p.reading.Words, showsFault) {
		t.did(actPrice)
		t.tellVisitCharge(visit)
		return true
	}
	t.did(actProblem)
	t.adviseOnFault()
	switch v := t.next.Ticket; {
	case v != nil && v.Number != "" && v.Subject != string(actOrder):
		if !t.addedToTicket() {
			t.noteOnTicket()
		}
	default:
		before := v
		t.next.Ticket = &Problem{Subject: string(actProblem), Note: t.note(), At: t.in.Message.At}
		// What was told before the owner's answer did not help belongs to it.
		if before != nil && before.Number == "" && before.Note != "" {
			t.next.Ticket.Note = oneLine(before.Note+" / "+t.note(), maxNote)
		}
		t.openTicket()
	}
	t.tellVisitCharge(visit)
	if anyIn(p.reading.Words, asksWhenHere) && !t.tellOwnRepair() {
		t.tellAnswerTo("repair")
	}
	return true
}

// tellVisitCharge tells what the visit costs, and when it costs nothing, to who asks for that.
func (t *turn) tellVisitCharge(visit string) {
	if t.asksVisitPrice() {
		if d := t.k.service[visit].Description.In(t.say.language); d != "" && !t.wasSaid(d) {
			t.tell("price.condition", "name", t.k.nameOf(visit, t.say),
				"condition", lowerFirst(strings.TrimSuffix(d, ".")))
		}
		t.tellPriceOf(visit)
	}
	// The visit is for the fault, and nothing else is asked or reported.
	t.p.acts.drop(actPayment, actPrice, actAccount, actProblem, actStatus, actAnswer, actOffer, actOrder, actHours)
}

// asksVisitPrice reports whether the message asks what the visit costs.
func (t *turn) asksVisitPrice() bool {
	return t.p.has(actPrice) || t.p.cued(actPrice) || t.asksCharge()
}

// asksVisitTime reports whether who has no ticket yet asks when somebody comes for the fault.
func (t *turn) asksVisitTime() bool {
	v := t.next.Ticket
	return (v == nil || v.Number == "") && len(t.in.Calendar.Tickets) == 0 && t.p.asksSoftly() &&
		(t.namesOnlyVisit() || anyIn(t.p.reading.Words, comesWords) || anyIn(t.p.reading.Words, covers)) &&
		anyIn(t.p.reading.Words, asksWhenHere)
}

// adviseOnFault gives the owner's answer to a clause that tells the fault, such as what a light means.
func (t *turn) adviseOnFault() {
	// The ticket has what the light shows, and the answer to that was given with it.
	if v := t.next.Ticket; v != nil && v.Number != "" && anyIn(split(v.Note), faultLights) {
		return
	}
	for _, one := range piecesOf(t.p.text) {
		id, alike, sure, _ := t.bestAnswer(one.text)
		a := t.k.answer[id]
		if one.asks || !sure || alike < mayAnswer || a == nil {
			continue
		}
		if text := t.answerText(a); text != "" && !t.saidLast(text) {
			t.did(actAnswer)
			t.show(text)
		}
		return
	}
	if anyIn(t.p.reading.Words, faultLights) {
		t.tellAnswerTo("red light")
	}
}
