package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

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
	next     reply.State     // of the conversation, if the outcome is stored
	reply    *flowhq.Message // to send; nil before the question is answered
	found    bool            // in the rows: an earlier host may have died of it
	since    generation      // its row is as new as this
	waited   time.Duration   // for its turn, by the chat before the job was queued
	heard    bool            // and taken in by the exchange, which then said suspect
	suspect  suspicion
}

// due is the message that the job is at.
func (j job) due() flowhq.Message {
	if j.reply != nil {
		return *j.reply
	}
	return j.question
}

// messages are the ids of those that the job is about.
func (j job) messages() (ids []int64) {
	if j.question.ID != 0 {
		ids = append(ids, j.question.ID)
	}
	if j.reply != nil {
		ids = append(ids, j.reply.ID)
	}
	return ids
}

// place is where the job belongs in its chat: that of the question.
func (j job) place() int64 {
	switch {
	case j.reply == nil:
		return j.question.ID
	case j.reply.InReplyTo == nil:
		return 0
	}
	return *j.reply.InReplyTo
}

// A chat is a FIFO with a goroutine that ends when it is empty.
type chat struct {
	contact int64
	waiting []job
	done    chan struct{}   // closed when the goroutine has ended; nil before it began
	after   []chan struct{} // done of chats that were merged into this one: they come first
	// told is set once the customer was asked to wait, until the queue is empty.
	told bool
	pace paced
	at   underway
	// state of the conversation, read when first needed.
	state     reply.State
	stateRead bool
	stale     bool // it has changed in the rows and is to be read again
	// mutedUntil is read with the state; while it lasts nobody is answered.
	mutedUntil time.Time
	arrived    chan struct{} // closed when a message comes; nil if nobody waits for one
}

// admit queues a recorded message, or marks it as overflowed if its chat's queue
// is full.
func (p *Pipeline) admit(ctx context.Context, j job) {
	if p.albumWaits(j) {
		p.settle(ctx, j.question, ignored)
		return
	}
	if !p.enqueue(j) {
		p.overflow(ctx, j.question)
	}
}

// enqueue puts a job in its place in its chat's queue, unless it is in hand already or
// over: nearly always that is the end, but for what was found late in the rows. It
// returns false if the queue is full, which only happens to questions: a reply that is
// due is sent.
func (p *Pipeline) enqueue(j job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := j.due()
	if p.inHand[m.ID] || p.over.after(m.ID, j.since) || j.reply != nil && p.writing[j.place()] {
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
	j.waited = c.pace.total(p.Now())
	at := len(c.waiting)
	for at > 0 && c.waiting[at-1].place() > j.place() {
		at--
	}
	c.waiting = slices.Insert(c.waiting, at, j)
	p.inHand[m.ID] = true
	if c.arrived != nil && j.reply == nil {
		close(c.arrived)
		c.arrived = nil
	}
	return true
}

// next takes the next job of a chat, whose last one, if any, is done. When there is
// none the chat is no longer busy, and the caller, its goroutine, must end.
func (p *Pipeline) next(c *chat, last job) (job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range last.messages() {
		delete(p.inHand, id)
		p.over.add(id)
	}
	c.at = underway{}
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
	c.at.id = j.question.ID
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
		if !p.turn(c) {
			return
		}
		if err := p.handle(c, &j); err != nil {
			if !errors.Is(err, errEnded) { // or the chat would stay busy with nobody to serve it
				p.fail(err)
			}
			return
		}
	}
}

// overflow marks a message that found its chat's queue full, and asks the
// customer to wait the first time that happens.
func (p *Pipeline) overflow(ctx context.Context, m flowhq.Message) {
	p.mu.Lock()
	c := p.chats[p.person(m.ContactID)]
	first := c != nil && !c.told && m.RetriedAt == nil // which was told when it came
	if first {
		c.told = true
	}
	p.mu.Unlock()

	o := store.Outcome{Status: flowhq.Overflowed, Reason: "too many messages were waiting in this chat"}
	if first {
		o.Reply = &store.Outbound{
			WAID: p.ReplyID(m, flowhq.KindWarning), Kind: flowhq.KindWarning, Text: reply.PleaseWait(p.currentConfig()), Reason: scopeQueue,
		}
	}
	p.settle(ctx, m, o)
}

// settle records what becomes of a message that is not queued, once: what the database
// does not take is looked for later.
func (p *Pipeline) settle(ctx context.Context, m flowhq.Message, o store.Outcome) {
	id, done, err := p.Store.Answer(ctx, p.Tenant, p.Epoch, m.ID, o)
	if err != nil {
		// Either the row stays RECEIVED or its warning PENDING.
		p.Log.Warn("could not mark a message; looking for it again", "message", m.ID, "status", o.Status, "err", err)
		if flowhq.ErrorCode(err) == flowhq.Fenced {
			p.fail(err)
		} else {
			p.refillSoon()
		}
		return
	}
	if done {
		p.Metrics.Outcome(o.Status)
	}
	if id != 0 {
		warning := outbound(id, m, *o.Reply)
		p.enqueue(job{reply: &warning})
	}
}

// outbound is the message of a reply row that was just written, to question.
func outbound(id int64, question flowhq.Message, o store.Outbound) flowhq.Message {
	return flowhq.Message{
		ID: id, Direction: flowhq.Out, ContactID: question.ContactID, Chat: question.Chat, Kind: o.Kind, Text: o.Text,
		WAMessageID: o.WAID, Status: flowhq.Pending, InReplyTo: &question.ID,
		TimerSeconds: o.Timer.Seconds, TimerSetAt: &o.Timer.SetAt,
	}
}
