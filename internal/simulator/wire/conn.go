package wire

import (
	"bytes"
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
)

const (
	// maxFrame bounds a frame from a client, in bytes: a text of 64 KiB for every device
	// of two accounts, or 812 prekeys, fits several times.
	maxFrame = 2 << 20
	// writeTimeout bounds how long a client may refuse to read.
	writeTimeout = 10 * time.Second
	// handshakeTimeout is how long the client itself waits for an answer.
	handshakeTimeout = 20 * time.Second
	// frameHeader is the length that precedes every frame, in bytes.
	frameHeader = socket.FrameLengthSize
	// gcmOverhead is how much longer a sealed frame is, in bytes.
	gcmOverhead = 16
)

// A Client is who a client says that it is, at the end of the handshake.
type Client struct {
	Key     []byte // its static Noise key, proven
	Payload *waWa6.ClientPayload
}

// A Conn is one client's connection, from the websocket upgrade to the end. One goroutine
// reads from it. Any may write to it.
type Conn struct {
	ctx context.Context // ends with the server
	ws  *websocket.Conn
	tcp *net.TCPConn // for asking the kernel about the peer; nil if it is none

	// isGreeted and readKey belong to the goroutine that reads.
	isGreeted bool // the client's prologue has been read
	readKey   cipherState

	writing  sync.Mutex // guards writeKey, and keeps frames in the order of its counter
	writeKey cipherState

	lastRead       atomic.Int64 // Unix seconds of the last frame
	isEnding       atomic.Bool  // the last stanza has been sent
	isUnresponsive atomic.Bool  // nothing is read or sent any more
}

// accept turns a request into a connection. It fails if the request asks for something
// else, which it has answered then.
func accept(ctx context.Context, w http.ResponseWriter, r *http.Request) (*Conn, error) {
	tcp, _ := r.Context().Value(tcpKey{}).(*net.TCPConn)
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OriginPatterns: []string{hostNames[0]},
		// The client offers compression. Frames are encrypted, so it would save nothing,
		// and was measured to cost 1.2 MiB of the client's memory for each connection.
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(maxFrame)
	c := &Conn{ctx: ctx, ws: ws, tcp: tcp}
	c.lastRead.Store(time.Now().Unix())
	return c, nil
}

// ShakeHands proves the server's static key with the given certificates, and returns who
// the client is. It comes before everything else on a connection.
func (c *Conn) ShakeHands(private, certificates []byte) (*Client, error) {
	ctx, cancel := context.WithTimeout(c.ctx, handshakeTimeout)
	defer cancel()
	hello, err := c.readFrame(ctx)
	if err != nil {
		return nil, err
	}
	h, err := newHandshake(socket.WAConnHeader)
	if err != nil {
		return nil, err
	}
	reply, ephemeral, err := h.hello(hello, private, certificates)
	if err != nil {
		return nil, err
	}
	if err = c.writeFrame(append(make([]byte, frameHeader), reply...)); err != nil {
		return nil, err
	}
	finish, err := c.readFrame(ctx)
	if err != nil {
		return nil, err
	}
	client, err := h.finish(finish, ephemeral)
	if err != nil {
		return nil, err
	}
	c.readKey, c.writeKey, err = h.split()
	return client, err
}

// Read returns the next stanza. It fails when the connection is over.
func (c *Conn) Read() (*waBinary.Node, error) {
	for {
		sealed, err := c.readFrame(c.ctx)
		if err != nil {
			return nil, err
		}
		c.lastRead.Store(time.Now().Unix())
		data, err := c.readKey.open(sealed, nil)
		if err != nil {
			return nil, fmt.Errorf("decrypt frame: %w", err)
		}
		if !c.isUnresponsive.Load() {
			return Unmarshal(data)
		}
	}
}

// Send encodes and writes one stanza. It fails as [Conn.Write] does.
func (c *Conn) Send(n waBinary.Node) error { return c.Write(Marshal(n)) }

// Write sends one encoded stanza. It blocks while the client does not read, at most for
// writeTimeout. An error means that the connection is over, which the goroutine that
// reads finds out as well.
func (c *Conn) Write(data []byte) error {
	if c.isUnresponsive.Load() {
		return nil
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	frame := make([]byte, frameHeader, frameHeader+len(data)+gcmOverhead)
	return c.writeFrame(c.writeKey.seal(frame, data, nil))
}

// End sends a last stanza and hangs up some time later, so that the client reads the
// stanza before it sees the end. A second call does nothing. End blocks as [Conn.Write]
// does.
func (c *Conn) End(last waBinary.Node, after time.Duration) {
	if c.isEnding.Swap(true) {
		return
	}
	_ = c.Send(last) // the client is gone if this fails
	_ = c.Send(waBinary.Node{Tag: "xmlstreamend"})
	time.AfterFunc(after, c.Cut)
}

// Cut closes the socket at once, as a network failure would.
func (c *Conn) Cut() { _ = c.ws.CloseNow() }

// Freeze leaves the connection open and has it neither receive nor send anything from now
// on.
func (c *Conn) Freeze() { c.isUnresponsive.Store(true) }

// WaitForEnd reads and ignores everything until the connection is over.
func (c *Conn) WaitForEnd() {
	for {
		if _, err := c.readFrame(c.ctx); err != nil {
			return
		}
	}
}

// IsEnding reports whether [Conn.End] was called.
func (c *Conn) IsEnding() bool { return c.isEnding.Load() }

// IsOver reports whether either end has hung up, even if the reading goroutine has not
// noticed yet.
func (c *Conn) IsOver() bool { return c.isEnding.Load() || peerClosed(c.tcp) }

// Idle returns for how long the client has said nothing, to the second. A client that is
// alive pings.
func (c *Conn) Idle() time.Duration { return time.Since(time.Unix(c.lastRead.Load(), 0)) }

// Peer returns the client's host:port, "" if that is not known.
func (c *Conn) Peer() string {
	if c.tcp == nil {
		return ""
	}
	return c.tcp.RemoteAddr().String()
}

// WasClosed reports whether an error of [Conn.Read] says that the client closed the
// connection in good order.
func WasClosed(err error) bool {
	return websocket.CloseStatus(err) == websocket.StatusNormalClosure
}

// readFrame returns the next frame of a client, which sends one in each websocket
// message.
func (c *Conn) readFrame(ctx context.Context) ([]byte, error) {
	kind, data, err := c.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageBinary {
		return nil, errors.New("a text message instead of a frame")
	}
	if !c.isGreeted {
		rest, ok := bytes.CutPrefix(data, socket.WAConnHeader)
		if !ok {
			return nil, errors.New("the stream does not begin as WhatsApp's does")
		}
		c.isGreeted, data = true, rest
	}
	if len(data) < frameHeader {
		return nil, errors.New("a frame without its length")
	}
	if n := int(data[0])<<16 | int(data[1])<<8 | int(data[2]); n != len(data)-frameHeader {
		return nil, fmt.Errorf("a frame of %d bytes claims %d", len(data)-frameHeader, n)
	}
	return data[frameHeader:], nil
}

// writeFrame fills in the length at the beginning of frame and sends it as one websocket
// message. A frame that is split over several arrives corrupted: the client counts the
// header as part of what it has received (socket/framesocket.go, processData).
func (c *Conn) writeFrame(frame []byte) error {
	n := len(frame) - frameHeader
	frame[0], frame[1], frame[2] = byte(n>>16), byte(n>>8), byte(n)
	ctx, cancel := context.WithTimeout(c.ctx, writeTimeout)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageBinary, frame)
}
