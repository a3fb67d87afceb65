package whatsapp

import (
	"context"
	"maps"
	"sync"
)

// maxIdentities bounds what one connection remembers, at some 150 bytes each.
const maxIdentities = 4096

// identities remembers which identity keys of contacts are stored. The library
// reads and writes the key of each device anew for every message in either
// direction, and outside of a decryption each write is a commit of its own.
type identities struct {
	mu     sync.Mutex
	stored map[string][32]byte // by address
}

// has reports whether key is known to be stored for the address.
func (i *identities) has(address string, key [32]byte) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	stored, known := i.stored[address]
	return known && stored == key
}

// keep notes keys that are stored for good.
func (i *identities) keep(keys map[string][32]byte) {
	if len(keys) == 0 {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stored == nil || len(i.stored)+len(keys) > maxIdentities {
		i.stored = make(map[string][32]byte, len(keys)) // those in use are soon back
	}
	maps.Copy(i.stored, keys)
}

// clear forgets all: a contact's changed, which is rare.
func (i *identities) clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stored = nil
}

// PutIdentity records the identity key of a contact's device. One that is stored
// is not written again.
func (k *keys) PutIdentity(ctx context.Context, address string, key [32]byte) error {
	if k.conn.known.has(address, key) {
		return nil
	}
	if err := k.AllSessionSpecificStores.PutIdentity(ctx, address, key); err != nil {
		return noted(ctx, err)
	}
	if b := bracketOf(ctx); b != nil && b.fenced {
		b.identity(address, key) // stored when the decryption is
	} else {
		k.conn.known.keep(map[string][32]byte{address: key})
	}
	return nil
}

// IsTrustedIdentity tells whether key is the one recorded, or the first one.
func (k *keys) IsTrustedIdentity(ctx context.Context, address string, key [32]byte) (bool, error) {
	if k.conn.known.has(address, key) {
		return true, nil
	}
	trusted, err := k.AllSessionSpecificStores.IsTrustedIdentity(ctx, address, key)
	return trusted, noted(ctx, err)
}

// DeleteIdentity forgets the identity key of a contact's device.
func (k *keys) DeleteIdentity(ctx context.Context, address string) error {
	k.conn.known.clear()
	return noted(ctx, k.AllSessionSpecificStores.DeleteIdentity(ctx, address))
}

// DeleteAllIdentities forgets the identity keys of all devices of a contact.
func (k *keys) DeleteAllIdentities(ctx context.Context, user string) error {
	k.conn.known.clear()
	return k.AllSessionSpecificStores.DeleteAllIdentities(ctx, user)
}
