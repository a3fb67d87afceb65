package pipeline

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// maxFailures is how often in a row a job may fail in one host before the pipeline does.
// It is more than maxAttempts: when it is reached, not even the dead letter could be
// written, and a session that answers nobody must end and be seen.
const maxFailures = maxAttempts + 5

// begin starts the goroutine of a chat. The caller holds mu.
func (p *Pipeline) begin(c *chat) {
	c.done = make(chan struct{})
	p.work.Go(func() {
		defer close(c.done)
		p.serve(c)
	})
}

// serve handles one chat's jobs, one at a time and in order, until there are none or the
// pipeline has ended. What is left then is in the rows, for the next host. It never
// returns with jobs waiting in a pipeline that lives: the chat would be silent for good.
func (p *Pipeline) serve(c *chat) {
	var j job
	for {
		var ok bool
		if j, ok = p.next(c, j); !ok {
			return
		}
		if !p.awaitMerged(c) {
			return
		}
		if err := p.handle(c, &j); err != nil {
			if !errors.Is(err, errEnded) {
				p.fail(err)
			}
			return
		}
	}
}

// handle does one job, again and again if it fails. One that keeps failing becomes a dead
// letter, which the operator sees, so that its chat goes on. handle returns nil when the
// job is over, and errEnded if the pipeline ended first.
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

// attempt takes one job through its steps: gather, decide, answer, deliver. last is how the attempt
// before this one failed, nil for the first. An attempt is counted in the row before its first
// step, because any step may kill the process. The first attempt of a message that has just come
// is counted by the statement that records it.
//
// A panic is an error like any other: it must not end the process, which hosts other
// tenants.
func (p *Pipeline) attempt(c *chat, j *job, last error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p.Log.Error("handling a message panicked",
				"message", j.due().ID, "panic", r, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	if j.fromRows && last == nil {
		if reason := p.replyExpired(j); reason != "" {
			return p.deadLetter(*j.reply, reason, nil)
		}
	}
	if last != nil {
		p.separate(c, j)
	}
	if err := p.gather(c, j); err != nil {
		return err
	}
	counted := last != nil || !j.attempted
	if err := p.countEarlier(j); err != nil {
		return err
	}
	if counted {
		if ended, err := p.countAttempt(j.due(), last); ended || err != nil {
			return err
		}
	}
	if err := p.decide(c, j); err != nil {
		return err
	}
	if j.waiter != nil {
		if ended, err := p.awaitLimits(c, j, counted); ended || err != nil {
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

// errPanicked says no more, because the value of a panic may quote the message.
var errPanicked = errors.New("a panic in the program")
