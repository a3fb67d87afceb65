package pipeline

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Scopes of a warning, kept in its row's reason.
const (
	scopeTenant  = "tenant"
	scopeContact = "contact"
	scopeQueue   = "queue"
	scopeMuted   = "muted"
)

// A verdict is what the limits say about one reply.
type verdict struct {
	scope  string    // "" = reply; else the limit that was reached
	warn   bool      // the first in its window: say so to the customer
	reason string    // for the log, if not replied
	at     time.Time // when it was granted
}

// A limiter counts replies over sliding windows. The host is the only writer of
// its tenant's replies, so counting in memory, from the rows it began with, is
// exact.
//
// The limit per contact suppresses what is over it. The limit per tenant is a pace:
// replies wait for their turn, see pace.go.
type limiter struct {
	clock func() time.Time

	mu         sync.Mutex
	perMinute  int
	perContact int
	tenant     window
	contacts   map[int64]*window // by contact
	swept      time.Time
	pace       pace
}

// A window holds the times of the replies in it, oldest first, and of the last
// warnings.
type window struct {
	replies []time.Time
	warned  time.Time // of the contact's own limit
	told    time.Time // that its turn did not come in time
}

func newLimiter(c flowhq.Config, clock func() time.Time) *limiter {
	return &limiter{
		clock: clock, perMinute: c.RepliesPerMinute, perContact: c.RepliesPerContact,
		contacts: make(map[int64]*window),
	}
}

// configure changes the limits, for those who wait as well.
func (l *limiter) configure(c flowhq.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.perMinute, l.perContact = c.RepliesPerMinute, c.RepliesPerContact
	l.dispatch()
}

// refill counts replies of earlier hosts, oldest first, so that a crash is no
// way around a limit.
func (l *limiter) refill(recent []store.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range recent {
		c := l.contact(r.Contact)
		switch {
		case r.Kind == flowhq.KindReply:
			l.tenant.replies = append(l.tenant.replies, r.At)
			c.replies = append(c.replies, r.At)
		case r.Warning == scopeTenant:
			l.pace.told.replies = append(l.pace.told.replies, r.At)
			c.told = r.At
		case r.Warning == scopeContact:
			c.warned = r.At
		}
	}
}

// ask asks for one reply to a contact, which is counted if granted. If its turn has
// yet to come the verdict comes to the waiter that is returned.
func (l *limiter) ask(w waiter) (verdict, *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.sweep(now)
	contact := l.contact(w.contact)
	contact.slide(now, flowhq.ContactWindow)
	if len(contact.replies) >= l.perContact {
		return verdict{
			scope: scopeContact, warn: l.perContact > 0 && !w.quiet && once(&contact.warned, now),
			reason: fmt.Sprintf("over the limit of %d replies per contact in 10 minutes", l.perContact),
		}, nil
	}
	w.granted = make(chan verdict, 1)
	l.pace.waiting = append(l.pace.waiting, &w)
	l.dispatch()
	select {
	case v := <-w.granted:
		return v, nil
	default:
		return verdict{}, &w
	}
}

// giveBack undoes ask, for a reply that was not written after all.
func (l *limiter) giveBack(contact int64, v verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v.scope == "" {
		l.tenant.drop(v.at)
		l.contact(contact).drop(v.at)
		l.dispatch()
	}
}

func (l *limiter) contact(id int64) *window {
	w := l.contacts[id]
	if w == nil {
		w = &window{}
		l.contacts[id] = w
	}
	return w
}

// merge counts what one contact was sent with what another was: they are one person.
func (l *limiter) merge(into, from int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.pace.waiting {
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
	c.warned, c.told = later(c.warned, w.warned), later(c.told, w.told)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// sweep forgets contacts with nothing left in their window, once per window, so
// that the map holds no more than two windows' worth of them.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < flowhq.ContactWindow {
		return
	}
	l.swept = now
	for id, w := range l.contacts {
		w.slide(now, flowhq.ContactWindow)
		if len(w.replies) == 0 && now.Sub(later(w.warned, w.told)) >= flowhq.ContactWindow {
			delete(l.contacts, id)
		}
	}
}

// slide drops what has left the window.
func (w *window) slide(now time.Time, size time.Duration) {
	n := 0
	for n < len(w.replies) && now.Sub(w.replies[n]) >= size {
		n++
	}
	w.replies = w.replies[n:]
}

// since counts the replies in the last part of the window.
func (w *window) since(start time.Time) int {
	n := 0
	for n < len(w.replies) && w.replies[len(w.replies)-1-n].After(start) {
		n++
	}
	return n
}

// drop takes the newest reply of that time out of the window.
func (w *window) drop(at time.Time) {
	for i, t := range slices.Backward(w.replies) {
		if t.Equal(at) {
			w.replies = slices.Delete(w.replies, i, i+1)
			return
		}
	}
}

// once reports whether the customer is to be warned, which is once per window.
func once(warned *time.Time, now time.Time) bool {
	if !warned.IsZero() && now.Sub(*warned) < flowhq.ContactWindow {
		return false
	}
	*warned = now
	return true
}
