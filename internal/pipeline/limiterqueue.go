package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
)

// The tenant's limit exists because WhatsApp bans numbers that send a lot in a short time. So
// it delays replies rather than drop them: after an outage everybody who wrote is answered,
// at the pace that the operator has chosen.

// A waiter is a question whose reply waits for the tenant's rate limit.
type waiter struct {
	contact int64
	// message is the id of the question. Messages arrived in the order of their ids.
	message int64
	// since is when the wait began, earlier by what the question has waited in its chat.
	since time.Time
	// noWarning says that the customer is not to be warned.
	noWarning bool
	// decided receives the decision. It has room for it, so the limiter never blocks.
	decided chan decision
}

// A limiterQueue holds the waiters. Only the first message of a chat is in it; the others
// wait in the chat.
type limiterQueue struct {
	waiting []*waiter
	// warnings are the busy warnings, which are sent no faster than replies.
	warnings window
	timer    *time.Timer
	stopped  bool
}

// dispatch allows as many replies as the tenant's limit has room for and suppresses those
// that have waited too long, then sets the timer for when there is more to do. The caller
// holds mu.
func (l *replyLimiter) dispatch() {
	now := l.clock()
	l.tenant.slide(now, flowhq.TenantWindow)
	l.queue.warnings.slide(now, flowhq.TenantWindow)
	if l.perMinute == 0 {
		for len(l.queue.waiting) > 0 { // for ever, if the limit does not change
			l.resolve(0, decision{
				scope: scopeTenant, reason: "the limit is no reply per minute",
			})
		}
	}
	for len(l.queue.waiting) > 0 && len(l.tenant.replies) < l.perMinute {
		i := l.fairest(now)
		l.tenant.add(now)
		l.contact(l.queue.waiting[i].contact).add(now)
		l.resolve(i, decision{at: now})
	}
	for i := 0; i < len(l.queue.waiting); {
		if !l.giveUp(i, now) {
			i++
		}
	}
	l.schedule(now)
}

// fairest is the index of the waiter whose contact has had the fewest replies in this
// minute, so that nobody waits because of one who writes a lot. Among equals, who came
// first is first.
func (l *replyLimiter) fairest(now time.Time) int {
	start := now.Add(-flowhq.TenantWindow)
	best, fewest := 0, 0
	for i, w := range l.queue.waiting {
		n := l.contact(w.contact).countSince(start)
		if i == 0 || n < fewest || n == fewest && w.message < l.queue.waiting[best].message {
			best, fewest = i, n
		}
	}
	return best
}

// giveUp suppresses the reply to a waiter that has waited for flowhq.MaxReplyDelay, and
// reports whether it has. Until there is room for the warning that goes with it the waiter
// stays: warnings must not be sent faster than replies either, and a reply may come first.
func (l *replyLimiter) giveUp(i int, now time.Time) bool {
	w := l.queue.waiting[i]
	if now.Sub(w.since) < flowhq.MaxReplyDelay {
		return false
	}
	d := decision{scope: scopeTenant, reason: fmt.Sprintf(
		"waited %d minutes under the limit of %d replies per minute",
		flowhq.MaxReplyDelay/time.Minute, l.perMinute)}
	contact := l.contact(w.contact)
	warned := !contact.busyWarned.IsZero() && now.Sub(contact.busyWarned) < flowhq.ContactWindow
	if !w.noWarning && !warned {
		if len(l.queue.warnings.replies) >= l.perMinute {
			return false
		}
		l.queue.warnings.add(now)
		contact.busyWarned, d.warn = now, true
	}
	l.resolve(i, d)
	return true
}

// resolve sends a waiter its decision.
func (l *replyLimiter) resolve(i int, d decision) {
	l.queue.waiting[i].decided <- d
	l.queue.waiting = slices.Delete(l.queue.waiting, i, i+1)
}

// schedule sets the timer for the next moment at which dispatch can do something: a reply
// or a warning leaves its window, or a waiter has waited for flowhq.MaxReplyDelay.
func (l *replyLimiter) schedule(now time.Time) {
	if l.queue.timer != nil {
		l.queue.timer.Stop()
	}
	if len(l.queue.waiting) == 0 || l.queue.stopped {
		return
	}
	next := now.Add(flowhq.TenantWindow)
	if len(l.tenant.replies) > 0 {
		next = earlier(next, l.tenant.replies[0].Add(flowhq.TenantWindow))
	}
	for _, w := range l.queue.waiting {
		switch end := w.since.Add(flowhq.MaxReplyDelay); {
		case end.After(now):
			next = earlier(next, end)
		case len(l.queue.warnings.replies) > 0:
			next = earlier(next, l.queue.warnings.replies[0].Add(flowhq.TenantWindow))
		}
	}
	l.queue.timer = time.AfterFunc(next.Sub(now), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.dispatch()
	})
}

// remove takes a waiter out of the queue whose pipeline ends.
func (l *replyLimiter) remove(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue.waiting = slices.DeleteFunc(l.queue.waiting, func(other *waiter) bool {
		return other == w
	})
}

// stop ends the timer. No reply is allowed by it any more.
func (l *replyLimiter) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue.stopped = true
	l.schedule(l.clock())
}
