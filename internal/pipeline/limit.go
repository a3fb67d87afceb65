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
)

// A verdict is what the limits say about one reply.
type verdict struct {
	scope  string // "" = reply; else the limit that was reached
	warn   bool   // the first in its window: say so to the customer
	reason string // for the log, if not replied
	at     time.Time
}

// A limiter counts replies over sliding windows. The host is the only writer of
// its tenant's replies, so counting in memory, from the rows it began with, is
// exact.
type limiter struct {
	mu       sync.Mutex
	tenant   window
	contacts map[int64]*window // by contact
	swept    time.Time
}

// A window holds the times of the replies in it, oldest first, and of the last
// warning.
type window struct {
	replies []time.Time
	warned  time.Time
}

func newLimiter() *limiter { return &limiter{contacts: make(map[int64]*window)} }

// refill counts replies of earlier hosts, oldest first, so that a crash is no
// way around a limit.
func (l *limiter) refill(recent []store.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range recent {
		switch {
		case r.Kind == flowhq.KindReply:
			l.tenant.replies = append(l.tenant.replies, r.At)
			c := l.contact(r.Contact)
			c.replies = append(c.replies, r.At)
		case r.Warning == scopeTenant:
			l.tenant.warned = r.At
		case r.Warning == scopeContact:
			l.contact(r.Contact).warned = r.At
		}
	}
}

// take asks for one reply to a contact and counts it if granted.
func (l *limiter) take(id int64, c flowhq.Config, now time.Time) verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	contact := l.contact(id)
	l.tenant.slide(now, flowhq.TenantWindow)
	contact.slide(now, flowhq.ContactWindow)
	switch {
	case len(contact.replies) >= c.RepliesPerContact:
		return verdict{scope: scopeContact, warn: contact.warn(now, flowhq.ContactWindow),
			reason: fmt.Sprintf("over the limit of %d replies per contact in 10 minutes", c.RepliesPerContact)}
	case len(l.tenant.replies) >= c.RepliesPerMinute:
		return verdict{scope: scopeTenant, warn: l.tenant.warn(now, flowhq.TenantWindow),
			reason: fmt.Sprintf("over the limit of %d replies per minute", c.RepliesPerMinute)}
	}
	l.tenant.replies = append(l.tenant.replies, now)
	contact.replies = append(contact.replies, now)
	return verdict{at: now}
}

// giveBack undoes take, for a reply that was not written after all.
func (l *limiter) giveBack(contact int64, v verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v.scope == "" {
		l.tenant.drop(v.at)
		l.contact(contact).drop(v.at)
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
	w := l.contacts[from]
	if w == nil {
		return
	}
	delete(l.contacts, from)
	c := l.contact(into)
	c.replies = append(c.replies, w.replies...)
	slices.SortFunc(c.replies, time.Time.Compare)
	if w.warned.After(c.warned) {
		c.warned = w.warned
	}
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
		if len(w.replies) == 0 && now.Sub(w.warned) >= flowhq.ContactWindow {
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

// drop takes the newest reply of that time out of the window.
func (w *window) drop(at time.Time) {
	for i, t := range slices.Backward(w.replies) {
		if t.Equal(at) {
			w.replies = slices.Delete(w.replies, i, i+1)
			return
		}
	}
}

// warn reports whether the customer is to be warned, which is once per window.
func (w *window) warn(now time.Time, size time.Duration) bool {
	if !w.warned.IsZero() && now.Sub(w.warned) < size {
		return false
	}
	w.warned = now
	return true
}
