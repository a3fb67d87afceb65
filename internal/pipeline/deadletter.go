package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowhq/flowhq"
)

// maxAttempts is how many attempts a message has, all of which fail or end with the death of
// their host. A message that waited behind another one when the host that received it died has
// one less: its row counts that host's attempt, to which it may not have come.
// Hosts die for reasons that have nothing to do with the message they are at,
// ten times in a row hardly ever.
const maxAttempts = 10

// countAttempt counts one more attempt of a message in its row. It reports whether the
// message has ended: because that was one attempt too many, and it is a dead letter now,
// or because its row has FAILED otherwise. last is how the attempt before failed.
func (p *Pipeline) countAttempt(m flowhq.Message, last error) (ended bool, err error) {
	var attempts int
	err = p.persist("count an attempt", func(ctx context.Context) (err error) {
		attempts, err = p.Store.CountAttempt(ctx, p.Tenant, p.Epoch, m.ID)
		return err
	})
	if err != nil || attempts <= maxAttempts {
		return attempts == 0, err // 0: it has FAILED, with the number that it belonged to
	}
	err = p.deadLetter(m, exhausted(last), last)
	p.refillSoon() // the other lines of its burst still wait
	return true, err
}

// withdrawAttempt takes back an attempt that was counted. That it fails is no matter: it then
// costs the message one of its attempts.
func (p *Pipeline) withdrawAttempt(m flowhq.Message) {
	err := p.persist("withdraw an attempt", func(ctx context.Context) error {
		return p.Store.WithdrawAttempt(ctx, p.Tenant, p.Epoch, m.ID)
	})
	if err != nil && !errors.Is(err, errEnded) {
		p.Log.Warn("could not withdraw an attempt", "message", m.ID, "err", err)
	}
}

// deadLetter gives a message up: its row becomes FAILED until an operator has it tried
// again, and an event says so.
func (p *Pipeline) deadLetter(m flowhq.Message, reason string, cause error) error {
	p.Log.Error("a message became a dead letter", "message", m.ID, "reason", reason, "err", cause)
	err := p.persist("dead letter", func(ctx context.Context) error {
		return p.Store.DeadLetter(ctx, p.Tenant, p.Epoch, m.ID, reason)
	})
	if err == nil {
		p.Metrics.Outcome(flowhq.Failed)
	}
	return err
}

// exhausted says why a message is not tried any more. last is how its last attempt
// failed, nil if no attempt of this host did.
func exhausted(last error) string {
	reason := fmt.Sprintf("handling it failed %d times", maxAttempts)
	if last == nil {
		return reason + "; its worker may have died of it"
	}
	return reason + ": " + operatorText(last)
}

// operatorText is what an operator may read of an error. It is never SQL.
func operatorText(err error) string {
	if e, ok := errors.AsType[*flowhq.Error](err); ok {
		return e.Message
	}
	if errors.Is(err, errPanicked) {
		return errPanicked.Error() + "; see the log"
	}
	return "see the log"
}
