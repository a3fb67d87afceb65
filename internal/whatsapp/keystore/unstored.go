package keystore

import (
	"context"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// This program never reads what the methods of this file do not store: the address book
// of a tenant's phone, and the secrets of messages, which serve polls and reactions.
// Storing them costs a statement or two per message, in tables that only grow, and would
// keep more about people than the product needs.

// PutMessageSecret stores nothing.
func (*stores) PutMessageSecret(
	context.Context, types.JID, types.JID, types.MessageID, []byte,
) error {
	return nil
}

// PutMessageSecrets stores nothing.
func (*stores) PutMessageSecrets(context.Context, []store.MessageSecretInsert) error { return nil }

// PutPushName stores nothing.
func (*stores) PutPushName(context.Context, types.JID, string) (bool, string, error) {
	return false, "", nil
}

// PutBusinessName stores nothing.
func (*stores) PutBusinessName(context.Context, types.JID, string) (bool, string, error) {
	return false, "", nil
}

// PutContactName stores nothing.
func (*stores) PutContactName(context.Context, types.JID, string, string) error { return nil }

// PutAllContactNames stores nothing.
func (*stores) PutAllContactNames(context.Context, []store.ContactEntry) error { return nil }

// PutManyRedactedPhones stores nothing.
func (*stores) PutManyRedactedPhones(context.Context, []store.RedactedPhoneEntry) error {
	return nil
}
