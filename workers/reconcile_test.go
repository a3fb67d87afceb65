package workers

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/serviceerror"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/internal/whatsapp"
	"github.com/flowhq/flowhq/workflows"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// every is how often the reconciler of a test looks, and so what it takes for a moment.
const every = 20 * time.Millisecond

// A temporal stands in for Temporal.
type temporal struct {
	mu          sync.Mutex
	runStatuses map[flowhq.TenantID]workflows.RunStatus // "" = not running
	signalled   []flowhq.TenantID
	refuses     map[flowhq.TenantID]bool // signals
	bulks       map[string]flowhq.Bulk
	hooked      []store.DueWebhook
	followed    []store.DueFollowUp
	away        error
	claimed     int
}

func (c *temporal) Signal(_ context.Context, id flowhq.TenantID, _ string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuses[id] {
		return errors.New("this workflow takes no more signals")
	}
	if c.away == nil {
		c.signalled = append(c.signalled, id)
	}
	return c.away
}

func (c *temporal) RunStatus(_ context.Context, id flowhq.TenantID) (workflows.RunStatus, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.runStatuses[id]; p != "" {
		return p, c.away
	}
	return workflows.NotRunning, c.away
}

func (c *temporal) ClaimNamespace(context.Context, workflows.NamespaceClaim) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.claimed++
	return c.away
}

func (c *temporal) Bulk(_ context.Context, id string) (flowhq.Bulk, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.bulks[id]
	if !ok && c.away == nil {
		return b, flowhq.Errorf(flowhq.NotFound, "no such bulk")
	}
	return b, c.away
}

func (c *temporal) StartBulk(_ context.Context, b flowhq.Bulk,
	tenants []flowhq.TenantID) (flowhq.Bulk, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.Matched = len(tenants)
	c.bulks[b.ID] = b
	return b, c.away
}

func (c *temporal) FollowUp(
	_ context.Context, tenant flowhq.TenantID, about flowhq.FollowUpAbout, number string,
) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away == nil {
		c.followed = append(c.followed, store.DueFollowUp{Tenant: tenant, About: about, Number: number})
	}
	return c.away
}

func (c *temporal) Webhook(_ context.Context, tenant flowhq.TenantID, webhook string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away == nil {
		c.hooked = append(c.hooked, store.DueWebhook{Tenant: tenant, Webhook: webhook})
	}
	return c.away
}

func (c *temporal) CancelBulk(_ context.Context, id string) (flowhq.Bulk, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ended := c.bulks[id], time.Now().UTC()
	b.State, b.EndedAt = flowhq.BulkCancelled, &ended
	c.bulks[id] = b
	return b, c.away
}

// signals are those that were signalled since the last call, in order.
func (c *temporal) signals() []flowhq.TenantID {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := slices.Sorted(slices.Values(c.signalled))
	c.signalled = nil
	return n
}

func reconcilerOf(s *store.Store, c *temporal, name string) *reconciler {
	r := newReconciler(Options{
		Store: s, Network: &whatsapp.Network{}, Name: name,
		Timing: hosting.Timing{Renewal: time.Second}, Log: slog.New(slog.DiscardHandler),
	}, c, newWebhookNotices())
	r.every = every
	return r
}

