package pipeline

import (
	"context"
	"encoding/json"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// answer takes one question from its queue to its reply, which is then to be sent.
func (p *Pipeline) answer(c *chat, j *job) error {
	config := p.currentConfig()
	if j.verdict == nil {
		if needed, err := p.needsAnswer(j.question); err != nil {
			return err
		} else if !needed {
			return p.commit(c, j, ignored)
		}
	}
	if j.verdict == nil { // a second try counts no second reply
		v := p.take(c, config)
		j.verdict = &v
	}
	if j.outcome != nil { // a second try: the first may have written it and not known
		return p.commit(c, j, *j.outcome)
	}
	v := *j.verdict
	var o store.Outcome
	if v.scope == "" {
		if err := p.readState(c, j.question); err != nil {
			return err
		}
		o = p.compose(c, j, config)
	} else {
		o = store.Outcome{Status: flowhq.Suppressed, Reason: v.reason}
		if v.warn {
			o.Reply = &store.Outbound{
				WAID: p.NewID(), Kind: flowhq.KindWarning, Text: reply.SlowDown(config), Reason: v.scope,
			}
		}
	}
	j.outcome = &o
	return p.commit(c, j, o)
}

// compose asks the template for the reply.
func (p *Pipeline) compose(c *chat, j *job, config flowhq.Config) store.Outcome {
	m := j.question
	question := reply.Message{Text: m.Text, Kind: m.Kind, At: m.CreatedAt}
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
		Reply: &store.Outbound{WAID: p.NewID(), Kind: flowhq.KindReply, Text: text},
	}
}

// readState reads the conversation so far, that m goes on with, once while the chat is
// busy.
func (p *Pipeline) readState(c *chat, m flowhq.Message) error {
	if c.stateRead {
		return nil
	}
	return p.persist("read conversation", func(ctx context.Context) error {
		raw, err := p.Store.Conversation(ctx, p.Tenant, m.ID)
		if err != nil {
			return err
		}
		c.state, c.stateRead = reply.State{}, true
		if len(raw) > 0 && json.Unmarshal(raw, &c.state) != nil {
			c.state = reply.State{} // written by another version; start over
		}
		return nil
	})
}
