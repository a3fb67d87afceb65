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
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// A followUpEnv is one FollowUp on the test clock, and when it looked.
type followUpEnv struct {
	*testsuite.TestWorkflowEnvironment
	begun time.Time
	looks []time.Duration
}

// newFollowUpEnv has next say, for each look, after how long there is something to do; 0 is never.
func newFollowUpEnv(t *testing.T, next func(look int) time.Duration) *followUpEnv {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	e := &followUpEnv{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	e.begun = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	e.SetStartTime(e.begun)
	e.RegisterWorkflowWithOptions(Tenants{Renewal: time.Second}.FollowUp,
		workflow.RegisterOptions{Name: followUpWorkflow})
	e.RegisterActivityWithOptions(func(context.Context,
		activities.FollowUpInput) (activities.FollowUpNext, error) {
		now := e.Now()
		e.looks = append(e.looks, now.Sub(e.begun).Round(time.Second))
		after := next(len(e.looks))
		if after == 0 {
			return activities.FollowUpNext{}, nil
		}
		return activities.FollowUpNext{At: now.Add(after)}, nil
	}, activity.RegisterOptions{Name: activities.FollowUpActivity})
	return e
}

func (e *followUpEnv) run(t *testing.T, want ...time.Duration) {
	t.Helper()
	e.ExecuteWorkflow(followUpWorkflow, activities.FollowUpInput{Tenant: "a",
		About: flowhq.AboutBooking, Number: "K48219"})
	if err := e.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, e.looks); diff != "" {
		t.Errorf("looked after (-want +got):\n%s", diff)
	}
}

// TestFollowUpWaits until each follow-up is due, for weeks, and ends after the last.
func TestFollowUpWaits(t *testing.T) {
	const day = 24 * time.Hour
	e := newFollowUpEnv(t, func(look int) time.Duration {
		return []time.Duration{20 * day, 22 * time.Hour, 0}[look-1]
	})
	e.run(t, 0, 20*day, 20*day+22*time.Hour)
}

// TestFollowUpIsMoved: a change of the rows is looked at when it comes, and the old time is
// forgotten.
func TestFollowUpIsMoved(t *testing.T) {
	e := newFollowUpEnv(t, func(look int) time.Duration {
		return []time.Duration{10 * time.Hour, 30 * time.Hour, 0}[look-1]
	})
	e.RegisterDelayedCallback(func() { e.SignalWorkflow(changedSignal, nil) }, time.Hour)
	e.run(t, 0, time.Hour, 31*time.Hour)
}

// TestFollowUpDoesNotSpin if the clocks disagree.
func TestFollowUpDoesNotSpin(t *testing.T) {
	e := newFollowUpEnv(t, func(look int) time.Duration {
		if look > 3 {
			return 0
		}
		return -time.Hour
	})
	e.run(t, 0, time.Second, 2*time.Second, 3*time.Second)
}

// TestFollowUpContinuesAsNew with nothing but what it is about.
func TestFollowUpContinuesAsNew(t *testing.T) {
	e := newFollowUpEnv(t, func(int) time.Duration { return time.Hour })
	e.SetContinueAsNewSuggested(true)
	e.ExecuteWorkflow(followUpWorkflow, activities.FollowUpInput{Tenant: "a"})
	var again *workflow.ContinueAsNewError
	if err := e.GetWorkflowError(); !errors.As(err, &again) {
		t.Errorf("ended with %v; want continue as new", err)
	}
}

// TestFollowUpIsCancelled by hand, in the Web UI: the reconciler starts another one.
func TestFollowUpIsCancelled(t *testing.T) {
	e := newFollowUpEnv(t, func(int) time.Duration { return time.Hour })
	e.RegisterDelayedCallback(e.CancelWorkflow, time.Minute)
	e.ExecuteWorkflow(followUpWorkflow, activities.FollowUpInput{Tenant: "a"})
	if err := e.GetWorkflowError(); !temporal.IsCanceledError(err) {
		t.Errorf("ended with %v; want cancelled", err)
	}
}

// sendFollowUps stands in for the activity: "continued" has something to do many times, "moved"
// waits until it is told again, any other has two follow-ups.
func (s *stage) sendFollowUps(_ context.Context,
	in activities.FollowUpInput) (activities.FollowUpNext, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks[in.Number]++
	n, most, wait := s.looks[in.Number], 3, 10*time.Millisecond
	switch in.Number {
	case "continued":
		most = 8
	case "moved":
		most, wait = 2, time.Hour
	}
	if n >= most {
		return activities.FollowUpNext{}, nil
	}
	return activities.FollowUpNext{At: time.Now().UTC().Add(wait)}, nil
}

// followUp tells the workflow of a booking's follow-ups to look, and returns its id.
func (s *stage) followUp(number string) string {
	s.Helper()
	in := activities.FollowUpInput{Tenant: "00000000-0000-4000-8000-0000000000f1",
		About: flowhq.AboutBooking, Number: number}
	if err := s.control.FollowUp(s.Context(), in.Tenant, in.About, in.Number); err != nil {
		s.Fatal(err)
	}
	return followUpID(in)
}

// looked waits until the workflow has looked so often.
func (s *stage) looked(number string, times int) {
	s.Helper()
	s.until(fmt.Sprintf("%s was looked at %d times", number, times), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.looks[number] >= times
	})
}
