package reply

import (
	"regexp"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What takes a request back. "Mfute ombi" was added to the request that it was to take away, and
// somebody would have driven out.

var (
	// withdrawWords take something away, and requestWords are what a request is called.
	withdrawWords = listOf("withdraw")
	requestWords  = listOf("request")
	// neverAsked say that nothing was asked for, or nothing is decided yet.
	neverAsked = listOf("never asked")
)

// openRequest is the customer's request that somebody may still drive out for.
func (t *turn) openRequest() (flowhq.Ticket, bool) {
	for _, k := range t.in.Calendar.Tickets {
		if k.Subject == string(actOrder) && k.Status != flowhq.TicketClosed {
			return k, true
		}
	}
	return flowhq.Ticket{}, false
}

// withdraws reports whether the message takes back the open request.
func (t *turn) withdraws() bool {
	p := &t.p
	if _, open := t.openRequest(); !open || t.k.template() != flowhq.SupportTemplate {
		return false
	}
	words := p.reading.Words
	return anyIn(words, neverAsked) ||
		(anyIn(words, withdrawWords) || p.cued(actCancel)) && (anyIn(words, requestWords) || anyIn(words, otherPackage))
}

// withdrawsNothing reports whether the message takes back a request where there is none, not even a
// fault that was reported.
func (t *turn) withdrawsNothing() bool {
	p := &t.p
	words := p.reading.Words
	return len(t.in.Calendar.Tickets) == 0 && t.next.Ticket == nil && !p.has(actProblem, actPaid) &&
		(anyIn(words, withdrawWords) || p.cued(actCancel)) && anyIn(words, requestOnly)
}

// requestOnly are words for a request that name nothing else.
var requestOnly = keywords("ombi, maombi, request, requests, ticket, tiketi, ripoti")

// withdraw closes the open request and says so. What is asked beside it is answered before.
func (t *turn) withdraw() {
	k, _ := t.openRequest()
	t.did(actCancel)
	k.Status = flowhq.TicketClosed
	t.fact(flowhq.FactChange{Ticket: &k})
	t.next.Ticket, t.next.Ask = nil, Ask{}
	t.tell("ticket.withdrawn", "number", k.Number)
}

// comparing are words of who chooses between packages and has ordered none.
var comparing = listOf("comparing")

// onlyCompares reports whether the message asks which service is right, or what it costs at a time
// that is no day to come on: "next month". To be told and to be visited are two wishes.
func (t *turn) onlyCompares() bool {
	p := &t.p
	if anyIn(p.reading.Words, comparing) && !p.time.HasTime {
		return true
	}
	return p.has(actPrice) && p.asksSoftly() && !p.time.HasTime &&
		(!p.hasTime || !p.time.HasDay ||
			daysBetween(startOfDay(t.now), p.time.Day) > daysSearched ||
			anyIn(p.reading.Words, farOff))
}

// farOff are times that are no day to come on.
var farOff = listOf("far off")

// keptBefore and keptBehind stand around what alone is wanted: "cancel the gas pls just the water".
var (
	keptBefore = regexp.MustCompile(`(?i)\b(?:cancel|remove|ghairi|toa|ondoa|futa)\b.*\b(?:just|only)\s+(?:the\s+|my\s+)?$`)
	keptBehind = regexp.MustCompile(`(?i)^\s*(?:tu|pekee|peke yake)\b`)
)

// keptAlone reports whether the message says of something that it alone is kept. Where only one thing is
// named, that is what is cancelled: "cancel only the gas".
func (p *perception) keptAlone(m entity.NameMatch) bool {
	return len(p.products) > 1 && m.Start >= 0 && m.Start < m.End && m.End <= len(p.text) &&
		(keptBefore.MatchString(p.text[:m.Start]) || keptBehind.MatchString(p.text[m.End:]))
}

var (
	// notAll takes back that everything is to be cancelled, and onlyIn points to what is.
	notAll = regexp.MustCompile(`(?i)^.*?\b(?:(?:don'?t|do not)\s+(?:cancel|remove|delete)\s+(?:all|everything|it all|the (?:whole|entire) (?:order|thing))|` +
		`usi(?:ghairi|futa|toe)\s+(?:\w+\s+)?(?:yote|zote|vyote|kila kitu)|(?:not|sio|siyo|si)\s+(?:all(?: of it)?|everything|yote|zote|vyote|kila kitu))\b[\s,.;]*`)
	onlyIn = regexp.MustCompile(`(?i)\b(?:only|just|tu|pekee)\b`)
)

// someOff is a text that cancels not all, but only some, as one that takes these off: "no dont cancel all,
// only the gas".
func someOff(text string) string {
	at := notAll.FindStringIndex(text)
	if at == nil || !onlyIn.MatchString(text[at[1]:]) {
		return text
	}
	return "remove " + strings.TrimSpace(onlyIn.ReplaceAllString(text[at[1]:], ""))
}
