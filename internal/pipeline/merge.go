package pipeline

import (
	"cmp"
	"slices"
)

// merge joins contacts that turned out to be one person, because a message named both of
// their addresses: they get one queue, one count of the limits, one conversation. In the
// rows they are one already.
func (p *Pipeline) merge(into int64, from []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range from {
		// A conversation that was read before is not the merged one.
		p.finished.change(into)
		p.finished.change(id)
		p.merged[id] = into
		p.limiter.merge(into, id)
		p.detectors.forget(id)
		p.mergeChats(into, id)
	}
}

// mergeChats makes one chat of two. The job that the chat of from is at is finished before
// the merged chat goes on, so that the person gets the replies in order. The caller holds
// mu.
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
			other.waiting[i].waited = c.limitWait.total(p.Now())
		}
		c.waiting = append(c.waiting, other.waiting...)
		slices.SortStableFunc(c.waiting, byPosition)
		c.overflowWarned = c.overflowWarned || other.overflowWarned
		other.waiting = nil
		if other.done != nil {
			c.after = append(c.after, other.done)
		}
	}
	c.stateStale = true
}

// byPosition orders the jobs of a chat.
func byPosition(a, b job) int { return cmp.Compare(a.position(), b.position()) }

// awaitMerged waits for the goroutines of chats that were merged into c. It returns false
// if the pipeline ended meanwhile.
func (p *Pipeline) awaitMerged(c *chat) bool {
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

// currentContact is the contact that a contact has become: rows that were read before a
// merge still name the old one. A contact is merged into an older one, so the loop ends.
// The caller holds mu.
func (p *Pipeline) currentContact(contact int64) int64 {
	for {
		into, merged := p.merged[contact]
		if !merged {
			return contact
		}
		contact = into
	}
}
