package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// finished and unfinished are all that a message can be.
var (
	finished = []string{"ANSWERED", "SUPPRESSED", "OVERFLOWED", "EXPIRED", "IGNORED",
		"UNDECRYPTABLE", "SENT", "DELIVERED", "READ", "FAILED"}
	unfinished = []string{"RECEIVED", "PENDING", "UNKNOWN"}
)

// keep sets the tenant's retention.
func (b *bench) keep(t testing.TB, tenant flowhq.TenantID, days int) {
	t.Helper()
	must(b.UpdateTenant(t.Context(), tenant, flowhq.TenantChange{RetentionDays: flowhq.Some(days)},
		"admin"))(t)
}

// old adds count messages of a status that came days ago.
func (b *bench) old(t testing.TB, tenant flowhq.TenantID, status string, days, count int) {
	t.Helper()
	direction, kind := "OUT", "REPLY"
	if slices.Contains([]string{"RECEIVED", "ANSWERED", "SUPPRESSED", "OVERFLOWED", "EXPIRED",
		"IGNORED", "UNDECRYPTABLE"}, status) {
		direction, kind = "IN", "TEXT"
	}
	b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, created_at)
		select $1, $2, 0, '41@lid', $3, 'x', concat_ws('-', $4::text, $5::int, n), $4, now() - make_interval(days => $5)
		from generate_series(1, $6) n`, tenant, direction, kind, status, days, count)
}

// statuses counts the tenant's messages as "status days ago".
func (b *bench) statuses(t testing.TB, tenant flowhq.TenantID) map[string]int {
	t.Helper()
	rows, _ := b.raw.Query(t.Context(), `
		select status || ' ' || extract(day from now() - created_at), count(*)::int
		from flowhq.message_logs where tenant_id = $1 group by 1`, tenant)
	counts := map[string]int{}
	var what string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&what, &n}, func() error { counts[what] = n; return nil })
	ok(t, err)
	return counts
}

// pruneMessages goes through all pages and returns how many there were.
func (b *bench) pruneMessages(t testing.TB, tenant flowhq.TenantID) (deleted int64, pages int) {
	t.Helper()
	for after := int64(0); ; pages++ {
		n, next, err := b.PruneMessages(t.Context(), tenant, after)
		ok(t, err)
		if n > store.PruneBatch || next != 0 && next <= after {
			t.Fatalf("PruneMessages after %d = %d, %d; want at most %d and a later page", after, n,
				next, store.PruneBatch)
		}
		deleted += n
		if after = next; next == 0 {
			return deleted, pages + 1
		}
	}
}

func TestPruneMessages(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, other := b.tenant(t), b.tenant(t)
	b.keep(t, tenant, 40)
	want := map[string]int{}
	for _, status := range slices.Concat(finished, unfinished) {
		for _, days := range []int{41, 39} {
			b.old(t, tenant, status, days, 2)
			b.old(t, other, status, days, 2)
			if days == 39 || slices.Contains(unfinished, status) {
				want[fmt.Sprint(status, " ", days)] = 2
			}
		}
	}
	kept := dump(t, b, other)
	if deleted, _ := b.pruneMessages(t, tenant); deleted != int64(2*len(finished)) {
		t.Errorf("deleted %d messages; want %d", deleted, 2*len(finished))
	}
	if diff := cmp.Diff(want, b.statuses(t, tenant)); diff != "" {
		t.Errorf("messages after pruning (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(kept, dump(t, b, other)); diff != "" {
		t.Errorf("the other tenant's rows (-want +got):\n%s", diff)
	}
	if deleted, _ := b.pruneMessages(t, tenant); deleted != 0 {
		t.Errorf("the second time deleted %d messages; want 0", deleted)
	}
}

// A tenant that chose nothing follows the installation, and no mistake in its
// setting deletes what the product promises to keep.
func TestRetentionByDefault(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	for _, days := range []int{366, 364, 51, 49, 31, 29} {
		b.old(t, tenant, "READ", days, 1)
	}
	for _, tt := range []struct{ days, want int }{{365, 5}, {50, 3}, {0, 1}, {-1000, 1}} {
		b.Defaults.RetentionDays = tt.days
		b.pruneMessages(t, tenant)
		if left := b.statuses(t, tenant); len(left) != tt.want {
			t.Errorf("with a default of %d days %v is left; want %d of them", tt.days, left, tt.want)
		}
	}
}

// Pages go on past unfinished messages, and stop soon after the last old one.
func TestPruneMessagesPageByPage(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	b.old(t, tenant, "PENDING", 400, store.PruneBatch+10)
	b.old(t, tenant, "SENT", 400, 2*store.PruneBatch)
	b.old(t, tenant, "SENT", 10, 3*store.PruneBatch)
	deleted, pages := b.pruneMessages(t, tenant)
	if deleted != 2*store.PruneBatch || pages != 5 {
		t.Errorf("deleted %d messages in %d pages; want %d in 5", deleted, pages, 2*store.PruneBatch)
	}
	want := map[string]int{"PENDING 400": store.PruneBatch + 10, "SENT 10": 3 * store.PruneBatch}
	if diff := cmp.Diff(want, b.statuses(t, tenant)); diff != "" {
		t.Errorf("messages after pruning (-want +got):\n%s", diff)
	}
}

// What a host holds this moment is left for the next day, not waited for.
func TestPruneWaitsForNobody(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	b.old(t, tenant, "SENT", 400, 3)
	b.exec(t, `with contacts as (insert into flowhq.contacts (tenant_id, lid) values ($1, 'a'), ($1, 'b') returning tenant_id, id)
		insert into flowhq.conversations (tenant_id, contact_id, state, updated_at)
		select tenant_id, id, '{}', '2020-01-01Z' from contacts`, tenant)
	tx := must(connect(t, b.url).Begin(t.Context()))(t)
	for _, hold := range []string{
		`update flowhq.message_logs set status = 'READ' where tenant_id = $1 and wa_message_id = 'SENT-400-2'`,
		`update flowhq.conversations set updated_at = now() where tenant_id = $1 and contact_id = (select min(contact_id) from flowhq.conversations)`,
	} {
		if _, err := tx.Exec(t.Context(), hold, tenant); err != nil {
			t.Fatal(err)
		}
	}
	if deleted, _ := b.pruneMessages(t, tenant); deleted != 2 {
		t.Errorf("deleted %d messages; want the 2 that nobody holds", deleted)
	}
	if deleted, _, err := b.PruneConversations(t.Context(), tenant, 0); err != nil || deleted != 1 {
		t.Errorf("PruneConversations = %d, %v; want the 1 that nobody holds", deleted, err)
	}
	ok(t, tx.Commit(t.Context()))
	if deleted, _ := b.pruneMessages(t, tenant); deleted != 1 {
		t.Errorf("the next day deleted %d messages; want 1", deleted)
	}
}

func TestPruneConversations(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, other := b.tenant(t), b.tenant(t)
	b.keep(t, tenant, 40)
	const perAge = store.PruneBatch
	for _, id := range []flowhq.TenantID{tenant, other} {
		b.exec(t, `insert into flowhq.contacts (tenant_id, lid) select $1, n || '@lid' from generate_series(1, $2 * 2) n`, id, perAge)
		b.exec(t, `insert into flowhq.conversations (tenant_id, contact_id, state, updated_at)
			select $1, (select id from flowhq.contacts where tenant_id = $1 and lid = n || '@lid'), json_build_object('days', days), now() - make_interval(days => days)
			from generate_series(1, $2 * 2) n, lateral (values (case when n % 2 = 0 then 41 else 39 end)) as ages (days)`, id, perAge)
	}
	kept := dump(t, b, other)
	var deleted int64
	pages := 0
	for after, more := int64(0), true; more; pages++ {
		n, next, err := b.PruneConversations(t.Context(), tenant, after)
		ok(t, err)
		deleted += n
		after, more = next, next != 0
	}
	if deleted != perAge || pages != 3 {
		t.Errorf("deleted %d conversations in %d pages; want %d in 3", deleted, pages, perAge)
	}
	left := scalar[string](t, b, `select string_agg(distinct state->>'days', ' ') || ' ' || count(*)
		from flowhq.conversations where tenant_id = $1`, tenant)
	if want := fmt.Sprint("39 ", perAge); left != want {
		t.Errorf("conversations by age: %s; want %s", left, want)
	}
	if diff := cmp.Diff(kept, dump(t, b, other)); diff != "" {
		t.Errorf("the other tenant's rows (-want +got):\n%s", diff)
	}
}

func TestPruneEvents(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, other := b.tenant(t), b.tenant(t)
	b.keep(t, tenant, 40) // and with it an event of today
	for _, id := range []flowhq.TenantID{tenant, other} {
		b.exec(t, `insert into flowhq.portal_event_logs (tenant_id, event_type, actor, created_at)
			select $1, 'NOTED', days::text, now() - make_interval(days => days)
			from generate_series(1, $2 + 1), (values (41), (39)) as ages (days)`, id, store.PruneBatch/2)
	}
	kept := dump(t, b, other)
	var deleted int64
	for after, more := int64(0), true; more; {
		n, next, err := b.PruneEvents(t.Context(), tenant, after)
		ok(t, err)
		deleted += n
		after, more = next, next != 0
	}
	if want := int64(store.PruneBatch/2 + 1); deleted != want {
		t.Errorf("deleted %d events; want %d", deleted, want)
	}
	left := scalar[string](t, b, `select string_agg(distinct actor, ' ' order by actor) from flowhq.portal_event_logs where tenant_id = $1`, tenant)
	if left != "39 admin" {
		t.Errorf("events are left of: %s; want 39 admin", left)
	}
	if diff := cmp.Diff(kept, dump(t, b, other)); diff != "" {
		t.Errorf("the other tenant's rows (-want +got):\n%s", diff)
	}
}

// TestPruneErased: an erased tenant is forgotten after the default retention, and
// nothing of a tenant that is there, which has its own turn.
func TestPruneErased(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.Defaults.RetentionDays = 60
	there := b.tenant(t)
	b.command(t, there, flowhq.Delete, "d")
	age := func(id flowhq.TenantID, days int) {
		b.exec(t, `update flowhq.commands set applied_at = now() - make_interval(days => $2) where tenant_id = $1`, id, days)
		b.exec(t, `update flowhq.portal_event_logs set created_at = now() - make_interval(days => $2) where tenant_id = $1`, id, days)
	}
	age(there, 400)
	remembered := map[flowhq.TenantID]bool{}
	for _, days := range []int{61, 400, 59, 0} {
		id := b.tenant(t)
		b.command(t, id, flowhq.Delete, "d")
		ok(t, b.Erase(t.Context(), id, "admin"))
		age(id, days)
		remembered[id] = days < 60
	}
	if deleted, err := b.PruneErased(t.Context()); err != nil || deleted != 2 {
		t.Errorf("PruneErased = %d, %v; want 2", deleted, err)
	}
	if deleted, err := b.PruneDeletions(t.Context()); err != nil || deleted != 2 {
		t.Errorf("PruneDeletions = %d, %v; want 2", deleted, err)
	}
	got := map[flowhq.TenantID]bool{}
	for id := range remembered {
		_, err := b.Deletion(t.Context(), id)
		got[id] = err == nil
	}
	if diff := cmp.Diff(remembered, got); diff != "" {
		t.Errorf("remembered (-want +got):\n%s", diff)
	}
	must(b.Deletion(t.Context(), there))(t)
	wantEvents(t, b, there, "DELETE_REQUESTED admin request d", "TENANT_CREATED admin ")
}

// TestPruneCommands: one that nobody has applied is kept, however old it is.
func TestPruneCommands(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	for i, days := range []int{400, 366, 364, 0, 400} {
		c := b.command(t, tenant, flowhq.Start, fmt.Sprint(i))
		if i < 4 {
			ok(t, b.RecordOutcomes(t.Context(), tenant, []store.CommandOutcome{{ID: c.ID}}))
		}
		b.exec(t, `update flowhq.commands set asked_at = now() - make_interval(days => $2) where id = $1`, c.ID, days)
	}
	deleted, next, err := b.PruneCommands(t.Context(), tenant, 0)
	if deleted != 2 || next != 0 || err != nil {
		t.Errorf("PruneCommands = %d, %d, %v; want 2, 0, nil", deleted, next, err)
	}
	left, _, err := b.TenantCommands(t.Context(), tenant, 0, 0)
	if err != nil || len(left) != 3 {
		t.Errorf("%d commands are left, %v; want 3", len(left), err)
	}
}

func TestTenantIDs(t *testing.T) {
	t.Parallel()
	b := open(t)
	made := map[flowhq.TenantID]bool{}
	for range 5 {
		made[b.tenant(t)] = true
	}
	want := slices.Sorted(maps.Keys(made))
	var got []flowhq.TenantID
	for after := flowhq.TenantID(""); ; after = got[len(got)-1] {
		page := must(b.TenantIDs(t.Context(), after, 2))(t)
		if got = append(got, page...); len(page) < 2 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("TenantIDs page by page (-want +got):\n%s", diff)
	}
	_, err := b.TenantIDs(t.Context(), "no uuid", 2)
	wantCode(t, "TenantIDs after what is no id", err, flowhq.NotFound)
}

// TestRetentionIsBounded: what the API refuses, the database refuses too.
func TestRetentionIsBounded(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	for _, days := range []int{-1, 0, 29, 3651} {
		if _, err := b.UpdateTenant(t.Context(), tenant,
			flowhq.TenantChange{RetentionDays: flowhq.Some(days)}, "admin"); err == nil {
			t.Errorf("UpdateTenant accepts a retention of %d days", days)
		}
	}
	for _, days := range []int{30, 3650} {
		b.keep(t, tenant, days)
	}
}

// TestPruneFleetEvents: they have no tenant, and so the default retention.
func TestPruneFleetEvents(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.Defaults.RetentionDays = 60
	b.exec(t, `insert into flowhq.fleet_events (event_type, actor, reason, created_at)
		select 'NOTED', 'x', days, now() - make_interval(days => days)
		from generate_series(1, $1), (values (61), (59)) as ages (days)`, store.PruneBatch+1)
	for _, want := range []int64{store.PruneBatch, 1, 0} {
		if deleted := must(b.PruneFleetEvents(t.Context()))(t); deleted != want {
			t.Errorf("PruneFleetEvents = %d; want %d", deleted, want)
		}
	}
	left := scalar[string](t, b, `select string_agg(distinct reason, ' ') || ' ' || count(*) from flowhq.fleet_events`)
	if want := fmt.Sprint("59 ", store.PruneBatch+1); left != want {
		t.Errorf("events by age: %s; want %s", left, want)
	}
}
