package metrics

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// Two workers of one process count apart, and everything that can happen is there
// before it has happened.
func TestWorker(t *testing.T) {
	first, second := NewRegistry(), NewRegistry()
	w := NewWorker(first)
	NewWorker(second)
	w.Ended(flowhq.EndUnresponsive)
	w.Session("", flowhq.Connecting)
	w.Session(flowhq.Connecting, flowhq.Connected)
	w.Outcome(flowhq.Answered)
	for _, tt := range []struct {
		r    Registry
		want []string
	}{
		{first, []string{
			`flowhq_session_ends_total{ending="UNRESPONSIVE"} 1`,
			`flowhq_session_ends_total{ending="LOST"} 0`,
			`flowhq_sessions{state="CONNECTED"} 1`, `flowhq_sessions{state="CONNECTING"} 0`,
			`flowhq_messages_handled_total{outcome="ANSWERED"} 1`,
		}},
		{second, []string{`flowhq_session_ends_total{ending="UNRESPONSIVE"} 0`,
			`flowhq_sessions{state="CONNECTED"} 0`}},
	} {
		text, mediaType, err := tt.r.Text()
		if err != nil || !strings.HasPrefix(mediaType, "text/plain") {
			t.Fatalf("Text() = %s, %v", mediaType, err)
		}
		for _, line := range tt.want {
			if !strings.Contains(string(text), "\n"+line+"\n") {
				t.Errorf("the text lacks %s", line)
			}
		}
	}
}

// addrLog passes on where Serve listens.
type addrLog struct {
	slog.Handler
	addr chan string
}

func (h addrLog) Enabled(context.Context, slog.Level) bool { return true }

func (h addrLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool { h.addr <- a.Value.String(); return false })
	return nil
}

func TestServe(t *testing.T) {
	h := addrLog{slog.DiscardHandler, make(chan string, 1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, "127.0.0.1:0", NewRegistry(), slog.New(h)) }()
	addr := <-h.addr
	for path, want := range map[string]struct {
		status int
		text   string
	}{"/metrics": {http.StatusOK, "\ngo_goroutines "}, "/": {http.StatusNotFound, ""}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != want.status ||
			!strings.Contains(string(text), want.text) ||
			!strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("GET %s = %d, %v, %s; want %d and %q", path, res.StatusCode, err, text,
				want.status, want.text)
		}
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Serve() = %v; want nil", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Serve does not end")
	}
}

func TestServeOnATakenPort(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = Serve(t.Context(), l.Addr().String(), NewRegistry(), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "METRICS_ADDR") {
		t.Errorf("Serve on a taken port = %v; want an error that names the setting", err)
	}
}
