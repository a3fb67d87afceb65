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
// wrote is sent: its answer may have been lost with the connection.
func (p *Pipeline) commit(m flowhq.Message, o store.Outcome) bool {
	failpoint.Hit("answer.composed")
	var id int64
	ok := p.persist("answer", func(ctx context.Context) (err error) {
		id, _, err = p.Store.Answer(ctx, p.Tenant, p.Epoch, m.ID, o)
		return err
	})
	failpoint.Hit("answer.written")
	if !ok || id == 0 {
		return ok
	}
	return p.deliver(outbound(id, m.Chat, *o.Reply))
}
