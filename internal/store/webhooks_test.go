package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// TestNoWakeUpIsMissed: an event whose transaction is at its commit while a webhook begins to be
// told of its kind is either from before, or makes the webhook due.
func TestNoWakeUpIsMissed(t *testing.T) {
	t.Parallel()
	b := open(t)
	off, on := false, true
	change := func(id string, tenant flowhq.TenantID, c store.WebhookChange) error {
		return last(b.ChangeWebhook(t.Context(), tenant, id, c, "admin"))
	}
	for name, begin := range map[string]struct {
		before, then func(tenant flowhq.TenantID, id string) error
	}{
		"made": {nil, func(tenant flowhq.TenantID, _ string) error {
			return last(b.AddWebhook(t.Context(), tenant, aWebhook, "admin"))
		}},
		"enabled": {func(tenant flowhq.TenantID, id string) error {
			return change(id, tenant, store.WebhookChange{Enabled: &off})
		}, func(tenant flowhq.TenantID, id string) error {
			return change(id, tenant, store.WebhookChange{Enabled: &on})
		}},
		"other types": {func(tenant flowhq.TenantID, id string) error {
			return change(id, tenant,
				store.WebhookChange{Types: []flowhq.EventType{flowhq.EventHandedOver}})
		}, func(tenant flowhq.TenantID, id string) error {
			return change(id, tenant, store.WebhookChange{Types: aWebhook.Types})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tenant := b.tenant(t)
			id := ""
			if begin.before != nil {
				id = must(b.AddWebhook(t.Context(), tenant, aWebhook, "admin"))(t).ID
				ok(t, begin.before(tenant, id))
			}
			tx := must(connect(t, b.url).Begin(t.Context()))(t)
			for _, q := range []string{
				`insert into flowhq.message_logs (
					tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
				values ('` + string(tenant) + `', 'IN', 1, 'c', 'TEXT', 'x', 'x', 'RECEIVED')`,
				`set constraints all immediate`, // as at the commit
			} {
				last(tx.Exec(t.Context(), q))
			}
			done := make(chan error, 1)
			go func() { done <- begin.then(tenant, id) }()
			eventually(t, "the other transaction", func() bool {
				return len(done) > 0 || b.waiters(t) > 0
			})
			ok(t, tx.Commit(t.Context()))
			ok(t, <-done)
			missed := scalar[int](t, b, `
				select count(*) from flowhq.webhook_cursors c
				join flowhq.webhooks w on w.tenant_id = c.tenant_id and w.id = c.webhook_id
				join flowhq.feed f on f.tenant_id = c.tenant_id and f.id > c.position
					and f.event_type = any(w.event_types)
				where c.tenant_id = $1 and c.resting`, tenant)
			if missed > 0 {
				t.Errorf("a webhook rests while there are events for it: %d", missed)
			}
		})
	}
}

// TestOtherTypesCountFromNow: a webhook that is to be told of more is not told what has happened
// long before.
func TestOtherTypesCountFromNow(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	w := must(b.AddWebhook(t.Context(), tenant, store.NewWebhook{
		URL: aWebhook.URL, Types: []flowhq.EventType{flowhq.EventHandedOver}, Secret: aWebhook.Secret,
	}, "admin"))(t)
	b.receive(t, tenant, epoch, "before")
	must(b.ChangeWebhook(t.Context(), tenant, w.ID,
		store.WebhookChange{Types: aWebhook.Types}, "admin"))(t)
	b.receive(t, tenant, epoch, "after")
	if r := must(b.ReadForWebhook(t.Context(), tenant, w.ID, time.Minute))(t); r.Added != 1 {
		t.Errorf("%d events are to be delivered; want the one of after the change", r.Added)
	}
}

// TestReplayReadsFewRows: a replay by the ids of events does not look through the feed for a time.
func TestReplayReadsFewRows(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const history = 20_000
	b.exec(t, `insert into flowhq.feed (tenant_id, event_type, contact_id, data)
		select $1, 'MESSAGE_RECEIVED', 1, '{}' from generate_series(1, $2::integer)`, tenant, history)
	b.exec(t, `analyze flowhq.feed`)
	s := testdb.OpenStore(t, b.url)
	w := must(s.AddWebhook(t.Context(), tenant, aWebhook, "admin"))(t)
	const table = `relname = 'feed'`
	s.Close()
	s = testdb.OpenStore(t, b.url)
	before := b.rowsRead(t, table)
	for _, r := range []store.Replay{{From: 10, To: 20}, {From: history}, {Since: time.Now()}} {
		must(s.ReplayWebhook(t.Context(), tenant, w.ID, r, "admin"))(t)
		b.exec(t, `update flowhq.webhook_cursors set replay_to = 0`)
	}
	s.Close()
	eventually(t, "the counts", func() bool { return b.rowsRead(t, table) > before })
	if read := b.rowsRead(t, table) - before; read > 100 {
		t.Errorf("three replays read %d rows of the feed", read)
	}
}

