package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An Inbound is a customer's message as WhatsApp delivered it, with all that is known
// of its writer's addresses. One of LID and Number must be there.
type Inbound struct {
	LID       string // JID of the writer, "" if unknown
	Number    string // E.164, of the writer, "" if unknown
	Name      string // that the writer has chosen, "" if unknown
	WAID      string // unique for the writer
	Kind      flowhq.Kind
	Text      string       // cut as by flowhq.CleanText
	Wordless  bool         // nothing written or chosen by a person
	Media     flowhq.Media // what a voice note, picture, … is; "" of all others
	Latitude  *float64     // of a place; nil = it is none
	Longitude *float64
	Silent    bool // there is nothing to answer: it is recorded as IGNORED
	// Album is the WAID of the message that announced the album it is part of.
	Album         string
	Timer         *flowhq.DisappearingTimer // of the chat, if the message tells
	SentAt        time.Time
	Undecryptable bool // it could not be read; Text is empty
	// Attempted counts the first attempt to handle the message with its row. It is for a host
	// that handles the message as soon as it is recorded, and spares that host CountAttempt.
	Attempted bool
}

// Received is what became of an Inbound.
type Received struct {
	ID      int64 // of the message; 0 unless New
	New     bool
	Contact int64   // who wrote it
	Merged  []int64 // contacts that turned out to be Contact and do not exist any more
	Chat    string  // JID to answer to: the contact's LID where it is known
	Number  string  // the contact's, E.164, "" if unknown
	// What it says, if it is New: something else than the Inbound if the customer has
	// changed it before it could be read.
	Text     string
	Wordless bool
	// Conversation is that of Contact when the message was recorded, so that a caller who
	// answers at once need not ask for it.
	Conversation Conversation
}

// Receive records m and reports whether it is new. WhatsApp delivers a message
// again until it is acknowledged, so false is routine: the caller has answered m
// before, or is answering it now, and must not do so again. The readable copy of
// a message that was undecryptable is new under the ID of the first.
//
// A message is recognised by its writer and WhatsApp's id, whichever of the writer's
// addresses it came with, and whatever has been learnt of these in between; see
// identify.
//
// Receive is the dedupe step of the pipeline and its point of durability. Only
// after it returns nil may the message be acknowledged. A Fenced error means that a
// newer host owns the session.
//
// After any error the caller ends the connection without acknowledging the message, and
// WhatsApp delivers it again at the next login. If the call was committed all the same, the
// message is not new then: the next host has found its row with Unanswered.
//
// Nearly every message is from a contact of whom it teaches nothing, and costs one statement.
// Only somebody new, or a new address, costs the transaction of recognise, which keeps all
// other writes of the host waiting.
func (s *Store) Receive(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, m Inbound,
) (Received, error) {
	m.LID, m.Number, m.Name = clean(m.LID), clean(m.Number), clean(m.Name)
	m.WAID, m.Text, m.Album = clean(m.WAID), clean(m.Text), clean(m.Album)
	first, cancel := bounded(ctx)
	defer cancel()
	r, err := insertInbound(first, s.pool, tenant, epoch, m, false)
	if err == nil && r.Contact == 0 { // somebody new, or something to learn
		// The first statement has written nothing, so nothing is lost if this fails.
		insert := func(ctx context.Context, tx pgx.Tx, who identity) (err error) {
			m.LID, m.Number = who.LID, who.Number
			r, err = insertInbound(ctx, tx, tenant, epoch, m, true)
			r.Merged = who.merged
			return err
		}
		err = s.recognise(ctx, tenant, epoch, m, insert)
	}
	if err != nil {
		return Received{}, fmt.Errorf("receive %s: %w", m.WAID, classify(err))
	}
	return r, nil
}

