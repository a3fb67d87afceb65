package pipeline

import (
	"context"

	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
)

// commit writes the outcome of a question, its reply with the id it will be sent under,
// and the conversation's state, in one statement. After it j.reply is what is to be sent,
// if anything.
//
// The question may turn out to be handled already. Then nothing is written, and only a
// reply that an earlier try of this very commit left is sent: the database's word of that
// try was lost with the connection. The conversation and the rate limits stand where they
// stood, because what was composed is nowhere stored.
func (p *Pipeline) commit(c *chat, j *job, o store.Outcome) error {
	failpoint.Hit("answer.composed")
	p.setCommitting(j.question.ID, true)
	defer p.setCommitting(j.question.ID, false)
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
		if j.decision != nil { // else the rate limiter was not asked
			p.refund(c, *j.decision)
		}
		if len(j.earlier) > 0 {
			p.refillSoon() // the customer has deleted the last line, and the others still wait
		}
		return nil
	}
	// Also where the database's word of the first try was lost: id is then what that try left.
	if o.HandsOver() {
		p.nudgeHandOvers()
		if o.OwnerNotice != nil {
			p.refillSoon() // which finds the notice
		}
	}
	if id == 0 {
		return nil
	}
	reply := outbound(id, j.question, *o.Reply)
	// Before committing is given up: in between a refill would take the row for left over.
	p.mu.Lock()
	p.inFlight[id] = true
	p.mu.Unlock()
	j.reply = &reply
	return nil
}

// setCommitting notes that the reply to a question is being written. A refill may read the
// row before its id is known here, and must not queue it a second time.
//
// The row that a refill has left out meanwhile may be another's: a program of others answers the
// question while this host forwards it. So the rows are looked at again, or nobody would send the
// reply. One that is in flight by then is left alone.
func (p *Pipeline) setCommitting(question int64, on bool) {
	p.mu.Lock()
	leftOut := p.committing[question]
	if on {
		p.committing[question] = false
	} else {
		delete(p.committing, question)
	}
	p.mu.Unlock()
	if leftOut {
		p.refillSoon()
	}
}

// leavesOut reports whether a refill leaves a reply to the goroutine of its question, which is
// about to know the reply's id, and notes it for setCommitting. The caller holds mu.
func (p *Pipeline) leavesOut(j job) bool {
	if j.reply == nil || j.reply.InReplyTo == nil {
		return false
	}
	question := *j.reply.InReplyTo
	if _, committing := p.committing[question]; !committing {
		return false
	}
	p.committing[question] = true
	return true
}
