package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/jackc/pgx/v5"
)

// renewal is the interval of those who renew leases beside a migration in these tests.
const renewal = time.Second

// busy bounds the wait for the first word of a migration. It says by whom it is held up,
// which is seen late on a busy machine.
const busy = time.Minute

// A recorder keeps the records of a log, one line each, and signals each.
type recorder struct {
	mu    sync.Mutex
	lines []string
	heard chan struct{}
}

func newRecorder() *recorder { return &recorder{heard: make(chan struct{}, 1000)} }

func (r *recorder) Write(line []byte) (int, error) {
	r.mu.Lock()
	r.lines = append(r.lines, string(line))
	r.mu.Unlock()
	r.heard <- struct{}{}
	return len(line), nil
}

func (r *recorder) log() *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "")
}

// A crowd is subtests that run at once, so many of them, as they wait most of the time.
type crowd struct {
	sync.WaitGroup
	places chan struct{}
}

func newCrowd(size int) *crowd { return &crowd{places: make(chan struct{}, size)} }

func (c *crowd) run(t *testing.T, name string, test func(*testing.T)) {
	c.Go(func() {
		c.places <- struct{}{}
		defer func() { <-c.places }()
		t.Run(name, test)
	})
}

// ourTables lists the tables of schema flowhq.
func ourTables(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, _ := conn.Query(t.Context(), `select 'flowhq.' || tablename from pg_tables where schemaname = 'flowhq' order by 1`)
	return must(pgx.CollectRows(rows, pgx.RowTo[string]))(t)
}

// holdLocks locks the tables, as pg_dump or a long report does, until it is called.
func holdLocks(t *testing.T, url, mode string, tables ...string) (release func()) {
	t.Helper()
	conn := connect(t, url)
	_, err := conn.Exec(t.Context(), fmt.Sprintf(`begin; lock table %s in %s mode`,
		strings.Join(tables, ", "), mode))
	ok(t, err)
	return func() {
		_, err := conn.Exec(t.Context(), `rollback`)
		ok(t, err)
	}
}

// others reads each table again and again, and fails the test if one of them cannot be
// read for a renewal interval, which is twice what anybody may be made to wait.
func others(t *testing.T, url string, tables []string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, table := range tables {
		conn := connect(t, url)
		group.Go(func() {
			next := time.NewTicker(renewal / 100)
			defer next.Stop()
			for ; ctx.Err() == nil; <-next.C {
				began := time.Now()
				if _, err := conn.Exec(t.Context(), `select from `+table+` limit 1`); err != nil {
					t.Error(err)
					return
				}
				if took := time.Since(began); took > renewal {
					t.Errorf("a reader of %s waited for %v behind the migration", table, took)
				}
			}
		})
	}
	return func() { cancel(); group.Wait() }
}

// A backup reads every table, for hours. No file of ours, from any version, makes
// anybody else wait for it, and each is applied when the backup has ended.
func TestMigrateBesideABackup(t *testing.T) {
	t.Parallel()
	all := files(t)
	crowd := newCrowd(4)
	for i, f := range all[1:] {
		crowd.run(t, f.name, func(t *testing.T) { migrateBesideABackup(t, all[i], f) })
	}
	crowd.Wait()
}

func migrateBesideABackup(t *testing.T, before, f file) {
	url := testdb.Empty(t)
	ok(t, store.Migrate(t.Context(), url, store.Migration{Files: upTo(t, before.version)}, silent))
	conn := connect(t, url)
	tables := ourTables(t, conn)
	release := holdLocks(t, url, "access share", tables...)
	stop := others(t, url, tables)
	log := newRecorder()
	done := make(chan error, 1)
	go func() {
		done <- store.Migrate(t.Context(), url,
			store.Migration{Files: upTo(t, f.version), Renewal: renewal}, log.log())
	}()
	select {
	case <-log.heard: // it waits, or is done
	case <-time.After(busy):
		t.Error("the migration neither waits nor goes on")
	}
	select {
	case err := <-done: // it needs no table that is there
		done <- err
	case <-time.After(renewal): // more attempts
	}
	stop()
	release()
	ok(t, <-done)
	if v := version(t, conn); v != f.version {
		t.Errorf("version %d; want %d", v, f.version)
	}
}

// everyTable is a migration of a program to come, which changes every table there is.
func everyTable(t *testing.T, tables []string) store.Migration {
	t.Helper()
	next := upTo(t, newest(t))
	var up strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&up, "alter table %s add column probe integer;\n", table)
	}
	next[fmt.Sprintf("%06d_every_table.up.sql", newest(t)+1)] = mapFile(up.String())
	return store.Migration{Files: next, Renewal: renewal}
}

