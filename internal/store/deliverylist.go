package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A DeliveryFilter selects deliveries of a webhook.
type DeliveryFilter struct {
	Status flowhq.DeliveryStatus // "" selects all
	Before int64                 // ID of a delivery; only earlier ones, 0 = all
	Limit  int
}

// Deliveries returns one page of a webhook's deliveries, the newest first; next is 0 after the last
// one. NotFound means that the tenant has no such webhook.
func (s *Store) Deliveries(
	ctx context.Context, tenant flowhq.TenantID, webhook string, f DeliveryFilter,
) (page []flowhq.WebhookDelivery, next int64, err error) {
	const q = `
		select id, event_id, event_type, contact_id, status, attempts, reason, response_code,
			duration_ms, created_at, tried_at, case when status = 'PENDING' then next_at end
		from flowhq.webhook_deliveries
		where tenant_id = @tenant and webhook_id = @webhook::uuid
			and (@status = '' or status = @status) and (@before::bigint = 0 or id < @before)
		order by id desc
		limit @limit`
	// The webhook is looked up first: an empty page would otherwise say the same of a webhook that
	// has no deliveries and of one that is another tenant's.
	if _, err := s.Webhook(ctx, tenant, webhook); err != nil {
		return nil, 0, err
	}
	rows, err := planned(ctx, s, q, named{
		"tenant": tenant, "webhook": webhook, "status": f.Status, "before": f.Before,
		"limit": clampLimit(f.Limit) + 1,
	}, pgx.RowToStructByPos[flowhq.WebhookDelivery])
	if err != nil {
		return nil, 0, fmt.Errorf("deliveries of webhook %s: %w", webhook, err)
	}
	page, next = cut(rows, f.Limit, 0, func(d flowhq.WebhookDelivery) int64 { return d.ID })
	return page, next, nil
}

// A Replay selects what of the feed a webhook is sent once more.
type Replay struct {
	From, To int64     // ids of events, both included; 0 = no bound
	Since    time.Time // what happened before is left out; zero = no bound
}

// ReplayWebhook has what a replay selects sent to a webhook, whether it was delivered before or
// not, as far as the webhook asks for it and the feed still has it. It records WEBHOOK_REPLAYED. A
// Conflict error means that another replay is under way or that the webhook is disabled; NotFound,
// that the tenant has no such webhook.
func (s *Store) ReplayWebhook(
	ctx context.Context, tenant flowhq.TenantID, id string, r Replay, actor string,
) (flowhq.Webhook, error) {
	// What is to come is not part of a replay.
	const q = `
		with old as (
			select w.enabled, c.replay_to, c.position
			from flowhq.webhooks w
			join flowhq.webhook_cursors c on c.tenant_id = w.tenant_id and c.webhook_id = w.id
			where w.tenant_id = @tenant and w.id = @id::uuid
			for no key update of c
		), c as (
			update flowhq.webhook_cursors c set
				replay_after = greatest(@from::bigint - 1, @after),
				replay_to = case when @to::bigint > 0
					then least(@to, old.position) else old.position end,
				resting = false, due_at = '-infinity'
			from old
			where c.tenant_id = @tenant and c.webhook_id = @id::uuid
				and old.enabled and old.replay_to = 0
			returning c.*
		), nudge as (
			select flowhq.notify('webhook', tenant_id) from c
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('webhook ', webhook_id, ': after event ',
				replay_after, ', up to ', replay_to)
			from c
		), cursor as (
			select * from c
			union all
			select * from flowhq.webhook_cursors
			where tenant_id = @tenant and webhook_id = @id::uuid and not exists (select from c)
		)
		select ` + webhookColumns + `, exists (select from nudge)
		from flowhq.webhooks w, cursor c
		where w.tenant_id = @tenant and w.id = @id::uuid`
	type replayed struct {
		flowhq.Webhook
		Begun bool // false if the cursor was left as it was
	}
	var w replayed
	after, err := s.lastBefore(ctx, tenant, r.Since)
	if err != nil {
		return w.Webhook, fmt.Errorf("replay webhook %s: %w", id, err)
	}
	batch := &pgx.Batch{}
	// The event goes to the feed, whose lock comes before that of the cursor.
	batch.Queue(feedSharedSQL, named{"tenant": tenant})
	batch.Queue(q, named{
		"tenant": tenant, "id": id, "from": r.From, "to": r.To, "after": after,
		"actor": clean(actor), "event": flowhq.EventWebhookReplayed,
	}).Query(func(rows pgx.Rows) (err error) {
		w, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[replayed])
		return err
	})
	err = noSuch("webhook", send(ctx, s, batch))
	switch {
	// Disabled comes before the other replay: to wait for the end of a replay would not help
	// whoever asks.
	case err == nil && !w.Enabled:
		err = disabledWebhook()
	case err == nil && !w.Begun:
		err = flowhq.Errorf(flowhq.Conflict, "another replay of this webhook is under way")
	}
	if err != nil {
		return w.Webhook, fmt.Errorf("replay webhook %s: %w", id, err)
	}
	return w.Webhook, nil
}

// lastBefore is the last event of a tenant's feed before a time, 0 if there is none, or no time. It
// goes through the feed backwards, as most replays are of the last hours. A longer one reads much
// of it, so it holds no lock: whoever appends to the feed, or reads it for a webhook, goes on.
func (s *Store) lastBefore(
	ctx context.Context, tenant flowhq.TenantID, since time.Time,
) (id int64, err error) {
	const q = `
		select coalesce((
			select id from flowhq.feed
			where tenant_id = @tenant and created_at < @since
			order by id desc
			limit 1), 0)`
	if since.IsZero() {
		return 0, nil
	}
	return one(ctx, s, q, named{"tenant": tenant, "since": since}, pgx.RowTo[int64])
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
	err := noSuch("delivery", send(ctx, s, batch))
	switch {
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

// PruneDeliveries deletes at most PruneBatch of a tenant's deliveries that are older than FeedDays,
// for whose events there is no feed any more. If it deletes PruneBatch, there may be more.
func (s *Store) PruneDeliveries(
	ctx context.Context, tenant flowhq.TenantID,
) (deleted int64, err error) {
	// Ids grow with time, so the oldest come first through the primary key.
	const q = `
		delete from flowhq.webhook_deliveries where tenant_id = @tenant and id = any(array(
			select id from (
				select id, created_at from flowhq.webhook_deliveries
				where tenant_id = @tenant
				order by id
				limit @limit
			) as oldest
			where created_at < now() - make_interval(days => @days::integer)))`
	tag, err := exec(ctx, s, q, named{"tenant": tenant, "limit": PruneBatch, "days": FeedDays})
	if err != nil {
		return 0, fmt.Errorf("prune the deliveries of tenant %s: %w", tenant, err)
	}
	return tag.RowsAffected(), nil
}
