package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Columns of a follow-up by the names of its JSON, but for contact. The contact is looked up when a
// list is read: it may have become another one since.
const followUpColumns = `
	id, about, number, kind, about_at, due_at, expires_at, next_at, status, reason, message_id,
	created_at, updated_at`

// followUpTable is how follow-ups are listed. One whose message was given up was missed. That is
// derived when it is read, as an operator may have the message sent after all.
var followUpTable = factTable{
	"follow_ups", strings.Replace(followUpColumns, " status,", " shown as status,", 1),
	`case when status = 'SENT' and exists (
		select from flowhq.message_logs m
		where m.tenant_id = @tenant and m.id = message_id and m.status = 'FAILED'
	) then 'MISSED' else status end`,
	// With about, which is one of these, follow_ups_once_key finds the number.
	"about in ('BOOKING', 'ORDER') and number = @number", "number", "due_at", "due_at", "follow-up",
	map[string]string{"SENT": "status = 'SENT'", "MISSED": ""}}

// FollowUps returns one page of a tenant's follow-ups, like Bookings. From and To are compared
// with when they are due.
func (s *Store) FollowUps(
	ctx context.Context, tenant flowhq.TenantID, f FactFilter,
) (page []flowhq.FollowUp, next int64, err error) {
	return list(ctx, s, followUpTable, tenant, f, func(f flowhq.FollowUp) int64 { return f.ID })
}

// A DueFollowUp names what a workflow of follow-ups is about. Several follow-ups of one booking or
// order are one DueFollowUp, since one workflow sees to all.
type DueFollowUp struct {
	Tenant flowhq.TenantID
	About  flowhq.FollowUpAbout
	Number string
}

// ClaimFollowUps returns what has follow-ups that somebody should have looked at longer ago than
// late, and that nobody else returns for the time again. The reconciler calls it every few
// seconds, and tells the workflows of what is returned. It is across tenants on purpose, and reads
// follow_ups_next_idx, in which there is only what is ahead.
func (s *Store) ClaimFollowUps(
	ctx context.Context, late, again time.Duration, limit int,
) ([]DueFollowUp, error) {
	// Two workers claim different ones and neither waits, as each skips what the other has
	// locked.
	const q = `
		with due as (
			select tenant_id, id from flowhq.follow_ups
			where status = 'PENDING' and next_at < now() - make_interval(secs => @late)
			order by next_at
			limit @limit
			for update skip locked
		), claimed as (
			update flowhq.follow_ups f set next_at = now() + make_interval(secs => @again)
			from due
			where f.tenant_id = due.tenant_id and f.id = due.id
			returning f.tenant_id, f.about, f.number
		)
		select distinct tenant_id::text, about, number from claimed`
	all, err := many(ctx, s, q, named{
		// The limit bounds what one worker takes on, so a backlog is spread over the workers.
		"late": late.Seconds(), "again": again.Seconds(), "limit": limit,
	}, pgx.RowToStructByPos[DueFollowUp])
	if err != nil {
		return nil, fmt.Errorf("follow-ups that are due: %w", err)
	}
	return all, nil
}

// A FollowUpSubject is a booking or order with the follow-ups that are ahead of it, and how things
// stand with its customer.
type FollowUpSubject struct {
	// Workers' clocks differ, and a reminder must not be sent by a wrong one.
	Now     time.Time         // by the database's clock
	Pending []flowhq.FollowUp // in the order in which they are due
	Booking *flowhq.Booking   // nil = it is about none
	Order   *flowhq.Order
	// Waits in it is for the caller to fill in.
	Standing flowhq.FollowUpStanding
	State    []byte // of the conversation; nil = none
}

