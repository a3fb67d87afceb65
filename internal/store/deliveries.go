package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

const (
	// readBatch is how many events of the feed are read for a webhook at a time, and maxWaiting how
	// many of its deliveries may wait. What is beyond stays in the feed. The bounds keep a receiver
	// that is down for days from filling the table: each event is kept once in the feed anyway, and
	// not once more for each webhook.
	readBatch  = 200
	maxWaiting = 1000
)

// A DueWebhook is a webhook that somebody should see to.
type DueWebhook struct {
	Tenant  flowhq.TenantID
	Webhook string
}

// ClaimWebhooks returns webhooks that should have been seen to longer ago than late, and that
// nobody else returns for the time again. Those that an event has made due are returned at once.
// The reconciler calls it. It is across tenants on purpose, and reads webhook_cursors_due_idx, in
// which an idle webhook is not.
func (s *Store) ClaimWebhooks(
	ctx context.Context, late, again time.Duration, limit int,
) ([]DueWebhook, error) {
	// Two workers claim different ones and neither waits. What an event has made due has the time
	// -infinity, and so comes first, and is never too early.
	const q = `
		with due as (
			select tenant_id, webhook_id from flowhq.webhook_cursors
			where due_at < now() - make_interval(secs => @late)
			order by due_at
			limit @limit
			for update skip locked
		)
		update flowhq.webhook_cursors c set
			due_at = now() + make_interval(secs => @again), resting = false
		from due
		where c.tenant_id = due.tenant_id and c.webhook_id = due.webhook_id
		returning c.tenant_id::text, c.webhook_id::text`
	all, err := many(ctx, s, q, named{
		"late": late.Seconds(), "again": again.Seconds(), "limit": limit,
	}, pgx.RowToStructByPos[DueWebhook])
	if err != nil {
		return nil, fmt.Errorf("webhooks that are due: %w", err)
	}
	return all, nil
}

// A WebhookReading is what ReadForWebhook has found.
type WebhookReading struct {
	Gone  bool // there is no such webhook, or it is disabled
	Rows  int  // events that were gone through
	Added int  // of them are to be delivered
	// Full says that too many deliveries wait for more to be read. The waiting ones
	// are delivered first then.
	Full bool
	// Replaying says that what was read was a part of a replay. The position has not moved then:
	// what is new is read after the replay.
	Replaying bool
	Failures  int // attempts in a row that have failed
	// FailingChats is how many chats wait after an attempt that failed.
	FailingChats int
}

// readSQL reads on in the feed for a webhook, or in what is to be replayed. The position moves over
// what the webhook does not ask for too. A delivery that waits is left as it is.
//
// An event that is older than a day has an hour left: it may have waited in the feed for a worker,
// and a receiver that is well would not get it for one failed attempt.
const readSQL = `
	with c as (
		select c.*, w.event_types, c.replay_to > 0 as replaying
		from flowhq.webhook_cursors c
		join flowhq.webhooks w on w.tenant_id = c.tenant_id and w.id = c.webhook_id and w.enabled
		where c.tenant_id = @tenant and c.webhook_id = @webhook::uuid
		for no key update of c
	), room as (
		select count(*) < @most as there from (
			select from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
			limit @most
		) as waiting
	), batch as (
		select f.* from c
		join room on room.there
		join lateral (
			select * from flowhq.feed f
			where f.tenant_id = @tenant
				and f.id > case when c.replaying then c.replay_after else c.position end
				and (not c.replaying or f.id <= c.replay_to)
			order by f.id
			limit @batch
		) as f on true
	), added as (
		insert into flowhq.webhook_deliveries as d (
			tenant_id, webhook_id, event_id, event_type, contact_id, expires_at)
		select c.tenant_id, c.webhook_id, f.id, f.event_type, f.contact_id, greatest(
			case when c.replaying then now() else f.created_at end
				+ make_interval(secs => @try_for),
			now() + interval '1 hour')
		from c, batch f
		where f.event_type = any(c.event_types)
			or f.event_type = 'WEBHOOK_TESTED' and f.data ->> 'reason' = 'webhook ' || c.webhook_id
		order by f.id
		on conflict (tenant_id, webhook_id, event_id) do update set
			status = 'PENDING', attempts = 0, reason = '', next_at = now(),
			expires_at = excluded.expires_at
		where d.status <> 'PENDING' and (select replaying from c)
		returning d.id
	), moved as (
		update flowhq.webhook_cursors w set
			position = case when c.replaying then c.position
				else coalesce((select max(id) from batch), c.position) end,
			replay_after = case when c.replaying
				then coalesce((select max(id) from batch), c.replay_after) else 0 end,
			replay_to = case when (select count(*) from batch) < @batch and room.there
				then 0 else c.replay_to end,
			due_at = now() + make_interval(secs => @again), resting = false
		from c, room
		where w.tenant_id = c.tenant_id and w.webhook_id = c.webhook_id
	)
	select false, (select count(*) from batch), (select count(*) from added),
		not (select there from room), c.replaying, c.failures, case when c.failures > 0 then (
			select count(distinct contact_id) from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
				and attempts > 0) else 0 end
	from c`

