package keystore

import (
	"context"
	"maps"
	"sync"
)

// maxIdentities bounds what one connection remembers, at some 150 bytes each.
const maxIdentities = 4096

// identities remembers which identity keys of contacts are stored. The library reads and
// writes the key of each device anew for every message in either direction, and outside
// of a decryption each write is a commit of its own. Of the 20 statements for a message
// and its answer that were measured, these were 6, with 2 of the 5 commits.
type identities struct {
	mu     sync.Mutex
	stored map[string][32]byte // by address
}

// PutIdentity records the identity key of a contact's device. One that is stored is not
// written again.
func (s *stores) PutIdentity(ctx context.Context, address string, key [32]byte) error {
	if s.identities.has(address, key) {
		return nil
	}
	if d := draftOf(ctx); d != nil {
		return d.putIdentity(address, key)
	}
	if err := s.AllSessionSpecificStores.PutIdentity(ctx, address, key); err != nil {
		return noted(ctx, err)
	}
	if op := operationOf(ctx); op != nil && op.isFenced {
		op.identity(address, key) // not stored before the decryption is
	} else {
		s.identities.keep(map[string][32]byte{address: key})
	}
	return nil
}

// IsTrustedIdentity reports whether key is the one recorded, or the first one.
func (s *stores) IsTrustedIdentity(
	ctx context.Context, address string, key [32]byte,
) (bool, error) {
	if s.identities.has(address, key) {
		return true, nil
	}
	isTrusted, err := s.AllSessionSpecificStores.IsTrustedIdentity(ctx, address, key)
	return isTrusted, noted(ctx, err)
}

// DeleteIdentity forgets the identity key of a contact's device.
func (s *stores) DeleteIdentity(ctx context.Context, address string) error {
	if err := mustBeInTransaction(ctx); err != nil {
		return err
	}
	s.identities.clear()
	return noted(ctx, s.AllSessionSpecificStores.DeleteIdentity(ctx, address))
}

// DeleteAllIdentities forgets the identity keys of all devices of a contact.
func (s *stores) DeleteAllIdentities(ctx context.Context, user string) error {
	if err := mustBeInTransaction(ctx); err != nil {
		return err
	}
	s.identities.clear()
	return s.AllSessionSpecificStores.DeleteAllIdentities(ctx, user)
}

// identity remembers an identity key that is written if the decryption succeeds.
func (op *operation) identity(address string, key [32]byte) {
	if op.identities == nil {
		op.identities = make(map[string][32]byte)
	}
	op.identities[address] = key
}

// has reports whether key is known to be stored for the address.
func (i *identities) has(address string, key [32]byte) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	stored, ok := i.stored[address]
	return ok && stored == key
}

// keep remembers keys that are stored for good. It forgets all others when there would be
// too many: those in use come back with the next message.
func (i *identities) keep(keys map[string][32]byte) {
	if len(keys) == 0 {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stored == nil || len(i.stored)+len(keys) > maxIdentities {
		i.stored = make(map[string][32]byte, len(keys))
	}
	maps.Copy(i.stored, keys)
}

// clear forgets all keys. It is called when the key of a contact changes, which is rare.
func (i *identities) clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stored = nil
}
