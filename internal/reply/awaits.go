package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq"
)

// Who waits asks when somebody comes, or when what was paid for is on again. Only the owner's data says
// anything of that. No hour is known here: who asks again is for a person.

var (
	// whenAsked asks for a time.
	whenAsked = regexp.MustCompile(`(?i)\b(?:when|wen|what time|which time|wat time|how long|how soon|how much longer|how many (?:hours|minutes)|` +
		`lini|saa ?ngapi|sa ngapi|muda gani|mda gani|kwa muda gani|masaa mangapi)\b`)
	// comer is somebody who comes, as a verb that has the person in it or with a word for the person.
	comer = regexp.MustCompile(`(?i)\b(?:(?:a|wa|m|u)(?:na|ta|me)?(?:kuja|fika|tokea|wasili)|(?:a|wa|m)(?:je|fike)|mafundi|fundi|` +
		`(?:he|she|they|you|u|ya|guy|guys|technician|technicians|engineer|someone|somebody|anyone|team|people|man)\b.{0,25}\b` +
		`(?:come|comes|coming|arrive|arrives|arriving|reach|reaching|gets? here|getting here|be here|show up|visit)|wait|waiting|\w*subiri\w*|` +
		`(?:coming|come|arriving|arrival|visit))\b`)
	// bareWhen is a question for a time and nothing else: "so when?", "saa ngapi sasa".
	bareWhen = regexp.MustCompile(`(?i)^\W*(?:(?:so|and|but|ok|okay|sawa|na|basi|sasa|jamani|bro|boss|kaka|dada|yes|then|please|pls|tell me|niambie|niambieni|` +
		`ni|is it|at|exactly|lakini|haya|eti|ila)\W+)*(?:when|what time|which time|lini|saa ?ngapi|muda gani|how long|how soon)` +
		`(?:\W+(?:exactly|sasa|jamani|hasa|kamili|then|bro|boss|kaka|dada|haswa|please|pls|now|ndugu|tena|basi))*\W*$`)
	// otherWhen is of other times than that.
	otherWhen = regexp.MustCompile(`(?i)\b(?:open|close|closing|opening|pay|paid|bill|\w*fungu[al]\w*|mnafung\w*|\w*lip[aie]\w*|contract|mkataba|expire\w*|\w*isha)\b`)
)

// maxWaiting is how many words a message has at most that only asks so.
const maxWaiting = 10

// asksWhenTheyCome reports whether the message asks when somebody comes for the ticket, and no more.
func (t *turn) asksWhenTheyCome() bool {
	p, v := &t.p, t.next.Ticket
	if t.k.template() != flowhq.SupportTemplate || v == nil || v.Number == "" && !t.isPaidMatter() || p.hasTime || p.names() && !t.namesOnlyVisit() ||
		len(p.entities.References)+len(p.entities.Phones) > 0 || len(p.reading.Words) > maxWaiting ||
		t.asksCharge() || p.has(actCancel, actPerson, actAnger, actSecret) || otherWhen.MatchString(p.text) {
		return false
	}
	if bareWhen.MatchString(p.text) {
		return v.Awaited > 0
	}
	return whenAsked.MatchString(p.text) && comer.MatchString(p.text)
}

// tellAwaited answers who asks when somebody comes: with the owner's data the first time, and with a
// person from then on. It reports whether the message asks that.
func (t *turn) tellAwaited() bool {
	v := t.next.Ticket
	if t.waitsForPayment() {
		return true
	}
	back := t.isPaidMatter() && t.asksWhenBack()
	if !back && !t.asksWhenTheyCome() {
		return false
	}
	t.did(actStatus)
	v.Awaited++
	switch {
	case v.Number == "":
		v.add(t.note())
		t.openTicket()
	case v.Awaited > 1:
		t.handOverSaying(flowhq.HandOverDecision, "handover.when")
	case t.isPaidMatter():
		t.tell("ticket.paying", "number", v.Number)
		t.noteUnanswered()
	case v.Subject != string(actOrder) && (t.tellOwnRepair() || t.tellAnswerTo("repair")):
		if asksExactHour.MatchString(t.p.text) {
			t.tell("ticket.hour", "number", v.Number)
			t.noteUnanswered()
		} else {
			t.tell("ticket.status", "number", v.Number, "day", t.nearDay(v.At.In(t.k.zone)))
		}
	default:
		t.tell("ticket.hour", "number", v.Number)
		t.noteUnanswered()
	}
	return true
}

