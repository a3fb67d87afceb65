package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// Who waits asks when somebody comes, or when what was paid for is on again. Only the owner's data
// says anything of that. No hour is known here: who asks again is for a person.

var (
	// whenAsked asks for a time.
	whenAsked = regexp.MustCompile(`(?i)\b(?:when|wen|what time|which time|wat time|how long|how soon|how much longer|how many (?:hours|minutes)|` +
		`lini|saa ?ngapi|sa ngapi|muda gani|mda gani|kwa muda gani|masaa mangapi)\b`)
	// comer is somebody who comes, as a verb that has the person in it or with a word for the person.
	comer = regexp.MustCompile(`(?i)\b(?:(?:a|wa|m|u)(?:na|ta|me)?(?:kuja|fika|tokea|wasili)|(?:a|wa|m)(?:je|fike)|mafundi|fundi|` +
		`(?:he|she|they|you|u|ya|guy|guys|technician|technicians|engineer|someone|somebody|anyone|team|people|man)\b.{0,25}\b` +
		`(?:come|comes|coming|arrive|arrives|arriving|reach|reaching|gets? here|getting here|be here|show up|visit|send|sending)|\w*tuma\w*|wait|waiting|\w*subiri\w*|` +
		`(?:coming|come|arriving|arrival|visit))\b`)
	// bareWhen is a question for a time and nothing else: "so when?", "saa ngapi sasa".
	bareWhen = regexp.MustCompile(`(?i)^\W*(?:(?:so|and|but|ok|okay|sawa|na|basi|sasa|jamani|bro|boss|kaka|dada|yes|then|please|pls|hello|hallo|hi|jibuni|mbona hujibu|nijibu|tell me|niambie|niambieni|` +
		`ni|is it|at|exactly|lakini|haya|eti|ila)\W+)*(?:when|what time|which time|the time|time|lini|saa ?ngapi|muda gani|how long|how soon)` +
		`(?:\W+(?:exactly|sasa|jamani|hasa|kamili|then|bro|boss|kaka|dada|haswa|please|pls|now|ndugu|tena|basi))*\W*$`)
	// otherWhen is of other times than that.
	otherWhen = regexp.MustCompile(`(?i)\b(?:open|close|closing|opening|pay|paid|bill|\w*fungu[al]\w*|mnafung\w*|\w*lip[aie]\w*|contract|mkataba|expire\w*|\w*isha)\b`)
)

// maxWaiting is how many words a message has at most that only asks so.
const maxWaiting = 10

// today asks whether somebody comes on a day that is near.
var today = regexp.MustCompile(`(?i)\b(?:a|wa|m|u)(?:na|ta)(?:kuja|fika) (?:leo|kesho|sasa hivi)\b|\bleo (?:a|wa|m)(?:na|ta)(?:kuja|fika)\b|` +
	`\b(?:is|are|will) (?:he|she|they|the technician|someone|somebody|anyone) (?:be )?(?:come|coming|here) (?:today|tomorrow|now)\b|` +
	`^\W*(?:is |are )?(?:anyone|anybody|someone|somebody|he|she|they|you|the technician|fundi|kuna mtu)(?: guys| still| even)? (?:coming|anakuja|yupo njiani|yuko njiani|on (?:the|his|their) way)\W*$`)

// whatNow asks what the customer is to do meanwhile.
var whatNow = regexp.MustCompile(`(?i)\b(?:nifanye (?:nini|je)|nifanyeje|tufanye nini|what (?:do|should|can) (?:i|we) do|what now|what next|nini kinafuata)\b`)

// asksWhenTheyCome reports whether the message asks when somebody comes for the ticket, and no more
// than what goes on it.
func (t *turn) asksWhenTheyCome() bool {
	p, v := &t.p, t.next.Ticket
	if t.k.template() != flowhq.SupportTemplate || v == nil || v.Number == "" && !t.isPaidMatter() ||
		p.names() && !t.namesOnlyVisit() || t.asksCharge() ||
		p.has(actCancel, actPerson, actAnger, actSecret) {
		return false
	}
	if bareWhen.MatchString(p.text) {
		return v.Awaited > 0
	}
	found := false
	for _, one := range piecesOf(p.text) {
		text := one.text
		asks := len(split(text)) <= maxWaiting && !otherWhen.MatchString(text) &&
			(whenAsked.MatchString(text) && (comer.MatchString(text) || t.isPaidMatter()) || one.asks && today.MatchString(text) || whatNow.MatchString(text))
		_, timed := t.timeIn(text)
		switch {
		case asks && (!timed || today.MatchString(text)), bareWhen.MatchString(text):
			found = true
		case one.asks && !timed && comer.MatchString(text) && len(split(text)) <= maxShort+2:
		// For the steps that note a time, advise on a fault, or answer.
		case one.asks, anyIn(split(text), wishWords), timed &&
			anyIn(split(text), comeWords), anyIn(split(text), lineFaults):
			return false
		}
	}
	return found
}

