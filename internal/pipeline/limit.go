package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
)

// awaitLimits waits while the tenant's limit is used up. A question that waits when the
// pipeline stops stays RECEIVED, and waits anew in the next host.
//
// Waiting is no attempt: an attempt that was counted is withdrawn, and counted again when the
// wait is over. Otherwise a message that kills its hosts would take with it everybody who waits.
// awaitLimits reports whether the message has ended meanwhile.
func (p *Pipeline) awaitLimits(c *chat, j *job, counted bool) (ended bool, err error) {
	w := j.waiter
	j.waiter = nil // another attempt asks the limiter anew
	if counted {
		p.withdrawAttempt(j.question)
	}
	p.Metrics.Delayed.Inc()
	p.reportDelay()
	select {
	case d := <-w.decided:
		p.endWait(c, d)
		j.decision = &d
	case <-p.stopping:
		p.limiter.remove(w)
		return false, errEnded
	case <-p.ctx.Done():
		p.limiter.remove(w)
		return false, errEnded
	}
	if counted {
		return p.countAttempt(j.question, nil)
	}
	return false, nil
}

// requestReply asks the rate limiter. It holds mu, because a merge may change the chat's
// contact, and moves what the limiter counts along with it.
func (p *Pipeline) requestReply(c *chat, j *job) (decision, *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	// Messages of one chat wait at the same time: this one has waited with those before it,
	// since it came or since one of them was allowed.
	waited := c.limitWait.total(now) - max(j.waited, c.limitWait.atGrant)
	c.limitWait.since = now
	return p.limiter.request(waiter{
		contact: c.contact, message: j.question.ID, since: now.Add(-max(0, waited)),
		noWarning: j.question.RetriedAt != nil, // the customer was warned when it came
	})
}

// endWait notes that a chat does not wait for the rate limiter any more.
func (p *Pipeline) endWait(c *chat, d decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.limitWait.past = c.limitWait.total(p.Now())
	c.limitWait.since = time.Time{}
	if d.allowed() {
		c.limitWait.atGrant = c.limitWait.past
	}
}

// refund undoes requestReply, for a reply that was not written after all.
func (p *Pipeline) refund(c *chat, d decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limiter.refund(c.contact, d)
}

// A waitTime is how long a chat has waited for the rate limiter. Time during which a reply
// is being sent, or the database is away, does not count: an outage must not use up the
// patience that flowhq.MaxReplyDelay stands for.
type waitTime struct {
	// past is the sum of the waits that are over.
	past time.Duration
	// since is when the present wait began; zero = there is none.
	since time.Time
	// atGrant is the total when a reply was allowed last.
	atGrant time.Duration
}

// total is for how long the chat has waited in all.
func (w waitTime) total(now time.Time) time.Duration {
	if w.since.IsZero() {
		return w.past
	}
	return w.past + now.Sub(w.since)
}

// reportDelay adds an event that customers wait, at most once in flowhq.ContactWindow.
func (p *Pipeline) reportDelay() {
	p.mu.Lock()
	now, config := p.Now(), p.config
	due := claimWarning(&p.delayReported, now)
	p.mu.Unlock()
	if !due {
		return
	}
	err := p.persist("report that replies wait", func(ctx context.Context) error {
		return p.Store.AddEventEvery(ctx, flowhq.ContactWindow, flowhq.Event{
			Tenant: p.Tenant, Type: flowhq.EventRepliesDelayed, Actor: "host",
			Reason: fmt.Sprintf("more than %d replies per minute are due: customers wait, "+
				"for up to %d minutes", config.RepliesPerMinute, flowhq.MaxReplyDelay/time.Minute),
		})
	})
	if err != nil {
		p.Log.Warn("could not record that replies wait", "err", err)
	}
}
