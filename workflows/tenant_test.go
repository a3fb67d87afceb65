package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/session"
)

const tenantID = flowhq.TenantID("6c1f0c1e-8a3e-4f43-9d1c-2b5d7a1e0f11")

// A life is one tenant workflow on the test clock: hosts that end as scripted,
// commands at given times, and what was recorded on the way.
type life struct {
	env      *testsuite.TestWorkflowEnvironment
	rows     *rows
	hosts    int
	recorded []string // worker status and reason, in order
	erased   int

	recording func(activities.StateInput) // called while that is done; may be nil
}

// An end is how one host ends.
type end struct {
	after  time.Duration
	ending flowhq.Ending
	reason string
	err    error
}

// lostConnection is how a host ends whose session had been stable.
var lostConnection = flowhq.Next(flowhq.Before{Wanted: true, Stable: true},
	flowhq.End{Ending: flowhq.EndLost, Reason: "lost the connection"})

const day = 24 * time.Hour

// newLife makes a tenant whose nth host ends as ends[n] says; further hosts live
// for a year.
func newLife(t *testing.T, ends ...end) *life {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	l := &life{env: suite.NewTestWorkflowEnvironment(), rows: newRows()}
	l.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflowID(tenantID), TaskQueue: TaskQueue})
	l.env.RegisterWorkflowWithOptions(Tenants{Renewal: time.Second}.Tenant, workflow.RegisterOptions{Name: tenantWorkflow})
	for name, fn := range map[string]any{
		activities.HostActivity:           func(context.Context, activities.HostInput) (flowhq.Transition, error) { return lostConnection, nil },
		activities.RecordStateActivity:    func(context.Context, activities.StateInput) error { return nil },
		activities.EraseActivity:          func(context.Context, activities.EraseInput) error { return nil },
		activities.ReadTenantActivity:     l.rows.look,
		activities.RecordOutcomesActivity: l.rows.markApplied,
	} {
		l.env.RegisterActivityWithOptions(fn, activity.RegisterOptions{Name: name})
	}
	for _, e := range append(ends, end{after: 365 * day}) {
		call := l.env.OnActivity(activities.HostActivity, mock.Anything, mock.Anything)
		next := flowhq.Next(flowhq.Before{Wanted: true, Stable: true}, flowhq.End{Ending: e.ending, Reason: e.reason})
		call.Return(next, e.err).After(e.after)
		if e.after < 365*day {
			call.Once()
		}
	}
	l.env.OnActivity(activities.RecordStateActivity, mock.Anything, mock.Anything).Return(
		func(_ context.Context, in activities.StateInput) error {
			l.recorded = append(l.recorded, fmt.Sprintf("%s: %s", hostAfter(in.Transition), in.Reason))
			l.rows.record(in)
			if l.recording != nil {
				l.recording(in)
			}
			return nil
		})
	l.env.OnActivity(activities.EraseActivity, mock.Anything, activities.EraseInput{Tenant: tenantID}).Return(
		func(context.Context, activities.EraseInput) error { l.erased++; return nil })
	l.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == activities.HostActivity {
			l.hosts++
		}
	})
	return l
}

// at gives a command on the test clock.
func (l *life) at(d time.Duration, c flowhq.Command) *life {
	l.env.RegisterDelayedCallback(func() { l.give(c) }, d)
	return l
}

// give gives commands at once, and tells of them by one signal.
func (l *life) give(cs ...flowhq.Command) {
	for _, c := range cs {
		l.rows.give(c)
	}
	l.env.SignalWorkflow(changedSignal, nil)
}

// until runs the workflow and returns its state at the given time.
func (l *life) until(t *testing.T, d time.Duration) TenantState {
	t.Helper()
	return l.goesOn(t, TenantState{}, d)
}

// goesOn is until for a run that begins with a state.
func (l *life) goesOn(t *testing.T, from TenantState, d time.Duration) TenantState {
	t.Helper()
	var got TenantState
	l.env.RegisterDelayedCallback(func() {
		v, err := l.env.QueryWorkflow(statusQuery)
		if err != nil {
			t.Error(err)
		} else if err := v.Get(&got); err != nil {
			t.Error(err)
		}
		l.env.CancelWorkflow()
	}, d)
	l.env.ExecuteWorkflow(tenantWorkflow, from)
	return got
}

// hostAfter is the status of the tenant's host after a transition.
func hostAfter(t flowhq.Transition) flowhq.HostStatus {
	return flowhq.Situation{State: t.State, Ending: t.Ending, WaitingFor: t.WaitingFor, Begun: true}.Host()
}