// TestReconciler has one tenant of each kind: those that a workflow must look at are
// signalled, and those that wait for a reason are left alone.
func TestReconciler(t *testing.T) {
	s, c := testdb.OpenStore(t, testdb.New(t)),
		&temporal{runStatuses: map[flowhq.TenantID]workflows.RunStatus{}}
	made := map[string]flowhq.TenantID{}
	make := func(name string, command flowhq.Command, runStatus workflows.RunStatus,
		recorded ...flowhq.Transition) flowhq.TenantID {
		t.Helper()
		id := testdb.NewTenant(t, s)
		made[name], c.runStatuses[id] = id, runStatus
		if command != "" {
			given, _, err := s.Command(t.Context(), id,
				store.NewCommand{Command: command, Key: "k", Actor: "test"})
			if err != nil {
				t.Fatal(err)
			}
			for _, state := range recorded {
				marks := []store.CommandOutcome{{ID: given.ID, Outcome: "done"}}
				if err := s.RecordState(t.Context(), id, state, 0, marks); err != nil {
					t.Fatal(err)
				}
			}
		}
		return id
	}
	starting := flowhq.Starting(flowhq.Counts{})
	ended := func(ending flowhq.Ending) flowhq.Transition {
		end := flowhq.End{Ending: ending, Until: time.Now().Add(time.Hour)}
		return flowhq.Next(flowhq.Before{Wanted: true}, end)
	}
	want := []flowhq.TenantID{
		make("commanded", flowhq.Start, workflows.Idle),
		make("commanded while a host runs", flowhq.Stop, workflows.Busy),
		make("lost", flowhq.Start, workflows.NotRunning, starting),
		make("deaf", flowhq.Start, workflows.Idle, starting),
		make("draining for ever", flowhq.Stop, workflows.NotRunning,
			flowhq.Transition{State: flowhq.Disconnected}),
		make("banned, and lost", flowhq.Start, workflows.NotRunning, ended(flowhq.EndTempBanned)),
		make("by a stranger", flowhq.Start, workflows.NotRunning, ended(flowhq.EndReplacedByStranger)),
	}
	make("never started", "", workflows.NotRunning)
	make("stopped", flowhq.Stop, workflows.NotRunning, flowhq.Stopped(flowhq.Counts{}))
	make("in backoff", flowhq.Start, workflows.Busy, starting)
	make("banned", flowhq.Start, workflows.Idle, ended(flowhq.EndTempBanned))
	make("logged out", flowhq.Start, workflows.NotRunning, ended(flowhq.EndLoggedOut))
	make("not scanned", flowhq.Start, workflows.NotRunning, ended(flowhq.EndQRExpired))
	hosted := make("hosted", flowhq.Start, workflows.NotRunning, starting)
	epoch, err := s.Claim(t.Context(), hosted, "host")
	if err != nil {
		t.Fatal(err)
	}
	if taken, _, err := s.TakeLease(t.Context(), hosted, epoch, time.Hour); err != nil || !taken {
		t.Fatal(taken, err)
	}

	slices.Sort(want)
	r := reconcilerOf(s, c, "a")
	await(t, func() bool {
		found, err := s.Unsettled(t.Context(), every, maxUnsettled)
		return err == nil && len(found) == len(want)+2 // with those that wait for a reason
	})
	pass(t, r)
	if diff := cmp.Diff(named(made, want), named(made, c.signals())); diff != "" {
		t.Errorf("signalled (-want +got):\n%s", diff)
	}
	for id, p := range r.known { // as it was signalled, or looked at
		if p.length != 2*every || p.until.IsZero() {
			t.Errorf("%v is not left alone for a moment", named(made, []flowhq.TenantID{id}))
		}
	}
	others := reconcilerOf(s, c, "b")
	pass(t, others)
	if got := c.signals(); len(got) > 0 {
		t.Errorf("two processes reconcile: %v", named(made, got))
	}
	c.away = serviceerror.NewUnavailable("Temporal is away")
	for _, p := range r.known {
		p.until = time.Time{}
	}
	if err := r.reconcile(t.Context()); err == nil {
		t.Error("a pass while Temporal is away succeeds")
	}
	c.away = nil
	pass(t, r)
	if diff := cmp.Diff(named(made, want), named(made, c.signals())); diff != "" {
		t.Errorf("signalled after Temporal was away (-want +got):\n%s", diff)
	}
	r.claimed = time.Time{}
	if err := r.checkPair(t.Context()); err != nil || r.checkPair(t.Context()) != nil || c.claimed != 1 {
		t.Errorf("the claim was checked %d times, %v; want once", c.claimed, err)
	}
	r.claimed, c.away = time.Time{}, flowhq.Errorf(flowhq.Conflict,
		"this namespace is another installation's")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := r.run(ctx); flowhq.ErrorCode(err) != flowhq.Conflict {
		t.Errorf("run at another installation's Temporal = %v; want it to end with a Conflict", err)
	}
}

