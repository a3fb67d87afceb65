package api

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/flowhq/flowhq/internal/store"
)

// Bounds of what is told of logins, which anybody can make fail.
const (
	alarmsWaiting   = 64
	alarmsAtOnce    = 10
	alarmsPerSecond = 1
	alarmWithin     = 5 * time.Second // for the database to take one
)

// LoginEvents keeps what is told of logins.
type LoginEvents interface {
	AddLoginEvent(ctx context.Context, event store.LoginEvent, from string) error
}

// alarms tells of logins in the log and the fleet's history, one at a time and after
// the caller has been answered.
type alarms struct {
	events LoginEvents
	log    *slog.Logger
	pace   *rate.Limiter

	mu      sync.Mutex
	waiting []loginEvent
	running bool
}

func newAlarms(events LoginEvents, log *slog.Logger) *alarms {
	return &alarms{events: events, log: log, pace: rate.NewLimiter(alarmsPerSecond, alarmsAtOnce)}
}

// raise tells of events. Those for which there is no room are counted only.
func (a *alarms) raise(ctx context.Context, events []loginEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = append(a.waiting, events[:min(len(events), alarmsWaiting-len(a.waiting))]...)
	if len(a.waiting) > 0 && !a.running {
		a.running = true
		go a.run(context.WithoutCancel(ctx)) // the caller does not wait
	}
}

// run ends when nothing waits.
func (a *alarms) run(ctx context.Context) {
	for e, more := a.next(); more; e, more = a.next() {
		a.tell(ctx, e)
	}
}

func (a *alarms) next() (e loginEvent, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) == 0 {
		a.running = false
		return loginEvent{}, false
	}
	e, a.waiting = a.waiting[0], a.waiting[1:]
	return e, true
}

func (a *alarms) tell(ctx context.Context, e loginEvent) {
	_ = a.pace.Wait(ctx) // which never ends
	ctx, cancel := context.WithTimeout(ctx, alarmWithin)
	defer cancel()
	from := slog.String("from", e.from.String())
	if e.kind != store.LoginFailed {
		a.log.WarnContext(ctx, "many wrong passwords", slog.String("event", string(e.kind)), slog.String("reason", e.kind.Reason()), from)
	}
	if err := a.events.AddLoginEvent(ctx, e.kind, e.from.String()); err != nil {
		a.log.WarnContext(ctx, "an event was not recorded",
			slog.String("event", string(e.kind)), from, slog.Any("err", err))
	}
}

// report counts a password that did not pass, and tells of it where that is news.
func (a *API) report(ctx context.Context, right bool, c checked) {
	switch {
	case c.refused:
		a.count.LoginsRefused.Inc()
	case !right:
		a.count.LoginsFailed.Inc()
	}
	for _, e := range c.notable {
		if e.kind == store.LoginsSlowed {
			a.count.LoginsSlowed.Inc()
		}
	}
	a.alarms.raise(ctx, c.notable)
}
