package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// receiptsEvery is how long receipts are collected before they are written
	// together.
	receiptsEvery = 250 * time.Millisecond
	// maxReceipts bounds what is collected. More are dropped: a receipt only
	// moves a row's status on, and the next one says at least as much.
	maxReceipts = 2000
	// receiptsTimeout bounds the writing of what was collected.
	receiptsTimeout = 5 * time.Second
)

// receipts collects delivery and read receipts, so that they cost one statement
// per interval and never hold up the connection. Its goroutine only lives while
// there are some.
type receipts struct {
	p      *Pipeline
	ending chan struct{} // closed by stop

	mu      sync.Mutex
	waiting []store.Receipt
	due     bool // they will be written soon
	stopped bool
}

func newReceipts(p *Pipeline) *receipts {
	return &receipts{p: p, ending: make(chan struct{})}
}

// Receipt notes how far a sent message has come. It does not block.
func (p *Pipeline) Receipt(r store.Receipt) { p.receipts.add(r) }

func (r *receipts) add(receipt store.Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || len(r.waiting) >= maxReceipts {
		return
	}
	r.waiting = append(r.waiting, receipt)
	if r.due {
		return
	}
	r.due = true
	r.p.work.Go(func() {
		select {
		case <-r.ending:
		case <-time.After(receiptsEvery):
		}
		r.flush()
	})
}

// stop has what is left written at once. The pipeline waits for that.
func (r *receipts) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		r.stopped = true
		close(r.ending)
	}
}

func (r *receipts) flush() {
	r.mu.Lock()
	batch := r.waiting
	r.waiting, r.due = nil, false
	r.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(r.p.ctx, receiptsTimeout)
	defer cancel()
	if err := r.p.Store.Receipts(ctx, r.p.Tenant, r.p.Epoch, batch); err != nil {
		if flowhq.ErrorCode(err) == flowhq.Fenced {
			r.p.fail(err)
			return
		}
		r.p.Log.Warn("could not write receipts", "count", len(batch), "err", err)
	}
}
