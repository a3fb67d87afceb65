package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
)

const (
	// lastResend is the longest pause before the next attempt, so that a server
	// that asks us to slow down is not pressed.
	lastResend = 30 * time.Second
	// maxSends is how many attempts to send a reply may stay without a known outcome
	// while the session is up, before it is set aside. With their pauses that is a
	// quarter of an hour.
	maxSends = 30
)

// deliver sends one reply, under the id in its row, until WhatsApp acknowledges
// or refuses it. An attempt whose outcome is unknown is settled by sending again
// under the same id, which a phone shows once. One that ended before it began, in the
// queue of all that the session sends, is no attempt. asked is when its question came,
// zero if that was to another host.
func (p *Pipeline) deliver(c *chat, m flowhq.Message, asked time.Time) error {
	wait, last := firstRetry, error(nil)
	for attempts := 0; attempts < maxSends; {
		failpoint.Hit("send.due")
		began := p.Now()
		err := p.Send(p.ctx, m.Chat, m.WAMessageID, m.Text, m.Timer())
		failpoint.Hit("send.done")
		switch flowhq.ErrorCode(err) {
		case "":
			p.exchange(c, func(e *exchange) { e.replied(began, p.Now(), m.Kind) })
			p.Metrics.Sent.Inc()
			if !asked.IsZero() {
				p.Metrics.ReplySeconds.Observe(p.Now().Sub(asked).Seconds())
			}
			return p.mark(m, flowhq.Sent, "")
		case flowhq.Refused:
			p.Log.Warn("WhatsApp refused a reply", "message", m.ID, "err", err)
			p.Metrics.Outcome(flowhq.Failed)
			return p.mark(m, flowhq.Failed, operatorText(err))
		case flowhq.Fenced:
			p.fail(err)
			return errEnded
		case flowhq.Unsent:
			if !p.pause(lastRetry) {
				return errEnded
			}
			continue
		}
		attempts++
		p.Metrics.SendsUnknown.Inc()
		if p.unknown(m, err) != nil {
			return errEnded
		}
		last = err
		if !p.pause(wait) {
			return errEnded
		}
		wait = min(2*wait, lastResend)
	}
	return p.setAside(m, fmt.Sprintf("WhatsApp did not confirm it in %d attempts", maxSends), last)
}

// mark moves a reply's row on.
func (p *Pipeline) mark(m flowhq.Message, status flowhq.MessageStatus, reason string) error {
	return p.persist("mark sent", func(ctx context.Context) error {
		return p.Store.SetOutbound(ctx, p.Tenant, p.Epoch, m.WAMessageID, status, reason)
	})
}

// unknown notes that an attempt was made. It fails only if the pipeline has ended;
// the row may then still be PENDING, which the next host treats alike.
func (p *Pipeline) unknown(m flowhq.Message, cause error) error {
	p.Log.Info("the outcome of a reply is unknown; trying again under the same id", "message", m.ID, "err", cause)
	err := p.Store.SetOutbound(p.ctx, p.Tenant, p.Epoch, m.WAMessageID, flowhq.Unknown, "")
	if flowhq.ErrorCode(err) == flowhq.Fenced {
		p.fail(err)
	}
	if p.ctx.Err() != nil {
		return errEnded
	}
	return nil
}
