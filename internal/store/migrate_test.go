package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// wa stands for what creates whatsmeow's tables: like it, it breaks if two do so
// at once, and does nothing the second time.
func wa(ctx context.Context, db *sql.DB) error {
	var there bool
	if err := db.QueryRowContext(ctx, `select to_regclass('whatsmeow_version') is not null`).Scan(&there); err != nil || there {
		return err
	}
	_, err := db.ExecContext(ctx, `create table whatsmeow_version (version integer)`)
	return err
}

func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	const processes = 8
	var group sync.WaitGroup
	for range processes {
		group.Go(func() {
			if err := store.Migrate(t.Context(), url, store.Migration{WA: wa}, silent); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	conn := connect(t, url)
	got := tables(t, conn)
	for _, want := range []string{"flowhq.schema_migrations", "flowhq.tenants",
		"flowhq.fleet_events", "wa.whatsmeow_version"} {
		if !strings.Contains(got, want+" ") {
			t.Errorf("no table %s in: %s", want, got)
		}
	}
	if strings.Contains(got, "public.") {
		t.Errorf("tables in schema public: %s", got)
	}
	s := must(store.Open(t.Context(), url, silent))(t)
	defer s.Close()
	must(s.CreateTenant(t.Context(), barber(), "admin"))(t)
	ok(t, store.Migrate(t.Context(), url, store.Migration{WA: wa}, silent))
	if page, _, err := s.Tenants(t.Context(), store.TenantFilter{}); err != nil || len(page) != 1 {
		t.Errorf("after migrating again: %d tenants, %v; want 1", len(page), err)
	}
	eventually(t, "the locks to be released", func() bool { return lockCount(t, conn) == 0 }) // a server ends after its client
}

func lockCount(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	const q = `select count(*) from pg_locks l join pg_database d on d.oid = l.database
		where l.locktype = 'advisory' and d.datname = current_database()`
	ok(t, conn.QueryRow(t.Context(), q).Scan(&n))
	return n
}

// tables lists all columns, constraints, indexes and functions of our schemas and public.
func tables(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	const q = `
		select coalesce(string_agg(line, ' ' order by line), '') || ' ' from (
			select table_schema || '.' || table_name as line
			from information_schema.tables where table_schema in ('flowhq', 'wa', 'public')
			union
			select format('%s.%s.%s:%s:%s', table_schema, table_name, column_name, data_type, is_nullable)
			from information_schema.columns where table_schema in ('flowhq', 'wa', 'public')
			union
			select indexdef from pg_indexes where schemaname = 'flowhq'
			union
			select pg_get_constraintdef(c.oid)
			from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname = 'flowhq'
			union
			select pg_get_functiondef(p.oid)
			from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'flowhq'
		) as lines (line)`
	var all string
	ok(t, conn.QueryRow(t.Context(), q).Scan(&all))
	return all
}

func TestMigrateUpDownUp(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	all := store.Migration{Files: sources(t)}
	ok(t, store.Migrate(t.Context(), url, all, silent))
	conn := connect(t, url)
	first := tables(t, conn)
	m, hangUp, err := store.NewMigrate(t.Context(), url, all)
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp()
	// The last file by itself, as when a release is taken back; then all of them.
	ok(t, m.Steps(-1))
	if diff := cmp.Diff(first, tables(t, conn)); diff == "" {
		t.Error("taking back the last file changes nothing")
	}
	ok(t, m.Up())
	ok(t, m.Down())
	if left := tables(t, conn); strings.Contains(left, "flowhq.tenants") ||
		strings.Contains(left, "FUNCTION") ||
		strings.Count(left, "flowhq.") > strings.Count(left, "schema_migrations") {
		t.Errorf("left behind: %s", left)
	}
	ok(t, m.Up())
	if diff := cmp.Diff(first, tables(t, conn)); diff != "" {
		t.Errorf("up, down, up (-want +got):\n%s", diff)
	}
}

func TestMigrateNeedsAPerson(t *testing.T) {
	t.Parallel()
	url := testdb.New(t)
	conn := connect(t, url)
	tests := []struct {
		name, version string
		want          []string
	}{
		{"newer database", "9999, false", []string{"newer than this program", "version 9999"}},
		{"left by another program", "2, true", []string{"another program", "migration 2", "dirty = false"}},
	}
	for _, tt := range tests {
		const q = `truncate flowhq.schema_migrations; insert into flowhq.schema_migrations values (%s)`
		_, err := conn.Exec(t.Context(), fmt.Sprintf(q, tt.version))
		ok(t, err)
		err = store.Migrate(t.Context(), url, store.Migration{WA: wa}, silent)
		wantCode(t, tt.name, err, flowhq.Conflict)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", tt.name, err, want)
			}
		}
	}
}

// TestMigrateWaitsItsTurn holds the turn, as a process that migrates does.
func TestMigrateWaitsItsTurn(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	conn := connect(t, url)
	_, err := conn.Exec(t.Context(), `select pg_advisory_lock($1)`, store.MigrationLock)
	ok(t, err)
	hasty, cancel := context.WithCancel(t.Context())
	waits := make(chan struct{}, 2)
	log := slog.New(signalHandler{silent.Handler(), waits})
	results := make(chan error, 2)
	for _, ctx := range []context.Context{hasty, t.Context()} {
		go func() { results <- store.Migrate(ctx, url, store.Migration{}, log) }()
		<-waits
	}
	cancel()
	wantCode(t, "Migrate that is cancelled", <-results, flowhq.Unavailable)
	if got := tables(t, connect(t, url)); strings.Contains(got, "flowhq.") {
		t.Errorf("migrated out of turn: %s", got)
	}
	_, err = conn.Exec(t.Context(), `select pg_advisory_unlock($1)`, store.MigrationLock)
	ok(t, err)
	ok(t, <-results)
}

// A signalHandler signals each record.
type signalHandler struct {
	slog.Handler
	c chan<- struct{}
}

func (h signalHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h signalHandler) Handle(context.Context, slog.Record) error {
	select {
	case h.c <- struct{}{}:
	default:
	}
	return nil
}

func TestMigrateFailure(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	broken := func(context.Context, *sql.DB) error { return sql.ErrConnDone }
	if err := store.Migrate(t.Context(), url, store.Migration{WA: broken}, silent); err == nil ||
		!strings.Contains(err.Error(), "schema wa") {
		t.Errorf("Migrate = %v; want the failure in schema wa", err)
	}
	ok(t, store.Migrate(t.Context(), url, store.Migration{WA: wa}, silent))
}

func TestOpenWA(t *testing.T) {
	t.Parallel()
	url := testdb.New(t, wa)
	db := must(store.OpenWA(url))(t)
	defer db.Close()
	var schema string
	ok(t, db.QueryRowContext(t.Context(),
		`select current_schema() from whatsmeow_version right join (select) as one on true`).Scan(&schema))
	if schema != "wa" {
		t.Errorf("current schema %q; want wa", schema)
	}
	if limit := db.Stats().MaxOpenConnections; limit != 8 {
		t.Errorf("MaxOpenConnections = %d; want 8", limit)
	}
}
