package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/session"
)

// A ban from minute 10 to minute 40, and what an operator does meanwhile.
func TestBanTimelines(t *testing.T) {
	const (
		begin, banned = "STARTING: waiting for a worker", "ERROR: banned for spam"
		waiting       = "waiting for a worker"
	)
	tests := []struct {
		name     string
		script   func(*life)
		at       time.Duration
		want     TenantState
		hosts    int
		recorded []string
	}{
		{"waits", func(*life) {}, 30 * time.Minute,
			TenantState{NeedsHost: true, Session: flowhq.Banned, Reason: "banned for spam",
				Attention: true}, 1, []string{begin, banned}},
		{"tries again by itself", func(*life) {}, time.Hour,
			TenantState{NeedsHost: true, Session: flowhq.Disconnected, Reason: waiting,
				WaitingFor: flowhq.WaitForWorker}, 2, []string{begin, banned, begin}},
		{"start cuts it short", func(l *life) { l.at(20*time.Minute, flowhq.Start) }, 30 * time.Minute,
			TenantState{NeedsHost: true, Session: flowhq.Disconnected, Reason: waiting,
				WaitingFor: flowhq.WaitForWorker}, 2, []string{begin, banned, begin}},
		{"force-restart cuts it short", func(l *life) { l.at(20*time.Minute, flowhq.ForceRestart) },
			30 * time.Minute,
			TenantState{NeedsHost: true, Session: flowhq.Disconnected, Reason: waiting,
				WaitingFor: flowhq.WaitForWorker}, 2, []string{begin, banned, begin}},
		{"stop ends it", func(l *life) { l.at(20*time.Minute, flowhq.Stop) }, time.Hour,
			TenantState{Session: flowhq.Disconnected, Reason: "stopped by an operator"}, 1,
			[]string{begin, banned, "STOPPED: stopped by an operator"}},
		{"deleted meanwhile", func(l *life) { l.at(20*time.Minute, flowhq.Delete) }, 19 * time.Minute,
			TenantState{NeedsHost: true, Session: flowhq.Banned, Reason: "banned for spam",
				Attention: true}, 1, []string{begin, banned}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLife(t)
			until := l.env.Now().Add(40 * time.Minute)
			l = newLife(t, end{after: 9 * time.Minute,
				err: endsUntil(flowhq.EndTempBanned, "banned for spam", until)})
			l.at(time.Minute, flowhq.Start)
			tt.script(l)
			got := l.until(t, tt.at)
			if waits := !got.RetryAt.IsZero(); waits != (got.Session == flowhq.Banned) {
				t.Errorf("it tries again at %v", got.RetryAt)
			}
			if (got.Ending == flowhq.EndTempBanned) != got.NeedsHost {
				t.Errorf("it ended last with %s", got.Ending)
			}
			ignore := cmpopts.IgnoreFields(TenantState{}, "Version", "Tenant", "Name", "Template",
				"Since", "Ending", "EndedAt", "RetryAt")
			if diff := cmp.Diff(tt.want, got, ignore); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			if l.hosts != tt.hosts {
				t.Errorf("%d hosts; want %d", l.hosts, tt.hosts)
			}
			if diff := cmp.Diff(tt.recorded, l.recorded); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
		})
	}
}

