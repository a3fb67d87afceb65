package whatsapp

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq/internal/failpoint"
)

// A wire is one connection's view of the shared transport. It sees every byte of the
// websocket. So it knows when the server last answered, it can keep the library from
// writing, and it can cut the connection in a way that the library survives without
// leaving goroutines behind.
type wire struct {
	transport http.RoundTripper
	holds     func() bool  // whether the host still holds the number, see [Handler]
	seen      atomic.Int64 // Unix nanoseconds of the last byte received; 0 = none yet
	isShut    atomic.Bool  // nothing is written any more

	mu     sync.Mutex
	stream *stream // the current websocket's; nil before the first
}

// RoundTrip performs the websocket upgrade.
//
// It takes back the library's offer to compress (socket/dialopts.go). A connection on
// which the offer is accepted keeps a compressor of 1.2 MiB, for frames that are encrypted
// and do not compress. A server may always decline, so it must cope with no offer.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Del("Sec-WebSocket-Extensions")
	resp, err := w.transport.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return resp, err
	}
	body, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		return resp, nil // the library will refuse it
	}
	failpoint.Hit("wire.open") // and not logged in
	s := &stream{ReadWriteCloser: body, wire: w, readEnded: make(chan struct{})}
	w.mu.Lock()
	w.stream = s
	w.mu.Unlock()
	resp.Body = s
	return resp, nil
}

// lastSeen returns when the server last sent anything; zero if it never did.
func (w *wire) lastSeen() time.Time {
	nanos := w.seen.Load()
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos)
}

// cut closes the websocket's connection and waits until the library's reader has noticed,
// at most for the given time. The library must be asked to disconnect only after that. It
// then stops consuming frames, and a reader that holds one is stuck for good: it sends
// frames on a channel without watching for the end (socket/framesocket.go, frameComplete).
func (w *wire) cut(atMost time.Duration) {
	w.mu.Lock()
	s := w.stream
	w.mu.Unlock()
	if s == nil {
		return
	}
	_ = s.ReadWriteCloser.Close()
	select {
	case <-s.readEnded:
	case <-time.After(atMost):
	}
}

// A stream is the byte stream under one websocket.
type stream struct {
	io.ReadWriteCloser
	wire      *wire
	endOnce   sync.Once
	readEnded chan struct{} // closed when nobody reads any more
}

// Read notes when the server has sent something, and when nobody will read any more.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Read(p)
	if n > 0 {
		s.wire.seen.Store(time.Now().UnixNano())
	}
	if err != nil {
		s.endReading()
	}
	return n, err
}

// Close is called by the library when it hangs up first.
func (s *stream) Close() error {
	s.endReading()
	return s.ReadWriteCloser.Close()
}

func (s *stream) endReading() { s.endOnce.Do(func() { close(s.readEnded) }) }

// Write refuses once the connection has ended or the number is not ours any more. What the
// library says from then on, such as that a message was received, reaches nobody.
func (s *stream) Write(p []byte) (int, error) {
	failpoint.Hit("wire.write")
	if s.wire.isShut.Load() || !s.wire.holds() {
		return 0, net.ErrClosed
	}
	return s.ReadWriteCloser.Write(p)
}
