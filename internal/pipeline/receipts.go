package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// receiptsEvery is how long receipts are collected before they are written together.
	receiptsEvery = 250 * time.Millisecond
	// maxReceipts bounds what is collected. More are dropped: a receipt only moves a row's
	// status on, and the next receipt says at least as much.
	maxReceipts = 2000
	// receiptsTimeout bounds the writing of what was collected. It is not repeated: a lost
	// receipt leaves a row SENT that was delivered.
	receiptsTimeout = 5 * time.Second
)

// receipts collects delivery and read receipts, so that they cost one round trip per
// interval and never hold up the connection. Its goroutine lives only while there are some.
type receipts struct {
	p        *Pipeline
	stopping chan struct{} // closed by stop

	mu        sync.Mutex
	waiting   []store.Receipt
	scheduled bool // a goroutine will write them
	stopped   bool
}

// newReceipts returns receipts whose goroutine begins with the first one.
func newReceipts(p *Pipeline) *receipts {
	return &receipts{p: p, stopping: make(chan struct{})}
}

// Receipt notes how far a sent message has come. It does not block.
func (p *Pipeline) Receipt(r store.Receipt) { p.receipts.add(r) }

// add keeps a receipt for the next statement, which a goroutine writes a moment later. What exceeds
// maxReceipts is dropped: nothing depends on a receipt.
func (r *receipts) add(receipt store.Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || len(r.waiting) >= maxReceipts {
		return
	}
	r.waiting = append(r.waiting, receipt)
	if r.scheduled {
		return
	}
	r.scheduled = true
	r.p.work.Go(func() {
		select {
		case <-r.stopping:
		case <-time.After(receiptsEvery):
		}
		r.flush()
	})
}

// stop has the rest written at once. Pipeline.Stop waits for that.
func (r *receipts) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.stopped = true
		close(r.stopping)
	}
}

// flush writes what was collected.
func (r *receipts) flush() {
	r.mu.Lock()
	batch := r.waiting
	r.waiting, r.scheduled = nil, false
	r.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(r.p.ctx, receiptsTimeout)
	defer cancel()
	if err := r.p.Store.Receipts(ctx, r.p.Tenant, r.p.Epoch, batch); err != nil {
		if flowhq.ErrorCode(r.p.failIfFenced(err)) == flowhq.Fenced {
			return
		}
		r.p.Log.Warn("could not write receipts", "count", len(batch), "err", err)
	}
}
