// Package loadtest fills a database with many tenants and messages, for tests and benchmarks of
// what lists cost. Only tests import it.
package loadtest

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq"
)

// A Size is how much Seed writes.
type Size struct {
	Tenants, Messages int
	// Facts is how many bookings, orders, tickets and so on there are for a hundred messages.
	Facts int
}

// Seeded is what Seed has written that a caller has to name. The ids are drawn at random, so a
// caller cannot know them before.
type Seeded struct {
	Tenants []flowhq.TenantID // the largest first
}

//go:embed seed.sql
var seedSQL string

// Seed fills the migrated and empty database at url, and has PostgreSQL take statistics, as
// autovacuum would have. The user must be a superuser, since triggers are off meanwhile.
func Seed(ctx context.Context, url string, size Size) (s Seeded, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return s, fmt.Errorf("seed: %w", err)
	}
	defer conn.Close(ctx)
	// The simple protocol takes many statements at once, and no arguments; the sizes are numbers,
	// so nothing in them needs quoting.
	q := strings.NewReplacer("@tenants", fmt.Sprint(size.Tenants), "@messages",
		fmt.Sprint(size.Messages), "@facts", fmt.Sprint(size.Facts)).Replace(seedSQL)
	// All statements of one simple query are one transaction.
	if _, err = conn.PgConn().Exec(ctx, q).ReadAll(); err != nil {
		return s, fmt.Errorf("seed: %w", err)
	}
	// The visibility map lets index-only scans be what they are in a database that is in use.
	if _, err = conn.Exec(ctx, `vacuum analyze`); err != nil {
		return s, fmt.Errorf("seed: %w", err)
	}
	// The first tenants are the large ones, by seed.sql.
	rows, _ := conn.Query(ctx, `select id::text from flowhq.tenants order by created_at`)
	s.Tenants, err = pgx.CollectRows(rows, pgx.RowTo[flowhq.TenantID])
	return s, err
}
