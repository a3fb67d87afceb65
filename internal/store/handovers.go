package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An Own is what a person of the business wrote to a customer from one of the account's other
// devices: the owner's phone.
type Own struct {
	Inbound // LID and Number are the customer's
	// HandOverFor is how long the bot stays out of the chat after it. 0 is until it is given back.
	HandOverFor time.Duration
}

// longerSQL is the later end of an open hand-over, h, and of one that prolongs it. null is never,
// which greatest would skip. A hand-over is never made shorter by what the owner writes: an
// operator may have asked for a longer one.
const longerSQL = `case when h.until is null or excluded.until is null then null
	else greatest(h.until, excluded.until) end`

// ownSQL records what the owner wrote, and hands the chat over, or prolongs the hand-over. who is
// the customer. A message that is in the log already, which may be one that we sent, does nothing.
//
// A chat in which no customer has ever written is the owner's own: the bot must not answer whoever
// replies there, the owner's mother for example. Facts outlive the messages of their customer.
//
// The time counts from when the message was written. One that waited at WhatsApp for longer than
// that hands nothing over.
const ownSQL = `
	, own as (
		insert into flowhq.message_logs (
			tenant_id, direction, contact_id, chat, contact, from_number, to_number,
			kind, text, wordless, media, latitude, longitude, wa_message_id, status, sent_at)
		select t.id, 'OUT', w.id,
			coalesce(nullif(w.lid, ''), substr(w.number, 2) || '@s.whatsapp.net'),
			w.number, coalesce(nullif(s.number, ''), t.phone_number), w.number,
			'OWNER', @text, @wordless, @media, @latitude, @longitude, @wa_id, 'SENT', @sent_at
		from who w
		cross join flowhq.tenants t
		join flowhq.whatsapp_sessions s on s.tenant_id = t.id
		where t.id = @tenant
		on conflict (tenant_id, wa_message_id) where direction = 'OUT' do nothing
		returning id, contact_id, least(now(), coalesce(sent_at, now())) as written
	), began as (
		update flowhq.contacts c set left_alone = 'OWNER_BEGAN'
		from own
		where c.tenant_id = @tenant and c.id = own.contact_id and c.left_alone = ''
			and not exists (
				select from flowhq.message_logs m
				where m.tenant_id = @tenant and m.contact_id = c.id and m.direction = 'IN')
			and not exists (
				select from flowhq.message_logs m
				where m.tenant_id = @tenant and m.contact_id = c.id and m.kind = 'OPERATOR')
			and not exists (
				select from flowhq.bookings b
				where b.tenant_id = @tenant and b.contact_id = c.id)
			and not exists (
				select from flowhq.orders o
				where o.tenant_id = @tenant and o.contact_id = c.id)
			and not exists (
				select from flowhq.tickets k
				where k.tenant_id = @tenant and k.contact_id = c.id)
		returning c.id
	), handed as (
		insert into flowhq.handovers as h (
			tenant_id, contact_id, reason, at, owner_at, until, message_id)
		select @tenant, contact_id, 'OWNER', now(), written,
			written + make_interval(secs => nullif(@over_for, 0)), id
		from own
		where @over_for = 0 or written + make_interval(secs => @over_for) > now()
		on conflict (tenant_id, contact_id) where ended_at is null do update set
			reason = case when h.until <= now() then excluded.reason else h.reason end,
			message_id = case when h.until <= now() then excluded.message_id else h.message_id end,
			at = case when h.until <= now() then excluded.at else h.at end,
			owner_at = greatest(h.owner_at, excluded.owner_at),
			until = ` + longerSQL + `
		returning h.message_id, h.reason
	), event as (
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select @tenant, @event, 'owner', concat('message ', own.id, ': ', handed.reason)
		from own join handed on handed.message_id = own.id
	)
	select exists (select from fence), coalesce((select id from who), 0)`

