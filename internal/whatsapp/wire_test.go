package whatsapp

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// upgrading starts a server that upgrades every request, remembers its header
// and sends back what it gets.
func upgrading(t *testing.T, header *http.Header) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*header = r.Header.Clone()
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.Copy(conn, buffered)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestWire(t *testing.T) {
	var header http.Header
	var lost atomic.Bool
	w := &wire{transport: http.DefaultTransport, holds: func() bool { return !lost.Load() }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, upgrading(t, &header), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	req.Header.Set("Sec-WebSocket-Extensions", "permessage-deflate")
	if !w.lastSeen().IsZero() {
		t.Error("the server was seen before the first connection")
	}
	resp, err := w.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if got := header.Get("Sec-WebSocket-Extensions"); got != "" || header.Get("Upgrade") == "" {
		t.Errorf("the server was offered %q; want an upgrade without extensions", got)
	}
	if req.Header.Get("Sec-WebSocket-Extensions") == "" {
		t.Error("the caller's request was changed")
	}

	body := resp.Body.(io.ReadWriteCloser)
	if _, err := body.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(body, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if since := time.Since(w.lastSeen()); since > patience {
		t.Errorf("the server was seen %v ago", since)
	}
	lost.Store(true)
	if _, err := body.Write([]byte("login")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a host that has lost its number writes: %v", err)
	}
	lost.Store(false)
	w.isShut.Store(true)
	if _, err := body.Write([]byte("ack")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a wire that is shut writes: %v", err)
	}

	read := make(chan error, 1)
	go func() {
		_, err := body.Read(make([]byte, 1))
		read <- err
	}()
	w.cut(patience)
	if err := <-read; err == nil {
		t.Error("a cut wire reads")
	}
}
