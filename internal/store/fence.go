package store

import (
	"context"

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
		select tenant_id from flowhq.worker_processes
		where tenant_id = @tenant and epoch = @epoch
		for key share
	)`

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
