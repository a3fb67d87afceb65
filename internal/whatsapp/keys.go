package whatsapp

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/failpoint"
)

// keys stands between the library and its stores for one connection. It holds
// the guard around sessions that are read to be changed, tells a database that
// failed from a message that cannot be decrypted, and lets nothing be written
// once the connection is over.
type keys struct {
	store.AllSessionSpecificStores
	conn *Conn
}

// protect puts keys between device and its stores. The library sets the stores
// of a new device when it is first saved, so this is called again then.
func (c *Conn) protect(device *store.Device) {
	device.Container = deviceRow{c}
	device.LIDs = lids{c.network.keys}
	if stores, ok := device.Sessions.(store.AllSessionSpecificStores); ok {
		device.SetAllStores(&keys{AllSessionSpecificStores: stores, conn: c})
	}
}

// write performs a change to stored sessions. All of them pass here: this is
// where a connection that is over is refused, and so is a host that has been
// replaced by a newer one, in the transaction of the change itself. As nothing can
// be encrypted without such a change, a host that is fenced sends nothing either.
func (k *keys) write(ctx context.Context, change func(context.Context) error) error {
	if k.conn.guard.IsClosed() {
		return errOver
	}
	b := bracketOf(ctx)
	if b != nil && b.fenced {
		return change(ctx)
	}
	db := k.conn.network.keys
	return db.DoTxn(ctx, nil, func(ctx context.Context) error {
		if err := k.conn.handler.Fence(ctx, db.Execable(ctx)); err != nil {
			return err
		}
		return change(ctx)
	})
}

// alone performs a change with the guard held, unless the operation it is part
// of holds it already.
func (k *keys) alone(ctx context.Context, change func(context.Context) error) error {
	if b := bracketOf(ctx); b == nil || !b.hold.IsHeld() {
		if err := k.conn.guard.Lock(ctx); err != nil {
			return err
		}
		defer k.conn.guard.Unlock()
	}
	return noted(ctx, k.write(ctx, change))
}

// noted remembers err, if any, as a failure of the database within a decryption.
func noted(ctx context.Context, err error) error {
	if b := bracketOf(ctx); err != nil && b != nil && b.failed == nil {
		b.failed = err
	}
	return err
}

// DoDecryptionTxn decrypts with the guard held. An error that comes from the
// message makes the library ask its sender for another copy, and acknowledge
// this one. An error that comes from the database must not: it ends the
// connection, and is dressed as a cancellation, on which the library does
// neither. A panic of ours around the decryption is treated like that, for the
// library would take it for one of its own, and acknowledge.
func (k *keys) DoDecryptionTxn(ctx context.Context, decrypt func(context.Context) error) (err error) {
	defer k.conn.recovered(func() { err = errOver })
	b := &bracket{hold: k.conn.guard.NewHold()}
	if err := b.hold.Take(ctx); err != nil {
		return err
	}
	defer b.hold.Release()
	var outcome error // of decrypt, if it ran
	err = k.write(ctx, func(ctx context.Context) error {
		b.fenced = true
		return k.AllSessionSpecificStores.DoDecryptionTxn(withBracket(ctx, b), func(ctx context.Context) error {
			if outcome = k.survive(ctx, decrypt); outcome != nil {
				return outcome
			}
			return b.failed
		})
	})
	failpoint.Hit("keys.decrypted")
	switch {
	case err == nil:
		k.conn.known.keep(b.identities)
		return nil
	case b.failed == nil && outcome != nil:
		return err
	default:
		return k.conn.notStored(err)
	}
}

// survive turns a panic of decrypt into an error: the library would acknowledge
// the message and lose it.
func (k *keys) survive(ctx context.Context, decrypt func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			k.conn.logger().Error("decryption panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("decryption panicked: %v", p)
		}
	}()
	return decrypt(ctx)
}

// GetBufferedEvent looks for the plaintext of a message that is delivered again.
func (k *keys) GetBufferedEvent(ctx context.Context, hash [32]byte) (*store.BufferedEvent, error) {
	event, err := k.AllSessionSpecificStores.GetBufferedEvent(ctx, hash)
	if err != nil {
		return nil, k.conn.notStored(err)
	}
	return event, nil
}

// PutBufferedEvent keeps a plaintext until its message has been handled.
func (k *keys) PutBufferedEvent(ctx context.Context, hash [32]byte, plaintext []byte, sentAt time.Time) error {
	return noted(ctx, k.AllSessionSpecificStores.PutBufferedEvent(ctx, hash, plaintext, sentAt))
}

