package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// A program that answers our answers would go on for ever, as far as the limits let it,
// and cost the number. It is told from a person by how it takes turns: it writes because
// we did, at once, or the same again. People write at once as well, but several lines
// without waiting for a reply; so what comes while we have not replied yet does not
// count, and before it counts on we wait a moment for such a line.
const (
	// promptly is how soon after a reply a person has rarely read it.
	promptly = 2 * time.Second
	// brakeAfter is how many prompt answers in a row make us wait before the next reply,
	// for brakeFor. A person in full flow writes the next line meanwhile.
	brakeAfter = 3
	brakeFor   = 3 * time.Second
	// maxPrompt is how many prompt answers in a row, the later ones after such a wait,
	// are a program's.
	maxPrompt = 8
	// maxSame is how often somebody may answer with the same text within ContactWindow.
	maxSame = 6
	// minSame is the least that is compared, in letters and digits: people choose "1"
	// from the menu, and go back with "0", as often as they like.
	minSame = 4
	// maxTexts bounds what is compared. Who alternates between a few texts repeats one
	// of them often enough within it.
	maxTexts = 40
	// muteFor is how long a program is not answered. Who only repeats a text may be a
	// person: they are not answered for ContactWindow, unless it comes to that again.
	muteFor = 24 * time.Hour
)

// An exchange is how one contact and the bot have taken turns of late.
type exchange struct {
	began, ended time.Time // of sending the last reply; zero = there was none
	open         bool      // and nothing has come since
	warned       bool      // and it was a warning, which people answer as well
	prompt       int       // prompt answers in a row
	texts        []text    // of answers within ContactWindow, oldest first
}

// A text is one that a contact has answered with.
type text struct {
	norm string
	at   time.Time
}

// A suspicion is why a contact is taken for a program; the zero one is none.
type suspicion struct {
	reason string
	sure   bool // else it may be a person who repeats a text
}

// replied notes a reply or warning that was sent.
func (e *exchange) replied(began, ended time.Time, kind flowhq.Kind) {
	e.began, e.ended, e.open, e.warned = began, ended, true, kind == flowhq.KindWarning
}

// hear takes in what a contact wrote and when it came. offered says that the bot itself
// offers that text.
func (e *exchange) hear(said string, offered bool, came time.Time) suspicion {
	if !e.open || came.Before(e.began) {
		return suspicion{} // not because of the reply
	}
	e.open = false
	if came.Sub(e.ended) <= promptly {
		e.prompt++
	} else {
		e.prompt = 0
	}
	same := 0
	if !offered && !e.warned {
		same = e.repeats(said, came)
	}
	switch {
	case e.prompt >= maxPrompt:
		return suspicion{fmt.Sprintf("has answered within %d seconds, %d times in a row", promptly/time.Second, e.prompt), true}
	case same >= maxSame:
		return suspicion{
			fmt.Sprintf("has answered with the same text %d times in %d minutes", same, flowhq.ContactWindow/time.Minute),
			e.prompt >= brakeAfter,
		}
	}
	return suspicion{}
}

// repeats counts how often the contact has answered with this text, this time included.
func (e *exchange) repeats(said string, at time.Time) (n int) {
	norm := normal(said)
	if norm == "" {
		return 0
	}
	e.texts = slices.DeleteFunc(e.texts, func(t text) bool { return at.Sub(t.at) >= flowhq.ContactWindow })
	if len(e.texts) >= maxTexts {
		e.texts = e.texts[1:]
	}
	e.texts = append(e.texts, text{norm, at})
	for _, t := range e.texts {
		if t.norm == norm {
			n++
		}
	}
	return n
}

// maxNormal bounds the part of a text that is compared, in bytes.
const maxNormal = 256

// normal is a text without what differs between two that are the same: case, spaces and
// signs. It is "" if too little is left to compare.
func normal(s string) string {
	var b strings.Builder
	letters := 0
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
			letters++
		}
		if b.Len() >= maxNormal {
			break
		}
	}
	if letters < minSame {
		return ""
	}
	return b.String()
}

// exchanges are those with all contacts who were answered of late.
type exchanges struct {
	mu    sync.Mutex
	with  map[int64]*exchange // by contact
	swept time.Time
}

