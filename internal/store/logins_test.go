package store_test

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestLoginEvents: who makes them cannot fill the table, nor hide what else there is.
func TestLoginEvents(t *testing.T) {
	t.Parallel()
	b := open(t)
	count := func(what string, want int64) {
		t.Helper()
		if got := scalar[int64](t, b, `select count(*) from flowhq.fleet_events where event_type like 'LOGIN%'`); got != want {
			t.Errorf("%s: %d events; want %d", what, got, want)
		}
	}
	b.outdated(t, young)
	for range 3 {
		ok(t, b.AddLoginEvent(t.Context(), flowhq.EventLoginFailed, "192.0.2.1"))
		ok(t, b.AddLoginEvent(t.Context(), flowhq.EventLoginsSlowed, "192.0.2.1"))
	}
	count("one source", 2)
	for i := range 50 {
		ok(t, b.AddLoginEvent(t.Context(), flowhq.EventLoginFailed, fmt.Sprint("192.0.2.", i)))
	}
	count("many sources", 21)
	shown := map[flowhq.EventType]int{}
	for _, e := range must(b.FleetEvents(t.Context(), 20))(t) {
		shown[e.Type]++
	}
	if shown[flowhq.EventClientOutdated] != 1 ||
		shown[flowhq.EventLoginFailed]+shown[flowhq.EventLoginsSlowed] != 20 {
		t.Errorf("shown: %v; want 20 of logins and the fleet's own", shown)
	}
	b.exec(t, `update flowhq.fleet_events set created_at = now() - interval '2 hours'`)
	ok(t, b.AddLoginEvent(t.Context(), flowhq.EventLoginFailed, "192.0.2.1"))
	count("an hour later", 22)
	b.exec(t, `update flowhq.fleet_events set created_at = now() - interval '31 days'`)
	ok(t, b.AddLoginEvent(t.Context(), flowhq.EventLoginFailed, "192.0.2.1"))
	count("a month later", 1)
}
