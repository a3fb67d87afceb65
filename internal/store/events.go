package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Events returns the newest events of the tenant, at most limit, like EventsBefore.
func (s *Store) Events(
	ctx context.Context, tenant flowhq.TenantID, limit int,
) ([]flowhq.Event, error) {
	page, _, err := s.EventsBefore(ctx, tenant, 0, limit)
	return page, err
}

// EventsBefore returns a page of events of the tenant, newest first, with at most the first 1,000
// characters of their reasons: some quote what a server answered. next is what the next page is
// before, 0 after the last; a page before 0 is the first. A tenant that was erased has one event
// left. They come through the primary key: ids are in the order of the inserts.
func (s *Store) EventsBefore(
	ctx context.Context, tenant flowhq.TenantID, before int64, limit int,
) (page []flowhq.Event, next int64, err error) {
	const q = `
		select id, tenant_id, event_type, actor, left(reason, 1000), created_at
		from flowhq.portal_event_logs
		where tenant_id = @tenant and (@before::bigint = 0 or id < @before)
		order by id desc
		limit @limit`
	type row struct {
		ID int64
		flowhq.Event
	}
	limit = clampLimit(limit)
	rows, err := many(ctx, s, q, named{"tenant": tenant, "before": before, "limit": limit + 1},
		pgx.RowToStructByPos[row])
	if err != nil {
		return nil, 0, fmt.Errorf("events of tenant %s: %w", tenant, err)
	}
	rows, next = cut(rows, limit, 0, func(r row) int64 { return r.ID })
	for _, r := range rows {
		page = append(page, r.Event)
	}
	return page, next, nil
}

// AddEvent records e; its time is the database's, not e.At. A NotFound error
// means that the tenant is gone, whose history must not grow again.
//
// The tenant's row is locked for key share, which excludes nothing but its deletion: Erase
// either waits for the event, and deletes it, or has deleted the row, and nothing is inserted.
// It is not fenced, as a host that was replaced may still say what it has seen. Repeated after
// an unknown commit it records the event twice.
func (s *Store) AddEvent(ctx context.Context, e flowhq.Event) error {
	const q = `
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select id, @type, @actor, @reason from flowhq.tenants where id = @tenant
		for key share`
	tag, err := exec(ctx, s, q, named{
		"tenant": e.Tenant, "type": e.Type, "actor": clean(e.Actor), "reason": clean(e.Reason),
	})
	if err == nil && tag.RowsAffected() == 0 {
		err = flowhq.Errorf(flowhq.NotFound, "there is no such tenant")
	}
	if err != nil {
		return fmt.Errorf("event of tenant %s: %w", e.Tenant, err)
	}
	return nil
}

// AddEventEvery records e unless the tenant has had an event of its type within that
// time, or is gone; neither is an error. Two calls at once may both record one: neither sees the
// other's row. Only the host of the tenant calls it, at most once in flowhq.ContactWindow, so that
// its reading of the tenant's events, which have no index by type, costs little.
func (s *Store) AddEventEvery(ctx context.Context, every time.Duration, e flowhq.Event) error {
	const q = `
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select id, @type, @actor, @reason from flowhq.tenants where id = @tenant and not exists (
			select from flowhq.portal_event_logs
			where tenant_id = @tenant and event_type = @type
				and created_at > now() - make_interval(secs => @every)
		)
		for key share`
	_, err := exec(ctx, s, q, named{
		"tenant": e.Tenant, "type": e.Type, "actor": clean(e.Actor), "reason": clean(e.Reason),
		"every": every.Seconds(),
	})
	if err != nil {
		return fmt.Errorf("event of tenant %s: %w", e.Tenant, err)
	}
	return nil
}
