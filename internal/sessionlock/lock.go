// Package sessionlock is the lock that the WhatsApp library lacks: it keeps one client
// from encrypting while it decrypts.
//
// The library (whatsmeow) reads a Signal session from its store, advances the ratchet
// and writes the session back. Decrypting (message.go, decryptDM) and sending (send.go,
// encryptMessageForDevices) do so without a common lock. When the two interleave, two
// messages are encrypted under the same key. The recipient drops the second one as an
// old counter, without a receipt and without an event. Measured with replies that are
// sent while more messages of the chat arrive: 0.9 % of replies were lost with a store
// in memory and 3.7 % with one in SQLite. With this lock none of 3,000 was lost.
//
// A [Lock] belongs to one client. The client's stores take it when a session is read and
// give it back when the session is written. Three kinds of code do so, and each needs
// its own way:
//
//   - Decryption runs in the library's own transaction (DoDecryptionTxn). The store takes
//     a [Hold] before the transaction and releases it after.
//   - A send reads all its sessions in one call (GetManySessions) and writes them in
//     another (PutManySessions). The store takes a [Hold] in the first and releases it in
//     the second. So the lock is not held while a send waits for WhatsApp's
//     acknowledgement. It is held while the keys of a contact's new device are fetched,
//     because the library reads the other sessions before that and writes them after.
//   - Everything else reads and writes single sessions, with nothing around them that the
//     store can see: repeating a message to a phone that asked for it, and requests to
//     the own phone. The store takes a [Lease], from the read to the write.
package sessionlock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// LeaseTimeout bounds how long a [Lease] holds the lock. The library never writes a
// session back when encrypting fails, so a lease without a bound would hold the lock for
// ever. A write follows its read within milliseconds.
const LeaseTimeout = 5 * time.Second

// ErrClosed answers every use of a lock that was closed. It is a cancellation, because
// that is the only error after which the library does not acknowledge the message it was
// decrypting.
var ErrClosed = fmt.Errorf("the connection is over: %w", context.Canceled)

// ErrLeaseLost answers a session that is written back after its lease ran out. Somebody
// else may have changed the session since, and writing it would undo that change.
var ErrLeaseLost = errors.New("the session was changed by somebody else")

// A Lock guards the Signal sessions of one client. It is safe for concurrent use.
type Lock struct {
	token  chan struct{} // capacity 1: full while somebody holds the lock
	closed chan struct{}

	mu    sync.Mutex // guards lease
	lease *Lease     // the current holder, nil if it does not hold by lease
}

// A Lease is the lock held between reading and writing one session.
type Lease struct {
	lock    *Lock
	address string // of the session
	expiry  *time.Timer
}

// A Hold is one operation's claim on a lock. The operation may span several calls of the
// library into its stores, so its Hold travels in a context. Only the goroutine of the
// operation may use it.
type Hold struct {
	lock   *Lock
	isHeld bool
}

// New returns a lock that nobody holds.
func New() *Lock {
	return &Lock{token: make(chan struct{}, 1), closed: make(chan struct{})}
}

// Lock waits for the lock and takes it. It returns [ErrClosed] once the lock is closed,
// and ctx's error when ctx is done first.
func (l *Lock) Lock(ctx context.Context) error {
	if l.IsClosed() { // a select chooses at random if the token is free, too
		return ErrClosed
	}
	select {
	case l.token <- struct{}{}:
		return nil
	case <-l.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Unlock gives the lock back.
func (l *Lock) Unlock() { <-l.token }

// Close waits at most the given time for the holder, and then refuses everybody for good.
// No session is read or written from then on. It reports whether the holder was done.
func (l *Lock) Close(atMost time.Duration) (done bool) {
	select {
	case l.token <- struct{}{}:
		done = true
	case <-time.After(atMost):
	}
	close(l.closed)
	return done
}

// IsClosed reports whether the lock was closed.
func (l *Lock) IsClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Lease takes the lock for the session of one address. [Lease.End] gives it back, and so
// does the passing of [LeaseTimeout].
func (l *Lock) Lease(ctx context.Context, address string) (*Lease, error) {
	if err := l.Lock(ctx); err != nil {
		return nil, err
	}
	lease := &Lease{lock: l, address: address}
	l.mu.Lock()
	defer l.mu.Unlock()
	lease.expiry = time.AfterFunc(LeaseTimeout, lease.End)
	l.lease = lease
	return lease, nil
}

// Keep returns the lease on address, which from now on only [Lease.End] ends. It returns
// [ErrLeaseLost] if there is no such lease any more.
func (l *Lock) Keep(address string) (*Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lease == nil || l.lease.address != address || !l.lease.expiry.Stop() {
		return nil, ErrLeaseLost
	}
	return l.lease, nil
}

// End gives the lock back if the lease still holds it. It may be called again.
func (e *Lease) End() {
	e.lock.mu.Lock()
	isHeld := e.lock.lease == e
	if isHeld {
		e.expiry.Stop()
		e.lock.lease = nil
	}
	e.lock.mu.Unlock()
	if isHeld {
		e.lock.Unlock()
	}
}

// NewHold returns a claim that does not hold the lock yet.
func (l *Lock) NewHold() *Hold { return &Hold{lock: l} }

// Take waits for the lock. It fails as [Lock.Lock] does. It does nothing if the operation
// holds the lock already.
func (h *Hold) Take(ctx context.Context) error {
	if h.isHeld {
		return nil
	}
	err := h.lock.Lock(ctx)
	h.isHeld = err == nil
	return err
}

// Release gives the lock back if the operation holds it. It may be called again.
func (h *Hold) Release() {
	if h.isHeld {
		h.isHeld = false
		h.lock.Unlock()
	}
}

// IsHeld reports whether the operation holds the lock.
func (h *Hold) IsHeld() bool { return h.isHeld }
