package httpserver

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// started serves h until the test's context or ctx ends, and returns where, what ends with
// the server, and its log.
func started(
	ctx context.Context, t *testing.T, h http.Handler, drain time.Duration,
) (addr string, served <-chan error, log *bytes.Buffer) {
	t.Helper()
	log = &bytes.Buffer{} // read only after the server has ended
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- Server{
			Handler: h, Addr: "127.0.0.1:0", Setting: "HTTP_ADDR", DrainTimeout: drain,
			Listening: func(addr string) { listening <- addr },
			Log:       slog.New(slog.NewTextHandler(log, nil)),
		}.Serve(ctx)
	}()
	return <-listening, ended, log
}

func TestRunningRequestsFinish(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		w.WriteHeader(http.StatusTeapot)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr, served, _ := started(ctx, t, slow, time.Minute)
	answered := make(chan int, 1)
	go func() { answered <- get(addr) }()
	<-entered
	cancel()
	for { // until new callers are refused, which nothing announces
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		c.Close()
	}
	select {
	case err := <-served:
		t.Fatalf("Serve returned %v while a request ran", err)
	case status := <-answered:
		t.Fatalf("the request was answered with %d", status)
	default:
	}
	close(leave)
	if status := <-answered; status != http.StatusTeapot {
		t.Errorf("the running request got %d; want %d", status, http.StatusTeapot)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v; want nil", err)
	}
}

func TestRequestsThatDoNotFinishAreCutOff(t *testing.T) {
	entered := make(chan struct{})
	stuck := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr, served, log := started(ctx, t, stuck, 10*time.Millisecond)
	go get(addr)
	<-entered
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve = %v; want nil", err)
	}
	if !strings.Contains(log.String(), "requests were cut off") {
		t.Errorf("log:\n%s\nwant that requests were cut off", log)
	}
}

// get returns the status of an answer, 0 if there is none.
func get(addr string) int {
	res, err := http.Get("http://" + addr)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

func TestAddressesThatCannotBeHad(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for addr, want := range map[string]string{
		l.Addr().String(): "HTTP_ADDR: another program already listens on " + l.Addr().String(),
		"203.0.113.1:1":   "HTTP_ADDR: cannot listen on 203.0.113.1:1",
	} {
		err := Server{Addr: addr, Setting: "HTTP_ADDR"}.Serve(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Serve on %s = %v; want %q", addr, err, want)
		}
	}
}
