package workflows

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// Names on the wire, on the same terms as the tenants'.
const (
	followUpWorkflow = "FollowUp"
	followUpPrefix   = "follow-up:"
)

// leastWait is how long it waits at least, should the clocks of the database and of
// Temporal disagree. Without it a database whose clock is behind would have the workflow turn in a
// loop and fill its history.
const leastWait = time.Second

// FollowUp sees to the reminders of one booking, or to the questions about one order, until there
// are none ahead. It knows nothing but the number: the rows say what is due and when, so a signal
// that those have changed is no more than a nudge, and a run that was lost is replaced by the
// reconciler.
func (w Tenants) FollowUp(ctx workflow.Context, in activities.FollowUpInput) error {
	changed := workflow.GetSignalChannel(ctx, changedSignal)
	doing := workflow.WithActivityOptions(ctx, activities.FollowUpOptions())
	for {
		for changed.ReceiveAsync(nil) { // what is read from now on has those changes
		}
		var next activities.FollowUpNext
		err := workflow.ExecuteActivity(doing, activities.FollowUpActivity, in).Get(ctx, &next)
		if err != nil {
			return err
		}
		// What came while the activity ran may be newer than what the activity read.
		if changed.Len() > 0 {
			continue
		}
		if next.At.IsZero() {
			return nil
		}
		awaitChange(ctx, changed, next.At)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, followUpWorkflow, in)
		}
	}
}

// awaitChange waits until a time, or until the rows have changed. The timer ends with it: one
// that is left behind would wake the workflow for nothing.
func awaitChange(ctx workflow.Context, changed workflow.ReceiveChannel, at time.Time) {
	waiting, cancel := workflow.WithCancel(ctx)
	defer cancel()
	wait := max(at.Sub(workflow.Now(ctx)), leastWait)
	timer := workflow.NewTimerWithOptions(waiting, wait, workflow.TimerOptions{
		Summary: "the next one: " + at.UTC().Format(time.RFC3339),
	})
	sel := workflow.NewSelector(ctx)
	sel.AddFuture(timer, func(workflow.Future) {})
	sel.AddReceive(changed, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	sel.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	sel.Select(ctx)
}

// FollowUp has the workflow of a booking's or order's follow-ups look at the rows, and starts it if
// it does not run. It may be repeated, and lost. It fails with code Unavailable.
func (c *Client) FollowUp(
	ctx context.Context, tenant flowhq.TenantID, about flowhq.FollowUpAbout, number string,
) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	in := activities.FollowUpInput{
		Tenant: tenant, About: about, Number: number, Installation: c.Installation,
	}
	opts := client.StartWorkflowOptions{
		ID:                       followUpID(in),
		TaskQueue:                TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            fmt.Sprintf("follow up %s %s", about, number),
	}
	_, err := c.temporal.SignalWithStartWorkflow(
		ctx, opts.ID, changedSignal, nil, opts, followUpWorkflow, in)
	return classify("the follow-ups' workflow could not be signalled", err)
}

// followUpID has no slash, because it ends up in URLs.
func followUpID(in activities.FollowUpInput) string {
	return fmt.Sprintf("%s%s:%s:%s", followUpPrefix, in.Tenant, in.About, in.Number)
}
