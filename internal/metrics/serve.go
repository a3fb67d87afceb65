package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of the server: its callers are scrapers, which are few and quick.
const (
	requestWithin = 10 * time.Second
	closeWithin   = 2 * time.Second
)

// Serve answers GET /metrics on addr with what r holds until ctx ends, and then
// returns nil. If it cannot listen it returns an error that names METRICS_ADDR. It
// asks for no password: addr should be reached by the scraper alone.
func Serve(ctx context.Context, addr string, r Registry, log *slog.Logger) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("METRICS_ADDR: cannot listen on %s: %w", addr, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		text, mediaType, err := r.Text()
		if err != nil {
			log.Error("could not serve metrics", "err", err)
			http.Error(w, "the metrics could not be gathered; the log tells why", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(text) // a scraper that hung up asks again
	})
	s := &http.Server{
		Handler: mux, ReadHeaderTimeout: requestWithin, ReadTimeout: requestWithin, WriteTimeout: requestWithin,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	log.Info("serving metrics", "addr", l.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve metrics: %w", err)
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	if err := s.Shutdown(closing); err != nil {
		return errors.Join(err, s.Close())
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}
