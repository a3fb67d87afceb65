package hosting

import (
	"context"
	"sync"
	"time"
)

// pingEvery is how often a process that has lost the database looks for it.
const pingEvery = 500 * time.Millisecond

// An Answerer asks whether the database answers. The store is one. A table that somebody has locked
// is no outage: the store's Ping would fail for that, and no host would begin until it is freed.
type Answerer interface {
	Answers(ctx context.Context) error
}

// A DatabaseWatch tells hosts when a database that was away is back: one question for all
// that wait, rather than one for each, which would only add to what it has to recover from.
type DatabaseWatch struct {
	database Answerer
	timing   Timing

	mu   sync.Mutex
	back chan struct{} // closed when the database answers again; nil while nobody waits
}

// NewDatabaseWatch returns a DatabaseWatch. Run makes it look.
func NewDatabaseWatch(database Answerer, timing Timing) *DatabaseWatch {
	return &DatabaseWatch{database: database, timing: timing}
}

// Run looks for the database while somebody waits for it, until ctx ends.
func (w *DatabaseWatch) Run(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if w.awaited() && w.answers(ctx) {
			w.mu.Lock()
			close(w.back)
			w.back = nil
			w.mu.Unlock()
		}
	}
}

// awaited reports whether somebody waits: a database that nobody misses is left alone.
func (w *DatabaseWatch) awaited() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.back != nil
}

// answers asks once, for no longer than a renewal interval: a database that hangs counts as away.
func (w *DatabaseWatch) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, w.timing.patient())
	defer cancel()
	return w.database.Answers(ctx) == nil
}

// Await waits until the database answers, for about pingEvery at least: a caller whose
// statement fails for another reason must not spin. Meanwhile it calls beat at least every
// renewal interval. If ctx ends first, it returns the cause.
func (w *DatabaseWatch) Await(ctx context.Context, beat func()) error {
	w.mu.Lock()
	if w.back == nil {
		w.back = make(chan struct{})
	}
	back := w.back
	w.mu.Unlock()
	tick := time.NewTicker(w.timing.Renewal)
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
