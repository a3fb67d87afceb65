package keystore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"go.mau.fi/whatsmeow/store"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

// A Connection is what the keys ask of the connection that uses them, and report to it.
// The library's goroutines call its methods.
type Connection interface {
	// Fence returns an error of code Fenced if the connection's host was replaced by a
	// newer one. Otherwise it makes sure that none replaces it before tx ends. tx is a
	// transaction that is about to change the keys.
	Fence(ctx context.Context, tx Tx) error
	// Pair records a device that a phone has just scanned, before its keys are stored and
	// before the pairing is confirmed to WhatsApp. An error rejects the pairing.
	Pair(ctx context.Context, device *store.Device) error
	// Do calls f, unless the connection has ended; then it returns sessionlock.ErrClosed.
	// Whoever closes the connection waits until f has returned.
	Do(f func() error) error
	// IsLinked reports whether WhatsApp has confirmed that the device is linked.
	IsLinked() bool
	// HasEnded reports whether the connection has ended, even if it has not stopped yet.
	HasEnded() bool
	// Fail ends the connection because of a failure of the database or of this program.
	Fail(error)
	// Log returns the connection's log.
	Log() *slog.Logger
}

// A Tx is a transaction on the database of the keys.
type Tx interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Keys are the keys of one device while one connection uses them.
type Keys struct {
	of         *Store
	conn       Connection
	lock       *sessionlock.Lock
	identities identities
}

// Use has device read and write its keys through the Keys that it returns, on behalf of
// conn, until [Keys.Close].
func (s *Store) Use(device *store.Device, conn Connection) *Keys {
	k := &Keys{of: s, conn: conn, lock: sessionlock.New()}
	k.wrap(device)
	return k
}

// wrap puts k between device and its stores. The library replaces all stores of a new
// device when it is first saved (sqlstore/container.go, initializeDevice), so they are
// wrapped again then.
func (k *Keys) wrap(device *store.Device) {
	device.Container = deviceRow{k}
	device.LIDs = k.of.LIDs()
	if own, ok := device.Sessions.(store.AllSessionSpecificStores); ok {
		device.SetAllStores(&stores{AllSessionSpecificStores: own, Keys: k})
	}
}

// Close waits at most the given time for an operation that is using the keys, and refuses
// all others from then on. It reports whether the operation was done.
func (k *Keys) Close(atMost time.Duration) (done bool) { return k.lock.Close(atMost) }

// change performs a change to stored sessions. Every such change passes here. It is
// refused once the keys are closed, and if the host was replaced by a newer one. The
// latter is found out in the transaction of the change itself.
func (k *Keys) change(ctx context.Context, f func(context.Context) error) error {
	if k.lock.IsClosed() {
		return sessionlock.ErrClosed
	}
	if op := operationOf(ctx); op != nil && op.isFenced {
		return f(ctx)
	}
	db := k.of.keys
	return db.DoTxn(ctx, nil, func(ctx context.Context) error {
		if err := k.conn.Fence(ctx, db.Execable(ctx)); err != nil {
			return err
		}
		return f(ctx)
	})
}

// changeLocked performs a change with the lock held, and takes it for that unless the
// operation holds it already.
func (k *Keys) changeLocked(ctx context.Context, f func(context.Context) error) error {
	if op := operationOf(ctx); op == nil || !op.hold.IsHeld() {
		if err := k.lock.Lock(ctx); err != nil {
			return err
		}
		defer k.lock.Unlock()
	}
	return noted(ctx, k.change(ctx, f))
}

// fail ends the connection, and returns the error to give to the library: a cancellation,
// so that the library acknowledges nothing.
func (k *Keys) fail(err error) error {
	k.conn.Fail(err)
	return errors.Join(sessionlock.ErrClosed, err)
}