// noteBesideAwaited puts on the ticket what is said beside the question.
func (t *turn) noteBesideAwaited() {
	e := t.p.entities
	if bareWhen.MatchString(t.p.text) {
		return
	}
	rest := len(e.References)+len(e.Phones) > 0 ||
		slices.ContainsFunc(piecesOf(t.p.text), func(one piece) bool {
			return !one.asks && len(split(one.text)) >= minMeaning && !comer.MatchString(one.text)
		})
	if rest && t.next.Ticket.Number != "" && !t.addedToTicket() {
		t.noteOnTicket()
	}
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
	t.noteBesideAwaited()
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
var paidFor = regexp.MustCompile(`(?i)\b(?:pa(?:id(?: for| up)?|yed)|cleared the bill|made (?:the |a |my )?payment|(?:ni|tu|a|wa)(?:me|li|sha|mesha|lisha)?(?:ku)?fanya malipo|(?:ni|tu|a|wa)(?:me|li|mesha|lisha)tuma (?:pesa|hela)|(?:ni|tu|a|wa|ki|i|m|n)(?:me|li|mesha|lisha|sha|m)(?:sha)?lip(?:a|ia|wa|iwa)|malipo (?:nime|yame|ya)\w*)\b`)

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
	if !p.cued(actPaid) && !anyIn(p.reading.Words, lineFaults) && all.has(actProblem, actPerson) &&
		paidFor.MatchString(p.text) && !notPaid.MatchString(p.text) {
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

// readAnswer finds the owner's answer to a text. When a technician comes is no answer where what is
// paid for is not on.
func (t *turn) readAnswer(p *perception) {
	p.answer, p.alike, p.sure, p.nearest = t.bestAnswer(p.text)
	if a := t.k.answer[p.answer]; a != nil && t.isPaidMatter() && a == t.answerTo(phrasesOf("repair"), 0) {
		p.answer, p.alike, p.sure = "", 0, false
	}
}

// waitsForPayment calls a person for who says once more that what is paid is not on, and reports
// whether it did: the ticket has the sum and the day, and nothing else can be told.
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
	`mkabala na|pembeni ya|kando ya|jirani na|karibia na|pembezoni mwa|ghorofa ya|gorofa ya|mlango wa (?:kushoto|kulia)|nyumba ya (?:kwanza|pili|tatu|nne|tano)|(?:first|second|third|fourth|last|white|blue|green) house|house (?:no|number)|` +
	`mtaa wa|block|plot|(?:blue|red|green|white|yellow|black) (?:gate|house|shop|door)|` +
	`(?:geti|nyumba|mlango|duka) (?:la|ya|wa)? ?(?:bluu|\w*ekundu|\w*eupe|kijani|\w*eusi|njano))\b`)

// tellPlaceKept says that the way to the customer stands on the ticket, which has the message
// whole. What was said of it before the ticket is put on it.
func (t *turn) tellPlaceKept() {
	v, told := t.next.Ticket, placeTold(t.p.text)
	if before := t.next.Whereabouts; before != "" {
		t.next.Whereabouts = ""
		if !strings.Contains(v.Note, before) {
			v.add(before)
			t.fact(t.ticket())
		}
		told = before
	}
	if told != "" {
		t.tell("ticket.place")
	}
}

// placeTold is the part of a text that says how to find the customer, "" if none does.
func placeTold(text string) string {
	for _, one := range piecesOf(text) {
		if !one.asks && besideWhat.MatchString(one.text) {
			return one.text
		}
	}
	return ""
}

// keepWhereabouts keeps how to find who has no ticket yet, and says so.
func (t *turn) keepWhereabouts(text string) {
	v := t.next.Ticket
	if t.k.template() != flowhq.SupportTemplate || v != nil && v.Number != "" || t.handedOver() ||
		len(t.said) == 0 {
		return
	}
	if told := placeTold(text); told != "" && !anyIn(split(told), secretWords) {
		t.next.Whereabouts = oneLine(told, maxNote)
		t.tell("place.kept")
	}
}
