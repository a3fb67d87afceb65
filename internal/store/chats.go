package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// DefaultChats is how many chats a page has if nobody says, and MaxChats the most of one. Each costs a
// look at what came last in it.
const (
	DefaultChats = 50
	MaxChats     = 100
)

// A ChatFilter selects chats of a tenant. Empty fields select all.
type ChatFilter struct {
	Text       string // that is in the contact's name or number, in any case
	HandedOver *bool  // nil = both
	Before     int64  // what Chats returned as next
	Limit      int    // rows; 0 means DefaultChats, more than MaxChats means MaxChats
}

// unreadSQL counts what a customer wrote after the business answered last, or last looked. A reply
// that failed has reached nobody. It goes back from the newest message, and no further than a chat of
// MaxUnread may have failed replies between: one without any answer may be as long as the log. The
// newest message is an answer as a rule, and then one row is read.
const unreadSQL = `(
	select least(count(*) filter (where direction = 'IN'), @unread) from (
		select id, direction from flowhq.message_logs
		where tenant_id = @tenant and contact_id = c.id
			and id > greatest(c.read_to, coalesce((
				select id from (
					select id, direction, status from flowhq.message_logs
					where tenant_id = @tenant and contact_id = c.id
					order by id desc
					limit 2 * @unread
				) as newest
				where direction = 'OUT' and status <> 'FAILED'
				order by id desc
				limit 1), 0))
		order by id desc
		limit 2 * @unread
	) as since)`

// chatsSQL yields the chats of some contacts with what came last in them. The message comes through
// message_logs_contact_idx, and its text is cut here: it may have 64 KiB.
var chatsSQL = contactsSQL + `,
	m.id, coalesce(m.direction, ''), coalesce(m.kind, ''),
	coalesce(left(m.text, ` + strconv.Itoa(flowhq.ChatTextLength) + `), ''),
	coalesce(m.media, ''), coalesce(m.status, ''), m.created_at, ` + unreadSQL + contactsFrom + `
	left join lateral (
		select id, direction, kind, text, media, status, created_at from flowhq.message_logs
		where tenant_id = @tenant and contact_id = c.id
		order by id desc
		limit 1
	) as m on true
	where c.tenant_id = @tenant and c.id = any(@ids::bigint[])
	order by array_position(@ids::bigint[], c.id)`

// Chats returns one page of the tenant's chats that f selects, and the Before of the next page, 0
// after the last; see maxSearched. Those in which something was written last come first. Who is
// looked for by f comes in the order of Contacts.
func (s *Store) Chats(
	ctx context.Context, tenant flowhq.TenantID, f ChatFilter,
) (page []flowhq.Chat, next int64, err error) {
	if f.Limit <= 0 {
		f.Limit = DefaultChats
	}
	f.Limit = min(f.Limit, MaxChats)
	var ids []int64
	if f.Text == "" && f.HandedOver == nil {
		ids, next, err = s.latestChats(ctx, tenant, f)
	} else {
		var found []flowhq.Contact
		found, next, err = s.Contacts(ctx, tenant, ContactFilter{
			Text: f.Text, HandedOver: f.HandedOver, Before: f.Before, Limit: f.Limit,
		})
		for _, c := range found {
			ids = append(ids, c.ID)
		}
	}
	if err == nil && len(ids) > 0 {
		page, err = many(ctx, s, chatsSQL, named{
			"tenant": tenant, "ids": ids, "unread": flowhq.MaxUnread,
		}, scanChat)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("chats of tenant %s: %w", tenant, err)
	}
	return page, next, nil
}

