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

// An Answer is what a worker process learns when it says that it is alive.
type Answer struct {
	Room             // of all others
	DrainWanted bool // an operator wants it to drain
}

// BeatWorker records that a worker process is alive for ttl from now and how full it is, and
// returns the room of all others and whether the process is to drain. The sum leaves out the
// caller's row by name, which the snapshot shows as it was before; the wish is of the row that is
// written. Times are the database's, so a worker whose clock is wrong neither dies early nor lives
// on.
//
// It uses the connection for signs of life, as a worker that is busy is not dead. To repeat it
// is harmless. The deletion is of workers that died a day ago: after an ordinary end EndWorker
// has deleted the row.
func (s *Store) BeatWorker(
	ctx context.Context, p flowhq.Worker, ttl time.Duration,
) (Answer, error) {
	const q = `
		with beat as (
			insert into flowhq.workers (name, capacity, sessions, draining,
				connects_per_second, connects_waiting, expires_at)
			values (@name, @capacity, @sessions, @draining, @pace, @waiting,
				now() + @ttl::interval)
			on conflict (name) do update set
				capacity = excluded.capacity, sessions = excluded.sessions,
				draining = excluded.draining,
				connects_per_second = excluded.connects_per_second,
				connects_waiting = excluded.connects_waiting,
				seen_at = now(), expires_at = excluded.expires_at
			returning drain_wanted
		), gone as (
			delete from flowhq.workers where seen_at < now() - interval '1 day' and name <> @name
		)
		select coalesce(sum(capacity), 0)::integer, coalesce(sum(sessions), 0)::integer,
			coalesce(sum(greatest(capacity - sessions, 0)), 0)::integer,
			(select drain_wanted from beat)
		from flowhq.workers
		where name <> @name and expires_at > now() and not (draining or drain_wanted)`
	answer, err := own(ctx, s.signs, q, named{
		"name": p.Name, "capacity": p.Capacity, "sessions": p.Sessions,
		"draining": p.Status == flowhq.WorkerDraining, "pace": p.ConnectsPerSecond,
		"waiting": p.ConnectsWaiting, "ttl": ttl,
	}, pgx.RowToStructByPos[Answer])
	if err != nil {
		return Answer{}, fmt.Errorf("beat of worker %s: %w", p.Name, err)
	}
	return answer, nil
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

// workerColumns are those of a [flowhq.Worker]. A worker that is to drain is shown as DRAINING
// from the moment that an operator asks: nobody counts on its room any more.
const workerColumns = `name,
	case
		when expires_at < now() then 'STALE' when draining or drain_wanted then 'DRAINING'
		else 'RUNNING' end,
	sessions, capacity, drain_wanted, connects_per_second, connects_waiting, since, seen_at`

// DrainWorker has a worker process drain, or take sessions again if wanted is false, and records
// an event, unless that is what was wanted before. It returns the worker as it is from now on. The
// process learns it with its next sign of life. The error is NotFound if there is no such worker,
// and Conflict if it was not heard of in time: it has died, and the wish would reach nobody.
//
// The row is locked before it is read: of two operators the second finds what the first has left,
// and records no event of its own.
func (s *Store) DrainWorker(
	ctx context.Context, name string, wanted bool, actor string,
) (flowhq.Worker, error) {
	const q = `
		with was as (
			select name, drain_wanted from flowhq.workers where name = @name for update
		), changed as (
			update flowhq.workers w set drain_wanted = @wanted
			from was
			where w.name = was.name and was.drain_wanted <> @wanted and expires_at > now()
			returning w.name
		), event as (
			insert into flowhq.fleet_events (event_type, actor, reason)
			select @type, @actor, name from changed
		)
		select from changed`
	kind := flowhq.EventUndrainAsked
	if wanted {
		kind = flowhq.EventDrainAsked
	}
	name = clean(name)
	args := named{"name": name, "wanted": wanted, "type": kind, "actor": actor}
	if _, err := exec(ctx, s, q, args); err != nil {
		return flowhq.Worker{}, fmt.Errorf("drain worker %s: %w", name, err)
	}
	// Read by a statement of its own, as a wish that is no news yields no row.
	const now = `select ` + workerColumns + ` from flowhq.workers where name = @name`
	w, err := one(ctx, s, now, named{"name": name}, pgx.RowToStructByPos[flowhq.Worker])
	switch {
	case err != nil:
		return flowhq.Worker{}, fmt.Errorf("drain worker %s: %w", name, noSuch("worker", err))
	case w.Status == flowhq.WorkerStale:
		return flowhq.Worker{}, flowhq.Errorf(flowhq.Conflict,
			"the worker has ended: it was last heard of at %s", w.LastSeenAt.UTC().Format(time.RFC3339))
	}
	return w, nil
}

// Workers lists the worker processes, the oldest first: at most MaxLimit, of those that
// were heard of last. One that was not heard of in time is STALE.
func (s *Store) Workers(ctx context.Context) ([]flowhq.Worker, error) {
	const q = `
		select ` + workerColumns + `
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
