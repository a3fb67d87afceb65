package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// readyTimeout is how long the database and Temporal have to answer. A load balancer that
	// probes every few seconds must have its answer before the next probe.
	readyTimeout = 2 * time.Second
	// readyFor is how long one answer serves all who ask. Anybody may ask, as often as they
	// like, and must not be able to load the database with it.
	readyFor = time.Second
)

// healthy is the answer of GET /healthz.
type healthy struct {
	Status string `json:"status"`
}

// health handles GET /healthz: an answer means that the process is alive. It asks neither the
// database nor Temporal, because restarting this process would mend neither.
func (a *API) health(context.Context, nothing) (healthy, error) { return healthy{"ok"}, nil }

// readiness says whether the API can serve, and what keeps it from that. Not ready is 503
// (TestReady).
type readiness struct {
	Status string `json:"status"`
	Checks checks `json:"checks"`
}

// checks says of each dependency whether it answers.
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

// status is what a load balancer looks at.
func (r readiness) status() int {
	if r.Status != usable {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// ready handles GET /readyz. Who comes while another one asks waits for that answer, so that
// however many ask, the database sees one ping a second (TestReadyIsAskedOnce).
func (a *API) ready(ctx context.Context, _ nothing) (readiness, error) {
	if !acquire(ctx, a.readiness.slot) {
		// classify makes 503 of it, and 499 in the log for a caller who hung up.
		return readiness{}, ctx.Err()
	}
	defer release(a.readiness.slot)
	if time.Since(a.readiness.at) >= a.readiness.keep {
		a.readiness.last = a.checkReady(ctx, a.readiness.last)
		a.readiness.at = time.Now()
	}
	return a.readiness.last, nil
}

// A readyCache is the latest readiness. Only the holder of the slot uses it.
type readyCache struct {
	slot chan struct{}
	keep time.Duration // how long last may be used
	at   time.Time     // when last was found out
	last readiness
}

// checkReady asks the database and Temporal. It goes on if the caller hangs up, because
// others wait for the answer.
func (a *API) checkReady(ctx context.Context, before readiness) readiness {
	ctx, cancel := context.WithTimeout(outlasting(ctx), min(readyTimeout, a.timeout))
	defer cancel()
	r := readiness{Status: usable}
	// Both are asked at once: if one hangs, the other's answer must not be late for it.
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

// ping returns what to say about one dependency, and logs what has changed. An unchanged outage is
// not logged again: probes come every few seconds and would fill the log.
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
