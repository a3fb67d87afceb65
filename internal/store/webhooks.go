package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// MaxWebhooks bounds the webhooks of a tenant: each event is sent to all of them.
const MaxWebhooks = 20

// OldSecretFor is for how long the secret before a rotation signs as well, so that the receiver can
// be given the new one meanwhile.
const OldSecretFor = 24 * time.Hour

// webhookColumns are the fields of flowhq.Webhook, in their order, of webhooks w and
// webhook_cursors c. The secrets are not among them: nothing that lists webhooks can show one by
// mistake.
const webhookColumns = `
	w.id::text, w.url, w.description, w.event_types, w.enabled, w.reason, w.created_by,
	w.created_at, w.updated_at,
	case when w.old_secret_until > now() then w.old_secret_until end as old_secret_until,
	c.failures, case when c.due_at > '-infinity' then c.due_at end as retry_at, c.position`

// feedSharedSQL takes the lock of a tenant's feed as who appends to the feed does. Whoever writes a
// cursor and makes an event takes the lock first: the event would take it last, and wait for a
// reader of the feed that waits for the cursor.
const feedSharedSQL = `
	select pg_advisory_xact_lock_shared(flowhq.feed_lock_class(), hashtext(@tenant::text))`

// A NewWebhook is a webhook that is to be made.
type NewWebhook struct {
	URL         string
	Description string
	Types       []flowhq.EventType
	Secret      string // with its prefix
}

// Webhooks lists the webhooks of a tenant, the oldest first.
func (s *Store) Webhooks(ctx context.Context, tenant flowhq.TenantID) ([]flowhq.Webhook, error) {
	const q = `
		select ` + webhookColumns + `
		from flowhq.webhooks w
		join flowhq.webhook_cursors c on c.tenant_id = w.tenant_id and c.webhook_id = w.id
		where w.tenant_id = @tenant
		order by w.created_at, w.id`
	all, err := many(ctx, s, q, named{"tenant": tenant}, pgx.RowToStructByPos[flowhq.Webhook])
	if err != nil {
		return nil, fmt.Errorf("webhooks of tenant %s: %w", tenant, err)
	}
	return all, nil
}

// Webhook finds a webhook of a tenant, or fails with code NotFound.
func (s *Store) Webhook(
	ctx context.Context, tenant flowhq.TenantID, id string,
) (flowhq.Webhook, error) {
	const q = `
		select ` + webhookColumns + `
		from flowhq.webhooks w
		join flowhq.webhook_cursors c on c.tenant_id = w.tenant_id and c.webhook_id = w.id
		where w.tenant_id = @tenant and w.id = @id::uuid`
	w, err := one(ctx, s, q, named{"tenant": tenant, "id": id},
		pgx.RowToStructByPos[flowhq.Webhook])
	if err != nil {
		return w, fmt.Errorf("webhook %s: %w", id, noSuch("webhook", err))
	}
	return w, nil
}

// AddWebhook makes a webhook, which is told of what happens from now on, and records
// WEBHOOK_CREATED. A Conflict error means that there are MaxWebhooks; NotFound, that there is no
// such tenant.
func (s *Store) AddWebhook(
	ctx context.Context, tenant flowhq.TenantID, n NewWebhook, actor string,
) (flowhq.Webhook, error) {
	// It begins behind the newest event. Counted within the statement: nobody makes another one
	// meanwhile, as the lock of the feed is held alone.
	const q = `
		with w as (
			insert into flowhq.webhooks (
				tenant_id, url, description, event_types, secret, created_by)
			select id, @url, @description, @types, @secret, @actor
			from flowhq.tenants t
			where t.id = @tenant and (
				select count(*) from flowhq.webhooks where tenant_id = @tenant
			) < @max
			returning *
		), c as (
			insert into flowhq.webhook_cursors (tenant_id, webhook_id, position)
			select tenant_id, id, coalesce((
				select max(id) from flowhq.feed where tenant_id = @tenant), 0)
			from w
			returning *
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('webhook ', id) from w
		)
		select ` + webhookColumns + ` from w, c`
	w, err := oneOfFeedAlone(ctx, s, tenant, q, named{
		"tenant": tenant, "url": n.URL, "description": clean(n.Description),
		"types": words(n.Types), "secret": s.seal(n.Secret, tenant), "actor": clean(actor),
		"max": MaxWebhooks, "event": flowhq.EventWebhookCreated,
	})
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		if _, err = s.Tenant(ctx, tenant); err == nil {
			err = flowhq.Errorf(flowhq.Conflict,
				"there are %d webhooks already; delete one", MaxWebhooks)
		}
	}
	if err != nil {
		return flowhq.Webhook{}, fmt.Errorf("add webhook of tenant %s: %w", tenant, err)
	}
	return w, nil
}

