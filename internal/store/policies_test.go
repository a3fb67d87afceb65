package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/jackc/pgx/v5"
)

// A guarded is a table whose rows belong to tenants.
type guarded struct {
	Name string
	Key  string // condition on a row of tenant $1
}

// guardedTables come from the catalogue, so that a table that is added later cannot escape.
func guardedTables(t *testing.T, conn *pgx.Conn) (all []guarded) {
	t.Helper()
	const q = `
		select c.relname::text, case
			when bool_or(a.attname = 'tenant_id') then 'tenant_id = $1'
			when c.relname = 'tenants' then 'id = $1'
			when bool_or(a.attname = 'account_id') then
				'account_id in (select id from flowhq.accounts where tenant_id = $1)'
			else '' end
		from pg_class c join pg_attribute a on a.attrelid = c.oid
		where c.relnamespace = 'flowhq'::regnamespace and c.relkind in ('r', 'p')
		group by c.relname order by 1`
	rows, _ := conn.Query(t.Context(), q)
	tables := must(pgx.CollectRows(rows, pgx.RowToStructByPos[guarded]))(t)
	for _, table := range tables {
		if table.Key != "" {
			all = append(all, table)
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d tables have a tenant", len(all))
	}
	return all
}

// fill sees to it that each table has a row of the tenant: what newGuest does not write is copied
// from the defaults of the table.
func fill(t *testing.T, b *bench, g guest) {
	t.Helper()
	b.exec(t, `insert into flowhq.setup_requests (tenant_id, id, key, business_name, template_type, whatsapp_number, language, submitted_by)
		values ($1, gen_random_uuid(), 'key', 'x', 'BOOKING', '+255700000001', 'EN', 'user')`, g.tenant)
	b.exec(t, `insert into flowhq.message_counts values ($1, current_date, 1)`, g.tenant)
	b.exec(t, `insert into flowhq.erasures (tenant_id, contact_id, addresses) values ($1, 4711, '{}')`, g.tenant)
	b.exec(t, `insert into flowhq.sign_ins (account_id, token_hash, address, expires_at) values ($1, $2, '', now() + interval '1 hour')`, g.account, []byte(g.account))
}

// asTenant returns a connection in the role of tenants' people, of this tenant; "": of none.
func asTenant(t *testing.T, b *bench, tenant flowhq.TenantID) *pgx.Conn {
	t.Helper()
	conn := connect(t, devdb.As(store.RoleTenant, b.url))
	if tenant != "" {
		must(conn.Exec(t.Context(), `select set_config('flowhq.tenant', $1, false)`, string(tenant)))(t)
	}
	return conn
}

// affected runs a statement, undoes it, and returns of how many rows it was.
func affected(t *testing.T, conn *pgx.Conn, sql string, args ...any) (n int64, err error) {
	t.Helper()
	tx := must(conn.Begin(t.Context()))(t)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	tag, err := tx.Exec(t.Context(), sql, args...)
	return tag.RowsAffected(), err
}

// TestRowsOfOtherTenants asks for each table with rows of two tenants as one of them.
func TestRowsOfOtherTenants(t *testing.T) {
	t.Parallel()
	b := open(t)
	own, other := newGuest(t, b), newGuest(t, b)
	fill(t, b, own)
	fill(t, b, other)
	asOwn, asNobody := asTenant(t, b, own.tenant), asTenant(t, b, "")
	for _, table := range guardedTables(t, b.raw) {
		count := func(of flowhq.TenantID) int64 {
			return scalar[int64](t, b, "select count(*) from flowhq."+table.Name+" where "+table.Key, of)
		}
		mine := count(own.tenant)
		if mine == 0 || count(other.tenant) == 0 {
			t.Errorf("%s: the test has no row of both tenants: write one in fill", table.Name)
			continue
		}
		column := scalar[string](t, b, `select attname::text from pg_attribute
			where attrelid = $1::regclass and attnum > 0 and attidentity = '' and not attisdropped order by attnum limit 1`, "flowhq."+table.Name)
		for sql, want := range map[string]int64{
			"select * from flowhq.%s":                         mine,
			"select * from flowhq.%s for update":              mine,
			"delete from flowhq.%s":                           mine,
			"update flowhq.%s set " + column + " = " + column: mine,
		} {
			sql = fmt.Sprintf(sql, table.Name)
			if table.Name == "tenants" && strings.HasPrefix(sql, "delete") {
				// The rows of other tables go with the tenant; a guest's all do.
				want = 1
			}
			if n, err := affected(t, asOwn, sql); err != nil || n != want {
				t.Errorf("%s as one of two tenants: %d rows, %v; want %d", sql, n, err, want)
			}
			if n, err := affected(t, asNobody, sql); err != nil || n != 0 {
				t.Errorf("%s without a tenant: %d rows, %v; want none", sql, n, err)
			}
		}
		refuseInsert(t, b, asOwn, table, other.tenant)
		refuseInsert(t, b, asNobody, table, own.tenant)
	}
}

// refuseInsert inserts a copy of a row of a tenant, which the policy has to refuse. It is looked at
// before any key is.
func refuseInsert(t *testing.T, b *bench, conn *pgx.Conn, table guarded, of flowhq.TenantID) {
	t.Helper()
	columns := scalar[string](t, b, `select string_agg(quote_ident(attname), ', ') from pg_attribute
		where attrelid = $1::regclass and attnum > 0 and attgenerated = '' and not attisdropped`, "flowhq."+table.Name)
	row := scalar[string](t, b, "select to_json(x)::text from flowhq."+table.Name+" x where "+
		table.Key+" limit 1", of)
	_, err := affected(t, conn, fmt.Sprintf(`insert into flowhq.%[1]s (%[2]s) overriding system value
		select %[2]s from json_populate_record(null::flowhq.%[1]s, $1)`, table.Name, columns), row)
	if err == nil || !strings.Contains(err.Error(), "row-level security") {
		t.Errorf("%s takes a row of another tenant: %v", table.Name, err)
	}
}

// TestTenantsRoleHasNothingElse looks at the rights on tables that have no tenant.
func TestTenantsRoleHasNothingElse(t *testing.T) {
	t.Parallel()
	b := open(t)
	const q = `
		select format('%s.%s', n.nspname, c.relname), c.relrowsecurity,
			array(select p from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
				where has_table_privilege('flowhq_tenant', c.oid, p))
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('flowhq', 'wa') and c.relkind in ('r', 'p', 'v', 'm')`
	type right struct {
		Table   string
		Guarded bool
		Rights  []string
	}
	var guardedNames []string
	for _, table := range guardedTables(t, b.raw) {
		guardedNames = append(guardedNames, "flowhq."+table.Name)
	}
	rows, _ := b.raw.Query(t.Context(), q)
	for _, r := range must(pgx.CollectRows(rows, pgx.RowToStructByPos[right]))(t) {
		var want []string
		switch {
		case slices.Contains(guardedNames, r.Table):
			want = []string{"select", "insert", "update", "delete"}
		case r.Table == "flowhq.fleet_events": // under a policy that lets no row pass
			want = []string{"insert"}
		}
		if !slices.Equal(r.Rights, want) || r.Guarded != (want != nil) {
			t.Errorf("%s may %v on %s, guarded: %v; want %v", store.RoleTenant, r.Rights, r.Table,
				r.Guarded, want)
		}
	}
}

// TestPrincipalsTenant gives the store a principal that is bound to one tenant, and asks for
// another, in turns, so that connections change their tenant.
func TestPrincipalsTenant(t *testing.T) {
	t.Parallel()
	b := open(t)
	api := testdb.OpenStoreAs(t, store.RoleAPI, b.url)
	if !api.GuardsTenants() {
		t.Fatal("row-level security does not guard")
	}
	all := []flowhq.TenantID{b.tenant(t), b.tenant(t), b.tenant(t)}
	as := func(tenant flowhq.TenantID) context.Context {
		return flowhq.WithPrincipal(t.Context(), flowhq.Principal{Kind: flowhq.PrincipalUser, Tenant: tenant})
	}
	for range 3 {
		for _, own := range all {
			for _, asked := range all {
				_, err := api.Tenant(as(own), asked)
				if want := own == asked; (err == nil) != want {
					t.Errorf("as %s, Tenant(%s): %v; found: %v", own, asked, err, want)
				}
				if _, err := api.Tenant(as(""), asked); err != nil {
					t.Errorf("as an operator: %v", err)
				}
			}
			if page, _, err := api.Tenants(as(own), store.TenantFilter{}); err != nil ||
				len(page) != 1 || page[0].ID != own {
				t.Errorf("as %s, a statement that forgot the tenant: %d tenants, %v; want its own",
					own, len(page), err)
			}
		}
	}
}

// TestRoles has each role try what is not its business.
func TestRoles(t *testing.T) {
	t.Parallel()
	url := testdb.New(t, wa)
	for role, forbidden := range map[string][]string{
		store.RoleAPI: {
			"select from wa.whatsmeow_version", "create table flowhq.x ()", "create table wa.x ()",
			"create table public.x ()", "drop table flowhq.tenants", "truncate flowhq.tenants",
			"alter table flowhq.tenants disable row level security", "create schema x", "create role x",
			"update flowhq.schema_migrations set version = 1", "alter table flowhq.tenants add column x text",
		},
		store.RoleWorker: {
			"select from flowhq.accounts", "select from flowhq.api_keys", "select from flowhq.sign_ins",
			"select from flowhq.account_links", "select from flowhq.lockouts",
			"create table flowhq.x ()", "create table wa.x ()", "drop table wa.whatsmeow_version",
			"truncate flowhq.tenants", "set role flowhq_tenant", "set role flowhq_api", "create schema x",
			"update flowhq.schema_migrations set version = 1",
		},
		store.RoleTenant: {
			"select from wa.whatsmeow_version", "select from flowhq.fleet", "select from flowhq.fleet_events",
			"select from flowhq.workers", "select from flowhq.bulks", "create table flowhq.x ()",
			"insert into flowhq.fleet_events (event_type, actor, reason) values ('x', '', '')",
		},
	} {
		conn := connect(t, devdb.As(role, url))
		// A superuser that took the role could take any other.
		_, err := conn.Exec(t.Context(), "set session authorization "+role)
		ok(t, err)
		for _, sql := range forbidden {
			if _, err := affected(t, conn, sql); err == nil {
				t.Errorf("%s may: %s", role, sql)
			}
		}
	}
	worker := connect(t, devdb.As(store.RoleWorker, url))
	must(affected(t, worker, "insert into wa.whatsmeow_version values (1)"))(t)
}

// TestOneRole is an installation whose administrator has created no roles: one owns everything.
func TestOneRole(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	conn := connect(t, url)
	const owner = "flowhq_test_owner"
	_, err := conn.Exec(t.Context(), "do $$ begin create role "+owner+
		"; exception when duplicate_object or unique_violation then null; end $$")
	ok(t, err)
	_, err = conn.Exec(t.Context(), fmt.Sprintf("grant create on database %s to %s",
		conn.Config().Database, owner))
	ok(t, err)
	mine := devdb.As(owner, url)
	if may, err := store.MayMigrate(t.Context(), mine); err != nil || !may {
		t.Fatalf("MayMigrate = %v, %v; want true", may, err)
	}
	ok(t, store.Migrate(t.Context(), mine, store.Migration{WA: wa}, silent))
	if may, err := store.MayMigrate(t.Context(), devdb.As(store.RoleWorker, url)); err != nil || may {
		t.Errorf("MayMigrate of a worker = %v, %v; want false", may, err)
	}
	s := must(store.Open(t.Context(), mine, silent))(t)
	defer s.Close()
	if s.GuardsTenants() {
		t.Error("a user that is no member of the tenants' role guards tenants")
	}
	tenant := must(s.CreateTenant(t.Context(), barber(), "admin"))(t)
	ctx := flowhq.WithPrincipal(t.Context(), flowhq.Principal{Kind: flowhq.PrincipalUser, Tenant: tenant.ID})
	if _, err := s.Tenant(ctx, tenant.ID); err != nil {
		t.Error(err)
	}
}

func TestRolesSQLQuotesTheOwner(t *testing.T) {
	t.Parallel()
	if sql := store.RolesSQL(`a"b; drop`); !strings.Contains(sql, `to "a""b; drop";`) {
		t.Error(sql)
	}
}
