package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/flowhq/flowhq"
)

// How often one principal's reading of the same thing is an event. A page that shows a code asks
// for it every few seconds.
const (
	noteEvery     = time.Minute
	noteCodeEvery = 10 * time.Minute
)

// note records that something was read which is nobody's business but the tenant's. The reader gets
// it all the same if the event cannot be recorded; the log then says so.
func (a *API) note(ctx context.Context, e flowhq.Event) { a.noteOnce(ctx, e, noteEvery) }

// noteCode notes that a code was read by which a phone is linked.
func (a *API) noteCode(ctx context.Context, tenant flowhq.TenantID) {
	a.noteOnce(ctx, flowhq.Event{
		Tenant: tenant, Type: flowhq.EventCodeRead, Actor: actor(ctx),
	}, noteCodeEvery)
}

// noteOnce records an event, unless this process has recorded it within that while.
func (a *API) noteOnce(ctx context.Context, e flowhq.Event, while time.Duration) {
	// Another process records it once more, which does no harm. Neither is a failed write tried
	// again within the while: an outage would else cost each request one more statement.
	what := string(e.Tenant) + " " + string(e.Type) + " " + e.Actor + " " + e.Reason
	if !a.noted.First(what, while) {
		return
	}
	if err := a.Logs.AddEvent(ctx, e); err != nil {
		a.Log.WarnContext(ctx, "an event was not recorded", slog.String("event", string(e.Type)),
			slog.String("tenant", string(e.Tenant)), slog.Any("err", err))
	}
}
