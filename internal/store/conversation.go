package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A Conversation is how things stand with a contact, with all that a turn of it depends on.
type Conversation struct {
	State      []byte    // that Answer stored last; nil = none
	MutedUntil time.Time // until then the contact is not answered; long ago if it is
	LeftAlone  bool      // the bot never answers this contact
	HandedOver bool      // a person answers this chat
	// Taken are the tenant's bookings ahead, by their ends, held ones included. Bookings of all
	// customers are in it: the bot offers times that are free.
	Taken []flowhq.Span
	// Bookings, Orders and Tickets are the contact's: bookings ahead, the orders of late, and
	// the tickets that are open; the newest first.
	Bookings []flowhq.Booking
	Orders   []flowhq.Order
	Tickets  []flowhq.Ticket
	// ProfileVersion is that of the tenant's profile; 0 = empty. The host compiles the
	// profile anew when it is a later one than it has.
	ProfileVersion int64
}

// A standing is a Conversation as standingSQL yields it. The order of the fields is that of the
// columns.
type standing struct {
	State                            []byte
	MutedUntil                       time.Time
	LeftAlone, HandedOver            bool
	Taken, Bookings, Orders, Tickets []byte // JSON; nil = none
	ProfileVersion                   int64
}

// Bounds on what standingSQL reads, in rows: of bookings ahead and of each kind of the contact's.
const (
	// Nobody takes so many bookings ahead by chat. Beyond that the bot may offer a time that is
	// taken, and the trigger refuses the booking.
	maxTaken = "1000"
	// A customer who asks for the bookings gets a message, which has to be short.
	maxOwn = "10"
)

// takenSQL is the condition on bookings that take room, with the order and number in which they are
// read. bookings_ends_idx finds them.
const takenSQL = `tenant_id = @tenant and status <> 'CANCELLED'
				and (held_until is null or held_until > now())
			order by ends_at
			limit ` + maxTaken

// standingSQL selects the fields of standing for the contact who, of which it needs id,
// muted_until and left_alone. All that a turn depends on is read at once, so the answer costs no
// further round trip; each part is found by an index and is nothing for most tenants.
//
// The names of the columns are those of the JSON of flowhq.Booking, Order and Ticket.
// bookings_ends_idx finds what is taken, and the indexes on contacts find the rest from the newest
// back. The highest version is the first entry of profiles_pkey read backwards.
const standingSQL = `
	v.state, coalesce(who.muted_until, 'epoch'), coalesce(who.left_alone, '') <> '',
	h.id is not null, (
		select json_agg(t) from (
			select starts_at as "from", ends_at as "to" from flowhq.bookings
			where ends_at > now() and ` + takenSQL + `
		) as t
	), (
		select json_agg(t) from (
			select ` + bookingColumns + ` from flowhq.bookings
			where tenant_id = @tenant and contact_id = who.id and status <> 'CANCELLED'
				and ends_at > now() and (held_until is null or held_until > now())
			order by id desc
			limit ` + maxOwn + `
		) as t
	), (
		select json_agg(t) from (
			select ` + orderColumns + `, case when confirmed_at is null then (
				select max(coalesce(m.sent_at, m.created_at)) from flowhq.follow_ups f
				join flowhq.message_logs m on m.tenant_id = f.tenant_id and m.id = f.message_id
				where f.tenant_id = o.tenant_id and f.about = 'ORDER' and f.number = o.number
					and f.status = 'SENT' and m.status <> 'FAILED' and m.attempts > 0
			) end as asked_at
			from flowhq.orders o
			where tenant_id = @tenant and contact_id = who.id
			order by id desc
			limit ` + maxOwn + `
		) as t
	), (
		select json_agg(t) from (
			select ` + ticketColumns + ` from flowhq.tickets
			where tenant_id = @tenant and contact_id = who.id and status = 'OPEN'
			order by id desc
			limit ` + maxOwn + `
		) as t
	), (
		select coalesce(max(version), 0) from flowhq.profiles where tenant_id = @tenant
	)`

// standingJoins are the tables of standingSQL besides who. Both are found by their keys, and there
// is one row of each at most. A hand-over whose time is over counts as ended here, though nobody
// may have noted that yet.
const standingJoins = `
	left join flowhq.conversations v on v.tenant_id = @tenant and v.contact_id = who.id
	left join flowhq.handovers h on h.tenant_id = @tenant and h.contact_id = who.id
		and h.ended_at is null and (h.until is null or h.until > now())`

// conversation decodes what was read.
func (s standing) conversation() (Conversation, error) {
	c := Conversation{
		State: s.State, MutedUntil: s.MutedUntil,
		LeftAlone: s.LeftAlone, HandedOver: s.HandedOver, ProfileVersion: s.ProfileVersion,
	}
	for _, part := range []struct {
		from []byte
		into any
	}{
		{s.Taken, &c.Taken}, {s.Bookings, &c.Bookings},
		{s.Orders, &c.Orders}, {s.Tickets, &c.Tickets},
	} {
		// No rows are null in JSON, and leave the list nil.
		if part.from == nil {
			continue
		}
		if err := json.Unmarshal(part.from, part.into); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Conversation returns how things stand with the contact who wrote the message with this
// ID. It asks by the message because contacts may become one at any time: the id of a contact
// that a queue has kept may be gone. A message that is gone gives an empty Conversation and no
// error. It takes no lock: the goroutine of the chat is the only one that writes the state.
func (s *Store) Conversation(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (Conversation, error) {
	const q = `
		select ` + standingSQL + `
		from (select) as one
		left join flowhq.message_logs m on m.tenant_id = @tenant and m.id = @id
		left join flowhq.contacts who on who.tenant_id = @tenant and who.id = m.contact_id
		` + standingJoins
	args := named{"tenant": tenant, "id": id}
	read, err := one(ctx, s, q, args, pgx.RowToStructByPos[standing])
	c := Conversation{}
	if err == nil {
		c, err = read.conversation()
	}
	// An error of the JSON has no code yet, hence classify.
	if err != nil {
		return c, fmt.Errorf("conversation of tenant %s: %w", tenant, classify(err))
	}
	return c, nil
}

// Taken returns what is taken of the tenant's time from a moment on, as a Conversation has it. It
// is for a conversation that is only played.
func (s *Store) Taken(
	ctx context.Context, tenant flowhq.TenantID, from time.Time,
) ([]flowhq.Span, error) {
	// The conditions and the bound are those of standingSQL, so that a conversation which is only
	// played is offered the same times.
	const q = `
		select starts_at, ends_at from flowhq.bookings
		where ends_at > @from and ` + takenSQL
	taken, err := many(ctx, s, q, named{"tenant": tenant, "from": from},
		pgx.RowToStructByPos[flowhq.Span])
	if err != nil {
		return nil, fmt.Errorf("bookings of tenant %s: %w", tenant, err)
	}
	return taken, nil
}
