package pipeline

import (
	"context"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// maxWaiting is how many messages may wait in one chat. It lets a customer paste a long
// list line by line, and keeps a chat that floods from filling the memory of the worker.
const maxWaiting = 50

// A job is one thing to do in a chat: answer a question, or send a reply that an earlier
// host, or an overflow, has left in the rows. Its fields are filled in step by step, so
// that a second attempt goes on where the first one failed.
type job struct {
	// question is what to answer; zero if there is only a reply to send. Of a burst it is the
	// last line.
	question flowhq.Message
	// earlier are the lines of the burst before the question, oldest first.
	earlier []burstLine
	// gathered says that the lines of the burst are together.
	gathered bool
	// alone says that the question is not to be read with others.
	alone bool
	// decision is the rate limiter's, once it was asked.
	decision *decision
	// waiter is the reply's place in the rate limiter's queue, if it has to wait there.
	waiter *waiter
	// conversation is what Receive read with the question; nil for a job from the rows.
	conversation *store.Conversation
	// outcome is the question's, once it is decided or composed.
	outcome *store.Outcome
	// refused are the times for which the database has said that there is no room.
	refused []flowhq.Span
	// reply is what to send; nil before the question is answered.
	reply *flowhq.Message

	// fromRows says that the job was not just received: an earlier host may have died of it.
	fromRows bool
	// attempted says that the row counts the first attempt: it was written with it.
	attempted bool
	// readAt is the generation in which its row was read, or an earlier one.
	readAt generation
	// waited is how long the chat had waited for the rate limiter when the job was queued.
	waited time.Duration
	// inspected is set once the loop detector has seen the question. It sees each question
	// once, however often the job is tried, and what it said is the suspicion.
	inspected bool
	suspicion suspicion
}

// due is the message that the job is at: the reply once there is one.
func (j job) due() flowhq.Message {
	if j.reply != nil {
		return *j.reply
	}
	return j.question
}

// messages are the ids of the rows that the job is about.
func (j job) messages() (ids []int64) {
	for _, l := range j.earlier {
		ids = append(ids, l.message.ID)
	}
	if j.question.ID != 0 {
		ids = append(ids, j.question.ID)
	}
	if j.reply != nil {
		ids = append(ids, j.reply.ID)
	}
	return ids
}

// position is where the job belongs in its chat. Questions are ordered by id, which is the
// order of arrival, and a reply stands where its question stood. A message that answers none in
// particular, such as a second bubble of a program of others, stands where it was written.
func (j job) position() int64 {
	switch {
	case j.reply == nil:
		return j.question.ID
	case j.reply.InReplyTo == nil:
		return j.reply.ID
	}
	return *j.reply.InReplyTo
}

// goesBefore reports whether j belongs before another job of its chat. What is to be sent goes in
// the order in which it was written, whatever it answers: a second bubble was written after the
// first, though another question came in between.
func (j job) goesBefore(other job) bool {
	if j.reply != nil && other.reply != nil {
		return j.reply.ID < other.reply.ID
	}
	return j.position() < other.position()
}

// A chat is the FIFO of one contact. Pipeline.mu guards it, but for the conversation's
// state, which only the chat's goroutine uses. The goroutine ends when the FIFO is empty.
type chat struct {
	contact int64
	waiting []job
	// done is closed when the goroutine has ended; nil before it began.
	done chan struct{}
	// after holds done of the chats that were merged into this one. They go first.
	after []chan struct{}
	// overflowWarned is set once the customer was asked to wait. The chat, and the flag
	// with it, is forgotten when its queue is empty.
	overflowWarned bool
	limitWait      waitTime
	current        currentQuestion
	// arrived is closed when a message comes; nil if nobody waits for one.
	arrived chan struct{}
	// stateStale says that a merge has changed the conversation in the rows.
	stateStale bool

	// The conversation is read for each job, when it is first needed. The contact is not answered
	// before mutedUntil.
	stateRead  bool
	standing   store.Conversation
	state      reply.State
	mutedUntil time.Time
}

// queue puts a recorded message in its chat's queue, or records why it gets no answer.
func (p *Pipeline) queue(ctx context.Context, j job) {
	if p.albumWaits(j) {
		p.record(ctx, j.question, ignored)
		return
	}
	if !p.enqueue(j) {
		p.overflow(ctx, j.question)
	}
}

// enqueue puts a job at its position in its chat's queue, unless the job is in flight or
// was finished after its row was read. The position is nearly always the end, but not for
// rows that a refill found late. It returns false if the queue is full, which happens to
// questions only: a reply is written already and must be sent.
func (p *Pipeline) enqueue(j job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := j.due()
	switch {
	case p.inFlight[m.ID], p.finished.after(m.ID, j.readAt):
		return true
	case p.leavesOut(j): // the question's own goroutine is about to send it
		return true
	}
	contact := p.currentContact(m.ContactID)
	c, busy := p.chats[contact]
	if !busy {
		c = &chat{contact: contact}
		p.chats[contact] = c
		p.useConversation(c, j)
		if p.started && !p.stopped {
			p.begin(c)
		}
	}
	if len(c.waiting) >= maxWaiting && j.reply == nil {
		return false
	}
	j.waited = c.limitWait.total(p.Now())
	at := len(c.waiting)
	for at > 0 && j.goesBefore(c.waiting[at-1]) {
		at--
	}
	c.waiting = slices.Insert(c.waiting, at, j)
	p.inFlight[m.ID] = true
	if c.arrived != nil && j.reply == nil {
		close(c.arrived)
		c.arrived = nil
	}
	return true
}

// useConversation spares the first job of a chat the statement that reads the conversation,
// where what Receive has read with the message still holds: nearly always, when a customer
// waits for each answer. It does not hold if a job of the contact has finished since, which may
// have changed it, or if the contact was merged; nor for long, so the job must begin now. The
// caller holds mu.
func (p *Pipeline) useConversation(c *chat, j job) {
	isCurrent := c.contact == j.question.ContactID && !p.finished.changed(c.contact, j.readAt)
	if j.conversation != nil && p.started && isCurrent {
		c.setConversation(*j.conversation)
	}
}

// next takes the next job of a chat, whose last job, if any, is done. Without a next one
// the chat is no longer busy, and the caller, which is the chat's goroutine, must end: the
// same lock that finds the queue empty forgets the chat, so that no message gets lost
// between the two.
func (p *Pipeline) next(c *chat, last job) (job, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range last.messages() {
		delete(p.inFlight, id)
		p.finished.add(id, p.currentContact(c.contact))
	}
	c.current = currentQuestion{}
	if p.stopped || len(c.waiting) == 0 {
		if len(c.waiting) == 0 && p.chats[c.contact] == c {
			delete(p.chats, c.contact)
		}
		return job{}, false
	}
	j := c.waiting[0]
	c.waiting = c.waiting[1:]
	if c.stateStale || last.messages() != nil {
		// A person may have taken the chat over, and a slot may have been taken, since it was read.
		c.stateStale, c.stateRead = false, false
		p.useConversation(c, j)
	}
	c.current.ids = []int64{j.question.ID}
	return j, true
}