// paidFor says that something is paid for, by whomever.
var paidFor = regexp.MustCompile(`(?i)\b(?:pa(?:id(?: for| up)?|yed)|cleared the bill|(?:ni|tu|a|wa|ki|i|m|n)(?:me|li|mesha|lisha|sha|m)(?:sha)?lip(?:a|ia|wa|iwa)|malipo (?:nime|yame|ya)\w*)\b`)

// notPaid says the contrary.
var notPaid = regexp.MustCompile(`(?i)\b(?:not|never|haven'?t|hasn'?t|wasn'?t|before i|if i|when i) (?:yet )?(?:been )?pa(?:id|yed)|\bbefore paid\b`)

// hearPaid hears that a connection that is off is paid for, where nobody says who has paid.
func (t *turn) hearPaid(p *perception, all *acts) {
	// "The 20mbps I paid for is slow" is a fault.
	if p.cued(actPaid) && all.has(actProblem) && anyIn(p.reading.Words, lineFaults) {
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == actPaid })
		all.drop(actPaid)
		return
	}
	if !p.cued(actPaid) && !anyIn(p.reading.Words, lineFaults) && all.has(actProblem, actPerson) && paidFor.MatchString(p.text) && !notPaid.MatchString(p.text) {
		p.cues = append(p.cues, actPaid)
		all.add(actPaid)
	}
}

// isPaidMatter reports whether the ticket is of a connection that is paid for and not on again: no
// technician mends that, and the hours of a repair are no answer to it.
func (t *turn) isPaidMatter() bool {
	v := t.next.Ticket
	return t.k.template() == flowhq.SupportTemplate && v != nil && v.Subject != string(actOrder) &&
		(v.Subject == string(actPaid) || cuedBy(split(v.Note), actPaid) || paidFor.MatchString(v.Note) && !notPaid.MatchString(v.Note)) && !anyIn(split(v.Note), lineFaults)
}

// waitsForPayment calls a person for who says once more that what is paid is not on, and reports whether
// it did: the ticket has the sum and the day, and nothing else can be told.
func (t *turn) waitsForPayment() bool {
	before := t.in.State.Ticket
	if before == nil || before.Number == "" || !t.isPaidMatter() || !anyIn(t.p.reading.Words, faultStill) ||
		len(t.p.entities.References) > 0 || t.p.has(actCancel, actSecret, actPerson, actAnger) {
		return false
	}
	t.did(actPaid)
	t.next.Ticket.add(t.note())
	t.fact(t.ticket())
	t.handOverSaying(flowhq.HandOverDecision, "handover.payment")
	return true
}

// lineFaults are words of a fault that no payment mends.
var lineFaults = keywords("red, los, nyekundu, blinking, cable, waya, nyaya, umekatika, umekatwa, kukatwa, cut, broken, moshi, smoke, burnt, " +
	"imeungua, light, lights, taa, slow, polepole, buffering")

// besideWhat is a place as one finds it: by what stands beside it.
var besideWhat = regexp.MustCompile(`(?i)\b(?:near|nearby|opposite|opp|behind|next to|beside|across from|in front of|along|karibu na|nyuma ya|mbele ya|` +
	`mkabala na|pembeni ya|kando ya|jirani na|karibia na|pembezoni mwa|block|plot|(?:blue|red|green|white|yellow|black) (?:gate|house|shop|door)|` +
	`(?:geti|nyumba|mlango|duka) (?:la|ya|wa)? ?(?:bluu|\w*ekundu|\w*eupe|kijani|\w*eusi|njano))\b`)

// tellPlaceKept says that the way to the customer stands on the ticket, which has the message whole.
func (t *turn) tellPlaceKept() {
	for _, one := range piecesOf(t.p.text) {
		if !one.asks && besideWhat.MatchString(one.text) {
			t.tell("ticket.place")
			return
		}
	}
}
