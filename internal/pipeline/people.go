package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// checkPeople gives the job its outcome if the bot does not answer the question because of people:
// a person answers the chat, or the contact is to be left alone.
//
// Such a question is IGNORED for good. Answering it when the bot comes back would surprise a
// customer whom a person has answered long ago.
func (p *Pipeline) checkPeople(c *chat, j *job) error {
	// The rows decide, and not what this process remembers: an operator hands over at another
	// process.
	if err := p.readConversation(c, j.question); err != nil {
		return err
	}
	reason := ""
	switch {
	case c.standing.LeftAlone:
		reason = "the bot leaves this contact alone"
	case c.standing.HandedOver:
		reason = "the chat is handed over: a person answers it"
	default:
		return nil
	}
	j.outcome = &store.Outcome{Status: flowhq.Ignored, Reason: reason}
	return nil
}

// tellOwner adds to an outcome that hands a chat over the notice to the owner's own number.
func (p *Pipeline) tellOwner(
	o *store.Outcome, question flowhq.Message, profile flowhq.Profile, config flowhq.Config,
) {
	// Nobody is told then. The hand-over is in the list of the API all the same.
	if profile.OwnerNumber == "" {
		return
	}
	for _, f := range o.Facts {
		if f.HandOver != nil {
			o.OwnerNotice = &store.OwnerNotice{
				// Not the id of a notice, under which the customer may be told that nobody came.
				To: profile.OwnerNumber, WAID: p.ReplyID(question, flowhq.KindOwner),
				Text: reply.OwnerNotice(profile, config, question.Contact, f.HandOver.Reason),
			}
		}
	}
}

// recentProfile returns the tenant's profile, which may be somewhat old: no message has told of a
// later version yet.
func (p *Pipeline) recentProfile(ctx context.Context) (flowhq.Profile, error) {
	if k := p.known.Load(); k != nil {
		return k.profile, nil
	}
	return p.Store.Profile(ctx, p.Tenant) // no message was answered yet
}

// ReceiveOwn records what the owner wrote to a customer from the phone, and hands the chat over.
// When it fails, WhatsApp must deliver the message again.
func (p *Pipeline) ReceiveOwn(ctx context.Context, in store.Inbound) error {
	profile, err := p.recentProfile(ctx) // which says how long the hand-over lasts
	if err != nil {
		return fmt.Errorf("receive %s from the owner: %w", in.WAID, err)
	}
	// The phone's clock may be years off. The hand-over counts from now then.
	if !plausible(in.SentAt, p.Now()) {
		in.SentAt = time.Time{}
	}
	r, err := p.Store.ReceiveOwn(ctx, p.Tenant, p.Epoch, store.Own{
		Inbound: in, HandOverFor: profile.HandOver(),
	})
	if err != nil {
		return p.failIfFenced(err)
	}
	p.merge(r.Contact, r.Merged)
	p.nudgeHandOvers()
	return nil
}

// Hand-overs end by themselves. The rows say when, so the next host goes on with them.
const (
	// dueHandOvers is how many are ended in a row.
	dueHandOvers = 50
	// maxHandOverWait bounds how long nobody looks, should the clocks disagree.
	maxHandOverWait = time.Hour
	// handOverRetry is the pause after a failure.
	handOverRetry = 10 * time.Second
)

// nudgeHandOvers has watchHandOvers look again: there may be a new one, or one less.
func (p *Pipeline) nudgeHandOvers() {
	select {
	// One nudge that waits is enough: whoever takes it reads all rows.
	case p.handOvers <- struct{}{}:
	default:
	}
}

// watchHandOvers ends the hand-overs whose time is over, until the pipeline stops. A tenant
// that has none costs one statement for each host.
func (p *Pipeline) watchHandOvers() {
	for {
		wait, err := p.endHandOvers()
		if err != nil {
			if p.ctx.Err() == nil {
				p.Log.Warn("could not look for hand-overs; trying again", "err", err)
			}
			// Fenced, this host ends; the newer one ends the hand-overs.
			_ = p.failIfFenced(err)
			wait = handOverRetry
		}
		if !p.awaitHandOver(wait) {
			return
		}
	}
}

// awaitHandOver waits until it is time to look again; 0 = until somebody says so. It returns
// false if the pipeline ends.
func (p *Pipeline) awaitHandOver(wait time.Duration) bool {
	var due <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(min(wait, maxHandOverWait))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-due:
		return true
	case <-p.handOvers:
		return true
	case <-p.stopping:
	case <-p.ctx.Done():
	}
	return false
}

// endHandOvers ends what is due, and returns after how long the next one is; 0 = there is none. A
// panic must not end the process, which hosts other tenants.
func (p *Pipeline) endHandOvers() (next time.Duration, err error) {
	defer func() {
		if r := recover(); r != nil {
			p.Log.Error("ending a hand-over panicked", "panic", r, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	due, next, err := p.Store.DueHandOvers(p.ctx, p.Tenant, dueHandOvers)
	if err != nil {
		return 0, err
	}
	for _, h := range due {
		var news *store.Outbound
		if h.NobodyCame {
			profile, err := p.recentProfile(p.ctx)
			if err != nil {
				return 0, err
			}
			news = &store.Outbound{
				WAID: p.ReplyID(h.Question, flowhq.KindNotice), Kind: flowhq.KindNotice,
				Text: reply.NobodyCame(profile, p.currentConfig(), languageOf(h.State)),
			}
		}
		// The news is a row before it is sent, written with the end of the hand-over. A crash here
		// leaves it for the next host, under the same id of WhatsApp.
		if err := p.Store.EndHandOver(p.ctx, p.Tenant, p.Epoch, h.ID, news); err != nil {
			return 0, err
		}
		if news != nil {
			p.refillSoon() // which finds the row
		}
	}
	return next, nil
}

// languageOf is the language of a conversation, "" if it is the tenant's.
func languageOf(state []byte) flowhq.Language {
	var s struct {
		Language flowhq.Language `json:"language"`
	}
	// A state that cannot be read costs the customer's language, and not the message.
	if json.Unmarshal(state, &s) != nil {
		return ""
	}
	return s.Language
}