func lost(after time.Duration) end {
	return end{after: after, ending: flowhq.EndLost, reason: "lost the connection"}
}

// ends is how a host fails that leaves its end to the workflow.
func ends(ending flowhq.Ending, reason string) error {
	return endsUntil(ending, reason, time.Time{})
}

// endsUntil is ends with a time at which the session is tried again.
func endsUntil(ending flowhq.Ending, reason string, until time.Time) error {
	end := flowhq.End{Ending: ending, Reason: reason, Until: until}
	next := flowhq.Next(flowhq.Before{Wanted: true}, end)
	return temporal.NewNonRetryableApplicationError(reason, string(ending), nil, next)
}

// newer is how a host of a newer worker ends, by a word that this version does not know, after so
// many failures in a row.
func newer(failures int) error {
	next := flowhq.Transition{
		State: flowhq.Disconnected, Ending: "UNHEARD_OF", Retry: flowhq.RetryByPerson,
		Counts: flowhq.Counts{Failures: failures},
	}
	return temporal.NewNonRetryableApplicationError("unheard of", string(next.Ending), nil, next)
}

func TestTenantTimelines(t *testing.T) {
	unlinked := ends(flowhq.EndLoggedOut, "unlinked on the phone")
	tests := []struct {
		name     string
		ends     []end
		script   func(*life)
		want     TenantState
		hosts    int
		recorded []string
	}{
		{
			name:   "nothing happens unasked",
			script: func(*life) {},
			want:   TenantState{Session: flowhq.Disconnected},
		},
		{
			name:     "start twice is one host",
			script:   func(l *life) { l.at(1*time.Minute, flowhq.Start).at(2*time.Minute, flowhq.Start) },
			want:     TenantState{NeedsHost: true, Session: flowhq.Disconnected, Reason: "waiting for a worker", WaitingFor: flowhq.WaitForWorker},
			hosts:    1,
			recorded: []string{"STARTING: waiting for a worker"},
		},
		{
			name: "stop twice",
			script: func(l *life) {
				l.at(1*time.Minute, flowhq.Start).at(2*time.Minute, flowhq.Stop).at(3*time.Minute, flowhq.Stop)
			},
			want:     TenantState{Session: flowhq.Disconnected, Ending: flowhq.EndStopped, Reason: "stopped by an operator"},
			hosts:    1,
			recorded: []string{"STARTING: waiting for a worker", "STOPPED: stopped by an operator", "STOPPED: stopped by an operator"},
		},
		{
			name:     "stop of what never ran is recorded each time",
			script:   func(l *life) { l.at(1*time.Minute, flowhq.Stop).at(2*time.Minute, flowhq.Stop) },
			want:     TenantState{Session: flowhq.Disconnected, Ending: flowhq.EndStopped, Reason: "stopped by an operator"},
			recorded: []string{"STOPPED: stopped by an operator", "STOPPED: stopped by an operator"},
		},
		{
			name:   "an unknown command changes nothing",
			script: func(l *life) { l.at(1*time.Minute, flowhq.Start).at(2*time.Minute, "dance") },
			want:   TenantState{NeedsHost: true, Session: flowhq.Disconnected, Reason: "waiting for a worker", WaitingFor: flowhq.WaitForWorker},
			hosts:  1, recorded: []string{"STARTING: waiting for a worker"},
		},
		{
			name:     "restart of a stopped tenant starts it",
			script:   func(l *life) { l.at(time.Minute, flowhq.Restart) },
			want:     TenantState{NeedsHost: true, Session: flowhq.Disconnected, Reason: "waiting for a worker", WaitingFor: flowhq.WaitForWorker},
			hosts:    1,
			recorded: []string{"STARTING: waiting for a worker"},
		},
		{
			name:     "force-restart does not wait",
			script:   func(l *life) { l.at(1*time.Minute, flowhq.Start).at(2*time.Minute, flowhq.ForceRestart) },
			want:     TenantState{NeedsHost: true, Session: flowhq.Disconnected, Ending: flowhq.EndReplacedByUs, Reason: "force-restarted by an operator", WaitingFor: flowhq.WaitForWorker},
			hosts:    2,
			recorded: []string{"STARTING: waiting for a worker", "STARTING: force-restarted by an operator"},
		},
		{
			name:     "a lost connection is replaced at once",
			ends:     []end{lost(10 * time.Minute), lost(10 * time.Minute)},
			script:   func(l *life) { l.at(time.Minute, flowhq.Start) },
			want:     TenantState{NeedsHost: true, Session: flowhq.Disconnected, Ending: flowhq.EndLost, Reason: "lost the connection"},
			hosts:    3,
			recorded: []string{"STARTING: waiting for a worker"},
		},
		{
			name:     "unlinked waits for a person",
			ends:     []end{{after: 10 * time.Minute, err: unlinked}},
			script:   func(l *life) { l.at(time.Minute, flowhq.Start) },
			want:     TenantState{Session: flowhq.LoggedOut, Ending: flowhq.EndLoggedOut, Reason: "unlinked on the phone", Attention: true},
			hosts:    1,
			recorded: []string{"STARTING: waiting for a worker", "ERROR: unlinked on the phone"},
		},
		{
			name: "a word of a newer worker backs off, ever longer",
			ends: []end{
				{after: 10 * time.Minute, err: newer(0)}, {after: time.Second, err: newer(1)},
				{after: time.Second, err: newer(2)},
			},
			script: func(l *life) {
				l.at(time.Minute, flowhq.Start)
				for after, hosts := range map[time.Duration]int{
					4 * time.Second: 1, 7 * time.Second: 2, // 5 s, and a second's margin
					16 * time.Second: 2, 20 * time.Second: 3, // 10 s after the second
					39 * time.Second: 3, 45 * time.Second: 4, // 20 s after the third
				} {
					l.env.RegisterDelayedCallback(func() {
						if l.hosts != hosts {
							t.Errorf("%v after the first end: %d hosts; want %d", after, l.hosts, hosts)
						}
					}, 11*time.Minute+after)
				}
			},
			want:  TenantState{NeedsHost: true, Session: flowhq.Disconnected, Ending: flowhq.EndFailed, Reason: "waiting for a worker", WaitingFor: flowhq.WaitForWorker, Counts: flowhq.Counts{Failures: 3}},
			hosts: 4,
			recorded: []string{"STARTING: waiting for a worker",
				"STARTING: unheard of", "STARTING: waiting for a worker",
				"STARTING: unheard of", "STARTING: waiting for a worker",
				"STARTING: unheard of", "STARTING: waiting for a worker"},
		},
		{
			name:     "a word of a newer worker, then a restart",
			ends:     []end{{after: 10 * time.Minute, err: newer(0)}, {after: time.Hour}},
			script:   func(l *life) { l.at(1*time.Minute, flowhq.Start).at(11*time.Minute+time.Second, flowhq.Restart) },
			want:     TenantState{NeedsHost: true, Session: flowhq.Disconnected, Ending: flowhq.EndFailed, Reason: "waiting for a worker", WaitingFor: flowhq.WaitForWorker, Counts: flowhq.Counts{}},
			hosts:    2,
			recorded: []string{"STARTING: waiting for a worker", "STARTING: unheard of", "STARTING: waiting for a worker"},
		},
		{
			name:     "unlinked, then stopped",
			ends:     []end{{after: 10 * time.Minute, err: unlinked}},
			script:   func(l *life) { l.at(1*time.Minute, flowhq.Start).at(30*time.Minute, flowhq.Stop) },
			want:     TenantState{Session: flowhq.Disconnected, Ending: flowhq.EndStopped, Reason: "stopped by an operator"},
			hosts:    1,
			recorded: []string{"STARTING: waiting for a worker", "ERROR: unlinked on the phone", "STOPPED: stopped by an operator"},
		},
		{
			name:     "unlinked, then started again",
			ends:     []end{{after: 10 * time.Minute, err: unlinked}},
			script:   func(l *life) { l.at(1*time.Minute, flowhq.Start).at(30*time.Minute, flowhq.Start) },
			want:     TenantState{NeedsHost: true, Session: flowhq.Disconnected, Ending: flowhq.EndLoggedOut, Reason: "waiting for a worker", WaitingFor: flowhq.WaitForWorker},
			hosts:    2,
			recorded: []string{"STARTING: waiting for a worker", "ERROR: unlinked on the phone", "STARTING: waiting for a worker"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLife(t, tt.ends...)
			tt.script(l)
			got := l.until(t, time.Hour)
			ignore := cmpopts.IgnoreFields(TenantState{}, "Version", "Tenant", "Name", "Template", "Since", "EndedAt")
			if diff := cmp.Diff(tt.want, got, ignore); diff != "" {
				t.Errorf("state after an hour (-want +got):\n%s", diff)
			}
			if l.hosts != tt.hosts {
				t.Errorf("%d hosts were started; want %d", l.hosts, tt.hosts)
			}
			if diff := cmp.Diff(tt.recorded, l.recorded); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
		})
	}
}

