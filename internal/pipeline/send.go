package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
)

const (
	// lastResend is the longest pause before the next attempt, so that a server that asks
	// us to slow down is not pressed.
	lastResend = 30 * time.Second
	// maxSends is how many attempts to send a reply may stay without a known outcome while
	// the session is up. With their pauses that is a quarter of an hour.
	maxSends = 30
)

// deliver sends one reply, under the id in its row, until WhatsApp acknowledges or refuses
// it. After an attempt whose outcome is unknown it sends again under the same id, which a
// phone shows once. An upload that has failed is an attempt that sent nothing. Code Unsent is
// no attempt: nothing left this process. askedAt is when the question came, zero if it came to
// another host.
func (p *Pipeline) deliver(c *chat, m flowhq.Message, askedAt time.Time) error {
	wait, last := firstRetry, error(nil)
	for attempts := 0; attempts < maxSends; {
		failpoint.Hit("send.due")
		began := p.Now()
		err := p.Send(p.ctx, m)
		failpoint.Hit("send.done")
		switch flowhq.ErrorCode(err) {
		case "":
			p.detect(c, func(d *loopDetector) { d.replied(began, p.Now(), m.Kind) })
			p.Metrics.CountSent(p.Tenant)
			if !askedAt.IsZero() {
				p.Metrics.CountReply(p.Now().Sub(askedAt))
			}
			return p.setStatus(m, flowhq.Sent, "")
		case flowhq.Refused:
			p.Log.Warn("WhatsApp refused a reply", "message", m.ID, "err", err)
			p.Metrics.Outcome(flowhq.Failed)
			return p.setStatus(m, flowhq.Failed, operatorText(err))
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
		last = err
		switch {
		// Nothing was sent, so the row stays as it is.
		case errors.Is(err, flowhq.ErrNotUploaded):
			p.Log.Info("media were not uploaded; trying again", "message", m.ID, "err", err)
		default:
			p.Metrics.SendsUnknown.Inc()
			if p.recordUnknown(m, err) != nil {
				return errEnded
			}
		}
		if !p.pause(wait) {
			return errEnded
		}
		wait = min(2*wait, lastResend)
	}
	reason := fmt.Sprintf("WhatsApp did not confirm it in %d attempts", maxSends)
	if errors.Is(last, flowhq.ErrNotUploaded) {
		reason = fmt.Sprintf("WhatsApp's media server did not take the media in %d attempts; "+
			"retry when it is up again", maxSends)
	}
	return p.deadLetter(m, reason, last)
}

// setStatus moves a reply's row on.
func (p *Pipeline) setStatus(m flowhq.Message, status flowhq.MessageStatus, reason string) error {
	return p.persist("mark sent", func(ctx context.Context) error {
		return p.Store.SetOutbound(ctx, p.Tenant, p.Epoch, m.WAMessageID, status, reason)
	})
}

// recordUnknown notes that an attempt was made. It is not repeated: a row that stays
// PENDING is treated like one that is UNKNOWN. So it fails only if the pipeline has ended.
func (p *Pipeline) recordUnknown(m flowhq.Message, cause error) error {
	p.Log.Info("the outcome of a reply is unknown; trying again under the same id",
		"message", m.ID, "err", cause)
	err := p.Store.SetOutbound(p.ctx, p.Tenant, p.Epoch, m.WAMessageID, flowhq.Unknown, "")
	_ = p.failIfFenced(err)
	if p.ctx.Err() != nil {
		return errEnded
	}
	return nil
}
