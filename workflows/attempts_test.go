package workflows

import (
	"context"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
)

// hosted is a Temporal whose only workflow has one host.
type hosted struct {
	client.Client
	status  enums.WorkflowExecutionStatus
	pending *workflowpb.PendingActivityInfo
	ended   []string
}

func (h *hosted) DescribeWorkflowExecution(context.Context, string,
	string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
			Status: h.status, Execution: &commonpb.WorkflowExecution{RunId: "run"},
		},
		PendingActivities: []*workflowpb.PendingActivityInfo{h.pending},
	}, nil
}

func (h *hosted) RecordActivityHeartbeat(context.Context, []byte, ...any) error { return nil }
func (h *hosted) RecordActivityHeartbeatByID(context.Context, string, string, string, string, ...any) error {
	return nil
}

func (h *hosted) CompleteActivityByID(_ context.Context, _, _, _, id string, _ any, _ error) error {
	h.ended = append(h.ended, "id "+id)
	return nil
}

func (h *hosted) CompleteActivity(_ context.Context, token []byte, _ any, _ error) error {
	h.ended = append(h.ended, "token "+string(token))
	return nil
}

// newHosted has the first attempt of a host run on a worker.
func newHosted(worker string) *hosted {
	return &hosted{status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, pending: &workflowpb.PendingActivityInfo{
		ActivityId: "7", ActivityType: &commonpb.ActivityType{Name: activities.HostActivity}, Attempt: 1,
		State: enums.PENDING_ACTIVITY_STATE_STARTED, LastWorkerIdentity: worker,
		LastStartedTime: timestamppb.Now(),
	}}
}

const someone flowhq.TenantID = "6f1c4e0a-0000-4000-8000-000000000001"

// Of a workflow that somebody has paused the hosts run on.
func TestRunningAttempts(t *testing.T) {
	for status, want := range map[enums.WorkflowExecutionStatus]int{
		enums.WORKFLOW_EXECUTION_STATUS_RUNNING:    1,
		enums.WORKFLOW_EXECUTION_STATUS_PAUSED:     1,
		enums.WORKFLOW_EXECUTION_STATUS_TERMINATED: 0,
		enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:  0,
	} {
		h := newHosted("worker")
		h.status = status
		got, err := NewAttempts(h, "flowhq", nil).Running(t.Context(), someone)
		if err != nil || len(got) != want {
			t.Errorf("%s: %d attempts, %v; want %d", status, len(got), err, want)
		}
		runStatus, err := NewClient(h).RunStatus(t.Context(), someone)
		if err != nil || (runStatus == NotRunning) != (want == 0) {
			t.Errorf("%s: runStatus %s, %v", status, runStatus, err)
		}
	}
}

// Whatever has become of an attempt since it was read, none is ended in its place.
func TestNoLaterAttemptIsEnded(t *testing.T) {
	for name, change := range map[string]func(p *workflowpb.PendingActivityInfo){
		"it runs still":         func(*workflowpb.PendingActivityInfo) {},
		"another worker has it": func(p *workflowpb.PendingActivityInfo) { p.LastWorkerIdentity = "other" },
		"the next one runs":     func(p *workflowpb.PendingActivityInfo) { p.Attempt++ },
		"it was reset": func(p *workflowpb.PendingActivityInfo) {
			p.LastStartedTime = timestamppb.New(time.Now().Add(time.Hour))
		},
		"the next one is scheduled":  func(p *workflowpb.PendingActivityInfo) { p.State = enums.PENDING_ACTIVITY_STATE_SCHEDULED },
		"another activity follows":   func(p *workflowpb.PendingActivityInfo) { p.ActivityId = "8" },
		"it is no host that follows": func(p *workflowpb.PendingActivityInfo) { p.ActivityType.Name = activities.RecordStateActivity },
	} {
		h := newHosted("worker")
		attempts := NewAttempts(h, "flowhq", nil)
		running, err := attempts.Running(t.Context(), someone)
		if err != nil || len(running) != 1 {
			t.Fatalf("Running = %v, %v", running, err)
		}
		change(h.pending)
		want := 0
		if name == "it runs still" {
			want = 1
		}
		err = attempts.Lose(t.Context(), someone, running[0], hosting.Status{})
		if err != nil || len(h.ended) != want {
			t.Errorf("%s: ended %v, %v; want %d", name, h.ended, err, want)
		}
	}
}

// The attempt of this process is ended by the name that is its own.
func TestAnAttemptIsEndedByItsToken(t *testing.T) {
	h := newHosted("worker")
	err := NewAttempts(h, "flowhq", nil).Lose(t.Context(), someone,
		&hosting.Attempt{ActivityID: "7", Token: []byte("own")}, hosting.Status{})
	if err != nil || len(h.ended) != 1 || h.ended[0] != "token own" {
		t.Errorf("ended %v, %v", h.ended, err)
	}
}
