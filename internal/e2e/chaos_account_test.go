package e2e

import (
	"fmt"
	"slices"
	"strings"
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
	path := fmt.Sprintf("/customers/%s/inbox?limit=%d&from=%s", escape(chat.number), maxLetters,
		escape(chat.to.PhoneNumber))
	_, err := c.simulate("GET", path, nil, &in)
	return in.Messages, err
}

// unfinished are the states of rows whose story has not ended.
var unfinished = []flowhq.MessageStatus{flowhq.Received, flowhq.Undecryptable, flowhq.Pending, flowhq.Unknown}

// open counts what is still under way: questions that no row knows yet, rows whose story has
// not ended, and answers that have not arrived.
func (c *chaos) open() (n int, err error) {
	for _, b := range c.businesses {
		l, err := c.ledger(b)
		if err != nil {
			return n, err
		}
		for _, rows := range l.rows {
			for _, m := range rows {
				if slices.Contains(unfinished, m.Status) {
					n++
				}
			}
		}
		for _, chat := range c.chats {
			if chat.to != b {
				continue
			}
			inbox, err := c.letters(chat)
			if err != nil {
				return n, err
			}
			n += l.missing(chat, inbox)
		}
	}
	return n, nil
}

// missing counts a chat's questions that no row knows yet and its answers that have not arrived.
func (l *ledger) missing(chat *chat, inbox []letter) (n int) {
	answers := 0
	for _, q := range chat.plan {
		if len(l.rows[q.id]) == 0 {
			n++
		}
		for _, m := range l.rows[q.id] {
			if m.Direction == flowhq.Out {
				answers++
			}
		}
	}
	return n + max(0, answers-len(inbox))
}

// A count is what became of some tenants' messages.
type count struct {
	sent, once, twice, lost, disordered, repeated, unasked int
	burst                                                  int // earlier lines of bursts, answered with the last line
	left                                                   int // to a person, while the chat was handed over
}

func (a *count) add(b count) {
	a.sent += b.sent
	a.once += b.once
	a.twice += b.twice
	a.lost += b.lost
	a.disordered += b.disordered
	a.repeated += b.repeated
	a.unasked += b.unasked
	a.burst += b.burst
	a.left += b.left
}

func (a count) bad() int { return a.twice + a.lost + a.disordered + a.unasked }

// A ledger is all that is known of one tenant's messages.
type ledger struct {
	rows    map[string][]flowhq.Message // of a question: itself, then its answers
	answers map[string]string           // id of an answer -> id of its question
	burst   map[string]string           // id of an earlier line of a burst -> id of its last line
}

func (c *chaos) ledger(b *business) (*ledger, error) {
	log, err := b.log()
	if err != nil {
		return nil, err
	}
	l := &ledger{map[string][]flowhq.Message{}, map[string]string{}, map[string]string{}}
	questions := map[int64]string{}
	for _, m := range log {
		if m.Direction == flowhq.In {
			questions[m.ID] = m.WAMessageID
			l.rows[m.WAMessageID] = append(l.rows[m.WAMessageID], m)
		}
	}
	for _, m := range log {
		if m.AnsweredWith != nil {
			l.burst[m.WAMessageID] = questions[*m.AnsweredWith]
		}
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

// isLeft reports whether the log says that a person was to answer a question.
func (l *ledger) isLeft(id string) bool {
	rows := l.rows[id]
	return len(rows) == 1 && rows[0].Status == flowhq.Ignored &&
		strings.Contains(rows[0].Reason, "handed over")
}

// A badCase is a question whose treatment was wrong.
type badCase struct {
	chat    *chat
	ask     asked
	what    string
	letters []letter
}

// judge accounts for one chat from its customer's own inbox. The log only says
// which answer is to which question, and which questions were read as one; what it does not
// know was not asked for.
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
			bad = append(bad, badCase{chat, asked{from: m.At, taken: m.At},
				"not an answer: " + m.ID, []letter{m}})
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
		got := answers[q.id]
		if last, read := l.burst[q.id]; read && turn[last] > turn[q.id] {
			got = append(slices.Clone(got), answers[last]...)
			n.burst++
		}
		switch {
		case len(got) == 0 && l.isLeft(q.id):
			n.left++
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