// A WebhookChange is what is to change of a webhook; nil leaves a field as it is.
type WebhookChange struct {
	URL         *string
	Description *string
	Types       []flowhq.EventType
	Enabled     *bool
	// Reason says why Enabled is false. Of a webhook that its receiver has ended it is the
	// receiver's.
	Reason string
}

// fields names what the change gives.
func (c WebhookChange) fields() string {
	var all []string
	// The event lists only the names of the fields: a URL may have a secret of the receiver in it,
	// and events are read by more people than webhooks.
	for name, given := range map[string]bool{
		"url": c.URL != nil, "description": c.Description != nil, "types": c.Types != nil,
		"enabled": c.Enabled != nil,
	} {
		if given {
			all = append(all, name)
		}
	}
	// Maps have no order, and the event is to read the same for the same change.
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// ChangeWebhook changes a webhook, and records WEBHOOK_CHANGED. One that is disabled loses what
// waits for it: that is set aside. One that is enabled again is told of what happens from then on.
// Both can be replayed. NotFound means that the tenant has no such webhook.
func (s *Store) ChangeWebhook(
	ctx context.Context, tenant flowhq.TenantID, id string, c WebhookChange, actor string,
) (flowhq.Webhook, error) {
	// What is nil is null in the statement, which then keeps the column.
	args := named{
		"tenant": tenant, "id": id, "url": c.URL, "description": c.Description,
		"types": words(c.Types), "enabled": c.Enabled, "reason": clean(c.Reason),
		"actor": clean(actor), "event": flowhq.EventWebhookChanged,
		"told": "webhook " + id + ": " + c.fields(),
	}
	if c.Types == nil {
		// The statement keeps the types for null alone: an empty list would ask for no events.
		args["types"] = nil
	}
	w, err := s.changeWebhook(ctx, tenant, args)
	if err != nil {
		return w, fmt.Errorf("change webhook %s: %w", id, err)
	}
	return w, nil
}

// DisableWebhook disables a webhook because of what its receiver has answered, and records
// WEBHOOK_DISABLED. One that is disabled already stays as it is.
func (s *Store) DisableWebhook(
	ctx context.Context, tenant flowhq.TenantID, id, reason string,
) error {
	// Only enabled is changed. The address stays for whoever repairs the receiver and enables the
	// webhook again.
	enabled := false
	_, err := s.changeWebhook(ctx, tenant, named{
		"tenant": tenant, "id": id, "url": nil, "description": nil, "types": nil,
		"enabled": &enabled, "reason": clean(reason), "actor": "worker",
		"event": flowhq.EventWebhookDisabled, "told": "webhook " + id + ": " + clean(reason),
	})
	if err != nil {
		return fmt.Errorf("disable webhook %s: %w", id, err)
	}
	return nil
}

// changeWebhook is the statement of ChangeWebhook and DisableWebhook.
func (s *Store) changeWebhook(
	ctx context.Context, tenant flowhq.TenantID, args named,
) (w flowhq.Webhook, err error) {
	// The row is locked before it is read, so that of two who disable it one records the event and
	// sets aside. The cursor is written if enabled changes: a change of the address must not end
	// the pause of a receiver that is down. It is written if other events are asked for, too, while
	// it rests: it has read all that it asked for then, and the others are told from now on.
	const q = `
		with old as (
			select * from flowhq.webhooks where tenant_id = @tenant and id = @id::uuid
			for no key update
		), w as (
			update flowhq.webhooks w set
				url = coalesce(@url, w.url), description = coalesce(@description, w.description),
				event_types = coalesce(@types::text[], w.event_types),
				enabled = coalesce(@enabled, w.enabled),
				reason = case when coalesce(@enabled, w.enabled) then ''
					when old.enabled then @reason else w.reason end,
				updated_at = now()
			from old
			where w.tenant_id = old.tenant_id and w.id = old.id
			returning w.*, old.enabled as was_enabled, old.event_types as old_types
		), c as (
			update flowhq.webhook_cursors c set
				position = case when w.enabled then coalesce((
					select max(f.id) from flowhq.feed f where f.tenant_id = @tenant), 0)
					else c.position end,
				replay_after = 0, replay_to = 0,
				failures = case when w.enabled = w.was_enabled then c.failures else 0 end,
				due_at = case when w.enabled = w.was_enabled then c.due_at end,
				resting = w.enabled
			from w
			where c.tenant_id = w.tenant_id and c.webhook_id = w.id
				and (w.enabled <> w.was_enabled or c.resting and w.event_types <> w.old_types)
			returning c.*
		), aside as (
			update flowhq.webhook_deliveries d set
				status = 'SET_ASIDE', reason = 'the webhook was disabled'
			from w
			where d.tenant_id = w.tenant_id and d.webhook_id = w.id and d.status = 'PENDING'
				and w.was_enabled and not w.enabled
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, @told from w
			where @event <> 'WEBHOOK_DISABLED' or w.was_enabled
		), cursor as (
			select * from c
			union all
			select * from flowhq.webhook_cursors
			where tenant_id = @tenant and webhook_id = @id::uuid and not exists (select from c)
		)
		select ` + webhookColumns + ` from w, cursor c`
	return oneOfFeedAlone(ctx, s, tenant, q, args)
}

// DeleteWebhook deletes a webhook with its deliveries, and records WEBHOOK_DELETED. NotFound means
// that the tenant has no such webhook. Deliveries that are under way may still reach it.
func (s *Store) DeleteWebhook(
	ctx context.Context, tenant flowhq.TenantID, id, actor string,
) error {
	// The many rows go before, batch by batch, so that the lock of the feed is held for a moment.
	const batch = `
		delete from flowhq.webhook_deliveries where tenant_id = @tenant and id = any(array(
			select id from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @id::uuid and status <> 'PENDING'
			limit @limit))`
	// A batch that is not full was the last. What is PENDING is left to the foreign key: those rows
	// are at most maxWaiting.
	for deleted := int64(PruneBatch); deleted == PruneBatch; {
		tag, err := exec(ctx, s, batch, named{"tenant": tenant, "id": id, "limit": PruneBatch})
		if err != nil {
			return fmt.Errorf("delete webhook %s: %w", id, err)
		}
		deleted = tag.RowsAffected()
	}
	// The cursor and what still waits go with the webhook, by their foreign keys. A Deliver that is
	// under way finds that it is gone, and ends.
	const q = `
		with c as (
			select * from flowhq.webhook_cursors
			where tenant_id = @tenant and webhook_id = @id::uuid
		), w as (
			delete from flowhq.webhooks where tenant_id = @tenant and id = @id::uuid
			returning *
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('webhook ', id) from w
		)
		select ` + webhookColumns + ` from w, c`
	_, err := oneOfFeed(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "actor": clean(actor), "event": flowhq.EventWebhookDeleted,
	})
	if err != nil {
		return fmt.Errorf("delete webhook %s: %w", id, err)
	}
	return nil
}

