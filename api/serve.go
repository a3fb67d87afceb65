package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/flowhq/flowhq/internal/httpserver"
)

// drainTimeout is how long requests may go on when the process is told to end. It is that of
// one request, so none is cut off that is within its time.
const drainTimeout = handleTimeout

// Serve answers requests on addr with h until ctx ends, then lets those that run finish, for at
// most ten seconds, and returns nil. If it cannot listen on addr it returns an error that names
// HTTP_ADDR.
func Serve(ctx context.Context, addr string, h http.Handler, log *slog.Logger) error {
	// A stream would go on for the whole drain. What AfterFunc returns is deferred, so nothing of
	// it is left where listening fails.
	if a, ok := h.(*API); ok {
		defer context.AfterFunc(ctx, a.EndStreams)()
	}
	return httpserver.Server{
		Handler: h, Addr: addr, Setting: "HTTP_ADDR", Log: log, DrainTimeout: drainTimeout,
		Listening: func(addr string) { log.Info("listening for requests", "addr", addr) },
	}.Serve(ctx)
}
