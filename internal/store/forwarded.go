package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A NewReply is what a program of others answers to a customer's message in place of the bot.
type NewReply struct {
	InReplyTo int64 // the message
	Text      string
	Attached  flowhq.Attached // what goes with the text
	Actor     string
}

// replyIDSQL is the id under which the reply to message q is sent, in the form of those of
// WhatsApp's web client. It follows from the message: after an older database was restored the same
// reply is sent under the same id, and a phone shows an id once.
const replyIDSQL = `
	concat('3EB0', upper(left(encode(sha256(convert_to(
		concat('answer ', q.tenant_id, ' ', q.wa_message_id), 'UTF8')), 'hex'), 18)))`

// askedSQL locks the message that Reply is about, before its statement. The statement then sees
// what a call has left that was under way at the same time, as a program's repeated request finds
// it.
const askedSQL = `
	select from flowhq.message_logs
	where tenant_id = @tenant and id = @message and direction = 'IN'
	for no key update`

// shunnedSQL is true of a contact c to whom no program says anything: an operator or the owner has
// it left alone, or it is muted, and two programs would answer each other for ever.
const shunnedSQL = `(c.left_alone <> '' or coalesce(c.muted_until > now(), false))`

// replySQL is the statement of Reply. A message may be answered before the host has put it aside:
// the program is told of it as soon as it is recorded. Whoever is first marks the message, and the
// other finds that it is dealt with. So the lines before it may be RECEIVED still, too: the host
// gathers them, or the session is down. They are answered like those that are FORWARDED.
//
// A message that a program wrote by itself has answered all that waited. What came just before it,
// and the program had not seen yet, may be answered all the same: it has no reply of its own.
const replySQL = `
	with q as (
		select * from flowhq.message_logs
		where tenant_id = @tenant and id = @message and direction = 'IN'
	), open as (
		select q.*, by.answered_by = 'WEBHOOK' as forwards from q
		join flowhq.tenant_configs by on by.tenant_id = q.tenant_id
		join flowhq.contacts c on c.tenant_id = q.tenant_id and c.id = q.contact_id
		where (q.status = 'FORWARDED' or by.answered_by = 'WEBHOOK' and (
				q.status = 'RECEIVED' or q.status = 'ANSWERED' and q.answered_with is null
					and not exists (
						select from flowhq.message_logs r
						where r.tenant_id = @tenant and r.in_reply_to = q.id and r.kind = 'REPLY')
					and not exists (
						select from flowhq.message_logs p
						where p.tenant_id = @tenant and p.contact_id = q.contact_id
							and p.id > q.id and p.kind in ('OPERATOR', 'OWNER'))))
			and q.revoked_at is null
			and (not ` + shunnedSQL + ` or c.left_alone = '' and q.retried_at is not null)
			and (@media_id = 0 or exists (
				select from flowhq.media where tenant_id = @tenant and id = @media_id))
			and coalesce(q.retried_at, q.sent_at, q.created_at) > now() - make_interval(
				mins => coalesce(by.answer_within_minutes, @answer_within::integer))
			and not exists (
				select from flowhq.handovers h
				where h.tenant_id = q.tenant_id and h.contact_id = q.contact_id
					and h.ended_at is null and (h.until is null or h.until > now()))
	), answered as (
		update flowhq.message_logs m set
			status = 'ANSWERED', reason = '',
			answered_with = case when m.id = open.id then m.answered_with else open.id end
		from open
		where m.tenant_id = @tenant and (m.id = open.id or m.contact_id = open.contact_id
			and m.id < open.id and (m.status = 'FORWARDED' or m.status = 'RECEIVED' and forwards))
		returning m.id
	), written as (
		insert into flowhq.message_logs (
			tenant_id, direction, contact_id, chat, contact, from_number, to_number,
			kind, text, media, latitude, longitude, attachment,
			wa_message_id, status, in_reply_to, timer_seconds, timer_set_at)
		select q.tenant_id, 'OUT', q.contact_id, q.chat, q.contact, q.to_number, q.from_number,
			'REPLY', @text, @media, @latitude::double precision, @longitude::double precision,
			@attachment::json, ` + replyIDSQL + `, 'PENDING', q.id, c.timer_seconds, c.timer_set_at
		from open q
		join flowhq.contacts c on c.tenant_id = q.tenant_id and c.id = q.contact_id
		returning *
	), event as (
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, @event, @actor, concat('message ', id) from written
	), reply as (
		select * from written
		union all
		select m.* from flowhq.message_logs m, q
		where m.tenant_id = @tenant and m.in_reply_to = q.id and m.kind = 'REPLY'
			and not exists (select from written)
	), nudge as (
		select flowhq.notify('work', tenant_id) from written
	)
	select q.status as question_status, exists (select from nudge) as nudged, r.reply
	from q
	left join lateral (
		select row_to_json(reply) as reply from (
			select ` + messageColumns + ` from reply
		) as reply
	) as r on true`

