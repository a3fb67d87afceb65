package e2e

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// stopper makes the server stand still after one statement of a migration, the n-th
// that is run from then on, for as long as a lock is held. What it still does for a
// process that is dead does not count.
const stopper = `
	create schema stopper;
	create sequence stopper.statement;
	create sequence stopper.victim;
	create sequence stopper.dead;
	create function stopper.stop() returns event_trigger language plpgsql set lock_timeout = 0 as $$
	begin
		if tg_tag not like '% SCHEMA' and pg_backend_pid() <> (select last_value from stopper.dead)
			and nextval('stopper.statement') = (select last_value from stopper.victim) then
			perform pg_advisory_xact_lock(4711);
		end if;
	end $$;
	create event trigger stopper on ddl_command_end execute function stopper.stop()`

// shape lists all columns, constraints and indexes of both schemas, and our version.
const shape = `
	select coalesce(string_agg(line, E'\n' order by line), '') from (
		select format('%s.%s.%s %s %s', table_schema, table_name, column_name, data_type, is_nullable)
		from information_schema.columns where table_schema in ('flowhq', 'wa')
		union all
		select indexdef from pg_indexes where schemaname in ('flowhq', 'wa')
		union all
		select conrelid::regclass || ' ' || pg_get_constraintdef(c.oid)
		from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname in ('flowhq', 'wa')
	) as lines (line)`

// maxMigrateKills bounds TestMigrateKilled: a kill and the next start take half a second, and the
// migrations have some 400 statements.
const maxMigrateKills = 50

// kill -9 at any statement of a migration, ours or whatsmeow's, is made up for by the next start,
// which may come while the server still works for the dead process. Each run of the test takes
// other statements, evenly spread; package store goes through all of them in one process.
func TestMigrateKilled(t *testing.T) {
	t.Parallel()
	s := &stand{t: t, dir: t.TempDir()}
	s.startDatabase()
	t.Cleanup(s.stopDatabase)
	if err := createDatabase(t.Context(), s.dbURL, "whole"); err != nil {
		t.Fatal(err)
	}
	whole := otherDatabase(s.dbURL, "whole")
	s.migrate(whole)
	conn, holder := s.raw(s.dbURL), s.raw(s.dbURL)
	exec := func(conn *pgx.Conn, q string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), q, args...); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	step := max(1, statements(t, s)/maxMigrateKills)
	exec(conn, stopper)
	kills := 0
	for victim, before := 1+rand.N(step), ""; ; victim += step {
		if now := progress(t, conn); now != before { // a file is done, whose statements do not come again
			victim, before = 1+rand.N(step), now
		}
		exec(holder, `begin`)
		exec(holder, `select pg_advisory_xact_lock(4711)`)
		exec(conn, `select setval('stopper.statement', 1, false), setval('stopper.victim', $1)`, victim)
		p := s.start("migrate", []string{"DATABASE_URL=" + s.dbURL}, "migrate")
		pid := stoppedOrEnded(t, conn, p)
		if pid == 0 {
			if !p.cmd.ProcessState.Success() {
				t.Fatalf("after %d kills, the last at statement %d:\n%s", kills, victim-1, p.tail())
			}
			exec(holder, `rollback`)
			break
		}
		p.kill()
		exec(conn, `select setval('stopper.dead', $1)`, pid)
		exec(holder, `rollback`)
		kills++
	}
	t.Logf("killed %d times, at every %d statements", kills, step)
	if kills < 20 {
		t.Errorf("killed %d times only", kills)
	}
	if diff := cmp.Diff(value[string](t, s.raw(whole), shape), value[string](t, conn, shape)); diff != "" {
		t.Errorf("interrupted migrations lead elsewhere (-uninterrupted +interrupted):\n%s", diff)
	}
}

// statements returns how many statements of a migration stopper would stop at.
func statements(t *testing.T, s *stand) int {
	t.Helper()
	if err := createDatabase(t.Context(), s.dbURL, "counted"); err != nil {
		t.Fatal(err)
	}
	conn := s.raw(otherDatabase(s.dbURL, "counted"))
	if _, err := conn.Exec(t.Context(), stopper+
		`; select setval('stopper.victim', 1000000), setval('stopper.dead', 1)`); err != nil {
		t.Fatal(err)
	}
	s.migrate(otherDatabase(s.dbURL, "counted"))
	return value[int](t, conn, `select last_value from stopper.statement`)
}

// stoppedOrEnded waits until the process has ended, or its server process, which it
// returns, stands still at its victim.
func stoppedOrEnded(t *testing.T, conn *pgx.Conn, p *process) (pid int) {
	t.Helper()
	const q = `
		select coalesce(max(pid), 0) from pg_locks join pg_stat_activity a using (pid)
		where locktype = 'advisory' and objid = 4711 and not granted and application_name = 'flowhq-migrate'`
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		select {
		case <-p.gone:
			return 0
		case <-time.After(5 * time.Millisecond):
		}
		if pid := value[int](t, conn, q); pid != 0 {
			return pid
		}
	}
	t.Fatal("flowhq migrate neither ends nor gets on")
	return 0
}

// progress changes with each file of either schema.
func progress(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	const ready = `select to_regclass('flowhq.schema_migrations') is not null and to_regclass('wa.whatsmeow_version') is not null`
	if !value[bool](t, conn, ready) {
		return value[string](t, conn, `select count(*)::text from pg_tables where schemaname in ('flowhq', 'wa')`)
	}
	const q = `
		select concat_ws(' ', (select max(version) from flowhq.schema_migrations), (select max(version) from wa.whatsmeow_version))`
	return value[string](t, conn, q)
}

// value returns the one value that a query yields.
func value[T any](t *testing.T, conn *pgx.Conn, q string) (v T) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), q).Scan(&v); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return v
}

// raw returns a connection past the program.
func (s *stand) raw(url string) *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), url)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
