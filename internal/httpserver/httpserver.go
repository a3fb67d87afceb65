// Package httpserver runs an HTTP server until its process is told to end: it bounds what
// slow callers may cost, and lets requests that run finish. The API and the metrics of a
// worker are served by it.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

// Limits of the server, against callers who are slow on purpose. A handler has a deadline
// of its own, well below.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // of the whole request
	writeTimeout      = 30 * time.Second // of the answer, from the end of the request's header
	idleTimeout       = 2 * time.Minute  // between two requests on one connection
	maxHeaderBytes    = 16 << 10
	// maxConnections bounds the connections that are open, at some 20 KiB each. Further callers
	// wait in the system's queue until one closes, which an idle one does after idleTimeout.
	maxConnections = 4096
)

// A Server is what Serve needs to know. Every field is set.
type Server struct {
	Handler http.Handler
	Addr    string // host:port
	Setting string // the environment variable that Addr is from, for errors
	Log     *slog.Logger
	// Listening is called once, before the first request, with the address on which the
	// server listens. Addr may have left the port open.
	Listening func(addr string)
	// DrainTimeout is how long requests may go on after the process was told to end.
	DrainTimeout time.Duration
}

// Serve answers requests until ctx ends, then lets those that run finish for at most
// DrainTimeout, and returns nil. If it cannot listen, it returns an error that names the
// setting.
func (s Server) Serve(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: another program already listens on %s; "+
			"stop it or choose another address", s.Setting, s.Addr)
	}
	if err != nil {
		return fmt.Errorf("%s: cannot listen on %s: %w", s.Setting, s.Addr, err)
	}
	s.Listening(l.Addr().String())
	l = netutil.LimitListener(l, maxConnections)
	server := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		// What net/http logs is the broken connections of callers, about which an operator
		// can do nothing.
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	// The server ends by itself only if its listener breaks, and then the process is of no
	// use: whatever supervises it starts another one.
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		s.Log.Warn("requests were cut off", "after", s.DrainTimeout,
			"err", errors.Join(err, server.Close()))
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}
