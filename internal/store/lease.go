package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Claim is ClaimAbove for a tenant of which nothing but its row is known.
func (s *Store) Claim(
	ctx context.Context, tenant flowhq.TenantID, worker string,
) (epoch int64, err error) {
	return s.ClaimAbove(ctx, tenant, worker, 0)
}

// ClaimAbove makes a new host the owner of the tenant and returns its epoch, which is above
// floor, an epoch that the tenant is known to have had. The host is STARTING. Writes of the
// older host that are under way are waited for; every later one fails with code Fenced. All
// listeners are notified ("epoch"), and the older host among them hangs up and releases its
// lease.
//
// ClaimAbove does not take the lease: until TakeLease says so, the older host may still be
// connected. A NotFound error means that the tenant is gone.
func (s *Store) ClaimAbove(
	ctx context.Context, tenant flowhq.TenantID, worker string, floor int64,
) (epoch int64, err error) {
	// The epoch is part of a key, so the update waits for the writes that hold the row for key
	// share.
	const q = `
		with claimed as (
			update flowhq.hosts set
				epoch = flowhq.next_epoch(epoch, @floor),
				worker = @worker,
				since = now()
			where tenant_id = @tenant
			returning tenant_id, epoch
		)
		select epoch from claimed, flowhq.notify('epoch', tenant_id, epoch)`
	args := named{"tenant": tenant, "worker": worker, "floor": floor}
	epoch, err = one(ctx, s, q, args, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("claim tenant %s: %w", tenant, s.missing(ctx, err))
	}
	return epoch, nil
}

// TakeLease takes the tenant's lease for ttl if no other host holds one that is still
// running, and otherwise returns how long that one runs at most. It may be released earlier,
// of which listeners are notified ("lease"). Taking it again extends it. A Fenced error means
// that a newer host has claimed the tenant.
//
// Leases run on the database's clock. Counted from before the call, a lease is at least ttl
// long.
//
// It is one update of one row, so of two hosts that ask at once the second waits for the first
// and finds the lease taken. A caller that does not know whether its call was committed releases
// the lease: otherwise nobody would hold it, and the next host would wait for its end.
func (s *Store) TakeLease(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, ttl time.Duration,
) (taken bool, wait time.Duration, err error) {
	// before is the row as it was before the statement, so Left is of the lease that stands in
	// the way.
	const q = `
		with taken as (
			update flowhq.hosts set
				lease_epoch = @epoch, lease_worker = worker,
				lease_expires_at = now() + @ttl::interval
			where tenant_id = @tenant and epoch = @epoch
				and (lease_epoch in (0, @epoch) or lease_expires_at <= now())
			returning tenant_id
		), before as (
			select lease_expires_at from flowhq.hosts
			where tenant_id = @tenant and epoch = @epoch
		)
		select exists (select from before), exists (select from taken),
			greatest((select lease_expires_at - now() from before), '0')`
	type answer struct {
		Current, Taken bool          // the host is the latest; it has the lease
		Left           time.Duration // of the other host's lease, as it was before
	}
	a, err := one(ctx, s, q, named{"tenant": tenant, "epoch": epoch, "ttl": ttl},
		pgx.RowToStructByPos[answer])
	if err == nil && !a.Current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		return false, 0, fmt.Errorf("lease of tenant %s: %w", tenant, err)
	}
	if a.Taken {
		s.leases.open(ctx) // which RenewLeases needs soon
		return true, 0, nil
	}
	return false, a.Left, nil
}

// A Lease is what one host renews.
type Lease struct {
	Tenant flowhq.TenantID
	Epoch  int64      // under which the host has taken it
	SeenAt *time.Time // last proof of life from WhatsApp; nil = none yet
}

