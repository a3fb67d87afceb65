package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An Unsettled is a tenant whose rows are not as they are wanted.
type Unsettled struct {
	Tenant flowhq.TenantID
	Name   string
	// Waits is whether it is only that nobody hosts a session that is wanted, as while a
	// workflow that knows of it waits for something; Banned, whether that may be the end of
	// a ban. Otherwise a workflow has not looked.
	Waits, Banned bool
}

// Unsettled returns at most limit tenants, in the order of their ids, that have for longer
// than after been wanted with no live lease, or been up though nobody wants it, or had a
// command that nobody applied. Those whose session waits for a person are not among them.
// It is across tenants on purpose.
func (s *Store) Unsettled(
	ctx context.Context, after time.Duration, limit int,
) ([]Unsettled, error) {
	// waiting is read from commands_waiting_idx, which holds few rows. No index serves the other
	// conditions: the rows of each tenant are looked at.
	const q = `
		with waiting as (
			select tenant_id from flowhq.commands
			where applied_at is null and asked_at < now() - @after::interval
			group by tenant_id
		), found as (
			select t.id, t.name, waiting.tenant_id is not null as commanded, t.wanted,
				flowhq.host_status(s, w) in ('STARTING', 'RUNNING', 'DRAINING') as is_up,
				w.lease_epoch = 0 or w.lease_expires_at < now() - @after::interval as is_free,
				flowhq.host_status(s, w) in ('STOPPED', 'ERROR')
					and s.ending = any(@parked::text[]) as is_parked,
				coalesce(s.retry_at > now(), false) as is_banned
			from flowhq.tenants t
			join flowhq.hosts w on w.tenant_id = t.id
			join flowhq.whatsapp_sessions s on s.tenant_id = t.id
			left join waiting on waiting.tenant_id = t.id
			where waiting.tenant_id is not null
				or greatest(w.since, s.since) < now() - @after::interval
		)
		select id, name, not commanded and wanted, is_banned
		from found
		where commanded or wanted and is_free and not is_parked or not wanted and is_up
		order by id
		limit @limit`
	all, err := many(ctx, s, q, named{"after": after, "parked": endingsForPerson(), "limit": limit},
		pgx.RowToStructByPos[Unsettled])
	if err != nil {
		return nil, fmt.Errorf("unsettled tenants: %w", err)
	}
	return all, nil
}

// TakeReconcilerLease reports whether the worker process of this name is the one that reconciles
// the rows with Temporal, and until a time from now on no other will be. It is a lease
// rather than a lock, so that one that is frozen is replaced. The times are the database's. The
// condition is in the update of the one row, so two processes cannot both have it. False means
// that another process reconciles; the caller asks again at its next round.
func (s *Store) TakeReconcilerLease(
	ctx context.Context, name string, ttl time.Duration,
) (bool, error) {
	const q = `
		with mine as (
			update flowhq.installation set
				reconciler = @name, reconciler_until = now() + @ttl::interval
			where id = @installation and (reconciler = @name or reconciler_until < now())
			returning one
		)
		select exists (select from mine)`
	args := named{"name": name, "ttl": ttl, "installation": s.installation}
	mine, err := one(ctx, s, q, args, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("reconciler: %w", err)
	}
	return mine, nil
}
