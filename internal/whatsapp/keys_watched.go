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

// GetPreKey returns one of our one-time keys, which a contact's first message uses.
func (k *keys) GetPreKey(ctx context.Context, id uint32) (*libkeys.PreKey, error) {
	key, err := k.AllSessionSpecificStores.GetPreKey(ctx, id)
	return key, noted(ctx, err)
}

// RemovePreKey deletes a one-time key that has been used.
func (k *keys) RemovePreKey(ctx context.Context, id uint32) error {
	return noted(ctx, k.AllSessionSpecificStores.RemovePreKey(ctx, id))
}
