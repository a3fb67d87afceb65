package whatsapp

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A relay passes bytes between clients and a server until told to stop. Its
// connections stay open, but nothing comes through any more.
type relay struct {
	net.Listener
	server string
	stop   chan struct{}

	mu    sync.Mutex
	conns []net.Conn
}

// newRelay starts a relay in front of server.
func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, server: server, stop: make(chan struct{})}
	go r.accept()
	t.Cleanup(func() {
		l.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.conns {
			c.Close()
		}
	})
	return r
}

func (r *relay) accept() {
	for {
		client, err := r.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.server)
		if err != nil {
			client.Close()
			return
		}
		r.mu.Lock()
		r.conns = append(r.conns, client, server)
		r.mu.Unlock()
		go r.pass(client, server)
		go r.pass(server, client)
	}
}

func (r *relay) pass(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-r.stop:
			_, _ = io.Copy(io.Discard, from)
			return
		default:
		}
		if _, werr := to.Write(buffer[:n]); err != nil || werr != nil {
			to.Close()
			return
		}
	}
}

// silence connects through a relay, waits until WhatsApp has answered a ping, and
// then lets nothing through any more.
func (w *world) silence() *Conn {
	w.Helper()
	h := newRecorder()
	c, device := w.link(w.phone(), h)
	w.hangUp(c)
	r := newRelay(w.T, w.server.Addr)
	w.server.Addr = r.Addr().String()
	c = w.dial(device.JID, h)
	w.next(c, Online)
	seen := c.LastSeen()
	w.await("an answered ping", func() bool { return c.LastSeen().After(seen) })
	close(r.stop)
	return c
}

func TestUnansweredPingsAreUnresponsive(t *testing.T) {
	w := newWorld(t)
	if end := w.wantEnd(w.silence(), flowhq.EndUnresponsive); !strings.Contains(end.Reason, "2 pings") {
		t.Errorf("the connection ended because %s; want two pings without an answer", end.Reason)
	}
}

func TestSilenceIsUnresponsive(t *testing.T) {
	w := newWorld(t)
	w.network.timing.silence = time.Second // long before the second ping is given up
	if end := w.wantEnd(w.silence(), flowhq.EndUnresponsive); !strings.Contains(end.Reason,
		"nothing for 1s") {
		t.Errorf("the connection ended because %s; want silence", end.Reason)
	}
}

func TestLoginThatTakesTooLongIsUnresponsive(t *testing.T) {
	w := newWorld(t)
	h := newRecorder()
	c, device := w.link(w.phone(), h)
	w.hangUp(c)
	w.network.timing.login = time.Nanosecond
	w.wantEnd(w.dial(device.JID, h), flowhq.EndUnresponsive)
}

// While the library waits for the server's part of the handshake it cannot be
// interrupted, but whoever closes the connection is not made to wait.
func TestCloseDuringHandshake(t *testing.T) {
	w := newWorld(t)
	r := newRelay(t, w.server.Addr)
	close(r.stop)
	w.server.Addr = r.Addr().String()
	c := w.dial("", newRecorder())
	w.await("the connection", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.conns) > 0
	})
	start := time.Now()
	w.hangUp(c)
	if took := time.Since(start); took > 2*hangUpStep {
		t.Errorf("Close took %v", took)
	}
	w.wantEnd(c, flowhq.EndFailed)
}