// ReadForWebhook reads what is next in the feed for a webhook, and notes what is to be delivered.
// It takes the tenant's webhook in hand for the time again: no event makes it due meanwhile.
//
// The lock of the feed is taken alone for that moment. So no event can still appear below one that
// was read, and who appends next sees that the webhook is in hand.
func (s *Store) ReadForWebhook(
	ctx context.Context, tenant flowhq.TenantID, webhook string, again time.Duration,
) (r WebhookReading, err error) {
	batch := &pgx.Batch{}
	batch.Queue(feedAloneSQL, named{"tenant": tenant})
	batch.Queue(readSQL, named{
		"tenant": tenant, "webhook": webhook, "again": again.Seconds(), "batch": readBatch,
		"most": maxWaiting, "try_for": flowhq.WebhookTryFor.Seconds(),
	}).Query(func(rows pgx.Rows) (err error) {
		r, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[WebhookReading])
		return err
	})
	// The batch is one transaction, and the second statement has a snapshot of its own: it sees
	// what the writers have left that the lock has waited for.
	err = send(ctx, s, batch)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return WebhookReading{Gone: true}, nil
	}
	if err != nil {
		return r, fmt.Errorf("read the feed for webhook %s: %w", webhook, err)
	}
	return r, nil
}

// feedAloneSQL excludes everybody who appends to a tenant's feed, until the transaction ends. It
// waits for those that are at their commits.
const feedAloneSQL = `
	select pg_advisory_xact_lock(flowhq.feed_lock_class(), hashtext(@tenant::text))`

// RestWebhook ends that a webhook is in hand, if there is nothing more to be read for it, and
// returns when it is due again, by its rows; zero is when an event comes. It reports false if there
// is something to be read, or the webhook was disabled: one that was made due then would have its
// workflow started for good, which finds nothing to do.
//
// With down, which is how long the receiver is left alone that accepts nothing, no event makes the
// webhook due before.
func (s *Store) RestWebhook(
	ctx context.Context, tenant flowhq.TenantID, webhook string, down time.Duration,
) (dueAt time.Time, rests bool, err error) {
	// A webhook with as many deliveries as may wait need not learn of more events.
	const q = `
		with waiting as (
			select distinct on (contact_id) next_at
			from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
			order by contact_id, event_id
		), room as (
			select count(*) < @most as there from (
				select from flowhq.webhook_deliveries
				where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
				limit @most
			) as waiting
		), rests as (
			update flowhq.webhook_cursors c set
				resting = @down::float8 = 0 and room.there,
				due_at = case when @down::float8 > 0
					then now() + make_interval(secs => @down)
					else (select min(next_at) from waiting) end
			from room, flowhq.webhooks w
			where c.tenant_id = @tenant and c.webhook_id = @webhook::uuid
				and w.tenant_id = @tenant and w.id = c.webhook_id and w.enabled
				and (@down::float8 > 0 or not room.there or c.replay_to = 0 and not exists (
					select from flowhq.feed f
					where f.tenant_id = @tenant and f.id > c.position))
			returning c.due_at
		)
		select coalesce(due_at, '0001-01-01 00:00:00Z') from rests`
	batch := &pgx.Batch{}
	// Without the lock an event could be appended between the look at the feed and the note that
	// the webhook rests. The event would find the webhook in hand and make nothing due, and would
	// wait for the next event.
	batch.Queue(feedAloneSQL, named{"tenant": tenant})
	batch.Queue(q, named{
		"tenant": tenant, "webhook": webhook, "down": down.Seconds(), "most": maxWaiting,
	}).Query(func(rows pgx.Rows) (err error) {
		dueAt, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
		return err
	})
	err = send(ctx, s, batch)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return time.Time{}, false, nil
	}
	if err != nil {
		return dueAt, false, fmt.Errorf("rest webhook %s: %w", webhook, err)
	}
	return dueAt, true, nil
}

