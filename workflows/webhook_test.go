package workflows

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq/activities"
)

// delivered runs a Webhook on the test clock, and returns after how long it had Deliver run. next
// says what each of those found; a positive time is from then.
func delivered(
	t *testing.T, suggest bool, signalAfter time.Duration, next ...func(now time.Time) activities.WebhookNext,
) (looks []time.Duration, err error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	e := suite.NewTestWorkflowEnvironment()
	begun := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	e.SetStartTime(begun)
	e.SetContinueAsNewSuggested(suggest)
	e.RegisterWorkflowWithOptions(Tenants{Renewal: time.Second}.Webhook,
		workflow.RegisterOptions{Name: webhookWorkflow})
	e.RegisterActivityWithOptions(func(context.Context,
		activities.WebhookInput) (activities.WebhookNext, error) {
		looks = append(looks, e.Now().Sub(begun).Round(time.Second))
		return next[len(looks)-1](e.Now()), nil
	}, activity.RegisterOptions{Name: activities.DeliverActivity})
	if signalAfter > 0 {
		e.RegisterDelayedCallback(func() { e.SignalWorkflow(changedSignal, nil) }, signalAfter)
	}
	e.ExecuteWorkflow(webhookWorkflow, activities.WebhookInput{Tenant: "a", Webhook: "b"})
	return looks, e.GetWorkflowError()
}

func nothing(time.Time) activities.WebhookNext { return activities.WebhookNext{} }

func more(time.Time) activities.WebhookNext { return activities.WebhookNext{More: true} }

func after(d time.Duration) func(time.Time) activities.WebhookNext {
	return func(now time.Time) activities.WebhookNext { return activities.WebhookNext{At: now.Add(d)} }
}

// TestWebhookWaitsForTheNextAttempt, goes on at once while there is more, and ends when nothing
// waits: an idle webhook has no workflow.
func TestWebhookWaitsForTheNextAttempt(t *testing.T) {
	looks, err := delivered(t, false, 0, more, after(5*time.Second), after(8*time.Hour), nothing)
	want := []time.Duration{0, 0, 5 * time.Second, 8*time.Hour + 5*time.Second}
	if diff := cmp.Diff(want, looks); diff != "" || err != nil {
		t.Errorf("%v; looked after (-want +got):\n%s", err, diff)
	}
}

// TestWebhookIsToldOfAnEvent while it waits for an attempt in another chat.
func TestWebhookIsToldOfAnEvent(t *testing.T) {
	looks, err := delivered(t, false, time.Minute, after(8*time.Hour), nothing)
	if diff := cmp.Diff([]time.Duration{0, time.Minute}, looks); diff != "" || err != nil {
		t.Errorf("%v; looked after (-want +got):\n%s", err, diff)
	}
}

// TestWebhookContinuesAsNew with nothing but its id, so that the history of one that is never idle
// stays short.
func TestWebhookContinuesAsNew(t *testing.T) {
	_, err := delivered(t, true, 0, more)
	var again *workflow.ContinueAsNewError
	if !errors.As(err, &again) {
		t.Errorf("ended with %v; want continue as new", err)
	}
}

// deliver stands in for the activity: "busy" has more to do many times, "told" waits until it is
// told again, any other is tried again twice.
func (s *stage) deliver(_ context.Context, in activities.WebhookInput) (activities.WebhookNext, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks[in.Webhook]++
	n, most, next := s.looks[in.Webhook], 3,
		activities.WebhookNext{At: time.Now().UTC().Add(10 * time.Millisecond)}
	switch in.Webhook {
	case "busy":
		most, next = 12, activities.WebhookNext{More: true}
	case "told":
		most, next.At = 2, time.Now().UTC().Add(time.Hour)
	}
	if n >= most {
		return activities.WebhookNext{}, nil
	}
	return next, nil
}

// webhook tells the workflow of a webhook to look, and returns its id.
func (s *stage) webhook(name string) string {
	s.Helper()
	in := activities.WebhookInput{Tenant: "00000000-0000-4000-8000-0000000000f2", Webhook: name}
	if err := s.control.Webhook(s.Context(), in.Tenant, in.Webhook); err != nil {
		s.Fatal(err)
	}
	return webhookID(in)
}
