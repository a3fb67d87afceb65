package pipeline

import (
	"cmp"
	"slices"
)

// merge has contacts that turned out to be one person go on as one: one queue, one
// count of the limits, one conversation. The rows are one already.
func (p *Pipeline) merge(into int64, from []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range from {
		p.merged[id] = into
		p.limit.merge(into, id)
		p.exchanges.merge(id)
		p.mergeChats(into, id)
	}
}

// mergeChats makes one chat of two. What is in hand in the chat that ends is finished
// first. The caller holds mu.
func (p *Pipeline) mergeChats(into, from int64) {
	c, other := p.chats[into], p.chats[from]
	delete(p.chats, from)
	switch {
	case c == nil && other == nil:
		return
	case c == nil:
		c = other
		c.contact = into
		p.chats[into] = c
	case other != nil:
		for i := range other.waiting {
			other.waiting[i].waited = c.pace.total(p.Now())
		}
		c.waiting = append(c.waiting, other.waiting...)
		slices.SortStableFunc(c.waiting, inTurn)
		c.told = c.told || other.told
		other.waiting = nil
		if other.done != nil {
			c.after = append(c.after, other.done)
		}
	}
	c.stale = true
}

// inTurn orders the jobs of a chat.
func inTurn(a, b job) int { return cmp.Compare(a.place(), b.place()) }

// turn waits for the chats that were merged into c. It returns false if the pipeline
// ended meanwhile.
func (p *Pipeline) turn(c *chat) bool {
	p.mu.Lock()
	after := c.after
	c.after = nil
	p.mu.Unlock()
	for _, done := range after {
		select {
		case <-done:
		case <-p.ctx.Done():
			return false
		}
	}
	return true
}

// person is who a contact is now. The caller holds mu.
func (p *Pipeline) person(contact int64) int64 {
	for {
		into, merged := p.merged[contact]
		if !merged {
			return contact
		}
		contact = into // which is older, so this ends
	}
}

// giveBack undoes ask, for a reply that was not written after all.
func (p *Pipeline) giveBack(c *chat, v verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit.giveBack(c.contact, v)
}
