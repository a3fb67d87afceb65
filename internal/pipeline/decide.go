package pipeline

import (
	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// decide finds out whether a question gets an answer, and waits until the rate limits
// allow it. What it decides stands for the life of the job: a second attempt does not
// count a second reply. The cheap checks come first, and the rate limiter last, because
// only it uses something up.
func (p *Pipeline) decide(c *chat, j *job) error {
	if j.reply != nil || j.outcome != nil || j.decision != nil {
		return nil
	}
	p.applyRevision(c, &j.question, false)
	if reason := expired(j.question, p.currentConfig(), p.Now()); reason != "" {
		j.outcome = &store.Outcome{Status: flowhq.Expired, Reason: reason}
		return nil
	}
	switch needed, err := p.needsAnswer(j.question); {
	case err != nil:
		return err
	case !needed:
		j.outcome = &ignored
		return nil
	}
	switch o, muted, err := p.checkMuted(c, j); {
	case err != nil:
		return err
	case muted:
		j.outcome = &o
		return nil
	}
	d, err := p.awaitLimits(c, j)
	if err != nil {
		return err
	}
	j.decision = &d
	return nil
}