// FollowUpSubject returns what is to be known to follow a booking or order up. One that is gone
// has neither Booking nor Order. It takes no lock: what is written because of it finds out whether
// the follow-up is still PENDING.
func (s *Store) FollowUpSubject(
	ctx context.Context, tenant flowhq.TenantID, about flowhq.FollowUpAbout, number string,
) (FollowUpSubject, error) {
	const q = `
		select now(), (
			select json_agg(f) from (
				select ` + followUpColumns + ` from flowhq.follow_ups
				where tenant_id = @tenant and about = @about and number = @number
					and status = 'PENDING'
				order by due_at, id
			) as f
		), (
			select row_to_json(b) from (
				select ` + bookingColumns + ` from flowhq.bookings
				where tenant_id = @tenant and number = @number and @about = 'BOOKING'
			) as b
		), (
			select row_to_json(o) from (
				select ` + orderColumns + ` from flowhq.orders
				where tenant_id = @tenant and number = @number and @about = 'ORDER'
			) as o
		),
			who.id is null, coalesce(who.left_alone, '') <> '', who.unreminded_at is not null,
			coalesce(who.muted_until, 'epoch'), h.id is not null, v.state
		from (select) as one
		left join flowhq.contacts who on who.tenant_id = @tenant and who.id = coalesce((
			select contact_id from flowhq.bookings
			where tenant_id = @tenant and number = @number and @about = 'BOOKING'
		), (
			select contact_id from flowhq.orders
			where tenant_id = @tenant and number = @number and @about = 'ORDER'
		))
		` + standingJoins
	type row struct {
		Now                     time.Time
		Pending, Booking, Order []byte
		Gone                    bool
		LeftAlone, Unreminded   bool
		MutedUntil              time.Time
		HandedOver              bool
		State                   []byte
	}
	args := named{"tenant": tenant, "about": about, "number": number}
	// One statement reads all, so the parts fit each other: a booking that is moved meanwhile is
	// read as before or as after, with its follow-ups.
	r, err := one(ctx, s, q, args, pgx.RowToStructByPos[row])
	subject := FollowUpSubject{
		Now: r.Now, State: r.State,
		Standing: flowhq.FollowUpStanding{
			Gone: r.Gone, LeftAlone: r.LeftAlone, Unreminded: r.Unreminded,
			MutedUntil: r.MutedUntil, HandedOver: r.HandedOver,
		},
	}
	for _, part := range []struct {
		from []byte
		into any
	}{{r.Pending, &subject.Pending}, {r.Booking, &subject.Booking}, {r.Order, &subject.Order}} {
		// What is not there is null and stays nil: the booking, the order, or both.
		if err == nil && part.from != nil {
			err = json.Unmarshal(part.from, part.into)
		}
	}
	if err != nil {
		return subject, fmt.Errorf("follow up %s %s of tenant %s: %w", about, number, tenant, err)
	}
	return subject, nil
}

// A FollowUpMessage is what is sent for a follow-up, within the tenant's limits.
type FollowUpMessage struct {
	Text string
	// The limits are counted in the statement that writes the message. A host counts from the rows
	// when it starts, so a new host knows of these as well.
	PerMinute  int // how many the tenant sends in flowhq.TenantWindow, replies included
	PerContact int // and a contact gets in flowhq.ContactWindow
}

// followUpID is the id under which the message of a follow-up is sent, in the form of those of
// WhatsApp's web client. It follows from what the follow-up is about and not from its row: after an
// older database was restored the follow-up is sent again, and a phone shows an id once.
func followUpID(tenant flowhq.TenantID, f flowhq.FollowUp) string {
	// 18 hexadecimal digits follow 3EB0, as in the ids that the web client draws.
	const bytes = 9
	sum := sha256.Sum256(fmt.Appendf(nil, "follow-up %s %s %s %s %d",
		tenant, f.About, f.Number, f.Kind, f.AboutAt.UnixMicro()))
	return "3EB0" + strings.ToUpper(hex.EncodeToString(sum[:bytes]))
}

