package whatsapp

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// handle is the library's event handler. It reports whether the event may be acknowledged
// to WhatsApp.
func (c *Conn) handle(evt any) (isHandled bool) {
	// An event that gives a reason for the end is wanted even after the end that it explains.
	if c.hasEnded() && endOf(evt) == nil || !c.calls.enter() {
		return false
	}
	defer c.calls.leave()
	defer c.recovered(func() { isHandled = false })
	switch e := evt.(type) {
	case *events.Message:
		return c.receiveMessage(e)
	case *events.UndecryptableMessage:
		return c.receiveUndecryptable(e)
	case *events.Receipt:
		c.receiveReceipt(e)
	case *events.QR, *events.RotateADVSecret, *events.PairSuccess, *events.ManualLoginReconnect:
		c.forward(e)
	case *events.Connected:
		c.forward(e)
		c.announce()
	case *events.PushNameSetting:
		c.announce()
	case *events.OfflineSyncCompleted: // handled after all that it is about
		c.caughtUpOnce.Do(func() { close(c.caughtUp) })
	default: // what else there is either ends the connection or means nothing here
		if _, isLost := evt.(*events.Disconnected); isLost {
			c.releasedOnce.Do(func() { close(c.released) })
		}
		if end := endOf(evt); end != nil {
			c.finish(end)
		}
	}
	return true
}

// announce sends the account's name to WhatsApp, which customers otherwise see as "-". It
// says "unavailable" with it: "available" would keep the phone from ringing. Right after
// a pairing the name is not known yet, and the library sends nothing (presence.go).
func (c *Conn) announce() {
	if err := c.client.Load().SendPresence(c.ctx, types.PresenceUnavailable); err != nil {
		c.logger().Debug("presence was not sent", "err", err)
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
	m, isFound, err := c.handler.Sent(ctx, id)
	if err != nil {
		c.finish(&EndError{
			Ending: flowhq.EndNotRecorded, Reason: "a sent message could not be looked up",
			Err: fmt.Errorf("message %s: %w", id, err),
		})
		return nil
	}
	if !isFound {
		return nil
	}
	// The upload is found where it was noted. One that was lost, or is too old, is made anew.
	media, err := c.upload(ctx, m)
	if err != nil {
		c.logger().Info("media were not sent again", "message", id, "err", err)
		return nil
	}
	return outgoing(m, media)
}
