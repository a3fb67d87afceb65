package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A NewMessage is what an operator writes to a customer as the business.
type NewMessage struct {
	To      string // number of the customer, E.164; "" if Contact says who it is
	Contact int64  // the customer, 0 if To says who it is
	Text    string
	// Attached is what goes with the text.
	Attached flowhq.Attached
	// Key is of the request: a repeated one writes nothing.
	Key   string
	Actor string
	// Bot says that a program of others writes in place of the bot: the chat is not handed over,
	// and the message is a reply, though to nothing in particular.
	Bot bool
	// HandOverFor is how long the bot stays out of the chat; 0 is until it is given back.
	HandOverFor time.Duration
}

// kind is what the message is in the log.
func (m NewMessage) kind() flowhq.Kind {
	if m.Bot {
		return flowhq.KindReply
	}
	return flowhq.KindOperator
}

// operatorID is the id under which a message is sent that was written with this key. It has the
// form of those of WhatsApp's web client, see whatsapp.ReplyID. It follows from the key, so a
// repeated request meets message_logs_outbound_key and writes nothing.
func operatorID(tenant flowhq.TenantID, key string) string {
	const bytes = 9
	sum := sha256.Sum256([]byte("operator " + string(tenant) + " " + key))
	return "3EB0" + strings.ToUpper(hex.EncodeToString(sum[:bytes]))
}

// writeContactSQL makes the contact of a number, unless there is one. No row is a tenant that is
// not there, or a contact that is.
const writeContactSQL = `
	insert into flowhq.contacts (tenant_id, number)
	select id, @to from flowhq.tenants where id = @tenant
	on conflict (tenant_id, number) where number <> '' do nothing`

// writeSQL is the statement of Write. The contact is there by then, and by holdSQL it cannot become
// part of another one meanwhile: to lock the contact alone would not do, as a merge has moved the
// messages and hand-overs before it deletes the contact. The contact is locked for its number and
// timer. What waits for a program of others is answered by the message, and so is what the host is
// yet to put aside for the program. Message, hand-over and event are written together: a message
// without its hand-over would have the bot talk over the operator.
const writeSQL = `
	with who as (
		select c.* from flowhq.contacts c
		where c.tenant_id = @tenant and (c.id = @contact or @to <> '' and c.number = @to)
		for no key update
	), written as (
		insert into flowhq.message_logs (
			tenant_id, direction, contact_id, chat, contact, from_number, to_number,
			kind, text, media, latitude, longitude, attachment,
			wa_message_id, status, timer_seconds, timer_set_at)
		select t.id, 'OUT', c.id,
			coalesce(nullif(c.lid, ''), substr(c.number, 2) || '@s.whatsapp.net'),
			c.number, coalesce(nullif(s.number, ''), t.phone_number), c.number,
			@kind, @text, @media, @latitude::double precision, @longitude::double precision, @attachment::json,
			@wa_id, 'PENDING', c.timer_seconds, c.timer_set_at
		from who c
		join flowhq.tenants t on t.id = c.tenant_id
		join flowhq.whatsapp_sessions s on s.tenant_id = t.id
		where @kind <> 'REPLY' or not ` + shunnedSQL + `
		on conflict (tenant_id, wa_message_id) where direction = 'OUT' do nothing
		returning *
	), answered as (
		update flowhq.message_logs m set status = 'ANSWERED', reason = ''
		from written w
		where m.tenant_id = w.tenant_id and m.contact_id = w.contact_id
			and (m.status = 'FORWARDED' or m.status = 'RECEIVED' and @kind = 'REPLY' and exists (
				select from flowhq.tenant_configs
				where tenant_id = @tenant and answered_by = 'WEBHOOK'))
	), handed as (
		insert into flowhq.handovers as h (
			tenant_id, contact_id, reason, owner_at, until, message_id)
		select tenant_id, contact_id, 'OPERATOR', now(),
			now() + make_interval(secs => nullif(@over_for, 0)), id
		from written
		where @kind = 'OPERATOR'
		on conflict (tenant_id, contact_id) where ended_at is null do update set
			owner_at = now(), until = ` + longerSQL + `
		returning h.message_id
	), event as (
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, @written_event, @actor, concat('message ', id) from written
		union all
		select w.tenant_id, @over_event, @actor, concat('message ', w.id, ': OPERATOR')
		from written w join handed h on h.message_id = w.id
	), all_rows as (
		select * from written
		union all
		select * from flowhq.message_logs
		where tenant_id = @tenant and wa_message_id = @wa_id and direction = 'OUT'
	)
	select ` + messageColumns + ` from all_rows, flowhq.notify('work', @tenant)`

