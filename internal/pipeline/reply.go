package pipeline

import (
	"context"
	"encoding/json"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// decide finds out whether a question is to be replied to, and waits until it is its
// turn. What it decides stands: a second try counts no second reply.
func (p *Pipeline) decide(c *chat, j *job) error {
	if j.reply != nil || j.outcome != nil || j.verdict != nil {
		return nil
	}
	p.asItIs(c, &j.question, false)
	if reason := expired(j.question, p.currentConfig(), p.Now()); reason != "" {
		j.outcome = &store.Outcome{Status: flowhq.Expired, Reason: reason}
		return nil
	}
	switch needed, err := p.needsAnswer(j.question); {
	case err != nil:
		return err
	case !needed:
		j.outcome = &ignored
		return nil
	}
	switch o, is, err := p.muted(c, j); {
	case err != nil:
		return err
	case is:
		j.outcome = &o
		return nil
	}
	v, err := p.takeTurn(c, j)
	if err != nil {
		return err
	}
	j.verdict = &v
	return nil
}

// answer takes one question that is decided to its reply, which is then to be sent.
func (p *Pipeline) answer(c *chat, j *job) error {
	if j.outcome == nil { // else, on a second try, the first may have written it and not known
		o, err := p.outcome(c, j)
		if err != nil {
			return err
		}
		j.outcome = &o
	}
	return p.commit(c, j, *j.outcome)
}

// outcome is what the verdict makes of a question.
func (p *Pipeline) outcome(c *chat, j *job) (store.Outcome, error) {
	config, v := p.currentConfig(), *j.verdict
	if v.scope == "" {
		if err := p.readState(c, j.question); err != nil {
			return store.Outcome{}, err
		}
		return p.compose(c, j, config), nil
	}
	o := store.Outcome{Status: flowhq.Suppressed, Reason: v.reason}
	if v.warn {
		text := reply.SlowDown(config)
		if v.scope == scopeTenant { // it is not this customer who writes too much
			text = reply.Busy(config)
		}
		o.Reply = &store.Outbound{WAID: p.ReplyID(j.question, flowhq.KindWarning), Kind: flowhq.KindWarning, Text: text, Reason: v.scope}
	}
	return o, nil
}

// compose asks the template for the reply.
func (p *Pipeline) compose(c *chat, j *job, config flowhq.Config) store.Outcome {
	p.asItIs(c, &j.question, true)
	m := j.question
	question := reply.Message{Text: m.Text, Kind: m.Kind, Written: writtenAt(m), At: p.Now()}
	if m.Wordless {
		question.Text, question.Kind = "", flowhq.KindMedia
	}
	text, next, _ := reply.Answer(question, config, c.state)
	j.next = next
	state, err := json.Marshal(next)
	if err != nil {
		// Unreachable: a State is plain data. The conversation starts over.
		p.Log.Error("could not encode a conversation", "err", err)
		state = nil
	}
	return store.Outcome{
		Status: flowhq.Answered, State: state,
		Reply: &store.Outbound{WAID: p.ReplyID(m, flowhq.KindReply), Kind: flowhq.KindReply, Text: text},
	}
}

// readState reads the conversation so far, that m goes on with, once while the chat is
// busy.
func (p *Pipeline) readState(c *chat, m flowhq.Message) error {
	if c.stateRead {
		return nil
	}
	return p.persist("read conversation", func(ctx context.Context) error {
		v, err := p.Store.Conversation(ctx, p.Tenant, m.ID)
		if err != nil {
			return err
		}
		c.state, c.stateRead, c.mutedUntil = reply.State{}, true, v.MutedUntil
		if len(v.State) > 0 && json.Unmarshal(v.State, &c.state) != nil {
			c.state = reply.State{} // written by another version; start over
		}
		return nil
	})
}