// A heartbeat timeout reaches the workflow, which the test environment cannot
// show: it retries what the server does not.
func TestALostWorkerIsReplacedAndTold(t *testing.T) {
	lost := tenant{TenantState: TenantState{NeedsHost: true}}
	moved := temporal.NewApplicationError("moved before that", string(flowhq.EndDraining))
	got, known := lost.afterHost(flowhq.Transition{}, fmt.Errorf("activity: %w", temporal.NewTimeoutError(enums.TIMEOUT_TYPE_HEARTBEAT, moved)), time.Now())
	if known || got.Event != "WORKER_LOST" || hostAfter(got) != flowhq.HostStarting || got.Attention() {
		t.Errorf("afterHost = %+v, recorded %t; want the next host and an event", got, known)
	}
	since, timing := time.Now(), hosting.Timing{Renewal: time.Second}
	silent := timing.Timeout() // for which nothing was heard of it
	for _, tt := range []struct {
		session flowhq.SessionState
		lasted  time.Duration
		stable  bool
	}{
		{flowhq.Connected, flowhq.StableFor + silent, true}, {flowhq.Connected, flowhq.StableFor + silent - time.Second, false},
		{flowhq.Disconnected, time.Hour, false},
	} {
		lost = tenant{timing: timing, TenantState: TenantState{NeedsHost: true, Session: tt.session, Since: since, Counts: flowhq.Counts{Failures: 3, Losses: 1}}}
		got, _ := lost.afterHost(flowhq.Transition{}, temporal.NewTimeoutError(enums.TIMEOUT_TYPE_HEARTBEAT, nil), since.Add(tt.lasted))
		if want := map[bool][2]int{true: {0, 0}, false: {3, 2}}[tt.stable]; want != [2]int{got.Failures, got.Losses} {
			t.Errorf("%s for %v: %d failures and %d losses in a row; want %v", tt.session, tt.lasted, got.Failures, got.Losses, want)
		}
	}
}

