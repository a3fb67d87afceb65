package store

import (
	"context"
	"fmt"
	"maps"
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

// maxSearched bounds the rows among which one page looks for what a filter without an index
// selects, such as a text. A page may have fewer facts than it has room for then, and none at
// all, and still have a next. So no request reads all that a large tenant has.
const maxSearched = 2000

// A factTable is how the facts of one kind are listed and changed. Its texts become part of the
// statement, so they are constants and never come from outside.
type factTable struct {
	name    string // in schema flowhq
	columns string // but for contact_id and contact
	status  string // as it is shown
	number  string // condition on @number, which FactFilter.Number and the changes are about
	text    string // expression: FactFilter.Text is looked for in it
	from    string // expression: FactFilter.From must be below it
	to      string // column: FactFilter.To is compared with it
	noun    string // for errors and events
	// stored says of a status that is not stored as it is shown which stored rows may show it, by a
	// condition with an index or "" for any. What is not named here is stored as it is shown.
	stored map[string]string
}

// sinceMade is the from of facts that have no time of their own. A microsecond is the least step
// of a time, so what was made at FactFilter.From is among them.
const sinceMade = "created_at + interval '1 microsecond'"

var (
	bookingTable = factTable{
		"bookings", strings.Replace(bookingColumns, " status,", " shown as status,", 1),
		"case when status = 'HELD' and held_until <= now() then 'LAPSED' else status end",
		"number = @number", "concat_ws(' ', number, service, name, note)",
		"ends_at", "starts_at", "booking",
		map[string]string{"HELD": "status = 'HELD'", "LAPSED": "status = 'HELD'"}}
	orderTable = factTable{
		"orders", orderColumns, "status", "number = @number",
		"concat_ws(' ', number, name, note, lines, delivery)",
		sinceMade, "created_at", "order", nil}
	ticketTable = factTable{
		"tickets", ticketColumns, "status", "number = @number",
		"concat_ws(' ', number, subject, note)", sinceMade, "created_at", "ticket", nil}
	unansweredTable = factTable{
		"unanswered", "id, text, language, intents, status, message_id, created_at, updated_at",
		"status", "id = @number::bigint", "text", sinceMade, "created_at", "question", nil}
	// Hand-overs have no number of their own, so the id stands for it.
	handOverTable = factTable{
		"handovers", `id, reason, shown as status, note, at, owner_at, until, ended_at, end_reason,
		message_id`, handOverStatus, "id = @number::bigint", "note",
		"at + interval '1 microsecond'", "at", "hand-over",
		map[string]string{"OPEN": "ended_at is null", "ENDED": ""}}
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

// A selection is the conditions of a page and their arguments. A condition that the filter does not
// ask for is left out: one that is there and does nothing would keep the planner from an index,
// once a statement is prepared and has one plan for all arguments.
type selection struct {
	found    []string // what an index finds, in the order of the ids
	searched []string // what is compared row by row
	keys     named    // the arguments of found
	args     named    // of both
}

// selectionOf selects all rows of a tenant.
func selectionOf(tenant flowhq.TenantID) selection {
	s := selection{keys: named{}, args: named{}}
	s.find("tenant_id = @tenant", "tenant", tenant)
	return s
}

// find adds a condition that an index serves.
func (s *selection) find(condition, name string, arg any) {
	s.found = append(s.found, condition)
	s.keys[name], s.args[name] = arg, arg
}

// search adds a condition that no index serves in the order of the ids.
func (s *selection) search(condition, name string, arg any) {
	s.searched = append(s.searched, condition)
	s.args[name] = arg
}

// selects returns what f selects of a tenant's facts.
func (t factTable) selects(tenant flowhq.TenantID, f FactFilter) selection {
	s := selectionOf(tenant)
	if f.Before != 0 {
		s.find("id < @before", "before", f.Before)
	}
	if f.Number != "" {
		s.find(t.number, "number", clean(f.Number))
	}
	if f.ContactID != 0 {
		s.find("contact_id = @contact_id", "contact_id", f.ContactID)
	}
	// contacts_number_key yields one contact at most. A number that nobody has is null here, and
	// selects no fact.
	if f.Contact != "" {
		s.find(`contact_id = (select c.id from flowhq.contacts c
			where c.tenant_id = @tenant and c.number = @contact and c.number <> '')`,
			"contact", clean(f.Contact))
	}
	// A status that is derived is compared row by row. The condition on what is stored narrows
	// that down by an index.
	stored, differs := t.stored[f.Status]
	if stored != "" {
		s.found = append(s.found, stored)
	}
	switch {
	case f.Status == "":
	case differs:
		s.search("shown = @status", "status", f.Status)
	default:
		s.find("status = @status", "status", f.Status)
	}
	if !f.From.IsZero() {
		s.search(t.from+" > @from", "from", f.From)
	}
	if !f.To.IsZero() {
		s.search(t.to+" < @to", "to", f.To)
	}
	if f.Placed != nil {
		s.search("("+t.placed()+") = @placed", "placed", *f.Placed)
	}
	if f.Text != "" {
		s.search("strpos(lower("+t.text+"), lower(@text)) > 0", "text", clean(f.Text))
	}
	return s
}

// floor returns the id below which a page does not search, 0 for none: at most maxSearched rows are
// from there on that an index finds. from is the from clause, and id the column of the order.
func (s *Store) floor(ctx context.Context, from, id string, sel selection) (int64, error) {
	if len(sel.searched) == 0 {
		return 0, nil
	}
	q := `select ` + id + from + ` where ` + strings.Join(sel.found, " and ") + `
		order by ` + id + ` desc offset @searched limit 1`
	args := maps.Clone(sel.keys)
	// The row at this offset is the last of the maxSearched that a page looks through.
	args["searched"] = maxSearched - 1
	ids, err := many(ctx, s, q, args, pgx.RowTo[int64])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// list returns one page of facts, newest first, and the Before of the next page, 0 after the
// last. They come through the primary key, or the index on what is filtered by; see maxSearched for
// what has none.
func list[T any](
	ctx context.Context, s *Store, t factTable, tenant flowhq.TenantID, f FactFilter,
	id func(T) int64,
) (page []T, next int64, err error) {
	sel := t.selects(tenant, f)
	floor, err := s.floor(ctx, " from flowhq."+t.name, "id", sel)
	if err == nil {
		if floor > 0 {
			sel.find("id >= @floor", "floor", floor)
		}
		// One row more than the page tells whether there is another page, without counting all.
		sel.args["limit"] = clampLimit(f.Limit) + 1
		// The contact's number is looked up and not stored, as a contact may have learnt another
		// one since.
		q := `
			select ` + t.columns + `, contact_id, coalesce((
				select c.number from flowhq.contacts c
				where c.tenant_id = t.tenant_id and c.id = t.contact_id), '') as contact
			from (
				select *, ` + t.status + ` as shown from flowhq.` + t.name + `
				where ` + strings.Join(sel.found, " and ") + `
			) as t
			where ` + strings.Join(append(sel.searched, "true"), " and ") + `
			order by id desc
			limit @limit`
		page, err = many(ctx, s, q, sel.args, pgx.RowToStructByName[T])
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%ss of tenant %s: %w", t.noun, tenant, err)
	}
	page, next = cut(page, f.Limit, floor, id)
	return page, next, nil
}

// single returns the fact with this number, or a NotFound error. The unique key on the number finds
// one row at most.
func single[T any](
	ctx context.Context, s *Store, t factTable, tenant flowhq.TenantID, number string,
) (fact T, err error) {
	// No next page is asked for, so the ids of its beginning are of no use.
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
