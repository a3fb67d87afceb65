package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A waiter is a question whose reply waits for its turn.
type waiter struct {
	contact int64
	message int64     // ID: they arrived in this order
	since   time.Time // when it began to wait; earlier by what its chat has waited for it before
	quiet   bool      // its customer is not to be warned
	granted chan verdict
}

// A pace is the queue of those who wait for the tenant's limit. Only the first message
// of a chat is in it; the others wait in the chat.
type pace struct {
	waiting []*waiter
	told    window // times of the warnings, which keep the pace as well
	timer   *time.Timer
	stopped bool
}

// dispatch grants what there is room for and gives up what has waited too long, then
// sees to it that it is called when there is more to do. The caller holds mu.
func (l *limiter) dispatch() {
	now := l.clock()
	l.tenant.slide(now, flowhq.TenantWindow)
	l.pace.told.slide(now, flowhq.TenantWindow)
	if l.perMinute == 0 {
		for len(l.pace.waiting) > 0 {
			l.decide(0, verdict{scope: scopeTenant, reason: "the limit is no reply per minute"})
		}
	}
	for len(l.pace.waiting) > 0 && len(l.tenant.replies) < l.perMinute {
		i := l.first(now)
		contact := l.contact(l.pace.waiting[i].contact)
		l.tenant.replies = append(l.tenant.replies, now)
		contact.replies = append(contact.replies, now)
		l.decide(i, verdict{at: now})
	}
	for i := 0; i < len(l.pace.waiting); {
		if !l.giveUp(i, now) {
			i++
		}
	}
	l.wake(now)
}

// first is who is next: whoever has had the fewest replies in this minute, so that none
// of many waits for one who writes a lot, and of these whoever came first.
func (l *limiter) first(now time.Time) int {
	start := now.Add(-flowhq.TenantWindow)
	best, fewest := 0, 0
	for i, w := range l.pace.waiting {
		n := l.contact(w.contact).since(start)
		if i == 0 || n < fewest || n == fewest && w.message < l.pace.waiting[best].message {
			best, fewest = i, n
		}
	}
	return best
}

// giveUp suppresses the reply to one who has waited for as long as one may, if there
// is room for the warning that goes with it.
func (l *limiter) giveUp(i int, now time.Time) bool {
	w := l.pace.waiting[i]
	if now.Sub(w.since) < flowhq.TurnWait {
		return false
	}
	v := verdict{scope: scopeTenant, reason: fmt.Sprintf(
		"waited %d minutes for its turn under the limit of %d replies per minute", flowhq.TurnWait/time.Minute, l.perMinute)}
	contact := l.contact(w.contact)
	if tell := !w.quiet && (contact.told.IsZero() || now.Sub(contact.told) >= flowhq.ContactWindow); tell {
		if len(l.pace.told.replies) >= l.perMinute {
			return false // nor may warnings be sent faster; an answer may be sooner
		}
		l.pace.told.replies = append(l.pace.told.replies, now)
		contact.told, v.warn = now, true
	}
	l.decide(i, v)
	return true
}

func (l *limiter) decide(i int, v verdict) {
	l.pace.waiting[i].granted <- v
	l.pace.waiting = slices.Delete(l.pace.waiting, i, i+1)
}

// wake has dispatch called when the next of those who wait can be seen to.
func (l *limiter) wake(now time.Time) {
	if l.pace.timer != nil {
		l.pace.timer.Stop()
	}
	if len(l.pace.waiting) == 0 || l.pace.stopped {
		return
	}
	next := now.Add(flowhq.TenantWindow)
	if len(l.tenant.replies) > 0 {
		next = earlier(next, l.tenant.replies[0].Add(flowhq.TenantWindow))
	}
	for _, w := range l.pace.waiting {
		switch end := w.since.Add(flowhq.TurnWait); {
		case end.After(now):
			next = earlier(next, end)
		case len(l.pace.told.replies) > 0:
			next = earlier(next, l.pace.told.replies[0].Add(flowhq.TenantWindow))
		}
	}
	l.pace.timer = time.AfterFunc(next.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.dispatch()
	})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// leave ends the wait of one who goes.
func (l *limiter) leave(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace.waiting = slices.DeleteFunc(l.pace.waiting, func(other *waiter) bool { return other == w })
}

// stop ends the timer. Nobody is granted anything any more.
func (l *limiter) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace.stopped = true
	l.wake(l.clock())
}

// takeTurn asks the limits for the reply to a question, and waits for its turn. What
// waits when the pipeline stops is as it was in the rows, for the next host.
func (p *Pipeline) takeTurn(c *chat, j *job) (verdict, error) {
	v, w := p.ask(c, j)
	if w == nil {
		p.hadTurn(c, v)
		return v, nil
	}
	p.Metrics.Delayed.Inc()
	p.noteDelay()
	select {
	case v := <-w.granted:
		p.hadTurn(c, v)
		return v, nil
	case <-p.stopping:
	case <-p.ctx.Done():
	}
	p.limit.leave(w)
	return verdict{}, errEnded
}

// ask is under mu because the chat's contact may become another one.
func (p *Pipeline) ask(c *chat, j *job) (verdict, *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now()
	waited := c.pace.total(now) - max(j.waited, c.pace.granted)
	c.pace.since = now
	return p.limit.ask(waiter{
		contact: c.contact, message: j.question.ID, since: now.Add(-max(0, waited)),
		quiet: j.question.RetriedAt != nil, // it was warned when it came
	})
}

// hadTurn notes that a chat does not wait for its turn any more, and whether it had it.
func (p *Pipeline) hadTurn(c *chat, v verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.pace.ended = c.pace.total(p.Now())
	c.pace.since = time.Time{}
	if v.scope == "" {
		c.pace.granted = c.pace.ended
	}
}

// A paced is for how long a chat has waited for its turn, which is not while something
// is sent, or the database is away.
type paced struct {
	ended   time.Duration // of the waits that are over
	since   time.Time     // when the one that is not began; zero = there is none
	granted time.Duration // the total when a turn came last
}

// total is for how long the chat has waited in all.
func (w paced) total(now time.Time) time.Duration {
	if w.since.IsZero() {
		return w.ended
	}
	return w.ended + now.Sub(w.since)
}

// noteDelay tells the operator that customers wait, once in a while and not for each.
func (p *Pipeline) noteDelay() {
	p.mu.Lock()
	now, config := p.Now(), p.config
	due := once(&p.delayNoted, now)
	p.mu.Unlock()
	if !due {
		return
	}
	err := p.persist("note that replies wait", func(ctx context.Context) error {
		return p.Store.AddEventEvery(ctx, flowhq.ContactWindow, flowhq.Event{
			Tenant: p.Tenant, Type: store.RepliesDelayed, Actor: "host",
			Reason: fmt.Sprintf("more than %d replies per minute are due: customers wait for their turn, for up to %d minutes",
				config.RepliesPerMinute, flowhq.TurnWait/time.Minute),
		})
	})
	if err != nil {
		p.Log.Warn("could not record that replies wait", "err", err)
	}
}