// sendFollowUpSQL makes a follow-up a message. A message that was withdrawn before any attempt to
// send it, because the booking was moved and is now back, is there already and is sent. One that
// was not withdrawn is the follow-up's too: an operator has had it sent. The limits are counted
// over message_logs_replies_idx. How things stand with the customer is read once more, as any of
// it may have changed since the step was decided.
const sendFollowUpSQL = `
	with due as (
		select * from flowhq.follow_ups
		where tenant_id = @tenant and id = @id and status = 'PENDING' and expires_at > now()
		for update
	), standing as (
		select c.id is null as gone, coalesce(c.left_alone, '') <> '' as left_alone,
			c.unreminded_at is not null as unreminded,
			coalesce(c.muted_until, 'epoch') as muted_until,
			h.id is not null as handed_over, due.about
		from due
		left join flowhq.contacts c on c.tenant_id = @tenant and c.id = due.contact_id
		left join flowhq.handovers h on h.tenant_id = @tenant and h.contact_id = due.contact_id
			and h.ended_at is null and (h.until is null or h.until > now())
	), free as (
		select from standing
		where not gone and not left_alone and not unreminded and muted_until <= now()
			and not (handed_over and about = 'ORDER')
	), room as (
		select (
			select count(*) from flowhq.message_logs
			where tenant_id = @tenant and kind in ('REPLY', 'WARNING', 'NOTICE', 'FOLLOW_UP')
				and created_at > now() - make_interval(secs => @tenant_window)
		) < @per_minute and (
			select count(*) from flowhq.message_logs m
			where m.tenant_id = @tenant and m.contact_id = due.contact_id
				and kind in ('REPLY', 'WARNING', 'NOTICE', 'FOLLOW_UP')
				and m.created_at > now() - make_interval(secs => @contact_window)
		) < @per_contact as there
		from due
	), there as (
		select m.id from due
		join flowhq.message_logs m on m.tenant_id = @tenant and m.wa_message_id = @wa_id
			and m.direction = 'OUT' and not (m.status = 'FAILED' and m.attempts = 0)
	), written as (
		insert into flowhq.message_logs as m (
			tenant_id, direction, contact_id, chat, contact, from_number, to_number,
			kind, text, wa_message_id, status, timer_seconds, timer_set_at, expires_at)
		select t.id, 'OUT', c.id,
			coalesce(nullif(c.lid, ''), substr(c.number, 2) || '@s.whatsapp.net'),
			c.number, coalesce(nullif(s.number, ''), t.phone_number), c.number,
			'FOLLOW_UP', @text, @wa_id, 'PENDING', c.timer_seconds, c.timer_set_at,
			due.expires_at
		from due
		join free on true
		join room on room.there
		join flowhq.contacts c on c.tenant_id = due.tenant_id and c.id = due.contact_id
		join flowhq.tenants t on t.id = due.tenant_id
		join flowhq.whatsapp_sessions s on s.tenant_id = due.tenant_id
		on conflict (tenant_id, wa_message_id) where direction = 'OUT' do update set
			status = 'PENDING', reason = '', text = excluded.text,
			expires_at = excluded.expires_at, created_at = excluded.created_at
		where m.status = 'FAILED' and m.attempts = 0
		returning m.id
	), sent as (
		update flowhq.follow_ups f set
			status = 'SENT', reason = '', message_id = m.id, updated_at = now()
		from (select id from written union all select id from there limit 1) as m
		where f.tenant_id = @tenant and f.id = @id
		returning f.id
	), nudge as (
		select flowhq.notify('work', @tenant) from sent
	)
	select exists (select from due), exists (select from nudge), exists (select from free),
		coalesce(gone, false), coalesce(left_alone, false), coalesce(unreminded, false),
		coalesce(muted_until, 'epoch'), coalesce(handed_over, false)
	from (select) as one
	left join standing on true`

// reachSQL locks whom a follow-up is for. Who hands a chat over, or leaves a contact alone, locks
// the contact too, and so is seen by the statement that follows.
const reachSQL = `
	select from flowhq.contacts c
	join flowhq.follow_ups f on f.tenant_id = c.tenant_id and f.contact_id = c.id
	where f.tenant_id = @tenant and f.id = @id
	for no key update of c`

// A SentFollowUp is what became of an attempt to send a follow-up.
type SentFollowUp struct {
	Sent bool // its message is in the log
	// Held says that the customer must not get it, and why. Waits in it is for the caller to fill
	// in.
	Held     bool
	Standing flowhq.FollowUpStanding
}

// SendFollowUp writes the message of a PENDING follow-up, which the tenant's host sends like a
// reply, marks the follow-up as SENT and notifies every listener ("work"), in one statement. The
// key of message_logs on WhatsApp's id refuses a second message, whatever the program does.
//
// It is neither Sent nor Held, and nothing is written, if it is not PENDING any more, or has
// expired. A Conflict error means that the tenant's limits have no room for it now. It is no
// host's, so it is not fenced.
func (s *Store) SendFollowUp(
	ctx context.Context, tenant flowhq.TenantID, f flowhq.FollowUp, m FollowUpMessage,
) (sent SentFollowUp, err error) {
	type answer struct {
		Due, Sent, Free             bool
		Gone, LeftAlone, Unreminded bool
		MutedUntil                  time.Time
		HandedOver                  bool
	}
	a, err := oneHeld(ctx, s, tenant, sendFollowUpSQL, named{
		"tenant": tenant, "id": f.ID, "text": clean(m.Text), "wa_id": followUpID(tenant, f),
		"per_minute": m.PerMinute, "tenant_window": flowhq.TenantWindow.Seconds(),
		"per_contact": m.PerContact, "contact_window": flowhq.ContactWindow.Seconds(),
	}, pgx.RowToStructByPos[answer], held{reachSQL, named{"tenant": tenant, "id": f.ID}})
	sent.Sent = a.Sent
	// If it is due and was not sent, either the customer's standing is in the way or the limits
	// are.
	if a.Due && !a.Sent && !a.Free {
		sent.Held = true
		sent.Standing = flowhq.FollowUpStanding{
			Gone: a.Gone, LeftAlone: a.LeftAlone, Unreminded: a.Unreminded,
			MutedUntil: a.MutedUntil, HandedOver: a.HandedOver,
		}
	}
	if err == nil && a.Due && !a.Sent && a.Free {
		err = flowhq.Errorf(flowhq.Conflict, "the tenant's limits have no room for it now")
	}
	if err != nil {
		return sent, fmt.Errorf("send follow-up %d of tenant %s: %w", f.ID, tenant, err)
	}
	return sent, nil
}

