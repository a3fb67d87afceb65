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

// readyFor is how long an answer of theirs holds.
const readyFor = time.Second

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

// ready handles GET /readyz. Anybody may ask, as often as they like, so one answer
// serves all who ask within a second.
func (a *API) ready(ctx context.Context, _ nothing) (readiness, error) {
	if !take(ctx, a.readiness.turn) {
		return readiness{}, ctx.Err()
	}
	defer release(a.readiness.turn)
	if time.Since(a.readiness.at) >= a.readiness.keep {
		a.readiness.last = a.checkReady(ctx, a.readiness.last)
		a.readiness.at = time.Now()
	}
	return a.readiness.last, nil
}

// A readyCache is the latest readiness, which whoever has the turn reads and writes.
type readyCache struct {
	turn chan struct{}
	keep time.Duration // for so long
	at   time.Time     // when it was found out
	last readiness
}

// checkReady asks the database and Temporal, even if the caller hangs up meanwhile.
func (a *API) checkReady(ctx context.Context, before readiness) readiness {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(readyWithin, a.within))
	defer cancel()
	r := readiness{Status: usable}
	var wg sync.WaitGroup
	was := before.Checks
	wg.Go(func() { r.Checks.Database = a.ping(ctx, "database", a.Database, was.Database) })
	wg.Go(func() { r.Checks.Temporal = a.ping(ctx, "temporal", a.Temporal, was.Temporal) })
	wg.Wait()
	if r.Checks != (checks{usable, usable}) {
		r.Status = "unavailable"
	}
	return r
}

// ping returns what to say about one dependency, and logs what has changed.
func (a *API) ping(ctx context.Context, name string, p Pinger, before string) string {
	err := p.Ping(ctx)
	switch {
	case err == nil && before == unusable:
		a.Log.InfoContext(ctx, "dependency answers again", slog.String("dependency", name))
	case err != nil && before != unusable:
		a.Log.WarnContext(ctx, "dependency did not answer",
			slog.String("dependency", name), slog.Any("err", err))
	}
	if err != nil {
		return unusable
	}
	return usable
}