// Reply records what a program of others answers to a message, which the tenant's host sends like a
// reply of the bot, and notifies every listener ("work"). It records MESSAGE_WRITTEN. The messages
// of the chat before it that wait for such an answer are answered by it too.
//
// A message is answered once. A repeated call with the same text returns the reply of the first;
// with another text it fails with code Conflict, and so it does if the message is not for programs
// of others to answer, is too old, its contact is left alone or muted, or a person answers the chat.
// NotFound means that the tenant has no such message of a customer.
func (s *Store) Reply(
	ctx context.Context, tenant flowhq.TenantID, n NewReply,
) (flowhq.Message, error) {
	type row struct {
		Status flowhq.MessageStatus
		Nudged bool
		Reply  *flowhq.Message
	}
	// The text is cleaned once and compared in this form below: the row has the cleaned text, and a
	// repeated call would otherwise differ from it.
	text := clean(n.Text)
	args := named{
		// The limit of the installation is given too, for tenants that have chosen none.
		"tenant": tenant, "message": n.InReplyTo, "text": text, "actor": clean(n.Actor),
		"event": flowhq.EventMessageWritten, "answer_within": s.answerWithin(),
	}
	attach(args, n.Attached)
	args["media_id"] = mediaID(n.Attached)
	// The media come before the message, as in all statements that lock both.
	r, err := oneHeld(ctx, s, tenant, replySQL, args, pgx.RowToStructByPos[row],
		useMedia(tenant, mediaID(n.Attached)),
		held{askedSQL, named{"tenant": tenant, "message": n.InReplyTo}})
	switch {
	// No row is either a message that is not there or a tenant that is not there. A client looks
	// for its mistake in another place for each.
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		err = s.nobody(ctx, tenant)
		if flowhq.ErrorCode(err) == flowhq.NotFound {
			err = flowhq.Errorf(flowhq.NotFound, "there is no such message of a customer")
		}
	case err != nil:
	// The message is there, but open had no row, and no earlier reply was found either.
	case r.Reply == nil:
		err = flowhq.Errorf(flowhq.Conflict, "the message is %s and cannot be answered: the bot "+
			"or a person answers this chat, the contact is left alone or muted, or the message is "+
			"older than answer_within_minutes", r.Status)
	// A program that repeats its request after a lost answer sends the same text and is told of
	// success. Another text would be a second answer to one message.
	case r.Reply.Text != text || !n.Attached.IsIn(*r.Reply):
		err = flowhq.Errorf(flowhq.Conflict,
			"the message was answered by message %d already", r.Reply.ID)
	}
	if err != nil {
		return flowhq.Message{}, fmt.Errorf("reply to message %d: %w", n.InReplyTo, err)
	}
	return *r.Reply, nil
}

// answerWithin is how old a message may be that is answered, in minutes, where a tenant has chosen
// nothing.
func (s *Store) answerWithin() int {
	if s.Defaults.AnswerWithinMinutes == 0 {
		return flowhq.DefaultAnswerWithin
	}
	return s.Defaults.AnswerWithinMinutes
}

