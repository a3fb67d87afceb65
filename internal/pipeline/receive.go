package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
)

// Receive records a message and queues it. When it returns nil the message is committed in
// PostgreSQL and may be acknowledged to WhatsApp. When it fails, WhatsApp must deliver the
// message again, so the caller must not acknowledge it. A message that was recorded before
// is not queued again: its row is answered, or in a queue, or about to be put there.
func (p *Pipeline) Receive(ctx context.Context, in store.Inbound) error {
	failpoint.Hit("receive.decrypted")
	if !plausible(in.SentAt, p.Now()) {
		in.SentAt = time.Time{} // recorded as unknown
	}
	// Online, nearly every message is handled at once.
	in.Attempted = p.isStarted() && !in.Undecryptable
	// A refill may find the new row, and finish it, before this function queues it.
	readAt := p.beginRead()
	defer p.endRead()
	r, err := p.Store.Receive(ctx, p.Tenant, p.Epoch, in)
	if err != nil {
		return fmt.Errorf("receive %s: %w", in.WAID, p.failIfFenced(err))
	}
	failpoint.Hit("receive.inserted")
	p.merge(r.Contact, r.Merged)
	if r.New {
		p.Metrics.CountReceived(p.Tenant)
	}
	if !r.New || in.Undecryptable || in.Silent {
		return nil // an unreadable message is answered when its readable copy comes
	}
	p.queue(ctx, job{readAt: readAt, attempted: in.Attempted, conversation: &r.Conversation,
		question: flowhq.Message{
			ID: r.ID, Direction: flowhq.In, ContactID: r.Contact, Chat: r.Chat, Contact: r.Number,
			Kind: in.Kind, Text: r.Text, Wordless: r.Wordless, Media: in.Media,
			Latitude: in.Latitude, Longitude: in.Longitude, Album: in.Album, WAMessageID: in.WAID,
			Status: flowhq.Received, CreatedAt: p.Now(), SentAt: &in.SentAt,
		}})
	return nil
}

// SetTimer records after how long the messages of a person's chat disappear. When it
// fails, WhatsApp must deliver again what set the timer.
func (p *Pipeline) SetTimer(
	ctx context.Context, who store.Inbound, t flowhq.DisappearingTimer,
) error {
	r, err := p.Store.SetTimer(ctx, p.Tenant, p.Epoch, who, t)
	if err != nil {
		return p.failIfFenced(err)
	}
	p.merge(r.Contact, r.Merged)
	return nil
}