// TestOneThatRefusesHoldsUpNoOther: tenants whose workflows take no signal are left alone
// for a while, and the others have their turn.
func TestOneThatRefusesHoldsUpNoOther(t *testing.T) {
	s, c := testdb.OpenStore(t, testdb.New(t)), &temporal{refuses: map[flowhq.TenantID]bool{}}
	var ids []flowhq.TenantID
	const tenants = 3 * mostErrors
	for range tenants {
		id := testdb.NewTenant(t, s)
		if _, _, err := s.Command(t.Context(), id,
			store.NewCommand{Command: flowhq.Start, Key: "k", Actor: "test"}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids[:mostErrors] { // those that come first
		c.refuses[id] = true
	}
	r := reconcilerOf(s, c, "a")
	await(t, func() bool {
		found, err := s.Unsettled(t.Context(), every, maxUnsettled)
		return err == nil && len(found) == tenants
	})
	signalled := map[flowhq.TenantID]bool{}
	await(t, func() bool {
		_ = r.reconcile(t.Context()) // fails for those that refuse
		for _, id := range c.signals() {
			signalled[id] = true
		}
		return len(signalled) == tenants-mostErrors
	})
	for _, id := range ids[:mostErrors] {
		if p := r.known[id]; p.length <= every {
			t.Errorf("%s, which refuses, is left alone for %v", id, p.length)
		}
	}
}

// TestBulksComeBack: a bulk is begun however Temporal was when it was asked for, and again
// if it was lost there; the rows know how far it has come, and how it ended.
func TestBulksComeBack(t *testing.T) {
	s, c := testdb.OpenStore(t, testdb.New(t)), &temporal{bulks: map[string]flowhq.Bulk{}}
	r := reconcilerOf(s, c, "a")
	const id, dropped = "00000000-0000-4000-8000-0000000000b1", "00000000-0000-4000-8000-0000000000b2"
	tenants := []flowhq.TenantID{testdb.NewTenant(t, s), testdb.NewTenant(t, s)}
	for _, id := range []string{id, dropped} {
		b := flowhq.Bulk{ID: id, Command: flowhq.Stop, Actor: "admin", PerSecond: 1}
		if _, err := s.BeginBulk(t.Context(), id, nil, b, tenants); err != nil {
			t.Fatal(err)
		}
	}
	cancelled, err := s.CancelBulk(t.Context(), dropped)
	if err != nil || cancelled.State != flowhq.BulkRunning {
		t.Fatal(cancelled, err)
	}
	saved := func() flowhq.Bulk {
		t.Helper()
		b, err := s.Bulk(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for range 2 { // the second time, it was lost with Temporal
		c.bulks = map[string]flowhq.Bulk{}
		pass(t, r)
		b, began := c.bulks[id]
		if !began || b.Matched != 2 || b.Sent != 0 || b.Command != flowhq.Stop ||
			b.StartedAt.IsZero() || len(c.bulks) > 1 {
			t.Fatalf("Temporal runs %+v; want the bulk that was not cancelled", c.bulks)
		}
		b.Sent = 1
		c.bulks[id] = b
		pass(t, r)
		if got := saved(); got.Sent != 1 || got.State != flowhq.BulkRunning {
			t.Errorf("the rows say %+v; want one sent", got)
		}
	}
	ended := time.Now().UTC().Truncate(time.Microsecond)
	b := c.bulks[id]
	b.Sent, b.State, b.EndedAt = 2, flowhq.BulkDone, &ended
	c.bulks[id] = b
	pass(t, r)
	delete(c.bulks, id) // forgotten by Temporal, as it does in time
	pass(t, r)
	if got := saved(); got.State != flowhq.BulkDone || got.Sent != 2 || !got.EndedAt.Equal(ended) ||
		len(c.bulks) > 0 {
		t.Errorf("at the end the rows say %+v, Temporal runs %v", got, c.bulks)
	}
	if got, err := s.Bulk(t.Context(), dropped); err != nil || got.State != flowhq.BulkCancelled ||
		got.EndedAt == nil {
		t.Errorf("the cancelled one: %+v, %v", got, err)
	}
}

func pass(t *testing.T, r *reconciler) {
	t.Helper()
	if err := r.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, so func() bool) {
	t.Helper()
	const patience, pause = 20 * time.Second, 5 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !so(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v", patience)
		}
	}
}

// named are the names of tenants.
func named(made map[string]flowhq.TenantID, ids []flowhq.TenantID) (names []string) {
	for name, id := range made {
		if slices.Contains(ids, id) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// A tenant that stays unsettled is left alone for longer each time, up to a limit.
func TestPatienceGrows(t *testing.T) {
	p := &patience{length: time.Second}
	for _, want := range []time.Duration{2, 4, 8, 10, 10} {
		if p.grow(10 * time.Second); p.length != want*time.Second {
			t.Errorf("the next pause is %v; want %v", p.length, want*time.Second)
		}
	}
}

// TestFollowUpsAreSignalled: the workflow of a new booking's follow-ups is signalled, once in a
// while, and one that could not be signalled is signalled later.
func TestFollowUpsAreSignalled(t *testing.T) {
	s, c := testdb.OpenStore(t, testdb.New(t)),
		&temporal{away: serviceerror.NewUnavailable("Temporal is away")}
	id := testdb.NewTenant(t, s)
	epoch, err := s.Claim(t.Context(), id, "host")
	if err != nil {
		t.Fatal(err)
	}
	m := store.Inbound{LID: "1@lid", WAID: "1", Kind: flowhq.KindText, Text: "yes", SentAt: time.Now()}
	r, err := s.Receive(t.Context(), id, epoch, m)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Answer(t.Context(), id, epoch, r.ID, store.Outcome{
		Status: flowhq.Answered,
		Facts: []flowhq.FactChange{{Booking: &flowhq.Booking{
			Number: "K1", Service: "cut", Minutes: 30, StartsAt: time.Now().Add(5 * time.Hour),
			Status: flowhq.BookingConfirmed,
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rec := reconcilerOf(s, c, "a")
	// What has just changed is left alone for a moment, so the first calls find nothing.
	await(t, func() bool { return rec.followUps(t.Context()) != nil }) // Temporal is away
	c.away = nil
	if err := rec.followUps(t.Context()); err != nil || len(c.followed) > 0 {
		t.Errorf("signalled %v, %v; want nothing for a minute", c.followed, err)
	}
	all, _, err := s.FollowUps(t.Context(), id, store.FactFilter{})
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := s.PlanFollowUp(t.Context(), id, all[0].ID, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := rec.followUps(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []store.DueFollowUp{{Tenant: id, About: flowhq.AboutBooking, Number: "K1"}}
	if diff := cmp.Diff(want, c.followed); diff != "" {
		t.Errorf("signalled (-want +got):\n%s", diff)
	}
}
