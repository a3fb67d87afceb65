package hosting

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// TokenLasts is how long a token of a [RateLimiter] may lie unused. A host that had to wait
// longer for its lease takes another one: else all hosts whose leases ran out together
// would dial together.
const TokenLasts = time.Second

// burstSeconds is how many seconds' tokens an idle process may take at once, so that the
// first hosts of a process dial at once.
const burstSeconds = 2

// A RateLimiter paces the dials of one process. WhatsApp does not like a thousand logins
// at once, and neither does the machine: a login is a handshake and a dozen statements.
type RateLimiter struct {
	bucket  *rate.Limiter
	waiting atomic.Int64 // hosts, so that each can say how many are before it
}

// NewRateLimiter returns a RateLimiter that gives perSecond tokens in a second.
func NewRateLimiter(perSecond int) *RateLimiter {
	return &RateLimiter{bucket: rate.NewLimiter(rate.Limit(perSecond), burstSeconds*perSecond)}
}

// PerSecond is how many tokens there are in a second.
func (l *RateLimiter) PerSecond() int { return int(l.bucket.Limit()) }

// Waiting is how many hosts wait for a token.
func (l *RateLimiter) Waiting() int { return int(l.waiting.Load()) }

// Wait takes a token, first come, first served. While it waits it calls beat at least every
// so often, with how many hosts came before and still wait. If ctx ends first, it gives
// the token back to those behind and returns the cause.
func (l *RateLimiter) Wait(ctx context.Context, every time.Duration, beat func(ahead int)) error {
	token := l.bucket.Reserve()
	if token.Delay() == 0 {
		return nil
	}
	ahead := l.waiting.Add(1) - 1
	defer l.waiting.Add(-1)
	due := time.NewTimer(token.Delay())
	defer due.Stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		beat(int(ahead))
		select {
		case <-due.C:
			return nil
		case <-ctx.Done():
			token.Cancel()
			return context.Cause(ctx)
		case <-tick.C:
			// Who came later does not count, who gave up no longer does.
			ahead = min(ahead, l.waiting.Load()-1)
		}
	}
}
