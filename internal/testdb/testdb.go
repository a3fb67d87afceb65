// Package testdb gives each test a migrated PostgreSQL database of its own.
//
//	func TestMain(m *testing.M) { testdb.Main(m) }
//
//	func TestReceive(t *testing.T) {
//		s, err := store.Open(t.Context(), testdb.New(t), log)
//		…
//
// The server is the one that TEST_DATABASE_URL names, a postgres:// URL of a
// user who may create databases, or else a private one that lives as long as the
// test binary. A database is a copy of a template, which is migrated once per
// server and version of the migrations: tens of milliseconds a test.
package testdb

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// setupTimeout bounds what precedes a test: the start of a server, a migration,
// or the copy of a template.
const setupTimeout = 2 * time.Minute

// maxFinished bounds the databases of finished tests that wait to be dropped.
// They are dropped late and together, since each drop forces a checkpoint, which
// holds up the tests that are being set up.
const maxFinished = 100

// server is the PostgreSQL server of this test binary, set by Main.
var server *cluster

// A cluster is a PostgreSQL server on which databases come and go.
type cluster struct {
	admin string // URL of a database to give orders from
	// persistent: the server outlives the test binary, so databases are dropped,
	// but for those of failed tests, which are left for a look.
	persistent bool

	templating sync.Mutex           // held while a template is made
	templates  map[uintptr]template // by the code address of the function that makes schema wa

	mu sync.Mutex
	// Below are guarded by mu.
	made     int      // databases so far, for their names
	finished []string // databases to drop
	private  []string // templates to drop in the end
}

// A Runner runs the tests of a package: *testing.M, or what adds to it.
type Runner interface{ Run() int }

// Main runs the package's tests with a server at hand and exits the process.
func Main(m Runner) {
	os.Exit(run(m))
}

// run is Main without the exit of the process, before which its deferred calls have to be done.
func run(m Runner) int {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	admin, stop, err := startServer(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testdb:", err)
		return 1
	}
	defer stop()
	server = &cluster{
		admin: admin, persistent: os.Getenv(urlVariable) != "", templates: map[uintptr]template{},
	}
	if err := server.createRoles(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "testdb: roles:", err)
		return 1
	}
	if server.persistent {
		server.sweep(ctx)
		defer func() { server.drop(append(server.finished, server.private...)) }()
	}
	return m.Run()
}

// New returns the URL of a fresh, migrated database for t. whatsmeow's tables
// are only there if a function that creates them is given, such as
// whatsapp.Upgrade, which is called once for all tests. If t fails on a server that stays, its
// database is kept for an hour and t logs how to open it.
func New(t testing.TB, wa ...func(context.Context, *sql.DB) error) string {
	t.Helper()
	if len(wa) > 1 {
		t.Fatal("testdb: New takes one function at most")
	}
	var upgrade migration
	if len(wa) == 1 {
		upgrade = wa[0]
	}
	return provide(t, func(ctx context.Context) (string, error) {
		template, err := server.template(ctx, upgrade)
		if err != nil {
			return "", fmt.Errorf("template: %w", err)
		}
		return server.create(ctx, template)
	})
}

// Empty returns the URL of a fresh database without any tables for t.
func Empty(t testing.TB) string {
	t.Helper()
	return provide(t, func(ctx context.Context) (string, error) {
		return server.create(ctx, "template0") // PostgreSQL's own, to which nobody can add anything
	})
}

// provide hands the database that create makes to t, and takes it back when t ends. It fails t if
// there is none: a test without a database has nothing to say.
func provide(t testing.TB, create func(context.Context) (name string, err error)) string {
	t.Helper()
	if server == nil {
		t.Fatal("testdb: the package needs func TestMain(m *testing.M) { testdb.Main(m) }")
	}
	ctx, cancel := context.WithTimeout(t.Context(), setupTimeout)
	defer cancel()
	name, err := create(ctx)
	if err != nil {
		t.Fatal("testdb:", err)
	}
	t.Cleanup(func() { server.finish(t, name) })
	return server.url(name)
}

// create copies the template under a new name, which it returns. PostgreSQL copies nothing that
// somebody is connected to, so a template's connections are closed before.
func (c *cluster) create(ctx context.Context, template string) (string, error) {
	c.mu.Lock()
	c.made++
	name := databaseName(time.Now(), os.Getpid(), c.made)
	c.mu.Unlock()
	return name, c.do(ctx, "create database "+name+" template "+template)
}

// finish decides what becomes of t's database. On a server that stays, that of a failed test is
// kept for a person to open, and sweep drops it later. On a private server nobody could open it
// afterwards. The drop itself comes late and for many at once, see maxFinished.
func (c *cluster) finish(t testing.TB, name string) {
	if c.persistent && t.Failed() {
		t.Logf("testdb: psql '%s'", c.url(name))
		return
	}
	c.mu.Lock()
	c.finished = append(c.finished, name)
	var due []string
	if len(c.finished) >= maxFinished {
		due, c.finished = c.finished, nil
	}
	c.mu.Unlock()
	c.drop(due)
}

// drop drops databases as far as it can: what is left is swept later. It ends connections that
// are still open, as those of a pool that a test has not closed.
func (c *cluster) drop(names []string) {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	for _, name := range names {
		if err := c.do(ctx, "drop database if exists "+name+" with (force)"); err != nil {
			fmt.Fprintln(os.Stderr, "testdb: drop:", err)
			return
		}
	}
}

// do runs one statement on a connection of its own. A pool would have to be closed before the
// server stops, and tests that run at once would wait for it.
func (c *cluster) do(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// url returns the URL of a database on c.
func (c *cluster) url(name string) string {
	u, err := url.Parse(c.admin)
	if err != nil {
		panic(err) // startServer has parsed it
	}
	u.Path = "/" + name
	return u.String()
}
