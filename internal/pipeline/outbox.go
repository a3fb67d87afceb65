package pipeline

import (
	"context"

	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
)

// commit marks a message as handled and writes its reply, if any, with the id it
// will be sent under; then it sends. If the message turns out to be handled
// already, nothing is written, and only what an earlier try of this very commit
// wrote is sent: its answer may have been lost with the connection.
func (p *Pipeline) commit(j *job, o store.Outcome) error {
	failpoint.Hit("answer.composed")
	var id int64
	var done bool
	err := p.persist("answer", func(ctx context.Context) (err error) {
		id, done, err = p.Store.Answer(ctx, p.Tenant, p.Epoch, j.question.ID, o)
		return err
	})
	failpoint.Hit("answer.written")
	if err == nil && done {
		p.Metrics.Outcome(o.Status)
	}
	if err != nil || id == 0 {
		return err
	}
	reply := outbound(id, j.question, *o.Reply)
	p.mu.Lock()
	p.inHand[id] = true
	p.mu.Unlock()
	j.reply = &reply
	return p.deliver(reply, j.question.CreatedAt)
}
