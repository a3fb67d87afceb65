package activities

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// A night is one run of Prune over tenants, and a linked device, that have old rows.
type night struct {
	*testsuite.TestActivityEnvironment
	db      *sql.DB
	tenants []flowhq.TenantID // in the order of their ids
	beats   *[]progress       // of the attempt

	activities *Activities
}

// oldRows is how many old messages each of a night's tenants has: more than a page.
const oldRows = store.PruneBatch + 5

func newNight(t *testing.T, tenants int) *night {
	t.Helper()
	url := testdb.New(t, whatsapp.Upgrade)
	s := testdb.OpenStore(t, url)
	db, err := store.OpenWA(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	log := slog.New(slog.DiscardHandler)
	network, err := whatsapp.New(t.Context(), whatsapp.Options{DB: db, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	n := &night{db: db, activities: &Activities{Store: s, Network: network, Log: log}}
	n.next(t)
	for range tenants {
		n.tenants = append(n.tenants, testdb.NewTenant(t, s))
	}
	slices.Sort(n.tenants)
	n.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, created_at)
		select t.id, 'OUT', 0, 'c', 'REPLY', 'x', n, 'SENT', now() - interval '400 days' from flowhq.tenants t, generate_series(1, $1::int) n`, oldRows)
	n.exec(t, `insert into flowhq.contacts (tenant_id, lid, last_seen_at) select id, 'c', now() - interval '400 days' from flowhq.tenants`)
	n.exec(t, `insert into flowhq.conversations (tenant_id, contact_id, state, updated_at)
		select tenant_id, id, '{}', now() - interval '400 days' from flowhq.contacts`)
	n.exec(t, `update flowhq.portal_event_logs set created_at = now() - interval '400 days'`)
	n.exec(t, `insert into flowhq.portal_event_logs (tenant_id, event_type, actor, created_at)
		values (gen_random_uuid(), 'TENANT_DELETED', 'admin', now() - interval '400 days')`)
	n.exec(t, `insert into flowhq.fleet_events (event_type, actor, reason, created_at)
		select 'NOTED', 'worker', '', now() - interval '400 days' from generate_series(1, $1::int)`, oldRows)
	n.exec(t, `insert into whatsmeow_device (jid, registration_id, noise_key, identity_key, signed_pre_key, signed_pre_key_id,
			signed_pre_key_sig, adv_key, adv_details, adv_account_sig, adv_account_sig_key, adv_device_sig)
		select '1:1@s.whatsapp.net', 1, k, k, k, 1, k || k, k, k, k || k, k, k || k from sha256('') k`)
	n.exec(t, `insert into whatsmeow_event_buffer select '1:1@s.whatsapp.net', sha256(n::text::bytea), null, 0, n from generate_series(1, $1::int) n`, oldRows)
	n.exec(t, `insert into whatsmeow_app_state_version values ('1:1@s.whatsapp.net', 'regular', 3, sha512('') || sha512(''))`)
	n.exec(t, `insert into whatsmeow_app_state_mutation_macs select '1:1@s.whatsapp.net', 'regular', n, sha256(''), sha256('') from generate_series(1, 3) n`)
	return n
}

// next prepares for another attempt: an environment is good for one, as its heartbeats
// may outlive it.
func (n *night) next(t *testing.T) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(n.activities.Log))
	n.TestActivityEnvironment = suite.NewTestActivityEnvironment()
	n.RegisterActivityWithOptions(n.activities.Prune, activity.RegisterOptions{Name: PruneActivity})
	beats := new([]progress)
	n.beats = beats
	n.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var p progress
		if err := details.Get(&p); err != nil {
			t.Error(err)
		}
		*beats = append(*beats, p)
	})
}

// last is the last heartbeat of the attempt.
func (n *night) last() progress {
	if len(*n.beats) == 0 {
		return progress{}
	}
	return (*n.beats)[len(*n.beats)-1]
}

func (n *night) exec(t *testing.T, q string, args ...any) {
	t.Helper()
	if _, err := n.db.ExecContext(t.Context(), q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// left counts a tenant's messages.
func (n *night) left(t *testing.T, tenant flowhq.TenantID) (rows int) {
	t.Helper()
	if err := n.db.QueryRowContext(t.Context(),
		`select count(*) from flowhq.message_logs where tenant_id = $1`, tenant).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// run runs Prune and returns its result.
func (n *night) run(t *testing.T) (Pruned, error) {
	t.Helper()
	value, err := n.ExecuteActivity(PruneActivity)
	var got Pruned
	if err == nil {
		err = value.Get(&got)
	}
	return got, err
}

func TestPrune(t *testing.T) {
	const tenants = 3
	n := newNight(t, tenants)
	got, err := n.run(t)
	if err != nil {
		t.Fatal(err)
	}
	want := Pruned{
		Tenants: tenants, Messages: tenants * oldRows, Conversations: tenants, Contacts: tenants,
		Events: tenants + 1, FleetEvents: oldRows, Buffered: oldRows, MACs: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Prune (-want +got):\n%s", diff)
	}
	n.next(t)
	if got, err = n.run(t); err != nil || got != (Pruned{Tenants: tenants}) {
		t.Errorf("Prune again = %+v, %v; want nothing but the %d tenants", got, err, tenants)
	}
}

// What an attempt leaves behind is all that it did.
func TestPruneRemembers(t *testing.T) {
	const tenants = 3
	n := newNight(t, tenants)
	n.exec(t, `alter table whatsmeow_device rename to away`) // which is needed after the tenants
	if _, err := n.run(t); err == nil {
		t.Fatal("Prune does without a table that it needs")
	}
	want := progress{
		Tenant: n.tenants[tenants-1],
		Pruned: Pruned{Tenants: tenants, Messages: tenants * oldRows, Conversations: tenants,
			Contacts: tenants, Events: tenants + 1, FleetEvents: oldRows},
	}
	if diff := cmp.Diff(want, n.last()); diff != "" {
		t.Errorf("the last heartbeat (-want +got):\n%s", diff)
	}
}

// A new attempt goes on after the last tenant that was done, and with its count.
func TestPruneGoesOn(t *testing.T) {
	n := newNight(t, 3)
	n.SetHeartbeatDetails(progress{Tenant: n.tenants[0], Pruned: Pruned{Tenants: 1, Messages: 7}})
	got, err := n.run(t)
	if err != nil {
		t.Fatal(err)
	}
	want := Pruned{Tenants: 3, Messages: 7 + 2*oldRows, Conversations: 2, Contacts: 2,
		Events: 2 + 1, FleetEvents: oldRows, Buffered: oldRows, MACs: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Prune (-want +got):\n%s", diff)
	}
	if rows := n.left(t, n.tenants[0]); rows != oldRows {
		t.Errorf("%d messages of the first tenant are left; want all %d, as it was done", rows, oldRows)
	}
}

// A progress that it does not understand is no obstacle.
func TestPruneBeginsAgain(t *testing.T) {
	n := newNight(t, 1)
	n.SetHeartbeatDetails([]string{"of another version"})
	if got, err := n.run(t); err != nil || got.Messages != oldRows {
		t.Errorf("Prune = %+v, %v; want %d messages", got, err, oldRows)
	}
}

// A process that stops hands the rest over after the batch in hand, and another
// attempt finds where it stood.
func TestPruneDrains(t *testing.T) {
	n := newNight(t, 1)
	stop := make(chan struct{})
	n.SetWorkerStopChannel(stop)
	close(stop)
	_, err := n.run(t)
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || app.Type() != string(flowhq.EndDraining) {
		t.Fatalf("Prune in a process that stops: %v; want a hand-over", err)
	}
	if rows := n.left(t, n.tenants[0]); rows != oldRows-store.PruneBatch {
		t.Errorf("%d messages are left; want all but a batch", rows)
	}
	if got := n.last(); got.Pruned.Messages != store.PruneBatch {
		t.Errorf("the last heartbeat is %+v; want the batch in it", got)
	}
}

func TestPruneIsCancelled(t *testing.T) {
	n := newNight(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	if _, err := n.run(t); err == nil {
		t.Error("Prune succeeded though it was cancelled")
	}
	if rows := n.left(t, n.tenants[0]); rows != oldRows {
		t.Errorf("%d messages are left; want all", rows)
	}
}