// use calls f with the exchange with a contact.
func (x *exchanges) use(contact int64, now time.Time, f func(*exchange)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.with == nil {
		x.with = make(map[int64]*exchange)
	}
	if now.Sub(x.swept) >= flowhq.ContactWindow {
		x.swept = now
		for id, e := range x.with {
			if now.Sub(e.ended) >= flowhq.ContactWindow {
				delete(x.with, id)
			}
		}
	}
	e := x.with[contact]
	if e == nil {
		e = &exchange{}
		x.with[contact] = e
	}
	f(e)
}

// merge forgets the exchange with a contact that is another one now.
func (x *exchanges) merge(from int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.with, from)
}

// exchange calls f with the exchange in a chat.
func (p *Pipeline) exchange(c *chat, f func(*exchange)) {
	p.mu.Lock()
	contact := c.contact
	p.mu.Unlock()
	p.exchanges.use(contact, p.Now(), f)
}

// muted reports whether a question's writer is not answered, and if so its outcome. It
// mutes one who writes like a program, who is told so once, and waits a moment with one who
// may be one.
func (p *Pipeline) muted(c *chat, j *job) (o store.Outcome, is bool, err error) {
	if j.question.RetriedAt != nil { // a person wants it answered
		return o, false, nil
	}
	if err := p.readState(c, j.question); err != nil {
		return o, false, err
	}
	if !j.found && !c.mutedUntil.After(p.Now()) {
		suspect, err := p.suspect(c, j)
		if err != nil || suspect.reason == "" {
			return o, false, err
		}
		if err := p.mute(c, j, suspect); err != nil {
			return o, false, err
		}
	}
	if !c.mutedUntil.After(p.Now()) {
		return o, false, nil
	}
	o = store.Outcome{
		Status: flowhq.Suppressed,
		Reason: "the contact is muted until " + c.mutedUntil.UTC().Format("2006-01-02 15:04 UTC") + ": it writes like a program",
	}
	if j.suspect.reason != "" {
		o.Reply = &store.Outbound{
			WAID: p.ReplyID(j.question, flowhq.KindWarning), Kind: flowhq.KindWarning,
			Text: reply.Muted(p.currentConfig()), Reason: scopeMuted,
		}
	}
	return o, true, nil
}

// suspect says why a question may be a program's. It is asked once for each.
func (p *Pipeline) suspect(c *chat, j *job) (suspicion, error) {
	if j.heard {
		return j.suspect, nil
	}
	brake := false
	offered := reply.Offered(j.question.Text, p.currentConfig())
	p.exchange(c, func(e *exchange) {
		j.suspect = e.hear(j.question.Text, offered, j.question.CreatedAt)
		brake = j.suspect.reason == "" && e.prompt >= brakeAfter
	})
	j.heard = true
	if !brake {
		return j.suspect, nil
	}
	more, err := p.awaitMore(c)
	if more {
		p.exchange(c, func(e *exchange) { e.prompt = 0 })
	}
	return suspicion{}, err
}

// awaitMore waits for another message in the chat, for a moment.
func (p *Pipeline) awaitMore(c *chat) (more bool, err error) {
	arrived := make(chan struct{})
	p.mu.Lock()
	more = len(c.waiting) > 0
	c.arrived = arrived
	p.mu.Unlock()
	if more {
		return true, nil
	}
	t := time.NewTimer(brakeFor)
	defer t.Stop()
	select {
	case <-arrived:
		return true, nil
	case <-t.C:
		return false, nil
	case <-p.stopping:
	case <-p.ctx.Done():
	}
	return false, errEnded
}

// mute has the writer of a question not answered for a while, and tells the operator.
func (p *Pipeline) mute(c *chat, j *job, s suspicion) error {
	length := flowhq.ContactWindow
	if s.sure || p.Now().Sub(c.mutedUntil) < muteFor { // or it was muted a while ago
		length = muteFor
	}
	err := p.persist("mute a contact", func(ctx context.Context) (err error) {
		c.mutedUntil, err = p.Store.Mute(ctx, p.Tenant, p.Epoch, j.question.ID, length, s.reason)
		return err
	})
	if err != nil {
		return err
	}
	p.Metrics.Muted.Inc()
	p.Log.Warn("a contact was muted", "message", j.question.ID, "reason", s.reason, "until", c.mutedUntil)
	p.exchange(c, func(e *exchange) { *e = exchange{} }) // it begins anew when it is unmuted
	return nil
}
