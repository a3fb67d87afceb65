package pipeline

import (
	"context"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A currentQuestion is the question that a chat's goroutine has in hand, with the lines of its
// burst before it.
type currentQuestion struct {
	ids []int64
	// composed says that the reply is composed: it is too late to change the question.
	composed bool
	// revisions are what the customer made of the lines since they left the queue, by line.
	revisions map[int64]store.Revision
}

// Revise records that the person with the addresses of in has changed or deleted the
// message in.WAID. A question that waits is answered as it says now, or not at all if it is
// deleted. One that was answered is not answered again. A message that never came is taken
// to come now, as it says now; one that belongs to another person is left alone. When
// Revise fails, WhatsApp must deliver the revision again.
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
	r.Answered = !p.reviseQueued(id, r)
	if err := p.Store.Revise(ctx, p.Tenant, p.Epoch, id, r); err != nil {
		return p.failIfFenced(err)
	}
	// After the row: a goroutine that has the question in hand finds it IGNORED there.
	if r.Revoked {
		p.removeQueued(id)
	}
	return nil
}

// reviseQueued changes the question with this id wherever it is, so that it is answered as
// it says now. It returns false if it is too late for that. The caller then writes the row,
// which must follow and not lead: a reply composed in between would answer neither.
//
// A line that is deleted while its chat has it in hand is noted likewise, before its row, so that
// a burst is not answered with it. A single question, or the last line, is found by its row.
func (p *Pipeline) reviseQueued(id int64, r store.Revision) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.chats {
		if slices.Contains(c.current.ids, id) {
			if !c.current.composed {
				if c.current.revisions == nil {
					c.current.revisions = make(map[int64]store.Revision)
				}
				c.current.revisions[id] = r
			}
			return !c.current.composed
		}
		for i := range c.waiting {
			if j := &c.waiting[i]; j.reply == nil && j.question.ID == id {
				revised(&j.question, r)
			}
		}
	}
	return true
}

// removeQueued takes the question with this id out of its queue.
func (p *Pipeline) removeQueued(id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.chats {
		c.waiting = slices.DeleteFunc(c.waiting, func(j job) bool {
			found := j.reply == nil && j.question.ID == id
			if found {
				delete(p.inFlight, id)
				p.finished.add(id, c.contact)
			}
			return found
		})
	}
}

// applyRevisions brings the question that the chat has in hand, and the lines before it, up to
// date. With composing it is too late for the customer to change them from then on.
func (p *Pipeline) applyRevisions(c *chat, j *job, composing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(c.current.ids, j.question.ID) {
		return
	}
	c.current.composed = c.current.composed || composing
	j.earlier = slices.DeleteFunc(j.earlier, func(l burstLine) bool {
		deleted := c.current.revisions[l.message.ID].Revoked
		if deleted {
			delete(p.inFlight, l.message.ID)
			p.finished.add(l.message.ID, c.contact)
		}
		return deleted
	})
	for i := range j.earlier {
		if r, ok := c.current.revisions[j.earlier[i].message.ID]; ok {
			revised(&j.earlier[i].message, r)
		}
	}
	if r, ok := c.current.revisions[j.question.ID]; ok {
		revised(&j.question, r)
	}
	c.current.revisions = nil
}

// revised replaces what a question said by what it says now.
func revised(question *flowhq.Message, r store.Revision) {
	if r.Text != nil {
		question.Text, question.Wordless = *r.Text, r.Wordless
	}
}
