package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// meddleWithin bounds one request to Temporal: it may be down.
const meddleWithin = 5 * time.Second

// meddle does to a tenant's workflow what anybody can do in Temporal's Web UI.
func (c *chaos) meddle(ctx context.Context, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, meddleWithin)
	defer cancel()
	temporal, err := c.dialTemporal(ctx)
	if err != nil {
		return err
	}
	defer temporal.Close()
	workflow := "tenant:" + string(c.businesses[f.target].id)
	switch f.kind {
	case "workflow cancel":
		return temporal.CancelWorkflow(ctx, workflow, "")
	case "workflow terminate":
		return temporal.TerminateWorkflow(ctx, workflow, "", "chaos")
	case "workflow reset":
		return reset(ctx, temporal, workflow, f.count)
	default:
		return forge(ctx, temporal, workflow)
	}
}

// reset has a workflow go on from one of its first workflow tasks, the nth if it has so
// many.
func reset(ctx context.Context, temporal client.Client, workflow string, nth int) error {
	var at int64
	run := ""
	events := temporal.GetWorkflowHistory(ctx, workflow, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() && nth > 0 {
		e, err := events.Next()
		if err != nil {
			return err
		}
		if started := e.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			run = started.GetOriginalExecutionRunId()
		}
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			at, nth = e.GetEventId(), nth-1
		}
	}
	if at == 0 {
		return fmt.Errorf("%s has not done anything yet", workflow)
	}
	_, err := temporal.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace:         "flowhq",
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflow, RunId: run},
		Reason:            "chaos", RequestId: fmt.Sprint(run, time.Now().UnixNano()),
		WorkflowTaskFinishEventId: at,
	})
	return err
}

// forge sends a workflow signals that look like an operator's commands.
func forge(ctx context.Context, temporal client.Client, workflow string) error {
	return cmp.Or(
		temporal.SignalWorkflow(ctx, workflow, "", "command",
			map[string]string{"command": "delete", "request_id": "forged"}),
		temporal.SignalWorkflow(ctx, workflow, "", "changed", map[string]string{"command": "delete"}),
		temporal.SignalWorkflow(ctx, workflow, "", "changed", nil),
	)
}

// emptyTemporal ends Temporal and has it come back with nothing that it knew.
func (c *chaos) emptyTemporal(away time.Duration) error {
	c.up.temporal.kill(max(away, 2*time.Second)) // time to delete what it kept
	files, err := filepath.Glob(filepath.Join(c.dir, "temporal.db*"))
	for _, file := range files {
		err = cmp.Or(err, os.Remove(file))
	}
	return err
}