// giveUpSQL is the statement of GiveUpForwarded for one tenant: the messages by their ids, and then
// the hand-overs, which is the order of lockorder.go.
const giveUpSQL = `
	with late as (
		select m.*, exists (
			select from flowhq.contacts c
			where c.tenant_id = m.tenant_id and c.id = m.contact_id and not ` + shunnedSQL + `
		) as expects
		from flowhq.message_logs m
		where m.tenant_id = @tenant and m.status = 'FORWARDED'
			and m.forwarded_at < now() - make_interval(secs => @longer)
		order by m.id
		limit @limit
		for no key update of m
	), given as (
		update flowhq.message_logs m set
			status = 'IGNORED', reason = case when late.expects
				then 'no answer came in time: a person is asked'
				else 'no answer came in time, and the contact is left alone or muted' end
		from late
		where m.tenant_id = late.tenant_id and m.id = late.id
		returning m.tenant_id, m.contact_id, m.id, late.expects
	), handed as (
		insert into flowhq.handovers as h (tenant_id, contact_id, reason, message_id, until)
		select distinct on (contact_id) tenant_id, contact_id, 'UNANSWERED', id,
			now() + make_interval(secs => @over_for)
		from given
		where expects
		order by contact_id, id
		on conflict (tenant_id, contact_id) where ended_at is null do update set
			message_id = excluded.message_id, reason = excluded.reason, note = '',
			at = now(), owner_at = null, until = excluded.until
		where h.until <= now()
		returning tenant_id, message_id, reason
	), event as (
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, @event, 'worker', concat('message ', message_id, ': ', reason)
		from handed
	)
	select count(*) from given`

// GiveUpForwarded hands those chats over to a person in which a message waits for a program of
// others for longer than that, and returns how many messages it was. Those are IGNORED from then
// on: an answer that comes later finds that a person answers. It is across tenants on purpose, and
// reads message_logs_forwarded_idx, in which there is only what waits.
//
// A chat is handed over for as long as the profile says, and so goes to the program again by itself:
// after an outage of ours all active chats are handed over, and nobody may give them all back. A
// contact that is left alone or muted has nobody asked.
func (s *Store) GiveUpForwarded(
	ctx context.Context, longer time.Duration, limit int,
) (given int64, err error) {
	const tenants = `
		select distinct tenant_id::text from (
			select tenant_id from flowhq.message_logs
			where status = 'FORWARDED' and forwarded_at < now() - make_interval(secs => @longer)
			order by forwarded_at
			limit @limit
		) as late`
	// Each tenant is a transaction of its own: one that is locked for long keeps no other waiting.
	late, err := many(ctx, s, tenants, named{"longer": longer.Seconds(), "limit": limit},
		pgx.RowTo[flowhq.TenantID])
	var failed []error
	// One tenant that fails does not end the loop: the customers of the others wait for a person
	// too. The errors are returned together in the end.
	for _, tenant := range late {
		// The condition is checked once more in the statement: an answer may have come since the
		// tenants were listed.
		var n int64
		profile, err := s.Profile(ctx, tenant)
		if err == nil {
			n, err = oneHeld(ctx, s, tenant, giveUpSQL, named{
				"tenant": tenant, "longer": longer.Seconds(), "limit": limit,
				"over_for": profile.HandOver().Seconds(), "event": flowhq.EventHandedOver,
			}, pgx.RowTo[int64])
		}
		// A tenant that was deleted meanwhile has no customers who wait.
		if err != nil && flowhq.ErrorCode(err) != flowhq.NotFound {
			failed = append(failed, fmt.Errorf("tenant %s: %w", tenant, err))
		}
		given += n
	}
	if err = errors.Join(err, errors.Join(failed...)); err != nil {
		return given, fmt.Errorf("what nobody has answered: %w", err)
	}
	return given, nil
}