func TestDeleteErasesAndEnds(t *testing.T) {
	l := newLife(t)
	l.at(1*time.Minute, flowhq.Start).at(2*time.Minute, flowhq.Delete).at(3*time.Minute, flowhq.Start)
	l.env.ExecuteWorkflow(tenantWorkflow, TenantState{Tenant: tenantID})
	if err := l.env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if l.erased != 1 || l.hosts != 1 {
		t.Errorf("erased %d times with %d hosts; want once, with 1", l.erased, l.hosts)
	}
}

// A look that fails is repeated until the database is back, and then finds what was asked.
func TestLookWhileTheDatabaseIsAway(t *testing.T) {
	l := newLife(t)
	away := func(d time.Duration, err error) {
		l.env.RegisterDelayedCallback(func() {
			l.rows.mu.Lock()
			defer l.rows.mu.Unlock()
			l.rows.away = err
		}, d)
	}
	away(time.Minute, flowhq.Errorf(flowhq.Unavailable, "the database belongs to another installation"))
	l.at(2*time.Minute, flowhq.Start)
	away(10*time.Minute, nil)
	if got := l.until(t, 9*time.Minute); got.NeedsHost || l.hosts > 0 || l.env.GetWorkflowError() == nil {
		t.Errorf("while it is away: %+v, %d hosts", got, l.hosts)
	}
	l = newLife(t)
	away(time.Minute, flowhq.Errorf(flowhq.Unavailable, "the database does not answer"))
	l.at(2*time.Minute, flowhq.Start)
	away(150*time.Second, nil)
	if got := l.until(t, time.Hour); !got.NeedsHost || l.hosts != 1 || l.rows.waiting() > 0 {
		t.Errorf("after it is back: %+v, %d hosts, %d looks", got, l.hosts, l.rows.looks)
	}
}

// A host's report reaches the query; one of an older epoch does not.
func TestReports(t *testing.T) {
	l := newLife(t)
	l.at(time.Minute, flowhq.Start)
	report := func(d time.Duration, r session.Report) {
		l.env.RegisterDelayedCallback(func() { l.env.SignalWorkflow(reportSignal, r) }, d)
	}
	report(2*time.Minute, session.Report{Epoch: 5, Worker: "b", Transition: flowhq.Transition{State: flowhq.Connected}})
	report(3*time.Minute, session.Report{Epoch: 4, Worker: "a", Transition: flowhq.Transition{State: flowhq.Disconnected, Reason: "late"}})
	got := l.until(t, time.Hour)
	if got.Session != flowhq.Connected || got.Worker != "b" || got.Epoch != 5 {
		t.Errorf("after both reports: %+v; want the newer host's", got)
	}
}

