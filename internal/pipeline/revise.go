package pipeline

import (
	"context"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// An underway is the question that a chat is at.
type underway struct {
	id       int64
	composed bool            // its answer is, or is being: it is too late to change the question
	revision *store.Revision // what the customer made of it since it left the queue
}

// Revise records that the person with the addresses of in has changed or deleted the
// message in.WAID. What waits for its answer is answered as it is now, or not at all if
// it is deleted; what was answered is not answered again. A message that never came is taken to come now, as it
// says now; one that is another person's is left alone. When Revise fails, WhatsApp must deliver the
// revision again.
func (p *Pipeline) Revise(ctx context.Context, in store.Inbound, r store.Revision) error {
	id, other, err := p.Store.InboundID(ctx, p.Tenant, in)
	switch {
	case err != nil:
		return err
	case id == 0 && !other && r.Text != nil && !r.Revoked:
		in.Kind, in.Text, in.Wordless, in.SentAt = r.Kind, *r.Text, r.Wordless, r.At
		return p.Receive(ctx, in)
	case id == 0:
		return nil
	}
	if !r.Revoked {
		r.Answered = !p.change(id, r)
	}
	if err := p.Store.Revise(ctx, p.Tenant, p.Epoch, id, r); err != nil {
		if flowhq.ErrorCode(err) == flowhq.Fenced {
			p.fail(err)
		}
		return err
	}
	if r.Revoked { // the row says so by now: who has it in hand finds that there is nothing to answer
		p.drop(id)
	}
	return nil
}

// change has the question with this id be answered as it is now, wherever it is. It
// returns false if it is too late for that. The row must follow.
func (p *Pipeline) change(id int64, r store.Revision) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.chats {
		if c.at.id == id {
			if !c.at.composed {
				c.at.revision = &r
			}
			return !c.at.composed
		}
		for i := range c.waiting {
			if j := &c.waiting[i]; j.reply == nil && j.question.ID == id {
				revised(&j.question, r)
			}
		}
	}
	return true
}

// drop takes the question with this id out of its queue.
func (p *Pipeline) drop(id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.chats {
		c.waiting = slices.DeleteFunc(c.waiting, func(j job) bool {
			found := j.reply == nil && j.question.ID == id
			if found {
				delete(p.inHand, id)
				p.over.add(id)
			}
			return found
		})
	}
}

// asItIs brings the question that the chat is at up to date. With composing it is then
// too late for the customer to change it.
func (p *Pipeline) asItIs(c *chat, question *flowhq.Message, composing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.at.id != question.ID {
		return
	}
	c.at.composed = c.at.composed || composing
	if c.at.revision != nil {
		revised(question, *c.at.revision)
		c.at.revision = nil
	}
}

// revised puts what a question says now in its place.
func revised(question *flowhq.Message, r store.Revision) {
	if r.Text != nil {
		question.Text, question.Wordless = *r.Text, r.Wordless
	}
}
