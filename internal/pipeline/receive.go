package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
)

// Receive records a message and queues it. When it returns nil the message is in
// Postgres and may be acknowledged to WhatsApp; when it fails, WhatsApp must
// deliver it again. A message that was recorded before is not queued again:
// somebody has answered it, or is about to.
func (p *Pipeline) Receive(ctx context.Context, in store.Inbound) error {
	failpoint.Hit("receive.decrypted")
	if !sane(in.SentAt, p.Now()) {
		in.SentAt = time.Time{} // nobody knows when
	}
	since := p.look() // a refill may find the row, and finish with it, before it is queued here
	defer p.looked()
	r, err := p.Store.Receive(ctx, p.Tenant, p.Epoch, in)
	if err != nil {
		if flowhq.ErrorCode(err) == flowhq.Fenced {
			p.fail(err)
		}
		return fmt.Errorf("receive %s: %w", in.WAID, err)
	}
	failpoint.Hit("receive.inserted")
	p.merge(r.Contact, r.Merged)
	if r.New {
		p.Metrics.Received.Inc()
	}
	if !r.New || in.Undecryptable || in.Silent {
		return nil // an unreadable message is answered when its readable copy comes
	}
	p.admit(ctx, job{question: flowhq.Message{
		ID: r.ID, Direction: flowhq.In, ContactID: r.Contact, Chat: r.Chat, Contact: r.Number, Kind: in.Kind,
		Text: r.Text, Wordless: r.Wordless, Album: in.Album, WAMessageID: in.WAID, Status: flowhq.Received, CreatedAt: p.Now(),
		SentAt: &in.SentAt,
	}, since: since})
	return nil
}

// SetTimer records after how long the messages of a person's chat disappear. When it
// fails, WhatsApp must deliver again what said so.
func (p *Pipeline) SetTimer(ctx context.Context, who store.Inbound, t flowhq.Timer) error {
	r, err := p.Store.SetTimer(ctx, p.Tenant, p.Epoch, who, t)
	if err != nil {
		if flowhq.ErrorCode(err) == flowhq.Fenced {
			p.fail(err)
		}
		return err
	}
	p.merge(r.Contact, r.Merged)
	return nil
}
