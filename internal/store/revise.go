package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A Revision is what a customer made of a message later.
type Revision struct {
	At       time.Time
	Revoked  bool    // it is deleted
	Text     *string // what it says now; nil if that could not be read
	Wordless bool    // of Text, as of an Inbound
	Kind     flowhq.Kind
	// Answered says that the message is being answered as it was: Text is only
	// recorded then. Otherwise it replaces the text of a message that waits.
	Answered bool
}

// InboundID returns the ID of a message that the person with the addresses of m has
// sent under m.WAID, 0 if there is none, and whether another person has sent one under
// it. Nobody can name another person's message. Both searches begin with WhatsApp's id or the
// address, so none reads the log. It holds no lock: rows of messages keep their ids when
// contacts become one.
func (s *Store) InboundID(
	ctx context.Context, tenant flowhq.TenantID, m Inbound,
) (id int64, other bool, err error) {
	// The LID says who it is; the number only if the contact's LID is not known to be
	// another one.
	const q = `
		select coalesce((
			select l.id
			from flowhq.contacts c
			join flowhq.message_logs l on l.tenant_id = c.tenant_id and l.contact_id = c.id
			where c.tenant_id = @tenant
				and (c.lid = @lid and c.lid <> ''
					or c.number = @number and c.number <> ''
						and (c.lid = '' or @lid in ('', c.lid)))
				and l.wa_message_id = @wa_id and l.direction = 'IN'
			order by l.id
			limit 1), 0), exists (
			select from flowhq.message_logs
			where tenant_id = @tenant and wa_message_id = @wa_id and direction = 'IN')`
	type answer struct {
		ID    int64
		Known bool
	}
	a, err := one(ctx, s, q, named{
		"tenant": tenant, "lid": clean(m.LID), "number": clean(m.Number), "wa_id": clean(m.WAID),
	}, pgx.RowToStructByPos[answer])
	if err != nil {
		return 0, false, fmt.Errorf("inbound %s: %w", m.WAID, err)
	}
	return a.ID, a.Known && a.ID == 0, nil
}

// Revise records with the message of this ID what its sender made of it. One that waits
// for its answer, the bot's or a program's, says what it says now; if it was deleted, it becomes
// IGNORED, and no person is asked in the program's place. Any other
// keeps its text, which is what was answered. An older revision than the last that was
// recorded changes nothing, nor does one of a deleted message. A Fenced error means that
// a newer host owns the session.
func (s *Store) Revise(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, r Revision,
) error {
	// The times are compared, as two changes may be delivered in the wrong order.
	const edit = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), revised as (
			update flowhq.message_logs m set
				edited_at = @at,
				edited_text = @text,
				original_text = case
					when m.status in ('RECEIVED', 'FORWARDED') and @replaces
					then coalesce(m.original_text, m.text)
					else m.original_text end,
				text = case
					when m.status in ('RECEIVED', 'FORWARDED') and @replaces then @text
					else m.text end,
				wordless = case
					when m.status in ('RECEIVED', 'FORWARDED') and @replaces then @wordless
					else m.wordless end
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.revoked_at is null
				and (m.edited_at is null or m.edited_at <= @at)
		)
		select exists (select from fence)`
	const revoke = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), revised as (
			update flowhq.message_logs m set
				revoked_at = @at,
				status = case when m.status in ('RECEIVED', 'FORWARDED')
					then 'IGNORED' else m.status end,
				reason = case when m.status in ('RECEIVED', 'FORWARDED')
					then 'the customer deleted it before it was answered' else m.reason end
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.revoked_at is null
		)
		select exists (select from fence)`
	// The two are statements of their own, as a deletion changes the status and an edit never does.
	q, args := revoke, named{"id": id, "at": r.At}
	if !r.Revoked {
		q = edit
		// A change that could not be read replaces nothing: it is noted that there was one, and
		// when.
		args["text"], args["wordless"] = (*string)(nil), r.Wordless
		args["replaces"] = r.Text != nil && !r.Answered
		if r.Text != nil {
			args["text"] = clean(*r.Text)
		}
	}
	if err := fencedExec(ctx, s, q, tenant, epoch, args); err != nil {
		return fmt.Errorf("revise message %d: %w", id, err)
	}
	return nil
}
