package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// maxSkew is how far the time of an edit by its sender's clock may be from WhatsApp's.
const maxSkew = 24 * time.Hour

// revisionOf returns what a message from sentAt makes of an earlier one, whose id is
// valid, or false if it is no revision. Whose message that is must still be looked up.
func revisionOf(m *waE2E.Message, sentAt time.Time) (r Revision, ok bool) {
	r.At = sentAt
	var key *waCommon.MessageKey
	switch p := protocolOf(m); {
	case p != nil && p.GetType() == waE2E.ProtocolMessage_REVOKE:
		key, r.Revoked = p.GetKey(), true
	case p.GetType() == waE2E.ProtocolMessage_MESSAGE_EDIT:
		key = p.GetKey()
		// More exact than WhatsApp's seconds, so that two quick edits have an order.
		if at := time.UnixMilli(p.GetTimestampMS()); at.Sub(sentAt).Abs() < maxSkew {
			r.At = at
		}
		if said := contentOf(p.GetEditedMessage()); said.class != nothing {
			r.Text, r.Wordless, r.Kind = &said.text, said.class != worded, said.kind
		}
	case p == nil:
		// Encrypted with a secret that came with the message and is not kept.
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
	case waE2E.SecretEncryptedMessage_MESSAGE_EDIT, waE2E.SecretEncryptedMessage_EVENT_EDIT, waE2E.SecretEncryptedMessage_POLL_EDIT:
		return found
	case waE2E.SecretEncryptedMessage_UNKNOWN, waE2E.SecretEncryptedMessage_MESSAGE_SCHEDULE, waE2E.SecretEncryptedMessage_POLL_ADD_OPTION:
	}
	return nil
}

// receiveRevision records what a customer made of a message.
func (c *Conn) receiveRevision(info *types.MessageInfo, r Revision) bool {
	in, ok, err := c.envelope(info)
	if err == nil && ok {
		r.Person = Person{LID: in.LID, Number: in.Number}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), handlerTimeout)
		defer cancel()
		err = c.handler.Revise(ctx, r)
	}
	if err != nil {
		return c.notRecorded(info.ID, err)
	}
	return true
}
