package pipeline

import (
	"context"

	"github.com/flowhq/flowhq"
)

// fillPage is how many rows are read at a time to fill the queues.
const fillPage = 500

// Fill queues what earlier hosts left: replies that were written but perhaps not
// sent, then messages that were recorded but not answered. It must be called
// before the session connects, so that older rows are queued before newer ones.
func (p *Pipeline) Fill(ctx context.Context) error {
	recent, err := p.Store.RecentReplies(ctx, p.Tenant, p.Now().Add(-flowhq.ContactWindow))
	if err != nil {
		return err
	}
	p.limit.refill(recent)
	return p.Refill(ctx)
}

// Refill queues what is in the rows and not in hand, as after an operator had a
// message tried again: first replies to send, then messages to answer.
func (p *Pipeline) Refill(ctx context.Context) error {
	p.refilling.Lock()
	defer p.refilling.Unlock()
	err := p.pages(func(after int64) ([]flowhq.Message, error) {
		return p.Store.Unsent(ctx, p.Tenant, after, fillPage)
	}, func(m flowhq.Message, since generation) { p.enqueue(job{reply: &m, found: true, since: since}) })
	if err != nil {
		return err
	}
	return p.pages(func(after int64) ([]flowhq.Message, error) {
		return p.Store.Unanswered(ctx, p.Tenant, after, fillPage)
	}, func(m flowhq.Message, since generation) {
		p.admit(ctx, job{question: m, found: true, since: since})
	})
}

// Forget empties the queues of a pipeline that has not started. What is due is in the
// rows, for Refill: it has to be read again if another number was linked since Fill, with
// which some of it ended.
func (p *Pipeline) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		clear(p.chats)
		clear(p.inHand)
	}
}

// pages calls each with every message of a list that is read in pages by id, and with
// the generation of its page.
func (p *Pipeline) pages(read func(after int64) ([]flowhq.Message, error), each func(flowhq.Message, generation)) error {
	page := func(after int64) (n int, last int64, err error) {
		since := p.look()
		defer p.looked()
		page, err := read(after)
		for _, m := range page {
			each(m, since)
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

// refillSoon has the rows looked for that could not be seen to now. It tries until
// that has worked or the pipeline stops, when they are left to the next host.
func (p *Pipeline) refillSoon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owed = true
	if p.paying || p.stopped {
		return
	}
	p.paying = true
	p.work.Go(func() {
		for wait := firstRetry; p.rest(wait) && p.owes(); wait = min(2*wait, lastRetry) {
			if err := p.Refill(p.ctx); err != nil {
				p.Log.Warn("could not look for rows; trying again", "err", err)
				p.refillSoon()
			}
		}
	})
}

// owes reports whether a refill is owed, which is then being seen to. If none is, who
// asked must end.
func (p *Pipeline) owes() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paying = p.owed
	p.owed = false
	return p.paying
}

// A generation counts the jobs that are over.
type generation uint64

// finished remembers which jobs are over, and since when, while somebody holds rows
// that were read before. Such a row may be one of them as it was, and must not be
// done again.
type finished struct {
	now     generation
	readers int
	since   map[int64]generation // by message
}

// look begins a reading of rows, which ends with looked. The rows are as new as the
// generation it returns, or newer.
func (p *Pipeline) look() generation {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over.readers++
	return p.over.now
}

func (p *Pipeline) looked() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over.readers--; p.over.readers == 0 {
		p.over.since = nil
	}
}

// add notes that a job is over.
func (f *finished) add(message int64) {
	f.now++
	if f.readers == 0 {
		return
	}
	if f.since == nil {
		f.since = make(map[int64]generation)
	}
	f.since[message] = f.now
}

// after reports whether the job of a message ended after the generation in which its
// row was read.
func (f *finished) after(message int64, read generation) bool { return f.since[message] > read }