// WaitingChats returns the contacts, 0 for what is about none, whose first waiting delivery is due,
// the oldest events first, but for those that are busy.
//
// With soon, for a probe of a receiver that is down, the time of the next attempt does not matter,
// and those come first that were tried the least. The oldest may be what this receiver never
// accepts: to ask with that alone would keep from it all that it does accept.
func (s *Store) WaitingChats(
	ctx context.Context, tenant flowhq.TenantID, webhook string, busy []int64, soon bool, limit int,
) ([]int64, error) {
	// Only the first of a chat counts: the others wait for it, whenever they would be due.
	const q = `
		select contact_id from (
			select distinct on (contact_id) contact_id, event_id, next_at, attempts
			from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
			order by contact_id, event_id
		) as first
		where (@soon or next_at <= now()) and not contact_id = any(@busy::bigint[])
		order by case when @soon then attempts else 0 end, event_id
		limit @limit`
	chats, err := many(ctx, s, q, named{
		// A nil slice would be null, and a comparison with null selects no chat at all.
		"tenant": tenant, "webhook": webhook, "busy": append([]int64{}, busy...), "soon": soon,
		"limit": limit,
	}, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("what waits for webhook %s: %w", webhook, err)
	}
	return chats, nil
}

// A DueDelivery is a delivery with all that is sent. It is read just before that: what was erased
// since is not in it, and the address and secrets are the newest.
type DueDelivery struct {
	ID      int64
	Event   flowhq.FeedEvent
	URL     string
	Secrets []string // the newest first
	// Message is, of an event about one, the message as JSON; nil = it is gone.
	Message []byte
	// Fact is the booking, order or ticket of an event about one, as JSON; nil = it is gone.
	Fact []byte
	// Contact is whose chat the event is about, as JSON; nil = nobody's, or it is gone.
	Contact  []byte
	Attempts int
	Gone     bool // the event is not in the feed any more
}

// NextDelivery returns the first delivery that waits in a chat, if it is due. With soon the time of
// the next attempt does not matter. An Unavailable error may mean that this process lacks the key
// that sealed the webhook's secret.
func (s *Store) NextDelivery(
	ctx context.Context, tenant flowhq.TenantID, webhook string, contact int64, soon bool,
) (d DueDelivery, there bool, err error) {
	// The message is looked up by its key and not joined: most events are about one, and a plan for
	// all would read more.
	const q = `
		select d.id, d.event_id, d.tenant_id::text, d.event_type, d.contact_id,
			coalesce(f.data, '{}'), coalesce(f.created_at, d.created_at), w.url,
			array_remove(array[w.secret, case when w.old_secret_until > now()
				then w.old_secret end], null),
			case when d.event_type like 'MESSAGE\_%' then (
				select row_to_json(m) from (
					select ` + messageColumns + ` from flowhq.message_logs
					where tenant_id = @tenant and id = (f.data ->> 'message_id')::bigint
				) as m
			) end,
			case split_part(d.event_type, '_', 1) when 'BOOKING' then (
				select row_to_json(b) from (
					select ` + bookingColumns + ` from flowhq.bookings
					where tenant_id = @tenant and number = f.data ->> 'number'
				) as b
			) when 'ORDER' then (
				select row_to_json(o) from (
					select ` + orderColumns + ` from flowhq.orders
					where tenant_id = @tenant and number = f.data ->> 'number'
				) as o
			) when 'TICKET' then (
				select row_to_json(t) from (
					select ` + ticketColumns + ` from flowhq.tickets
					where tenant_id = @tenant and number = f.data ->> 'number'
				) as t
			) end,
			(
				select json_build_object('id', c.id, 'number', c.number, 'name', c.name)
				from flowhq.contacts c
				where c.tenant_id = @tenant and c.id = d.contact_id
			),
			d.attempts, f.id is null
		from (
			select * from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and contact_id = @contact
				and status = 'PENDING'
			order by event_id
			limit 1
		) as d
		join flowhq.webhooks w on w.tenant_id = d.tenant_id and w.id = d.webhook_id and w.enabled
		left join flowhq.feed f on f.tenant_id = d.tenant_id and f.id = d.event_id
		where @soon or d.next_at <= now()`
	all, err := many(ctx, s, q, named{
		"tenant": tenant, "webhook": webhook, "contact": contact, "soon": soon,
	}, func(row pgx.CollectableRow) (d DueDelivery, err error) {
		// The columns are scanned by hand, as those of the event are a struct of their own.
		err = row.Scan(&d.ID, &d.Event.ID, &d.Event.Tenant, &d.Event.Type, &d.Event.ContactID,
			&d.Event.Data, &d.Event.At, &d.URL, &d.Secrets, &d.Message, &d.Fact, &d.Contact,
			&d.Attempts, &d.Gone)
		return d, err
	})
	// No row is routine: the first delivery of the chat is not due yet, or the webhook was
	// disabled.
	if err == nil && len(all) > 0 {
		// A secret that cannot be opened is no reason to set the event aside: it waits until this
		// process, or another one, has the key.
		d = all[0]
		d.Secrets, err = s.open(d.Secrets, tenant)
	}
	if err != nil {
		return DueDelivery{}, false, fmt.Errorf("next delivery of webhook %s: %w", webhook, err)
	}
	return d, len(all) > 0, nil
}

