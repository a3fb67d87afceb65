package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// run is the connection's own goroutine, from the dial to the end.
func (c *Conn) run() {
	c.runUntilEnd()
	c.hangUp()
}

// runUntilEnd is run but for hanging up, which happens even after a panic.
func (c *Conn) runUntilEnd() {
	defer c.recovered(func() {})
	if c.connect() {
		c.serve()
	}
}

// connect opens the websocket and the encryption on it. It reports whether that was done
// before the connection ended.
//
// The library cannot be interrupted while it waits for the server's part of the handshake,
// for up to 20 s (handshake.go). If the connection is closed meanwhile, that goroutine
// stays that long, with nothing left to talk to.
func (c *Conn) connect() bool {
	done := make(chan error, 1) // nobody may be there to receive
	client := c.client.Load()
	go func() {
		defer c.recovered(func() { done <- errEnded })
		done <- client.ConnectContext(c.ctx)
	}()
	select {
	case err := <-done:
		if err != nil {
			c.finish(unreached(err))
		}
		return err == nil
	case <-c.ended:
		return false
	}
}

// serve handles what happens from the open websocket to the end of the connection.
func (c *Conn) serve() {
	l := newLinking(c)
	defer l.deadline.Stop()
	silence := time.NewTimer(c.network.timing.silence)
	defer silence.Stop()
	for {
		select {
		case <-c.ended:
			return
		case s := <-c.signals:
			c.apply(l, s)
		case <-l.deadline.C:
			l.expire()
		case <-silence.C:
			silence.Reset(c.checkSilence())
		}
	}
}

// apply does what a signal from the library's goroutines calls for.
func (c *Conn) apply(l *linking, signal any) {
	switch s := signal.(type) {
	case *events.QR:
		l.begin(s.Codes)
	case *events.RotateADVSecret:
		l.redraw(s)
	case linkCodeDrawn:
		l.showLinkCode(s)
	case pairingBegun:
		l.wait()
	case *events.PairSuccess:
		l.confirm()
	case *events.ManualLoginReconnect:
		c.restart(l)
	case *events.Connected: // logged in, and WhatsApp knows that the device is active
		l.confirm() // PairSuccess may come later: each event has a goroutine of its own
		l.finish()
		c.emit(Event{Kind: Online, Device: c.knownDevice()})
	}
}

// restart connects again, as WhatsApp asks for right after a pairing (stream error 515).
// Asked for at any other time it is the end of the connection like any other loss.
func (c *Conn) restart(l *linking) {
	if !c.hasScanned() || l.isOnline {
		c.finish(&EndError{Ending: flowhq.EndLost, Reason: "WhatsApp asked to connect again"})
		return
	}
	// This takes a new client. One that is used again would first disconnect by itself,
	// and race with its own reader, which has just noticed that the wire is cut.
	c.wire.cut(hangUpStep)
	c.client.Store(c.newClient(c.client.Load().Store))
	if c.connect() {
		l.wait()
	}
}

// checkSilence ends the connection if WhatsApp has sent nothing for too long. It returns
// when to check again.
func (c *Conn) checkSilence() time.Duration {
	limit := c.network.timing.silence
	left := limit - time.Since(c.wire.lastSeen())
	if left > 0 {
		return left
	}
	c.finish(&EndError{
		Ending: flowhq.EndUnresponsive, Reason: "WhatsApp has sent nothing for " + limit.String(),
	})
	return limit
}

// hangUp stops everything, in an order that leaves nothing behind: the wire, the library,
// then our own code that runs on the library's goroutines, then the keys.
func (c *Conn) hangUp() {
	c.wire.cut(hangUpStep)
	c.cancel()
	c.awaitRelease()
	if !c.calls.close(handlerTimeout) {
		c.logger().Error("handler did not return after the connection ended")
	}
	if !c.keys.Close(hangUpStep) {
		c.logger().Error("keys were in use after the connection ended")
	}
	c.forgetKeys()
	close(c.stopped)
	close(c.events)
}

// awaitRelease waits a moment for what the library's goroutines do last: to let go of the
// websocket, and to report a better reason than EndLost.
//
// Once the library has let go, Disconnect is safe. It spares a send in progress the 5 s
// for which the library otherwise waits for a reconnect (request.go, retryFrame). If the
// library expected the end of the connection, it reports nothing and waits for nothing.
func (c *Conn) awaitRelease() {
	moment := time.NewTimer(releaseTime)
	defer moment.Stop()
	select {
	case <-c.released:
		c.client.Load().Disconnect()
	case <-moment.C:
		return
	}
	select {
	case <-c.explained:
	case <-moment.C:
	}
}

// forgetKeys deletes the keys of a device after an end that leaves them of no use.
func (c *Conn) forgetKeys() {
	c.mu.Lock()
	reason, device := c.end.Ending, c.device
	c.mu.Unlock()
	if !reason.LosesKeys() {
		return
	}
	// The connection's own context is over by now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), hangUpStep)
	defer cancel()
	if err := c.network.Keys.Forget(ctx, device.JID); err != nil {
		c.logger().Warn("keys of a logged out device were not deleted", "err", err)
	}
}
