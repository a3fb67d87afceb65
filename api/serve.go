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
	readHeaderWithin = 5 * time.Second
	readWithin       = 30 * time.Second // the whole request
	writeWithin      = 30 * time.Second // the answer, counted from the end of the request's header
	idleFor          = 2 * time.Minute  // between two requests on one connection
	maxHeader        = 16 << 10         // bytes
	drainWithin      = 10 * time.Second // requests that run when the server is told to stop
)

// Serve answers requests on addr with h until ctx ends, then lets those that run
// finish, for at most ten seconds, and returns nil. If it cannot listen on addr
// it returns an error that names HTTP_ADDR.
func Serve(ctx context.Context, addr string, h http.Handler, log *slog.Logger) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("HTTP_ADDR: another program already listens on %s; stop it or choose another address", addr)
	}
	if err != nil {
		return fmt.Errorf("HTTP_ADDR: cannot listen on %s: %w", addr, err)
	}
	log.Info("listening for requests", "addr", l.Addr().String())
	return serve(ctx, l, h, log, drainWithin)
}

func serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger, drainWithin time.Duration) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderWithin, ReadTimeout: readWithin, WriteTimeout: writeWithin, IdleTimeout: idleFor,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken connections of callers
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	if err := s.Shutdown(drain); err != nil {
		log.Warn("requests were cut off", "after", drainWithin, "err", errors.Join(err, s.Close()))
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}
