package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A FactFilter selects facts of a tenant. Empty fields select all.
type FactFilter struct {
	Status    string
	Number    string    // of the fact
	Text      string    // that it has in its number, its names or its note, in any case
	Contact   string    // number of the customer, E.164
	ContactID int64     // of the customer
	From      time.Time // bookings that end after it, other facts that were made since
	To        time.Time // bookings that start before it, other facts that were made before it
	Placed    *bool     // orders that somebody has confirmed, or that nobody has; nil = both
	Before    int64     // ID of a fact; only earlier ones
	Limit     int       // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// A factTable is how the facts of one kind are listed and changed. Its texts become part of the
// statement, so they are constants and never come from outside.
type factTable struct {
	name    string // in schema flowhq
	columns string // but for contact_id and contact
	status  string // as it is shown
	number  string // column or expression that FactFilter.Number and the changes are about
	text    string // expression: FactFilter.Text is looked for in it
	from    string // expression: FactFilter.From must be below it
	to      string // column: FactFilter.To is compared with it
	noun    string // for errors and events
}

// sinceMade is the from of facts that have no time of their own. A microsecond is the least step
// of a time, so what was made at FactFilter.From is among them.
const sinceMade = "created_at + interval '1 microsecond'"

var (
	bookingTable = factTable{
		"bookings", strings.Replace(bookingColumns, " status,", " shown as status,", 1),
		"case when status = 'HELD' and held_until <= now() then 'LAPSED' else status end",
		"number", "concat_ws(' ', number, service, name, note)",
		"ends_at", "starts_at", "booking"}
	orderTable = factTable{
		"orders", orderColumns, "status", "number",
		"concat_ws(' ', number, name, note, lines, delivery)", sinceMade, "created_at", "order"}
	ticketTable = factTable{
		"tickets", ticketColumns, "status", "number", "concat_ws(' ', number, subject, note)",
		sinceMade, "created_at", "ticket"}
	unansweredTable = factTable{
		"unanswered", "id, text, language, intents, status, message_id, created_at, updated_at",
		"status", "id::text", "text", sinceMade, "created_at", "question"}
	// Hand-overs have no number of their own, so the id stands for it.
	handOverTable = factTable{
		"handovers", `id, reason, shown as status, note, at, owner_at, until, ended_at, end_reason,
		message_id`, handOverStatus, "id::text", "note", "at + interval '1 microsecond'", "at",
		"hand-over"}
)

// handOverStatus is the status of a hand-over, which nobody writes down when its time is over. A
// host writes the end a moment later, or after a restart much later. Readers must not see the
// difference.
const handOverStatus = `
	case when ended_at is null and (until is null or until > now()) then 'OPEN' else 'ENDED' end`

// placed is the condition that FactFilter.Placed is compared with. Only orders are written before
// somebody says yes.
func (t factTable) placed() string {
	if t.name == "orders" {
		return "confirmed_at is not null"
	}
	return "true"
}

// list returns one page of facts, newest first, and the Before of the next page, 0 after the
// last. They come through the primary key, or the index on what is filtered by.
func list[T any](
	ctx context.Context, s *Store, t factTable, tenant flowhq.TenantID, f FactFilter,
	id func(T) int64,
) (page []T, next int64, err error) {
	q := `
		select * from (
			select ` + t.columns + `, contact_id, coalesce((
				select c.number from flowhq.contacts c
				where c.tenant_id = t.tenant_id and c.id = t.contact_id), '') as contact
			from (
				select *, ` + t.status + ` as shown from flowhq.` + t.name + `
				where tenant_id = @tenant and (@before::bigint = 0 or id < @before)
			) as t
			where (@status::text = '' or shown = @status)
				and (@number::text = '' or ` + t.number + ` = @number)
				and (@from::timestamptz is null or ` + t.from + ` > @from)
				and (@to::timestamptz is null or ` + t.to + ` < @to)
				and (@placed::boolean is null or (` + t.placed() + `) = @placed)
				and (@text::text = '' or strpos(lower(` + t.text + `), lower(@text)) > 0)
				and (@contact_id::bigint = 0 or contact_id = @contact_id)
				and (@contact::text = '' or contact_id = (
					select c.id from flowhq.contacts c
					where c.tenant_id = @tenant and c.number = @contact and c.number <> ''))
		) as facts
		order by id desc
		limit @limit`
	limit := clampLimit(f.Limit)
	page, err = many(ctx, s, q, named{
		"tenant": tenant, "status": f.Status, "number": clean(f.Number),
		"text": clean(f.Text), "contact_id": f.ContactID,
		"contact": clean(f.Contact), "from": orNull(f.From), "to": orNull(f.To),
		"placed": f.Placed,
		// One row more than the page tells whether there is another page, without counting all.
		"before": f.Before, "limit": limit + 1,
	}, pgx.RowToStructByName[T])
	if err != nil {
		return nil, 0, fmt.Errorf("%ss of tenant %s: %w", t.noun, tenant, err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = id(page[limit-1])
	}
	return page, next, nil
}

// single returns the fact with this number, or a NotFound error. The unique key on the number finds
// one row at most.
func single[T any](
	ctx context.Context, s *Store, t factTable, tenant flowhq.TenantID, number string,
) (fact T, err error) {
	page, _, err := list(ctx, s, t, tenant, FactFilter{Number: number, Limit: 1},
		func(T) int64 { return 0 })
	if err == nil && len(page) == 0 {
		err = flowhq.Errorf(flowhq.NotFound, "there is no such %s", t.noun)
		err = fmt.Errorf("%s %s of tenant %s: %w", t.noun, number, tenant, err)
	}
	if err != nil {
		return fact, err
	}
	return page[0], nil
}

// Bookings returns one page of the tenant's bookings that f selects, newest first, and the
// Before of the next page, 0 after the last. One that is held and has lapsed is LAPSED.
func (s *Store) Bookings(
	ctx context.Context, tenant flowhq.TenantID, f FactFilter,
) (page []flowhq.Booking, next int64, err error) {
	return list(ctx, s, bookingTable, tenant, f, func(b flowhq.Booking) int64 { return b.ID })
}

// Orders is Bookings for orders.
func (s *Store) Orders(
	ctx context.Context, tenant flowhq.TenantID, f FactFilter,
) (page []flowhq.Order, next int64, err error) {
	return list(ctx, s, orderTable, tenant, f, func(o flowhq.Order) int64 { return o.ID })
}

// Tickets is Bookings for tickets.
func (s *Store) Tickets(
	ctx context.Context, tenant flowhq.TenantID, f FactFilter,
) (page []flowhq.Ticket, next int64, err error) {
	return list(ctx, s, ticketTable, tenant, f, func(t flowhq.Ticket) int64 { return t.ID })
}

// Questions is Bookings for the questions that nobody has answered.
func (s *Store) Questions(
	ctx context.Context, tenant flowhq.TenantID, f FactFilter,
) (page []flowhq.Unanswered, next int64, err error) {
	return list(ctx, s, unansweredTable, tenant, f,
		func(u flowhq.Unanswered) int64 { return u.ID })
}

// HandOvers is Bookings for hand-overs, whose status is OPEN or ENDED.
func (s *Store) HandOvers(
	ctx context.Context, tenant flowhq.TenantID, f FactFilter,
) (page []flowhq.HandOver, next int64, err error) {
	return list(ctx, s, handOverTable, tenant, f, func(h flowhq.HandOver) int64 { return h.ID })
}

// Booking returns the booking with this number, or a NotFound error.
func (s *Store) Booking(
	ctx context.Context, tenant flowhq.TenantID, number string,
) (flowhq.Booking, error) {
	return single[flowhq.Booking](ctx, s, bookingTable, tenant, number)
}

// Order is Booking for orders.
func (s *Store) Order(
	ctx context.Context, tenant flowhq.TenantID, number string,
) (flowhq.Order, error) {
	return single[flowhq.Order](ctx, s, orderTable, tenant, number)
}

// Ticket is Booking for tickets.
func (s *Store) Ticket(
	ctx context.Context, tenant flowhq.TenantID, number string,
) (flowhq.Ticket, error) {
	return single[flowhq.Ticket](ctx, s, ticketTable, tenant, number)
}

// HandOverOf returns the hand-over with this ID, or a NotFound error. The id is a number of the
// table's identity, unique for the tenant.
func (s *Store) HandOverOf(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (flowhq.HandOver, error) {
	return single[flowhq.HandOver](ctx, s, handOverTable, tenant, fmt.Sprint(id))
}