// Write records a message to a customer, which the tenant's host sends like a reply, hands the
// chat over and notifies every listener ("work"). It records MESSAGE_WRITTEN. A repeated request
// returns the message of the first. A Conflict error means that the key was used for another
// message, or that a program writes to a contact that is left alone or muted; NotFound, that there
// is no such tenant or contact.
//
// The number may be nobody's who has written before. Then it becomes a contact, and who replies
// later under a LID is found to be the same person by the number.
func (s *Store) Write(
	ctx context.Context, tenant flowhq.TenantID, m NewMessage,
) (flowhq.Message, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	args := named{
		"tenant": tenant, "to": clean(m.To), "contact": m.Contact, "text": clean(m.Text),
		"wa_id": operatorID(tenant, m.Key), "actor": clean(m.Actor),
		"over_for": m.HandOverFor.Seconds(), "kind": m.kind(),
		"written_event": flowhq.EventMessageWritten, "over_event": flowhq.EventHandedOver,
	}
	attach(args, m.Attached)
	var written flowhq.Message
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) (err error) {
		// Each is a statement of its own: the next one must see what it has waited for, or made.
		if _, err := tx.Exec(ctx, holdSQL, named{"tenant": tenant}); err != nil {
			return err
		}
		if id := mediaID(m.Attached); id != 0 {
			use := useMedia(tenant, id)
			if tag, err := tx.Exec(ctx, use.sql, use.args); err != nil {
				return err
			} else if tag.RowsAffected() == 0 {
				return mediaGone(id)
			}
		}
		if m.To != "" {
			contact := named{"tenant": tenant, "to": args["to"]}
			if _, err := tx.Exec(ctx, writeContactSQL, contact); err != nil {
				return err
			}
		}
		rows, _ := tx.Query(ctx, writeSQL, args) // Collect reports its error
		written, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[flowhq.Message])
		return err
	})
	// The key finds the message of an earlier request, whatever that was, so the two are
	// compared.
	switch {
	case err == nil && (written.Text != args["text"] || written.Kind != m.kind() ||
		!m.Attached.IsIn(written) ||
		m.To != "" && written.ToNumber != args["to"] ||
		m.Contact != 0 && written.ContactID != m.Contact):
		err = flowhq.Errorf(flowhq.Conflict, "this key was used for another message, %d; "+
			"a new request needs a new key", written.ID)
	case flowhq.ErrorCode(classify(err)) == flowhq.NotFound:
		err = s.noContact(ctx, tenant, m)
	}
	if err != nil {
		return flowhq.Message{}, fmt.Errorf("write as tenant %s: %w", tenant, classify(err))
	}
	return written, nil
}

// attach adds the arguments of a message for what goes with its text.
func attach(args named, a flowhq.Attached) {
	args["media"], args["attachment"] = a.Media, a.Attachment
	args["latitude"], args["longitude"] = a.Latitude, a.Longitude
}

// noContact is the error about a message that was not written: there is no such tenant or contact,
// or the contact is one to whom no program says anything.
func (s *Store) noContact(ctx context.Context, tenant flowhq.TenantID, m NewMessage) error {
	const q = `
		select exists (
			select from flowhq.contacts c
			where c.tenant_id = @tenant and (c.id = @contact or @to <> '' and c.number = @to)
				and ` + shunnedSQL + `)`
	if m.Bot {
		shunned, err := one(ctx, s, q, named{
			"tenant": tenant, "contact": m.Contact, "to": clean(m.To),
		}, pgx.RowTo[bool])
		if err != nil {
			return err
		}
		if shunned {
			return flowhq.Errorf(flowhq.Conflict,
				"the contact is left alone or muted; a person may write to it, and no program")
		}
	}
	return s.nobody(ctx, tenant)
}
