package pipeline

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// muteFor is how long a bot is not answered. A contact that only repeats a text may be a
// person: it is muted for flowhq.ContactWindow, and for muteFor if that happens again.
const muteFor = 24 * time.Hour

// checkMuted gives the job its outcome if the writer of the question is muted. It mutes a contact
// that the loop detector suspects, and tells that contact so once.
func (p *Pipeline) checkMuted(c *chat, j *job) error {
	if j.question.RetriedAt != nil { // an operator wants it answered
		return nil
	}
	if err := p.readConversation(c, j.question); err != nil {
		return err
	}
	// What an earlier host left tells nothing of how soon the contact answered.
	if !j.fromRows && !c.mutedUntil.After(p.Now()) {
		suspicion, err := p.inspect(c, j)
		if err != nil || suspicion.reason == "" {
			return err
		}
		if err := p.mute(c, j, suspicion); err != nil {
			return err
		}
	}
	if !c.mutedUntil.After(p.Now()) {
		return nil
	}
	// With its zone, as the operator who reads it may be in another one than the business.
	until := c.mutedUntil.UTC().Format("2006-01-02 15:04 UTC")
	j.outcome = &store.Outcome{
		Status: flowhq.Suppressed,
		Reason: "the contact is muted until " + until,
	}
	if j.suspicion.reason != "" { // this question is the one that muted the contact
		j.outcome.Reply = p.warning(j.question, reply.Muted(p.currentConfig()), scopeMuted)
	}
	return nil
}

// detect calls f with the loop detector of a chat's contact.
func (p *Pipeline) detect(c *chat, f func(*loopDetector)) {
	p.mu.Lock()
	contact := c.contact
	p.mu.Unlock()
	p.detectors.use(contact, p.Now(), f)
}

// inspect returns the loop detector's suspicion about a question. After some prompt answers
// it holds the reply back for a moment: another line within it is a person's.
func (p *Pipeline) inspect(c *chat, j *job) (suspicion, error) {
	if j.inspected {
		return j.suspicion, nil
	}
	hold := false
	offered := reply.Offered(j.text(), p.currentConfig())
	p.detect(c, func(d *loopDetector) {
		j.suspicion = d.inspect(j.text(), offered, j.question.CreatedAt)
		hold = j.suspicion.reason == "" && d.prompt >= holdAfter
	})
	// Set before the wait: an attempt that the wait cuts off must not count the question twice.
	j.inspected = true
	if !hold {
		return j.suspicion, nil
	}
	more, err := p.awaitMessage(c, holdFor)
	if more {
		p.detect(c, func(d *loopDetector) { d.prompt = 0 })
	}
	return suspicion{}, err
}

// awaitMessage waits for another message in the chat, for at most d. Stop ends the wait,
// with errEnded: the question is still RECEIVED, for the next host.
func (p *Pipeline) awaitMessage(c *chat, d time.Duration) (came bool, err error) {
	// The channel is in place before the lock is given up, so a message that comes right after it
	// closes the channel.
	arrived := make(chan struct{})
	p.mu.Lock()
	came = len(c.waiting) > 0
	c.arrived = arrived
	p.mu.Unlock()
	if came {
		return true, nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-arrived:
		return true, nil
	case <-t.C:
		return false, nil
	case <-p.stopping:
	case <-p.ctx.Done():
	}
	return false, errEnded
}

// mute records that the writer of a question is not answered for a while, with an event
// for the operator.
func (p *Pipeline) mute(c *chat, j *job, s suspicion) error {
	length := flowhq.ContactWindow
	mutedLately := p.Now().Sub(c.mutedUntil) < muteFor
	if s.sure || mutedLately {
		length = muteFor
	}
	err := p.persist("mute a contact", func(ctx context.Context) (err error) {
		c.mutedUntil, err = p.Store.Mute(ctx, p.Tenant, p.Epoch, j.question.ID, length, s.reason)
		return err
	})
	if err != nil {
		return err
	}
	p.Metrics.Muted.Inc()
	p.Log.Warn("a contact was muted",
		"message", j.question.ID, "reason", s.reason, "until", c.mutedUntil)
	p.detect(c, func(d *loopDetector) { *d = loopDetector{} }) // afresh when it is unmuted
	return nil
}
