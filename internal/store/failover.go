package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An Unhosted is a tenant that is to have a host, and whose lease nobody holds.
type Unhosted struct {
	Tenant flowhq.TenantID
	// Worker is the process whose host had the lease last, "" if that one gave it back or a
	// newer host has claimed the tenant since.
	Worker string
	Epoch  int64 // of that host; 0 if there is none
	// Stable is whether that host's session had been up for long when the lease was
	// renewed last.
	Stable bool
}

// Unhosted lists at most limit tenants that are to have a host, and whose lease has
// ended, in the order of their ids, those after one of them or, if that is "", from the
// first on. Who waits for a person is not among them. Leases last ttl, and a session is
// stable after stableFor. It is across tenants on purpose: it runs when a worker has died.
func (s *Store) Unhosted(
	ctx context.Context, ttl, stableFor time.Duration, after flowhq.TenantID, limit int,
) ([]Unhosted, error) {
	// Pages go on from an id and not from an offset, as tenants that get a host meanwhile leave
	// the selection.
	const q = `
		select w.tenant_id,
			case when w.lease_epoch = w.epoch then w.lease_worker else '' end,
			case when w.lease_epoch = w.epoch then w.epoch else 0 end,
			w.lease_epoch = w.epoch and s.state = 'CONNECTED'
				and w.lease_expires_at - @ttl::interval - s.since >= @stable::interval
		from flowhq.hosts w join flowhq.whatsapp_sessions s using (tenant_id)
		where flowhq.host_status(s, w) <> 'STOPPED'
			and (w.lease_epoch = 0 or w.lease_expires_at <= now())
			and not (flowhq.host_status(s, w) = 'ERROR' and s.ending = any(@parked::text[]))
			and w.tenant_id > @after::uuid
		order by w.tenant_id
		limit @limit`
	// The lowest UUID, which no tenant has.
	const first = "00000000-0000-0000-0000-000000000000"
	all, err := many(ctx, s, q, named{
		"ttl": ttl, "stable": stableFor, "parked": endingsForPerson(),
		"after": cmp.Or(after, first), "limit": limit,
	}, pgx.RowToStructByPos[Unhosted])
	if err != nil {
		return nil, fmt.Errorf("list tenants without a host: %w", err)
	}
	return all, nil
}

// A WorkerAge is how long ago a worker process was heard of, by the database's clock, as
// that of the process that asks may be wrong.
type WorkerAge struct {
	Name   string
	Stale  bool          // its place in the fleet has run out: it is dead, or cannot write
	Silent time.Duration // since its last BeatWorker
}

// WorkerAges lists the worker processes, at most MaxLimit, of those that were heard of
// last, and the database's time. The time comes also without any worker, hence the left join. All
// workers compute from it whose duty the failover is, so it must be the same for all.
func (s *Store) WorkerAges(ctx context.Context) (all []WorkerAge, now time.Time, err error) {
	const q = `
		select now(), coalesce(name, ''),
			coalesce(expires_at <= now(), true), coalesce(now() - seen_at, '0')
		from (select) as one left join (
			select * from flowhq.workers order by seen_at desc limit @limit
		) w on true`
	type row struct {
		Now time.Time
		WorkerAge
	}
	rows, err := many(ctx, s, q, named{"limit": MaxLimit}, pgx.RowToStructByPos[row])
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("ages of workers: %w", err)
	}
	for _, r := range rows {
		now = r.Now
		// The one row without a name is that of a fleet without workers.
		if r.Name != "" {
			all = append(all, r.WorkerAge)
		}
	}
	return all, now, nil
}

// WorkerLives reports whether a worker process has a place in the fleet that has not run
// out. False for a name that was never there: a worker joins the fleet before it asks for work.
func (s *Store) WorkerLives(ctx context.Context, name string) (bool, error) {
	const q = `select exists (select from flowhq.workers where name = @name and expires_at > now())`
	lives, err := one(ctx, s, q, named{"name": name}, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("worker %s: %w", name, err)
	}
	return lives, nil
}

// Uptime is for how long the database server has been up. A worker that has just started asks
// once: after an outage of the database all leases have run out, though their workers live.
func (s *Store) Uptime(ctx context.Context) (time.Duration, error) {
	const q = `select clock_timestamp() - pg_postmaster_start_time()`
	up, err := one(ctx, s, q, none, pgx.RowTo[time.Duration])
	if err != nil {
		return 0, fmt.Errorf("uptime of the database: %w", err)
	}
	return up, nil
}

// EndLeases ends what a worker process has left that has ended: its leases, of which
// every listener is told ("lease"), and its place in the fleet. It returns how many
// leases that were. Only call it of a process that is known to be no more: one that lives would
// be connected beside its successors for a moment. hosts has no index by worker; it is
// called at a start and after a death, and reads a row for each tenant.
func (s *Store) EndLeases(ctx context.Context, worker string) (ended int, err error) {
	// A lease is ended and not cleared: Unhosted reads from it whose host had the tenant.
	const q = `
		with gone as (
			delete from flowhq.workers where name = @worker
		), ended as (
			update flowhq.hosts set lease_expires_at = now()
			where lease_worker = @worker and lease_epoch <> 0 and lease_expires_at > now()
			returning tenant_id, lease_epoch
		)
		select tenant_id from ended, flowhq.notify('lease', tenant_id, lease_epoch)`
	tenants, err := many(ctx, s, q, named{"worker": worker}, pgx.RowTo[flowhq.TenantID])
	if err != nil {
		return 0, fmt.Errorf("end leases of worker %s: %w", worker, err)
	}
	return len(tenants), nil
}