// What a tenant waits for is told in its own words; whether a person must act, and on
// which host it was last, stays.
func TestReportOfWaiting(t *testing.T) {
	l := newLife(t)
	l.at(time.Minute, flowhq.Start)
	const reason = "waiting for reconnects, which are paused"
	for i, r := range []session.Report{
		{Epoch: 5, Worker: "b", Transition: flowhq.Transition{
			State: flowhq.Disconnected, Ending: flowhq.EndCertificate, Counts: flowhq.Counts{Failures: 12},
		}},
		{Epoch: 5, Transition: flowhq.Transition{
			State: flowhq.Disconnected, Reason: reason, WaitingFor: flowhq.WaitForReconnects,
		}},
	} {
		l.env.RegisterDelayedCallback(func() { l.env.SignalWorkflow(reportSignal, r) }, time.Duration(2+i)*time.Minute)
	}
	got := l.until(t, time.Hour)
	if got.Reason != reason || !got.Attention || got.Failures != 12 || got.Worker != "b" || got.Ending != flowhq.EndCertificate {
		t.Errorf("state %+v; want the reason to have changed, and nothing else", got)
	}
}

// A month of daily renewals on the test clock, with the history limit reached in
// between: the state is carried over and no command is lost.
func TestContinueAsNewAtABoundary(t *testing.T) {
	l := newLife(t, end{after: day, ending: flowhq.EndRenewed, reason: "daily renewal"})
	l.at(time.Minute, flowhq.Start)
	l.env.RegisterDelayedCallback(func() { l.env.SetContinueAsNewSuggested(true) }, 2*time.Minute)
	l.env.ExecuteWorkflow(tenantWorkflow, TenantState{Tenant: tenantID, Name: "Blue Door"})
	err := l.env.GetWorkflowError()
	var again *workflow.ContinueAsNewError
	if !errors.As(err, &again) {
		t.Fatalf("the workflow ended with %v; want continue as new", err)
	}
	if l.hosts != 1 {
		t.Errorf("%d hosts before it continued as new; want 1", l.hosts)
	}
}

// A ban outlasts the run that waits for its end: with a long history, the next run waits
// on; and a start that comes just then still cuts it short.
func TestBanContinuesAsNew(t *testing.T) {
	for name, starts := range map[string]bool{"waits on": false, "cut short": true} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t, end{err: endsUntil(flowhq.EndTempBanned, "banned for spam", time.Now().Add(365*day))})
			l.at(time.Minute, flowhq.Start)
			l.recording = func(in activities.StateInput) {
				if in.Ending != flowhq.EndTempBanned {
					return
				}
				l.env.SetContinueAsNewSuggested(starts)
				if starts {
					l.give(flowhq.Start)
				}
			}
			if !starts {
				l.env.RegisterDelayedCallback(func() { l.env.SetContinueAsNewSuggested(true) }, 2*time.Minute)
				l.at(3*time.Minute, "dance")
			}
			l.env.ExecuteWorkflow(tenantWorkflow, TenantState{Tenant: tenantID, Name: "Blue Door"})
			var continued *workflow.ContinueAsNewError
			if err := l.env.GetWorkflowError(); !errors.As(err, &continued) {
				t.Fatalf("the workflow ended with %v; want continue as new", err)
			}
			var next TenantState
			if err := converter.GetDefaultDataConverter().FromPayloads(continued.Input, &next); err != nil {
				t.Fatal(err)
			}
			after := newLife(t)
			after.rows.change(func(s *activities.Snapshot) { *s = l.rows.seen })
			got := after.goesOn(t, next, time.Hour)
			if !got.NeedsHost || got.RetryAt.IsZero() != starts || after.hosts > 0 != starts {
				t.Errorf("the next run is %+v with %d hosts; want it to sit out the ban: %t", got, after.hosts, !starts)
			}
		})
	}
}

// A state of older code is taken on; one of newer code is left to newer code, for
// what this one does not know would be lost.
func TestStateOfAnotherVersion(t *testing.T) {
	l := newLife(t)
	if got := l.until(t, time.Minute); got.Version != stateVersion {
		t.Errorf("a state without a version becomes version %d; want %d", got.Version, stateVersion)
	}
	l = newLife(t)
	l.env.ExecuteWorkflow(tenantWorkflow, TenantState{Version: stateVersion + 1, Tenant: tenantID})
	var panicked *temporal.PanicError
	if err := l.env.GetWorkflowError(); !errors.As(err, &panicked) || l.hosts != 0 {
		t.Errorf("a newer state ends with %v; want the task to fail", err)
	}
}