// Workers that die of a session, one after the other, are followed by the next at once
// until the third; then the session waits, longer each time, and asks for a person.
func TestCrashLoopTimelines(t *testing.T) {
	dies := func(n int) end {
		said := flowhq.Transition{Counts: flowhq.Counts{Losses: n}}
		return end{after: 10 * time.Second, err: temporal.NewNonRetryableApplicationError(
			"the worker was lost", string(flowhq.EndWorkerLost), nil, said)}
	}
	const (
		begin, moved = "STARTING: waiting for a worker", "STARTING: the worker was lost; moved to another one"
		third        = "ERROR: the last 3 workers died while hosting it"
	)
	loop := func(times int) (ends []end) {
		for n := range times {
			ends = append(ends, dies(n+1))
		}
		return ends
	}
	waiting := TenantState{NeedsHost: true, Session: flowhq.Disconnected,
		Ending: flowhq.EndCrashLoop, Attention: true}
	for _, tt := range []struct {
		name   string
		ends   []end
		script func(*life)
		at     time.Duration
		want   TenantState
		reason string
		losses int
		hosts  int
		last   string // what was recorded last
	}{
		{"two are no reason to wait", loop(2), func(*life) {}, 2 * time.Minute,
			TenantState{NeedsHost: true, Session: flowhq.Disconnected,
				Ending: flowhq.EndWorkerLost}, "the worker was lost; moved to another one", 2, 3, moved},
		{"the third waits a minute", loop(6), func(*life) {}, 2 * time.Minute, waiting,
			"the last 3 workers died while hosting it", 3, 3, third},
		{"the fourth waits five", loop(6), func(*life) {}, 6 * time.Minute, waiting,
			"the last 4 workers died while hosting it", 4, 4,
			"ERROR: the last 4 workers died while hosting it"},
		{"further ones wait half an hour", loop(6), func(*life) {}, 36 * time.Minute, waiting,
			"the last 5 workers died while hosting it", 5, 5,
			"ERROR: the last 5 workers died while hosting it"},
		{"start cuts it short and forgets", loop(3),
			func(l *life) { l.at(100*time.Second, flowhq.Start) }, 2 * time.Minute,
			TenantState{NeedsHost: true, Session: flowhq.Disconnected, Ending: flowhq.EndCrashLoop},
			"waiting for a worker", 0, 4, begin},
		{"force-restart cuts it short and forgets", loop(3),
			func(l *life) { l.at(100*time.Second, flowhq.ForceRestart) }, 2 * time.Minute,
			TenantState{NeedsHost: true, Session: flowhq.Disconnected, Ending: flowhq.EndCrashLoop},
			"waiting for a worker", 0, 4, begin},
		{"stop ends it", loop(3), func(l *life) { l.at(100*time.Second, flowhq.Stop) }, time.Hour,
			TenantState{Session: flowhq.Disconnected, Ending: flowhq.EndStopped},
			"stopped by an operator", 3, 3, "STOPPED: stopped by an operator"},
		{"a person is asked for until it is stable", loop(3), func(l *life) {
			l.env.RegisterDelayedCallback(func() {
				l.env.SignalWorkflow(reportSignal, reportOf(flowhq.Connected, "", flowhq.Counts{Losses: 3}))
			}, 4*time.Minute)
		}, 5 * time.Minute, TenantState{NeedsHost: true, Session: flowhq.Connected,
			Ending: flowhq.EndCrashLoop, Attention: true}, "", 3, 4, begin},
		{"a stable session is the end of it", loop(3), func(l *life) {
			l.env.RegisterDelayedCallback(func() {
				l.env.SignalWorkflow(reportSignal, reportOf(flowhq.Connected, "", flowhq.Counts{}))
			}, 4*time.Minute)
		}, 5 * time.Minute, TenantState{NeedsHost: true, Session: flowhq.Connected,
			Ending: flowhq.EndCrashLoop}, "", 0, 4, begin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLife(t, tt.ends...)
			l.at(time.Minute, flowhq.Start)
			tt.script(l)
			got := l.until(t, tt.at)
			tt.want.Reason, tt.want.Losses = tt.reason, tt.losses
			if tt.want.NeedsHost && tt.want.Session == flowhq.Disconnected &&
				tt.want.Ending != flowhq.EndCrashLoop || tt.reason == "waiting for a worker" {
				tt.want.WaitingFor = flowhq.WaitForWorker
			}
			if tt.want.Attention != (tt.losses >= flowhq.CrashLoopAfter && got.NeedsHost) &&
				tt.want.NeedsHost {
				t.Fatal("the test contradicts itself")
			}
			ignore := cmpopts.IgnoreFields(TenantState{}, "Version", "Tenant", "Name", "Template",
				"Since", "EndedAt", "RetryAt", "Epoch", "Attention")
			if diff := cmp.Diff(tt.want, got, ignore); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			if got.NeedsHost && got.Attention != tt.want.Attention {
				t.Errorf("asks for a person: %t; want %t", got.Attention, tt.want.Attention)
			}
			if l.hosts != tt.hosts || l.recorded[len(l.recorded)-1] != tt.last {
				t.Errorf("%d hosts, recorded %q; want %d, the last %q", l.hosts, l.recorded,
					tt.hosts, tt.last)
			}
		})
	}
}

