package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// noteAskedBeside notes a question that went onto a ticket with the rest of the message, and says so:
// "nitapigiwa simu kabla hajaja? namba yangu 0754 …" was told that all of it was added.
func (t *turn) noteAskedBeside() {
	v := t.next.Ticket
	if t.k.template() != flowhq.SupportTemplate || v == nil || v.Number == "" || t.handedOver() ||
		!t.in.State.hadTicket(v.Number) ||
		!slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool { return f.Ticket != nil }) ||
		slices.ContainsFunc(t.facts, func(f flowhq.FactChange) bool { return f.Unanswered != nil }) {
		return
	}
	// Whatever else was said is taken for the answer.
	for _, one := range t.said {
		if !strings.Contains(one.text, v.Number) {
			return
		}
	}
	if t.question == "" && slices.ContainsFunc(piecesOf(t.p.text), t.asksOfTicket) {
		t.noteUnanswered()
		t.tell("unanswered.noted")
	}
}

// asksWho asks for a person by what the person does.
var asksWho = regexp.MustCompile(`(?i)\bnani\b|\bwho(?:'s|s)?\b (?:is|will|are|handles?|deals?|work\w*|look\w*)\b`)

// asksOfTicket reports whether a piece of a message asks something that is more than a wish with a
// time, which the ticket has.
func (t *turn) asksOfTicket(one piece) bool {
	_, timed := t.timeIn(one.text)
	words := split(one.text)
	return (one.asks || asksWho.MatchString(one.text)) && !timed && len(words) >= minPartWords &&
		!anyIn(words, canYou)
}

// hadTicket reports whether the talk was of this ticket before the message.
func (s State) hadTicket(number string) bool { return s.Ticket != nil && s.Ticket.Number == number }
