package session

import (
	"context"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

// A Report tells a tenant's workflow of a step in its session's life. A host makes it, but
// for those whose WaitingFor is set: these say only what a tenant without a host waits for,
// and nothing else has changed.
type Report struct {
	Epoch  int64  `json:"epoch"`
	Worker string `json:"worker,omitempty"` // whose host says so
	flowhq.Transition
	// Earlier is how the attempt before this one ended, if that could not say it itself; "" if
	// there is nothing new.
	Earlier flowhq.Ending `json:"earlier,omitempty"`
	At      time.Time     `json:"at"`
}

// A Reporter delivers reports. workflows.Client is one.
type Reporter interface {
	Report(ctx context.Context, tenant flowhq.TenantID, r Report) error
}

// reportRetry is how long an undelivered report waits: Temporal may be away for minutes.
const reportRetry = 2 * time.Second

// reports delivers the newest report to the workflow, again and again until it
// arrives or a newer one takes its place. Its goroutine only lives while there is
// something to deliver: a session is quiet for hours.
type reports struct {
	deliver func(context.Context, Report) error

	mu     sync.Mutex
	latest *Report // not in delivery yet
	busy   bool    // the goroutine that delivers runs
	work   sync.WaitGroup
	ending chan struct{} // closed by flush
}

// newReports returns reports of which there are none yet. The caller calls flush.
func newReports(deliver func(context.Context, Report) error) *reports {
	return &reports{deliver: deliver, ending: make(chan struct{})}
}

// send leaves r to be delivered. It does not block.
func (q *reports) send(ctx context.Context, r Report) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.latest = &r
	if !q.busy {
		q.busy = true
		q.work.Go(func() { q.run(ctx) })
	}
}

// flush gives what is left one more try and returns when nothing runs any more.
// Nothing may be sent after it.
func (q *reports) flush() {
	close(q.ending)
	q.work.Wait()
}

// run delivers until there is nothing left. A report that could not be delivered is
// dropped for a newer one: the workflow wants to know how things are, not how they were.
func (q *reports) run(ctx context.Context) {
	for r := q.take(true); r != nil; r = q.take(true) {
		for q.try(ctx, *r) != nil {
			select {
			case <-ctx.Done():
				return
			case <-q.ending: // the last try, of what is newest
				if newer := q.take(false); newer != nil {
					r = newer
				}
				_ = q.try(ctx, *r)
				return
			case <-time.After(reportRetry):
			}
			if newer := q.take(false); newer != nil {
				r = newer
			}
		}
	}
}

// take returns the report to deliver next, or nil. With idle set, nil means that
// the goroutine ends.
func (q *reports) take(idle bool) *Report {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.latest
	q.latest = nil
	if r == nil && idle {
		q.busy = false
	}
	return r
}

// try delivers once. The workflow takes no report twice: it compares times.
func (q *reports) try(ctx context.Context, r Report) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return q.deliver(ctx, r)
}
