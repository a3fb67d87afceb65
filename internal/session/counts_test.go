package session

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// attempts is a tenant whose session is attempted again and again, each time by what
// the attempt before left in its heartbeat.
type attempts struct {
	*Process
	db      *store.Store
	t       *testing.T
	tenant  flowhq.TenantID
	left    hosting.Status
	reports []Report
	lease   *hosting.Lease // of the attempt that is under way
}

// next is the session of another attempt, which has the lease.
func (a *attempts) next() *session {
	a.t.Helper()
	if a.lease != nil {
		a.lease.Release(a.t.Context())
	}
	lease, err := hosting.NewLeases(a.db, a.Timing, a.Log).Claim(a.t.Context(), a.tenant, 0, "test", func() {})
	if err != nil {
		a.t.Fatal(err)
	}
	a.lease = lease
	s := &session{
		Process: a.Process, number: &numberCheck{}, tenant: a.tenant, log: a.Log, lease: lease,
		wasStable: a.left.Stable, linked: true,
		now: hosting.Status{
			State: flowhq.Connecting, Counts: a.left.Counts, Ending: a.left.Ending,
		},
	}
	s.reports = newReports(func(_ context.Context, r Report) error { a.reports = append(a.reports, r); return nil })
	s.takeOver(a.t.Context())
	return s
}

// fails is an attempt that ends before it was stable. It returns when Temporal tries
// again.
func (a *attempts) fails(ending flowhq.Ending) time.Duration {
	a.t.Helper()
	s := a.next()
	out, err := s.lost(a.t.Context(), flowhq.End{Ending: ending, Reason: "it failed"}, nil)
	if err != nil || out.Ending != ending || out.Retry != flowhq.RetryAfterDelay {
		a.t.Fatalf("an attempt that failed ends with %+v, %v; want %s, to be tried again", out, err, ending)
	}
	s.reports.flush()
	a.left = s.now
	return out.Delay
}

// After how long a session is tried again that the database was lost for.
const stableOutagePause, outagePause = 100 * time.Millisecond, 3 * time.Second

// WhatsApp refuses five logins: the session waits 5, 10, 20, 40 and 80 s, however often
// it was moved or cut off in between, and never longer than two minutes.
func TestBackoffCountsTheSessionsOwnFailures(t *testing.T) {
	s := testdb.OpenStore(t, testdb.New(t))
	a := &attempts{t: t, tenant: testdb.NewTenant(t, s), db: s, Process: &Process{
		Store: s, Name: "test", Metrics: metrics.NewWorker(metrics.NewRegistry()), Log: slog.New(slog.DiscardHandler), Timing: timing,
	}}
	for n, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 2 * time.Minute, 2 * time.Minute} {
		if got := a.fails(flowhq.EndLost); got != want {
			t.Errorf("failure %d is tried again after %v; want %v", n+1, got, want)
		}
		if got := a.fails(flowhq.EndDatabaseLost); got > outagePause {
			t.Errorf("after the database was lost it is tried again after %v; want %v at most", got, outagePause)
		}
		moving := a.next()
		if out, err := moving.drained(t.Context()); err != nil || out.Retry != flowhq.RetryAfterDelay {
			t.Errorf("a session that moves ends with %+v, %v; want another attempt", out, err)
		}
		moving.reports.flush()
		a.left = moving.now
		if a.left.Failures != n+1 {
			t.Errorf("%d failures are counted; want %d", a.left.Failures, n+1)
		}
	}
}

// A database that hiccups counts for nothing; a session that loses it again and again
// for a reason of its own does in the end.
func TestALostDatabaseIsNoFailure(t *testing.T) {
	s := testdb.OpenStore(t, testdb.New(t))
	a := &attempts{t: t, tenant: testdb.NewTenant(t, s), db: s, Process: &Process{
		Store: s, Name: "test", Metrics: metrics.NewWorker(metrics.NewRegistry()), Log: slog.New(slog.DiscardHandler), Timing: timing,
	}}
	for range flowhq.MaxOutages {
		if got := a.fails(flowhq.EndDatabaseLost); got > outagePause || a.left.Failures != 0 {
			t.Fatalf("it is tried again after %v with %d failures; want soon, and none", got, a.left.Failures)
		}
	}
	for range 3 {
		a.fails(flowhq.EndDatabaseLost)
	}
	if a.left.Failures != 3 {
		t.Errorf("%d failures are counted after %d losses of the database in a row; want 3", a.left.Failures, flowhq.MaxOutages+3)
	}
	a.left.Failures, a.left.Stable = 0, true // it came up, and was stable
	if got := a.fails(flowhq.EndDatabaseLost); got != stableOutagePause || a.left.Outages != 0 {
		t.Errorf("a stable session is tried again after %v; want %v", got, stableOutagePause)
	}
}

