package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Installation is the id of the installation that the database belonged to when it was
// opened, a UUID.
func (s *Store) Installation() string { return s.installation }

// Address is where the database is, as host:port/name, for a message. It holds no secret.
func (s *Store) Address() string { return s.address }

// readInstallation returns the id of the installation that the database belongs to. A database
// without one is Unavailable: it is being restored, or is none of ours.
func (s *Store) readInstallation(ctx context.Context) (string, error) {
	const q = `select id::text from flowhq.installation`
	// The connection for signs of life has a short lock_timeout: a table that somebody has locked
	// must not hold up a probe.
	id, err := own(ctx, s.signs, q, none, pgx.RowTo[string])
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		const message = "the database says of no installation that it is its"
		err = &flowhq.Error{Code: flowhq.Unavailable, Message: message, Err: err}
	}
	return id, err
}

// Ping reports whether the database answers, has our tables and belongs to the same
// installation as when it was opened. It does not wait for the messages of all tenants.
func (s *Store) Ping(ctx context.Context) error {
	id, err := s.readInstallation(ctx)
	if err == nil && id != s.installation {
		err = flowhq.Errorf(flowhq.Unavailable, "the database belongs to another installation, "+
			"%s; this process serves %s", id, s.installation)
	}
	return err
}

// Answers is Ping for who takes the database for lost if it fails: that somebody has
// locked a table is no such reason.
func (s *Store) Answers(ctx context.Context) error {
	err := s.Ping(ctx)
	if serverCode(err) == lockNotAvailable {
		return nil
	}
	return err
}

// missing returns err, but for a tenant that is not found because this is not the database
// of its installation: the error then has code Unavailable, for its own may come back.
func (s *Store) missing(ctx context.Context, err error) error {
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		return err
	}
	// It is asked on the way of an error alone, so a call that succeeds pays nothing for it.
	if other := s.Ping(ctx); other != nil {
		return other
	}
	return err
}

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
