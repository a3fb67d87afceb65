package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/socket"
	"go.mau.fi/whatsmeow/types"
)

const (
	handshakeTimeout = 20 * time.Second
	// linger is how long a connection stays open after its last stanza, so that
	// the client reads it before it sees the end. A client that hangs up by
	// itself then is given longer.
	linger       = 150 * time.Millisecond
	lingerPolite = time.Second
	// lingerReplaced is how long a connection that was thrown out is listened to:
	// whoever speaks on it has not noticed, which is counted.
	lingerReplaced = 30 * time.Second
	// idleTimeout ends connections that have gone silent; clients ping every 20
	// to 30 seconds.
	idleTimeout   = 3 * time.Minute
	sweepInterval = 30 * time.Second
)

// A conn is one client's connection, from the websocket upgrade to the end.
// Its reading goroutine is serve; what else runs for it is counted in workers.
type conn struct {
	server  *server
	ws      *websocket.Conn
	tcp     *net.TCPConn // for asking the kernel whether the peer is still there
	greeted bool
	readKey noiseKey
	heard   atomic.Int64 // Unix seconds of the last frame
	ending  atomic.Bool  // the last stanza has been sent
	deaf    atomic.Bool  // nothing is handled or sent any more
	workers sync.WaitGroup
	done    chan struct{} // closed when serve is over

	writing  sync.Mutex
	writeKey noiseKey

	device  *device  // nil while pairing
	pairing *pairing // nil after login
	// afterwards is what to do once the query at hand has been answered.
	afterwards func()

	// Guarded by server.mu.
	active  bool     // the client wants its queue
	pumping bool     // a goroutine sends the queue
	sent    uint64   // seq of the last queued stanza sent
	backlog *backlog // until it has been sent
	// successor is the login that threw this connection out.
	successor *login
}

type tcpKey struct{}

// upgrade turns a request into a connection with a goroutine of its own, and
// frees what net/http keeps for a request.
func (s *server) upgrade(w http.ResponseWriter, r *http.Request) {
	tcp, _ := r.Context().Value(tcpKey{}).(*net.TCPConn)
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OriginPatterns: []string{"web.whatsapp.com"}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(maxFrame)
	c := &conn{server: s, ws: ws, tcp: tcp, done: make(chan struct{})}
	c.heard.Store(time.Now().Unix())
	if !s.admit(c) {
		c.kill()
		return
	}
	go c.serve()
}

// admit counts a connection in; it fails if the server is ending.
func (s *server) admit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	return true
}

// serve runs the connection until it is over.
func (c *conn) serve() {
	defer c.server.running.Done()
	err := c.talk()
	c.server.release(c)
	c.kill()
	close(c.done)
	c.workers.Wait()
	if !c.ending.Load() && websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		c.server.log.Debug("connection was lost", "number", c.number(), "error", err)
	}
}

// number returns the account's number for the log, "" while pairing.
func (c *conn) number() string {
	if c.device == nil {
		return ""
	}
	return c.device.account.e164()
}

// talk shakes hands, admits the client and handles its stanzas. It returns why
// the connection is over.
func (c *conn) talk() error {
	ctx := c.server.ctx
	static, payload, err := c.shakeHands(ctx)
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	handle, err := c.welcome(static, payload)
	if err != nil {
		return err
	}
	for {
		n, err := c.read(ctx)
		if err != nil {
			return err
		}
		if c.deaf.Load() {
			continue
		}
		if c.current() {
			handle(n)
		} else {
			c.overhear(n)
		}
	}
}

// current reports whether what the client says still counts: it has not been
// told to go, replaced or unlinked.
func (c *conn) current() bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return !c.ending.Load() && (c.device == nil || c.device.conn == c)
}

func (c *conn) shakeHands(ctx context.Context) (static []byte, payload *waWa6.ClientPayload, err error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	hello, err := c.readFrame(ctx)
	if err != nil {
		return nil, nil, err
	}
	h, err := newHandshake(socket.WAConnHeader)
	if err != nil {
		return nil, nil, err
	}
	reply, ephemeral, err := h.hello(hello, c.server.secrets, c.server.noiseChain())
	if err != nil {
		return nil, nil, err
	}
	if err = c.writeFrame(append(make([]byte, frameHeader), reply...)); err != nil {
		return nil, nil, err
	}
	finish, err := c.readFrame(ctx)
	if err != nil {
		return nil, nil, err
	}
	if static, payload, err = h.finish(finish, ephemeral); err != nil {
		return nil, nil, err
	}
	c.readKey, c.writeKey, err = h.split()
	return static, payload, err
}

