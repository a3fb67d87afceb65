package store_test

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/migrations"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// A file is one version's way up.
type file struct {
	version int
	name    string
	sql     string
}

// future are migrations of programs to come. The program's own are one file so far, which
// begins with an empty database; what interrupts a migration matters most where there are
// rows, and locks of sessions that go on.
//
//go:embed testdata/migrations/*.sql
var future embed.FS

// sources are the program's own migrations, and those that follow in the tests.
func sources(t *testing.T) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	for _, from := range []fs.FS{migrations.Files, must(fs.Sub(future, "testdata/migrations"))(t)} {
		for _, name := range must(fs.Glob(from, "*.sql"))(t) {
			all[name] = mapFile(string(must(fs.ReadFile(from, name))(t)))
		}
	}
	return all
}

// files returns the ways up, in order, with those that follow in the tests.
func files(t *testing.T) (all []file) {
	t.Helper()
	from := sources(t)
	for _, name := range must(fs.Glob(from, "*.up.sql"))(t) { // sorted
		all = append(all, file{versionOf(t, name), name, string(from[name].Data)})
	}
	if len(all) < 3 {
		t.Fatalf("there are %d migrations", len(all))
	}
	return all
}

// versionOf is the number that a file's name begins with.
func versionOf(t *testing.T, name string) int {
	t.Helper()
	number, _, _ := strings.Cut(name, "_")
	return must(strconv.Atoi(number))(t)
}

// newest is the version of this program.
func newest(t *testing.T) (version int) {
	t.Helper()
	for _, name := range must(fs.Glob(migrations.Files, "*.up.sql"))(t) {
		version = max(version, versionOf(t, name))
	}
	return version
}

// upTo is the program of a time when version was the newest.
func upTo(t *testing.T, version int) fstest.MapFS {
	t.Helper()
	old := sources(t)
	for name := range old {
		if versionOf(t, name) > version {
			delete(old, name)
		}
	}
	return old
}

func mapFile(sql string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(sql)} }

// token is a part of SQL in which a semicolon ends nothing, or one that ends a statement.
var token = regexp.MustCompile(`(?s)--[^\n]*|'(?:[^']|'')*'|"[^"]*"|\$\$.*?\$\$|;`)

// statements splits a file after each statement.
func statements(sql string) (all []string) {
	begin := 0
	for _, at := range token.FindAllStringIndex(sql, -1) {
		if sql[at[0]:at[1]] == ";" {
			all = append(all, sql[begin:at[1]])
			begin = at[1]
		}
	}
	return all
}

// version returns the version of the schema, -1 if there is none.
func version(t *testing.T, conn *pgx.Conn) (v int) {
	t.Helper()
	const q = `select coalesce(max(version) filter (where not dirty), -1) from flowhq.schema_migrations`
	ok(t, conn.QueryRow(t.Context(), q).Scan(&v))
	return v
}

// Whoever is killed at any statement of any file, from any version, has done nothing,
// and the next one goes on.
func TestMigrateKilledAtEveryStatement(t *testing.T) {
	t.Parallel()
	url := testdb.Empty(t)
	conn := connect(t, url)
	const (
		die    = ` select pg_terminate_backend(pg_backend_pid()); `
		atLast = `
			create function public.die() returns trigger language plpgsql as
				$$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
			create constraint trigger die after insert on flowhq.schema_migrations
				deferrable initially deferred for each row execute function public.die()`
		noMore = `drop trigger die on flowhq.schema_migrations; drop function public.die`
	)
	ok(t, store.Migrate(t.Context(), url, store.Migration{Files: upTo(t, 0)}, silent))
	was, killed := -1, 0
	for _, f := range files(t) {
		before := tables(t, conn)
		undone := func(when string, err error) {
			t.Helper()
			killed++
			wantCode(t, when, err, flowhq.Unavailable)
			if v := version(t, conn); v != was {
				t.Fatalf("%s: version %d; want %d", when, v, was)
			}
			if diff := cmp.Diff(before, tables(t, conn)); diff != "" {
				t.Fatalf("%s left something behind (-before +after):\n%s", when, diff)
			}
		}
		old := upTo(t, f.version)
		parts := statements(f.sql)
		for n := range len(parts) + 1 {
			old[f.name] = mapFile(strings.Join(parts[:n], "") + die + strings.Join(parts[n:], ""))
			err := store.Migrate(t.Context(), url, store.Migration{Files: old}, silent)
			undone(fmt.Sprintf("killed after statement %d of %s", n, f.name), err)
		}
		old[f.name] = mapFile(f.sql)
		_, err := conn.Exec(t.Context(), atLast)
		ok(t, err)
		before = tables(t, conn)
		undone("killed at the end of "+f.name,
			store.Migrate(t.Context(), url, store.Migration{Files: old}, silent))
		_, err = conn.Exec(t.Context(), noMore)
		ok(t, err)
		ok(t, store.Migrate(t.Context(), url, store.Migration{Files: old}, silent))
		if was = version(t, conn); was != f.version {
			t.Fatalf("after %s: version %d", f.name, was)
		}
	}
	t.Logf("killed %d times", killed)
	whole := testdb.Empty(t)
	ok(t, store.Migrate(t.Context(), whole, store.Migration{Files: sources(t)}, silent))
	if diff := cmp.Diff(tables(t, connect(t, whole)), tables(t, conn)); diff != "" {
		t.Errorf("an interrupted migration leads elsewhere (-uninterrupted +interrupted):\n%s", diff)
	}
}

// A file that ends its transaction could be half done.
func TestMigrationsAreOneTransaction(t *testing.T) {
	t.Parallel()
	control := regexp.MustCompile(`(?i)^\s*(begin|commit|end|rollback|abort|savepoint|start)\b|\bconcurrently\b`)
	for _, f := range files(t) {
		for _, s := range statements(f.sql) {
			plain := regexp.MustCompile(`--[^\n]*`).ReplaceAllString(s, "")
			if control.MatchString(plain) {
				t.Errorf("%s: %s", f.name, s)
			}
		}
	}
	url := testdb.Empty(t)
	bad := fstest.MapFS{"000001_bad.up.sql": {Data: []byte(`create table flowhq.half (x integer); commit; create table flowhq.whole (x integer)`)}}
	err := store.Migrate(t.Context(), url, store.Migration{Files: bad}, silent)
	if err == nil || !strings.Contains(err.Error(), "ends the transaction") {
		t.Errorf("Migrate with a file that commits = %v", err)
	}
}
