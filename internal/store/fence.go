package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// fence is the common table expression that each write of a host begins with,
// and joins: it is one row under the host's epoch and none under a newer one,
// or without a tenant.
//
// The row is locked before it is read, so it is the newest, however old the
// statement's snapshot; and a claim waits until the statement is through. That
// rests on epoch being part of a key: to key share, an update of other columns
// is no obstacle, and the row would then be read as it was.
const fence = `
	with fence as (
		select tenant_id from flowhq.hosts
		where tenant_id = @tenant and epoch = @epoch
		for key share
	)`

// A Querier is a transaction of database/sql, such as those on whatsmeow's tables.
type Querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Fence returns a Fenced error if a newer host than that of epoch has claimed the
// tenant, and otherwise keeps any from doing so until tx ends. It fences what the
// host's transaction changes in tables other than ours.
func Fence(ctx context.Context, tx Querier, tenant flowhq.TenantID, epoch int64) error {
	const q = `
		with fence as (
			select from flowhq.hosts where tenant_id = $1 and epoch = $2
			for key share
		)
		select exists (select from fence)`
	var current bool
	if err := tx.QueryRowContext(ctx, q, tenant, epoch).Scan(&current); err != nil {
		return fmt.Errorf("fence of tenant %s: %w", tenant, classify(err))
	}
	if !current {
		return fenced(tenant, epoch)
	}
	return nil
}

// alone is fence for a transaction of several statements. It excludes every other write
// of a host until the transaction ends, as each begins by locking the same row for key
// share.
func alone(ctx context.Context, tx pgx.Tx, tenant flowhq.TenantID, epoch int64) error {
	const q = `select from flowhq.hosts where tenant_id = @tenant and epoch = @epoch for update`
	tag, err := tx.Exec(ctx, q, pgx.StrictNamedArgs{"tenant": tenant, "epoch": epoch})
	if err == nil && tag.RowsAffected() == 0 {
		err = fenced(tenant, epoch)
	}
	return err
}

// fencedExec runs a statement that begins with fence and ends by selecting
// exists (select from fence).
func fencedExec(ctx context.Context, s *Store, sql string, tenant flowhq.TenantID, epoch int64, args pgx.StrictNamedArgs) error {
	args["tenant"], args["epoch"] = tenant, epoch
	current, err := one(ctx, s, sql, args, pgx.RowTo[bool])
	if err == nil && !current {
		return fenced(tenant, epoch)
	}
	return err
}
