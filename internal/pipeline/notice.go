package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// wordlessWindow is how long a customer is not told again that only text is read,
// after they have been: an album or a few voice notes get one answer.
const wordlessWindow = 10 * time.Minute

// albumWaits reports whether an earlier part of the same album waits already, so that
// this one would come to nothing: WhatsApp sends up to a hundred at once, which would
// leave no place in the queue for the question after them.
func (p *Pipeline) albumWaits(j job) bool {
	m := j.question
	if j.reply != nil || !m.Wordless || m.Album == "" {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.chats[p.person(m.ContactID)]
	return c != nil && !p.inHand[m.ID] && slices.ContainsFunc(c.waiting, func(other job) bool {
		q := other.question
		return other.reply == nil && q.Wordless && q.Album == m.Album && q.ID < m.ID
	})
}

// ignored is the outcome of a message that needs no answer.
var ignored = store.Outcome{
	Status: flowhq.Ignored, Reason: "the customer has just been told that only text is read",
}

// needsAnswer reports whether a message is to be answered at all. One without
// words is not, and uses up nothing of a limit, if one was a little while ago. That
// is asked of the rows, which are right whoever answered.
func (p *Pipeline) needsAnswer(m flowhq.Message) (needed bool, err error) {
	if !m.Wordless {
		return true, nil
	}
	err = p.persist("look for an answer to a wordless message", func(ctx context.Context) error {
		answered, err := p.Store.WordlessAnswered(ctx, p.Tenant, m.ID, wordlessWindow)
		needed = !answered
		return err
	})
	return needed, err
}
