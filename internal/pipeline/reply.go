package pipeline

import (
	"context"
	"encoding/json"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// answer takes one question that is decided to its reply, which is then to be sent.
func (p *Pipeline) answer(c *chat, j *job) error {
	// On a second attempt the outcome is kept: the first attempt may have written it, and
	// lost the database's word of it.
	if j.outcome == nil {
		o, err := p.outcome(c, j)
		if err != nil {
			return err
		}
		j.outcome = &o
	}
	return p.commit(c, j, *j.outcome)
}

// outcome is what the rate limiter's decision makes of a question: a reply, or silence,
// perhaps with a warning.
func (p *Pipeline) outcome(c *chat, j *job) (store.Outcome, error) {
	config, d := p.currentConfig(), *j.decision
	if d.allowed() {
		if err := p.readConversation(c, j.question); err != nil {
			return store.Outcome{}, err
		}
		return p.compose(c, j, config), nil
	}
	o := store.Outcome{Status: flowhq.Suppressed, Reason: d.reason}
	if d.warn {
		text := reply.SlowDown(config)
		if d.scope == scopeTenant { // it is not this customer who writes too much
			text = reply.Busy(config)
		}
		o.Reply = p.warning(j.question, text, d.scope)
	}
	return o, nil
}

// compose asks the template for the reply.
func (p *Pipeline) compose(c *chat, j *job, config flowhq.Config) store.Outcome {
	p.applyRevision(c, &j.question, true)
	m := j.question
	question := reply.Message{Text: m.Text, Kind: m.Kind, Written: writtenAt(m), At: p.Now()}
	if m.Wordless { // the text of such a row is a file's name and the like
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
		Reply: &store.Outbound{
			WAID: p.ReplyID(m, flowhq.KindReply), Kind: flowhq.KindReply, Text: text,
		},
	}
}

// readConversation reads the conversation that m goes on with, once while the chat is
// busy: its goroutine is the only writer meanwhile.
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
	c.state, c.stateRead, c.mutedUntil = reply.State{}, true, v.MutedUntil
	if len(v.State) > 0 && json.Unmarshal(v.State, &c.state) != nil {
		c.state = reply.State{}
	}
}
