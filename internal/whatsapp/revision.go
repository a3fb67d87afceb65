package whatsapp

import (
	"time"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
)

// maxSkew is how far the time of an edit by its sender's clock may be from WhatsApp's.
// Beyond it the sender's clock is wrong.
const maxSkew = 24 * time.Hour

// revisionOf returns what a message from sentAt makes of an earlier one, whose id is
// valid, or false if it is no revision. Anybody can name any id, so the caller must look
// up whose message that is.
func revisionOf(m *waE2E.Message, sentAt time.Time) (r Revision, ok bool) {
	r.At = sentAt
	var key *waCommon.MessageKey
	switch p := protocolOf(m); {
	case p != nil && p.GetType() == waE2E.ProtocolMessage_REVOKE:
		key, r.Revoked = p.GetKey(), true
	case p.GetType() == waE2E.ProtocolMessage_MESSAGE_EDIT:
		key = p.GetKey()
		// WhatsApp's time is in whole seconds. Two quick edits need an order.
		if at := time.UnixMilli(p.GetTimestampMS()); at.Sub(sentAt).Abs() < maxSkew {
			r.At = at
		}
		if said := contentOf(p.GetEditedMessage()); said.class != nothing {
			r.Text, r.Wordless, r.Kind = &said.text, said.class != worded, said.kind
		}
	case p == nil:
		// Its text is encrypted with a secret that came with the edited message, which
		// package keystore does not store.
		key = secretEditOf(m).GetTargetMessageKey()
	}
	r.ID = key.GetID()
	return r, isID(r.ID)
}

// secretEditOf returns the edit in m that is encrypted once more, or nil.
func secretEditOf(m *waE2E.Message) *waE2E.SecretEncryptedMessage {
	var found *waE2E.SecretEncryptedMessage
	unwrap(m, maxWrappers, func(m *waE2E.Message) bool {
		found = m.GetSecretEncryptedMessage()
		return found == nil
	})
	switch found.GetSecretEncType() {
	case waE2E.SecretEncryptedMessage_MESSAGE_EDIT, waE2E.SecretEncryptedMessage_EVENT_EDIT,
		waE2E.SecretEncryptedMessage_POLL_EDIT:
		return found
	case waE2E.SecretEncryptedMessage_UNKNOWN, waE2E.SecretEncryptedMessage_MESSAGE_SCHEDULE,
		waE2E.SecretEncryptedMessage_POLL_ADD_OPTION: // these change nothing that was said
	}
	return nil
}
