package activities

import (
	"context"
	"time"
)

// databaseRetry is how often a process that has lost the database looks for it.
const databaseRetry = 500 * time.Millisecond

// awaitDatabase waits until the database answers, at least databaseRetry. Meanwhile it
// calls beat every so often. If ctx ends first, it returns the cause.
func (l *Leases) awaitDatabase(ctx context.Context, beat func()) error {
	l.mu.Lock()
	if l.back == nil {
		l.back = make(chan struct{})
	}
	back := l.back
	l.mu.Unlock()
	tick := time.NewTicker(l.timing.Heartbeat)
	defer tick.Stop()
	for {
		beat()
		select {
		case <-back:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// findDatabase asks whether the database answers, for all hosts that wait for it,
// until ctx ends.
func (l *Leases) findDatabase(ctx context.Context) {
	tick := time.NewTicker(databaseRetry)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		back := l.back
		l.mu.Unlock()
		if back == nil {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, max(l.timing.Heartbeat, writeTimeout))
		err := l.store.Ping(asking)
		cancel()
		if err == nil {
			l.mu.Lock()
			close(back)
			l.back = nil
			l.mu.Unlock()
		}
	}
}