// ClearBufferedEventPlaintext forgets a plaintext that has been handled. After
// the end of the connection it keeps it: the library takes some messages for
// handled whose handler failed.
func (k *keys) ClearBufferedEventPlaintext(ctx context.Context, hash [32]byte) error {
	if k.conn.isOver() {
		return errOver
	}
	return k.AllSessionSpecificStores.ClearBufferedEventPlaintext(ctx, hash)
}

// DeleteOldBufferedHashes does nothing: each connection would search and lock the
// table for all of them. See [Network.PruneBuffer].
func (k *keys) DeleteOldBufferedHashes(context.Context) error { return nil }

// GetManySessions begins the encryption of a message that is being sent.
func (k *keys) GetManySessions(ctx context.Context, addresses []string) (map[string][]byte, error) {
	b := bracketOf(ctx)
	if b == nil || b.send == nil {
		return k.AllSessionSpecificStores.GetManySessions(ctx, addresses)
	}
	if err := b.send.begin(addresses); err != nil {
		return nil, err
	}
	if err := b.hold.Take(ctx); err != nil {
		return nil, err
	}
	sessions, err := k.AllSessionSpecificStores.GetManySessions(ctx, addresses)
	if err != nil {
		b.hold.Release()
	}
	return sessions, err
}

// PutManySessions ends the encryption of a message that is being sent.
func (k *keys) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	put := func(ctx context.Context) error {
		return k.AllSessionSpecificStores.PutManySessions(ctx, sessions)
	}
	b := bracketOf(ctx)
	if b == nil || b.send == nil {
		return k.alone(ctx, put)
	}
	defer b.hold.Release()
	if err := b.send.finish(sessions); err != nil {
		return err
	}
	defer failpoint.Hit("keys.encrypted")
	return k.write(ctx, put)
}

// GetPrivacyToken is the library's next step after encrypting. It has encrypted
// for nobody, then, if the sessions were not written back: it only warns of that
// and would send an empty message, which WhatsApp would acknowledge.
func (k *keys) GetPrivacyToken(ctx context.Context, user types.JID) (*store.PrivacyToken, error) {
	if b := bracketOf(ctx); b != nil && b.send != nil && !b.send.finished {
		b.hold.Release()
		b.send.abort(errNotEncrypted)
		return nil, errNotEncrypted
	}
	return k.AllSessionSpecificStores.GetPrivacyToken(ctx, user)
}

// GetSession reads a session, outside of a bracket by lease.
func (k *keys) GetSession(ctx context.Context, address string) ([]byte, error) {
	if bracketOf(ctx) != nil {
		session, err := k.AllSessionSpecificStores.GetSession(ctx, address)
		return session, noted(ctx, err)
	}
	lease, err := k.conn.guard.Lease(ctx, address)
	if err != nil {
		return nil, err
	}
	session, err := k.AllSessionSpecificStores.GetSession(ctx, address)
	if err != nil {
		lease.End()
	}
	return session, err
}

// PutSession writes a session back.
func (k *keys) PutSession(ctx context.Context, address string, session []byte) error {
	if bracketOf(ctx) == nil {
		lease, err := k.conn.guard.Keep(address)
		if err != nil {
			return err
		}
		defer lease.End()
	}
	return noted(ctx, k.write(ctx, func(ctx context.Context) error {
		return k.AllSessionSpecificStores.PutSession(ctx, address, session)
	}))
}

// DeleteSession forgets one session, as when a contact has a new phone.
func (k *keys) DeleteSession(ctx context.Context, address string) error {
	return k.alone(ctx, func(ctx context.Context) error {
		return k.AllSessionSpecificStores.DeleteSession(ctx, address)
	})
}

// DeleteAllSessions forgets the sessions with all devices of a contact.
func (k *keys) DeleteAllSessions(ctx context.Context, user string) error {
	return k.alone(ctx, func(ctx context.Context) error {
		return k.AllSessionSpecificStores.DeleteAllSessions(ctx, user)
	})
}

// MigratePNToLID moves sessions kept under a contact's number to its LID.
func (k *keys) MigratePNToLID(ctx context.Context, number, lid types.JID) error {
	return k.alone(ctx, func(ctx context.Context) error {
		return k.AllSessionSpecificStores.MigratePNToLID(ctx, number, lid)
	})
}
