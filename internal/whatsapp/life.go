package whatsapp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// A life is the state of a connection's own goroutine.
type life struct {
	*Conn
	codes    []string    // QR codes yet to be shown
	code     string      // the one being shown, or ""
	ends     time.Time   // when there will be none left
	deadline *time.Timer // of the code, or of the login
	online   bool
}

// run is the connection's life.
func (c *Conn) run() {
	c.live()
	c.hangUp()
}

// live is run but for the end, which comes even after a panic: one connection's
// must not be the end of the others in this process.
func (c *Conn) live() {
	defer c.recovered(func() {})
	if c.connect() {
		c.serve()
	}
}

// connect establishes the websocket and the encryption on it. It reports whether
// that was done before the connection ended.
//
// The library cannot be interrupted while it waits for the server's part of the
// handshake, for up to 20 s. If the connection is closed meanwhile, its goroutine
// stays that long, with nothing left to talk to.
func (c *Conn) connect() bool {
	done := make(chan error, 1)
	client := c.client.Load()
	go func() {
		defer c.recovered(func() { done <- errOver })
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

// serve handles what happens from the established connection to its end.
func (c *Conn) serve() {
	l := &life{Conn: c, deadline: time.NewTimer(c.network.pace.login)}
	defer l.deadline.Stop()
	silence := time.NewTimer(c.network.pace.silence)
	defer silence.Stop()
	for {
		select {
		case <-c.ended:
			return
		case s := <-c.signals:
			l.obey(s)
		case <-l.deadline.C:
			l.expire()
		case <-silence.C:
			silence.Reset(l.listen())
		}
	}
}

// listen ends the connection if WhatsApp has been silent for too long. It returns
// when to listen again.
func (l *life) listen() time.Duration {
	patience := l.network.pace.silence
	left := patience - time.Since(l.LastSeen())
	if left > 0 {
		return left
	}
	l.finish(&EndError{Reason: flowhq.EndUnresponsive, Text: "WhatsApp has sent nothing for " + patience.String()})
	return patience
}

// A pairingBegun signal says that a phone has scanned the code.
type pairingBegun struct{}

// obey does what a signal from the library calls for.
func (l *life) obey(signal any) {
	switch s := signal.(type) {
	case *events.QR:
		l.codes = s.Codes
		first := l.network.pace.firstCode
		if len(l.codes) < fullRound {
			first = l.network.pace.nextCode
		}
		l.show(first)
	case *events.RotateADVSecret:
		l.redraw(s)
	case linkCodeDrawn:
		l.passLinkCode(s)
	case pairingBegun:
		l.code, l.codes = "", nil
		l.deadline.Reset(l.network.pace.login)
	case *events.PairSuccess:
		l.confirm()
	case *events.ManualLoginReconnect:
		l.restart()
	case *events.Connected:
		l.confirm() // its own event may come later than this one
		l.online = true
		l.deadline.Stop()
		l.emit(Event{Kind: Online, Device: l.linkedDevice()})
	}
}

// emit hands an event over. There is room for more than a connection can have.
func (l *life) emit(e Event) {
	select {
	case l.events <- e:
	default:
		l.finish(&EndError{Reason: flowhq.EndPairFailed, Text: "the phone asked for new codes too often"})
	}
}

// show shows the next code for the given time, or ends the connection if there
// is none left.
func (l *life) show(d time.Duration) {
	if len(l.codes) == 0 {
		l.expireCodes()
		return
	}
	l.code, l.codes = l.codes[0], l.codes[1:]
	l.deadline.Reset(d)
	expires := time.Now().Add(d)
	l.ends = expires.Add(time.Duration(len(l.codes)) * l.network.pace.nextCode)
	l.emit(Event{Kind: QR, QR: l.code, QRExpires: expires, RoundEnds: l.ends})
}

// redraw replaces the secret in the codes that are shown and yet to be shown.
func (l *life) redraw(s *events.RotateADVSecret) {
	if l.code == "" {
		return
	}
	l.codes = append([]string{l.code}, l.codes...)
	for i, code := range l.codes {
		l.codes[i] = strings.Replace(code, s.OldSecret, s.NewSecret, 1)
	}
	l.show(l.network.pace.nextCode)
}

// expire acts when a code, or the time for the login, has run out.
func (l *life) expire() {
	switch {
	case l.code != "":
		l.show(l.network.pace.nextCode)
	case l.isLinked():
		l.finish(&EndError{Reason: flowhq.EndUnresponsive, Text: "WhatsApp did not complete the login"})
	default:
		l.finish(&EndError{Reason: flowhq.EndUnresponsive, Text: "WhatsApp did not complete the pairing"})
	}
}

// expireCodes ends the connection because all codes have been shown, unless a
// phone has scanned the last one in this moment.
func (c *Conn) expireCodes() {
	c.mu.Lock()
	scanned := c.pairing
	c.mu.Unlock()
	if !scanned {
		c.finish(&EndError{Reason: flowhq.EndQRExpired, Text: "nobody scanned the code"})
	}
}

// beginPairing notes that a phone has scanned and which device we become. It
// reports false if the connection has ended.
func (c *Conn) beginPairing(device Device) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return false
	}
	c.pairing, c.device = true, device
	return c.signal(pairingBegun{})
}

