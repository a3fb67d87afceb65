package workflows

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/session"
)

// TestRowsSayWhatIsWanted: what the rows say counts, without a command, for a workflow that
// begins and for one that is told to look, as after a backup was restored.
func TestRowsSayWhatIsWanted(t *testing.T) {
	forged := TenantState{Tenant: "somebody", Name: "x", NeedsHost: true, Deleting: true,
		Session: flowhq.Connected, RetryAt: time.Now().Add(day)}
	for _, tt := range []struct {
		name     string
		rows     activities.Snapshot
		from     TenantState
		later    func(*activities.Snapshot) // at a minute, with a signal
		wanted   bool
		hosts    int
		recorded []string
	}{
		{"wanted, of a workflow that was lost", activities.Snapshot{NeedsHost: true}, TenantState{},
			nil, true, 1, nil},
		{"not wanted, but left draining", activities.Snapshot{}, TenantState{}, nil, false, 0,
			[]string{"STOPPED: stopped by an operator"}},
		{"not wanted, and so it is", activities.Snapshot{Quiet: true}, TenantState{}, nil, false, 0, nil},
		{"a forged start", activities.Snapshot{Quiet: true}, forged, nil, false, 0, nil},
		{"a forged end of a ban", activities.Snapshot{NeedsHost: true}, forged, nil, true, 1, nil},
		{"banned, of a workflow that was lost", activities.Snapshot{
			NeedsHost: true, Quiet: true, Session: flowhq.Banned, Ending: flowhq.EndTempBanned,
			RetryAt: time.Now().Add(365 * day),
		}, TenantState{}, nil, true, 0, nil},
		{"an older backup wants it", activities.Snapshot{Quiet: true}, TenantState{},
			func(s *activities.Snapshot) { s.NeedsHost = true }, true, 1,
			[]string{"STARTING: waiting for a worker"}},
		{"an older backup does not", activities.Snapshot{NeedsHost: true}, TenantState{},
			func(s *activities.Snapshot) { s.NeedsHost = false }, false, 1,
			[]string{"STOPPED: stopped by an operator"}},
		{"gone", activities.Snapshot{NeedsHost: true}, TenantState{},
			func(s *activities.Snapshot) { *s = activities.Snapshot{Gone: true} }, false, 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLife(t)
			l.rows.change(func(s *activities.Snapshot) { *s = tt.rows })
			if tt.later != nil {
				l.env.RegisterDelayedCallback(func() {
					l.rows.change(tt.later)
					l.give()
				}, time.Minute)
			}
			got := l.goesOn(t, tt.from, time.Hour)
			if tt.name == "gone" { // it has ended by then
				got = TenantState{Tenant: tenantID}
				if err := l.env.GetWorkflowError(); err != nil {
					t.Error(err)
				}
			}
			if got.NeedsHost != tt.wanted || got.Tenant != tenantID || l.hosts != tt.hosts || l.erased > 0 {
				t.Errorf("after an hour: %+v, %d hosts, erased %d times; want wanted %t, %d hosts",
					got, l.hosts, l.erased, tt.wanted, tt.hosts)
			}
			if diff := cmp.Diff(tt.recorded, l.recorded); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutcomes: each command is told what has come of it.
func TestOutcomes(t *testing.T) {
	l := newLife(t)
	give := func(d time.Duration, cs ...flowhq.Command) {
		l.env.RegisterDelayedCallback(func() { l.give(cs...) }, d)
	}
	give(1*time.Minute, flowhq.Start)
	give(2*time.Minute, flowhq.Start)
	give(3*time.Minute, flowhq.Stop, flowhq.Start, flowhq.Stop)
	give(4*time.Minute, flowhq.ForceRestart, flowhq.Restart)
	give(5*time.Minute, flowhq.Delete)
	l.env.ExecuteWorkflow(tenantWorkflow, TenantState{})
	want := map[int64]string{
		1: "done", 2: "nothing to do: it was started before",
		3: "overtaken by command 4", 4: "overtaken by command 5", 5: "done",
		6: "overtaken by command 7", 7: "done",
	}
	if diff := cmp.Diff(want, l.rows.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if l.erased != 1 {
		t.Errorf("erased %d times", l.erased)
	}
}

// TestManyCommandsAreOne: what is wanted at the end counts, however many commands come
// before it, and however few a look shows.
func TestManyCommandsAreOne(t *testing.T) {
	l := newLife(t)
	l.rows.page = 3
	var many []flowhq.Command
	for range 10 {
		many = append(many, flowhq.Start, flowhq.Stop)
	}
	l.at(time.Minute, flowhq.Start)
	l.env.RegisterDelayedCallback(func() { l.give(many...) }, 2*time.Minute)
	l.env.RegisterDelayedCallback(func() { l.give(append(many, flowhq.Restart)...) }, 3*time.Minute)
	got := l.until(t, 4*time.Minute)
	if !got.NeedsHost || l.hosts != 2 || l.rows.waiting() > 0 {
		t.Errorf("after all: %+v, %d hosts, %d commands wait", got, l.hosts, l.rows.waiting())
	}
	want := []string{"STARTING: waiting for a worker", "STOPPED: stopped by an operator",
		"STARTING: waiting for a worker"}
	if diff := cmp.Diff(want, l.recorded); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
}

// TestUnknownCommandsWait for a version that knows them, and those after them; they end no
// session that runs, in a run that begins neither.
func TestUnknownCommandsWait(t *testing.T) {
	l := newLife(t)
	l.rows.change(func(s *activities.Snapshot) { s.NeedsHost = true })
	l.rows.give("dance")
	l.at(time.Minute, flowhq.Restart)
	got := l.until(t, time.Hour)
	if !got.NeedsHost || l.hosts != 1 || len(l.recorded) > 0 || l.rows.waiting() != 2 {
		t.Errorf("after an hour: %+v, %d hosts, recorded %v, %d commands wait; want a host that nobody disturbs", got, l.hosts, l.recorded, l.rows.waiting())
	}
	l = newLife(t)
	l.rows.give("dance")
	l.at(time.Minute, flowhq.Delete)
	l.env.ExecuteWorkflow(tenantWorkflow, TenantState{})
	if l.erased != 1 {
		t.Errorf("erased %d times; want a deletion to pass the command", l.erased)
	}
}

// TestAClaimOfWhatIsStopped: a host that was frozen while the stop was recorded claims the
// tenant and is never heard of again. The next look ends that.
func TestAClaimOfWhatIsStopped(t *testing.T) {
	l := newLife(t)
	l.at(1*time.Minute, flowhq.Start).at(2*time.Minute, flowhq.Stop)
	l.env.RegisterDelayedCallback(func() {
		l.rows.change(func(s *activities.Snapshot) { s.Quiet, s.Epoch = false, s.Epoch+1 })
		l.give()
	}, 3*time.Minute)
	got := l.until(t, time.Hour)
	want := []string{"STARTING: waiting for a worker", "STOPPED: stopped by an operator",
		"STOPPED: stopped by an operator"}
	if diff := cmp.Diff(want, l.recorded); diff != "" || got.NeedsHost {
		t.Errorf("wanted %t; recorded (-want +got):\n%s", got.NeedsHost, diff)
	}
}

// TestForgedReports change nothing, nor do they hide what a real host reports.
func TestForgedReports(t *testing.T) {
	l := newLife(t)
	l.at(time.Minute, flowhq.Start)
	l.rows.change(func(s *activities.Snapshot) { s.Epoch = 5 })
	for i, r := range []session.Report{
		{Epoch: 5 + 999_999, Worker: "nobody",
			Transition: flowhq.Transition{State: flowhq.LoggedOut, Ending: flowhq.EndLoggedOut}},
		{Epoch: 5, Worker: "b", Transition: flowhq.Transition{
			State: flowhq.Connected, Counts: flowhq.Counts{Losses: 1 << 40, Failures: 1 << 40,
				Outages: 1 << 40},
		}},
		{Epoch: 1 << 62, Worker: "nobody", Transition: flowhq.Transition{State: flowhq.LoggedOut}},
		{Epoch: 5, Worker: "b", Transition: flowhq.Transition{
			State: flowhq.Connected, Counts: flowhq.Counts{Losses: -1 << 40, Failures: 1 << 40},
		}},
	} {
		l.env.RegisterDelayedCallback(func() {
			r.At = l.env.Now()
			if r.Worker == "nobody" {
				r.At = r.At.Add(day)
			}
			l.env.SignalWorkflow(reportSignal, r)
		}, time.Duration(2+i)*time.Minute)
	}
	got := l.until(t, time.Hour)
	if got.Session != flowhq.Connected || got.Worker != "b" || got.Losses != 0 ||
		got.Failures != maxReportedFailures {
		t.Errorf("after the reports: %+v; want the real host's", got)
	}
	if pause := flowhq.CrashPause(flowhq.CrashLoopAfter - 1); pause != 0 {
		t.Errorf("a report may cause a pause of %v", pause)
	}
}
