package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/flowhq/flowhq"
)

// maxTries is how often a message may be tried that fails each time, or whose host
// dies each time. The hosts of a message die for other reasons too, so this is more
// than a few.
const maxTries = 10

// maxFailures is how often in a row a job may fail in one host before the pipeline
// does. It is more than maxTries: then not even setting it aside has worked.
const maxFailures = maxTries + 5

// handle does one job, again and again if it fails. One that keeps failing is set
// aside, visible to the operator, so that its chat goes on. It returns nil when
// the job is over, and errEnded if the pipeline ended first.
func (p *Pipeline) handle(c *chat, j *job) error {
	var last error
	wait := firstRetry
	for failures := 0; failures < maxFailures; failures++ {
		err := p.attempt(c, j, last)
		if err == nil || errors.Is(err, errEnded) {
			return err
		}
		last = err
		p.Log.Warn("handling a message failed", "message", j.due().ID, "err", err)
		if !p.pause(wait) {
			return errEnded
		}
		wait = min(2*wait, lastRetry)
	}
	p.fail(fmt.Errorf("message %d: %w", j.due().ID, last))
	return errEnded
}

// attempt does one job once, or sets it aside if that has been tried too often. last
// is how the attempt before this failed. A panic is an error like any other: it must
// not end the process, which hosts other tenants.
func (p *Pipeline) attempt(c *chat, j *job, last error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p.Log.Error("handling a message panicked", "message", j.due().ID, "panic", r, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	if last != nil {
		if ended, err := p.countTry(j.due(), last); ended || err != nil {
			return err
		}
	}
	if err := p.decide(c, j); err != nil {
		return err
	}
	if j.found && last == nil { // a fresh message is spared the statement, and waiting is no try
		if reason := p.tooLate(j); reason != "" {
			return p.setAside(*j.reply, reason, nil)
		}
		if ended, err := p.countTry(j.due(), nil); ended || err != nil {
			return err
		}
	}
	if j.reply == nil {
		if err := p.answer(c, j); err != nil || j.reply == nil {
			return err
		}
	}
	return p.deliver(c, *j.reply, j.question.CreatedAt)
}

// errPanicked says no more: what a panic tells may quote the message.
var errPanicked = errors.New("a panic in the program")

// countTry counts one more try of a message, and reports whether that was one too many,
// so that it was set aside, or the message has ended otherwise. last is how the try
// before failed.
func (p *Pipeline) countTry(m flowhq.Message, last error) (ended bool, err error) {
	var tries int
	err = p.persist("count a try", func(ctx context.Context) (err error) {
		tries, err = p.Store.Try(ctx, p.Tenant, p.Epoch, m.ID)
		return err
	})
	if err != nil || tries <= maxTries {
		return tries == 0, err // 0: it has FAILED, with the number that it belongs to
	}
	return true, p.setAside(m, exhausted(last), last)
}

// tooLate says why a reply that an earlier host has left is not sent any more, or "".
func (p *Pipeline) tooLate(j *job) string {
	if j.reply == nil {
		return ""
	}
	return expired(*j.reply, p.currentConfig(), p.Now())
}

// setAside gives a message up until an operator has it tried again.
func (p *Pipeline) setAside(m flowhq.Message, reason string, cause error) error {
	p.Log.Error("a message was set aside", "message", m.ID, "reason", reason, "err", cause)
	err := p.persist("set aside", func(ctx context.Context) error {
		return p.Store.SetAside(ctx, p.Tenant, p.Epoch, m.ID, reason)
	})
	if err == nil {
		p.Metrics.Outcome(flowhq.Failed)
	}
	return err
}

// exhausted says why a message is not tried any more. last is how its last try
// failed, nil if no try of this host did.
func exhausted(last error) string {
	reason := fmt.Sprintf("handling it failed %d times", maxTries)
	if last == nil {
		return reason + "; its worker may have died of it"
	}
	return reason + ": " + operatorText(last)
}

// operatorText is what an operator may read of an error, which is never SQL.
func operatorText(err error) string {
	if e, ok := errors.AsType[*flowhq.Error](err); ok {
		return e.Message
	}
	if errors.Is(err, errPanicked) {
		return errPanicked.Error() + "; see the log"
	}
	return "see the log"
}
