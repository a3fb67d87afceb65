package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// maxRedecisions is how often a question is decided once more in a row because what that rested
// on has changed. Each time somebody else was faster, who cannot be for ever.
const maxRedecisions = 3

// answer takes one question that is decided to its reply, which is then to be sent.
//
// The database refuses an answer that does not hold any more, with code Conflict: another
// customer has taken the last slot, or a person has taken the chat over. Nothing is written then.
// The conversation is read anew and the question decided once more.
func (p *Pipeline) answer(c *chat, j *job) error {
	for again := 0; ; again++ {
		// On a second attempt the outcome is kept: the first attempt may have written it, and
		// lost the database's word of it.
		if j.outcome == nil {
			if err := p.conclude(c, j); err != nil {
				return err
			}
		}
		err := p.commit(c, j, j.outcomeOfBurst())
		if flowhq.ErrorCode(err) != flowhq.Conflict {
			return err
		}
		p.Log.Info("an answer does not hold any more; deciding again",
			"message", j.question.ID, "err", err)
		j.noteRefused()
		j.outcome, c.stateRead = nil, false
		if again == maxRedecisions {
			return err
		}
	}
}

// conclude gives the job the outcome that follows from the rate limiter's decision: a reply, or
// silence, perhaps with a warning.
func (p *Pipeline) conclude(c *chat, j *job) error {
	config, d := p.currentConfig(), decision{}
	if j.decision != nil {
		d = *j.decision
	}
	if config.LeavesToOthers() { // since it was decided, or an answer was refused
		if j.decision != nil {
			p.refund(c, d)
		}
		if err := p.checkPeople(c, j); err != nil || j.outcome != nil {
			return err
		}
		return p.leaveToOthers(j, config)
	}
	if d.allowed() {
		if err := p.checkPeople(c, j); err != nil {
			return err
		}
		if j.outcome != nil { // since it was decided
			p.refund(c, d)
			return nil
		}
		return p.compose(c, j, config)
	}
	o := store.Outcome{Status: flowhq.Suppressed, Reason: d.reason}
	if d.warn {
		text := reply.SlowDown(config)
		if d.scope == scopeTenant { // it is not this customer who writes too much
			text = reply.Busy(config)
		}
		o.Reply = p.warning(j.question, text, d.scope)
	}
	j.outcome = &o
	return nil
}

// compose has the bot decide what to say, and what facts that leaves: the job's outcome.
func (p *Pipeline) compose(c *chat, j *job, config flowhq.Config) error {
	suggestion, err := p.consult(c, j, config)
	if err != nil {
		return err
	}
	p.applyRevisions(c, j, true)
	if j.text() == "" && !j.anyOf(func(m flowhq.Message) bool { return m.Wordless }) {
		j.outcome = &store.Outcome{Status: flowhq.Ignored, Reason: "nothing is left of it"}
		return nil
	}
	known, err := p.knowledgeOf(c.standing.ProfileVersion, config)
	if err != nil {
		return err
	}
	in := p.input(c, j, known)
	in.Suggestion = suggestion
	turn := p.Decide(in)
	p.countSuggestion(turn.Understood)
	o := store.Outcome{
		Status: flowhq.Answered, State: p.encode(turn.State), Understood: p.encode(turn.Understood),
		Facts: turn.Facts, Capacity: known.profile.Capacity, HandOverFor: known.profile.HandOver(),
	}
	if turn.Reply == "" {
		o.Status, o.Reason = flowhq.Ignored, "there is nothing to say to it"
	} else {
		o.Reply = &store.Outbound{
			WAID: p.ReplyID(j.question, flowhq.KindReply), Kind: flowhq.KindReply,
			Text: turn.Reply,
		}
	}
	p.tellOwner(&o, j.question, known.profile, config)
	j.outcome = &o
	return nil
}

// input is everything that the bot decides by, but for a suggestion.
func (p *Pipeline) input(c *chat, j *job, k *known) reply.Input {
	return reply.Input{
		Message: p.asked(j), Knowledge: k.knowledge, State: c.state,
		Calendar: reply.Calendar{
			Taken:    j.taken(c.standing.Taken, k.profile.Capacity),
			Bookings: c.standing.Bookings, Orders: c.standing.Orders,
			Tickets: c.standing.Tickets,
		},
		Reference: flowhq.Reference(j.question.ID),
	}
}

// maxRefused bounds the times that a job remembers as refused.
const maxRefused = 64

// noteRefused remembers the times of the bookings in an answer that the database has refused.
func (j *job) noteRefused() {
	for _, f := range j.outcome.Facts {
		if b := f.Booking; b != nil && b.Status != flowhq.BookingCancelled && len(j.refused) < maxRefused {
			j.refused = append(j.refused, flowhq.Span{From: b.StartsAt, To: b.EndsAt})
		}
	}
}

// taken adds what was refused to what is taken: as often as there are places, so it is full. What
// is read of a busy calendar is bounded, and the database refuses what lies beyond: without this
// the same answer would be decided, and refused, until the message is given up.
func (j *job) taken(read []flowhq.Span, capacity int) []flowhq.Span {
	all := slices.Clip(read)
	for _, s := range j.refused {
		all = append(all, slices.Repeat([]flowhq.Span{s}, max(1, capacity))...)
	}
	return all
}

// asked is what the customer has written, as the bot reads it: the lines of a burst in one text.
func (p *Pipeline) asked(j *job) reply.Message {
	m := j.question
	q := reply.Message{
		Text: j.text(), Kind: m.Kind, ID: m.ID, Number: m.Contact,
		Written: writtenAt(m), At: p.Now(),
	}
	for _, m := range j.lines() {
		if m.Media != "" {
			q.Media = strings.ToLower(string(m.Media))
		}
		if m.Latitude != nil {
			q.Latitude, q.Longitude = m.Latitude, m.Longitude
		}
	}
	if q.Text == "" && q.Kind == flowhq.KindText { // a choice of which nothing can be read
		q.Kind = flowhq.KindMedia
	}
	return q
}

// encode is JSON for a row. That it fails is unreachable, as these are plain data; the
// conversation then starts over.
func (p *Pipeline) encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		p.Log.Error("could not encode a conversation", "err", err)
		return nil
	}
	return raw
}

// readConversation reads the conversation that m goes on with, unless it came with m.
func (p *Pipeline) readConversation(c *chat, m flowhq.Message) error {
	if c.stateRead {
		return nil
	}
	return p.persist("read conversation", func(ctx context.Context) error {
		v, err := p.Store.Conversation(ctx, p.Tenant, m.ID)
		if err != nil {
			return err
		}
		c.setConversation(v)
		return nil
	})
}

// setConversation keeps a conversation as it is in the rows. A state that cannot be
// decoded was written by another version of the program: the conversation starts over.
func (c *chat) setConversation(v store.Conversation) {
	c.standing, c.stateRead, c.mutedUntil = v, true, v.MutedUntil
	c.state = reply.State{}
	if len(v.State) > 0 && json.Unmarshal(v.State, &c.state) != nil {
		c.state = reply.State{}
	}
}
