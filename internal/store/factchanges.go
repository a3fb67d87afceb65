package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A move is a status that a fact is to have, and those from which an operator may move it there.
type move struct {
	to   string // "" leaves it
	from []string
	// edits says that more is to change than the status, which then may be to already.
	edits bool
	next  map[string][]string // where each status may go, for the error
	// same is the condition on a fact t that is so already, and is left as it is; "" = none is.
	same string
	// unmoved is the error of a change that leaves the status, of a fact in another than from.
	unmoved string
}

// status is the interface of the closed sets of words that say how far a fact has come.
type status[T any] interface {
	~string
	Next() []T
}

// moveTo is the move to a status, or one that leaves it if to is "". The moves are those of flowhq
// alone, so the API, the documents and the statement cannot differ.
func moveTo[T status[T]](to T, all []T) move {
	m := move{to: string(to), next: map[string][]string{}}
	for _, from := range all {
		for _, next := range from.Next() {
			m.next[string(from)] = append(m.next[string(from)], string(next))
			if next == to {
				m.from = append(m.from, string(from))
			}
		}
	}
	return m
}

// refused is the error of a fact that is in a status from which there is no such move.
func (m move) refused(t factTable, number, shown string) error {
	if m.to == "" {
		return flowhq.Errorf(flowhq.Conflict, "%s %s is %s; %s", t.noun, number, shown, m.unmoved)
	}
	// The error names what can be done, since a client may have read the status long ago.
	next := m.next[shown]
	if len(next) == 0 {
		return flowhq.Errorf(flowhq.Conflict,
			"%s %s is %s, which is its end: make a new one instead", t.noun, number, shown)
	}
	return flowhq.Errorf(flowhq.Conflict, "%s %s is %s; from there it can only become %s",
		t.noun, number, shown, strings.Join(next, " or "))
}

// set makes changes of columns of one fact, if it has one of the statuses of m.from, and records
// FACT_CHANGED with its number and status. A fact that has the status already is left as it is,
// unless there are edits besides. A NotFound error means that the tenant has no such fact;
// Conflict, that there is no such move. It is an operator's, so it is not fenced.
//
// The row is locked before its status is read, so of two moves at once the second sees the first.
//
// A row that an answer of the bot holds is waited for: both write by the same primary key. t and
// changes are constants of this package; what comes from outside is an argument.
func (s *Store) set(
	ctx context.Context, t factTable, tenant flowhq.TenantID, number string, m move,
	changes []string, actor string, args named,
) error {
	from := m.from
	if m.to != "" {
		// A name or a note of a booking may be corrected without a move.
		if m.edits {
			// m.from is cloned, as the error after the statement lists the moves alone.
			from = append(slices.Clone(from), m.to)
		}
		changes = append(changes, "status = @status")
		args["status"] = m.to
	}
	same := cmp.Or(m.same, "false")
	// The status is compared as it is shown, so a hold that has lapsed is LAPSED here as in a
	// list.
	q := `
		with old as (
			select id, ` + t.status + ` as shown from flowhq.` + t.name + `
			where tenant_id = @tenant and ` + t.number + `
			for no key update
		), changed as (
			update flowhq.` + t.name + ` t set
				updated_at = now(), ` + strings.Join(changes, ", ") + `
			from old
			where t.tenant_id = @tenant and t.id = old.id and old.shown = any(@from::text[])
				and not (` + same + `)
			returning t.tenant_id, t.status
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor,
				concat_ws(' ', @noun::text, @number::text, status, @detail::text)
			from changed
		)
		select shown, exists (select from changed) from old`
	// The event has the fact's number and status, and no word of the customer's.
	args["tenant"], args["number"], args["noun"] = tenant, clean(number), t.noun
	args["event"], args["actor"], args["from"] = flowhq.EventFactChanged, clean(actor), from
	if _, given := args["detail"]; !given { // what was changed beside the status, in a word
		args["detail"] = nil
	}
	// Done is told apart from a row that is there: the one without the other is a refused move.
	type answer struct {
		Shown string
		Done  bool
	}
	a, err := oneHeld(ctx, s, tenant, q, args, pgx.RowToStructByPos[answer])
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		err = flowhq.Errorf(flowhq.NotFound, "there is no such %s", t.noun)
	// A row that has the status already is no error: the request may be a repeated one.
	case err == nil && !a.Done && a.Shown != m.to &&
		!(m.same != "" && slices.Contains(from, a.Shown)):
		err = m.refused(t, number, a.Shown)
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
	Service  *string
	Price    *int64
	Name     *string
	Note     *string
}

// Moves reports whether the change is of the time that a booking takes.
func (c BookingChange) Moves() bool { return c.StartsAt != nil || c.Minutes != nil }

