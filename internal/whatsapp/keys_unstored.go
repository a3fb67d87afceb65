package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// What the methods of this file do not store, nothing here would ever read: the address
// book of a tenant's phone, and the secrets of messages, which serve polls and
// reactions. Storing them costs a statement or two per message, in tables that
// only grow, and would hold more about people than the product needs.

// PutMessageSecret stores nothing.
func (k *keys) PutMessageSecret(context.Context, types.JID, types.JID, types.MessageID, []byte) error {
	return nil
}

// PutMessageSecrets stores nothing.
func (k *keys) PutMessageSecrets(context.Context, []store.MessageSecretInsert) error { return nil }

// PutPushName stores nothing.
func (k *keys) PutPushName(context.Context, types.JID, string) (bool, string, error) {
	return false, "", nil
}

// PutBusinessName stores nothing.
func (k *keys) PutBusinessName(context.Context, types.JID, string) (bool, string, error) {
	return false, "", nil
}

// PutContactName stores nothing.
func (k *keys) PutContactName(context.Context, types.JID, string, string) error { return nil }

// PutAllContactNames stores nothing.
func (k *keys) PutAllContactNames(context.Context, []store.ContactEntry) error { return nil }

// PutManyRedactedPhones stores nothing.
func (k *keys) PutManyRedactedPhones(context.Context, []store.RedactedPhoneEntry) error { return nil }
