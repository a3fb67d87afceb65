package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// WordlessAnswered reports whether the wordless message with this ID needs no
// answer of its own: another one of its writer's was answered within the given time,
// or another part of its album at any time. It holds no lock: the goroutine of the chat is the
// only one that answers the writer.
func (s *Store) WordlessAnswered(
	ctx context.Context, tenant flowhq.TenantID, id int64, within time.Duration,
) (answered bool, err error) {
	// Of the answered ones only the last counts, so two rows are read at most, through
	// message_logs_wordless_idx and message_logs_reply_key. The album is found through
	// message_logs_album_idx. TestFewRowsPerMessage bounds the rows that it reads.
	//
	// The time is that of the reply and not of the question: a question that waited for an hour
	// and was answered a minute ago counts.
	const q = `
		with m as (
			select contact_id, album from flowhq.message_logs where tenant_id = @tenant and id = @id
		), last as (
			select l.id
			from m join flowhq.message_logs l on l.tenant_id = @tenant
				and l.contact_id = m.contact_id and l.wordless and l.status = 'ANSWERED'
			order by l.id desc
			limit 1
		)
		select exists (
			select from flowhq.message_logs r
			where r.tenant_id = @tenant and r.in_reply_to = (select id from last)
				and r.kind = 'REPLY' and r.created_at > now() - make_interval(secs => @within)
		) or exists (
			select from m join flowhq.message_logs a on a.tenant_id = @tenant
				and a.album = m.album and a.album <> '' and a.status = 'ANSWERED'
				and a.contact_id = m.contact_id
		)`
	args := named{"tenant": tenant, "id": id, "within": within.Seconds()}
	answered, err = one(ctx, s, q, args, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("wordless messages around %d: %w", id, err)
	}
	return answered, nil
}

// SetTranscript stores what is said in the voice note with this ID, which is answered like a typed
// message from then on. One that is answered already is left alone. A Fenced error means that a
// newer host owns the session.
func (s *Store) SetTranscript(
	ctx context.Context, tenant flowhq.TenantID, epoch, id int64, text string,
) error {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), stored as (
			update flowhq.message_logs m set text = @text, wordless = false
			from fence
			where m.tenant_id = @tenant and m.id = @id and m.direction = 'IN'
				and m.status = 'RECEIVED' and m.wordless
		)
		select exists (select from fence)`
	err := fencedExec(ctx, s, q, tenant, epoch, named{"id": id, "text": clean(text)})
	if err != nil {
		return fmt.Errorf("transcript of message %d: %w", id, err)
	}
	return nil
}