// TestContactsAreFollowedEverywhere: whatever has the id of a contact follows when contacts become
// one. A table that is added is missing here, and in the code, until somebody decides about it;
// TestErasedContactIsNowhere is likewise about the contact who is erased.
func TestContactsAreFollowedEverywhere(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	one := must(b.Receive(t.Context(), tenant, epoch, from(aLID, "", "1")))(t).Contact
	two := must(b.Receive(t.Context(), tenant, epoch, from("", aNumber, "2")))(t).Contact
	rows, _ := b.raw.Query(t.Context(), `
		select table_name::text from information_schema.columns
		where table_schema = 'flowhq' and column_name = 'contact_id' order by table_name`)
	tables := must(pgx.CollectRows(rows, pgx.RowTo[string]))(t)
	// An erasure is of a contact that is no more, and so does not become another one.
	tables = slices.DeleteFunc(tables, func(table string) bool { return table == "erasures" })
	for _, table := range tables {
		b.aRowOf(t, table, tenant, two)
	}
	before := b.rowsOf(t, tables, tenant, two)
	for table, n := range before {
		if n == 0 {
			t.Errorf("%s has no row of the contact: write one in aRowOf", table)
		}
	}
	r := must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "3")))(t)
	if r.Contact != one || !slices.Equal(r.Merged, []int64{two}) {
		t.Fatalf("received %+v; want contact %d, which %d has become", r, one, two)
	}
	for table, n := range b.rowsOf(t, tables, tenant, two) {
		if n > 0 {
			t.Errorf("%d rows of %s are left to a contact that has become another one", n, table)
		}
	}
	if diff := cmp.Diff("", scalar[string](t, b, `
		select coalesce(string_agg(data::text, ' '), '') from flowhq.feed
		where tenant_id = $1 and data ->> 'contact_id' = $2::text`, tenant,
		fmt.Sprint(two))); diff != "" {
		t.Errorf("events that name the contact (-want +got):\n%s", diff)
	}
}

// aRowOf writes a row of a contact into a table, unless there is one.
func (b *bench) aRowOf(t *testing.T, table string, tenant flowhq.TenantID, contact int64) {
	t.Helper()
	const at = `now() + interval '1 day'`
	values := map[string]string{
		"bookings": `(tenant_id, number, contact_id, service, minutes, starts_at, ends_at, status)
			values ($1, 'B1', $2, 'cut', 30, ` + at + `, ` + at + ` + interval '1 hour', 'CONFIRMED')`,
		"orders": `(tenant_id, number, contact_id, lines, delivery, total, status)
			values ($1, 'O1', $2, '[]', '{}', 0, 'CONFIRMED')`,
		"tickets": `(tenant_id, number, contact_id, subject, status) values ($1, 'T1', $2, 'x', 'OPEN')`,
		"handovers": `(tenant_id, contact_id, reason, message_id)
			values ($1, $2, 'OPERATOR', 1)`,
		"unanswered": `(tenant_id, contact_id, message_id, text)
			values ($1, $2, 1, 'why')`,
		"follow_ups": `(tenant_id, contact_id, about, number, kind, about_at, due_at, expires_at)
			values ($1, $2, 'BOOKING', 'B1', 'DAY_BEFORE', now(), now(), now())`,
		"conversations": `(tenant_id, contact_id, state) values ($1, $2, '{}')`,
		"webhook_deliveries": `(tenant_id, webhook_id, event_id, event_type, contact_id, expires_at)
			select tenant_id, id, 1, 'MESSAGE_RECEIVED', $2, now() from flowhq.webhooks
			where tenant_id = $1`,
	}[table]
	if table == "webhook_deliveries" {
		must(b.AddWebhook(t.Context(), tenant, aWebhook, "admin"))(t)
	}
	if values != "" {
		b.exec(t, `insert into flowhq.`+table+` `+values, tenant, contact)
	}
}

// rowsOf counts the rows of a contact in tables.
func (b *bench) rowsOf(
	t *testing.T, tables []string, tenant flowhq.TenantID, contact int64,
) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range tables {
		counts[table] = scalar[int](t, b, `select count(*) from flowhq.`+table+`
			where tenant_id = $1 and contact_id = $2`, tenant, contact)
	}
	return counts
}
