package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A conversation is what one customer wrote to one business, in order.
type conversation struct {
	*customer
	to    *business
	texts []string

	sent []string // message ids, in order
}

// play lets all conversations go on at the same time: every customer writes its
// texts one after the other, without waiting for answers. midway, if not nil, is
// called once half of all messages are sent.
func play(t testing.TB, cs []*conversation, midway func()) {
	t.Helper()
	total := 0
	for _, c := range cs {
		total += len(c.texts)
	}
	half := make(chan struct{}, total)
	var wg sync.WaitGroup
	for _, c := range cs {
		wg.Go(func() {
			for _, text := range c.texts {
				id, err := c.write(c.to, text)
				if err != nil {
					t.Errorf("%s writes to %s: %v", c.number, c.to.Name, err)
					return
				}
				c.sent = append(c.sent, id)
				half <- struct{}{}
			}
		})
	}
	if midway != nil {
		for range total / 2 {
			<-half
		}
		midway()
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// A tally counts what became of the messages of some conversations.
type tally struct {
	sent, answered, twice, unanswered, disordered, suppressed, warnings int
}

func (a tally) String() string {
	return fmt.Sprintf("%d sent: %d answered once, %d twice, %d not, %d out of order, %d suppressed, %d warnings",
		a.sent, a.answered, a.twice, a.unanswered, a.disordered, a.suppressed, a.warnings)
}

// account compares the customers' own inboxes with the businesses' logs.
func account(cs []*conversation) (tally, error) {
	var all tally
	logs := map[flowhq.TenantID][]flowhq.Message{}
	for _, c := range cs {
		if _, read := logs[c.to.id]; !read {
			log, err := c.to.log()
			if err != nil {
				return all, err
			}
			logs[c.to.id] = log
		}
		inbox, err := c.inbox(c.to)
		if err != nil {
			return all, err
		}
		all.add(c, logs[c.to.id], inbox)
	}
	return all, nil
}

// add counts one conversation.
func (a *tally) add(c *conversation, log []flowhq.Message, inbox []received) {
	questions := map[int64]string{} // row id -> the customer's message id
	status := map[string]flowhq.MessageStatus{}
	answers := map[string]string{}  // id of an answer -> id of its question
	warnings := map[string]string{} // likewise
	for _, m := range log {
		if m.Direction == flowhq.In {
			questions[m.ID], status[m.WAMessageID] = m.WAMessageID, m.Status
		}
	}
	for _, m := range log {
		if m.Direction == flowhq.Out && m.InReplyTo != nil {
			if m.Kind == flowhq.KindReply {
				answers[m.WAMessageID] = questions[*m.InReplyTo]
			} else {
				warnings[m.WAMessageID] = questions[*m.InReplyTo]
			}
		}
	}
	turn := map[string]int{}
	for i, id := range c.sent {
		turn[id] = i
	}
	times, last := map[string]int{}, -1
	for _, m := range inbox {
		if _, warned := warnings[m.ID]; warned {
			a.warnings++
		}
		question, ok := answers[m.ID]
		if !ok {
			continue
		}
		times[question]++
		if turn[question] < last {
			a.disordered++
		}
		last = max(last, turn[question])
	}
	for _, id := range c.sent {
		a.sent++
		switch {
		case times[id] == 1:
			a.answered++
		case times[id] > 1:
			a.twice++
		case status[id] == flowhq.Suppressed:
			a.suppressed++
		default:
			a.unanswered++
		}
	}
}

// settled waits until every message of the conversations is accounted for.
func settled(t testing.TB, within time.Duration, cs []*conversation) tally {
	t.Helper()
	var got tally
	eventually(t, within, func() (err error) {
		if got, err = account(cs); err != nil {
			return err
		}
		if got.unanswered > 0 {
			return fmt.Errorf("still open: %v", got)
		}
		return nil
	})
	return got
}

// answeredOnce waits until every message was answered, and fails the test unless
// each was answered exactly once and in order.
func answeredOnce(t testing.TB, within time.Duration, cs []*conversation) {
	t.Helper()
	got := settled(t, within, cs)
	t.Log(got)
	if got.answered != got.sent || got.disordered > 0 {
		t.Errorf("%v; want every message answered once, in order", got)
	}
}
