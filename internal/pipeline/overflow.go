package pipeline

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// overflow marks a message that found its chat's queue full as OVERFLOWED, and asks the
// customer to wait the first time that happens. The message stays in the log, where an
// operator can have it answered.
func (p *Pipeline) overflow(ctx context.Context, m flowhq.Message) {
	p.mu.Lock()
	c := p.chats[p.currentContact(m.ContactID)]
	// Whoever wrote a message that an operator retries was warned when it came.
	warn := c != nil && !c.overflowWarned && m.RetriedAt == nil
	if warn {
		c.overflowWarned = true
	}
	p.mu.Unlock()

	o := store.Outcome{
		Status: flowhq.Overflowed, Reason: "too many messages were waiting in this chat",
	}
	if warn {
		o.Reply = p.warning(m, reply.PleaseWait(p.currentConfig()), scopeQueue)
	}
	p.record(ctx, m, o)
}

// record writes the outcome of a message that is not queued. It is tried once, since the
// caller holds up the connection: what the database does not take is found by a refill.
func (p *Pipeline) record(ctx context.Context, m flowhq.Message, o store.Outcome) {
	id, done, err := p.Store.Answer(ctx, p.Tenant, p.Epoch, m.ID, o)
	if err != nil {
		// Either the row stays RECEIVED, or its warning PENDING.
		p.Log.Warn("could not mark a message; looking for it again",
			"message", m.ID, "status", o.Status, "err", err)
		if flowhq.ErrorCode(p.failIfFenced(err)) != flowhq.Fenced {
			p.refillSoon()
		}
		return
	}
	if done {
		p.Metrics.Outcome(o.Status)
	}
	if id != 0 {
		warning := outbound(id, m, *o.Reply)
		p.enqueue(job{reply: &warning, attempted: true})
	}
}

// warning is a message to a customer that says why a question is not answered. The scope
// is kept in its row's reason, by which the next host knows what it warned about.
func (p *Pipeline) warning(question flowhq.Message, text string, scope string) *store.Outbound {
	return &store.Outbound{
		WAID: p.ReplyID(question, flowhq.KindWarning),
		Kind: flowhq.KindWarning, Text: text, Reason: scope,
	}
}

// outbound is the message of the reply row with this id, just written, to a question.
func outbound(id int64, question flowhq.Message, o store.Outbound) flowhq.Message {
	return flowhq.Message{
		ID: id, Direction: flowhq.Out, ContactID: question.ContactID, Chat: question.Chat,
		Kind: o.Kind, Text: o.Text, WAMessageID: o.WAID, Status: flowhq.Pending,
		InReplyTo: &question.ID, TimerSeconds: o.Timer.Seconds, TimerSetAt: &o.Timer.SetAt,
	}
}
