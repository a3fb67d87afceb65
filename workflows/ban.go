package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
)

// banMargin is how long after the end of a ban the next attempt begins: WhatsApp
// names it in whole seconds.
const banMargin = time.Second

// sitOut waits until it is time to try again, or a command comes. No host runs meanwhile. A start
// or restart cuts the wait short, a stop ends it.
func (t *tenant) sitOut(ctx workflow.Context) error {
	waiting, cancel := workflow.WithCancel(ctx)
	defer cancel()
	over := false
	timer := workflow.NewTimerWithOptions(waiting, t.RetryAt.Sub(workflow.Now(ctx))+banMargin, workflow.TimerOptions{
		Summary: fmt.Sprintf("%s: tries again at %s", t.Ending, t.RetryAt.UTC().Format(time.RFC3339)),
	})
	sel := workflow.NewSelector(ctx)
	sel.AddFuture(timer, func(workflow.Future) { over = true })
	sel.AddReceive(t.commands, func(c workflow.ReceiveChannel, _ bool) { over = t.obey(ctx, c) != "" })
	// A report here is the last word of a host that has ended.
	sel.AddReceive(t.reports, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	for !over {
		sel.Select(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !over && t.mayContinueAsNew(ctx) && t.sitsOutAnew(ctx) {
			return nil // the next run waits for the rest
		}
	}
	t.RetryAt = time.Time{}
	switch {
	case t.Deleting:
		return nil
	case !t.Wanted:
		return t.settle(ctx, stopped)
	}
	o := starting
	o.tenant = flowhq.TenantReconnecting
	return t.settle(ctx, o)
}

// sitsOutAnew reports whether a run that waits to try again may continue as
// new. Then it also has to obey there what cuts the ban short.
//
// Runs that came to this point before the change wait as they did.
func (t *tenant) sitsOutAnew(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "ban-at-boundary", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}
