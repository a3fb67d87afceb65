package server

import (
	"errors"
	"fmt"
	"sync"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	// linger is how long a connection stays open after its last stanza, so that the
	// client reads the stanza before it sees the end.
	linger = 150 * time.Millisecond
	// lingerPolite is for a client that hangs up by itself after its last stanza.
	lingerPolite = time.Second
	// lingerReplaced is how long a connection that was thrown out is still read from. A
	// client that goes on sending has not noticed, which is counted: a host that does not
	// know that another one has its number shows in this way.
	lingerReplaced = 30 * time.Second
)

// A conn is one client's connection, from the websocket upgrade to the end. Its fields
// belong to the goroutine of [conn.serve], which sets self and pairing before anything
// else runs for the connection. What others must know of it is in its [link].
type conn struct {
	*wire.Conn
	server *Server

	workers sync.WaitGroup // goroutines besides serve
	done    chan struct{}  // closed when serve is over

	self    member   // zero until the client has logged in
	pairing *pairing // nil unless the client waits to be linked
	// afterwards is what to do once the query at hand has been answered; nil = nothing.
	afterwards func()
}

// A member is a device that has logged in, as its connection knows it.
type member struct {
	profile
	device uint16
}

// isCompanion reports whether the device is linked to a phone. Faults befall companions:
// they are what is tested.
func (m member) isCompanion() bool { return m.device != 0 }

// logNumber returns the account's number for the log, "" before the login.
func (c *conn) logNumber() string {
	if c.self.Number == "" {
		return ""
	}
	return c.self.e164()
}

// serve runs the connection until it is over.
func (c *conn) serve() {
	err := c.talk()
	c.server.do(func(st *state) { st.release(c) })
	c.Cut()
	close(c.done)
	c.workers.Wait()
	if !c.IsEnding() && !wire.WasClosed(err) {
		c.server.log.Debug("connection was lost", "number", c.logNumber(), "error", err)
	}
}

// talk shakes hands, lets the client in and handles its stanzas. It returns why the
// connection is over.
func (c *conn) talk() error {
	client, err := c.ShakeHands(c.server.identity.Static, c.server.noiseChain())
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	handle, err := c.welcome(client)
	if err != nil {
		return err
	}
	for {
		n, err := c.Read()
		if err != nil {
			return err
		}
		if c.isCurrent() {
			handle(n)
		} else {
			c.countLate(n)
		}
	}
}

// welcome starts pairing or logs a device in, and returns what handles the client's
// stanzas from here on. The payload says which of the two the client wants.
func (c *conn) welcome(client *wire.Client) (handle func(*waBinary.Node), err error) {
	if c.server.isOutdated(client.Payload) {
		return nil, c.refuse(reasonOutdated, nil)
	}
	if registration := client.Payload.GetDevicePairingData(); registration != nil {
		return c.handlePairing, c.startPairing(client.Key, registration)
	}
	return c.handle, c.login(client)
}

// isCurrent reports whether what the client says still counts: the server has not ended the
// connection, and the device was neither replaced nor unlinked. It is asked for each stanza,
// and again by what changes the state: the answer may change in between.
func (c *conn) isCurrent() (isCurrent bool) {
	if c.IsEnding() {
		return false
	}
	if c.pairing != nil {
		return true
	}
	c.server.do(func(st *state) { isCurrent = st.current(c) != nil })
	return isCurrent
}

// handle dispatches a stanza of a device that has logged in.
func (c *conn) handle(n *waBinary.Node) {
	switch n.Tag {
	case "iq":
		c.handleQuery(n)
	case classMessage:
		c.handleMessage(n)
	case classReceipt:
		c.handleReceipt(n)
	case "ack":
		c.handleAck(n)
	case "chatstate":
		c.handleChatState(n)
	case "presence", "ib", "call":
		// Nobody here looks at presence, telemetry or calls.
	default:
		c.server.log.Debug("stanza was ignored", "tag", n.Tag, "number", c.logNumber())
	}
}

// endSoon ends the connection without waiting for it, for callers that hold the state:
// [wire.Conn.End] blocks while the client does not read.
func (c *conn) endSoon(last waBinary.Node, after time.Duration) {
	c.workers.Go(func() { c.End(last, after) })
}

// pause waits. It reports false if the connection is over first.
func (c *conn) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.done:
		return false
	}
}

// errRefused ends a connection whose client was sent the reason.
var errRefused = errors.New("refused")

// refuse sends a client the reason why it cannot come in. It returns errRefused once the
// client has had time to read that.
func (c *conn) refuse(reason int, more waBinary.Attrs) error {
	attrs := waBinary.Attrs{"reason": reason, "location": "sim"}
	for k, v := range more {
		attrs[k] = v
	}
	c.End(waBinary.Node{Tag: "failure", Attrs: attrs}, linger)
	c.WaitForEnd()
	return errRefused
}

// streamError is how the server ends a stream. conflict says who is in the way; "" =
// nobody.
func streamError(attrs waBinary.Attrs, conflict string) waBinary.Node {
	n := waBinary.Node{Tag: "stream:error", Attrs: attrs}
	if conflict != "" {
		n.Content = []waBinary.Node{{Tag: "conflict", Attrs: waBinary.Attrs{"type": conflict}}}
	}
	return n
}

// now is the time as stanzas carry it, in Unix seconds.
func now() int64 { return time.Now().Unix() }