// confirm notes that the pairing is confirmed, once.
func (l *life) confirm() {
	l.mu.Lock()
	known := l.linked
	l.linked = true
	device := l.device
	l.mu.Unlock()
	if !known {
		l.emit(Event{Kind: Linked, Device: device})
	}
}

// restart connects again, as WhatsApp asks for right after a pairing. Asked for
// at any other time it is the end of the connection like any other loss.
func (l *life) restart() {
	l.mu.Lock()
	paired := l.pairing
	l.mu.Unlock()
	if !paired || l.online {
		l.finish(&EndError{Reason: flowhq.EndLost, Text: "WhatsApp asked to connect again"})
		return
	}
	// A client that is used again would first disconnect by itself, and race with
	// its own reader, which has just noticed that the wire is cut.
	l.wire.cut(hangUpStep)
	l.client.Store(l.newClient(l.client.Load().Store))
	if l.connect() {
		l.deadline.Reset(l.network.pace.login)
	}
}

// hangUp stops everything, in an order that leaves nothing behind: the wire, the
// library, then our own code that runs on its goroutines, then the keys.
func (c *Conn) hangUp() {
	c.wire.cut(hangUpStep)
	c.cancel()
	c.settle()
	if !c.calls.close(handlerTimeout) {
		c.logger().Error("handler did not return after the connection ended")
	}
	if !c.guard.Close(hangUpStep) {
		c.logger().Error("keys were in use after the connection ended")
	}
	c.forget()
	close(c.over)
	close(c.events)
}

// settle waits a moment for what the library's goroutines do last: to let go of
// the websocket, and to report a better reason than Lost.
//
// Once it has let go, Disconnect is safe, and spares a send in progress the 5 s
// that it otherwise waits for a reconnect. It need not come to that: if the
// library knew that the connection would end, it says nothing and waits for
// nothing.
func (c *Conn) settle() {
	moment := time.NewTimer(settleTime)
	defer moment.Stop()
	select {
	case <-c.letGo:
		c.client.Load().Disconnect()
	case <-moment.C:
		return
	}
	select {
	case <-c.better:
	case <-moment.C:
	}
}

// forget deletes the keys of a device that was logged out: nothing opens with
// them any more. They stay if it was banned, for a ban may be lifted.
func (c *Conn) forget() {
	c.mu.Lock()
	reason, device := c.end.Reason, c.device
	c.mu.Unlock()
	if reason != flowhq.EndLoggedOut && reason != flowhq.EndDeviceRemoved {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), hangUpStep)
	defer cancel()
	if err := c.network.Forget(ctx, device.JID); err != nil {
		c.logger().Warn("keys of a logged out device were not deleted", "err", err)
	}
}

// signal passes a step on to run, without blocking. It reports whether that was
// possible; if not, the connection is past helping.
func (c *Conn) signal(s any) bool {
	select {
	case c.signals <- s:
		return true
	default:
		return false
	}
}

// forward is signal for the library's events.
func (c *Conn) forward(evt any) {
	if !c.signal(evt) {
		c.finish(&EndError{Reason: flowhq.EndLost, Text: fmt.Sprintf("the connection was too busy to handle %T", evt)})
	}
}
