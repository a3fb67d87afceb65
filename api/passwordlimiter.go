package api

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
)

// Limits on wrong passwords. Ten in a minute are more than a person mistypes. A stranger who
// goes on is checked some 500 times a second at most (TestGuesses): eight random letters
// stand for six years.
const (
	// maxFailures is how many wrong passwords one source has within failureWindow, which
	// begins with the first of them.
	maxFailures   = 10
	failureWindow = time.Minute
	// maxProxyFailures is the same for everybody behind one proxy together. It is ten times as
	// high, since the operators behind one proxy share it.
	maxProxyFailures = 100
	// maxSources bounds how many sources are remembered at once. At a few hundred bytes each they
	// take about a megabyte; TestSourcesAreBounded keeps the number.
	maxSources = 4096
)

// A source over its limit is not locked out: a stranger behind the operator's own address
// could then lock the operator out. Its passwords are checked one at a time instead, in the
// order of arrival, each wrong one with a pause after it. The more of them wait, or have
// waited since the queue was last empty, the shorter the pause. So a right password waits
// for the checks of those before it, which are fewer than maxQueued, and for little more
// than maxWait in pauses.
const (
	maxPause = 100 * time.Millisecond
	maxWait  = 2 * time.Second
	// maxQueued is how many passwords of one source may wait. Further ones are refused
	// without being checked.
	maxQueued = 1000
)

// A source is what wrong passwords are counted by.
type source struct {
	// addr is an address or, of IPv6, a network.
	addr netip.Addr
	kind sourceKind
}

// A sourceKind says what an address stands for; "" is the caller itself.
type sourceKind string

const (
	// foreignPage is a page of another site in a browser at the address. The browser's user
	// may know nothing of what the page sends.
	foreignPage sourceKind = "pages of other sites in a browser at "
	// proxy is a trusted proxy. It may be a stranger's, who makes up callers' addresses.
	proxy sourceKind = "callers behind the proxy "
)

// String names the source for an operator.
func (s source) String() string { return string(s.kind) + s.addr.String() }

// limit is how many wrong passwords the source has within failureWindow.
func (s source) limit() int {
	if s.kind == proxy {
		return maxProxyFailures
	}
	return maxFailures
}

// A passwordLimiter is a rate limiter for wrong passwords: it counts them by source, and
// slows down sources that give too many.
type passwordLimiter struct {
	mu      sync.Mutex
	sources map[source]*failures
}

// failures are the wrong passwords of one source.
type failures struct {
	since time.Time // when the window began
	count int       // wrong passwords in the window
	// refused says that passwords were refused unchecked in the window.
	refused bool
	// queued is how many passwords wait to be checked, and peak the most that did since the
	// queue was last empty.
	queued, peak int
	// slot holds a value while one of the queue is checked.
	slot chan struct{}
}

// A checkResult is what became of one password.
type checkResult struct {
	// refused says that too many wait: the password was not looked at.
	refused bool
	// events are worth telling an operator.
	events []loginEvent
}

// A loginEvent is the first of its type from a source in a window.
type loginEvent struct {
	kind flowhq.EventType
	from source
	// account is the actor of what is about one account; "" for an event of an address alone.
	account string
}

// actor is whom the event is attributed to.
func (e loginEvent) actor() string {
	if e.account != "" {
		return e.account
	}
	return e.from.String()
}

// newPasswordLimiter returns a passwordLimiter that has counted nothing. A restart forgets
// the counts, and lets every source have maxFailures anew.
func newPasswordLimiter() *passwordLimiter {
	return &passwordLimiter{sources: map[source]*failures{}}
}

// check counts a password that is right or wrong. For sources within their limits it returns
// at once. Otherwise it returns when it is the password's turn, right or wrong: an answer
// before that would tell the caller whether the password was right.
func (l *passwordLimiter) check(ctx context.Context, right bool, from []source) checkResult {
	l.mu.Lock()
	over, queue := l.overLimit(from, time.Now())
	// All sources are within their limits: nobody waits.
	if queue == nil {
		defer l.mu.Unlock()
		return l.count(right, from, time.Now())
	}
	if queue.queued >= maxQueued {
		defer l.mu.Unlock()
		return queue.refuse(over)
	}
	queue.queued++
	queue.peak = max(queue.peak, queue.queued)
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if queue.queued--; queue.queued == 0 {
			queue.peak = 0
		}
	}()
	select { // a channel serves senders in the order in which they came
	case queue.slot <- struct{}{}:
	// Who leaves the queue has learned nothing, and is told as much as one who found it full.
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		return queue.refuse(over)
	}
	defer func() { <-queue.slot }()
	return l.checkQueued(queue, right, from)
}

// checkQueued counts the password that holds the slot, and keeps the slot for a pause if it
// is wrong. The pause is not cut short for a caller who hangs up: hanging up would be the
// way to guess faster.
func (l *passwordLimiter) checkQueued(queue *failures, right bool, from []source) checkResult {
	l.mu.Lock()
	r := l.count(right, from, time.Now())
	pause := min(maxPause, maxWait/time.Duration(queue.peak))
	l.mu.Unlock()
	if !right {
		time.Sleep(pause)
	}
	return r
}

// overLimit returns the first source that is over its limit, nil if none is. The caller holds mu,
// here and in count.
func (l *passwordLimiter) overLimit(from []source, now time.Time) (source, *failures) {
	for _, s := range from {
		f := l.sources[s]
		if f != nil && f.count >= s.limit() && now.Sub(f.since) < failureWindow {
			return s, f
		}
	}
	return source{}, nil
}

// count counts a password for each of its sources, unless it is right.
func (l *passwordLimiter) count(right bool, from []source, now time.Time) (r checkResult) {
	if right {
		return checkResult{}
	}
	for i, s := range from {
		f := l.sources[s]
		if f == nil {
			if len(l.sources) >= maxSources {
				access.MakeRoom(l.sources, maxSources, func(f *failures) bool {
					return now.Sub(f.since) >= failureWindow
				})
			}
			f = &failures{slot: make(chan struct{}, 1)}
			l.sources[s] = f
		}
		if now.Sub(f.since) >= failureWindow {
			f.since, f.count, f.refused = now, 0, false
		}
		f.count++
		// The first failure is told of the caller alone: for the proxy it would say the same again.
		if f.count == 1 && i == 0 {
			r.events = append(r.events, loginEvent{kind: flowhq.EventLoginFailed, from: s})
		}
		if f.count == s.limit() {
			r.events = append(r.events, loginEvent{kind: flowhq.EventLoginsSlowed, from: s})
		}
	}
	return r
}

// refuse is the result for a password that is not looked at. The first refusal of a window is an
// event, and further ones are only counted. The caller holds the limiter's mu.
func (f *failures) refuse(s source) checkResult {
	r := checkResult{refused: true}
	if !f.refused {
		f.refused = true
		r.events = []loginEvent{{kind: flowhq.EventLoginsRefused, from: s}}
	}
	return r
}
