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

// sane reports whether a message that has come at that time can have been written when
// it says. WhatsApp's servers set the time of writing, but what a client or a broken
// clock put there must neither make a message immortal nor expire it.
func sane(written, came time.Time) bool {
	return !written.Before(firstDay) && !written.After(came.Add(maxSkew))
}

// writtenAt is when a customer wrote a message: when it came, if that cannot be known.
func writtenAt(m flowhq.Message) time.Time {
	if m.SentAt == nil || !sane(*m.SentAt, m.CreatedAt) {
		return m.CreatedAt
	}
	return *m.SentAt
}

// expired says why a message, or an answer that another host has left, is too old, or
// "". An operator who has it tried again makes it young.
func expired(m flowhq.Message, c flowhq.Config, now time.Time) string {
	since := m.CreatedAt
	if m.Direction == flowhq.In {
		since = writtenAt(m)
	}
	if m.RetriedAt != nil {
		since = later(since, *m.RetriedAt)
	}
	within := time.Duration(c.AnswerWithinMinutes) * time.Minute
	if age := now.Sub(since); age > within {
		return fmt.Sprintf("it was %s old: messages are answered within %s", span(age), span(within))
	}
	return ""
}

// span is a duration in words, as precise as the reader needs it.
func span(d time.Duration) string {
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
