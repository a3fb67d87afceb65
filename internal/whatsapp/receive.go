package whatsapp

import (
	"cmp"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
)

// The functions of this file hand to the handler what came from WhatsApp. Those that
// return a bool report whether it may be acknowledged to WhatsApp.

// receiveMessage hands on a message, or what a message says of another one or of the chat.
func (c *Conn) receiveMessage(e *events.Message) bool {
	// WhatsApp hands the phone's history over in messages of the account to itself.
	notice := e.RawMessage.GetProtocolMessage().GetHistorySyncNotification()
	if notice != nil && e.Info.IsFromMe {
		c.learnFromHistory(notice)
		return true
	}
	// The library unwraps some messages and drops what was around them, such as the timer.
	m := cmp.Or(e.RawMessage, e.Message)
	if protocolOf(m).GetType() == waE2E.ProtocolMessage_EPHEMERAL_SETTING {
		return c.receiveTimer(&e.Info, m)
	}
	if r, ok := revisionOf(m, e.Info.Timestamp); ok {
		return c.receiveRevision(&e.Info, r)
	}
	if e.Info.IsFromMe {
		return c.receiveOwn(e)
	}
	in, ok, err := c.inbound(e)
	if err != nil {
		return c.notRecorded(e.Info.ID, err)
	}
	return !ok || c.record(in)
}

// receiveOwn hands on what the owner wrote to a customer.
func (c *Conn) receiveOwn(e *events.Message) bool {
	in, ok, err := c.own(e)
	if err == nil && ok {
		ctx, cancel := c.handlerContext()
		defer cancel()
		err = c.handler.ReceiveOwn(ctx, in)
		failpoint.Hit("own.handled") // and not acknowledged
	}
	if err != nil {
		return c.notRecorded(e.Info.ID, err)
	}
	return true
}

// receiveUndecryptable hands on that a customer wrote something we cannot read. By now the
// library has asked for the message again. What only phones may show never comes to linked
// devices, and is answered as any picture.
func (c *Conn) receiveUndecryptable(e *events.UndecryptableMessage) bool {
	// The sender's client marks what nobody misses if it cannot be read: an edit, a reaction.
	if e.DecryptFailMode == events.DecryptFailHide {
		return true
	}
	in, ok, err := c.envelope(&e.Info)
	if err != nil {
		return c.notRecorded(e.Info.ID, err)
	}
	if !ok {
		return true
	}
	if e.UnavailableType == events.UnavailableTypeViewOnce {
		in.Kind, in.Wordless, in.Media = flowhq.KindMedia, true, flowhq.MediaImage
	} else {
		in.Kind, in.Undecryptable = flowhq.KindText, true
	}
	return c.record(in)
}

// receiveTimer hands on that somebody in a chat has set its timer: the customer, or the
// owner on the phone. A message of this kind says nothing else.
func (c *Conn) receiveTimer(info *types.MessageInfo, m *waE2E.Message) bool {
	jid, alt := info.Sender, info.SenderAlt
	if info.IsFromMe {
		jid, alt = info.Chat, info.RecipientAlt
	}
	// The chat with oneself is no customer's.
	t, ok := timerOf(m, info.Timestamp)
	if !ok || c.isOwn(jid) || info.IsGroup || !isPerson(info.Chat) || !isPerson(jid) {
		return true
	}
	who, err := c.person(jid, alt)
	if err == nil {
		ctx, cancel := c.handlerContext()
		defer cancel()
		err = c.handler.SetTimer(ctx, who, t)
	}
	if err != nil {
		return c.notRecorded(info.ID, err)
	}
	return true
}

// receiveRevision hands on what a customer made of a message.
func (c *Conn) receiveRevision(info *types.MessageInfo, r Revision) bool {
	in, ok, err := c.envelope(info)
	if err == nil && ok {
		r.Person = Person{LID: in.LID, Number: in.Number}
		ctx, cancel := c.handlerContext()
		defer cancel()
		err = c.handler.Revise(ctx, r)
	}
	if err != nil {
		return c.notRecorded(info.ID, err)
	}
	return true
}

// receiveReceipt hands on what a customer's phone says of our messages. "Inactive" is a
// delivery to a client that is not open. Our own receipts, from the owner's phone, say
// nothing of the customer.
func (c *Conn) receiveReceipt(e *events.Receipt) {
	if e.IsFromMe || e.IsGroup {
		return
	}
	r := Receipt{IDs: e.MessageIDs, At: e.Timestamp}
	switch e.Type {
	case types.ReceiptTypeDelivered, types.ReceiptTypeInactive:
		r.Status = flowhq.Delivered
	case types.ReceiptTypeRead, types.ReceiptTypePlayed:
		r.Status = flowhq.Read
	default:
		return
	}
	c.handler.Receipt(r)
}

// learnFromHistory takes from the history of a newly linked phone what sending needs:
// tokens, and the identities of contacts. It reads only the part that came inside the
// message; the rest would have to be downloaded and is large.
func (c *Conn) learnFromHistory(notice *waE2E.HistorySyncNotification) {
	// Most of the history is not inside the messages that announce it.
	if len(notice.GetInitialHistBootstrapInlinePayload()) == 0 {
		return
	}
	if _, err := c.client.Load().DownloadHistorySync(c.ctx, notice, true); err != nil {
		c.logger().Debug("history was not read", "err", err)
	}
}

// record hands a message to the handler. If that fails, the connection ends, so that
// WhatsApp delivers the message again at the next login.
func (c *Conn) record(in Inbound) bool {
	ctx, cancel := c.handlerContext()
	defer cancel()
	if err := c.handler.Receive(ctx, in); err != nil {
		return c.notRecorded(in.ID, err)
	}
	failpoint.Hit("receive.handled") // and not acknowledged
	return true
}

// notRecorded ends the connection because of a message that was not recorded, and returns
// false: the message must not be acknowledged. WhatsApp delivers nothing again before the
// next login.
func (c *Conn) notRecorded(id string, err error) bool {
	c.finish(&EndError{
		Ending: flowhq.EndNotRecorded, Reason: "a message could not be recorded",
		Err: fmt.Errorf("receive %s: %w", id, err),
	})
	return false
}
