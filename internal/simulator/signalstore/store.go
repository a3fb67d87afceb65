// Package signalstore is what one WhatsApp client remembers, in memory.
//
// The library (whatsmeow) keeps a client's keys behind about twenty interfaces. A [Store]
// implements those that a client of text chats needs: identity keys, sessions and
// one-time keys of the Signal protocol, messages that were sent or received lately, and
// which number belongs to which hidden identity (LID). What the interfaces hold besides,
// such as groups, contacts and settings, is forgotten at once.
//
// Everything is a record in one map. Changes to it are handed to a function that saves
// them, in the order in which they were made, and a decryption's changes are made
// together. So a client that is rebuilt from the saved records goes on where the saving
// ended, and no message is lost or shown twice.
//
// The customers of the simulator use it, and so do the bots in the simulator's tests.
package signalstore

import (
	"context"
	"maps"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

// Prefixes of the records' names.
const (
	prefixIdentity = "i/" // + address: public key
	prefixSession  = "s/" // + address: session
	prefixPreKey   = "p/" // + id: uploaded (0 or 1), private key
	prefixLID      = "l/" // + number: LID
	prefixNumber   = "n/" // + LID: number
	prefixToken    = "t/" // + user: time of issue, token
	prefixEvent    = "e/" // + hash: time received, plaintext until handled
	prefixSent     = "o/" // + chat and id: time sent, format, message
)

// A Store is the memory of one client. It is safe for concurrent use.
type Store struct {
	store.NoopStore
	// lock keeps the client from encrypting while it decrypts.
	lock    *sessionlock.Lock
	records *records
}

var (
	_ store.AllStores       = (*Store)(nil)
	_ store.DeviceContainer = (*Store)(nil)
)

// New returns a store that begins with the records of an earlier one. The map becomes the
// store's own. save, if not nil, is called with each change, one call at a time and in
// order; a nil value deletes.
func New(values map[string][]byte, save func(changes map[string][]byte)) *Store {
	return &Store{lock: sessionlock.New(), records: newRecords(values, save)}
}

// Attach makes a device use the store for everything.
func (s *Store) Attach(d *store.Device) {
	d.SetAllStores(s)
	d.LIDs, d.Container = s, s
}

// Records returns a copy of all records, from which [New] makes a store that remembers
// the same.
func (s *Store) Records() map[string][]byte { return s.records.clone() }

// An operation is a decryption or a send, which calls the store several times. It travels
// in the context of those calls.
type operation struct {
	// hold is held throughout a decryption. A send holds it only while it encrypts.
	hold *sessionlock.Hold
	// changes are those of a decryption, which are made if it succeeds. They are nil in a
	// send, which makes its changes at once.
	changes map[string][]byte
}

// isSend reports whether the operation is a send; it may be nil.
func (o *operation) isSend() bool { return o != nil && o.changes == nil }

// isDecryption reports whether the operation is a decryption; it may be nil.
func (o *operation) isDecryption() bool { return o != nil && o.changes != nil }

type operationKey struct{}

// operationOf returns the operation that ctx belongs to, or nil.
func operationOf(ctx context.Context) *operation {
	o, _ := ctx.Value(operationKey{}).(*operation)
	return o
}

// Send runs send, which calls the library's SendMessage with the context it is given. In
// that context the library's reading and writing of sessions excludes decryptions.
// Without it, replies to messages that arrive in a burst are lost: see package
// sessionlock.
func (s *Store) Send(ctx context.Context, send func(context.Context) error) error {
	o := &operation{hold: s.lock.NewHold()}
	defer o.hold.Release() // the library does not write sessions back if it failed
	return send(context.WithValue(ctx, operationKey{}, o))
}

// DoDecryptionTxn makes the changes of a decryption if it succeeds, all at once.
func (s *Store) DoDecryptionTxn(
	ctx context.Context, decrypt func(context.Context) error,
) error {
	o := &operation{hold: s.lock.NewHold(), changes: map[string][]byte{}}
	if err := o.hold.Take(ctx); err != nil {
		return err
	}
	defer o.hold.Release()
	if err := decrypt(context.WithValue(ctx, operationKey{}, o)); err != nil {
		return err
	}
	s.records.update(func(c *content) changes {
		c.rememberEvents(o.changes)
		return o.changes
	})
	return nil
}

// get returns a record, or nil. A decryption sees its own changes.
func (s *Store) get(ctx context.Context, name string) []byte {
	if o := operationOf(ctx); o.isDecryption() {
		if value, ok := o.changes[name]; ok {
			return value
		}
	}
	return s.records.get(name)
}

// put changes records: at once, or with the decryption that ctx belongs to.
func (s *Store) put(ctx context.Context, changed changes) {
	if o := operationOf(ctx); o.isDecryption() {
		maps.Copy(o.changes, changed)
		return
	}
	s.records.update(func(*content) changes { return changed })
}

// PutIdentity stores the identity key of one device. Writing it again is common and free.
func (s *Store) PutIdentity(ctx context.Context, address string, key [32]byte) error {
	if known := s.get(ctx, prefixIdentity+address); string(known) != string(key[:]) {
		s.put(ctx, changes{prefixIdentity + address: key[:]})
	}
	return nil
}

// IsTrustedIdentity trusts the first key that is seen of a device.
func (s *Store) IsTrustedIdentity(
	ctx context.Context, address string, key [32]byte,
) (bool, error) {
	known := s.get(ctx, prefixIdentity+address)
	return known == nil || string(known) == string(key[:]), nil
}

// DeleteIdentity forgets the identity key of one device.
func (s *Store) DeleteIdentity(ctx context.Context, address string) error {
	s.put(ctx, changes{prefixIdentity + address: nil})
	return nil
}

// DeleteAllIdentities forgets the identity keys of a user's devices.
func (s *Store) DeleteAllIdentities(ctx context.Context, user string) error {
	s.put(ctx, s.records.deletions(prefixIdentity+user+":"))
	return nil
}

// GetSession reads a session. Outside of an operation the library is about to change it
// and to call PutSession, so the lock is leased until then.
func (s *Store) GetSession(ctx context.Context, address string) ([]byte, error) {
	if operationOf(ctx) == nil {
		if _, err := s.lock.Lease(ctx, address); err != nil {
			return nil, err
		}
	}
	return s.get(ctx, prefixSession+address), nil
}

// PutSession writes a session back. Outside of an operation it ends the lease that
// GetSession took, and fails with [sessionlock.ErrLeaseLost] if that has run out.
func (s *Store) PutSession(ctx context.Context, address string, session []byte) error {
	if operationOf(ctx) == nil {
		lease, err := s.lock.Keep(address)
		if err != nil {
			return err
		}
		defer lease.End()
	}
	s.put(ctx, changes{prefixSession + address: session})
	return nil
}

// HasSession reports whether there is a session with a device.
func (s *Store) HasSession(ctx context.Context, address string) (bool, error) {
	return s.get(ctx, prefixSession+address) != nil, nil
}

// GetManySessions begins the encryption of a message that is being sent.
func (s *Store) GetManySessions(
	ctx context.Context, addresses []string,
) (map[string][]byte, error) {
	if o := operationOf(ctx); o.isSend() {
		if err := o.hold.Take(ctx); err != nil {
			return nil, err
		}
	}
	out := make(map[string][]byte, len(addresses))
	for _, address := range addresses {
		out[address] = s.get(ctx, prefixSession+address)
	}
	return out, nil
}

// PutManySessions ends the encryption of a message that is being sent.
func (s *Store) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	changed := make(changes, len(sessions))
	for address, session := range sessions {
		changed[prefixSession+address] = session
	}
	s.put(ctx, changed)
	if o := operationOf(ctx); o.isSend() {
		o.hold.Release()
	}
	return nil
}

// DeleteSession forgets the session with one device.
func (s *Store) DeleteSession(ctx context.Context, address string) error {
	s.put(ctx, changes{prefixSession + address: nil})
	return nil
}

// DeleteAllSessions forgets the sessions with a user's devices.
func (s *Store) DeleteAllSessions(ctx context.Context, user string) error {
	s.put(ctx, s.records.deletions(prefixSession+user+":"))
	return nil
}

// MigratePNToLID has nothing to do: the simulator names everybody by LID from the start,
// so no session is ever kept under a number.
func (s *Store) MigratePNToLID(context.Context, types.JID, types.JID) error { return nil }