// renewSQL renews what nobody else has locked. Its parts, in order: the hosts whose rows are
// free, locked; their leases, renewed unless fenced; the sessions whose rows are free, locked;
// the proof of life, written there. A locked session costs only the proof of life.
const renewSQL = `
	with free as materialized (
		select tenant_id from flowhq.hosts
		where tenant_id = any(@tenants::uuid[])
		order by tenant_id
		for no key update skip locked
	), l as (
		select * from unnest(@tenants::uuid[], @epochs::bigint[], @seen::timestamptz[])
			as l (tenant_id, epoch, seen_at)
	), renewed as (
		update flowhq.hosts w set lease_expires_at = now() + @ttl::interval
		from l join free using (tenant_id)
		where w.tenant_id = l.tenant_id and w.epoch = l.epoch and w.lease_epoch = l.epoch
		returning w.tenant_id, w.epoch, l.seen_at
	), sessions as materialized (
		select s.tenant_id from flowhq.whatsapp_sessions s
		where s.tenant_id = any(@tenants::uuid[])
		order by s.tenant_id
		for no key update skip locked
	), seen as (
		update flowhq.whatsapp_sessions s set last_seen_at = renewed.seen_at
		from renewed join sessions using (tenant_id)
		where s.tenant_id = renewed.tenant_id
			and (s.last_seen_at is null or s.last_seen_at < renewed.seen_at)
	)
	select tenant_id, epoch, true from renewed
	union all
	select tenant_id, epoch, false
	from l join flowhq.hosts w using (tenant_id, epoch)
	where w.lease_epoch = epoch and tenant_id not in (select tenant_id from free)`

// RenewLeases makes the leases of all hosts of a worker run for ttl from now, and writes when
// each last heard from WhatsApp. It returns those that were renewed, and those that were not
// because somebody else has locked their rows: it waits for no row, or one that an operator's
// psql has locked would cost the worker all its leases. Neither has SeenAt. The host of a
// lease that is in neither has been fenced, or holds no lease.
//
// It has a connection of its own, as the pool is busy when messages are slow. It is two
// statements in one round trip and transaction: the first locks the rows, so that the
// snapshot of the second, which is taken after it, shows them as they are while they are
// locked. As neither waits for a row, a renewal does not wait for an earlier one of the same
// tenants either, whose caller may have given up.
func (s *Store) RenewLeases(
	ctx context.Context, leases []Lease, ttl time.Duration,
) (renewed, locked []Lease, err error) {
	const lock = `
		select from flowhq.hosts
		where tenant_id = any(@tenants::uuid[])
		order by tenant_id
		for no key update skip locked`
	if len(leases) == 0 {
		return nil, nil, nil
	}
	type row struct {
		Tenant flowhq.TenantID
		Epoch  int64
		Done   bool
	}
	var rows []row
	// Three lists of one length, which the statement reads side by side.
	tenants := make([]flowhq.TenantID, len(leases))
	epochs := make([]int64, len(leases))
	seen := make([]*time.Time, len(leases))
	for i, l := range leases {
		tenants[i], epochs[i], seen[i] = l.Tenant, l.Epoch, l.SeenAt
	}
	err = s.leases.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		batch := &pgx.Batch{}
		batch.Queue(lock, named{"tenants": tenants})
		args := named{"tenants": tenants, "epochs": epochs, "seen": seen, "ttl": ttl}
		batch.Queue(renewSQL, args).
			Query(func(r pgx.Rows) (err error) {
				rows, err = pgx.CollectRows(r, pgx.RowToStructByPos[row])
				return err
			})
		return conn.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return nil, nil, fmt.Errorf("renew %d leases: %w", len(leases), err)
	}
	for _, r := range rows {
		if l := (Lease{Tenant: r.Tenant, Epoch: r.Epoch}); r.Done {
			renewed = append(renewed, l)
		} else {
			locked = append(locked, l)
		}
	}
	return renewed, locked, nil
}

// ReleaseLease gives up the lease of a host that has hung up, so that its successor need not
// wait for it to run out, and notifies every listener ("lease"). It is no error if the host
// is fenced, or its lease is gone, so it may be repeated. Call it only when the connection to
// WhatsApp is over: the next host logs in with the same keys as soon as it is notified. If the
// call fails, the lease runs out by itself.
func (s *Store) ReleaseLease(ctx context.Context, tenant flowhq.TenantID, epoch int64) error {
	const q = `
		with released as (
			update flowhq.hosts set lease_epoch = 0, lease_expires_at = null
			where tenant_id = @tenant and lease_epoch = @epoch
			returning tenant_id
		)
		select from released, flowhq.notify('lease', tenant_id, @epoch)`
	_, err := exec(ctx, s, q, named{"tenant": tenant, "epoch": epoch})
	if err != nil {
		return fmt.Errorf("release lease of tenant %s: %w", tenant, err)
	}
	return nil
}
