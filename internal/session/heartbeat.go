package session

import (
	"context"
	"time"

	"github.com/flowhq/flowhq/internal/hosting"
)

// A heartbeat tells Temporal that a session is alive.
type heartbeat struct {
	attempt Attempt
	timing  hosting.Timing
	sent    time.Time // when Temporal was told last
	// away is whether the SDK has lost touch with Temporal. It gave up when it could not
	// deliver a heartbeat in time, and does not come back. Temporal may, in time to find
	// this session alive.
	away bool
}

// isDue reports whether it is time, or the session's state has changed since.
func (h *heartbeat) isDue(now hosting.Status) bool {
	return time.Since(h.sent) >= h.timing.Beat() || !h.sent.After(now.Since)
}

// send tells Temporal. It reports false if that has to be done past the SDK.
func (h *heartbeat) send(now hosting.Status) bool {
	h.sent = time.Now()
	if h.away {
		return false
	}
	h.attempt.Beat(now)
	return true
}

// tell tells Temporal what the session waits for, if it is time, and the lease, if there is
// one, that the session is not stuck.
func (h *heartbeat) tell(lease *hosting.Lease, now hosting.Status) {
	if lease != nil {
		lease.Alive(now)
	}
	// Temporal is told less often: each heartbeat costs it a transaction.
	if time.Since(h.sent) >= h.timing.Beat() {
		h.sent = time.Now()
		h.attempt.Beat(now)
	}
}

// ask beats past the SDK.
func (h *heartbeat) ask(ctx context.Context, now hosting.Status) error {
	// The loop waits for the answer, and must turn again well within a renewal interval.
	ctx, cancel := context.WithTimeout(ctx, max(h.timing.Renewal/2, writeTimeout))
	defer cancel()
	return h.attempt.Ask(ctx, now)
}

// current returns Temporal's order if this is not the tenant's host any more, or should not
// be. While Temporal cannot be reached it is.
func (h *heartbeat) current(ctx context.Context, now hosting.Status) error {
	if err := h.ask(ctx, now); ctx.Err() == nil && h.attempt.IsOrder(err) {
		return order{err}
	}
	return nil
}

// ask asks Temporal whether the session should end or, where Temporal cannot be reached, the
// rows, and returns the order if so.
func (s *session) ask(run context.Context) error {
	err := s.beats.ask(run, s.now)
	switch {
	case err == nil:
		return nil
	case s.attempt.IsOrder(err):
		return order{err}
	default:
		return s.stopOrder(run)
	}
}

// When a session asks Temporal whether it should end, after its tenant was given a command:
// first after askAfter, then after twice as long each time, maxAsks times. Most Temporals
// push a cancellation to the worker and are quicker; another one says so with a heartbeat
// only, and those are rare.
const (
	askAfter = 200 * time.Millisecond
	maxAsks  = 5
)

// asking is the times at which a session asks.
type asking struct {
	timer *time.Timer // stopped while there is nothing to ask
	asked int         // times since begin
}

// newAsking asks nothing before begin.
func newAsking() *asking {
	a := &asking{timer: time.NewTimer(askAfter)}
	a.timer.Stop()
	return a
}

// due receives when it is time.
func (a *asking) due() <-chan time.Time { return a.timer.C }

// begin starts anew.
func (a *asking) begin() {
	a.asked = 0
	a.timer.Reset(askAfter)
}

// again waits for the next time, if there is one.
func (a *asking) again() {
	if a.asked++; a.asked < maxAsks {
		a.timer.Reset(askAfter << a.asked)
	}
}

// stop ends it.
func (a *asking) stop() { a.timer.Stop() }
