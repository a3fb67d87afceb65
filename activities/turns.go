package activities

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// turnLasts is how long a turn may lie unused. A host that had to wait longer for
// its lease takes another one, or all whose leases ran out together would dial
// together.
const turnLasts = time.Second

// Turns paces the dials of one process: WhatsApp does not like a thousand logins at
// once, and neither does the machine. It is a bucket that holds the turns of two
// seconds, so the first hosts of an idle process dial at once.
type Turns struct {
	bucket  *rate.Limiter
	waiting atomic.Int64
}

// turnsHeld is how many seconds' turns an idle process may take at once.
const turnsHeld = 2

// NewTurns returns Turns of which perSecond can be taken in a second.
func NewTurns(perSecond int) *Turns {
	return &Turns{bucket: rate.NewLimiter(rate.Limit(perSecond), turnsHeld*perSecond)}
}

// wait takes a turn, first come, first served. Meanwhile it calls beat every so
// often, with how many came before. If ctx ends first, it gives the turn back and
// returns the cause.
func (t *Turns) wait(ctx context.Context, every time.Duration, beat func(ahead int)) error {
	turn := t.bucket.Reserve()
	if turn.Delay() == 0 {
		return nil
	}
	ahead := t.waiting.Add(1) - 1
	defer t.waiting.Add(-1)
	due := time.NewTimer(turn.Delay())
	defer due.Stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		beat(int(ahead))
		select {
		case <-due.C:
			return nil
		case <-ctx.Done():
			turn.Cancel()
			return context.Cause(ctx)
		case <-tick.C:
			ahead = min(ahead, t.waiting.Load()-1)
		}
	}
}
