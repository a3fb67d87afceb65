package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A Room is how many sessions the worker processes of a fleet may host, and do.
// Those that are draining or were not heard of in time do not count.
type Room struct {
	Capacity int
	Sessions int
	Free     int // places: the sum over those that have some
}

// BeatWorker records that a worker process is alive for ttl from now and how full it
// is, and returns the room of all others. The sum leaves out the caller's row by name, which the
// snapshot shows as it was before. Times are the database's, so a worker whose clock is wrong
// neither dies early nor lives on.
//
// It uses the connection for signs of life, as a worker that is busy is not dead. To repeat it
// is harmless. The deletion is of workers that died a day ago: after an ordinary end EndWorker
// has deleted the row.
func (s *Store) BeatWorker(
	ctx context.Context, p flowhq.Worker, ttl time.Duration,
) (others Room, err error) {
	const q = `
		with beat as (
			insert into flowhq.workers (name, capacity, sessions, draining, expires_at)
			values (@name, @capacity, @sessions, @draining, now() + @ttl::interval)
			on conflict (name) do update set
				capacity = excluded.capacity, sessions = excluded.sessions,
				draining = excluded.draining,
				seen_at = now(), expires_at = excluded.expires_at
		), gone as (
			delete from flowhq.workers where seen_at < now() - interval '1 day' and name <> @name
		)
		select coalesce(sum(capacity), 0)::integer, coalesce(sum(sessions), 0)::integer,
			coalesce(sum(greatest(capacity - sessions, 0)), 0)::integer
		from flowhq.workers
		where name <> @name and expires_at > now() and not draining`
	others, err = own(ctx, s.signs, q, named{
		"name": p.Name, "capacity": p.Capacity, "sessions": p.Sessions,
		"draining": p.Status == flowhq.WorkerDraining, "ttl": ttl,
	}, pgx.RowToStructByPos[Room])
	if err != nil {
		return Room{}, fmt.Errorf("beat of worker %s: %w", p.Name, err)
	}
	return others, nil
}

// EndWorker forgets a worker process that has ended. If it fails, the row runs out with its
// last beat and is deleted a day later, so callers only log the error.
func (s *Store) EndWorker(ctx context.Context, name string) error {
	const q = `delete from flowhq.workers where name = @name`
	if _, err := exec(ctx, s, q, named{"name": name}); err != nil {
		return fmt.Errorf("end of worker %s: %w", name, err)
	}
	return nil
}

// Workers lists the worker processes, the oldest first: at most MaxLimit, of those that
// were heard of last. One that was not heard of in time is STALE.
func (s *Store) Workers(ctx context.Context) ([]flowhq.Worker, error) {
	const q = `
		select name,
			case
				when expires_at < now() then 'STALE' when draining then 'DRAINING'
				else 'RUNNING' end,
			sessions, capacity, since, seen_at
		from (select * from flowhq.workers order by seen_at desc limit @limit) w
		order by since, name`
	all, err := many(ctx, s, q, named{"limit": MaxLimit}, pgx.RowToStructByPos[flowhq.Worker])
	if err != nil {
		return nil, fmt.Errorf("list workers: %w", err)
	}
	return all, nil
}

// NewTenants counts the tenants that were created within the last days and whose sessions are
// wanted, 10,000 at most. It walks tenants_newest_idx no further than those days.
func (s *Store) NewTenants(ctx context.Context, days int) (int, error) {
	const q = `
		select count(*)::integer from (
			select from flowhq.tenants
			where created_at > now() - make_interval(days => @days) and wanted
			limit 10000
		) as recent`
	n, err := one(ctx, s, q, named{"days": days}, pgx.RowTo[int])
	if err != nil {
		return 0, fmt.Errorf("count new tenants: %w", err)
	}
	return n, nil
}

// A Waiting is a tenant that was found to wait.
type Waiting struct {
	Tenant  flowhq.TenantID
	Epoch   int64
	Session flowhq.SessionState
}

// SetWaiting says what tenants wait for, and the reason to operators, that have been STARTING
// for longer than after without a host, and returns those of which the rows did not say so
// yet, at most limit. One that has failed waits for its next attempt rather
// than for a host: it is left out, unless failed is set or it was told to wait before.
// It is across tenants on purpose: it runs every few seconds while something is short.
//
// The rows of hosts come first, as in SetSession, or the two would deadlock. While the statement
// waits for one, its host may write how it ended; the session's state and end are compared once
// more under the lock, or a tenant that waits for a person would look as if it waited for a slot.
func (s *Store) SetWaiting(
	ctx context.Context, why flowhq.Wait, reason string, after time.Duration, failed bool,
	limit int,
) ([]Waiting, error) {
	const q = `
		with found as (
			select w.tenant_id, w.epoch, s.state, s.ending
			from flowhq.hosts w join flowhq.whatsapp_sessions s using (tenant_id)
			where (s.waiting_for, s.reason) <> (@why, @reason)
				and flowhq.host_status(s, w) in ('STARTING', 'DRAINING')
				and (@failed or w.last_error = '' or s.waiting_for <> '')
				and greatest(w.since, s.since) < now() - @after::interval
				and (w.lease_epoch = 0 or w.lease_expires_at < now())
			order by w.tenant_id
			limit @limit
		), held as (
			select w.tenant_id, w.epoch, found.state, found.ending
			from found join flowhq.hosts w using (tenant_id, epoch)
			where w.lease_epoch = 0 or w.lease_expires_at < now()
			order by w.tenant_id
			for no key update of w
		), session as (
			update flowhq.whatsapp_sessions s set
				waiting_for = @why, reason = @reason, ending = ''
			from held
			where s.tenant_id = held.tenant_id and (s.state, s.ending) = (held.state, held.ending)
			returning s.tenant_id, held.epoch, s.state
		)
		select tenant_id, epoch, state from session`
	found, err := many(ctx, s, q, named{
		"why": why, "reason": clean(reason), "after": after, "failed": failed, "limit": limit,
	}, pgx.RowToStructByPos[Waiting])
	if err != nil {
		return nil, fmt.Errorf("set waiting: %w", err)
	}
	return found, nil
}
