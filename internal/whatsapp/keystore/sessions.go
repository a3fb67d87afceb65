package keystore

import (
	"context"
	"sync"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// stores are what the library uses instead of its own stores of a device. The methods
// that change or guard something are here and in the files beside this one; the library's
// own do the rest.
type stores struct {
	store.AllSessionSpecificStores // the library's own
	*Keys
	jid string // of the device, as its rows have it
}

// GetSession reads a session. The library reads single sessions in a decryption, which
// holds the lock, and when it sends by itself: repeating a message to a phone that asked
// for it, and requests to the own phone. Those take the lock by lease.
func (s *stores) GetSession(ctx context.Context, address string) ([]byte, error) {
	if d := draftOf(ctx); d != nil {
		return d.getSession(address)
	}
	if operationOf(ctx) != nil {
		session, err := s.AllSessionSpecificStores.GetSession(ctx, address)
		return session, noted(ctx, err)
	}
	lease, err := s.lock.Lease(ctx, address)
	if err != nil {
		return nil, err
	}
	session, err := s.AllSessionSpecificStores.GetSession(ctx, address)
	if err != nil {
		lease.End()
	}
	return session, err
}

// HasSession reports whether there is a session to decrypt or to encrypt with.
func (s *stores) HasSession(ctx context.Context, address string) (bool, error) {
	if d := draftOf(ctx); d != nil {
		session, err := s.AllSessionSpecificStores.GetSession(ctx, address)
		if err != nil {
			return false, noted(ctx, err)
		}
		return d.keepRead(address, session)
	}
	has, err := s.AllSessionSpecificStores.HasSession(ctx, address)
	return has, noted(ctx, err)
}

// PutSession writes a session back that GetSession has read. It fails if the lease of
// that read has run out: somebody else may have advanced the session since.
func (s *stores) PutSession(ctx context.Context, address string, session []byte) error {
	if d := draftOf(ctx); d != nil {
		return d.putSession(address, session)
	}
	if operationOf(ctx) == nil {
		lease, err := s.lock.Keep(address)
		if err != nil {
			return err
		}
		defer lease.End()
	}
	return noted(ctx, s.change(ctx, func(ctx context.Context) error {
		return s.AllSessionSpecificStores.PutSession(ctx, address, session)
	}))
}

// DeleteSession forgets one session, as when a contact has a new phone.
func (s *stores) DeleteSession(ctx context.Context, address string) error {
	if err := mustBeInTransaction(ctx); err != nil {
		return err
	}
	return s.changeLocked(ctx, func(ctx context.Context) error {
		return s.AllSessionSpecificStores.DeleteSession(ctx, address)
	})
}

// DeleteAllSessions forgets the sessions with all devices of a contact.
func (s *stores) DeleteAllSessions(ctx context.Context, user string) error {
	if err := mustBeInTransaction(ctx); err != nil {
		return err
	}
	return s.changeLocked(ctx, func(ctx context.Context) error {
		return s.AllSessionSpecificStores.DeleteAllSessions(ctx, user)
	})
}

// MigratePNToLID moves sessions that are kept under a contact's number to its LID. The library
// calls it for each message that comes from a number, and does so once for a number
// (sqlstore/store.go). It finds that out in the transaction, which takes three round trips.
func (s *stores) MigratePNToLID(ctx context.Context, number, lid types.JID) error {
	if err := mustBeInTransaction(ctx); err != nil {
		return err
	}
	if s.migrated.wereMoved(number) {
		return nil
	}
	err := s.changeLocked(ctx, func(ctx context.Context) error {
		return s.AllSessionSpecificStores.MigratePNToLID(ctx, number, lid)
	})
	if err == nil && operationOf(ctx) == nil { // else the transaction may be rolled back
		s.migrated.noteMoved(number)
	}
	return err
}

// migrated remembers of which numbers the sessions were moved.
type migrated struct {
	mu      sync.Mutex
	numbers map[string]bool // by Signal name
}

// wereMoved reports whether the sessions of a number were moved to its LID by this process. If it
// has forgotten so, they are looked for once more, which changes nothing.
func (m *migrated) wereMoved(number types.JID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.numbers[number.SignalAddressUser()]
}

// noteMoved forgets all others when there would be too many.
func (m *migrated) noteMoved(number types.JID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.numbers == nil || len(m.numbers) >= maxIdentities {
		m.numbers = make(map[string]bool)
	}
	m.numbers[number.SignalAddressUser()] = true
}

// GetSenderKey and PutSenderKey are of the messages of groups, which are decrypted and ignored.
func (s *stores) GetSenderKey(ctx context.Context, group, user string) ([]byte, error) {
	if err := mustBeInTransaction(ctx); err != nil {
		return nil, err
	}
	key, err := s.AllSessionSpecificStores.GetSenderKey(ctx, group, user)
	return key, noted(ctx, err)
}

// PutSenderKey see GetSenderKey.
func (s *stores) PutSenderKey(ctx context.Context, group, user string, key []byte) error {
	if err := mustBeInTransaction(ctx); err != nil {
		return err
	}
	return noted(ctx, s.AllSessionSpecificStores.PutSenderKey(ctx, group, user, key))
}
