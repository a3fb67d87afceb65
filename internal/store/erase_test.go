package store_test

import (
	"slices"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/jackc/pgx/v5"
)

// A tenant with more rows than one statement may delete in its time is erased all the
// same, and nobody waits for it meanwhile.
func TestEraseOfALargeTenant(t *testing.T) {
	t.Parallel()
	url := testdb.New(t)
	quick := must(store.Open(t.Context(), url+"&statement_timeout=1s", silent))(t)
	defer quick.Close()
	b := &bench{Store: quick, url: url, raw: connect(t, url)}
	tenant, epoch := b.hosted(t)
	b.receive(t, tenant, epoch, "first")
	ok(t, b.AddEvent(t.Context(), flowhq.Event{Tenant: tenant, Type: "ANY"}))
	const rows = 30_000 // of which every 20th takes a millisecond: all of them more than a second
	b.exec(t, `create function public.slow() returns trigger language plpgsql as
		$$ begin perform pg_sleep(0.001); return old; end $$`)
	for table, unique := range map[string]string{"message_logs": "wa_message_id",
		"portal_event_logs": "event_type"} {
		b.exec(t, many(t, b, table, unique), tenant, rows)
		b.exec(t, `create trigger slow before delete on flowhq.`+table+
			` for each row when (old.id % 20 = 0) execute function public.slow()`)
	}
	b.exec(t, `analyze`)
	ok(t, b.Erase(t.Context(), tenant, "admin"))
	wantEvents(t, b, tenant, "TENANT_DELETED admin ")
	for _, table := range tenantTables(t, b) {
		if n := scalar[int](t, b, `select count(*)::int from flowhq.`+table+` where tenant_id = $1`,
			tenant); n > 1 {
			t.Errorf("%s keeps %d rows", table, n)
		}
	}
}

// many is a statement that copies a row of tenant $1 $2 times.
func many(t *testing.T, b *bench, table, unique string) string {
	t.Helper()
	const q = `
		select format('insert into flowhq.%1$s (%2$s) select %3$s from flowhq.%1$s, generate_series(1, $2) n where tenant_id = $1 and id = (select max(id) from flowhq.%1$s where tenant_id = $1)',
			$1::text, string_agg(quote_ident(column_name), ', '),
			string_agg(case column_name when $2 then 'n::text' else quote_ident(column_name) end, ', '))
		from information_schema.columns where table_schema = 'flowhq' and table_name = $1 and is_identity = 'NO'
			and is_generated = 'NEVER'`
	return scalar[string](t, b, q, table, unique)
}

// A table of which a tenant may have many rows must be among those that are erased in
// batches, or the erasing of a large tenant fails.
func TestEveryLargeTableIsErasedInBatches(t *testing.T) {
	t.Parallel()
	b := open(t)
	const q = `
		select t.relname from pg_class t join pg_namespace n on n.oid = t.relnamespace
			join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id' and not a.attisdropped
			join pg_constraint p on p.conrelid = t.oid and p.contype = 'p'
		where n.nspname = 'flowhq' and t.relkind = 'r' and p.conkey <> array[a.attnum]
		order by 1`
	rows, _ := b.raw.Query(t.Context(), q)
	large := must(pgx.CollectRows(rows, pgx.RowTo[string]))(t)
	// Nobody has more than store.MaxAccounts, twice store.MaxKeys, store.MaxWebhooks and some fifty
	// setup requests, which go with the tenant's row.
	bounded := []string{"accounts", "api_keys", "setup_requests", "webhooks", "webhook_cursors"}
	for _, table := range large {
		if !slices.Contains(bounded, table) && !slices.Contains(store.Erasables(), table) {
			t.Errorf("%s is not erased in batches: add it to erasables", table)
		}
	}
	for _, table := range store.Erasables() {
		if !slices.Contains(large, table) {
			t.Errorf("%s has at most one row a tenant", table)
		}
	}
}