// A querier is a pool or a transaction: insertInbound runs in either.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// insertInboundSQL is the statement of insertInbound. Its parts, in order: the fence; the
// contact who wrote, if the message teaches nothing of it, with what every message tells of
// its writer; the message itself. An undecryptable message that is there already is replaced
// by its readable copy, but for what its writer has made of it in between.
//
// The contact is found by contacts_lid_key, or else by contacts_number_key. Its row is locked
// until the commit, so two messages of one writer are recorded one after the other, and nobody
// deletes or merges the contact in between: message_logs has no foreign key to contacts.
//
// The message is recognised by message_logs_inbound_key, which begins with WhatsApp's id. That
// also serves the search for a copy under another contact. Unless known is set, such a copy
// keeps the statement from writing anything, as it may be all that tells who this is.
//
// timer_set_at is compared and not simply replaced: a message that waited at WhatsApp may come
// after a newer setting.
//
// The conversation is read in the same snapshot and before the message is answered, so the
// caller may answer with it.
const insertInboundSQL = `
	with fence as (
		select from flowhq.fence(@tenant, @epoch)
	), who as (
		update flowhq.contacts c set
			last_seen_at = now(),
			name = coalesce(nullif(@name, ''), name),
			timer_seconds = case
				when @timer_set_at >= coalesce(timer_set_at, '-infinity') then @timer_seconds
				else timer_seconds end,
			timer_set_at = greatest(timer_set_at, @timer_set_at)
		from fence
		where c.tenant_id = @tenant
			and c.id = coalesce((
				select id from flowhq.contacts
				where tenant_id = @tenant and lid = @lid and lid <> ''
			), (
				select id from flowhq.contacts
				where tenant_id = @tenant and number = @number and number <> ''
			))
			and @lid in ('', c.lid) and @number in ('', c.number)
			and (@known or not exists (
				select from flowhq.message_logs
				where tenant_id = @tenant and wa_message_id = @wa_id and direction = 'IN'
					and contact_id <> c.id))
		returning c.id, c.lid, c.number, c.muted_until, c.left_alone
	), received as (
		insert into flowhq.message_logs as m (
			tenant_id, direction, contact_id, chat, contact, from_number, to_number,
			kind, text, wordless, media, latitude, longitude, album, wa_message_id,
			status, sent_at, attempts)
		select t.id, 'IN', w.id,
			coalesce(nullif(w.lid, ''), substr(w.number, 2) || '@s.whatsapp.net'),
			w.number, w.number, coalesce(nullif(s.number, ''), t.phone_number),
			@kind, @text, @wordless, @media, @latitude, @longitude, @album, @wa_id,
			@status, @sent_at, @attempted::bool::int
		from who w
		cross join flowhq.tenants t
		join flowhq.whatsapp_sessions s on s.tenant_id = t.id
		where t.id = @tenant
		on conflict (tenant_id, wa_message_id, contact_id) where direction = 'IN'
		do update set
			contact = excluded.contact,
			from_number = excluded.from_number,
			kind = excluded.kind,
			text = coalesce(m.edited_text, excluded.text),
			original_text = case when m.edited_text is not null then excluded.text end,
			media = excluded.media,
			latitude = excluded.latitude,
			longitude = excluded.longitude,
			album = excluded.album,
			wordless = case
				when m.edited_text is null then excluded.wordless
				else m.edited_text = '' end,
			status = excluded.status,
			sent_at = excluded.sent_at,
			attempts = excluded.attempts
		where m.status = 'UNDECRYPTABLE' and m.revoked_at is null
			and excluded.status in ('RECEIVED', 'IGNORED')
		returning id, text, wordless
	)
	select exists (select from fence),
		coalesce(r.id, 0), coalesce(who.id, 0), coalesce(who.lid, ''), coalesce(who.number, ''),
		coalesce(r.text, ''), coalesce(r.wordless, false), ` + standingSQL + `
	from (select) as one
	left join who on true
	left join received r on true
	` + standingJoins

// insertInbound records m as its writer's if that is a contact of which m teaches
// nothing, as nearly all messages do: one statement, and so one wait for the disk. Otherwise
// it does nothing, and Contact is 0. Nor does it if another contact has the same message,
// unless it is known that these are two people.
func insertInbound(
	ctx context.Context, db querier, tenant flowhq.TenantID, epoch int64, m Inbound, known bool,
) (Received, error) {
	type answer struct {
		Current           bool  // the host is the latest
		ID, Contact       int64 // 0: nothing was written, or there is no such contact
		LID, Number, Text string
		Wordless          bool
		standing
	}
	status := flowhq.Received
	// An undecryptable message is no work for a host. Its readable copy is, if that comes.
	switch {
	case m.Undecryptable:
		status = flowhq.Undecryptable
	case m.Silent:
		status = flowhq.Ignored
	}
	seconds, setAt := timerArgs(m.Timer)
	rows, _ := db.Query(ctx, insertInboundSQL, named{
		"tenant": tenant, "epoch": epoch,
		"lid": m.LID, "number": m.Number, "name": m.Name, "known": known,
		"wa_id": m.WAID, "kind": m.Kind, "text": m.Text, "wordless": m.Wordless, "album": m.Album,
		"media": m.Media, "latitude": m.Latitude, "longitude": m.Longitude,
		"status": status, "sent_at": orNull(m.SentAt), "attempted": m.Attempted,
		"timer_seconds": seconds, "timer_set_at": setAt,
	}) // Collect reports its error
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[answer])
	if err == nil && !a.Current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		return Received{}, err
	}
	conversation, err := a.conversation()
	return Received{
		ID: a.ID, New: a.ID != 0, Contact: a.Contact,
		Chat: contact{LID: a.LID, Number: a.Number}.chat(), Number: a.Number,
		Text: a.Text, Wordless: a.Wordless,
		Conversation: conversation,
	}, err
}

// clean returns s as it is stored: no message may be refused for its bytes. PostgreSQL refuses
// a zero byte and what is no UTF-8, and WhatsApp would deliver such a message for ever.
func clean(s string) string { return flowhq.CleanText(s) }

// Unanswered returns at most limit customers' messages that wait for an answer
// and came after the one with ID afterID, oldest first. A new host fills its queues with them,
// page by page, and again when it is notified of NewWork. message_logs_unanswered_idx holds no
// other rows, so the cost does not grow with the log.
func (s *Store) Unanswered(
	ctx context.Context, tenant flowhq.TenantID, afterID int64, limit int,
) ([]flowhq.Message, error) {
	const q = `
		select ` + messageColumns + `
		from flowhq.message_logs
		where tenant_id = @tenant and status = 'RECEIVED' and id > @after
		order by id
		limit @limit`
	args := named{"tenant": tenant, "after": afterID, "limit": clampLimit(limit)}
	ms, err := many(ctx, s, q, args, pgx.RowToStructByName[flowhq.Message])
	if err != nil {
		return nil, fmt.Errorf("unanswered messages of tenant %s: %w", tenant, err)
	}
	return ms, nil
}
