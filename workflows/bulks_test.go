package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/codec"
)

// A lister is a Temporal that lists workflows and answers nothing else.
type lister struct {
	client.Client
	list []*workflowpb.WorkflowExecutionInfo
}

func (l lister) ListWorkflow(context.Context,
	*workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return &workflowservice.ListWorkflowExecutionsResponse{Executions: l.list}, nil
}

// TestBulksAreOneCall: a list needs no question about each of its bulks, whatever is
// encrypted of them.
func TestBulksAreOneCall(t *testing.T) {
	t.Parallel()
	keys, err := codec.New([]codec.Key{{ID: "a", Secret: strings.Repeat("k", codec.KeyBytes)}})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var list []*workflowpb.WorkflowExecutionInfo
	add := func(n int, status enums.WorkflowExecutionStatus, b flowhq.Bulk) {
		memo, err := keys.Converter().ToPayload(b)
		if err != nil {
			t.Fatal(err)
		}
		of := &workflowpb.WorkflowExecutionInfo{
			Execution: &common.WorkflowExecution{WorkflowId: bulkID(b.ID)}, Status: status,
			StartTime: timestamppb.New(begun.Add(time.Duration(n) * time.Minute)),
			Memo:      &common.Memo{Fields: map[string]*common.Payload{bulkMemo: memo}},
		}
		if status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			of.CloseTime = timestamppb.New(begun.Add(time.Hour))
		}
		list = append(list, of)
	}
	add(1, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED,
		flowhq.Bulk{ID: "one", Matched: 3, Sent: 3, StartedAt: begun})
	add(2, enums.WORKFLOW_EXECUTION_STATUS_RUNNING, flowhq.Bulk{ID: "two", Matched: 3})
	list = append(list, &workflowpb.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{WorkflowId: "by hand"}},
		&workflowpb.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{WorkflowId: bulkID("by hand")}})
	c := NewClient(lister{list: list})
	c.Converter = keys.Converter()
	got, err := c.Bulks(t.Context(), 100)
	ended := begun.Add(time.Hour)
	want := []flowhq.Bulk{
		{ID: "two", Matched: 3, State: flowhq.BulkRunning, StartedAt: begun.Add(2 * time.Minute)},
		{ID: "one", Matched: 3, Sent: 3, State: flowhq.BulkDone, StartedAt: begun, EndedAt: &ended},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Bulks: %v (-want +got):\n%s", err, diff)
	}
}

// alone is a Temporal that cannot be asked about one workflow.
type alone struct{ client.Client }

func (alone) DescribeWorkflowExecution(context.Context, string,
	string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return nil, errors.New("asked about one")
}

// TestBulksAreListed by a real Temporal, as it tells of each.
func TestBulksAreListed(t *testing.T) {
	s := newStage(t)
	ids := []string{"00000000-0000-4000-8000-0000000000c1", "00000000-0000-4000-8000-0000000000c2"}
	want := map[string]flowhq.Bulk{}
	for _, id := range ids {
		s.ended(s.bulk(id, "a"))
		b, err := s.control.Bulk(t.Context(), id)
		if err != nil || b.State != flowhq.BulkDone || b.Sent != 1 || b.EndedAt == nil {
			t.Fatalf("Bulk = %+v, %v", b, err)
		}
		want[id] = b
	}
	listing := NewClient(alone{s.temporal})
	var got []flowhq.Bulk
	s.until("both are listed as done", func() bool {
		var err error
		if got, err = listing.Bulks(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		return len(got) == 2 && got[0].State == flowhq.BulkDone && got[1].State == flowhq.BulkDone
	})
	for _, b := range got {
		if diff := cmp.Diff(want[b.ID], b); diff != "" {
			t.Errorf("%s (-alone +listed):\n%s", b.ID, diff)
		}
	}
	if fmt.Sprint(got[0].ID, got[1].ID) != fmt.Sprint(ids[1], ids[0]) {
		t.Errorf("%s, then %s; want the newest first", got[0].ID, got[1].ID)
	}
}
