package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// messageColumns are the fields of flowhq.Message, by name.
const messageColumns = `
	id, direction, contact_id, chat, contact, from_number, to_number,
	kind, text, wordless, album, wa_message_id, status, reason, in_reply_to,
	created_at, sent_at, delivered_at, read_at, retried_at, timer_seconds, timer_set_at,
	original_text, edited_text, edited_at, revoked_at`

// A MessageFilter selects messages of a tenant. Empty fields select all.
type MessageFilter struct {
	Status flowhq.MessageStatus
	Before int64 // ID of a message; only earlier ones
	Limit  int   // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// pageBytes bounds the texts of a page, in bytes: a page ends with the message that
// exceeds it.
const pageBytes = 4 << 20

// Messages returns one page of the tenant's messages that f selects, newest first,
// and the Before of the next page, 0 after the last. A page whose messages are long has
// fewer than f.Limit. A tenant that does not exist has none.
func (s *Store) Messages(
	ctx context.Context, tenant flowhq.TenantID, f MessageFilter,
) (page []flowhq.Message, next int64, err error) {
	// bytes is of the fields that a customer can make long. PostgreSQL knows the length of a
	// long text without reading it, so the texts of rows that do not fit are never read.
	const q = `
		select ` + messageColumns + `, rows
		from (
			select *, count(*) over () as rows,
				sum(bytes) over (order by id desc rows unbounded preceding) - bytes
					as before
			from (
				select *, octet_length(text) + octet_length(reason)
					+ coalesce(octet_length(original_text), 0)
					+ coalesce(octet_length(edited_text), 0) as bytes
				from flowhq.message_logs
				where tenant_id = @tenant
					and (@status::text = '' or status = @status)
					and (@before::bigint = 0 or id < @before)
				order by id desc
				limit @limit
			) candidates
		) measured
		where before <= @bytes
		order by id desc`
	type row struct {
		flowhq.Message
		Rows int // that there are, with those for which the page has no room
	}
	limit := clampLimit(f.Limit)
	rows, err := many(ctx, s, q, named{
		"tenant": tenant, "status": f.Status, "before": f.Before,
		"limit": limit + 1, "bytes": pageBytes,
	}, pgx.RowToStructByName[row])
	if err != nil {
		return nil, 0, fmt.Errorf("messages of tenant %s: %w", tenant, err)
	}
	page = make([]flowhq.Message, 0, len(rows))
	for _, r := range rows[:min(len(rows), limit)] {
		page = append(page, r.Message)
	}
	if len(rows) > 0 && rows[0].Rows > len(page) {
		next = page[len(page)-1].ID
	}
	return page, next, nil
}

// Events returns at most limit events of the tenant, newest first, with at most the first
// 1,000 characters of their reasons.
func (s *Store) Events(
	ctx context.Context, tenant flowhq.TenantID, limit int,
) ([]flowhq.Event, error) {
	const q = `
		select tenant_id, event_type, actor, left(reason, 1000), created_at
		from flowhq.portal_event_logs
		where tenant_id = @tenant
		order by id desc
		limit @limit`
	es, err := many(ctx, s, q, named{"tenant": tenant, "limit": clampLimit(limit)},
		pgx.RowToStructByPos[flowhq.Event])
	if err != nil {
		return nil, fmt.Errorf("events of tenant %s: %w", tenant, err)
	}
	return es, nil
}

// AddEvent records e; its time is the database's, not e.At. A NotFound error
// means that the tenant is gone, whose history must not grow again.
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
// time, or is gone.
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
