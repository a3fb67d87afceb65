package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A Consultation is whether a language model may be asked about a message.
type Consultation struct {
	// A message that somebody has asked about is not Due, so no host pays for it twice.
	Due        bool   // the message waits and nobody has asked before
	Allowed    bool   // it is Due, and the tenant's requests of the day are not used up
	Suggestion []byte // of whoever has asked before, as JSON; nil = none
	Earlier    []byte // the last texts of the chat before it, as a JSON list; nil = none
}

// A Consulting says what is asked about.
type Consulting struct {
	ID int64 // of the message
	// The lines of the burst are part of the question, and so not of what came earlier.
	First int64 // of the first line of its burst
	// The caller knows the zone, which the database does not.
	Day    string // by the clock of the business, such as 2026-03-04
	Limit  int    // of requests on that day
	Failed []byte // the suggestion, as JSON, that stands if the caller dies before SetSuggestion
}

// Bounds on the texts of Consultation.Earlier: how many, and how much of each, in characters.
const (
	// They are texts of the statement, which is a constant and is planned once.
	maxEarlier     = "6"
	maxEarlierText = "500"
)

// Consult counts one request of the tenant's day and marks the message as asked about, in one
// statement and before the request is made: a host that dies while it waits for the model leaves
// a message that is not asked about again. A Fenced error means that a newer host owns the
// session.
//
// Texts by people of the business are not among the earlier ones, nor what the customer has
// deleted. The search follows message_logs_contact_idx from the message backwards.
func (s *Store) Consult(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, c Consulting,
) (Consultation, error) {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), due as (
			select m.id from fence
			join flowhq.message_logs m on m.tenant_id = @tenant and m.id = @id
			where m.status = 'RECEIVED' and m.suggestion is null
			for no key update of m
		), used as (
			insert into flowhq.assistant_usage as u (tenant_id, day, requests)
			select @tenant, @day::date, 1 from due
			on conflict (tenant_id) do update set
				day = excluded.day,
				requests = case when u.day = excluded.day then u.requests + 1 else 1 end
			where u.day <> excluded.day or u.requests < @limit
			returning requests
		), asked as (
			update flowhq.message_logs m set suggestion = @failed::json
			from due, used
			where m.tenant_id = @tenant and m.id = due.id
		)
		select exists (select from fence), exists (select from due), exists (select from used),
			m.suggestion, (
				select json_agg(t order by t.id) from (
					select l.id, l.direction = 'IN' as by_customer,
						left(l.text, ` + maxEarlierText + `) as text
					from flowhq.message_logs l
					where l.tenant_id = @tenant and l.contact_id = m.contact_id and l.id < @first
						and l.created_at > now() - interval '1 day' and l.text <> ''
						and (l.direction = 'IN' and not l.wordless or l.kind = 'REPLY')
						and l.revoked_at is null
					order by l.id desc
					limit ` + maxEarlier + `
				) as t
			)
		from (select) as one
		left join flowhq.message_logs m on m.tenant_id = @tenant and m.id = @id`
	type answer struct {
		Current, Due, Used  bool
		Suggestion, Earlier []byte
	}
	a, err := one(ctx, s, q, named{
		"tenant": tenant, "epoch": epoch, "id": c.ID, "first": c.First,
		"day": c.Day, "limit": c.Limit, "failed": c.Failed,
	}, pgx.RowToStructByPos[answer])
	// A host that was replaced must not pay for a request: the newer one asks about the same
	// message.
	if err == nil && !a.Current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		// Due without Used is that the day's requests are used up. The row of assistant_usage is
		// locked by its update, so hosts and chats that count at once do not go over the limit.
		return Consultation{}, fmt.Errorf("consult on message %d: %w", c.ID, err)
	}
	return Consultation{
		Due: a.Due, Allowed: a.Used, Suggestion: a.Suggestion, Earlier: a.Earlier,
	}, nil
}

// SetSuggestion stores what the model made of a message that waits, before the message is answered
// with it. A Fenced error means that a newer host owns the session. A message that was answered
// meanwhile keeps what it has, as that is what it was answered with.
func (s *Store) SetSuggestion(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, suggestion []byte,
) error {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), suggested as (
			update flowhq.message_logs m set suggestion = @suggestion::json
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.status = 'RECEIVED'
		)
		select exists (select from fence)`
	args := named{"id": id, "suggestion": suggestion}
	if err := fencedExec(ctx, s, q, tenant, epoch, args); err != nil {
		return fmt.Errorf("suggestion for message %d: %w", id, err)
	}
	return nil
}