// latestChats returns the contacts of one page, by their newest messages. It goes back through the
// log, whose ids are in that order: an index on the time of a contact's last message would have to
// be written with each message.
func (s *Store) latestChats(
	ctx context.Context, tenant flowhq.TenantID, f ChatFilter,
) (ids []int64, next int64, err error) {
	// A contact with a newer message than the page begins with was on a page before.
	newer := `
		and @before > (
			select m.id from flowhq.message_logs m
			where m.tenant_id = @tenant and m.contact_id = c.contact_id
			order by m.id desc
			limit 1)`
	if f.Before == 0 {
		newer, f.Before = "", math.MaxInt64
	}
	// The stretch has a time that no index has, and its plan is made for this tenant: else PostgreSQL
	// reads the whole log from the index of contacts, and sorts it.
	q := strings.Replace(`
		with stretch as (
			select id, contact_id, created_at from flowhq.message_logs
			where tenant_id = @tenant and id < @before
			order by id desc
			limit @searched
		), page as (
			select c.contact_id, c.id
			from (select contact_id, max(id) as id from stretch group by contact_id) as c
			where true NEWER
			order by c.id desc
			limit @limit
		)
		select coalesce(page.contact_id, 0), coalesce(page.id, 0), coalesce(floor.id, 0)
		from (
			select case when count(*) = @searched then min(id) end as id from stretch
		) as floor
		left join page on true
		order by page.id desc`, "NEWER", newer, 1)
	type row struct{ Contact, Newest, Floor int64 }
	rows, err := planned(ctx, s, q, named{
		"tenant": tenant, "before": f.Before, "searched": maxSearched, "limit": f.Limit + 1,
	}, pgx.RowToStructByPos[row])
	if err != nil {
		return nil, 0, err
	}
	floor := rows[0].Floor
	if rows[0].Contact == 0 { // a stretch of chats that were on a page before
		rows = nil
	}
	rows, next = cut(rows, f.Limit, floor, func(r row) int64 { return r.Newest })
	for _, r := range rows {
		ids = append(ids, r.Contact)
	}
	return ids, next, nil
}

// scanChat reads a row of chatsSQL.
func scanChat(row pgx.CollectableRow) (c flowhq.Chat, err error) {
	var last flowhq.ChatMessage
	var id *int64
	var at *time.Time
	var handOver *string
	columns := slices.Concat(contactFields(&c.Contact, &handOver), []any{
		&id, &last.Direction, &last.Kind, &last.Text, &last.Media, &last.Status, &at, &c.Unread,
	})
	if err := row.Scan(columns...); err != nil {
		return c, err
	}
	// A contact may have no messages: the retention has deleted them, or nobody has written yet.
	if id != nil {
		last.ID, last.CreatedAt = *id, *at
		c.LastMessage = &last
	}
	err = parseHandOver(handOver, &c.Contact.HandOver)
	return c, err
}

// Chat returns the chat with the contact of this ID, or a NotFound error.
func (s *Store) Chat(
	ctx context.Context, tenant flowhq.TenantID, contact int64,
) (flowhq.Chat, error) {
	c, err := one(ctx, s, chatsSQL, named{
		"tenant": tenant, "ids": []int64{contact}, "unread": flowhq.MaxUnread,
	}, scanChat)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = s.nobody(ctx, tenant)
	}
	if err != nil {
		return flowhq.Chat{}, fmt.Errorf("chat %d of tenant %s: %w", contact, tenant, err)
	}
	return c, nil
}

// ReadChat notes that the business has seen the chat with a contact, up to this message; 0 is the
// newest. What was seen stays so, whatever is noted later. A NotFound error means that the tenant
// has no such contact. It leaves no event: who looks at a chat changes nothing for anybody else.
func (s *Store) ReadChat(
	ctx context.Context, tenant flowhq.TenantID, contact, upTo int64,
) error {
	// An id that is not there yet would have messages seen before they come. Only a message of the
	// chat counts, at most the one that is named.
	const q = `
		with seen as (
			select id from flowhq.message_logs
			where tenant_id = @tenant and contact_id = @id and id <= @to
			order by id desc
			limit 1
		), changed as (
			update flowhq.contacts c set read_to = seen.id
			from seen
			where c.tenant_id = @tenant and c.id = @id and c.read_to < seen.id
		)
		select exists (select from flowhq.contacts where tenant_id = @tenant and id = @id)`
	if upTo == 0 {
		upTo = math.MaxInt64
	}
	found, err := one(ctx, s, q, named{"tenant": tenant, "id": contact, "to": upTo}, pgx.RowTo[bool])
	if err == nil && !found {
		err = s.nobody(ctx, tenant)
	}
	if err != nil {
		return fmt.Errorf("read chat %d of tenant %s: %w", contact, tenant, err)
	}
	return nil
}
