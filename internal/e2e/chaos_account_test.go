package e2e

import (
	"fmt"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
)

// A letter is a message in a customer's inbox.
type letter struct {
	received
	At time.Time
}

// maxLetters is as many as the simulator keeps for a customer.
const maxLetters = 10_000

// letters returns what a chat's customer has received, by first arrival.
func (c *chaos) letters(chat *chat) ([]letter, error) {
	var in struct{ Messages []letter }
	path := fmt.Sprintf("/customers/%s/inbox?limit=%d&from=%s", escape(chat.number), maxLetters, escape(chat.to.PhoneNumber))
	_, err := c.simulate("GET", path, nil, &in)
	return in.Messages, err
}

// unfinished are the states of rows whose story has not ended.
var unfinished = []flowhq.MessageStatus{flowhq.Received, flowhq.Undecryptable, flowhq.Pending, flowhq.Unknown}

// open counts what is still under way: questions without an answer, and rows
// whose story has not ended.
func (c *chaos) open() (n int, err error) {
	for _, b := range c.businesses {
		log, err := b.log()
		if err != nil {
			return n, err
		}
		for _, m := range log {
			if slices.Contains(unfinished, m.Status) {
				n++
			}
		}
	}
	for _, chat := range c.chats {
		inbox, err := c.letters(chat)
		if err != nil {
			return n, err
		}
		n += max(0, len(chat.plan)-len(inbox))
	}
	return n, nil
}

// A count is what became of some tenants' messages.
type count struct {
	sent, once, twice, lost, disordered, repeated, unasked int
}

func (a *count) add(b count) {
	a.sent += b.sent
	a.once += b.once
	a.twice += b.twice
	a.lost += b.lost
	a.disordered += b.disordered
	a.repeated += b.repeated
	a.unasked += b.unasked
}

func (a count) bad() int { return a.twice + a.lost + a.disordered + a.unasked }

// A ledger is all that is known of one tenant's messages.
type ledger struct {
	rows    map[string][]flowhq.Message // of a question: itself, then its answers
	answers map[string]string           // id of an answer -> id of its question
}

func (c *chaos) ledger(b *business) (*ledger, error) {
	log, err := b.log()
	if err != nil {
		return nil, err
	}
	l := &ledger{map[string][]flowhq.Message{}, map[string]string{}}
	questions := map[int64]string{}
	for _, m := range log {
		if m.Direction == flowhq.In {
			questions[m.ID] = m.WAMessageID
			l.rows[m.WAMessageID] = append(l.rows[m.WAMessageID], m)
		}
	}
	for _, m := range log {
		if m.Direction == flowhq.Out && m.InReplyTo != nil {
			question := questions[*m.InReplyTo]
			l.rows[question] = append(l.rows[question], m)
			if m.Kind == flowhq.KindReply {
				l.answers[m.WAMessageID] = question
			}
		}
	}
	return l, nil
}

// A badCase is a question whose treatment was wrong.
type badCase struct {
	chat    *chat
	ask     asked
	what    string
	letters []letter
}

// judge accounts for one chat from its customer's own inbox. The log only says
// which answer is to which question; what it does not know was not asked for.
func (l *ledger) judge(chat *chat, inbox []letter) (n count, bad []badCase) {
	turn, answers := map[string]int{}, map[string][]letter{}
	for i, q := range chat.all() {
		turn[q.id] = i
	}
	last := -1
	disordered := map[string]bool{}
	for _, m := range inbox {
		n.repeated += m.Repeats
		question := l.answers[m.ID]
		i, known := turn[question]
		if !known {
			n.unasked++
			bad = append(bad, badCase{chat, asked{from: m.At, taken: m.At}, "not an answer: " + m.ID, []letter{m}})
			continue
		}
		answers[question] = append(answers[question], m)
		if i < last {
			disordered[question] = true
		}
		last = max(last, i)
	}
	for _, q := range chat.all() {
		n.sent++
		what := ""
		switch got := answers[q.id]; {
		case len(got) == 0:
			n.lost++
			what = "lost"
		case len(got) > 1:
			n.twice++
			what = "answered twice"
		default:
			n.once++
		}
		if disordered[q.id] {
			n.disordered++
			what += " out of order"
		}
		if what != "" {
			bad = append(bad, badCase{chat, q, what, answers[q.id]})
		}
	}
	return n, bad
}
