package pipeline

import (
	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// decide finds out whether a question gets an answer. What it decides stands for the life of
// the job: a second attempt does not count a second reply. The cheap checks come first, and the
// rate limiter last, because only it uses something up. Each check gives the job an outcome if the
// question gets no answer. If the reply has to wait for the rate limiter, the job has a waiter
// afterwards, for awaitLimits.
func (p *Pipeline) decide(c *chat, j *job) error {
	if j.reply != nil || j.outcome != nil || j.decision != nil {
		return nil
	}
	p.applyRevisions(c, j, false)
	if reason := expired(j.question, p.currentConfig(), p.Now()); reason != "" {
		j.outcome = &store.Outcome{Status: flowhq.Expired, Reason: reason}
		return nil
	}
	if err := p.checkPeople(c, j); err != nil || j.outcome != nil {
		return err
	}
	// Whoever answers in the bot's place hears voice notes for themselves, and gets pictures too.
	if config := p.currentConfig(); config.LeavesToOthers() {
		if err := p.checkMuted(c, j); err != nil || j.outcome != nil {
			return err
		}
		return p.leaveToOthers(j, config)
	}
	if err := p.transcribe(j); err != nil {
		return err
	}
	if err := p.checkWordless(j); err != nil || j.outcome != nil {
		return err
	}
	if err := p.checkMuted(c, j); err != nil || j.outcome != nil {
		return err
	}
	d, w := p.requestReply(c, j)
	j.waiter = w
	if w == nil {
		p.endWait(c, d)
		j.decision = &d
	}
	return nil
}