// columns are the changes of columns, but for the status, and their arguments.
func (c BookingChange) columns(args named) (changes []string) {
	// All three columns change together, or the trigger would count a wrong stretch of time.
	if c.Moves() {
		changes = append(changes, `
			starts_at = coalesce(@starts_at, starts_at), minutes = coalesce(@minutes, minutes),
			ends_at = coalesce(@starts_at, starts_at)
				+ make_interval(mins => coalesce(@minutes, minutes))`)
		args["starts_at"], args["minutes"] = c.StartsAt, c.Minutes
	}
	// The columns are constants, so nothing from outside becomes part of the statement.
	for _, text := range []struct {
		column string
		value  *string
	}{{"service", c.Service}, {"name", c.Name}, {"note", c.Note}} {
		if text.value != nil {
			changes = append(changes, text.column+" = @"+text.column)
			args[text.column] = clean(*text.value)
		}
	}
	if c.Price != nil {
		changes = append(changes, "price = @price")
		args["price"] = *c.Price
	}
	return changes
}

// SetBooking changes the booking with this number, and records FACT_CHANGED. capacity is how many
// bookings the tenant takes at the same time. A Conflict error means that there is no room, or that
// the booking is not in a status from which it can be changed so; NotFound, that there is no such
// booking. A booking that is held and is only moved is confirmed: a person has decided on it. What
// takes the same time as before needs no room anew.
func (s *Store) SetBooking(
	ctx context.Context, tenant flowhq.TenantID, number string, c BookingChange, capacity int,
	actor string,
) error {
	args := named{}
	changes := c.columns(args)
	to := flowhq.BookingStatus("")
	switch {
	case c.Status != nil:
		to = *c.Status
	case c.Moves():
		to = flowhq.BookingConfirmed
	}
	m := moveTo(to, flowhq.BookingStatuses)
	m.edits = len(changes) > 0
	switch to {
	// Without a status the booking may be edited whatever has become of it.
	case "":
		m.from = words(flowhq.BookingStatuses)
		if !m.edits {
			return nil
		}
	// held_until goes with HELD: what is ahead is selected by held_until in any status. A cancelled
	// booking takes no room, so none is looked for.
	case flowhq.BookingCancelled:
		changes = append(changes, "held_until = null")
	default: // the trigger looks for room whenever the capacity is written
		changes = append(changes, "held_until = null", "capacity = @capacity")
		args["capacity"] = max(1, capacity)
	}
	return s.set(ctx, bookingTable, tenant, number, m, changes, actor, args)
}

// words are a closed set of words as plain texts.
func words[T ~string](all []T) (texts []string) {
	for _, w := range all {
		texts = append(texts, string(w))
	}
	return texts
}

// An OrderChange is what an operator makes of an order; nil fields stay.
type OrderChange struct {
	Status *flowhq.OrderStatus
	Unpaid *bool // whether the customer is to be asked for the money
}

// SetOrder changes the order with this number. Errors are those of SetBooking; it is a Conflict,
// too, to say of an order that is neither confirmed nor fulfilled whether it is paid. The trigger
// on orders cancels the follow-ups that the order does not need any more.
func (s *Store) SetOrder(
	ctx context.Context, tenant flowhq.TenantID, number string, c OrderChange, actor string,
) error {
	args := named{}
	var changes []string
	to := flowhq.OrderStatus("")
	if c.Status != nil {
		to = *c.Status
	}
	m := moveTo(to, flowhq.OrderStatuses)
	if to == flowhq.OrderConfirmed {
		// An order that was confirmed before keeps that time: the time says when somebody said
		// yes.
		changes = append(changes, "confirmed_at = coalesce(confirmed_at, now())")
	}
	if c.Unpaid != nil {
		changes = append(changes, "unpaid = @unpaid")
		// The event tells of the payment by a word, as the status may be the same before and
		// after.
		args["unpaid"], args["detail"] = *c.Unpaid, "paid"
		if *c.Unpaid {
			args["detail"] = "unpaid"
		}
		// Said once more of an order that is so already, it changes nothing and records no event.
		m.edits, m.same = true, "t.unpaid = @unpaid and @to::text in ('', t.status)"
		args["to"] = to
		if to == "" {
			m.from = words([]flowhq.OrderStatus{flowhq.OrderConfirmed, flowhq.OrderFulfilled})
			m.unmoved = "only one that is CONFIRMED or FULFILLED is paid for"
		}
	}
	return s.set(ctx, orderTable, tenant, number, m, changes, actor, args)
}

// SetTicket changes the status of the ticket with this number. Errors are those of SetBooking.
func (s *Store) SetTicket(
	ctx context.Context, tenant flowhq.TenantID, number string, status flowhq.TicketStatus,
	actor string,
) error {
	return s.set(ctx, ticketTable, tenant, number, moveTo(status, flowhq.TicketStatuses), nil,
		actor, named{})
}