// Whatever table is held, and however: the log says by whom, and the migration is done
// once it is free.
func TestMigrateWaitsForEveryTable(t *testing.T) {
	t.Parallel()
	crowd := newCrowd(8)
	for _, table := range ourTables(t, connect(t, testdb.New(t))) {
		for _, mode := range []string{"access share", "access exclusive"} {
			crowd.run(t, table+" "+mode, func(t *testing.T) { migrateWhileHeld(t, table, mode) })
		}
	}
	crowd.Wait()
}

func migrateWhileHeld(t *testing.T, table, mode string) {
	url := testdb.New(t)
	conn := connect(t, url)
	tables := ourTables(t, conn)
	release := holdLocks(t, url, mode, table)
	log := newRecorder()
	done := make(chan error, 1)
	go func() { done <- store.Migrate(t.Context(), url, everyTable(t, tables), log.log()) }()
	select {
	case <-log.heard:
	case <-time.After(busy):
		t.Error("the migration says nothing")
	case err := <-done:
		t.Fatalf("Migrate = %v while the table was held", err)
	}
	if said := log.String(); !strings.Contains(said, "table "+table) ||
		!strings.Contains(said, "BEGIN, idle in transaction") {
		t.Errorf("the log does not say what is waited for, or who holds it: %s", said)
	}
	release()
	ok(t, <-done)
	const q = `select count(*) from information_schema.columns where table_schema = 'flowhq' and column_name = 'probe'`
	var changed int
	ok(t, conn.QueryRow(t.Context(), q).Scan(&changed))
	if changed != len(tables) {
		t.Errorf("%d tables were changed; want %d", changed, len(tables))
	}
}

// The library's tables are changed with the same patience.
func TestMigrateWaitsForTheLibrarysTables(t *testing.T) {
	t.Parallel()
	url := testdb.New(t, wa)
	upgrade := func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, `alter table whatsmeow_version add column compat integer`)
		return err
	}
	release := holdLocks(t, url, "access share", "wa.whatsmeow_version")
	log := newRecorder()
	done := make(chan error, 1)
	go func() {
		done <- store.Migrate(t.Context(), url, store.Migration{WA: upgrade, Renewal: renewal}, log.log())
	}()
	select {
	case <-log.heard:
	case <-time.After(busy):
		t.Error("the migration says nothing")
	}
	if said := log.String(); !strings.Contains(said, "table wa.whatsmeow_version") ||
		!strings.Contains(said, "idle in transaction") {
		t.Errorf("the log does not say what is waited for, or who holds it: %s", said)
	}
	release()
	ok(t, <-done)
}

// The wait has an end, which says who was in the way, and nothing is half done.
func TestMigrateGivesUp(t *testing.T) {
	t.Parallel()
	url := testdb.New(t)
	conn := connect(t, url)
	before := tables(t, conn)
	release := holdLocks(t, url, "access share", "flowhq.tenants")
	o := everyTable(t, ourTables(t, conn))
	o.Patience = 3 * renewal
	err := store.Migrate(t.Context(), url, o, silent)
	wantCode(t, "Migrate that waits in vain", err, flowhq.Unavailable)
	for _, want := range []string{"gave up after 3s", "table flowhq.tenants", "pid ", "idle in transaction"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Migrate = %v; want %q", err, want)
		}
	}
	if after := tables(t, conn); after != before {
		t.Errorf("half done: %s", after)
	}
	release()
	ok(t, store.Migrate(t.Context(), url, o, silent))
}

// Readers that come and go, each for less than the wait for one lock, must not make a
// file hold its first table for the sum of them.
func TestMigrateHoldsNothingForLong(t *testing.T) {
	t.Parallel()
	url := testdb.New(t)
	all := ourTables(t, connect(t, url))
	first, rest := all[0], all[1:]
	stop := others(t, url, []string{first})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, table := range rest {
		conn := connect(t, url)
		group.Go(func() {
			for ctx.Err() == nil {
				_, err := conn.Exec(t.Context(),
					fmt.Sprintf(`begin; lock table %s in access share mode; select pg_sleep(%f); rollback`,
						table, (renewal/5).Seconds()))
				ok(t, err)
			}
		})
	}
	o := everyTable(t, all)
	o.Patience = 3 * renewal
	err := store.Migrate(t.Context(), url, o, silent)
	cancel()
	group.Wait()
	stop()
	if err != nil { // it may have had luck
		wantCode(t, "Migrate between many readers", err, flowhq.Unavailable)
		ok(t, store.Migrate(t.Context(), url, o, silent))
	}
}
