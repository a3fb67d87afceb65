package api

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds on what is recorded of failed logins. Anybody can make logins fail, and must not be
// able to fill the log or the database with it.
const (
	// maxLoginEvents is how many events wait to be recorded; further ones are only counted.
	maxLoginEvents = 64
	// loginEventsBurst events are recorded at once, and loginEventsPerSecond after those.
	loginEventsBurst     = 10
	loginEventsPerSecond = 1
	// loginEventTimeout bounds the writing of one event to the database.
	loginEventTimeout = 5 * time.Second
)

// LoginEvents records events about passwords and keys.
type LoginEvents interface {
	AddLoginEvent(ctx context.Context, event flowhq.EventType, from string) error
}

// A loginRecorder writes events about logins to the log and to the fleet's events, one at a
// time and after the caller has been answered.
type loginRecorder struct {
	events  LoginEvents
	log     *slog.Logger
	limiter *rate.Limiter

	mu      sync.Mutex
	waiting []loginEvent
	// lately is who has used the admin password within the hour.
	lately  *access.Recent
	running bool // a goroutine works on those that wait
}

// newLoginRecorder returns a loginRecorder without a goroutine: add starts one when needed.
func newLoginRecorder(events LoginEvents, log *slog.Logger) *loginRecorder {
	return &loginRecorder{
		events: events, log: log,
		limiter: rate.NewLimiter(loginEventsPerSecond, loginEventsBurst),
		lately:  access.NewRecent(time.Now),
	}
}

// passwordUsedEvery is how often the use of the admin password from one address is an event.
const passwordUsedEvery = time.Hour

// used has it recorded that somebody has used the admin password.
func (l *loginRecorder) used(ctx context.Context, p flowhq.Principal) {
	if l.lately.First(p.Actor(), passwordUsedEvery) {
		l.add(ctx, []loginEvent{{kind: flowhq.EventPasswordUsed, account: p.Actor()}})
	}
}

// add has events recorded. It drops those for which there is no room, and does not block.
func (l *loginRecorder) add(ctx context.Context, events []loginEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The newest are dropped: the oldest show how it began.
	room := maxLoginEvents - len(l.waiting)
	l.waiting = append(l.waiting, events[:min(len(events), room)]...)
	if len(l.waiting) > 0 && !l.running {
		l.running = true
		go l.run(outlasting(ctx)) // the request ends before
	}
}

// run records what waits, and ends when nothing does.
func (l *loginRecorder) run(ctx context.Context) {
	for e, more := l.next(); more; e, more = l.next() {
		l.record(ctx, e)
	}
}

// next takes the oldest event. Without one the goroutine has to end: the lock that finds
// nothing also says so to add.
func (l *loginRecorder) next() (e loginEvent, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.running = false
		return loginEvent{}, false
	}
	e, l.waiting = l.waiting[0], l.waiting[1:]
	return e, true
}

// record writes one event. A single wrong password is an event but no warning: people
// mistype.
func (l *loginRecorder) record(ctx context.Context, e loginEvent) {
	_ = l.limiter.Wait(ctx) // fails only if ctx ends, which this one does not
	ctx, cancel := context.WithTimeout(ctx, loginEventTimeout)
	defer cancel()
	who := e.actor()
	event, from := slog.String("event", string(e.kind)), slog.String("from", who)
	switch e.kind {
	case flowhq.EventLoginFailed, flowhq.EventPasswordUsed, flowhq.EventSignInRefused:
	default:
		l.log.WarnContext(ctx, "many wrong passwords",
			event, slog.String("reason", store.LoginReason(e.kind)), from)
	}
	// An event that cannot be written is in the log alone; nobody waits to try again.
	if err := l.events.AddLoginEvent(ctx, e.kind, who); err != nil {
		l.log.WarnContext(ctx, "an event was not recorded", event, from, slog.Any("err", err))
	}
}

// countLogin counts a password that was wrong or refused, and has its events recorded. The metrics
// have no label for the address: a stranger with many addresses could make series without end.
func (a *API) countLogin(ctx context.Context, right bool, r checkResult) {
	switch {
	case r.refused:
		a.count.LoginsRefused.Inc()
	case !right:
		a.count.LoginsFailed.Inc()
	}
	for _, e := range r.events {
		if e.kind == flowhq.EventLoginsSlowed {
			a.count.LoginsSlowed.Inc()
		}
	}
	a.logins.add(ctx, r.events)
}
