package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
)

// banMargin is how long after the end of a ban the next attempt begins: WhatsApp names the
// end in whole seconds.
const banMargin = time.Second

// awaitRetry waits until it is time to try again, or a command comes. No host runs meanwhile. A
// start or restart cuts the wait short, a stop ends it.
//
// The timer is Temporal's, so it outlives workers and deploys. It has a context of its own, which
// ends with this function: a timer that is left behind would fire later, and wake the workflow for
// nothing. A run that continues as new meanwhile waits for the rest, since RetryAt is a time and
// not a duration. workflow.AwaitWithTimeout would be shorter, but leaves its timer behind (SDK
// v1.50).
func (t *tenant) awaitRetry(ctx workflow.Context) error {
	waiting, cancel := workflow.WithCancel(ctx)
	defer cancel()
	over := false
	var did effect
	pause := t.RetryAt.Sub(workflow.Now(ctx)) + banMargin
	timer := workflow.NewTimerWithOptions(waiting, pause, workflow.TimerOptions{
		Summary: fmt.Sprintf("%s: tries again at %s",
			t.Ending, t.RetryAt.UTC().Format(time.RFC3339)),
	})
	sel := workflow.NewSelector(ctx)
	sel.AddFuture(timer, func(workflow.Future) { over = true })
	sel.AddReceive(t.snapshots, func(c workflow.ReceiveChannel, _ bool) {
		did = t.receiveSnapshot(ctx, c)
		over = over || did.any()
	})
	// A report here is the last word of a host that has ended.
	sel.AddReceive(t.reports, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	sel.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	sel.AddFuture(t.long, func(workflow.Future) {}) // only to wake up
	for !over {
		sel.Select(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if over {
			break
		}
		if err := t.recordOutcomes(ctx); err != nil {
			return err
		}
		if t.mayContinueAsNew(ctx) {
			return nil // the next run waits for the rest
		}
	}
	t.RetryAt = time.Time{}
	switch {
	case t.Deleting || t.gone:
		return nil
	case !t.NeedsHost:
		return t.enter(ctx, flowhq.Stopped(t.Counts))
	}
	return t.enter(ctx, flowhq.Starting(t.Counts))
}
