package simulator

import (
	"context"
	"sync"
	"time"
)

// leaseTime bounds how long the library may keep a session that it has read and
// not written back.
const leaseTime = time.Second

// A guard keeps a client from encrypting while it decrypts. The library does
// both on the same session records without a common lock; an interleaving makes
// two messages use one key, and the recipient drops the second without a word.
//
// It is held throughout a decryption, and in a send from reading the sessions
// to writing them back. What the library sends by itself (repetitions that
// somebody asked for) borrows it from reading one session to writing it.
type guard struct {
	slot chan struct{} // full = held

	mu       sync.Mutex
	borrowed uint64 // the current lease; 0 = not on loan
	leases   uint64 // counts the leases there have been
}

func newGuard() *guard { return &guard{slot: make(chan struct{}, 1)} }

func (g *guard) hold()    { g.slot <- struct{}{} }
func (g *guard) release() { <-g.slot }

// borrow holds the guard until giveBack, for leaseTime at most.
func (g *guard) borrow() {
	g.hold()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leases++
	lease := g.leases
	g.borrowed = lease
	time.AfterFunc(leaseTime, func() { g.giveBack(lease) })
}

// giveBack ends the lease, or the current one if lease is 0. It does nothing if
// that is over already.
func (g *guard) giveBack(lease uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.borrowed != 0 && (lease == 0 || lease == g.borrowed) {
		g.borrowed = 0
		g.release()
	}
}

// A turn is the right to use sessions, carried in a context: by a decryption,
// with the changes it makes if it succeeds, or by a send.
type turn struct {
	changes map[string][]byte // nil for a send: changes are made at once
	holding bool              // a send holds the guard only while it encrypts
}

type turnKey struct{}

func turnOf(ctx context.Context) *turn {
	t, _ := ctx.Value(turnKey{}).(*turn)
	return t
}

// sending runs send with a context in which the library's reading and writing
// of sessions holds the guard.
func (g *guard) sending(ctx context.Context, send func(context.Context) error) error {
	t := &turn{}
	defer func() {
		if t.holding { // it failed in between
			g.release()
		}
	}()
	return send(context.WithValue(ctx, turnKey{}, t))
}
