package keystore

import (
	"context"
	"database/sql"
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
	// Change makes changes to the keys in one statement on db, and makes none if the
	// connection's host was replaced by a newer one, with an error of code Fenced. changes are
	// common table expressions that select what they insert from the one named fence. Their
	// arguments are args, the first of which is $3.
	Change(ctx context.Context, db Tx, changes string, args ...any) error
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

// A Tx is a transaction on the database of the keys, or the database itself.
type Tx interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Keys are the keys of one device while one connection uses them.
type Keys struct {
	of         *Store
	conn       Connection
	lock       *sessionlock.Lock
	identities identities
	lids       *lidCache
	migrated   migrated
}

// Use has device read and write its keys through the Keys that it returns, on behalf of
// conn, until [Keys.Close].
func (s *Store) Use(device *store.Device, conn Connection) *Keys {
	k := &Keys{of: s, conn: conn, lock: sessionlock.New(), lids: &lidCache{LIDs: s.LIDs()}}
	k.wrap(device)
	return k
}

// LIDs returns the table of which LID has which number, as this connection uses it.
func (k *Keys) LIDs() *lidCache { return k.lids }

// Close waits at most the given time for an operation that is using the keys, and refuses
// all others from then on. It reports whether the operation was done.
func (k *Keys) Close(atMost time.Duration) (done bool) { return k.lock.Close(atMost) }
