package pipeline

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
)

// commit marks a message as handled and writes its reply, if any, with the id it
// will be sent under; then it sends. If the message turns out to be handled
// already, nothing is written, and only what an earlier try of this very commit
// wrote is sent: its answer may have been lost with the connection. The chat and the
// limits stand where they stood, then, for what was composed is nowhere stored.
func (p *Pipeline) commit(c *chat, j *job, o store.Outcome) error {
	failpoint.Hit("answer.composed")
	p.setWriting(j.question.ID, true)
	defer p.setWriting(j.question.ID, false)
	var id int64
	var done bool
	err := p.persist("answer", func(ctx context.Context) (err error) {
		id, done, err = p.Store.Answer(ctx, p.Tenant, p.Epoch, j.question.ID, o)
		return err
	})
	failpoint.Hit("answer.written")
	switch {
	case err != nil:
		return err
	case done:
		p.Metrics.Outcome(o.Status)
	case id == 0:
		if j.verdict != nil { // nil: nothing was taken
			p.giveBack(c, *j.verdict)
		}
		return nil
	}
	if o.Status == flowhq.Answered {
		c.state = j.next
	}
	if id == 0 {
		return nil
	}
	reply := outbound(id, j.question, *o.Reply)
	p.mu.Lock()
	p.inHand[id] = true
	p.mu.Unlock()
	j.reply = &reply
	return nil
}

// setWriting notes that the reply to a question is being written, whose row may be
// read before its id is known here.
func (p *Pipeline) setWriting(question int64, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		p.writing[question] = true
	} else {
		delete(p.writing, question)
	}
}
