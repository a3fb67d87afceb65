package store

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// Columns of the facts, by the names of the JSON of their Go types, but for the contact's number,
// which is looked up where a list is read.
const (
	// The texts become part of statements, so they are constants and never come from outside.
	bookingColumns = `
		id, number, service, minutes, price, currency, starts_at, ends_at, name, note, status,
		held_until, message_id, created_at, updated_at`
	orderColumns = `
		id, number, lines, delivery, total, currency, name, note, status, unpaid,
		confirmed_at, message_id, created_at, updated_at`
	ticketColumns = `
		id, number, subject, note, status, message_id, created_at, updated_at`
)

// An OwnerNotice is a message to the owner's own number.
type OwnerNotice struct {
	To string // the number, E.164
	// It follows from the question, so a repeated answer writes no second notice.
	WAID string // the id it will be sent under
	Text string
}

// maxNotices bounds the messages to the owner's number in an hour. WhatsApp bans numbers for
// sending a lot, and nobody reads more; the events tell of every hand-over.
const maxNotices = 20

// The statements of the facts, each a part of Answer's. inbound is the message that is answered,
// or no row if it was answered before, and then none of them writes anything. A fact with the
// number of another customer's is left out.
const (
	// The trigger bookings_capacity raises a Conflict where there is no room, and then nothing of
	// the answer is written. The hold is by the database's clock.
	bookSQL = `, booked as (
			insert into flowhq.bookings as b (
				tenant_id, contact_id, message_id, number, service, minutes, price, currency,
				starts_at, ends_at, name, note, status, held_until, capacity)
			select m.tenant_id, m.contact_id, m.id, f.number, f.service, f.minutes, f.price,
				f.currency, f.starts_at, f.ends_at, f.name, f.note, f.status,
				case f.status when 'HELD' then now() + make_interval(secs => @hold) end, @capacity
			from inbound m
			cross join json_to_recordset(@bookings::json) as f (
				number text, service text, minutes integer, price bigint, currency text,
				starts_at timestamptz, ends_at timestamptz, name text, note text, status text)
			on conflict (tenant_id, number) do update set
				message_id = excluded.message_id, service = excluded.service,
				minutes = excluded.minutes, price = excluded.price, currency = excluded.currency,
				starts_at = excluded.starts_at, ends_at = excluded.ends_at,
				name = excluded.name, note = excluded.note, status = excluded.status,
				held_until = excluded.held_until, capacity = excluded.capacity,
				updated_at = now()
			where b.contact_id = excluded.contact_id
			returning b.id
		)`
	// The follow-ups of the order are written by a trigger in this statement, so they exist with it
	// or not at all. The function next_order_status raises a Conflict where somebody has changed
	// the order since the bot has read it, and then nothing of the answer is written.
	orderSQL = `, ordered as (
			insert into flowhq.orders as o (
				tenant_id, contact_id, message_id, number, lines, delivery, total, currency,
				name, note, status, unpaid, confirmed_at)
			select m.tenant_id, m.contact_id, m.id, f.number, f.lines, f.delivery, f.total,
				f.currency, f.name, f.note, f.status, coalesce(f.unpaid, false),
				case f.status when 'CONFIRMED' then now() end
			from inbound m
			cross join json_to_recordset(@orders::json) as f (
				number text, lines json, delivery json, total bigint, currency text,
				name text, note text, status text, unpaid boolean)
			on conflict (tenant_id, number) do update set
				message_id = excluded.message_id, lines = excluded.lines,
				delivery = excluded.delivery, total = excluded.total,
				currency = excluded.currency, name = excluded.name, note = excluded.note,
				status = flowhq.next_order_status(o.status, excluded.status),
				unpaid = excluded.unpaid,
				confirmed_at = coalesce(o.confirmed_at, excluded.confirmed_at), updated_at = now()
			where o.contact_id = excluded.contact_id
			returning o.id
		)`
	// A ticket needs no room, and nothing of it can be refused: the last change counts.
	ticketSQL = `, ticketed as (
			insert into flowhq.tickets as t (
				tenant_id, contact_id, message_id, number, subject, note, status)
			select m.tenant_id, m.contact_id, m.id, f.number, f.subject, f.note, f.status
			from inbound m
			cross join json_to_recordset(@tickets::json) as f (
				number text, subject text, note text, status text)
			on conflict (tenant_id, number) do update set
				message_id = excluded.message_id, subject = excluded.subject,
				note = excluded.note, status = excluded.status, updated_at = now()
			where t.contact_id = excluded.contact_id
		)`
	// A hand-over that is open keeps the answer from being written, so the one in the way has
	// lapsed, and nobody has noted that. The event is written with the hand-over, so an operator
	// finds why a chat is silent.
	handOverSQL = `, handed as (
			insert into flowhq.handovers as h (
				tenant_id, contact_id, message_id, reason, note, until)
			select m.tenant_id, m.contact_id, m.id, @over_reason, @over_note,
				now() + make_interval(secs => nullif(@over_for, 0))
			from inbound m
			on conflict (tenant_id, contact_id) where ended_at is null do update set
				message_id = excluded.message_id, reason = excluded.reason,
				note = excluded.note, at = now(), owner_at = null, until = excluded.until
			returning h.message_id, h.reason
		), handed_event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @over_event, 'bot', concat('message ', message_id, ': ', reason)
			from handed
		)`
	// It answers no message: a message has one notice at most, which is for its writer.
	// message_logs_replies_idx counts the notices of the last hour. An owner whose number is the
	// bot's own is told nothing, as the bot cannot write to itself.
	noticeSQL = `, notice as (
			insert into flowhq.message_logs (
				tenant_id, direction, contact_id, chat, contact, from_number, to_number,
				kind, text, wa_message_id, status)
			select m.tenant_id, 'OUT', 0, substr(@notice_to, 2) || '@s.whatsapp.net', @notice_to,
				m.to_number, @notice_to, 'NOTICE', @notice_text, @notice_id, 'PENDING'
			from inbound m
			where m.to_number <> @notice_to and @max_notices > (
				select count(*) from flowhq.message_logs
				where tenant_id = @tenant and kind = 'NOTICE' and contact_id = 0
					and created_at > now() - interval '1 hour')
			on conflict do nothing
		)`
	// unanswered_message_key has one question for each message: a repeated answer adds none.
	unansweredSQL = `, unanswered as (
			insert into flowhq.unanswered (
				tenant_id, contact_id, message_id, text, language, intents)
			select m.tenant_id, m.contact_id, m.id, @question, @question_language,
				coalesce(@question_intents::text[], '{}')
			from inbound m
			on conflict (tenant_id, message_id) do nothing
		)`
	// What is ahead is cancelled here, so that it is over with the answer that says so. A message
	// that nobody has begun to send yet may still come. GIVE_UP sends nothing and is kept: else an
	// order would stay OPEN for good. PostgreSQL runs the parts of a statement in an order of its
	// own: LATER is what keeps the follow-ups behind the rows that lock them, see lockorder.go.
	remindersSQL = `, reminded as (
			update flowhq.contacts c set unreminded_at = case when @unreminded then now() end
			from inbound m
			where c.tenant_id = @tenant and c.id = m.contact_id LATER
			returning c.id
		), unreminded as (
			update flowhq.follow_ups f set
				status = 'CANCELLED', reason = 'the customer asked for no reminders',
				updated_at = now()
			from reminded
			where f.tenant_id = @tenant and f.contact_id = reminded.id
				and f.status = 'PENDING' and f.kind <> 'GIVE_UP' and @unreminded
		)`
	laterSQL = ` and (select count(*) from PART) >= 0`
)

