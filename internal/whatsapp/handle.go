package whatsapp

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
)

// handlerTimeout bounds one call of the handler. What takes longer has failed:
// meanwhile nothing else of this connection is handled.
const handlerTimeout = 10 * time.Second

// handle is the library's event handler. It reports whether the event may be
// acknowledged to WhatsApp.
func (c *Conn) handle(evt any) (handled bool) {
	if c.isOver() && !isEnd(evt) || !c.calls.enter() {
		return false
	}
	defer c.calls.leave()
	defer c.recovered(func() { handled = false })
	switch e := evt.(type) {
	case *events.Message:
		return c.receiveMessage(e)
	case *events.UndecryptableMessage:
		return c.receiveUndecryptable(e)
	case *events.Receipt:
		c.passReceipt(e)
	case *events.QR, *events.RotateADVSecret, *events.PairSuccess, *events.ManualLoginReconnect:
		c.forward(e)
	case *events.Connected:
		c.forward(e)
		c.announce()
	case *events.PushNameSetting:
		c.announce()
	case *events.OfflineSyncCompleted: // the library handles it in its turn, after what it is about
		c.caughtUpOnce.Do(func() { close(c.caughtUp) })
	default:
		if _, lost := evt.(*events.Disconnected); lost {
			c.letGoOnce.Do(func() { close(c.letGo) })
		}
		if end := endOf(evt); end != nil {
			c.finish(end)
		}
	}
	return true
}

// isEnd reports whether an event tells why a connection is over; such an event
// is wanted even after the loss of the connection that it explains.
func isEnd(evt any) bool { return endOf(evt) != nil }

// endOf returns the reason that an event gives for the end of a connection, or
// nil if it gives none.
func endOf(evt any) *EndError {
	switch e := evt.(type) {
	case *events.Disconnected:
		return &EndError{Reason: flowhq.EndLost, Text: "the connection to WhatsApp was lost"}
	case *events.StreamError:
		return &EndError{Reason: flowhq.EndLost, Text: "WhatsApp closed the connection with error " + e.Code}
	case *events.KeepAliveTimeout:
		if e.ErrorCount >= missedPings {
			return &EndError{Reason: flowhq.EndUnresponsive, Text: fmt.Sprintf("WhatsApp left %d pings unanswered", e.ErrorCount)}
		}
	case *events.StreamReplaced:
		return &EndError{Reason: flowhq.EndReplacedByStranger, Text: "another connection of the same device took over"}
	case *events.LoggedOut:
		return loggedOut(e)
	case *events.TemporaryBan:
		return banned(e)
	case *events.ClientOutdated:
		return &EndError{Reason: flowhq.EndOutdated, Text: "WhatsApp no longer accepts this version of the client"}
	case *events.ConnectFailure:
		return loginRefused(e)
	case *events.PairError:
		return &EndError{Reason: flowhq.EndPairFailed, Text: "the linking was not completed", Err: e.Error}
	case *events.PairPasskeyRequest:
		return &EndError{Reason: flowhq.EndPasskey, Text: "WhatsApp asks for the account's passkey, which only a browser can answer"}
	case *events.PairPasskeyError:
		return &EndError{Reason: flowhq.EndPasskey, Text: "WhatsApp asked for the account's passkey in a way that is not understood", Err: e.Error}
	}
	return nil
}

// loggedOut tells an unlinked device from an account that is blocked.
func loggedOut(e *events.LoggedOut) *EndError {
	switch {
	case !e.OnConnect:
		return &EndError{Reason: flowhq.EndDeviceRemoved, Text: "the device was removed from the phone's linked devices"}
	case e.Reason == events.ConnectFailureUnknownLogout: // WhatsApp's web client calls it "banned"
		return &EndError{Reason: flowhq.EndBanned, Text: "WhatsApp has banned the account (406)"}
	case e.Reason == events.ConnectFailureMainDeviceGone: // and this "locked"
		return &EndError{Reason: flowhq.EndLocked, Text: "WhatsApp has locked the account, or it is no longer on its phone (403)"}
	default:
		return &EndError{Reason: flowhq.EndLoggedOut, Text: fmt.Sprintf("the phone logged the device out while it was away (%d)", int(e.Reason))}
	}
}

func banned(e *events.TemporaryBan) *EndError {
	text := "WhatsApp has banned the account for some time: " + e.Code.String()
	if e.Expire <= 0 { // then there is nothing to wait for
		return &EndError{Reason: flowhq.EndBanned, Text: text}
	}
	return &EndError{Reason: flowhq.EndTempBanned, Text: text, Until: time.Now().Add(e.Expire)}
}

