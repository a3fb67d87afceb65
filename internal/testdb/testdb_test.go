package testdb

import (
	"context"
	"database/sql"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { Main(m) }

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	one, other := New(t), New(t)
	if n := query(t, one, `with x as (insert into flowhq.tenants (name, phone_number) values ('x', 'x') returning 1) select count(*)::int from x`); n != 1 {
		t.Fatalf("inserted %d; want 1", n)
	}
	const q = `select count(*)::int from flowhq.tenants`
	if got, kept := query(t, other, q), query(t, one, q); got != 0 || kept != 1 {
		t.Errorf("%d and %d tenants; want 0 and 1", got, kept)
	}
}

// migrated counts over all runs of TestTemplates in this binary.
var migrated atomic.Int64

func TestTemplates(t *testing.T) {
	t.Parallel()
	wa := func(ctx context.Context, db *sql.DB) error {
		migrated.Add(1)
		_, err := db.ExecContext(ctx, `create table keys (id integer)`)
		return err
	}
	const q = `select count(*)::int from pg_tables where schemaname in ('flowhq', 'wa') and tablename in ('tenants', 'keys')`
	for _, tt := range []struct {
		name, url string
		want      int
	}{
		{"with wa", New(t, wa), 2}, {"with wa again", New(t, wa), 2}, {"without", New(t), 1},
		{"empty", Empty(t), 0},
	} {
		if got := query(t, tt.url, q); got != tt.want {
			t.Errorf("%s: %d of the tables; want %d", tt.name, got, tt.want)
		}
	}
	if n := migrated.Load(); n != 1 {
		t.Errorf("migrated %d times; want once", n)
	}
}

func query(t *testing.T, url, q string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), q).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestExpired(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, want := range map[string]bool{
		databaseName(now, 1, 1):                    false,
		databaseName(now.Add(-maxAge/2), 1, 1):     false,
		databaseName(now.Add(-2*maxAge), 1, 1):     true,
		"flowhq_test_":                             false,
		"flowhq_test_x_1_1":                        false,
		"flowhq":                                   false,
		"flowhq_template_0123456789abcdef":         false,
		"other_" + databaseName(time.Time{}, 1, 1): false,
	} {
		if got := expired(name, now); got != want {
			t.Errorf("expired(%s) = %v; want %v", name, got, want)
		}
	}
}
