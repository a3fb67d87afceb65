package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/flowhq/flowhq/internal/httpserver"
)

// drainTimeout is how long a scrape may go on when the worker ends. Scrapers ask again,
// so there is no reason to wait longer.
const drainTimeout = 2 * time.Second

// Serve answers GET /metrics on addr with what r holds until ctx ends, and then returns
// nil. If it cannot listen it returns an error that names METRICS_ADDR. It asks for no
// password, so only the scraper should reach addr. If the metrics cannot be gathered, a scrape
// is answered with 500 and the reason is in the log: the worker's sessions go on.
func Serve(ctx context.Context, addr string, r Registry, log *slog.Logger) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		text, mediaType, err := r.Text()
		if err != nil {
			log.Error("could not serve metrics", "err", err)
			http.Error(w, "the metrics could not be gathered; the log says why",
				http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(text) // a scraper that hung up asks again
	})
	return httpserver.Server{
		Handler: mux, Addr: addr, Setting: "METRICS_ADDR", Log: log, DrainTimeout: drainTimeout,
		Listening: func(addr string) { log.Info("serving metrics", "addr", addr) },
	}.Serve(ctx)
}
