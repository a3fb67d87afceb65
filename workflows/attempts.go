package workflows

import (
	"context"
	"errors"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
)

// Attempts is the hosts' attempts as Temporal knows them. Temporal alone would notice a lost worker
// by the heartbeat timeout; a worker that notices it sooner in the database ends the attempt here,
// and the next host starts at once.
type Attempts struct {
	temporal  client.Client
	namespace string                  // which calls by activity id have to name
	data      converter.DataConverter // of the heartbeats, which may be encrypted
}

// NewAttempts returns the Attempts of a namespace, whose client decodes with data; nil
// means the SDK's own converter.
func NewAttempts(temporal client.Client, namespace string, data converter.DataConverter) *Attempts {
	if data == nil {
		data = converter.GetDefaultDataConverter()
	}
	return &Attempts{temporal, namespace, data}
}

// Running returns the attempts of the tenant's Hosts that run: more than one if an older
// one has been abandoned. It fails with code Unavailable.
//
// The run id is left empty, which means the newest run: a caller knows the tenant only, and the run
// changes whenever the workflow continues as new. An attempt that is merely scheduled runs nowhere
// and is left out; one that was cancelled runs until its worker has hung up.
func (a *Attempts) Running(
	ctx context.Context, tenant flowhq.TenantID,
) (running []*hosting.Attempt, err error) {
	d, err := a.temporal.DescribeWorkflowExecution(ctx, workflowID(tenant), "")
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil, nil
	}
	if err != nil {
		return nil, classify("the workflow was not read", err)
	}
	if !open(d.GetWorkflowExecutionInfo().GetStatus()) {
		return nil, nil
	}
	for _, p := range d.GetPendingActivities() {
		cancelled := p.GetState() == enums.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
		started := p.GetState() == enums.PENDING_ACTIVITY_STATE_STARTED
		if p.GetActivityType().GetName() != activities.HostActivity || !cancelled && !started {
			continue
		}
		running = append(running, &hosting.Attempt{
			RunID:      d.GetWorkflowExecutionInfo().GetExecution().GetRunId(),
			ActivityID: p.GetActivityId(), Number: p.GetAttempt(),
			Worker: p.GetLastWorkerIdentity(), Since: p.GetLastStartedTime().AsTime(),
			Cancelled: cancelled,
			Last: func(valuePtr any) error {
				if p.GetHeartbeatDetails() == nil {
					return nil
				}
				return a.data.FromPayloads(p.GetHeartbeatDetails(), valuePtr)
			},
		})
	}
	return running, nil
}

// open reports whether a workflow has not ended: its hosts run though somebody paused it.
// Temporal's "paused" stops workflow tasks only.
func open(status enums.WorkflowExecutionStatus) bool {
	return status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING ||
		status == enums.WORKFLOW_EXECUTION_STATUS_PAUSED
}

// Lose ends an attempt in the place of its worker, which is lost, with last as its heartbeat.
// One that has ended meanwhile is no error, and no later one is ended for it: by its token
// Temporal sees to that, else the attempt is looked up again just before, for Temporal takes
// the id of an activity for that of its present attempt. It fails with code Unavailable.
func (a *Attempts) Lose(
	ctx context.Context, tenant flowhq.TenantID, of *hosting.Attempt, last hosting.Status,
) (err error) {
	failure := activities.WorkerLost(last.Counts)
	if of.Token != nil {
		_ = a.temporal.RecordActivityHeartbeat(ctx, of.Token, last) // it may be told to end, too
		err = a.temporal.CompleteActivity(ctx, of.Token, nil, failure)
	} else {
		running, failed := a.Running(ctx, tenant)
		runs := slices.ContainsFunc(running, func(r *hosting.Attempt) bool { return same(r, of) })
		if failed != nil || !runs {
			return failed
		}
		id := workflowID(tenant)
		_ = a.temporal.RecordActivityHeartbeatByID(
			ctx, a.namespace, id, of.RunID, of.ActivityID, last)
		err = a.temporal.CompleteActivityByID(
			ctx, a.namespace, id, of.RunID, of.ActivityID, nil, failure)
	}
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil
	}
	return classify("the attempt was not ended", err)
}

// same reports whether two are one attempt. A reset in the Web UI begins the count of attempts
// anew, so the time of the start is compared as well.
func same(a, b *hosting.Attempt) bool {
	return a.RunID == b.RunID && a.ActivityID == b.ActivityID && a.Number == b.Number &&
		a.Worker == b.Worker && a.Since.Equal(b.Since)
}
