package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/socket"
)

const (
	// maxFrame bounds a frame from a client, in bytes: a text of 64 KiB for
	// every device of two accounts, or 812 prekeys, fits several times.
	maxFrame = 2 << 20
	// writeTimeout bounds how long a client may refuse to read.
	writeTimeout = 10 * time.Second
	// frameHeader is the length that precedes every frame, in bytes.
	frameHeader = socket.FrameLengthSize
)

// marshal encodes a stanza with its leading flag byte. It panics on a value
// that binary XML cannot hold, which is a programmer's error.
func marshal(n waBinary.Node) []byte {
	data, err := waBinary.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("marshal <%s>: %v", n.Tag, err))
	}
	return data
}

// unmarshal inverts marshal. The library's decoder panics on some of what is not
// binary XML; here that is an error.
func unmarshal(data []byte) (n *waBinary.Node, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			n, err = nil, fmt.Errorf("decode stanza: %v", reason)
		}
	}()
	if len(data) == 0 {
		return nil, errors.New("empty stanza")
	}
	unpacked, err := waBinary.Unpack(data)
	if err != nil {
		return nil, err
	}
	return waBinary.Unmarshal(unpacked)
}

// readFrame returns the next frame of a client, which sends one in each
// websocket message.
func (c *conn) readFrame(ctx context.Context) ([]byte, error) {
	kind, data, err := c.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageBinary {
		return nil, errors.New("a text message instead of a frame")
	}
	if !c.greeted {
		rest, ok := bytes.CutPrefix(data, socket.WAConnHeader)
		if !ok {
			return nil, errors.New("the stream does not begin as WhatsApp's does")
		}
		c.greeted, data = true, rest
	}
	if len(data) < frameHeader {
		return nil, errors.New("a frame without its length")
	}
	if n := int(data[0])<<16 | int(data[1])<<8 | int(data[2]); n != len(data)-frameHeader {
		return nil, fmt.Errorf("a frame of %d bytes claims %d", len(data)-frameHeader, n)
	}
	return data[frameHeader:], nil
}

// writeFrame sends payload, which begins at frameHeader in frame, as one
// websocket message: the client cannot put a split frame together.
func (c *conn) writeFrame(frame []byte) error {
	n := len(frame) - frameHeader
	frame[0], frame[1], frame[2] = byte(n>>16), byte(n>>8), byte(n)
	ctx, cancel := context.WithTimeout(c.server.ctx, writeTimeout)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageBinary, frame)
}

// read returns the next stanza.
func (c *conn) read(ctx context.Context) (*waBinary.Node, error) {
	sealed, err := c.readFrame(ctx)
	if err != nil {
		return nil, err
	}
	c.heard.Store(time.Now().Unix())
	data, err := c.readKey.open(sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("decrypt frame: %w", err)
	}
	return unmarshal(data)
}

// send encodes and writes one stanza.
func (c *conn) send(n waBinary.Node) error { return c.write(marshal(n)) }

// write sends one encoded stanza. It blocks while the client does not read, at
// most for writeTimeout, and may be called by several goroutines.
func (c *conn) write(data []byte) error {
	if c.deaf.Load() {
		return nil
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	frame := make([]byte, frameHeader, frameHeader+len(data)+16)
	return c.writeFrame(c.writeKey.seal(frame, data, nil))
}
