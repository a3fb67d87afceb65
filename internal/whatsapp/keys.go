package whatsapp

import (
	"context"
	"fmt"
	"log/slog"

	"go.mau.fi/whatsmeow/store"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

// A keyUser is a connection as its keys see it.
type keyUser struct{ *Conn }

var _ keystore.Connection = keyUser{}

// Fence asks the handler whether this connection's host is still the newest.
func (u keyUser) Fence(ctx context.Context, tx keystore.Tx) error {
	return u.handler.Fence(ctx, tx)
}

// Change has the handler make changes to the keys.
func (u keyUser) Change(ctx context.Context, db keystore.Tx, changes string, args ...any) error {
	return u.handler.Change(ctx, db, changes, args...)
}

// Pair has the handler record a device that a phone has just scanned.
func (u keyUser) Pair(ctx context.Context, device *store.Device) (err error) {
	defer u.recovered(func() { err = errEnded })
	linked := deviceOf(device)
	if !u.beginPairing(linked) {
		return errEnded
	}
	if err := u.handler.Link(ctx, linked); err != nil {
		return fmt.Errorf("link %s: %w", linked.JID, err)
	}
	return nil
}

// Do calls f in the connection's name, unless it has ended.
func (u keyUser) Do(f func() error) error {
	if !u.calls.enter() {
		return errEnded
	}
	defer u.calls.leave()
	if u.hasEnded() {
		return errEnded
	}
	return f()
}

// IsLinked reports whether WhatsApp has confirmed the device.
func (u keyUser) IsLinked() bool { return u.hasLinked() }

// HasEnded reports whether the connection has ended.
func (u keyUser) HasEnded() bool { return u.hasEnded() }

// Fail ends the connection because the keys could not be read or written.
func (u keyUser) Fail(err error) {
	u.finish(&EndError{Ending: flowhq.EndNotRecorded, Reason: "the key store failed", Err: err})
}

// Log returns the connection's log.
func (u keyUser) Log() *slog.Logger { return u.logger() }
