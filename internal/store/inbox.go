package store

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An Inbound is a customer's message as WhatsApp delivered it.
type Inbound struct {
	Chat          string // JID
	Sender        string // JID
	Contact       string // E.164, "" if unknown
	WAID          string // unique for the chat and sender
	Kind          flowhq.Kind
	Text          string // what PostgreSQL or flowhq.MaxTextBytes has no room for is left out
	SentAt        time.Time
	Undecryptable bool // it could not be read; Text is empty
}

// Receive records m and reports whether it is new. WhatsApp delivers a message
// again until it is acknowledged, so false is routine: the caller has answered m
// before, or is answering it now, and must not do so again. The readable copy of
// a message that was undecryptable is new under the ID of the first.
//
// Receive is the dedupe step of the pipeline and its point of durability. Only
// after it returns nil may the message be acknowledged. The ID is 0 unless m is
// new. A Fenced error means that a newer host owns the session.
func (s *Store) Receive(ctx context.Context, tenant flowhq.TenantID, epoch int64, m Inbound) (id int64, isNew bool, err error) {
	const q = fence + `, received as (
			insert into flowhq.message_logs as m (
				tenant_id, direction, chat, sender, contact, from_number, to_number,
				kind, text, wa_message_id, status, sent_at)
			select t.id, 'IN', @chat, @sender, @contact, @contact, coalesce(nullif(s.number, ''), t.phone_number),
				@kind, @text, @wa_id, @status, @sent_at
			from fence
			cross join flowhq.tenants t
			join flowhq.whatsapp_sessions s on s.tenant_id = t.id
			where t.id = @tenant
			on conflict (tenant_id, chat, sender, wa_message_id) where direction = 'IN'
			do update set
				contact = excluded.contact, from_number = excluded.from_number, kind = excluded.kind,
				text = excluded.text, status = excluded.status, sent_at = excluded.sent_at
			where m.status = 'UNDECRYPTABLE' and excluded.status = 'RECEIVED'
			returning id
		)
		select exists (select from fence), coalesce((select id from received), 0)`
	type answer struct {
		Current bool
		ID      int64
	}
	status := flowhq.Received
	if m.Undecryptable {
		status = flowhq.Undecryptable
	}
	a, err := one(ctx, s, q, pgx.StrictNamedArgs{
		"tenant": tenant, "epoch": epoch, "chat": clean(m.Chat), "sender": clean(m.Sender),
		"contact": clean(m.Contact), "wa_id": clean(m.WAID), "kind": m.Kind, "text": clean(m.Text),
		"status": status, "sent_at": orNull(m.SentAt),
	}, pgx.RowToStructByPos[answer])
	if err == nil && !a.Current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		return 0, false, fmt.Errorf("receive %s: %w", m.WAID, err)
	}
	return a.ID, a.ID != 0, nil
}

// clean returns s as PostgreSQL can store it: valid UTF-8 without NUL, and no
// longer than a message may be. A message that is refused would be delivered for
// ever, so none may be refused for its bytes.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\x00", "")
	if len(s) <= flowhq.MaxTextBytes {
		return s
	}
	end := flowhq.MaxTextBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Unanswered returns at most limit customers' messages that wait for an answer
// and came after the one with ID afterID, oldest first.
func (s *Store) Unanswered(ctx context.Context, tenant flowhq.TenantID, afterID int64, limit int) ([]flowhq.Message, error) {
	const q = `
		select ` + messageColumns + `
		from flowhq.message_logs
		where tenant_id = @tenant and status = 'RECEIVED' and id > @after
		order by id
		limit @limit`
	ms, err := many(ctx, s, q, pgx.StrictNamedArgs{"tenant": tenant, "after": afterID, "limit": clampLimit(limit)},
		pgx.RowToStructByName[flowhq.Message])
	if err != nil {
		return nil, fmt.Errorf("unanswered messages of tenant %s: %w", tenant, err)
	}
	return ms, nil
}
