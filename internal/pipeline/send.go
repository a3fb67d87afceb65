package pipeline

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
)

const (
	// sendTimeout bounds one attempt, from encrypting to WhatsApp's answer.
	sendTimeout = 20 * time.Second
	// lastResend is the longest pause before the next attempt, so that a server
	// that asks us to slow down is not pressed.
	lastResend = 30 * time.Second
)

// deliver sends one reply, under the id in its row, until WhatsApp acknowledges
// or refuses it. An attempt whose outcome is unknown is settled by sending again
// under the same id, which a phone shows once. It returns false if the pipeline
// ended first.
func (p *Pipeline) deliver(m flowhq.Message) bool {
	for wait := firstRetry; ; wait = min(2*wait, lastResend) {
		ctx, cancel := context.WithTimeout(p.ctx, sendTimeout)
		failpoint.Hit("send.due")
		err := p.Send(ctx, m.Chat, m.WAMessageID, m.Text)
		cancel()
		failpoint.Hit("send.done")
		switch flowhq.ErrorCode(err) {
		case "":
			return p.mark(m, flowhq.Sent, "")
		case flowhq.Refused:
			p.Log.Warn("WhatsApp refused a reply", "message", m.ID, "err", err)
			return p.mark(m, flowhq.Failed, err.Error())
		case flowhq.Fenced:
			p.fail(err)
			return false
		}
		if !p.unknown(m, err) || !p.pause(wait) {
			return false
		}
	}
}

// mark moves a reply's row on.
func (p *Pipeline) mark(m flowhq.Message, status flowhq.MessageStatus, reason string) bool {
	return p.persist("mark sent", func(ctx context.Context) error {
		return p.Store.SetOutbound(ctx, p.Tenant, p.Epoch, m.WAMessageID, status, reason)
	})
}

// unknown notes that an attempt was made. It returns false if the pipeline has
// ended; the row may then still be PENDING, which the next host treats alike.
func (p *Pipeline) unknown(m flowhq.Message, cause error) bool {
	p.Log.Info("the outcome of a reply is unknown; trying again under the same id", "message", m.ID, "err", cause)
	err := p.Store.SetOutbound(p.ctx, p.Tenant, p.Epoch, m.WAMessageID, flowhq.Unknown, "")
	if flowhq.ErrorCode(err) == flowhq.Fenced {
		p.fail(err)
	}
	return p.ctx.Err() == nil
}
