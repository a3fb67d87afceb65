package workflows

import (
	"context"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
)

// Names on the wire, on the same terms as the tenants'.
const (
	webhookWorkflow = "Webhook"
	// A name that is changed would leave runs behind that no worker can continue.
	webhookPrefix = "webhook:"
)

// Webhook delivers what waits for a webhook, until nothing does. It knows nothing but the id: the
// rows say what is to be delivered and when it is tried again, so that a run that was lost is
// replaced by the reconciler, and an idle webhook has none.
func (w Tenants) Webhook(ctx workflow.Context, in activities.WebhookInput) error {
	changed := workflow.GetSignalChannel(ctx, changedSignal)
	// The options follow from the renewal of leases, as all waits of a worker do, so that a worker
	// that dies is noticed as fast here as with a host.
	doing := workflow.WithActivityOptions(ctx,
		activities.DeliverOptions(hosting.Timing{Renewal: w.Renewal}))
	for {
		for changed.ReceiveAsync(nil) { // what is read from now on has those changes
		}
		var next activities.WebhookNext
		// The activity reads, delivers and records. Nothing of that is in the history of the
		// workflow, which stays short and has no customer's text in it.
		err := workflow.ExecuteActivity(doing, activities.DeliverActivity, in).Get(ctx, &next)
		if err != nil {
			return err
		}
		more := next.More || changed.Len() > 0 // which may be newer than what the activity read
		// The activity has noted in the row that the webhook rests, so the next event makes it due
		// and a run begins again.
		if !more && next.At.IsZero() {
			return nil
		}
		// Until a delivery is tried again there is nothing to do. A signal ends the wait, as when
		// the webhook was changed or an event has come.
		if !more {
			awaitChange(ctx, changed, next.At)
		}
		// awaitChange ends with the context too. To go on would run the activity once more for a
		// workflow that was cancelled.
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// A receiver that is busy for weeks would fill the history of one run. The new run needs
		// the id alone.
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, webhookWorkflow, in)
		}
	}
}

// Webhook has the workflow of a webhook look at the rows, and starts it if it does not run. It may
// be repeated, and lost. It fails with code Unavailable.
func (c *Client) Webhook(ctx context.Context, tenant flowhq.TenantID, webhook string) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	in := activities.WebhookInput{
		Tenant: tenant, Webhook: webhook, Installation: c.Installation,
	}
	opts := client.StartWorkflowOptions{
		ID:        webhookID(in),
		TaskQueue: TaskQueue,
		// One run for a webhook at a time: two would send the events of a chat in two orders. A run
		// that has ended must not keep a new one from starting.
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "deliver to webhook " + webhook,
	}
	// Signal and start are one request. With two, a run could end between them, and the signal
	// would be lost.
	_, err := c.temporal.SignalWithStartWorkflow(
		ctx, opts.ID, changedSignal, nil, opts, webhookWorkflow, in)
	return classify("the webhook's workflow could not be signalled", err)
}

// webhookID has no slash, because it ends up in URLs.
func webhookID(in activities.WebhookInput) string {
	return webhookPrefix + string(in.Tenant) + ":" + in.Webhook
}
