package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// A ban from minute 10 to minute 40, and what an operator does meanwhile.
func TestBanTimelines(t *testing.T) {
	const (
		begin, banned = "STARTING: waiting for a worker", "ERROR: banned for spam"
		waiting       = "waiting for a worker"
	)
	tests := []struct {
		name    string
		script  func(*life)
		at      time.Duration
		want    TenantState
		hosts   int
		settled []string
	}{
		{"waits", func(*life) {}, 30 * time.Minute,
			TenantState{Wanted: true, Session: flowhq.Banned, Reason: "banned for spam", Attention: true}, 1, []string{begin, banned}},
		{"tries again by itself", func(*life) {}, time.Hour,
			TenantState{Wanted: true, Session: flowhq.Disconnected, Reason: waiting}, 2, []string{begin, banned, begin}},
		{"start cuts it short", func(l *life) { l.at(20*time.Minute, flowhq.Start) }, 30 * time.Minute,
			TenantState{Wanted: true, Session: flowhq.Disconnected, Reason: waiting}, 2, []string{begin, banned, begin}},
		{"force-restart cuts it short", func(l *life) { l.at(20*time.Minute, flowhq.ForceRestart) }, 30 * time.Minute,
			TenantState{Wanted: true, Session: flowhq.Disconnected, Reason: waiting}, 2, []string{begin, banned, begin}},
		{"stop ends it", func(l *life) { l.at(20*time.Minute, flowhq.Stop) }, time.Hour,
			TenantState{Session: flowhq.Disconnected, Reason: "stopped by an operator"}, 1,
			[]string{begin, banned, "STOPPED: stopped by an operator"}},
		{"deleted meanwhile", func(l *life) { l.at(20*time.Minute, flowhq.Delete) }, 19 * time.Minute,
			TenantState{Wanted: true, Session: flowhq.Banned, Reason: "banned for spam", Attention: true}, 1, []string{begin, banned}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLife(t)
			until := l.env.Now().Add(40 * time.Minute)
			l = newLife(t, end{after: 9 * time.Minute, err: ends(flowhq.EndTempBanned, "banned for spam", activities.Ban{Until: until})})
			l.at(time.Minute, flowhq.Start)
			tt.script(l)
			got := l.until(t, tt.at)
			if waits := !got.RetryAt.IsZero(); waits != (got.Session == flowhq.Banned) {
				t.Errorf("it tries again at %v", got.RetryAt)
			}
			if (got.Ending == flowhq.EndTempBanned) != got.Wanted {
				t.Errorf("it ended last with %s", got.Ending)
			}
			ignore := cmpopts.IgnoreFields(TenantState{}, "Version", "Tenant", "Name", "Template", "Since", "Ending", "EndedAt", "RetryAt", "Handled")
			if diff := cmp.Diff(tt.want, got, ignore); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			if l.hosts != tt.hosts {
				t.Errorf("%d hosts; want %d", l.hosts, tt.hosts)
			}
			if diff := cmp.Diff(tt.settled, l.settled); diff != "" {
				t.Errorf("settled (-want +got):\n%s", diff)
			}
		})
	}
}

// A session that keeps failing stays at the longest backoff when Temporal has
// retried it as often as it may, and asks for a person until it is stable.
func TestFlappingGoesOn(t *testing.T) {
	flapping := tenant{TenantState: TenantState{Wanted: true}}
	failed := temporal.NewApplicationError("lost", string(flowhq.EndLost))
	got := flapping.judge(activities.Ended{}, failed, time.Now())
	if !flapping.Wanted || flapping.Failures != activities.FlappingAfter || got.ending != flowhq.EndLost || got.event != "" {
		t.Errorf("judge = %+v, %+v; want the next host, flapping, and no event of its own", got, flapping.TenantState)
	}
	options := func(t tenant) time.Duration {
		return t.timing.HostOptions("", t.Failures >= activities.FlappingAfter).RetryPolicy.InitialInterval
	}
	if d := options(flapping); d != 5*time.Minute {
		t.Errorf("the next host's first backoff is %v; want 5m", d)
	}
	flapping.judge(activities.Ended{Ending: flowhq.EndLost}, nil, time.Now()) // had been stable
	if d := options(flapping); d != 5*time.Second {
		t.Errorf("after a stable session the first backoff is %v; want 5s", d)
	}
}

// Reports set the attention flag when attempts keep failing, and take it back.
func TestFlappingAsksForAttention(t *testing.T) {
	for _, tt := range []struct {
		report activities.Report
		want   bool
	}{
		{activities.Report{Session: flowhq.Disconnected, Ending: flowhq.EndLost, Failures: 9}, false},
		{activities.Report{Session: flowhq.Disconnected, Ending: flowhq.EndLost, Failures: 10}, true},
		{activities.Report{Session: flowhq.Connected, Failures: 10}, true},
		{activities.Report{Session: flowhq.Connected, Failures: 0}, false},
		{activities.Report{Session: flowhq.Disconnected, Ending: flowhq.EndCertificate, Failures: 1}, true},
		{activities.Report{Session: flowhq.Connected, Ending: flowhq.EndCertificate, Failures: 1}, false},
	} {
		l := newLife(t)
		l.at(time.Minute, flowhq.Start)
		l.env.RegisterDelayedCallback(func() { l.env.SignalWorkflow(reportSignal, tt.report) }, 2*time.Minute)
		if got := l.until(t, 3*time.Minute); got.Attention != tt.want || got.Ending != tt.report.Ending {
			t.Errorf("after %+v: attention %t, last ended %q; want %t", tt.report, got.Attention, got.Ending, tt.want)
		}
	}
}

// The page of a tenant tells how it ended, and what to do.
func TestDetails(t *testing.T) {
	banned := tenant{TenantState: TenantState{
		Name: "Blue Door", Wanted: true, Session: flowhq.Banned, Reason: "banned for spam", Ending: flowhq.EndTempBanned,
		RetryAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Attention: true,
	}}
	connected := tenant{TenantState: TenantState{Name: "Blue Door", Wanted: true, Session: flowhq.Connected, Ending: flowhq.EndLost}}
	begun := tenant{TenantState: TenantState{Wanted: true, Session: flowhq.Disconnected, Reason: starting.reason, Ending: flowhq.EndLoggedOut}}
	full, asks := begun, begun
	full.Reason = "waiting for a free worker: all 2 places are taken"
	asks.Reason, asks.Ending, asks.Attention = "waiting for reconnects, which are paused", flowhq.EndCertificate, true
	for _, tt := range []struct {
		name     string
		of       tenant
		has, not []string
	}{
		{"banned", banned, []string{"### Blue Door", "**BANNED**", "banned for spam", "**Attention needed.** **Next:**", "TEMPORARILY_BANNED", "| tries again | 2026-01-02T03:04:05Z |"}, nil},
		{"connected", connected, []string{"| last ended | LOST,"}, []string{"Next", "Attention", "tries again"}},
		{"started again", begun, []string{"waiting for a worker"}, []string{"Next"}},
		{"waits for a place", full, []string{"waiting for a free worker"}, []string{"Next"}},
		{"waits, and asks for a person", asks, []string{"waiting for reconnects", "**Attention needed.** **Next:**"}, nil},
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