// reportOf is a report of a host whose session is in a state, or has ended.
func reportOf(state flowhq.SessionState, end flowhq.Ending, counts flowhq.Counts) session.Report {
	return session.Report{Epoch: 9, Transition: flowhq.Transition{State: state, Ending: end, Counts: counts}}
}

// Reports set the attention flag when attempts keep failing, and take it back.
func TestFlappingAsksForAttention(t *testing.T) {
	for _, tt := range []struct {
		report session.Report
		want   bool
	}{
		{reportOf(flowhq.Disconnected, flowhq.EndLost, flowhq.Counts{Failures: 9}), false},
		{reportOf(flowhq.Disconnected, flowhq.EndLost, flowhq.Counts{Failures: 10}), true},
		{reportOf(flowhq.Connected, "", flowhq.Counts{Failures: 10}), true},
		{reportOf(flowhq.Connected, "", flowhq.Counts{Failures: 0}), false},
		{reportOf(flowhq.Connected, "", flowhq.Counts{Losses: 2}), false},
		{reportOf(flowhq.Connected, "", flowhq.Counts{Losses: 3}), false}, // the workflow itself has counted none
		{reportOf(flowhq.Disconnected, flowhq.EndCertificate, flowhq.Counts{Failures: 1}), true},
		{reportOf(flowhq.Connected, flowhq.EndCertificate, flowhq.Counts{Failures: 1}), false},
	} {
		l := newLife(t)
		l.at(time.Minute, flowhq.Start)
		l.env.RegisterDelayedCallback(func() { l.env.SignalWorkflow(reportSignal, tt.report) }, 2*time.Minute)
		if got := l.until(t, 3*time.Minute); got.Attention != tt.want || got.Ending != tt.report.Ending {
			t.Errorf("after %+v: attention %t, last ended %q; want %t", tt.report, got.Attention,
				got.Ending, tt.want)
		}
	}
}

// The page of a tenant tells how it ended, and what to do.
func TestDetails(t *testing.T) {
	banned := tenant{TenantState: TenantState{
		Name: "Blue Door", NeedsHost: true, Session: flowhq.Banned, Reason: "banned for spam",
		Ending:  flowhq.EndTempBanned,
		RetryAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Attention: true,
	}}
	connected := tenant{TenantState: TenantState{Name: "Blue Door", NeedsHost: true,
		Session: flowhq.Connected, Ending: flowhq.EndLost}}
	starting := flowhq.Starting(flowhq.Counts{})
	begun := tenant{TenantState: TenantState{NeedsHost: true, Session: flowhq.Disconnected,
		Reason: starting.Reason, WaitingFor: starting.WaitingFor, Ending: flowhq.EndLoggedOut}}
	full, asks := begun, begun
	full.WaitingFor = flowhq.WaitForSlot
	full.Reason = "waiting for a free worker: all 2 places are taken"
	asks.Reason, asks.Ending, asks.Attention = "waiting for reconnects, which are paused",
		flowhq.EndCertificate, true
	evil := connected
	evil.Name, evil.Reason = "[Sign in](https://example.net) | &#8238;", "<b>\n# **Attention needed.**"
	for _, tt := range []struct {
		name     string
		of       tenant
		has, not []string
	}{
		{"a name that is Markdown", evil,
			[]string{`### \[Sign in\](https://example.net) \| \&\#8238;`, `\<b\> \# \*\*Attention`}, nil},
		{"banned", banned, []string{"### Blue Door", "**BANNED**", "banned for spam",
			"**Attention needed.** **Next:**", "TEMPORARILY_BANNED",
			"| tries again | 2026-01-02T03:04:05Z |"}, nil},
		{"connected", connected, []string{"| last ended | LOST,"},
			[]string{"Next", "Attention", "tries again"}},
		{"started again", begun, []string{"waiting for a worker"}, []string{"Next"}},
		{"waits for a place", full, []string{"waiting for a free worker"}, []string{"Next"}},
		{"waits, and asks for a person", asks,
			[]string{"waiting for reconnects", "**Attention needed.** **Next:**"}, nil},
	} {
		page := tt.of.details()
		for _, want := range tt.has {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q:\n%s", tt.name, want, page)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(page, not) {
				t.Errorf("%s: the page has %q:\n%s", tt.name, not, page)
			}
		}
	}
}
