package pipeline

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// maxWaiting is how many messages may wait in one chat. The original's number;
// it lets a customer paste a long list, and stops a chat that floods.
const maxWaiting = 50

// A job is one thing to do in a chat, in its turn.
type job struct {
	message flowhq.Message
	resend  bool // message is a reply to send, not a question to answer
}

// A chat is a FIFO with a goroutine that ends when it is empty.
type chat struct {
	id      string
	waiting []job
	// told is set once the customer was asked to wait, until the queue is empty.
	told bool
	// state of the conversation, read when first needed.
	state     reply.State
	stateRead bool
}

// admit queues a recorded message, or marks it as overflowed if its chat's queue
// is full.
func (p *Pipeline) admit(ctx context.Context, m flowhq.Message) {
	if !p.enqueue(job{message: m}) {
		p.overflow(ctx, m)
	}
}

// enqueue puts a job at the end of its chat's queue. It returns false if the
// queue is full, which only happens to questions: a reply that is due is sent.
func (p *Pipeline) enqueue(j job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, busy := p.chats[j.message.Chat]
	if !busy {
		c = &chat{id: j.message.Chat}
		p.chats[c.id] = c
		if p.started && !p.stopped {
			p.work.Go(func() { p.serve(c) })
		}
	}
	if len(c.waiting) >= maxWaiting && !j.resend {
		return false
	}
	c.waiting = append(c.waiting, j)
	return true
}

// next takes the next job of a chat. When there is none the chat is no longer
// busy, and the caller, its goroutine, must end.
func (p *Pipeline) next(c *chat) (job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || len(c.waiting) == 0 {
		if len(c.waiting) == 0 {
			delete(p.chats, c.id)
		}
		return job{}, false
	}
	j := c.waiting[0]
	c.waiting = c.waiting[1:]
	return j, true
}

// serve handles one chat's jobs, one at a time, until there are none.
func (p *Pipeline) serve(c *chat) {
	for {
		j, ok := p.next(c)
		if !ok {
			return
		}
		if j.resend {
			ok = p.deliver(j.message)
		} else {
			ok = p.answer(c, j.message)
		}
		if !ok {
			return // the pipeline has ended; the rows are for the next host
		}
	}
}

// overflow marks a message that found its chat's queue full, and asks the
// customer to wait the first time that happens.
func (p *Pipeline) overflow(ctx context.Context, m flowhq.Message) {
	p.mu.Lock()
	c := p.chats[m.Chat]
	first := c != nil && !c.told
	if first {
		c.told = true
	}
	p.mu.Unlock()

	o := store.Outcome{Status: flowhq.Overflowed, Reason: "too many messages were waiting in this chat"}
	if first {
		o.Reply = &store.Outbound{
			WAID: p.NewID(), Kind: flowhq.KindWarning, Text: reply.PleaseWait(p.currentConfig()), Reason: scopeQueue,
		}
	}
	id, _, err := p.Store.Answer(ctx, p.Tenant, p.Epoch, m.ID, o)
	if err != nil {
		// Either the row stays RECEIVED or its warning PENDING: the next host
		// finds it, late but not lost.
		p.Log.Warn("could not mark a message that overflowed", "message", m.ID, "err", err)
		return
	}
	if id != 0 {
		p.enqueue(job{resend: true, message: outbound(id, m.Chat, *o.Reply)})
	}
}

// outbound is the message of a reply row that was just written.
func outbound(id int64, chat string, o store.Outbound) flowhq.Message {
	return flowhq.Message{
		ID: id, Direction: flowhq.Out, Chat: chat, Kind: o.Kind, Text: o.Text,
		WAMessageID: o.WAID, Status: flowhq.Pending,
	}
}