// RotateWebhookSecret gives a webhook another secret, and records WEBHOOK_SECRET_ROTATED. The one
// before signs as well for OldSecretFor. NotFound means that the tenant has no such webhook.
func (s *Store) RotateWebhookSecret(
	ctx context.Context, tenant flowhq.TenantID, id, secret, actor string,
) (flowhq.Webhook, error) {
	// A second rotation within the time drops the first secret: two sign at most, as a receiver
	// checks them all.
	const q = `
		with w as (
			update flowhq.webhooks set
				secret = @secret, old_secret = secret,
				old_secret_until = now() + make_interval(secs => @old_for), updated_at = now()
			where tenant_id = @tenant and id = @id::uuid
			returning *
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('webhook ', id) from w
		)
		select ` + webhookColumns + `
		from w
		join flowhq.webhook_cursors c on c.tenant_id = w.tenant_id and c.webhook_id = w.id`
	w, err := oneOfFeed(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "secret": s.seal(secret, tenant),
		"old_for": OldSecretFor.Seconds(), "actor": clean(actor),
		"event": flowhq.EventWebhookRotated,
	})
	if err != nil {
		return w, fmt.Errorf("rotate the secret of webhook %s: %w", id, err)
	}
	return w, nil
}

// TestWebhook has a test event sent to a webhook: it records WEBHOOK_TESTED, which is sent like any
// other event. A Conflict error means that the webhook is disabled; NotFound, that the tenant has
// no such webhook.
func (s *Store) TestWebhook(
	ctx context.Context, tenant flowhq.TenantID, id, actor string,
) (flowhq.Webhook, error) {
	// The reason has the one form that function wake_webhooks and readSQL look for.
	const q = `
		with event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('webhook ', id) from flowhq.webhooks
			where tenant_id = @tenant and id = @id::uuid and enabled
		)
		select ` + webhookColumns + `
		from flowhq.webhooks w
		join flowhq.webhook_cursors c on c.tenant_id = w.tenant_id and c.webhook_id = w.id
		where w.tenant_id = @tenant and w.id = @id::uuid`
	w, err := one(ctx, s, q, named{
		"tenant": tenant, "id": id, "actor": clean(actor), "event": flowhq.EventWebhookTested,
	}, pgx.RowToStructByPos[flowhq.Webhook])
	// The statement has added no event in this case. Without the error the caller would wait for a
	// delivery that never comes.
	if err == nil && !w.Enabled {
		err = disabledWebhook()
	}
	if err != nil {
		return w, fmt.Errorf("test webhook %s: %w", id, noSuch("webhook", err))
	}
	return w, nil
}

