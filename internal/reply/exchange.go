package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
)

// Who brings a thing back because it does not fit buys nothing: what is asked after that, for
// another size or until when the shop is open, is for the exchange.

// exchangeQuestions are how owners write the question for their rule.
var exchangeQuestions = []string{
	"can I exchange it if it does not fit", "what if the size is wrong",
	"naweza kubadilisha isiponitosha", "kama size si yangu",
}

// tellExchange tells the owner's rule for exchanging, once, to who says that a thing does not fit.
func (t *turn) tellExchange() {
	v := t.next.Ticket
	if t.k.template() != flowhq.EcommerceTemplate || v == nil ||
		v.Subject != string(actReturn) || t.p.cued(cueSpoilt) || t.p.cued(cueWrong) ||
		t.p.cued(cueSent) {
		return
	}
	if a := t.answerTo(exchangeQuestions, minUsual); a != nil {
		if !v.Ruled && !slices.Contains(t.acts, actAnswer) {
			t.show(a.Answer.In(t.say.language))
		}
		v.Ruled = true
	}
}

// ofBadGoods are words of who goes on about goods that were reported.
var ofBadGoods = listOf("of bad goods")

// goesOnWithGoods adds to the ticket what is said next of goods that were reported, and reports
// whether the message does that: "can the rider bring the 2 replacements today?" was told the fee
// of a delivery.
func (t *turn) goesOnWithGoods() bool {
	p := &t.p
	words := p.reading.Words
	if !t.reportedGoods() || t.next.Order != nil || !anyIn(words, ofBadGoods) || p.hasTime &&
		p.time.HasTime ||
		p.has(actAnger, actPerson, actSecret, actStop, actPaid, actHours) {
		return false
	}
	t.did(actProblem)
	t.whole = true
	t.noteOnTicket()
	switch {
	case p.has(actPlace) || anyIn(words, bringsBack):
		t.tellPlace()
	case p.asksSoftly():
		t.noteUnanswered()
		t.tell("unanswered.noted")
	}
	return true
}

// bringsBack ask where goods are taken back.
var bringsBack = keywords("where do i bring, where do i take, where should i, nilete wapi, niilete wapi, niulete wapi, " +
	"nizilete wapi, niwaletee wapi, come to the shop, nije dukani")

// tellOpenThen tells who comes at a time whether the shop is open then: "ill come at 5 today".
func (t *turn) tellOpenThen() bool {
	p := &t.p
	if !t.reportedGoods() || !p.hasTime || !p.time.HasTime || !anyIn(p.reading.Words, passingBy) ||
		!t.k.profile.HoursTold() {
		return false
	}
	t.did(actHours)
	at := p.time.Start.In(t.k.zone)
	if open, until, next := t.k.openAt(at); open {
		t.tell("hours.open_then", "time", t.clock(at), "closes", t.clock(until))
	} else if !next.IsZero() {
		t.tell("hours.closed_then", "time", t.clock(at), "opens", t.soon(next))
	}
	return true
}

// boughtAtShop are words of who bought at the counter: the goods are in no order here, and come by
// no rider.
var boughtAtShop = keywords("bought it at the shop, bought at the shop, bought it from the shop, bought from the shop, bought it in the shop, bought in the shop, " +
	"bought at your shop, bought it at your shop, bought from your shop, bought it in person, bought in store, from your shop, nilinunua dukani, nimenunua dukani, " +
	"nilichukua dukani, niliinunua dukani, nililinunua dukani, nimenunua hapo dukani, nilinunua hapo dukani, nilikuja dukani")

// bringsToShop answers who brings back to the counter what was bought there: with the owner's rule,
// the hours of that day, and whether the other size is there. It reports whether the message does
// that.
func (t *turn) bringsToShop() bool {
	p := &t.p
	a := t.answerTo(exchangeQuestions, minUsual)
	if t.k.template() != flowhq.EcommerceTemplate || a == nil || p.answer != a.ID || t.next.Order != nil ||
		!anyIn(p.reading.Words, boughtAtShop) || p.has(actAnger, actPerson, actSecret, actPaid) {
		return false
	}
	t.did(actAnswer)
	t.whole = true
	t.greet()
	t.show(a.Answer.In(t.say.language))
	if p.hasTime && p.time.HasDay && t.k.profile.HoursTold() {
		t.did(actHours)
		t.tellDay(p.time.Day)
	}
	// Which pieces of a size are left in the shop is for a colleague to look.
	t.noteUnanswered()
	t.tell("unanswered.noted")
	return true
}
