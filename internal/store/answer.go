package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An Outcome is what became of a customer's message.
type Outcome struct {
	// Status is what becomes of the customer's message: ANSWERED, SUPPRESSED, OVERFLOWED,
	// EXPIRED or IGNORED.
	Status flowhq.MessageStatus
	Reason string    // of Status
	Reply  *Outbound // nil = none
	State  []byte    // JSON, of the conversation; nil leaves it

	// Earlier are the lines that came before the message in its burst. The same becomes of them.
	Earlier []int64
	// Understood is how the message was read, as JSON; nil = it was not.
	Understood []byte
	// Facts are what the conversation leaves, in the order in which they are written.
	Facts []flowhq.FactChange
	// Capacity is how many bookings the tenant takes at the same time; 0 counts as 1.
	Capacity int
	// HandOverFor is how long a hand-over among the Facts lasts; 0 is until it is given back.
	HandOverFor time.Duration
	// OwnerNotice tells the owner of a hand-over among the Facts; nil = nobody is told.
	OwnerNotice *OwnerNotice
}

// An Outbound is a message to send.
type Outbound struct {
	WAID   string // the id it will be sent under, however often
	Kind   flowhq.Kind
	Text   string
	Reason string // of a warning: which limit it is about
	// Timer is the chat's, by the time the message was written. Answer fills it in.
	Timer flowhq.DisappearingTimer
}

// answerSQL is the statement of Answer in two halves; those of the facts come in between.
//
// over is the open hand-over of the writer: the bot says nothing to a customer whom a person
// answers, and a hand-over may have begun since the reply was composed.
const (
	answerSQL = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), over as (
			select from flowhq.message_logs m
			join flowhq.handovers h on h.tenant_id = m.tenant_id and h.contact_id = m.contact_id
			where m.tenant_id = @tenant and m.id = @id and @acts
				and h.ended_at is null and (h.until is null or h.until > now())
		), inbound as (
			update flowhq.message_logs m set
				status = @status, reason = @reason, understood = @understood::json,
				forwarded_at = case when @status = 'FORWARDED' then now() end
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.status = 'RECEIVED'
				and not exists (select from over)
			returning m.*
		), earlier as (
			update flowhq.message_logs m set
				status = @status, reason = @reason, answered_with = inbound.id,
				forwarded_at = inbound.forwarded_at
			from inbound
			where m.tenant_id = @tenant and m.id = any(@earlier::bigint[])
				and m.status = 'RECEIVED'
		), reply as (
			insert into flowhq.message_logs (
				tenant_id, direction, contact_id, chat, contact, from_number, to_number,
				kind, text, wa_message_id, status, reason, in_reply_to,
				timer_seconds, timer_set_at, attempts)
			select m.tenant_id, 'OUT', m.contact_id, m.chat, m.contact, m.to_number, m.from_number,
				@kind, @text, @wa_id, 'PENDING', @reply_reason, m.id,
				coalesce(c.timer_seconds, 0), c.timer_set_at, 1
			from inbound m
			left join flowhq.contacts c on c.tenant_id = m.tenant_id and c.id = m.contact_id
			where @has_reply
			returning id, timer_seconds, timer_set_at
		), conversation as (
			insert into flowhq.conversations as c (tenant_id, contact_id, state)
			select tenant_id, contact_id, @state::json from inbound where @state is not null
			on conflict (tenant_id, contact_id) do update set
				state = excluded.state, updated_at = now()
		)`
	answerEndSQL = `
		select exists (select from fence), exists (select from inbound),
			exists (select from over),
			coalesce(written.id, 0), coalesce(written.timer_seconds, 0), written.timer_set_at
		from (values (1)) as one
		left join (
			select id, timer_seconds, timer_set_at from reply
			union all
			select id, timer_seconds, timer_set_at from flowhq.message_logs
			where tenant_id = @tenant and wa_message_id = @wa_id and direction = 'OUT'
				and in_reply_to = @id and @has_reply
		) as written on true`
)

// Answer records in one statement that the message with this ID is dealt with,
// the reply that is to be sent, where the conversation stands now, and the facts that it leaves.
// The ID of the reply is 0 if there is none. A worker that dies leaves all of it or nothing, and
// the id that the reply is sent under is known before the first attempt to send it.
//
// done is false, and nothing is written, if the message was dealt with before. If
// that was by this very call, repeated because its answer was lost, replyID is
// the reply that it left. A Fenced error means that a newer host owns the session; Conflict, that
// what was decided does not hold any more: a booking has no room, a person answers the chat now,
// or o.Reply.WAID has been used before. Again nothing is written. The caller reads the
// conversation anew and decides once more.
//
// The changes are one statement because each without the others is a fault: a message
// that is ANSWERED without its reply is never answered, a message that stays RECEIVED beside
// its reply is handled again, a conversation that has not moved asks its last question again,
// and a booking without its reply is one that nobody was told of.
//
// The update of the message is what decides: two calls at once meet at its row, and the second
// finds it no longer RECEIVED. message_logs_reply_key would stop a second reply even if a
// program went wrong, and message_logs_outbound_key finds the reply of an earlier call.
//
// The second part of written sees the rows as they were before this statement. It finds the
// reply of an earlier call only, and never the one that the first part has just inserted, so
// there is one row at most.
//
// The reply's row counts the first attempt to send it, which the caller begins at once.
//
// The timer is read here and not when the question came: it may have been set in between.
func (s *Store) Answer(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, o Outcome,
) (replyID int64, done bool, err error) {
	type answer struct {
		Current, Done, Over bool  // the host is the latest; it was RECEIVED; a person answers
		ReplyID             int64 // 0: none
		TimerSeconds        int
		TimerSetAt          *time.Time
	}
	// The arguments must be there even where they are not used: the statement names them.
	reply := Outbound{}
	if o.Reply != nil {
		reply = *o.Reply
	}
	// Only an outcome that answers or leaves facts gives way to a person who answers by now. A
	// message that is to be IGNORED is so in either case.
	args := named{
		"tenant": tenant, "epoch": epoch, "id": id, "earlier": o.Earlier,
		"status": o.Status, "reason": clean(o.Reason),
		"acts":  o.Status == flowhq.Answered || o.Status == flowhq.Forwarded || len(o.Facts) > 0,
		"state": o.State, "understood": o.Understood,
		"has_reply": o.Reply != nil, "wa_id": reply.WAID, "kind": reply.Kind,
		"text": clean(reply.Text), "reply_reason": clean(reply.Reason),
	}
	facts, err := o.factSQL(args)
	if err != nil {
		return 0, false, fmt.Errorf("answer message %d: %w", id, err)
	}
	// Each combination of facts is a statement of its own. There are few in practice, and each is
	// prepared once for a connection.
	q := answerSQL + facts + answerEndSQL
	a, err := one(ctx, s, q, args, pgx.RowToStructByPos[answer])
	switch {
	case err != nil:
	// A newer host has all of this in its own queue, so this one stops.
	case !a.Current:
		err = fenced(tenant, epoch)
	// A repeated call finds its own reply, also if a person has come to the chat since.
	case a.Over && !a.Done && a.ReplyID == 0:
		err = flowhq.Errorf(flowhq.Conflict, "a person answers this chat now")
	}
	if err != nil {
		return 0, false, fmt.Errorf("answer message %d: %w", id, err)
	}
	if o.Reply != nil {
		// The caller sends at once, with the timer that the row has.
		written := flowhq.Message{TimerSeconds: a.TimerSeconds, TimerSetAt: a.TimerSetAt}
		o.Reply.Timer = written.Timer()
	}
	return a.ReplyID, a.Done, nil
}