// ReceiveOwn records what the owner wrote to a customer and hands that chat over, with
// HANDED_OVER. It is as durable and as repeatable as Receive, whose errors it has.
func (s *Store) ReceiveOwn(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, m Own,
) (Received, error) {
	// A customer who is known by both addresses is found by an index and locked in this one
	// statement. Anything else goes the long way through recognise.
	const known = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), who as (
			select c.id, c.lid, c.number from fence
			join flowhq.contacts c on c.tenant_id = @tenant and c.id = coalesce((
				select id from flowhq.contacts
				where tenant_id = @tenant and lid = @lid and lid <> ''
			), (
				select id from flowhq.contacts
				where tenant_id = @tenant and number = @number and number <> ''
			))
			where @lid in ('', c.lid) and @number in ('', c.number)
			for no key update of c
		)` + ownSQL
	m.LID, m.Number = clean(m.LID), clean(m.Number)
	args := named{
		"tenant": tenant, "epoch": epoch, "lid": m.LID, "number": m.Number,
		"wa_id": clean(m.WAID), "text": clean(m.Text), "wordless": m.Wordless, "media": m.Media,
		// Times that the phone did not tell are null, and count as now.
		"latitude": m.Latitude, "longitude": m.Longitude, "sent_at": orNull(m.SentAt),
		"over_for": m.HandOverFor.Seconds(), "event": flowhq.EventHandedOver,
	}
	// Current is that the host is the latest; Contact is 0 where recognise has to look.
	type answer struct {
		Current bool
		Contact int64
	}
	// It runs on the pool first, and in a transaction once the contact is there.
	write := func(ctx context.Context, db querier) (a answer, err error) {
		rows, _ := db.Query(ctx, known, args) // Collect reports its error
		// The statement always yields one row: its parts decide what is in it.
		a, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[answer])
		if err == nil && !a.Current {
			err = fenced(tenant, epoch)
		}
		return a, err
	}
	// The first try has a bound of its own, so that the second has the whole time.
	first, cancel := bounded(ctx)
	defer cancel()
	a, err := write(first, s.pool)
	r := Received{Contact: a.Contact}
	if err == nil && a.Contact == 0 { // a new contact, or something to learn of one
		// It runs in the transaction that has made or merged the contacts. A crash leaves neither,
		// and WhatsApp delivers the message again.
		insert := func(ctx context.Context, tx pgx.Tx, who identity) error {
			args["lid"], args["number"] = who.LID, who.Number
			a, err := write(ctx, tx)
			r.Contact, r.Merged = a.Contact, who.merged
			return err
		}
		err = s.recognise(ctx, tenant, epoch, m.Inbound, insert)
	}
	if err != nil {
		return Received{}, fmt.Errorf("receive %s from the owner: %w", m.WAID, classify(err))
	}
	return r, nil
}

// A DueHandOver is a hand-over whose time is over.
type DueHandOver struct {
	ID int64
	// NobodyCame says that a customer was promised a person and none has written. Whose message no
	// program has answered was promised nobody.
	NobodyCame bool
	// The news is in the language that it has.
	State []byte // of the conversation; nil = none
	// Only its ids and its chat are filled in.
	Question flowhq.Message
}

// DueHandOvers returns at most limit of the tenant's hand-overs whose time is over, the oldest
// first, and after how long the next one's will be; 0 means that there is none.
//
// It takes no lock: EndHandOver looks at the row once more. Open hand-overs are few, and
// handovers_open_key has them alone.
func (s *Store) DueHandOvers(
	ctx context.Context, tenant flowhq.TenantID, limit int,
) (due []DueHandOver, next time.Duration, err error) {
	// The message may be erased, and the conversation deleted by the retention. The hand-over is
	// due all the same.
	const q = `
		select h.id, h.until <= now(), extract(epoch from h.until - now())::float8,
			h.owner_at is null and h.reason <> 'UNANSWERED' and m.direction = 'IN', v.state,
			coalesce(m.id, 0), coalesce(m.contact_id, 0), coalesce(m.chat, ''),
			coalesce(m.wa_message_id, '')
		from flowhq.handovers h
		left join flowhq.message_logs m on m.tenant_id = h.tenant_id and m.id = h.message_id
		left join flowhq.conversations v
			on v.tenant_id = h.tenant_id and v.contact_id = h.contact_id
		where h.tenant_id = @tenant and h.ended_at is null and h.until is not null
		order by h.until, h.id
		limit @limit`
	type row struct {
		ID         int64
		Due        bool
		Seconds    float64
		NobodyCame *bool
		State      []byte
		Message    int64
		Contact    int64
		Chat, WAID string
	}
	rows, err := many(ctx, s, q, named{"tenant": tenant, "limit": clampLimit(limit)},
		pgx.RowToStructByPos[row])
	if err != nil {
		return nil, 0, fmt.Errorf("hand-overs of tenant %s: %w", tenant, err)
	}
	for _, r := range rows {
		// The rows come by their time, so all that follow are later.
		if !r.Due {
			// 0 would say that there is none.
			return due, max(time.Millisecond, time.Duration(r.Seconds*float64(time.Second))), nil
		}
		due = append(due, DueHandOver{
			// It is null where the message was erased. Then there is nobody to tell.
			ID: r.ID, NobodyCame: r.NobodyCame != nil && *r.NobodyCame, State: r.State,
			Question: flowhq.Message{
				ID: r.Message, ContactID: r.Contact, Chat: r.Chat, WAMessageID: r.WAID,
			},
		})
	}
	if len(rows) == clampLimit(limit) {
		next = time.Millisecond // there may be more that are due
	}
	return due, next, nil
}

// EndHandOver ends a hand-over whose time is over, with GIVEN_BACK, and in the same statement
// writes what the customer is told, if anything. Nothing is written if the owner has prolonged
// it, or if it was ended before. A Fenced error means that a newer host owns the session.
//
// The end and the news are one statement. A crash between two would leave a customer who was
// promised a person with neither a person nor the bot.
func (s *Store) EndHandOver(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, news *Outbound,
) error {
	// If the owner has written since the news was decided on, nothing ends: the next look decides
	// once more, and without news.
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), ended as (
			update flowhq.handovers h set ended_at = now(), end_reason = @reason
			from fence
			where h.tenant_id = @tenant and h.id = @id and h.ended_at is null and h.until <= now()
				and (not @has_news or h.owner_at is null)
			returning h.id, h.message_id
		), event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select @tenant, @event, 'host', concat('hand-over ', id, ': ', @reason::text) from ended
		), news as (
			insert into flowhq.message_logs (
				tenant_id, direction, contact_id, chat, contact, from_number, to_number,
				kind, text, wa_message_id, status, reason, in_reply_to,
				timer_seconds, timer_set_at)
			select m.tenant_id, 'OUT', m.contact_id, m.chat, m.contact, m.to_number,
				m.from_number, @kind, @text, @wa_id, 'PENDING', @reason, m.id,
				coalesce(c.timer_seconds, 0), c.timer_set_at
			from ended
			join flowhq.message_logs m on m.tenant_id = @tenant and m.id = ended.message_id
			left join flowhq.contacts c on c.tenant_id = m.tenant_id and c.id = m.contact_id
			where @has_news
			on conflict do nothing
		)
		select exists (select from fence)`
	args := named{
		"id": id, "event": flowhq.EventGivenBack, "reason": "its time is over",
		// The kind is a valid one even without news: the statement has the argument all the same.
		"has_news": news != nil, "kind": flowhq.KindWarning, "text": "", "wa_id": "",
	}
	// message_logs_reply_key refuses a second notice to the same question.
	if news != nil {
		args["reason"] = "nobody came in time"
		args["kind"], args["text"], args["wa_id"] = news.Kind, clean(news.Text), news.WAID
	}
	if err := fencedExec(ctx, s, q, tenant, epoch, args); err != nil {
		return fmt.Errorf("hand-over %d: %w", id, err)
	}
	return nil
}
