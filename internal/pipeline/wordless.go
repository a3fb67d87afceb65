package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// wordlessWindow is how long a customer is not told again that only text is read: an album
// or a few voice notes get one answer.
const wordlessWindow = 10 * time.Minute

// ignored is the outcome of a wordless message that needs no answer.
var ignored = store.Outcome{
	Status: flowhq.Ignored,
	Reason: "the customer has just been told that only text is read",
}

// albumWaits reports whether an earlier picture of the same album waits in the queue, whose
// answer will serve for this one. WhatsApp sends up to a hundred pictures at once: without
// this check they would fill the queue, and the question after them would overflow.
func (p *Pipeline) albumWaits(j job) bool {
	m := j.question
	if j.reply != nil || !m.Wordless || m.Album == "" {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.chats[p.currentContact(m.ContactID)]
	return c != nil && !p.inFlight[m.ID] && slices.ContainsFunc(c.waiting, func(other job) bool {
		q := other.question
		return other.reply == nil && q.Wordless && q.Album == m.Album && q.ID < m.ID
	})
}

// checkWordless gives the job its outcome if the question needs no answer. A wordless one needs none,
// and uses up nothing of a rate limit, if one of the chat was answered a little while ago.
// The rows are asked, because an earlier host may have answered it. A place says where to
// deliver, and is always answered.
func (p *Pipeline) checkWordless(j *job) error {
	if j.anyOf(func(m flowhq.Message) bool { return !m.Wordless || m.Latitude != nil }) {
		return nil
	}
	return p.persist("look for an answer to a wordless message", func(ctx context.Context) error {
		answered, err := p.Store.WordlessAnswered(ctx, p.Tenant, j.question.ID, wordlessWindow)
		if answered {
			j.outcome = &ignored
		}
		return err
	})
}
