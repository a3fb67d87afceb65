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
	question flowhq.Message  // to answer; zero if there only is a reply to send
	verdict  *verdict        // on the question, once it was asked for
	outcome  *store.Outcome  // of the question, once composed
	reply    *flowhq.Message // to send; nil before the question is answered
	found    bool            // in the rows: an earlier host may have died of it
}

// due is the message that the job is at.
func (j job) due() flowhq.Message {
	if j.reply != nil {
		return *j.reply
	}
	return j.question
}

// A chat is a FIFO with a goroutine that ends when it is empty.
type chat struct {
	contact int64
	waiting []job
	done    chan struct{}   // closed when the goroutine has ended; nil before it began
	after   []chan struct{} // done of chats that were merged into this one: they come first
	// told is set once the customer was asked to wait, until the queue is empty.
	told bool
	// state of the conversation, read when first needed.
	state     reply.State
	stateRead bool
	stale     bool // it has changed in the rows and is to be read again
}

// admit queues a recorded message, or marks it as overflowed if its chat's queue
// is full.
func (p *Pipeline) admit(ctx context.Context, j job) {
	if !p.enqueue(j) {
		p.overflow(ctx, j.question)
	}
}

// enqueue puts a job at the end of its chat's queue, unless it is in hand already.
// It returns false if the queue is full, which only happens to questions: a reply
// that is due is sent.
func (p *Pipeline) enqueue(j job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := j.due()
	if p.inHand[m.ID] {
		return true
	}
	contact := p.person(m.ContactID)
	c, busy := p.chats[contact]
	if !busy {
		c = &chat{contact: contact}
		p.chats[contact] = c
		if p.started && !p.stopped {
			p.begin(c)
		}
	}
	if len(c.waiting) >= maxWaiting && j.reply == nil {
		return false
	}
	c.waiting = append(c.waiting, j)
	p.inHand[m.ID] = true
	return true
}

// next takes the next job of a chat, whose last one, if any, is done. When there is
// none the chat is no longer busy, and the caller, its goroutine, must end.
func (p *Pipeline) next(c *chat, last job) (job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.inHand, last.question.ID)
	if last.reply != nil {
		delete(p.inHand, last.reply.ID)
	}
	if p.stopped || len(c.waiting) == 0 {
		if len(c.waiting) == 0 && p.chats[c.contact] == c {
			delete(p.chats, c.contact)
		}
		return job{}, false
	}
	if c.stale {
		c.stale, c.stateRead = false, false
	}
	j := c.waiting[0]
	c.waiting = c.waiting[1:]
	return j, true
}

// begin starts the goroutine of a chat. The caller holds mu.
func (p *Pipeline) begin(c *chat) {
	c.done = make(chan struct{})
	p.work.Go(func() {
		defer close(c.done)
		p.serve(c)
	})
}

// serve handles one chat's jobs, one at a time, until there are none or the
// pipeline has ended: what is left is for the next host, then.
func (p *Pipeline) serve(c *chat) {
	var j job
	for {
		var ok bool
		if j, ok = p.next(c, j); !ok {
			return
		}
		if !p.turn(c) || p.handle(c, &j) != nil {
			return
		}
	}
}

// overflow marks a message that found its chat's queue full, and asks the
// customer to wait the first time that happens.
func (p *Pipeline) overflow(ctx context.Context, m flowhq.Message) {
	p.mu.Lock()
	c := p.chats[p.person(m.ContactID)]
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
	p.Metrics.Outcome(flowhq.Overflowed)
	if id != 0 {
		warning := outbound(id, m, *o.Reply)
		p.enqueue(job{reply: &warning})
	}
}

// outbound is the message of a reply row that was just written, to question.
func outbound(id int64, question flowhq.Message, o store.Outbound) flowhq.Message {
	return flowhq.Message{
		ID: id, Direction: flowhq.Out, ContactID: question.ContactID, Chat: question.Chat, Kind: o.Kind, Text: o.Text,
		WAMessageID: o.WAID, Status: flowhq.Pending,
	}
}
