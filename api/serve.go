package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Limits of the server, against callers who are slow on purpose.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // of the whole request
	// writeTimeout is counted from the end of the request's header.
	writeTimeout = 30 * time.Second
	// idleTimeout is between two requests on one connection.
	idleTimeout = 2 * time.Minute
	maxHeader   = 16 << 10 // bytes
	// drainTimeout is how long requests may go on when the server ends.
	drainTimeout = 10 * time.Second
)

// Serve answers requests on addr with h until ctx ends, then lets those that run
// finish, for at most ten seconds, and returns nil. If it cannot listen on addr
// it returns an error that names HTTP_ADDR.
func Serve(ctx context.Context, addr string, h http.Handler, log *slog.Logger) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("HTTP_ADDR: another program already listens on %s; "+
			"stop it or choose another address", addr)
	}
	if err != nil {
		return fmt.Errorf("HTTP_ADDR: cannot listen on %s: %w", addr, err)
	}
	log.Info("listening for requests", "addr", l.Addr().String())
	return serve(ctx, l, h, log, drainTimeout)
}

// serve is Serve on a listener, with another drain timeout in tests.
func serve(
	ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger, drainTimeout time.Duration,
) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
		// What net/http logs is broken connections of callers.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := s.Shutdown(drain); err != nil {
		log.Warn("requests were cut off", "after", drainTimeout, "err", errors.Join(err, s.Close()))
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}
