package whatsapp

import (
	"context"

	libkeys "go.mau.fi/whatsmeow/util/keys"
)

// This file is the rest of what a decryption reads and writes, watched for
// failures of the database.

// HasSession tells whether there is a session to decrypt with.
func (k *keys) HasSession(ctx context.Context, address string) (bool, error) {
	has, err := k.AllSessionSpecificStores.HasSession(ctx, address)
	return has, noted(ctx, err)
}

// PutIdentity records the identity key of a contact's device.
func (k *keys) PutIdentity(ctx context.Context, address string, key [32]byte) error {
	return noted(ctx, k.AllSessionSpecificStores.PutIdentity(ctx, address, key))
}

// IsTrustedIdentity tells whether key is the one recorded, or the first one.
func (k *keys) IsTrustedIdentity(ctx context.Context, address string, key [32]byte) (bool, error) {
	trusted, err := k.AllSessionSpecificStores.IsTrustedIdentity(ctx, address, key)
	return trusted, noted(ctx, err)
}

// DeleteIdentity forgets the identity key of a contact's device.
func (k *keys) DeleteIdentity(ctx context.Context, address string) error {
	return noted(ctx, k.AllSessionSpecificStores.DeleteIdentity(ctx, address))
}

// GetPreKey returns one of our one-time keys, which a contact's first message uses.
func (k *keys) GetPreKey(ctx context.Context, id uint32) (*libkeys.PreKey, error) {
	key, err := k.AllSessionSpecificStores.GetPreKey(ctx, id)
	return key, noted(ctx, err)
}

// RemovePreKey deletes a one-time key that has been used.
func (k *keys) RemovePreKey(ctx context.Context, id uint32) error {
	return noted(ctx, k.AllSessionSpecificStores.RemovePreKey(ctx, id))
}
