package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Bounds on what belongs to one message.
const (
	// maxBurst is more than the lines of a burst; those before a message are looked through for
	// lines that were answered with it.
	maxBurst = 50
	// maxRelated bounds the replies to a message, of which there is one of a kind, and its facts.
	maxRelated = 20
)

// MessageHistory returns the message with this ID and what became of it. A NotFound error means
// that the tenant has no such message.
//
// Facts are looked for among those of the message's contact, which an index finds: they have none
// by the message.
func (s *Store) MessageHistory(
	ctx context.Context, tenant flowhq.TenantID, id int64,
) (h flowhq.MessageHistory, err error) {
	const byID = `
		select ` + messageColumns + ` from flowhq.message_logs
		where tenant_id = @tenant and id = @id`
	args := named{"tenant": tenant, "id": id}
	h.Message, err = one(ctx, s, byID, args, pgx.RowToStructByName[flowhq.Message])
	if err = noSuch("message", err); err == nil {
		err = s.readRelated(ctx, tenant, &h)
	}
	if err != nil {
		return flowhq.MessageHistory{}, fmt.Errorf("history of message %d: %w", id, err)
	}
	// The steps are computed and not stored: every one of them follows from the times in the rows.
	h.Attempts = h.Message.Attempts
	h.Steps = h.Message.Steps(h.Replies)
	return h, nil
}

// readRelated adds the replies, the lines of the burst and the facts of a message.
func (s *Store) readRelated(
	ctx context.Context, tenant flowhq.TenantID, h *flowhq.MessageHistory,
) (err error) {
	last := h.Message.ID // line of the burst, which the reply names
	if h.Message.AnsweredWith != nil {
		last = *h.Message.AnsweredWith
	}
	// message_logs_reply_key finds the replies, as it begins with the message that they answer.
	const replies = `
		select ` + messageColumns + ` from flowhq.message_logs
		where tenant_id = @tenant and in_reply_to = @last
		order by id
		limit @limit`
	args := named{"tenant": tenant, "last": last, "limit": maxRelated}
	h.Replies, err = many(ctx, s, replies, args, pgx.RowToStructByName[flowhq.Message])
	if err != nil {
		return err
	}
	// The lines of a burst come right before its last one in the chat, so a few rows are looked
	// through and not the log.
	const lines = `
		select id from (
			select id, answered_with from flowhq.message_logs
			where tenant_id = @tenant and contact_id = @contact and id <= @last
			order by id desc
			limit @limit
		) as before
		where (answered_with = @last or id = @last) and id <> @id
		order by id`
	args = named{
		"tenant": tenant, "contact": h.Message.ContactID, "last": last, "id": h.Message.ID,
		"limit": maxBurst,
	}
	if h.Lines, err = many(ctx, s, lines, args, pgx.RowTo[int64]); err != nil {
		return err
	}
	// Each table is searched by its index on the contact, as none has one on message_id.
	const facts = `
		select kind, number from (
			select 'BOOKING' as kind, number, message_id from flowhq.bookings
			where tenant_id = @tenant and contact_id = @contact
			union all
			select 'ORDER', number, message_id from flowhq.orders
			where tenant_id = @tenant and contact_id = @contact
			union all
			select 'TICKET', number, message_id from flowhq.tickets
			where tenant_id = @tenant and contact_id = @contact
			union all
			select 'HAND_OVER', id::text, message_id from flowhq.handovers
			where tenant_id = @tenant and contact_id = @contact
			union all
			select 'QUESTION', id::text, message_id from flowhq.unanswered
			where tenant_id = @tenant and contact_id = @contact
		) as facts
		where message_id = @id
		order by kind, number
		limit @limit`
	args = named{
		"tenant": tenant, "contact": h.Message.ContactID, "id": h.Message.ID, "limit": maxRelated,
	}
	h.Facts, err = many(ctx, s, facts, args, pgx.RowToStructByPos[flowhq.MessageFact])
	return err
}
