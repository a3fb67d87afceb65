package whatsapp

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"go.mau.fi/whatsmeow/store"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/sessionlock"
)

// This file is the state of a connection that several goroutines share: whether it has
// ended and why, its device, and the two channels out of the library's goroutines. Its
// methods never block.

// errEnded answers every use of a connection after it has ended. To the library it is a
// cancellation: the only error on which the library acknowledges nothing.
var errEnded = sessionlock.ErrClosed

// finish ends the connection for the given reason; run does the work. The first reason
// counts, except that what WhatsApp gives as the reason beats EndLost: the library reports
// the two in goroutines of their own, in either order (connectionevents.go).
func (c *Conn) finish(end *EndError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.end == nil:
		c.end = end
		c.wire.isShut.Store(true)
		close(c.ended)
	case c.end.Ending == flowhq.EndLost && end.explainsLoss():
		c.end = end
	default: // the first reason, or a better one, is known
		return
	}
	if end.Ending != flowhq.EndLost {
		close(c.explained)
	}
}

// hasEnded reports whether the connection has ended, even if not all of it has stopped.
func (c *Conn) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// recovered, deferred around what runs for this connection, turns a panic into the
// connection's end, and calls failed. One tenant's panic must not end the process, which
// hosts others. Around a call of the handler it also keeps the library from recovering
// the panic itself, for it takes that for success and acknowledges (client.go,
// dispatchEvent).
func (c *Conn) recovered(failed func()) {
	p := recover()
	if p == nil {
		return
	}
	c.logger().Error("a connection panicked", "panic", p, "stack", string(debug.Stack()))
	c.finish(&EndError{
		Ending: flowhq.EndNotRecorded,
		Reason: "a panic in the program ended the connection",
		Err:    fmt.Errorf("panic: %v", p),
	})
	failed()
}

// knownDevice returns the device as far as it is known.
func (c *Conn) knownDevice() Device {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.device
}

// hasLinked reports whether the device is linked for good: WhatsApp has confirmed it. Until
// then a phone has scanned at most, and the library deletes the device if that fails.
func (c *Conn) hasLinked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isLinked
}

// hasScanned reports whether a phone has scanned a code of this connection.
func (c *Conn) hasScanned() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isPairing
}

// A pairingBegun signal says that a phone has scanned the code.
type pairingBegun struct{}

// beginPairing notes that a phone has scanned and which device the connection becomes. It
// reports false if the connection has ended.
func (c *Conn) beginPairing(device Device) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return false
	}
	c.isPairing, c.device = true, device
	return c.signal(pairingBegun{})
}

// confirmPairing notes that WhatsApp has confirmed the device. isNew is whether it had not
// before.
func (c *Conn) confirmPairing() (device Device, isNew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	isNew, c.isLinked = !c.isLinked, true
	return c.device, isNew
}

// signal passes a step on to run. It reports whether that was possible; if not, run is so
// far behind that the connection is past helping.
func (c *Conn) signal(s any) bool {
	select {
	case c.signals <- s:
		return true
	default:
		return false
	}
}

// forward is signal for the library's events, whose loss ends the connection.
func (c *Conn) forward(evt any) {
	if !c.signal(evt) {
		c.finish(&EndError{
			Ending: flowhq.EndLost,
			Reason: fmt.Sprintf("the connection was too busy to handle %T", evt),
		})
	}
}

// emit hands an event to the owner. There is room for more events than a connection has,
// unless the phone has the codes drawn anew over and over.
func (c *Conn) emit(e Event) {
	select {
	case c.events <- e:
	default:
		c.finish(&EndError{
			Ending: flowhq.EndPairFailed, Reason: "the phone asked for new codes too often",
		})
	}
}

// handlerContext bounds one call of the handler. The context outlives the connection: a
// message that is being recorded when the connection is lost still is.
func (c *Conn) handlerContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(c.ctx), handlerTimeout)
}

// logger returns the log, with the device as soon as it is known.
func (c *Conn) logger() *slog.Logger {
	if jid := c.knownDevice().JID; jid != "" {
		return c.network.log.With("device", jid)
	}
	return c.network.log
}

// deviceOf returns what the owner knows of a device; zero before it is paired.
func deviceOf(device *store.Device) Device {
	if device.ID == nil {
		return Device{}
	}
	d := Device{JID: device.ID.String(), Number: numberOf(*device.ID)}
	if !device.LID.IsEmpty() {
		d.LID = device.LID.ToNonAD().String()
	}
	return d
}
