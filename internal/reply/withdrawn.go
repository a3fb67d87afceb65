package reply

import "github.com/flowhq/flowhq"

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
		(anyIn(words, withdrawWords) || p.cued(actCancel)) && anyIn(words, requestWords)
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
