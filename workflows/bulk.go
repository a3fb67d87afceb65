package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
)

// Names on the wire, on the same terms as the tenants'.
const (
	// bulkWorkflow is the type by which Bulks finds them in the visibility store.
	bulkWorkflow = "Bulk"
	bulkMemo     = "bulk" // a flowhq.Bulk: how far it has come, readable without a worker
)

// pageTime is how long one page of a Bulk takes, in seconds: how often its progress is shown, and
// what it costs in history. A page is one activity however many tenants it has, so 10,000 tenants
// at 10 a second are 200 pages; where that is too long for one history, the bulk continues as new.
const pageTime = 5

// BulkRun is the argument of the Bulk workflow and all that it knows. The tenants travel as an
// argument, since the selection is made once: flowhq.MaxBulk keeps their ids within the 2 MB that
// Temporal takes at a time.
type BulkRun struct {
	flowhq.Bulk
	Tenants []flowhq.TenantID `json:"tenants"` // that are still to be given it
}

// Bulk gives one command to many tenants, a page at a time. Cancelled, it gives it to
// no more of them; those that were given it apply it.
//
// A page is finished even so: the activity waits for its cancellation and reports how many tenants
// it reached, so the counts that an operator sees are exact.
func (w Tenants) Bulk(ctx workflow.Context, s BulkRun) error {
	if s.StartedAt.IsZero() {
		s.StartedAt = workflow.Now(ctx)
	}
	if err := s.show(ctx); err != nil {
		return err
	}
	for len(s.Tenants) > 0 {
		if err := w.bulkPage(ctx, &s); err != nil {
			return err
		}
		if err := s.show(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(s.Tenants) > 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, bulkWorkflow, s)
		}
	}
	return nil
}

// bulkPage gives the command to the next page of tenants. A page that is repeated after a
// crash does no harm: the commands of a bulk share one request id, so none is given twice.
//
// The clock of the rate is the activity's: a timer of the workflow for each tenant would fill the
// history. The tenants are taken off in the order of the list, failed ones too, so one that has
// been deleted meanwhile holds up no other.
func (w Tenants) bulkPage(ctx workflow.Context, s *BulkRun) error {
	page := s.Tenants[:min(len(s.Tenants), s.PerSecond*pageTime)]
	options := activities.BulkOptions(hosting.Timing{Renewal: w.Renewal},
		fmt.Sprintf("%s, after %d of %d", s.Command, s.Sent+s.Failed, s.Matched))
	var done activities.BulkSent
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options),
		activities.BulkActivity, activities.BulkPage{
			Command: s.Command, RequestID: s.RequestID(), Actor: s.Actor,
			PerSecond: s.PerSecond, Tenants: page,
		}).Get(ctx, &done)
	if err != nil {
		return err
	}
	s.Sent, s.Failed = s.Sent+done.Sent, s.Failed+done.Failed
	s.Tenants = s.Tenants[done.Sent+done.Failed:]
	return nil
}

// show shows how far the bulk has come. The details are for the Web UI; the memo is for the API,
// which reads it from the server without a query, and so without a worker that must be alive.
func (s *BulkRun) show(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"**%s** of %d tenants, %d a second: %d sent, %d failed, %d to go",
		s.Command, s.Matched, s.PerSecond, s.Sent, s.Failed, len(s.Tenants)))
	return workflow.UpsertMemo(ctx, map[string]any{bulkMemo: s.Bulk})
}

// StartBulk begins to give b.Command to tenants and returns b as it is then. If there
// is a bulk of this id already, that one is returned and none is begun.
//
// RejectDuplicate holds for a bulk that ended, too, as long as Temporal remembers it: a repeated
// request or a reconciler that is late must not give a command again.
func (c *Client) StartBulk(
	ctx context.Context, b flowhq.Bulk, tenants []flowhq.TenantID,
) (flowhq.Bulk, error) {
	calling, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	_, err := c.temporal.ExecuteWorkflow(calling, client.StartWorkflowOptions{
		ID:                                       bulkID(b.ID),
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary: fmt.Sprintf(
			"%s of %d tenants", b.Command, b.Matched),
		Memo: map[string]any{bulkMemo: b},
	}, bulkWorkflow, BulkRun{Bulk: b, Tenants: tenants})
	if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return b, classify("the bulk was not started", err)
	}
	return c.Bulk(ctx, b.ID)
}

