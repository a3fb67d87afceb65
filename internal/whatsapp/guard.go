package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// leaseTime bounds how long the guard stays held by code of the library that
// reads a session outside of any bracket of ours and never writes it back, which
// it does when encrypting fails. In milliseconds it is over long before.
const leaseTime = 5 * time.Second

// errOver answers every use of the keys after the connection has ended. To the
// library it is a cancellation: the only error on which it acknowledges nothing.
var errOver = fmt.Errorf("the connection is over: %w", context.Canceled)

// errLeaseLost answers a session written back after its lease ran out: somebody
// else has changed the session since.
var errLeaseLost = errors.New("the session was changed by somebody else")

// A guard is the lock the library lacks: it is held from the moment a Signal
// session is read until it is written back, by whoever does so.
//
// Three kinds of code do. Decryption is bracketed by the library's own
// transaction. A send is bracketed by its two bulk operations: the guard is not
// held while it waits for WhatsApp's acknowledgement, but it is while the keys
// of a contact's new device are fetched, because the library reads the other
// sessions before that and writes them after. Everything else, which is sending
// again to a phone that asked for it and requests to the own phone, reads and
// writes single sessions with no bracket that could be seen from here, and gets
// a lease from the read to the write.
type guard struct {
	token  chan struct{} // capacity 1: full while somebody holds the guard
	closed chan struct{}

	mu    sync.Mutex
	lease *lease // the current holder, if it holds by lease
}

// A lease is the guard held between a single read and a single write.
type lease struct {
	address string
	expiry  *time.Timer
}

func newGuard() *guard {
	return &guard{token: make(chan struct{}, 1), closed: make(chan struct{})}
}

// lock takes the guard. It returns errOver once the guard is closed.
func (g *guard) lock(ctx context.Context) error {
	select {
	case <-g.closed:
		return errOver
	default:
	}
	select {
	case g.token <- struct{}{}:
		return nil
	case <-g.closed:
		return errOver
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *guard) unlock() { <-g.token }

// close waits for the holder, at most for the given time, and keeps the guard
// for good: no session is read or written from then on. It reports whether the
// holder was done.
func (g *guard) close(atMost time.Duration) (done bool) {
	select {
	case g.token <- struct{}{}:
		done = true
	case <-time.After(atMost):
	}
	close(g.closed)
	return done
}

// lockFor takes the guard by lease for one session. endLease gives it back, or the
// passing of leaseTime.
func (g *guard) lockFor(ctx context.Context, address string) (*lease, error) {
	if err := g.lock(ctx); err != nil {
		return nil, err
	}
	l := &lease{address: address}
	g.mu.Lock()
	defer g.mu.Unlock()
	l.expiry = time.AfterFunc(leaseTime, func() { g.endLease(l) })
	g.lease = l
	return l, nil
}

// keepLease returns the lease on address, which from now on only endLease ends,
// or nil if there is none any more.
func (g *guard) keepLease(address string) *lease {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lease == nil || g.lease.address != address || !g.lease.expiry.Stop() {
		return nil
	}
	return g.lease
}

// endLease gives the guard back if l still holds it.
func (g *guard) endLease(l *lease) {
	g.mu.Lock()
	held := g.lease == l
	if held {
		l.expiry.Stop()
		g.lease = nil
	}
	g.mu.Unlock()
	if held {
		g.unlock()
	}
}

// A bracket marks, in a context, an operation of ours that holds the guard over
// several calls of the library into its stores. Only the operation's own
// goroutine uses it.
type bracket struct {
	holds bool
	// fenced says that the operation is one transaction, whose host has been
	// found to be the newest.
	fenced bool
	// identities are the identity keys that a decryption has written.
	identities map[string][32]byte
	// failed is the first failure of the database, as opposed to the
	// cryptography, within a decryption.
	failed error
	// send is what a send must achieve; nil in a decryption.
	send *sending
}

// identity notes an identity key that is written if the decryption succeeds.
func (b *bracket) identity(address string, key [32]byte) {
	if b.identities == nil {
		b.identities = make(map[string][32]byte)
	}
	b.identities[address] = key
}

type bracketKey struct{}

func withBracket(ctx context.Context, b *bracket) context.Context {
	return context.WithValue(ctx, bracketKey{}, b)
}

// bracketOf returns the bracket ctx runs in, or nil.
func bracketOf(ctx context.Context) *bracket {
	b, _ := ctx.Value(bracketKey{}).(*bracket)
	return b
}

// release gives the guard back if b holds it.
func (g *guard) release(b *bracket) {
	if b.holds {
		b.holds = false
		g.unlock()
	}
}
