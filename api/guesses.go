package api

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/flowhq/flowhq/internal/store"
)

// Limits on guessing the password.
const (
	maxGuesses      = 10          // wrong passwords from one source within guessWindow
	maxProxyGuesses = 100         // likewise, from everybody behind one proxy
	guessWindow     = time.Minute // from the first wrong password
	maxSources      = 4096        // sources remembered at once
)

// How passwords are checked that come from a source which is over its limit: one at a
// time, in the order of arrival, each wrong one with a pause after it. The more wait, or
// have waited since last nobody did, the shorter the pause: who gives the right one waits
// for the checks of those who came before, of whom there are fewer than maxWaiting, and
// for little more than checkedWithin in pauses.
const (
	maxPause      = 100 * time.Millisecond
	checkedWithin = 2 * time.Second // for whoever waits
	maxWaiting    = 1000            // of one source; further ones are refused unchecked
)

// A source is whose wrong passwords are counted together.
type source struct {
	addr netip.Addr // of IPv6, the network
	kind sourceKind
}

// A sourceKind says what an address stands for; "" is itself.
type sourceKind string

const (
	// Its user may know nothing of what they send.
	foreignPage sourceKind = "pages of other sites in a browser at "
	// It may be of one who makes up the addresses of its callers.
	proxy sourceKind = "callers behind the proxy "
)

func (s source) String() string { return string(s.kind) + s.addr.String() }

func (s source) limit() int {
	if s.kind == proxy {
		return maxProxyGuesses
	}
	return maxGuesses
}

// guesses counts wrong passwords, and slows down those who give too many.
type guesses struct {
	mu      sync.Mutex
	sources map[source]*attempts
}

// attempts are the wrong passwords from one source since a moment.
type attempts struct {
	since   time.Time
	count   int
	refused bool // some were, unchecked, since then
	waiting int  // to be checked
	peak    int  // the most that did at once since last nobody did
	turn    chan struct{}
}

// checked is what became of a password.
type checked struct {
	refused bool // too many wait: it was not looked at
	notable []loginEvent
}

// A loginEvent is worth telling an operator: the first of its type from a source in
// a window.
type loginEvent struct {
	kind store.LoginEvent
	from source
}

func newGuesses() *guesses { return &guesses{sources: map[source]*attempts{}} }

// check takes note of a password that is right or not. Of a source that is within its
// limits it returns at once; else when it is its turn, for before that the caller may
// not learn whether it was right.
func (g *guesses) check(ctx context.Context, right bool, from []source) checked {
	g.mu.Lock()
	over, slow := g.overLimit(from, time.Now())
	if slow == nil {
		defer g.mu.Unlock()
		return g.count(right, from, time.Now())
	}
	if slow.waiting >= maxWaiting {
		defer g.mu.Unlock()
		return slow.refuse(over)
	}
	slow.waiting++
	slow.peak = max(slow.peak, slow.waiting)
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if slow.waiting--; slow.waiting == 0 {
			slow.peak = 0
		}
	}()
	select { // who came first is served first
	case slow.turn <- struct{}{}:
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		return slow.refuse(over)
	}
	defer func() { <-slow.turn }()
	return g.inTurn(slow, right, from)
}

// inTurn pauses after a wrong password, even if the caller has hung up.
func (g *guesses) inTurn(slow *attempts, right bool, from []source) checked {
	g.mu.Lock()
	c := g.count(right, from, time.Now())
	pause := min(maxPause, checkedWithin/time.Duration(slow.peak))
	g.mu.Unlock()
	if !right {
		time.Sleep(pause)
	}
	return c
}

// overLimit returns the first source that is over its limit, nil if none is.
func (g *guesses) overLimit(from []source, now time.Time) (source, *attempts) {
	for _, s := range from {
		if a := g.sources[s]; a != nil && a.count >= s.limit() && now.Sub(a.since) < guessWindow {
			return s, a
		}
	}
	return source{}, nil
}

// count notes a password unless it is right.
func (g *guesses) count(right bool, from []source, now time.Time) (c checked) {
	if right {
		return checked{}
	}
	for i, s := range from {
		a := g.sources[s]
		if a == nil {
			if len(g.sources) >= maxSources {
				g.forget(now)
			}
			a = &attempts{turn: make(chan struct{}, 1)}
			g.sources[s] = a
		}
		if now.Sub(a.since) >= guessWindow {
			a.since, a.count, a.refused = now, 0, false
		}
		a.count++
		if a.count == 1 && i == 0 {
			c.notable = append(c.notable, loginEvent{store.LoginFailed, s})
		}
		if a.count == s.limit() {
			c.notable = append(c.notable, loginEvent{store.LoginsSlowed, s})
		}
	}
	return c
}

func (a *attempts) refuse(s source) checked {
	c := checked{refused: true}
	if !a.refused {
		a.refused = true
		c.notable = []loginEvent{{store.LoginsRefused, s}}
	}
	return c
}

// forget makes room: it drops the sources whose window is over and, where that is not
// enough, any others until half of the room is free, so that it has not to be called
// for each new one. Somebody who commands this many addresses has more guesses than a
// limit per address can count anyway.
func (g *guesses) forget(now time.Time) {
	for s, a := range g.sources {
		if now.Sub(a.since) >= guessWindow {
			delete(g.sources, s)
		}
	}
	for s := range g.sources {
		if len(g.sources) <= maxSources/2 {
			return
		}
		delete(g.sources, s)
	}
}