// A WebhookAttempt is what came of an attempt to deliver.
type WebhookAttempt struct {
	Accepted bool
	// Final says that there must be no other attempt, though this one was not accepted.
	Final    bool
	Reason   string
	Code     int           // of the answer; 0 = there was none
	Duration time.Duration // of the attempt
	Wait     time.Duration // until the next attempt, if it was not accepted
}

// An AttemptOutcome is what an attempt has led to.
type AttemptOutcome struct {
	Failures int // of the webhook's attempts in a row
	// FailingChats is how many chats wait after an attempt that failed.
	FailingChats int
}

// RecordAttempt notes what came of an attempt. A delivery that was not accepted is tried again, or
// set aside if its time is over. One that is not PENDING any more stays as it is.
func (s *Store) RecordAttempt(
	ctx context.Context, tenant flowhq.TenantID, webhook string, delivery int64, a WebhookAttempt,
) (AttemptOutcome, error) {
	// The cursor is written only when a failure begins, goes on or ends, so a receiver that is well
	// costs one row for each event.
	const q = `
		with d as (
			update flowhq.webhook_deliveries set
				status = case when @accepted then 'DELIVERED'
					when @final or now() >= expires_at then 'SET_ASIDE' else 'PENDING' end,
				attempts = attempts + 1, reason = @reason, response_code = @code,
				duration_ms = @duration, tried_at = now(),
				next_at = least(now() + make_interval(secs => @wait), greatest(expires_at, now()))
			where tenant_id = @tenant and id = @delivery and status = 'PENDING'
			returning id
		), c as (
			update flowhq.webhook_cursors set
				failures = case when @accepted then 0 else failures + 1 end
			where tenant_id = @tenant and webhook_id = @webhook::uuid and not @final
				and (failures > 0 or not @accepted)
			returning failures
		)
		select coalesce((select failures from c), 0), (
			select count(distinct contact_id) from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
				and (attempts > 0 or id in (select id from d))
				and not @accepted)`
	o, err := one(ctx, s, q, named{
		"tenant": tenant, "webhook": webhook, "delivery": delivery, "accepted": a.Accepted,
		"final": a.Final, "reason": clean(a.Reason), "code": a.Code,
		"duration": a.Duration.Milliseconds(), "wait": a.Wait.Seconds(),
	}, pgx.RowToStructByPos[AttemptOutcome])
	if err != nil {
		// The receiver may have got the event. It gets it once more then, under the same id, by
		// which it can tell.
		return o, fmt.Errorf("record delivery %d: %w", delivery, err)
	}
	return o, nil
}

// HastenDeliveries makes all deliveries due that wait for a webhook, which accepts them again.
func (s *Store) HastenDeliveries(
	ctx context.Context, tenant flowhq.TenantID, webhook string,
) error {
	// What is due already is not written again: a row that is written costs the same whether it
	// changes or not. By their ids, as the transaction in which contacts become one locks them.
	const q = `
		update flowhq.webhook_deliveries set next_at = now()
		where tenant_id = @tenant and id = any(array(
			select id from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
				and next_at > now()
			order by id
			for no key update))`
	if _, err := exec(ctx, s, q, named{"tenant": tenant, "webhook": webhook}); err != nil {
		return fmt.Errorf("hasten the deliveries of webhook %s: %w", webhook, err)
	}
	return nil
}

// SetAsideExpired sets all deliveries aside whose time is over, of a webhook that has just failed
// after many failures: there is no use in trying each of them.
func (s *Store) SetAsideExpired(
	ctx context.Context, tenant flowhq.TenantID, webhook, reason string,
) error {
	const q = `
		update flowhq.webhook_deliveries set status = 'SET_ASIDE', reason = @reason
		where tenant_id = @tenant and id = any(array(
			select id from flowhq.webhook_deliveries
			where tenant_id = @tenant and webhook_id = @webhook::uuid and status = 'PENDING'
				and expires_at <= now()
			order by id
			for no key update))`
	_, err := exec(ctx, s, q, named{
		"tenant": tenant, "webhook": webhook, "reason": clean(reason),
	})
	if err != nil {
		return fmt.Errorf("set deliveries of webhook %s aside: %w", webhook, err)
	}
	return nil
}
