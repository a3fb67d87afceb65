package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A NewBooking is one that a person of the business makes, for a customer at the counter or on the
// telephone.
type NewBooking struct {
	// Booking is CONFIRMED. Its ContactID or Contact says whom it is for; with neither it is for
	// nobody known. The store gives the number.
	Booking flowhq.Booking
	// The trigger refuses the row if there are as many at that time.
	Capacity int // how many bookings the tenant takes at the same time
	// Key is of the request: a repeated one books nothing.
	Key   string
	Actor string
}

// hash tells a repeated request from another one under its key. The key alone does not do: a client
// that reuses one for another booking must not believe that the booking was made.
func (n NewBooking) hash() []byte {
	b := n.Booking
	// A time in another zone is the same time. The end follows from the minutes.
	b.StartsAt, b.EndsAt = b.StartsAt.UTC(), time.Time{}
	raw, err := json.Marshal(b)
	if err != nil { // only a time after the year 9999 does, which the API refuses
		// The hash is that of another request then, which is refused and never mistaken for the
		// first.
		raw = []byte(err.Error())
	}
	sum := sha256.Sum256(raw)
	return sum[:]
}

// bookedSQL finds the booking of an earlier request with this key. The unique key on (tenant_id,
// key) finds it.
const bookedSQL = `
	select number, request_hash = @hash from flowhq.bookings
	where tenant_id = @tenant and key = @key`

// addBookingSQL is the statement of AddBooking. The contact is there by then. The number is drawn
// from the ids of messages, of which each makes one number: no message will ever make this one. The
// row, its follow-ups and its event are written together or not at all.
const addBookingSQL = `
	with who as (
		select coalesce((
			select c.id from flowhq.contacts c
			where c.tenant_id = @tenant
				and (c.id = @contact_id or @contact <> '' and c.number = @contact)
		), 0) as id
	), made as (
		insert into flowhq.bookings (
			tenant_id, contact_id, number, service, minutes, price, currency, starts_at, ends_at,
			name, note, status, capacity, key, request_hash)
		select t.id, who.id, @number, @service, @minutes, @price, @currency, @starts_at,
			@starts_at::timestamptz + make_interval(mins => @minutes), @name, @note, 'CONFIRMED',
			@capacity, @key, @hash
		from flowhq.tenants t, who
		where t.id = @tenant and (who.id <> 0 or @contact_id = 0 and @contact = '')
		returning tenant_id
	), event as (
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, @event, @actor, concat('booking ', @number::text, ' CONFIRMED') from made
	)
	select exists (select from made)`

// AddBooking makes a booking and records FACT_CHANGED. A repeated request returns the booking of
// the first. A Conflict error means that there is no room, or that the key was used for another
// booking; NotFound, that there is no such tenant or contact. A number that nobody has written from
// becomes a contact, so that whoever writes from it later finds the booking.
func (s *Store) AddBooking(
	ctx context.Context, tenant flowhq.TenantID, n NewBooking,
) (flowhq.Booking, error) {
	// Both tries share the bound: a caller waits no longer for the second.
	ctx, cancel := bounded(ctx)
	defer cancel()
	number, err := s.addBooking(ctx, tenant, n)
	// The same request, sent twice at once, may have been faster: it has the key, and the room.
	if flowhq.ErrorCode(classify(err)) == flowhq.Conflict {
		number, err = s.addBooking(ctx, tenant, n)
	}
	if err != nil {
		return flowhq.Booking{}, fmt.Errorf("book as tenant %s: %w", tenant, classify(err))
	}
	// It is read anew, since a repeated request returns the booking as it is by now.
	return s.Booking(ctx, tenant, number)
}

// addBooking is one try of AddBooking, in a transaction, and returns the booking's number.
func (s *Store) addBooking(
	ctx context.Context, tenant flowhq.TenantID, n NewBooking,
) (number string, err error) {
	b, hash := n.Booking, n.hash()
	args := named{
		"tenant": tenant, "contact_id": b.ContactID, "contact": clean(b.Contact),
		"service": clean(b.Service), "minutes": b.Minutes, "price": b.Price,
		"currency": b.Currency, "starts_at": b.StartsAt, "name": clean(b.Name),
		"note": clean(b.Note), "capacity": max(1, n.Capacity), "key": clean(n.Key), "hash": hash,
		"event": flowhq.EventFactChanged, "actor": clean(n.Actor),
	}
	// A crash before the commit leaves no contact, no booking and no key: the request can be
	// repeated.
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var same bool
		// First, as lockorder.go says: no contact becomes another's and no erasure begins before
		// the commit.
		if _, err := tx.Exec(ctx, holdSQL, named{"tenant": tenant}); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, bookedSQL,
			named{"tenant": tenant, "key": args["key"], "hash": hash}).Scan(&number, &same)
		switch {
		case err == nil && !same:
			return flowhq.Errorf(flowhq.Conflict,
				"this key was used for another booking, %s; a new request needs a new key", number)
		case err == nil:
			return nil
		// NotFound is the usual case: nobody has used the key.
		case classify(err) != nil && flowhq.ErrorCode(classify(err)) != flowhq.NotFound:
			return err
		}
		if b.Contact != "" { // a statement of its own: the next one must see the contact
			contact := named{"tenant": tenant, "to": args["contact"]}
			if _, err := tx.Exec(ctx, writeContactSQL, contact); err != nil {
				return err
			}
		}
		// A number that was drawn and rolled back is never used, which does no harm.
		const draw = `select nextval(pg_get_serial_sequence('flowhq.message_logs', 'id'))`
		var id int64
		if err := tx.QueryRow(ctx, draw).Scan(&id); err != nil {
			return err
		}
		number = flowhq.Reference(id)
		args["number"] = number
		var made bool
		err = tx.QueryRow(ctx, addBookingSQL, args).Scan(&made)
		// Nothing was inserted: the tenant or the contact is not there.
		if err == nil && !made {
			err = s.nobody(ctx, tenant)
		}
		return err
	})
	return number, err
}

// nobody says what is missing where a contact of a tenant was not found.
func (s *Store) nobody(ctx context.Context, tenant flowhq.TenantID) error {
	if _, err := s.Tenant(ctx, tenant); err != nil {
		return err
	}
	return flowhq.Errorf(flowhq.NotFound, "there is no such contact")
}