// welcome starts pairing or logs a device in, and returns what handles the
// client's stanzas from here on.
func (c *conn) welcome(static []byte, payload *waWa6.ClientPayload) (handle func(*waBinary.Node), err error) {
	if c.server.outdated(payload) {
		return nil, c.refuse(reasonOutdated, nil)
	}
	if payload.GetDevicePairingData() != nil {
		err = c.startPairing(static, payload.GetDevicePairingData())
		return c.handlePairing, err
	}
	err = c.login(static, payload)
	return c.handle, err
}

// handle dispatches a stanza of a device that is logged in.
func (c *conn) handle(n *waBinary.Node) {
	switch n.Tag {
	case "iq":
		c.handleIQ(n)
	case "message":
		c.handleMessage(n)
	case "receipt":
		c.handleReceipt(n)
	case "ack":
		c.handleAck(n)
	case "chatstate":
		c.handleChatState(n)
	case "presence", "ib", "call":
		// Nobody here looks at presence, telemetry or calls.
	default:
		c.server.log.Debug("stanza was ignored", "tag", n.Tag, "number", c.number())
	}
}

// end sends a last stanza, hangs up some time later, and ignores what the client
// says in between. It does not block for longer than writeTimeout.
func (c *conn) end(last waBinary.Node, after time.Duration) {
	if c.ending.Swap(true) {
		return
	}
	_ = c.send(last) // the client is gone if this fails
	_ = c.send(waBinary.Node{Tag: "xmlstreamend"})
	time.AfterFunc(after, c.kill)
}

// endSoon ends a device's present connection without waiting for it. The caller
// holds mu.
func (c *conn) endSoon(last waBinary.Node, after time.Duration) {
	c.workers.Add(1)
	go func() {
		defer c.workers.Done()
		c.end(last, after)
	}()
}

// pause waits, and reports false if the connection is over first.
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

// kill closes the socket at once, as a network failure would.
func (c *conn) kill() { _ = c.ws.CloseNow() }

// errRefused ends a connection whose client has been told why.
var errRefused = errors.New("refused")

// refuse tells a client why it cannot come in, and returns errRefused once it
// has had time to read it.
func (c *conn) refuse(reason int, more waBinary.Attrs) error {
	attrs := waBinary.Attrs{"reason": reason, "location": "sim"}
	for k, v := range more {
		attrs[k] = v
	}
	c.end(waBinary.Node{Tag: "failure", Attrs: attrs}, linger)
	for {
		if _, err := c.readFrame(c.server.ctx); err != nil {
			return errRefused
		}
	}
}

// release takes a connection that is over out of the books.
func (s *server) release(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if c.device != nil && c.device.conn == c {
		c.device.conn, c.device.left = nil, time.Now()
	}
	if c.pairing != nil {
		for _, ref := range c.pairing.refs {
			delete(s.pairings, ref)
		}
	}
}

// sweep ends silent connections until ctx is done.
func (s *server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, c := range s.connections(func(c *conn) bool {
				return now.Unix()-c.heard.Load() > int64(idleTimeout.Seconds())
			}) {
				c.kill()
			}
		}
	}
}

// connections returns the connections that match.
func (s *server) connections(match func(*conn) bool) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*conn
	for c := range s.conns {
		if match(c) {
			out = append(out, c)
		}
	}
	return out
}

// streamError is how the server ends a stream.
func streamError(attrs waBinary.Attrs, conflict string) waBinary.Node {
	n := waBinary.Node{Tag: "stream:error", Attrs: attrs}
	if conflict != "" {
		n.Content = []waBinary.Node{{Tag: "conflict", Attrs: waBinary.Attrs{"type": conflict}}}
	}
	return n
}

// now is the time as stanzas carry it, in Unix seconds.
func now() int64 { return time.Now().Unix() }

// userOf returns the user part of a stanza's JID attribute, "" if there is none.
func userOf(n *waBinary.Node, attr string) string {
	jid, _ := n.Attrs[attr].(types.JID)
	return jid.User
}
