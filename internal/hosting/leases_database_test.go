package hosting

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/migrations"
)

// hold runs statements in a transaction past the store, which it leaves open until it
// is called.
func hold(t *testing.T, url string, statements ...string) (release func()) {
	t.Helper()
	db, err := store.OpenWA(url + "&idle_in_transaction_session_timeout=0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return func() { _ = tx.Rollback() }
}

// slow is for tests in which a renewal that is late, on a busy machine, would be
// mistaken for one that waits.
var slow = Timing{Renewal: time.Second}

// stay fails the test if a lease is lost within the time, in which its host is well.
func stay(t *testing.T, l *Leases, held []*Lease, within time.Duration) {
	t.Helper()
	look := time.NewTicker(l.timing.Renewal / 8)
	defer look.Stop()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); <-look.C {
		for _, h := range held {
			h.Alive(Status{Seen: time.Now()})
			if err := h.Valid(); err != nil {
				t.Fatalf("a lease is lost: %v", err)
			}
		}
	}
}

// Messages of all tenants that are slow use up the pool, for longer than a lease. No
// lease is lost for that, and the database does not pass for lost.
func TestLeasesOutliveAnExhaustedPool(t *testing.T) {
	url := testdb.New(t)
	s := testdb.OpenStore(t, url+"&pool_max_conns=2&lock_timeout=1min")
	l := processAt(t, s, slow)
	h, busy := claim(t, l, testdb.NewTenant(t, s)), testdb.NewTenant(t, s)
	release := hold(t, url, `select from flowhq.tenants where id = '`+string(busy)+`' for update`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			name := "busy"
			if _, err := s.UpdateTenant(ctx, busy, flowhq.TenantChange{Name: &name}, "test"); err != nil {
				t.Errorf("a call that waits for its turn = %v", err)
			}
		})
	}
	stay(t, l, []*Lease{h}, 2*slow.Lease())
	for what, err := range map[string]error{
		"Answers":    s.Answers(ctx),
		"BeatWorker": beat(ctx, s),
	} {
		if err != nil {
			t.Errorf("%s = %v", what, err)
		}
	}
	release()
	group.Wait()
}

func beat(ctx context.Context, s *store.Store) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.BeatWorker(ctx, flowhq.Worker{Name: "test", Capacity: 1}, slow.Lease())
	return err
}

// Who locks one tenant's row, by hand and for long, takes that one off the air and no
// other.
func TestALockedRowCostsOneLease(t *testing.T) {
	url := testdb.New(t)
	s := testdb.OpenStore(t, url)
	l := processAt(t, s, slow)
	locked, other := claim(t, l, testdb.NewTenant(t, s)), claim(t, l, testdb.NewTenant(t, s))
	release := hold(t, url, `select from flowhq.hosts where tenant_id = '`+string(locked.Tenant)+
		`' for update`)
	defer release()
	stay(t, l, []*Lease{other}, 2*slow.Lease())
	if err := locked.Err(); flowhq.ErrorCode(err) != flowhq.Unavailable {
		t.Errorf("the lease whose row is locked: %v; want it to be lost, as it cannot be renewed", err)
	}
}

// A row that is locked for less time than a lease lasts costs nothing.
func TestARowThatIsLockedForAWhileCostsNothing(t *testing.T) {
	url := testdb.New(t)
	s := testdb.OpenStore(t, url)
	l := processAt(t, s, slow)
	h := claim(t, l, testdb.NewTenant(t, s))
	release := hold(t, url, `select from flowhq.hosts where tenant_id = '`+string(h.Tenant)+`' for update`)
	stay(t, l, []*Lease{h}, slow.Renewal*3/2)
	release()
	stay(t, l, []*Lease{h}, 2*slow.Lease())
}

// A renewal whose connection is cut goes on with another one.
func TestLeasesOutliveTheirConnection(t *testing.T) {
	url := testdb.New(t)
	s := testdb.OpenStore(t, url)
	l := processAt(t, s, slow)
	h := claim(t, l, testdb.NewTenant(t, s))
	db, err := store.OpenWA(url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var cut int
	for range 10 {
		stay(t, l, []*Lease{h}, slow.Renewal/2)
		var n int
		const q = `
			select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and application_name in ('flowhq-leases', 'flowhq-signs')`
		if err := db.QueryRowContext(t.Context(), q).Scan(&n); err != nil {
			t.Fatal(err)
		}
		cut += n
	}
	stay(t, l, []*Lease{h}, slow.Lease())
	if cut == 0 {
		t.Error("no connection was cut")
	}
}

// changeAll is a migration that changes every table, as one to come may do.
func changeAll(t *testing.T, tables []string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: raw}
	}
	var sql strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&sql, "alter table %s add column probe integer;\n", table)
	}
	files["999999_all.up.sql"] = &fstest.MapFile{Data: []byte(sql.String())}
	return files
}

// ourTables lists the tables of schema flowhq.
func ourTables(t *testing.T, url string) (tables []string) {
	t.Helper()
	db, err := store.OpenWA(url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all sql.NullString
	const q = `select string_agg('flowhq.' || tablename, ' ' order by tablename) from pg_tables where schemaname = 'flowhq'`
	if err := db.QueryRowContext(t.Context(), q).Scan(&all); err != nil || !all.Valid {
		t.Fatalf("list tables: %v", err)
	}
	return strings.Fields(all.String)
}

// A migration that waits, for a backup or for whoever holds a table for himself, costs
// no session, and is done when it need not wait any more.
func TestNoLeaseIsLostToAMigration(t *testing.T) {
	tables := ourTables(t, testdb.New(t))
	held := map[string][]string{"all access share": {`lock table ` + strings.Join(tables, ", ") +
		` in access share mode`}}
	for _, table := range tables {
		held[table+" access share"] = []string{`lock table ` + table + ` in access share mode`}
		held[table+" access exclusive"] = []string{`lock table ` + table + ` in access exclusive mode`}
	}
	places := make(chan struct{}, 8) // they wait most of the time
	var group sync.WaitGroup
	for name, statements := range held {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			t.Run(name, func(t *testing.T) {
				migrateBeside(t, tables,
					strings.HasSuffix(name, "exclusive"), statements)
			})
		})
	}
	group.Wait()
}

func migrateBeside(t *testing.T, tables []string, exclusive bool, statements []string) {
	url := testdb.New(t)
	s := testdb.OpenStore(t, url)
	l := processAt(t, s, slow)
	var sessions []*Lease
	for range 20 {
		h := claim(t, l, testdb.NewTenant(t, s))
		sessions = append(sessions, h)
	}
	release := hold(t, url, statements...)
	done := make(chan error, 1)
	go func() {
		done <- store.Migrate(t.Context(), url,
			store.Migration{Files: changeAll(t, tables), Renewal: slow.Renewal}, l.log)
	}()
	wait := slow.Lease() + slow.Renewal
	if exclusive { // what a renewal needs itself must be given back before a lease ends
		wait = slow.Renewal
	}
	stay(t, l, sessions, wait)
	release()
	for began := time.Now(); len(done) == 0 && time.Since(began) < patience; {
		stay(t, l, sessions, slow.Renewal/2)
	}
	if err := <-done; err != nil {
		t.Errorf("Migrate = %v", err)
	}
	stay(t, l, sessions, slow.Renewal)
}