// oneOfFeed is one for a statement that writes a webhook or its cursor and may make an event. The
// lock of the feed comes first, see feedSharedSQL.
func oneOfFeed(
	ctx context.Context, s *Store, tenant flowhq.TenantID, sql string, args named,
) (w flowhq.Webhook, err error) {
	return oneLocked(ctx, s, feedSharedSQL, tenant, sql, args)
}

// oneOfFeedAlone is oneOfFeed for a statement that decides from which event on a webhook is told.
// Nobody appends to the feed meanwhile: an event that was appended between the look at the feed and
// the commit would find no webhook to make due, and would wait for the next event. The row of hosts
// comes first, for the end of a tenant makes an event while it has the tenant's row, which a new
// webhook refers to.
func oneOfFeedAlone(
	ctx context.Context, s *Store, tenant flowhq.TenantID, sql string, args named,
) (flowhq.Webhook, error) {
	return oneLocked(ctx, s, feedAloneSQL, tenant, sql, args, holdSQL)
}

// oneLocked is one for a statement about a webhook, under a lock of the feed. What is in first is
// locked before.
func oneLocked(
	ctx context.Context, s *Store, lock string, tenant flowhq.TenantID, sql string, args named,
	first ...string,
) (w flowhq.Webhook, err error) {
	batch := &pgx.Batch{}
	for _, q := range append(first, lock) {
		batch.Queue(q, named{"tenant": tenant})
	}
	batch.Queue(sql, args).Query(func(rows pgx.Rows) (err error) {
		w, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[flowhq.Webhook])
		return err
	})
	return w, noSuch("webhook", send(ctx, s, batch))
}

// disabledWebhook is the error about a webhook to which nothing is sent.
func disabledWebhook() error {
	return flowhq.Errorf(flowhq.Conflict, "the webhook is disabled; enable it first")
}
