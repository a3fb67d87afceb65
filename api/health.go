package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// readyWithin is how long the database and Temporal have to answer.
const readyWithin = 2 * time.Second

type healthy struct {
	Status string `json:"status"`
}

// health handles GET /healthz: whoever reads the answer knows that the process
// is alive.
func (a *API) health(context.Context, nothing) (healthy, error) { return healthy{"ok"}, nil }

// readiness says whether the API can serve, and what keeps it from that.
type readiness struct {
	Status string `json:"status"`
	Checks checks `json:"checks"`
}

type checks struct {
	Database string `json:"database"`
	Temporal string `json:"temporal"`
}

// Words of a readiness answer. The cause of a failure is in the log only: this
// answer is public.
const (
	usable   = "ok"
	unusable = "does not answer"
)

func (r readiness) status() int {
	if r.Status != usable {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// ready handles GET /readyz.
func (a *API) ready(ctx context.Context, _ nothing) (readiness, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	r := readiness{Status: usable}
	var wg sync.WaitGroup
	wg.Go(func() { r.Checks.Database = a.ping(ctx, "database", a.Database) })
	wg.Go(func() { r.Checks.Temporal = a.ping(ctx, "temporal", a.Temporal) })
	wg.Wait()
	if r.Checks != (checks{usable, usable}) {
		r.Status = "unavailable"
	}
	return r, nil
}

// ping returns what to say about one dependency.
func (a *API) ping(ctx context.Context, name string, p Pinger) string {
	if err := p.Ping(ctx); err != nil {
		a.Log.WarnContext(ctx, "dependency did not answer", slog.String("dependency", name), slog.Any("err", err))
		return unusable
	}
	return usable
}