func (a *attempts) events() (types []flowhq.EventType) {
	a.t.Helper()
	all, err := a.db.Events(a.t.Context(), a.tenant, 100)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, e := range slices.Backward(all) {
		if strings.HasPrefix(string(e.Type), "SESSION_") || strings.HasPrefix(string(e.Type), "DATABASE_") {
			types = append(types, e.Type)
		}
	}
	return types
}

// Ten attempts that fail in a row are told to a person, once; a stable session is the
// end of it. What is no failure of the session does not count.
func TestFlapping(t *testing.T) {
	s := testdb.OpenStore(t, testdb.New(t))
	a := &attempts{t: t, tenant: testdb.NewTenant(t, s), db: s, Process: &Process{
		Store: s, Name: "test", Metrics: metrics.NewWorker(metrics.NewRegistry()), Log: slog.New(slog.DiscardHandler), Timing: timing,
	}}
	var want []flowhq.EventType
	for n := 1; n <= flowhq.FlappingAfter+2; n++ {
		if got, want := a.fails(flowhq.EndUnreachable), flowhq.Backoff(n); got != want {
			t.Errorf("failure %d is tried again after %v; want %v", n, got, want)
		}
		if n == flowhq.FlappingAfter {
			want = append(want, flowhq.EventSessionFlapping)
		}
		want = append(want, "SESSION_UNREACHABLE")
	}
	a.fails(flowhq.EndDatabaseLost) // recorded by the next attempt
	up := a.next()
	want = append(want, "DATABASE_LOST")
	if got := a.left.Failures; got != flowhq.FlappingAfter+2 {
		t.Errorf("%d failures are counted; want %d", got, flowhq.FlappingAfter+2)
	}
	start := store.NewCommand{Command: flowhq.Start, Key: "start", Actor: "admin"}
	if _, _, err := s.Command(t.Context(), a.tenant, start); err != nil {
		t.Fatal(err)
	}
	looked := func(want int) {
		t.Helper()
		yes := true
		all, _, err := s.Tenants(t.Context(), store.TenantFilter{Attention: &yes})
		if err != nil || len(all) != want {
			t.Errorf("%d tenants need a look, %v; want %d", len(all), err, want)
		}
	}
	got, err := s.Tenant(t.Context(), a.tenant)
	if err != nil || !strings.Contains(got.Host.LastError, "it failed") {
		t.Errorf("the last error is %q, %v; want it to tell", got.Host.LastError, err)
	}
	if err := up.enter(t.Context(), step{Transition: flowhq.Transition{
		State: flowhq.Connected,
	}, silent: true}); err != nil {
		t.Fatal(err)
	}
	looked(1) // it may be lost again in a moment
	up.online = time.Now()
	up.forgetFailures(t.Context())
	if up.now.Failures == 0 {
		t.Error("a session that has just come up counts as stable")
	}
	up.online = time.Now().Add(-flowhq.StableFor)
	up.forgetFailures(t.Context())
	up.forgetFailures(t.Context())
	up.reports.flush()
	if err := up.record(t.Context()); err != nil {
		t.Fatal(err)
	}
	looked(0)
	want = append(want, flowhq.EventSessionStable)
	if diff := cmp.Diff(want, a.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	// The workflow hears of the first failure, of the tenth, of another kind of failure, and of the
	// end.
	var told []int
	for _, r := range a.reports {
		told = append(told, r.Failures)
	}
	if diff := cmp.Diff([]int{1, flowhq.FlappingAfter, flowhq.FlappingAfter + 2, 0}, told); diff != "" {
		t.Errorf("failures in the reports (-want +got):\n%s", diff)
	}
}

// A session that had been stable ends without an error, so that the next attempt
// is a first one, though a process handed it over in between.
func TestStableSessionIsNoFailure(t *testing.T) {
	s := testdb.OpenStore(t, testdb.New(t))
	a := &attempts{t: t, tenant: testdb.NewTenant(t, s), left: hosting.Status{Stable: true, Ending: flowhq.EndDraining, Counts: flowhq.Counts{Failures: 3}}, db: s, Process: &Process{
		Store: s, Name: "test", Metrics: metrics.NewWorker(metrics.NewRegistry()), Log: slog.New(slog.DiscardHandler), Timing: timing,
	}}
	host := a.next()
	got, err := host.lost(t.Context(), flowhq.End{Ending: flowhq.EndLost, Reason: "it was lost"}, nil)
	host.reports.flush()
	if err != nil || got.Ending != flowhq.EndLost || got.Reason != "it was lost" || got.Retry != flowhq.RetryAtOnce || host.now.Failures != 0 {
		t.Errorf("lost = %+v, %v with %d failures; want no failure", got, err, host.now.Failures)
	}
	if len(a.reports) != 0 {
		t.Errorf("reports %+v; want none, as the workflow learns of it anyway", a.reports)
	}
}
