package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An AsideFilter selects deliveries that were set aside. Empty fields select all.
type AsideFilter struct {
	Tenant flowhq.TenantID // "" is every tenant
	Reason string          // exactly
	Before int64           // ID of a delivery; only earlier ones
	Limit  int             // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// where is the condition on the deliveries d that the filter selects, but for the page. As with dead
// letters each form is found by an index that holds nothing else:
// webhook_deliveries_tenant_set_aside_idx or webhook_deliveries_all_set_aside_idx.
func (f AsideFilter) where() string {
	q := "d.status = 'SET_ASIDE' and (@reason::text = '' or d.reason = @reason)"
	if f.Tenant != "" {
		q = "d.tenant_id = @tenant and " + q
	}
	return q
}

// args are the parameters of where and others.
func (f AsideFilter) args(others named) named {
	others["reason"] = clean(f.Reason)
	if f.Tenant != "" {
		others["tenant"] = f.Tenant
	}
	return others
}

// AsideDeliveries returns one page of the deliveries that were set aside and that f selects, newest
// first, and the Before of the next page, 0 after the last. Without a tenant it is across tenants.
func (s *Store) AsideDeliveries(
	ctx context.Context, f AsideFilter,
) (page []flowhq.AsideDelivery, next int64, err error) {
	// The joins hide no row: a delivery outlives neither its webhook nor its tenant.
	q := `
		select d.tenant_id::text, t.name, d.webhook_id::text,
			coalesce(substring(w.url from '^[a-zA-Z]+://(?:[^/?#]*@)?([^/?#]*)'), ''),
			d.id, d.event_id, d.event_type, d.contact_id, d.status, d.attempts, d.reason,
			d.response_code, d.duration_ms, d.created_at, d.tried_at, null::timestamptz
		from flowhq.webhook_deliveries d
		join flowhq.webhooks w on w.tenant_id = d.tenant_id and w.id = d.webhook_id
		join flowhq.tenants t on t.id = d.tenant_id
		where ` + f.where() + ` and (@before::bigint = 0 or d.id < @before)
		order by d.id desc
		limit @limit`
	limit := clampLimit(f.Limit)
	page, err = many(ctx, s, q, f.args(named{
		"before": f.Before,
		// One row more than the page tells whether there is another page.
		"limit": limit + 1,
	}), pgx.RowToStructByPos[flowhq.AsideDelivery])
	if err != nil {
		return nil, 0, fmt.Errorf("deliveries that were set aside: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// AsideReasons counts the newest deliveries that f selects by their reasons, the most frequent
// reason first. See maxCounted and maxReasons for how far.
func (s *Store) AsideReasons(ctx context.Context, f AsideFilter) ([]flowhq.AsideReason, error) {
	// The rows are bounded before they are grouped, as with dead letters.
	q := `
		select reason, count(*), count(distinct tenant_id), min(created_at), max(created_at)
		from (
			select d.reason, d.tenant_id, d.created_at from flowhq.webhook_deliveries d
			where ` + f.where() + `
			order by d.id desc
			limit @counted
		) as newest
		group by reason
		order by count(*) desc, reason
		limit @limit`
	reasons, err := many(ctx, s, q, f.args(named{"counted": maxCounted, "limit": maxReasons}),
		pgx.RowToStructByPos[flowhq.AsideReason])
	if err != nil {
		return nil, fmt.Errorf("reasons of deliveries that were set aside: %w", err)
	}
	return reasons, nil
}

// RetryDelivery has a delivery that was set aside tried again, for another day, and records
// WEBHOOK_REPLAYED. What came later in its chat may have been accepted before. NotFound means that
// the tenant has no such delivery; Conflict, that it is not set aside any more, or that its webhook
// is disabled.
func (s *Store) RetryDelivery(
	ctx context.Context, tenant flowhq.TenantID, id int64, actor string,
) error {
	// The cursor is written before the delivery, as by whoever reads the feed.
	const q = `
		with old as (
			select d.webhook_id, d.status, w.enabled
			from flowhq.webhook_deliveries d
			join flowhq.webhooks w on w.tenant_id = d.tenant_id and w.id = d.webhook_id
			where d.tenant_id = @tenant and d.id = @id
		), c as (
			update flowhq.webhook_cursors c set resting = false, due_at = '-infinity'
			from old
			where c.tenant_id = @tenant and c.webhook_id = old.webhook_id
				and old.enabled and old.status = 'SET_ASIDE'
			returning c.webhook_id
		), d as (
			update flowhq.webhook_deliveries d set
				status = 'PENDING', attempts = 0, reason = '', next_at = now(),
				expires_at = now() + make_interval(secs => @try_for)
			from c
			where d.tenant_id = @tenant and d.id = @id and d.status = 'SET_ASIDE'
			returning d.webhook_id, d.event_id
		), nudge as (
			select flowhq.notify('webhook', @tenant::uuid) from d
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, @actor, concat('webhook ', webhook_id, ': event ', event_id)
			from d
		)
		select enabled, exists (select from d), exists (select from nudge) from old`
	type retried struct{ Enabled, Done, Told bool }
	var r retried
	batch := &pgx.Batch{}
	// The event goes to the feed, whose lock comes before that of the cursor.
	batch.Queue(feedSharedSQL, named{"tenant": tenant})
	batch.Queue(q, named{
		"tenant": tenant, "id": id, "actor": clean(actor), "event": flowhq.EventWebhookReplayed,
		"try_for": flowhq.WebhookTryFor.Seconds(),
	}).Query(func(rows pgx.Rows) (err error) {
		r, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[retried])
		return err
	})
	err := send(ctx, s, batch)
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		err = &flowhq.Error{
			Code: flowhq.NotFound, Message: "there is no such delivery", Err: err,
		}
	case err == nil && !r.Enabled:
		err = disabledWebhook()
	case err == nil && !r.Done:
		err = flowhq.Errorf(flowhq.Conflict, "the delivery is not set aside any more")
	}
	if err != nil {
		return fmt.Errorf("retry delivery %d: %w", id, err)
	}
	return nil
}
