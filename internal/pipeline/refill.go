package pipeline

import (
	"context"

	"github.com/flowhq/flowhq"
)

// fillPage is how many rows are read at a time to fill the queues. After an outage a tenant
// may have many thousand, each up to 64 KiB of text.
const fillPage = 500

// Fill queues what earlier hosts left: replies that were written but perhaps not sent, then
// messages that were recorded but not answered. It must be called before the session
// connects, so that older rows are queued before messages that come now.
func (p *Pipeline) Fill(ctx context.Context) error {
	recent, err := p.Store.RecentReplies(ctx, p.Tenant, p.Now().Add(-flowhq.ContactWindow))
	if err != nil {
		return err
	}
	p.limiter.fill(recent)
	return p.Refill(ctx)
}

// Refill queues what is due in the rows and not in flight, such as a message that an
// operator retries: first replies to send, then messages to answer.
func (p *Pipeline) Refill(ctx context.Context) error {
	p.nudgeHandOvers() // an operator may have handed a chat over
	p.refilling.Lock()
	defer p.refilling.Unlock()
	err := p.pages(func(after int64) ([]flowhq.Message, error) {
		return p.Store.Unsent(ctx, p.Tenant, after, fillPage)
	}, func(m flowhq.Message, readAt generation) {
		p.enqueue(job{reply: &m, fromRows: true, readAt: readAt})
	})
	if err != nil {
		return err
	}
	return p.pages(func(after int64) ([]flowhq.Message, error) {
		return p.Store.Unanswered(ctx, p.Tenant, after, fillPage)
	}, func(m flowhq.Message, readAt generation) {
		p.queue(ctx, job{question: m, fromRows: true, readAt: readAt})
	})
}

// Forget empties the queues of a pipeline that has not started. If another number was
// linked since Fill, some of what Fill read has ended with the old number, and Refill has
// to read the rows again.
func (p *Pipeline) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		clear(p.chats)
		clear(p.inFlight)
	}
}

// pages calls each with every message of a list that is read in pages by id, and with the
// generation in which its page was read.
func (p *Pipeline) pages(
	read func(after int64) ([]flowhq.Message, error), each func(flowhq.Message, generation),
) error {
	page := func(after int64) (n int, last int64, err error) {
		readAt := p.beginRead()
		defer p.endRead()
		page, err := read(after)
		for _, m := range page {
			each(m, readAt)
			last = m.ID
		}
		return len(page), last, err
	}
	for after := int64(0); ; {
		n, last, err := page(after)
		if err != nil || n < fillPage {
			return err
		}
		after = last
	}
}

// refillSoon has a goroutine refill, because a row could not be written and nobody has it
// in hand. The goroutine tries until that has worked or the pipeline stops: then the rows
// are left to the next host. One goroutine serves all calls.
func (p *Pipeline) refillSoon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refillDue = true
	if p.refillRunning || p.stopped {
		return
	}
	p.refillRunning = true
	p.work.Go(func() {
		for wait := firstRetry; p.pauseUntilStop(wait) && p.takeRefill(); {
			wait = min(2*wait, lastRetry)
			if err := p.Refill(p.ctx); err != nil {
				p.Log.Warn("could not look for rows; trying again", "err", err)
				p.refillSoon()
			}
		}
	})
}

// takeRefill reports whether a refill is due, which the caller must then do. If none is, the
// caller, which is the goroutine of refillSoon, must end.
func (p *Pipeline) takeRefill() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refillRunning = p.refillDue
	p.refillDue = false
	return p.refillRunning
}

// A generation counts the jobs that have finished, and the merges of contacts.
type generation uint64

// finishedJobs remembers which jobs have finished, for as long as somebody holds rows that
// were read before they did. Such a row shows the job as it was: queued again, it would be
// done twice.
type finishedJobs struct {
	now generation
	// readers is how many calls are between beginRead and endRead.
	readers int
	// at is the generation in which a job finished, by message. It is kept only while there
	// are readers, so it stays small.
	at map[int64]generation
	// contacts holds likewise when the conversation of a contact may have changed last: when a
	// job of the contact finished, or the contact was merged.
	contacts map[int64]generation
}

// beginRead begins a reading of rows, which ends with endRead. The rows are as new as the
// generation that it returns, or newer.
func (p *Pipeline) beginRead() generation {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished.readers++
	return p.finished.now
}

// endRead ends a reading. The last reader forgets which jobs have finished meanwhile.
func (p *Pipeline) endRead() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished.readers--; p.finished.readers == 0 {
		p.finished.at, p.finished.contacts = nil, nil
	}
}

// add notes that the job of a message has finished, which was a contact's.
func (f *finishedJobs) add(message, contact int64) {
	f.change(contact)
	if f.readers == 0 {
		return
	}
	if f.at == nil {
		f.at = make(map[int64]generation)
	}
	f.at[message] = f.now
}

// change notes that the conversation of a contact may have changed.
func (f *finishedJobs) change(contact int64) {
	f.now++
	if f.readers == 0 {
		return
	}
	if f.contacts == nil {
		f.contacts = make(map[int64]generation)
	}
	f.contacts[contact] = f.now
}

// changed reports whether the conversation of a contact may have changed after it was read.
func (f *finishedJobs) changed(contact int64, readAt generation) bool {
	return f.contacts[contact] > readAt
}

// after reports whether the job of a message finished after its row was read.
func (f *finishedJobs) after(message int64, readAt generation) bool {
	return f.at[message] > readAt
}
