package workflows

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// Attempts is the hosts' attempts as Temporal knows them.
type Attempts struct {
	temporal  client.Client
	namespace string
	data      converter.DataConverter
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
func (a *Attempts) Running(ctx context.Context, tenant flowhq.TenantID) (running []*activities.Attempt, err error) {
	d, err := a.temporal.DescribeWorkflowExecution(ctx, workflowID(tenant), "")
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil, nil
	}
	if err != nil {
		return nil, classify("the workflow was not read", err)
	}
	if d.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return nil, nil
	}
	for _, p := range d.GetPendingActivities() {
		told := p.GetState() == enums.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
		if p.GetActivityType().GetName() != activities.HostActivity || !told && p.GetState() != enums.PENDING_ACTIVITY_STATE_STARTED {
			continue
		}
		running = append(running, &activities.Attempt{
			RunID:      d.GetWorkflowExecutionInfo().GetExecution().GetRunId(),
			ActivityID: p.GetActivityId(), Worker: p.GetLastWorkerIdentity(), Since: p.GetLastStartedTime().AsTime(),
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

// Fail ends an attempt in the place of its worker, with the details of a last heartbeat.
// One that has ended meanwhile is no error. It fails with code Unavailable.
func (a *Attempts) Fail(ctx context.Context, tenant flowhq.TenantID, of *activities.Attempt, failure error, last any) error {
	id := workflowID(tenant)
	_ = a.temporal.RecordActivityHeartbeatByID(ctx, a.namespace, id, of.RunID, of.ActivityID, last) // it may be told to end, too
	err := a.temporal.CompleteActivityByID(ctx, a.namespace, id, of.RunID, of.ActivityID, nil, failure)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil
	}
	return classify("the attempt was not ended", err)
}
