package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// hiccup has PostgreSQL end and come back several times in a row.
func (c *chaos) hiccup(ctx context.Context, times int) error {
	for range times {
		if err := c.fellDatabase(ctx, syscall.SIGQUIT, restartPause); err != nil {
			return err
		}
		pause(ctx, renewal)
	}
	return nil
}

// lockTable holds a lock that excludes everybody on one of the product's tables, as
// a migration of a careless operator does.
func (c *chaos) lockTable(ctx context.Context, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, f.lasts+meddleWithin)
	defer cancel()
	db, err := pgx.Connect(ctx, c.dbURL)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	tables, err := productTables(ctx, db)
	if err != nil {
		return err
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.Exec(ctx, "lock table "+tables[int(f.at)%len(tables)]+
		" in access exclusive mode"); err != nil {
		return err
	}
	pause(ctx, f.lasts)
	return nil
}

// productTables lists the tables of the product and of the library, as SQL spells them.
func productTables(ctx context.Context, db *pgx.Conn) ([]string, error) {
	const q = `select format('%I.%I', schemaname, tablename) from pg_tables
		where schemaname in ('flowhq', 'wa') order by 1`
	rows, err := db.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// migrateScratch kills the first migration of an empty database several times, and
// then lets it run: it must go on by itself.
func (c *chaos) migrateScratch(ctx context.Context, f fault) error {
	name := fmt.Sprintf("scratch_%d", f.at)
	db, err := pgx.Connect(ctx, c.dbURL)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	if _, err := db.Exec(ctx, "create database "+name); err != nil {
		return err
	}
	target, err := url.Parse(c.dbURL)
	if err != nil {
		return err
	}
	target.Path = "/" + name
	r := rand.New(rand.NewPCG(c.plan.seed, uint64(f.at)))
	for range f.count {
		_, _ = c.tryMigrate(ctx, target.String(), upTo(r, longestMigration)) // killed, if it was not quicker
	}
	if out, err := c.tryMigrate(ctx, target.String(), time.Minute); err != nil {
		c.journal.accuse("a migration that was killed %d times did not go on: %v\n%s", f.count, err, out)
	}
	_, err = db.Exec(ctx, "drop database "+name+" with (force)")
	return err
}

// longestMigration is about how long the first migration takes on a busy machine.
const longestMigration = 400 * time.Millisecond

// tryMigrate runs the program's migration, and kills it when it takes longer than limit.
func (c *chaos) tryMigrate(ctx context.Context, database string, limit time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Getenv("FLOWHQ_BIN"), "migrate")
	cmd.Env = append([]string{"HOME=" + c.dir, "NO_COLOR=1"}, c.env...)
	cmd.Env = append(cmd.Env, "DATABASE_URL="+database)
	out, err := cmd.CombinedOutput()
	return out, err
}
