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
	Status  string
	Number  string    // of the fact
	Contact string    // number of the customer, E.164
	From    time.Time // bookings that end after it, other facts that were made since
	To      time.Time // bookings that start before it, other facts that were made before it
	Before  int64     // ID of a fact; only earlier ones
	Limit   int       // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// A factTable is how the facts of one kind are listed and changed. Its texts become part of the
// statement, so they are constants and never come from outside.
type factTable struct {
	name    string // in schema flowhq
	columns string // but for contact_id and contact
	status  string // as it is shown
	number  string // column or expression that FactFilter.Number and the changes are about
	from    string // column: FactFilter.From is compared with it
	to      string // column: FactFilter.To is compared with it
	noun    string // for errors and events
}

var (
	bookingTable = factTable{
		"bookings", strings.Replace(bookingColumns, " status,", " shown as status,", 1),
		"case when status = 'HELD' and held_until <= now() then 'LAPSED' else status end",
		"number", "ends_at", "starts_at", "booking"}
	orderTable = factTable{
		"orders", orderColumns, "status", "number", "created_at", "created_at", "order"}
	ticketTable = factTable{
		"tickets", ticketColumns, "status", "number", "created_at", "created_at", "ticket"}
	unansweredTable = factTable{
		"unanswered", "id, text, language, intents, status, message_id, created_at, updated_at",
		"status", "id::text", "created_at", "created_at", "question"}
	handOverTable = factTable{
		"handovers", `id, reason, note, at, owner_at, until, ended_at, end_reason, message_id`,
		"case when ended_at is null then 'OPEN' else 'ENDED' end", "id::text", "at", "at",
		"hand-over"}
)

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
				and (@contact::text = '' or contact_id = (
					select c.id from flowhq.contacts c
					where c.tenant_id = @tenant and c.number = @contact and c.number <> ''))
		) as facts
		order by id desc
		limit @limit`
	limit := clampLimit(f.Limit)
	page, err = many(ctx, s, q, named{
		"tenant": tenant, "status": f.Status, "number": clean(f.Number),
		"contact": clean(f.Contact), "from": orNull(f.From), "to": orNull(f.To),
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

// set changes one fact and records FACT_CHANGED with its number and status. A NotFound error
// means that the tenant has no such fact. It is an operator's, so it is not fenced.
func (s *Store) set(
	ctx context.Context, t factTable, tenant flowhq.TenantID, number, change, actor string,
	args named,
) error {
	q := `
		with changed as (
			update flowhq.` + t.name + ` set updated_at = now(), ` + change + `
			where tenant_id = @tenant and ` + t.number + ` = @number
			returning tenant_id, status
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat_ws(' ', @noun::text, @number::text, status)
			from changed
		)
		select exists (select from changed)`
	args["tenant"], args["number"], args["noun"] = tenant, clean(number), t.noun
	args["event"], args["actor"] = flowhq.EventFactChanged, clean(actor)
	found, err := one(ctx, s, q, args, pgx.RowTo[bool])
	if err == nil && !found {
		err = flowhq.Errorf(flowhq.NotFound, "there is no such %s", t.noun)
	}
	if err != nil {
		return fmt.Errorf("%s %s of tenant %s: %w", t.noun, number, tenant, err)
	}
	return nil
}

// A BookingChange is what an operator makes of a booking; nil fields stay.
type BookingChange struct {
	Status   *flowhq.BookingStatus // CONFIRMED or CANCELLED
	StartsAt *time.Time
	Minutes  *int // how long it takes
	Note     *string
}

// SetBooking changes the booking with this number, and records FACT_CHANGED. capacity is how many
// bookings the tenant takes at the same time. A Conflict error means that there is no room;
// NotFound, that there is no such booking. A booking that is held and is only moved is confirmed:
// a person has decided on it.
func (s *Store) SetBooking(
	ctx context.Context, tenant flowhq.TenantID, number string, c BookingChange, capacity int,
	actor string,
) error {
	const change = `
		status = coalesce(@status, case status when 'HELD' then 'CONFIRMED' else status end),
		held_until = null,
		starts_at = coalesce(@starts_at, starts_at),
		minutes = coalesce(@minutes, minutes),
		ends_at = coalesce(@starts_at, starts_at)
			+ make_interval(mins => coalesce(@minutes, minutes)),
		note = coalesce(@note, note),
		capacity = @capacity`
	if c.Note != nil {
		note := clean(*c.Note)
		c.Note = &note
	}
	return s.set(ctx, bookingTable, tenant, number, change, actor, named{
		"status": c.Status, "starts_at": c.StartsAt, "minutes": c.Minutes, "note": c.Note,
		"capacity": max(1, capacity),
	})
}

// SetOrder changes the status of the order with this number. Errors are those of SetBooking.
func (s *Store) SetOrder(
	ctx context.Context, tenant flowhq.TenantID, number string, status flowhq.OrderStatus,
	actor string,
) error {
	return s.set(ctx, orderTable, tenant, number, "status = @status", actor,
		named{"status": status})
}

// SetTicket changes the status of the ticket with this number. Errors are those of SetBooking.
func (s *Store) SetTicket(
	ctx context.Context, tenant flowhq.TenantID, number string, status flowhq.TicketStatus,
	actor string,
) error {
	return s.set(ctx, ticketTable, tenant, number, "status = @status", actor,
		named{"status": status})
}

// SetQuestion changes the status of the question with this ID. Errors are those of SetBooking.
func (s *Store) SetQuestion(
	ctx context.Context, tenant flowhq.TenantID, id int64, status flowhq.UnansweredStatus,
	actor string,
) error {
	return s.set(ctx, unansweredTable, tenant, fmt.Sprint(id), "status = @status", actor,
		named{"status": status})
}