// HandsOver reports whether the outcome hands the chat over to a person.
func (o Outcome) HandsOver() bool {
	return slices.ContainsFunc(o.Facts, func(f flowhq.FactChange) bool { return f.HandOver != nil })
}

// factSQL returns the parts of Answer's statement that write the facts, and adds their
// arguments to args. Of two changes of one fact the later counts: a statement may change a row
// once.
func (o Outcome) factSQL(args named) (string, error) {
	var sql strings.Builder
	var bookings byNumber[flowhq.Booking]
	var orders byNumber[flowhq.Order]
	var tickets byNumber[flowhq.Ticket]
	var rest flowhq.FactChange // of which there is one each
	// The number follows from the message, so a turn that is repeated after a crash writes the same
	// fact. Answer sets the id.
	number := flowhq.Reference(args["id"].(int64))
	for _, f := range o.Facts {
		switch {
		case f.Booking != nil:
			b := *f.Booking
			b.Number = cmp.Or(b.Number, number)
			// The end is a column of its own: bookings_ends_idx finds what is still ahead by it.
			if b.EndsAt.IsZero() {
				b.EndsAt = b.StartsAt.Add(time.Duration(b.Minutes) * time.Minute)
			}
			bookings.set(b.Number, b)
		case f.Order != nil:
			order := *f.Order
			order.Number = cmp.Or(order.Number, number)
			order.Lines = append([]flowhq.OrderLine{}, order.Lines...) // [] and not null in JSON
			orders.set(order.Number, order)
		case f.Ticket != nil:
			t := *f.Ticket
			t.Number = cmp.Or(t.Number, number)
			tickets.set(t.Number, t)
		case f.HandOver != nil:
			rest.HandOver = f.HandOver
		case f.Unanswered != nil:
			rest.Unanswered = f.Unanswered
		case f.Reminders != nil:
			rest.Reminders = f.Reminders
		}
	}
	// Only the parts that are needed are in the statement. Most answers leave no fact, and cost no
	// plan for one.
	if len(bookings.list) > 0 {
		sql.WriteString(bookSQL)
		// 0 would refuse every booking. It is what a profile has that does not say.
		args["capacity"], args["hold"] = max(1, o.Capacity), flowhq.HoldFor.Seconds()
	}
	if len(orders.list) > 0 {
		sql.WriteString(orderSQL)
	}
	if len(tickets.list) > 0 {
		sql.WriteString(ticketSQL)
	}
	err := cmp.Or(
		bookings.argument(args, "bookings"), orders.argument(args, "orders"),
		tickets.argument(args, "tickets"))
	o.restSQL(rest, &sql, args)
	return sql.String(), err
}

