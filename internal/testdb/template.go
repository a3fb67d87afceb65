package testdb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"reflect"

	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/migrations"
	"github.com/jackc/pgx/v5"
)

// templateLock is the advisory lock under which test binaries make a template on
// a server that they share: "testdb" in ASCII.
const templateLock = 0x7465_7374_6462

// silent is the log of migrations, which would otherwise be in the output of some test.
var silent = slog.New(slog.DiscardHandler)

// A migration creates tables in schema wa.
type migration = func(context.Context, *sql.DB) error

// A template is a migrated database to copy, made by the first test that asks. An error is kept
// as well: each further test would wait for the same one.
type template struct {
	name string
	err  error
}

// template returns the name of a database that has our tables and, unless wa is
// nil, those that wa creates.
func (c *cluster) template(ctx context.Context, wa migration) (string, error) {
	c.templating.Lock()
	defer c.templating.Unlock()
	// Functions cannot be keys of a map, and their addresses can. A closure has the address of its
	// code, so two closures of one place would share a template.
	key := reflect.ValueOf(wa).Pointer()
	t, made := c.templates[key]
	if !made {
		t.name, t.err = c.makeTemplate(ctx, wa)
		c.templates[key] = t
	}
	return t.name, t.err
}

// makeTemplate makes a template with our tables and, unless wa is nil, those that wa creates.
func (c *cluster) makeTemplate(ctx context.Context, wa migration) (string, error) {
	base, err := baseName()
	if err != nil {
		return "", err
	}
	// The base is made in any case: a copy of it is what wa begins with, which saves a second run
	// of all migrations.
	if err := c.makeBase(ctx, base); err != nil || wa == nil {
		return base, err
	}
	// Which version of the tables wa creates cannot be told from outside, so this
	// template is the test binary's own, and dropped with its tests' databases.
	name, err := c.create(ctx, base)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	c.private = append(c.private, name)
	c.mu.Unlock()
	return name, store.Migrate(ctx, c.url(name), store.Migration{WA: wa}, silent)
}

// createRoles creates the roles of package store, which all databases of the server share. Test
// binaries do so one after the other: PostgreSQL refuses one of two equal grants at a time.
func (c *cluster) createRoles(ctx context.Context) error {
	owner, err := store.Owner(c.admin)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, c.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // and with it the lock
	if _, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, templateLock); err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, store.RolesSQL(owner)).ReadAll()
	return err
}

// makeBase makes the template that all test binaries with the same migrations
// share, unless another one has.
func (c *cluster) makeBase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, c.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) // and with it the lock
	if _, err := conn.Exec(ctx, `select pg_advisory_lock($1)`, templateLock); err != nil {
		return err
	}
	const q = `select exists (select from pg_database where datname = $1 and datistemplate)`
	var ready bool
	// The mark is looked for under the lock: whoever had the lock before may have made the
	// template.
	if err := conn.QueryRow(ctx, q, name).Scan(&ready); err != nil || ready {
		return err
	}
	for _, step := range []string{
		"drop database if exists " + name + " with (force)", // of one who was killed at it
		"create database " + name,
	} {
		if _, err := conn.Exec(ctx, step); err != nil {
			return err
		}
	}
	if err := store.Migrate(ctx, c.url(name), store.Migration{}, silent); err != nil {
		return err
	}
	// Last of all, so that a template which is marked as one is complete. Nobody can connect to it
	// from then on, which would keep others from copying it.
	_, err = conn.Exec(ctx, "alter database "+name+" is_template true allow_connections false")
	return err
}

// baseName is made of all that the shared template's content depends on. Programs of several
// versions may so use one server, each with a template of its own.
func baseName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		// The path and the length are hashed too, so content that moves from one file to the next
		// changes the sum.
		content, err := migrations.Files.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	})
	_, _ = sum.Write([]byte(store.SecureSQL()))
	return "flowhq_template_" + hex.EncodeToString(sum.Sum(nil)[:8]), err
}
