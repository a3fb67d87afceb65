package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// A bulkEnv is one Bulk on the test clock and what its pages were.
type bulkEnv struct {
	*testsuite.TestWorkflowEnvironment
	pages []activities.BulkPage
}

func newBulkEnv(t *testing.T, send func(ctx context.Context,
	p activities.BulkPage) (activities.BulkSent, error)) *bulkEnv {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	e := &bulkEnv{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	e.RegisterWorkflowWithOptions(Tenants{Renewal: time.Second}.Bulk,
		workflow.RegisterOptions{Name: bulkWorkflow})
	e.RegisterActivityWithOptions(func(ctx context.Context,
		p activities.BulkPage) (activities.BulkSent, error) {
		e.pages = append(e.pages, p)
		return send(ctx, p)
	}, activity.RegisterOptions{Name: activities.BulkActivity})
	return e
}

func bulkOf(tenants int) BulkRun {
	s := BulkRun{Bulk: flowhq.Bulk{ID: "b", Command: flowhq.Restart, Actor: "admin", PerSecond: 2,
		Matched: tenants}}
	for i := range tenants {
		s.Tenants = append(s.Tenants, flowhq.TenantID(fmt.Sprint(i)))
	}
	return s
}

// TestBulkTellsEachOnce: pages that end early, because a process stopped, are gone on
// with where they ended.
func TestBulkTellsEachOnce(t *testing.T) {
	var told []flowhq.TenantID
	e := newBulkEnv(t, func(_ context.Context, p activities.BulkPage) (activities.BulkSent, error) {
		n := min(len(p.Tenants), 7)
		told = append(told, p.Tenants[:n]...)
		return activities.BulkSent{Sent: n - 1, Failed: 1}, nil
	})
	s := bulkOf(25)
	e.ExecuteWorkflow(bulkWorkflow, s)
	if err := e.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Tenants, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if p := e.pages[0]; len(p.Tenants) != 2*pageTime || p.RequestID != "bulk:b" ||
		p.Command != flowhq.Restart || p.Actor != "admin" {
		t.Errorf("the first page is %+v", p)
	}
}

// TestBulkContinuesAsNew carries over what is left and what is done.
func TestBulkContinuesAsNew(t *testing.T) {
	e := newBulkEnv(t, func(_ context.Context, p activities.BulkPage) (activities.BulkSent, error) {
		return activities.BulkSent{Sent: len(p.Tenants)}, nil
	})
	e.SetContinueAsNewSuggested(true)
	s := bulkOf(25)
	e.ExecuteWorkflow(bulkWorkflow, s)
	var again *workflow.ContinueAsNewError
	if err := e.GetWorkflowError(); !errors.As(err, &again) {
		t.Fatalf("ended with %v; want continue as new", err)
	}
	var next BulkRun
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &next); err != nil {
		t.Fatal(err)
	}
	if next.Sent != 10 || next.Matched != 25 || next.StartedAt.IsZero() ||
		!cmp.Equal(next.Tenants, s.Tenants[10:]) {
		t.Errorf("carried over %+v", next)
	}
}

// TestBulkIsCancelled counts what a cancelled page had done, and tells no more.
func TestBulkIsCancelled(t *testing.T) {
	e := newBulkEnv(t, func(context.Context, activities.BulkPage) (activities.BulkSent, error) {
		return activities.BulkSent{Sent: 3}, nil
	})
	e.RegisterDelayedCallback(e.CancelWorkflow, 0)
	e.ExecuteWorkflow(bulkWorkflow, bulkOf(25))
	if err := e.GetWorkflowError(); !temporal.IsCanceledError(err) {
		t.Errorf("ended with %v; want cancelled", err)
	}
	if len(e.pages) > 1 {
		t.Errorf("%d pages; want at most the first", len(e.pages))
	}
}
