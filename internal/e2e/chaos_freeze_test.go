package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// freeze stops a process for a while.
func (c *chaos) freeze(ctx context.Context, p *part, lasts time.Duration) error {
	now := p.current()
	if now == nil {
		return fmt.Errorf("%s is down", p.name)
	}
	now.nap.Lock()
	defer now.nap.Unlock()
	from := time.Now()
	if err := syscall.Kill(now.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		still, err := standsStill(now.cmd.Process.Pid)
		if err != nil {
			return err
		}
		if still {
			return c.leave(ctx, now, from, lasts)
		}
		pause(ctx, time.Millisecond)
	}
}

// leave lets a process stand still for a while, noting which connections it holds,
// and then has it go on.
func (c *chaos) leave(ctx context.Context, p *process, from time.Time, lasts time.Duration) error {
	pid := p.cmd.Process.Pid
	peers, err := connections(pid, c.wa)
	if err == nil {
		frozen := c.freezes.begin(from, peers)
		defer c.freezes.end(frozen)
		select {
		case <-ctx.Done():
		case <-p.gone:
		case <-time.After(lasts):
		}
	}
	_ = syscall.Kill(pid, syscall.SIGCONT) // it may have been killed
	return err
}

const (
	lookEvery     = 50 * time.Millisecond
	longestAsleep = 12 * time.Second
)

// wake looks after a worker that a failpoint has stopped, be it while it drains: it
// lets it stand still for as long as the plan says, and has it go on.
func (c *chaos) wake(ctx context.Context, p *part, slot int) {
	r := rand.New(rand.NewPCG(c.plan.seed, uint64(slot+1)*1_000_000_000))
	var asleep sync.WaitGroup
	defer asleep.Wait()
	for ; ctx.Err() == nil; pause(ctx, lookEvery) {
		for _, one := range p.living() {
			if !one.nap.TryLock() {
				continue // somebody has it stand still already
			}
			if still, err := standsStill(one.cmd.Process.Pid); !still || err != nil {
				one.nap.Unlock()
				continue
			}
			from := time.Now().Add(-lookEvery)
			lasts := shortestFreeze + upTo(r, longestAsleep-shortestFreeze)
			// Side by side: the successor of a draining worker may stop itself as well. Looked
			// after only when the first one goes on, its connections would not be known as
			// frozen, and the login that replaces one would look like a second host.
			asleep.Go(func() {
				defer one.nap.Unlock()
				err := c.leave(ctx, one, from, lasts)
				c.journal.see("%s stopped itself %v ago (%v)", p.name, lasts, err)
			})
		}
	}
}
