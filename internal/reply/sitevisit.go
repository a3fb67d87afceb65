package reply

import (
	"github.com/flowhq/flowhq"
	"regexp"
)

// A help desk has no calendar of its technicians. What a customer says of a visit is noted for who
// sends them, and nobody is told that it is booked.

// comeWords ask somebody of the business to come.
var comeWords = listOf("come here")

// wantsSiteVisit reports whether the message names a time at which somebody is to come. "Basi aje
// ijumaa saa nane" was added to a fault without a word about the time, or answered with the menu.
// Who asks when somebody comes names no time.
func (t *turn) wantsSiteVisit() bool {
	p := &t.p
	// "Do you come on Saturdays?" asks for the rule.
	if p.asks && everyWeek.MatchString(p.text) {
		return false
	}
	return p.hasTime && anyIn(p.reading.Words, comeWords) &&
		!anyIn(split(comesNot.ReplaceAllString(p.text, " ")), whenMended) &&
		!p.has(actCancel, actStatus, actPaid) && !asksExactHour.MatchString(p.text)
}

// everyWeek asks for what is done every week.
var everyWeek = regexp.MustCompile(`(?i)\bdo (?:you|u|ya|they)(?: guys| people| even| also)? (?:come|work|install|visit|open)\b|\bhuwa m\w+|\bmnakuj(?:aga|a) (?:na |hata )?(?:jumapili|jumamosi|weekend|wikendi)\b`)

// asksExactHour asks at what hour somebody comes on a day that is known.
var asksExactHour = regexp.MustCompile(`(?i)\b(?:what (?:exact )?time|which time|exactly what time|saa ngapi|muda gani)\b`)

// comingFirst is a wish to be called before somebody comes, in either order.
var comingFirst = regexp.MustCompile(`(?i)\b` + callsUs + `[^.;!?\n]{0,30}?` + beforeComing + `|` +
	beforeComing + `[^.;!?\n]{0,30}?\b` + callsUs)

// beforeComing is when that is. "Call me before five" wants a person by then.
const beforeComing = `(?:\bbefore (?:(?:you|u|they|he|she|the \pL+|your \pL+|anyone|anybody|someone|any \pL+) )?(?:guys )?(?:com|arriv|reach|get|leav|set|send|visit|install|mount|start|do|the visit)\w*|` +
	`\b(?:when|once|if) (?:(?:you|u|they|he|the \pL+) )?(?:guys )?(?:are )?(?:com|arriv|reach|near|close|on (?:the|your|his|their) way)\w*|` +
	`\bon (?:the|your|his|their) way\b|\bfirst\b|\bkwanza\b|\b(?:before|kabla)\s*(?:$|[.,;!\n])|\bkabla (?:ya )?(?:fundi |mafundi )?(?:ku(?:ja|fika|mtuma)|(?:ha|hu)\w{1,4}ja\w*)|` +
	`\b(?:u|m|a|wa)(?:ki|takapo)(?:fika|karibia|wasili|ja|kuja|wa njiani)\w*|\bnjiani\b)`

// callsBeforeVisit reports whether the message only wants a call before somebody comes: that is for
// who drives out, and no wish for a person now. Without a visit to speak of it is one.
func (t *turn) callsBeforeVisit(p *perception) bool {
	return t.k.template() == flowhq.SupportTemplate && comingFirst.MatchString(p.text) &&
		(t.next.Ticket != nil || p.hasTime || p.cued(actProblem) || p.reading.Concepts.Has("broken") ||
			anyIn(p.reading.Words, installWords) || len(p.services) > 0)
}

// noteSiteVisit notes the time in the ticket, and opens one where none is: somebody has to drive.
func (t *turn) noteSiteVisit() {
	v := t.next.Ticket
	if v == nil || v.Number == "" {
		v = &Problem{Subject: string(actProblem), Number: t.in.Reference, At: t.in.Message.At}
		t.next.Ticket = v
		v.Note = t.note()
	} else if !t.addedToTicket() {
		v.add(t.note())
	}
	first := v.Visit.IsZero()
	t.keepVisitDay(v)
	t.next.Ask = Ask{}
	t.fact(t.ticket())
	t.tell("ticket.visit", "time", t.visitTime(), "number", v.Number)
	// Told with the wish, the price surprises nobody at the door.
	if first {
		t.tellVisitPrice()
	}
}

// tellVisitPrice says what a visit costs, unless it was said a moment ago.
func (t *turn) tellVisitPrice() {
	if id := t.siteVisit(); id != "" && t.next.Topic != id {
		t.tellDescription(id)
		t.tellPriceOf(id)
	}
}

// siteVisit is the owner's service of coming to see a fault, "" if there is none.
func (t *turn) siteVisit() string {
	for _, name := range phrasesOf("visit") {
		if m := t.named(t.k.services, name); len(m) == 1 && m[0].Exact {
			return m[0].ID
		}
	}
	return ""
}

// repairWords are words of a description that says how soon a service is mended.
var repairWords = keywords("repair, repaired, fixed, matengenezo, kutengenezwa")

// tellOwnRepair says how soon the customer's own package is mended, where its description tells.
// The 24 hours of the others were wrong for an office that pays for four.
func (t *turn) tellOwnRepair() bool {
	v := t.next.Ticket
	if v == nil || t.k.service[v.Service] == nil {
		return false
	}
	d := t.k.service[v.Service].Description.In(t.say.language)
	if !anyIn(split(d), repairWords) {
		return false
	}
	if !t.wasSaid(d) {
		t.show(t.k.nameOf(v.Service, t.say) + ": " + d)
	}
	return true
}

// comingWords are words of an answer that says that somebody has to come.
var comingWords = keywords("technician, engineer, fundi")

// faultLights are what shows that somebody has to come.
var faultLights = keywords("red, los, nyekundu, blinking red")

// goesOnWithFault reports whether the message only says again what the owner's answer was just
// given to, and that answer is that somebody has to come: "red, yes" after what the lights mean. To
// repeat the answer helps nobody.
func (t *turn) goesOnWithFault() bool {
	a := t.k.answer[t.p.answer]
	if a == nil || t.k.template() != flowhq.SupportTemplate || t.p.asksSoftly() ||
		len(t.p.reading.Words) > maxAllusion {
		return false
	}
	for _, text := range []string{a.Answer.EN, a.Answer.SW} {
		if text != "" && t.wasSaid(text) && anyIn(split(text), comingWords) {
			return true
		}
	}
	return false
}