// EndFollowUp notes what became of a follow-up that is not sent. An order that is given up before
// the customer has confirmed it is cancelled with it. One that is not PENDING stays as it is.
//
// Both rows change in one statement. With two, a crash between them would leave an order that
// nobody follows up and that is still OPEN. The order is locked first, as by an answer that changes
// it: the trigger locks the follow-ups after it, and the other way round the two would deadlock. Of
// a yes and an end at once, the second finds what the first has left.
func (s *Store) EndFollowUp(
	ctx context.Context, tenant flowhq.TenantID, id int64, status flowhq.FollowUpStatus,
	reason string,
) error {
	const q = `
		with locked as (
			select o.id from flowhq.orders o
			join flowhq.follow_ups f on f.tenant_id = o.tenant_id and f.number = o.number
			where f.tenant_id = @tenant and f.id = @id and f.about = 'ORDER'
			for no key update of o
		), ended as (
			update flowhq.follow_ups f set
				status = @status, reason = @reason, updated_at = now()
			from (select count(*) from locked) as first
			where f.tenant_id = @tenant and f.id = @id and f.status = 'PENDING'
			returning f.about, f.number, f.status
		), given_up as (
			update flowhq.orders o set status = 'CANCELLED', updated_at = now()
			from ended
			where o.tenant_id = @tenant and o.number = ended.number and o.status = 'OPEN'
				and ended.about = 'ORDER' and ended.status = 'GIVEN_UP'
		)
		select true`
	// The statement yields a row in any case: a follow-up that has ended or is gone is no error.
	_, err := oneHeld(ctx, s, tenant, q, named{
		"tenant": tenant, "id": id, "status": status, "reason": clean(reason),
	}, pgx.RowTo[bool])
	if err != nil {
		return fmt.Errorf("end follow-up %d of tenant %s: %w", id, tenant, err)
	}
	return nil
}

// PlanFollowUp notes when a PENDING follow-up is looked at next. The reconciler takes a follow-up
// for late that is not looked at some time after next_at.
func (s *Store) PlanFollowUp(
	ctx context.Context, tenant flowhq.TenantID, id int64, next time.Time,
) error {
	// A note that comes after the end changes nothing.
	const q = `
		update flowhq.follow_ups set next_at = @next
		where tenant_id = @tenant and id = @id and status = 'PENDING'`
	if _, err := exec(ctx, s, q, named{"tenant": tenant, "id": id, "next": next}); err != nil {
		return fmt.Errorf("plan follow-up %d of tenant %s: %w", id, tenant, err)
	}
	return nil
}

// CancelFollowUp ends a follow-up that is still PENDING, records FACT_CHANGED, and returns it. One
// that was cancelled before is returned as it is. A NotFound error means that the tenant has no
// such follow-up; Conflict, that it was sent, missed or given up. It is an operator's, so it is not
// fenced.
func (s *Store) CancelFollowUp(
	ctx context.Context, tenant flowhq.TenantID, id int64, actor string,
) (flowhq.FollowUp, error) {
	// now is what was cancelled, or else the row as it stands, which tells a repetition from a
	// refusal.
	const q = `
		with cancelled as (
			update flowhq.follow_ups set
				status = 'CANCELLED', reason = concat('by ', @by::text), updated_at = now()
			where tenant_id = @tenant and id = @id and status = 'PENDING'
			returning *
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, @actor, concat('follow-up ', id, ' CANCELLED') from cancelled
		), now as (
			select * from cancelled
			union all
			select * from flowhq.follow_ups
			where tenant_id = @tenant and id = @id and not exists (select from cancelled)
		)
		select ` + followUpColumns + `, contact_id, coalesce((
			select c.number from flowhq.contacts c
			where c.tenant_id = now.tenant_id and c.id = now.contact_id), '') as contact
		from now`
	f, err := one(ctx, s, q, named{
		"tenant": tenant, "id": id, "actor": clean(actor), "by": flowhq.ActorKind(clean(actor)),
		"event": flowhq.EventFactChanged,
	}, pgx.RowToStructByName[flowhq.FollowUp])
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		err = flowhq.Errorf(flowhq.NotFound, "there is no such follow-up")
	// The customer has, or will have, the message. A client must not believe otherwise.
	case err == nil && f.Status != flowhq.FollowUpCancelled:
		err = flowhq.Errorf(flowhq.Conflict,
			"it is %s, and only a PENDING follow-up can be cancelled", f.Status)
	}
	if err != nil {
		return flowhq.FollowUp{},
			fmt.Errorf("cancel follow-up %d of tenant %s: %w", id, tenant, err)
	}
	return f, nil
}
