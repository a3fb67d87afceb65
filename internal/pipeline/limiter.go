package pipeline

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Scopes of a warning, kept in its row's reason: what the warning is about.
const (
	scopeTenant  = "tenant"  // the tenant's rate limit
	scopeContact = "contact" // the contact's rate limit
	scopeQueue   = "queue"   // the chat's queue is full
	scopeMuted   = "muted"   // the contact was taken for a bot
)

// A decision is what the rate limiter says about one reply.
type decision struct {
	// scope is the limit that was reached; "" = the reply is allowed.
	scope string
	// warn says that the customer is to be told, which is done once in
	// flowhq.ContactWindow.
	warn bool
	// reason is for the log, if the reply is not allowed.
	reason string
	// at is when the reply was allowed.
	at time.Time
}

// allowed reports whether the reply may be written.
func (d decision) allowed() bool { return d.scope == "" }

// A replyLimiter counts replies over sliding windows. The host is the only writer of its
// tenant's replies, so counting in memory, beginning with the rows of earlier hosts, is
// exact.
//
// The limit per contact suppresses a reply that is over it: somebody writes too much. A
// reply over the limit per tenant waits, see limiterqueue.go: too many people write, and
// each of them wants an answer.
type replyLimiter struct {
	clock func() time.Time

	mu sync.Mutex
	// perMinute bounds the replies of the tenant in flowhq.TenantWindow, and perContact
	// those to one contact in flowhq.ContactWindow.
	perMinute, perContact int

	tenant   window
	contacts map[int64]*contactWindow // by contact
	swept    time.Time                // when contacts were last forgotten
	queue    limiterQueue
}

// A window holds the times of the replies in it, oldest first.
type window struct{ replies []time.Time }

// A contactWindow is the window of one contact, with the times of the last warnings.
type contactWindow struct {
	window
	// limitWarned is when the contact was told that it writes too much.
	limitWarned time.Time
	// busyWarned is when the contact was told that the tenant's limit left no room for a
	// reply in time.
	busyWarned time.Time
}

// newReplyLimiter returns a replyLimiter that has counted nothing yet.
func newReplyLimiter(c flowhq.Config, clock func() time.Time) *replyLimiter {
	return &replyLimiter{
		clock: clock, perMinute: c.RepliesPerMinute, perContact: c.RepliesPerContact,
		contacts: make(map[int64]*contactWindow),
	}
}

// configure changes the limits, also for those who wait.
func (l *replyLimiter) configure(c flowhq.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.perMinute, l.perContact = c.RepliesPerMinute, c.RepliesPerContact
	l.dispatch()
}

// fill counts replies and warnings of earlier hosts, oldest first, so that a crash is no
// way around a limit.
func (l *replyLimiter) fill(recent []store.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range recent {
		c := l.contact(r.Contact)
		switch {
		case r.Kind == flowhq.KindReply:
			l.tenant.add(r.At)
			c.add(r.At)
		case r.Warning == scopeTenant:
			l.queue.warnings.add(r.At)
			c.busyWarned = r.At
		case r.Warning == scopeContact:
			c.limitWarned = r.At
		}
	}
}

// request asks for one reply to a contact, which is counted if it is allowed. If the reply
// has to wait, request returns the waiter to which the decision will come.
func (l *replyLimiter) request(w waiter) (decision, *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.sweep(now)
	contact := l.contact(w.contact)
	contact.slide(now, flowhq.ContactWindow)
	if len(contact.replies) >= l.perContact {
		return decision{
			scope: scopeContact,
			// A limit of zero is silence on purpose: nobody is told to slow down.
			warn: l.perContact > 0 && !w.noWarning && claimWarning(&contact.limitWarned, now),
			reason: fmt.Sprintf("over the limit of %d replies per contact in 10 minutes",
				l.perContact),
		}, nil
	}
	w.decided = make(chan decision, 1)
	l.queue.waiting = append(l.queue.waiting, &w)
	l.dispatch()
	select {
	case d := <-w.decided:
		return d, nil
	default:
		return decision{}, &w
	}
}

// refund undoes request, for a reply that was not written after all.
func (l *replyLimiter) refund(contact int64, d decision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.allowed() {
		l.tenant.remove(d.at)
		l.contact(contact).remove(d.at)
		l.dispatch()
	}
}

// contact is the window of a contact. The caller holds mu.
func (l *replyLimiter) contact(id int64) *contactWindow {
	w := l.contacts[id]
	if w == nil {
		w = &contactWindow{}
		l.contacts[id] = w
	}
	return w
}

// merge counts what one contact was sent with what another was: they are one person.
func (l *replyLimiter) merge(into, from int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.queue.waiting {
		if w.contact == from {
			w.contact = into
		}
	}
	w := l.contacts[from]
	if w == nil {
		return
	}
	delete(l.contacts, from)
	c := l.contact(into)
	c.replies = append(c.replies, w.replies...)
	slices.SortFunc(c.replies, time.Time.Compare)
	c.limitWarned = later(c.limitWarned, w.limitWarned)
	c.busyWarned = later(c.busyWarned, w.busyWarned)
}

// sweep forgets contacts with nothing left in their window, once per window, so that the
// map holds the contacts of two windows at most.
func (l *replyLimiter) sweep(now time.Time) {
	if now.Sub(l.swept) < flowhq.ContactWindow {
		return
	}
	l.swept = now
	for id, w := range l.contacts {
		w.slide(now, flowhq.ContactWindow)
		warned := later(w.limitWarned, w.busyWarned)
		if len(w.replies) == 0 && now.Sub(warned) >= flowhq.ContactWindow {
			delete(l.contacts, id)
		}
	}
}

// add counts a reply, which is not older than those before it.
func (w *window) add(at time.Time) { w.replies = append(w.replies, at) }

// slide drops what has left a window of this size.
func (w *window) slide(now time.Time, size time.Duration) {
	n := 0
	for n < len(w.replies) && now.Sub(w.replies[n]) >= size {
		n++
	}
	w.replies = w.replies[n:]
}

// countSince counts the replies after a time.
func (w *window) countSince(start time.Time) int {
	n := 0
	for n < len(w.replies) && w.replies[len(w.replies)-1-n].After(start) {
		n++
	}
	return n
}

// remove takes the newest reply of that time out of the window.
func (w *window) remove(at time.Time) {
	for i, t := range slices.Backward(w.replies) {
		if t.Equal(at) {
			w.replies = slices.Delete(w.replies, i, i+1)
			return
		}
	}
}

// claimWarning reports whether a warning is due, which it is once in flowhq.ContactWindow,
// and notes that it is given now.
func claimWarning(warned *time.Time, now time.Time) bool {
	if !warned.IsZero() && now.Sub(*warned) < flowhq.ContactWindow {
		return false
	}
	*warned = now
	return true
}