// Bulk returns one bulk, or a NotFound error: Temporal forgets those that ended
// when its retention has passed.
func (c *Client) Bulk(ctx context.Context, id string) (b flowhq.Bulk, err error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	d, err := c.temporal.DescribeWorkflowExecution(ctx, bulkID(id), "")
	if _, unknown := errors.AsType[*serviceerror.NotFound](err); unknown {
		return b, flowhq.Errorf(flowhq.NotFound,
			"there is no such bulk, or it ended so long ago that it is forgotten")
	}
	if err != nil {
		return b, classify("the bulk was not read", err)
	}
	return c.bulkOf(id, d.GetWorkflowExecutionInfo())
}

// bulkOf reads a bulk from what Temporal says of its workflow, one or in a list. A run that
// continued as new is still running under the same id.
func (c *Client) bulkOf(
	id string, of *workflowpb.WorkflowExecutionInfo,
) (b flowhq.Bulk, err error) {
	if err := c.Converter.FromPayload(of.GetMemo().GetFields()[bulkMemo], &b); err != nil {
		return b, fmt.Errorf("bulk %s: %w", id, err)
	}
	if b.StartedAt.IsZero() { // no worker has seen it yet
		b.StartedAt = of.GetStartTime().AsTime()
	}
	b.StartedAt = b.StartedAt.UTC()
	switch of.GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
		enums.WORKFLOW_EXECUTION_STATUS_PAUSED,
		enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
		b.State = flowhq.BulkRunning
		return b, nil
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		b.State = flowhq.BulkDone
	case enums.WORKFLOW_EXECUTION_STATUS_CANCELED:
		b.State = flowhq.BulkCancelled
	default:
		b.State = flowhq.BulkFailed
	}
	// A list has no more than microseconds of the time: one bulk must read the same in both.
	ended := of.GetCloseTime().AsTime().Truncate(time.Microsecond)
	b.EndedAt = &ended
	return b, nil
}

// Bulks returns at most limit bulks, the newest first, as they were a second ago: one that
// was begun since may be missing.
//
// They come from the visibility store, which trails the workflows. Its delay is harmless, because
// the API takes the list of bulks from the database and only their progress from here.
func (c *Client) Bulks(ctx context.Context, limit int) ([]flowhq.Bulk, error) {
	listing, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	// A bulk that continues as new leaves its earlier runs in the list.
	page, err := c.temporal.ListWorkflow(listing, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: int32(limit), // bounded by the API
		Query:    `WorkflowType = "` + bulkWorkflow + `" AND ExecutionStatus != "ContinuedAsNew"`,
	})
	if err != nil {
		return nil, classify("the bulks were not listed", err)
	}
	var bulks []flowhq.Bulk
	for _, e := range page.GetExecutions() {
		id, begun := strings.CutPrefix(e.GetExecution().GetWorkflowId(), bulkID(""))
		if !begun || e.GetMemo().GetFields()[bulkMemo] == nil {
			continue // by hand, in the Web UI
		}
		b, err := c.bulkOf(id, e)
		if err != nil {
			return nil, err
		}
		bulks = append(bulks, b)
	}
	slices.SortFunc(bulks, func(a, b flowhq.Bulk) int { return b.StartedAt.Compare(a.StartedAt) })
	return bulks, nil
}

// CancelBulk keeps a bulk from reaching further tenants and returns it as it is now:
// it ends as soon as a worker has received the cancellation. One that has ended is left as it is.
//
// It cancels rather than terminates: a terminated workflow would not learn how far its last page
// came.
func (c *Client) CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error) {
	b, err := c.Bulk(ctx, id)
	if err != nil || b.State != flowhq.BulkRunning {
		return b, err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err = c.temporal.CancelWorkflow(ctx, bulkID(id), "")
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		err = nil
	}
	return b, classify("the bulk was not cancelled", err)
}

// bulkID is also the request id of its commands. It is derived from the bulk's id alone, so nobody
// has to look a workflow up.
func bulkID(id string) string { return flowhq.Bulk{ID: id}.RequestID() }
