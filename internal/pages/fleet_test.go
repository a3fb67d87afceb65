package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestFull: when the workers will be full follows from their free places and the last week.
func TestFull(t *testing.T) {
	running := func(capacity, sessions int) flowhq.Worker {
		return flowhq.Worker{Status: flowhq.WorkerRunning, Capacity: capacity, Sessions: sessions}
	}
	for _, tt := range []struct {
		name    string
		workers []flowhq.Worker
		added   int
		want    string
	}{
		{"no worker", nil, 5, ""},
		{"nobody new", []flowhq.Worker{running(10, 1)}, 0, ""},
		{"full", []flowhq.Worker{running(10, 12)}, 5, "full: further tenants wait until a worker is added"},
		{"only a draining one is free", []flowhq.Worker{running(10, 10),
			{Status: flowhq.WorkerDraining, Capacity: 10}}, 5,
			"full: further tenants wait until a worker is added"},
		{"all drain", []flowhq.Worker{{Status: flowhq.WorkerDraining, Capacity: 10}}, 5,
			"no worker takes sessions: further tenants wait"},
		{"today", []flowhq.Worker{running(10, 9)}, 50, "full within a day at this week's growth"},
		{"days", []flowhq.Worker{running(10, 0)}, 7, "full in about 10 days at this week's growth"},
		{"weeks", []flowhq.Worker{running(1000, 0), running(1000, 900)}, 100,
			"full in about 11 weeks at this week's growth"},
		{"never", []flowhq.Worker{running(1000, 0)}, 1, "not full within two years at this week's growth"},
	} {
		if got := (workersPage{Workers: tt.workers, NewTenants: tt.added}).Full(); got != tt.want {
			t.Errorf("%s: %q; want %q", tt.name, got, tt.want)
		}
	}
}

// TestDrainButtons: the button says what becomes of the sessions, is for who may press it, and a
// worker that has ended meanwhile is told of above the list.
func TestDrainButtons(t *testing.T) {
	const list = `{"workers":[
		{"name":"one","status":"RUNNING","sessions":5,"capacity":10},
		{"name":"two","status":"RUNNING","sessions":7,"capacity":10},
		{"name":"three","status":"DRAINING","drain_wanted":true,"sessions":1,"capacity":10},
		{"name":"four","status":"DRAINING","sessions":2,"capacity":10},
		{"name":"five","status":"STALE","sessions":2,"capacity":10}]}`
	const fleet = `{"connects_per_second":40,"connects_waiting":3}`
	scopes, refuse := `["read","operate"]`, 0
	s, asked := operatorSite(t, func(a ask) (int, string) {
		switch {
		case a.path == "/admin/workers":
			return http.StatusOK, list
		case a.path == "/admin/fleet":
			return http.StatusOK, fleet
		case a.method == http.MethodPost && refuse != 0:
			return refuse, `{"detail":"the worker has ended"}`
		}
		return http.StatusOK, `{"kind":"OPERATOR","name":"a@example.com","scopes":` + scopes + `}`
	})
	seen := func() string {
		r := httptest.NewRequest("GET", "/admin/workers", nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Body.String()
	}
	page := seen()
	for _, want := range []string{
		"Drain one? The other workers have room for 3 of its 5 sessions; the rest stays.",
		"Drain two? The other workers have room for 5 of its 7 sessions; the rest stays.",
		"/admin/workers/three/undrain",
		"Sessions connect at up to 40 a second; 3 wait for their turn.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"workers/three/drain", "workers/four/", "workers/five/"} {
		if strings.Contains(page, not) {
			t.Errorf("the page offers %q", not)
		}
	}
	if w := sent(s, "/admin/workers/one/drain", nil); w.Code != http.StatusSeeOther ||
		(*asked)[0].path != "/admin/workers/one/drain" {
		t.Errorf("drain: status %d after %+v", w.Code, *asked)
	}
	refuse = http.StatusConflict
	if w := sent(s, "/admin/workers/one/drain", nil); w.Code != refuse ||
		!strings.Contains(w.Body.String(), "The worker has ended") {
		t.Errorf("drain of one that has ended: status %d, and no word of it", w.Code)
	}
	scopes = `["read"]`
	if page := seen(); strings.Contains(page, "/drain") {
		t.Error("the button is shown to who may not press it")
	}
}

// TestAskToDrain: what moves follows from the room of the others alone.
func TestAskToDrain(t *testing.T) {
	w := flowhq.Worker{Name: "w", Status: flowhq.WorkerRunning, Capacity: 10}
	for _, tt := range []struct {
		sessions, room int
		want           string
	}{
		{0, 5, "Drain w? It has no sessions, and takes none until you let it."},
		{1, 0, "Drain w? No other worker has room: it keeps its 1 session until one has. One that drops meanwhile stays off the air until then."},
		{4, 4, "Drain w? It has 4 sessions to move to other workers. Each is off the air for a second or so."},
	} {
		w.Sessions = tt.sessions
		other := flowhq.Worker{Status: flowhq.WorkerRunning, Capacity: tt.room}
		if got := (workersPage{Workers: []flowhq.Worker{w, other}}).Ask(w); got != tt.want {
			t.Errorf("%d sessions, room for %d: %q; want %q", tt.sessions, tt.room, got, tt.want)
		}
	}
}