// restSQL is factSQL for what an answer leaves one of at most. The last of each kind counts, as
// with those that have a number.
func (o Outcome) restSQL(f flowhq.FactChange, sql *strings.Builder, args named) {
	if f.HandOver != nil {
		sql.WriteString(o.handOverSQL(*f.HandOver, args))
	}
	if q := f.Unanswered; q != nil {
		sql.WriteString(unansweredSQL)
		// The customer's words are stored for the owner alone, and erased with the contact.
		args["question"], args["question_language"] = clean(q.Text), q.Language
		args["question_intents"] = q.Intents
	}
	if f.Reminders != nil {
		later := ""
		for _, part := range []string{"booked", "ordered"} {
			if strings.Contains(sql.String(), ", "+part+" as (") {
				later += strings.ReplaceAll(laterSQL, "PART", part)
			}
		}
		sql.WriteString(strings.ReplaceAll(remindersSQL, "LATER", later))
		args["unreminded"] = f.Reminders.Stopped
	}
}

// handOverSQL is factSQL for a hand-over, with the notice to the owner.
func (o Outcome) handOverSQL(h flowhq.HandOver, args named) string {
	args["over_reason"], args["over_note"] = h.Reason, clean(h.Note)
	length := o.HandOverFor
	if h.Until != nil { // by the worker's clock, and so is At; the database's counts
		length = max(time.Second, h.Until.Sub(h.At))
	}
	args["over_for"] = length.Seconds()
	args["over_event"] = flowhq.EventHandedOver
	if o.OwnerNotice == nil {
		return handOverSQL
	}
	args["notice_to"], args["notice_id"] = o.OwnerNotice.To, o.OwnerNotice.WAID
	args["notice_text"], args["max_notices"] = clean(o.OwnerNotice.Text), maxNotices
	return handOverSQL + noticeSQL
}

// byNumber are facts of one kind, each number once, in the order in which they came first.
// PostgreSQL refuses a statement that would update one row twice by on conflict.
type byNumber[T any] struct {
	list []T
	at   map[string]int
}

// set adds a fact, or puts it in place of that of the same number.
func (b *byNumber[T]) set(number string, fact T) {
	if i, ok := b.at[number]; ok {
		b.list[i] = fact
		return
	}
	if b.at == nil {
		b.at = map[string]int{}
	}
	b.at[number] = len(b.list)
	b.list = append(b.list, fact)
}

// argument adds the facts to args as JSON. PostgreSQL refuses a NUL in it even where JSON may
// escape one, so the texts are cleaned as all others are.
func (b *byNumber[T]) argument(args named, name string) error {
	if len(b.list) == 0 {
		return nil
	}
	raw, err := json.Marshal(b.list)
	if err != nil { // only a time after the year 9999 does
		return flowhq.Errorf(flowhq.Internal, "the %s cannot be written", name)
	}
	args[name] = strings.ReplaceAll(string(raw), `\u0000`, `\ufffd`)
	return nil
}
