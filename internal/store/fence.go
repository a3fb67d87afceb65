package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Each write of a host is one statement that begins with
//
//	with fence as (select from flowhq.fence(@tenant, @epoch))
//
// joins fence in every change that it makes, and ends by selecting whether fence has a row.
// The function, in migrations/000001_init.up.sql, yields one row under the host's epoch and
// none under a newer one, so the statement changes all or nothing. It also locks the host's
// row for key share until the statement is through:
//
//   - A claim raises the epoch, which is part of a key, so it waits for the lock. The write
//     comes whole before the claim, or it sees the new epoch and does nothing.
//   - A renewal of the lease, or a change of the status, changes no key and does not wait.
//   - The writes of one host do not wait for each other, as key share excludes no key share.
//
// The events of a statement are rows that it inserts in plain sight, and are no function of
// the database: PostgreSQL runs an insert in a WITH to its end whether or not anything reads
// it, but drops a SELECT that nothing reads, and the event with it.

// A Querier is a database or a transaction of database/sql. Those on whatsmeow's tables go
// through a pool of their own and not through pgx, see OpenWA.
type Querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Fence returns a Fenced error if a newer host than that of epoch has claimed the tenant,
// and otherwise keeps any from doing so until tx ends. It fences what the host's transaction
// changes in tables other than ours: the keys of a device, which two hosts must never advance
// at once. Call it before the first change, and roll back if it fails.
func Fence(ctx context.Context, tx Querier, tenant flowhq.TenantID, epoch int64) error {
	// The parameters are numbered, as a Querier need not know the named ones of pgx.
	const q = `select exists (select from flowhq.fence($1, $2))`
	var current bool
	if err := tx.QueryRowContext(ctx, q, tenant, epoch).Scan(&current); err != nil {
		return fmt.Errorf("fence of tenant %s: %w", tenant, classify(err))
	}
	if !current {
		return fenced(tenant, epoch)
	}
	return nil
}

// ChangeFenced makes changes to tables other than ours in one statement on db. It makes none of
// them, and returns a Fenced error, if a newer host than that of epoch has claimed the tenant.
// changes are common table expressions, each of which selects what it inserts from fence. Their
// arguments are args, the first of which is $3.
func ChangeFenced(
	ctx context.Context, db Querier, tenant flowhq.TenantID, epoch int64,
	changes string, args ...any,
) error {
	// The last select tells whether anything was changed: an insert of no rows is no error.
	q := `with fence as (select from flowhq.fence($1, $2)), ` + changes +
		` select exists (select from fence)`
	var current bool
	err := db.QueryRowContext(ctx, q, append([]any{tenant, epoch}, args...)...).Scan(&current)
	if err != nil {
		return fmt.Errorf("change keys of tenant %s: %w", tenant, classify(err))
	}
	if !current {
		return fenced(tenant, epoch)
	}
	return nil
}

// fenceAlone is the fence of a transaction of several statements. It locks the host's row for
// update, which excludes key share, so every other write of a host waits until tx ends. Use
// it where a decision rests on rows that such a write may change. A renewal of the lease skips
// a row that is locked so, which is why these transactions are kept short.
func fenceAlone(ctx context.Context, tx pgx.Tx, tenant flowhq.TenantID, epoch int64) error {
	const q = `
		select from flowhq.hosts
		where tenant_id = @tenant and epoch = @epoch
		for update`
	tag, err := tx.Exec(ctx, q, named{"tenant": tenant, "epoch": epoch})
	// No row is a newer epoch, or a tenant that is gone.
	if err == nil && tag.RowsAffected() == 0 {
		err = fenced(tenant, epoch)
	}
	return err
}

// fencedExec runs a statement whose one value is whether the host's epoch is the latest, and
// adds the tenant and the epoch to its arguments. The value true does not say that the statement
// found a row to change: a host that repeats a write after code Unavailable finds none.
func fencedExec(
	ctx context.Context, s *Store, sql string, tenant flowhq.TenantID, epoch int64,
	args named,
) error {
	args["tenant"], args["epoch"] = tenant, epoch
	current, err := one(ctx, s, sql, args, pgx.RowTo[bool])
	if err == nil && !current {
		return fenced(tenant, epoch)
	}
	return err
}