// loginRefused tells trouble on WhatsApp's side from a refusal.
func loginRefused(e *events.ConnectFailure) *EndError {
	text := "WhatsApp refused the login: " + e.Reason.String()
	if int(e.Reason) >= http.StatusInternalServerError {
		return &EndError{Reason: flowhq.EndLost, Text: text}
	}
	return &EndError{Reason: flowhq.EndRefused, Text: text}
}

// receiveMessage records what a customer wrote.
func (c *Conn) receiveMessage(e *events.Message) bool {
	if notice := e.RawMessage.GetProtocolMessage().GetHistorySyncNotification(); notice != nil && e.Info.IsFromMe {
		c.learnFromHistory(notice)
		return true
	}
	m := cmp.Or(e.RawMessage, e.Message)
	if protocolOf(m).GetType() == waE2E.ProtocolMessage_EPHEMERAL_SETTING {
		return c.receiveTimer(&e.Info, m)
	}
	if r, ok := revisionOf(m, e.Info.Timestamp); ok {
		return c.receiveRevision(&e.Info, r)
	}
	in, ok, err := c.inbound(e)
	if err != nil {
		return c.notRecorded(e.Info.ID, err)
	}
	return !ok || c.receive(in)
}

// receiveUndecryptable records that a customer wrote something we cannot read.
// By now the library has asked for it again, but for what only phones may show, which
// is answered as any picture.
func (c *Conn) receiveUndecryptable(e *events.UndecryptableMessage) bool {
	if e.DecryptFailMode == events.DecryptFailHide { // an edit or a reaction
		return true
	}
	in, ok, err := c.envelope(&e.Info)
	if err != nil {
		return c.notRecorded(e.Info.ID, err)
	}
	if !ok {
		return true
	}
	if e.UnavailableType == events.UnavailableTypeViewOnce { // it never comes to linked devices
		in.Kind, in.Wordless = flowhq.KindMedia, true
	} else {
		in.Kind, in.Undecryptable = flowhq.KindText, true
	}
	return c.receive(in)
}

// receive hands a message to the handler. If that fails, the connection ends, so
// that WhatsApp delivers the message again at the next login.
func (c *Conn) receive(in Inbound) bool {
	// A message that is being recorded when the connection is lost still is.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), handlerTimeout)
	defer cancel()
	if err := c.handler.Receive(ctx, in); err != nil {
		return c.notRecorded(in.ID, err)
	}
	failpoint.Hit("receive.handled") // and not acknowledged
	return true
}

// notRecorded ends the connection because of a message that was not recorded, and
// returns false: it must not be acknowledged.
func (c *Conn) notRecorded(id string, err error) bool {
	c.finish(&EndError{Reason: flowhq.EndNotRecorded, Text: "a message could not be recorded",
		Err: fmt.Errorf("receive %s: %w", id, err)})
	return false
}

// passReceipt hands on what a customer's phone says of our messages.
func (c *Conn) passReceipt(e *events.Receipt) {
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

// announce tells WhatsApp the account's name, which customers otherwise see as
// "-". It says "unavailable" with it: "available" would silence the phone.
func (c *Conn) announce() {
	if err := c.client.Load().SendPresence(c.ctx, types.PresenceUnavailable); err != nil {
		c.logger().Debug("presence was not sent", "err", err) // mostly: no name yet
	}
}

// learnFromHistory takes from the history of a newly linked phone what sending
// needs, tokens and the identities of contacts. Only the part that came inside
// the message is read; the rest would have to be downloaded and is large.
func (c *Conn) learnFromHistory(notice *waE2E.HistorySyncNotification) {
	if len(notice.GetInitialHistBootstrapInlinePayload()) == 0 {
		return
	}
	if _, err := c.client.Load().DownloadHistorySync(c.ctx, notice, true); err != nil {
		c.logger().Debug("history was not read", "err", err)
	}
}

// sentMessage finds a message that a phone could not read and asks for again.
func (c *Conn) sentMessage(_, _ types.JID, id types.MessageID) (message *waE2E.Message) {
	if !c.calls.enter() {
		return nil
	}
	defer c.calls.leave()
	defer c.recovered(func() { message = nil })
	ctx, cancel := context.WithTimeout(c.ctx, handlerTimeout)
	defer cancel()
	text, timer, found, err := c.handler.SentText(ctx, id)
	if err != nil {
		c.finish(&EndError{Reason: flowhq.EndNotRecorded, Text: "a sent message could not be looked up",
			Err: fmt.Errorf("message %s: %w", id, err)})
		return nil
	}
	if !found {
		return nil
	}
	return textMessage(text, timer)
}
