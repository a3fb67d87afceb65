package pipeline

import (
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
)

// maxSkew is how far WhatsApp's clock may be ahead of ours.
const maxSkew = 5 * time.Minute

// firstDay is when WhatsApp began: nothing was written before.
var firstDay = time.Date(2009, time.January, 1, 0, 0, 0, 0, time.UTC)

// plausible reports whether a message that came at one time can have been written at the
// other. WhatsApp's servers set the time of writing. Should a client or a broken clock set
// it, the time must neither keep a message from ever expiring nor expire it at once.
func plausible(written, came time.Time) bool {
	return !written.Before(firstDay) && !written.After(came.Add(maxSkew))
}

// writtenAt is when a customer wrote a message: when it came, if that cannot be known.
func writtenAt(m flowhq.Message) time.Time {
	if m.SentAt == nil || !plausible(*m.SentAt, m.CreatedAt) {
		return m.CreatedAt
	}
	return *m.SentAt
}

// replyExpired says why a reply that an earlier host has left is too old to be sent, or "".
func (p *Pipeline) replyExpired(j *job) string {
	if j.reply == nil {
		return ""
	}
	return expired(*j.reply, p.currentConfig(), p.Now())
}

// expired says why a question, or a reply that another host has left, is too old, or "".
// Nobody wants "we are open now" three weeks later. The age of a message that an operator
// retries counts from then.
func expired(m flowhq.Message, c flowhq.Config, now time.Time) string {
	if m.ExpiresAt != nil && !now.Before(*m.ExpiresAt) {
		return "it was of no use any more when it could be sent"
	}
	since := m.CreatedAt
	if m.Direction == flowhq.In {
		since = writtenAt(m)
	}
	if m.RetriedAt != nil {
		since = later(since, *m.RetriedAt)
	}
	within := time.Duration(c.AnswerWithinMinutes) * time.Minute
	if age := now.Sub(since); age > within {
		return fmt.Sprintf("it was %s old: messages are answered within %s",
			inWords(age), inWords(within))
	}
	return ""
}

// inWords is a duration for an operator, in the largest unit of which there are two.
func inWords(d time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}}
	for _, u := range units {
		if n := d / u.size; n >= 2 {
			return fmt.Sprintf("%d %s", n, u.name)
		}
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// earlier is the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
