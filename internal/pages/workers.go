package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/flowhq/flowhq"
)

// workersPage is how full the workers are, and what holds for all sessions.
type workersPage struct {
	Workers    []flowhq.Worker
	NewTenants int `json:"new_tenants"` // of the last seven days
	// Fleet is asked for by itself; the answer about workers must not fill it.
	Fleet fleet  `json:"-"`
	Wrong string `json:"-"` // why a worker was not drained
}

// Places are how many sessions the workers that take new ones may host, and Left how many more.
func (p workersPage) Places() (places int) {
	for _, w := range p.Workers {
		if w.Status == flowhq.WorkerRunning {
			places += w.Capacity
		}
	}
	return places
}

// Left is how many more sessions the workers may host.
func (p workersPage) Left() (left int) {
	for _, w := range p.Workers {
		left += free(w)
	}
	return left
}

// free is how many more sessions the worker takes.
func free(w flowhq.Worker) int {
	// One that has more than its capacity, as after a change of its setting, takes none.
	if w.Status != flowhq.WorkerRunning {
		return 0
	}
	return max(w.Capacity-w.Sessions, 0)
}

// Ask is what an operator confirms who drains the worker: how many sessions move.
func (p workersPage) Ask(w flowhq.Worker) string {
	switch room := p.Left() - free(w); {
	case w.Sessions == 0:
		return fmt.Sprintf("Drain %s? It has no sessions, and takes none until you let it.", w.Name)
	case room == 0:
		return fmt.Sprintf("Drain %s? No other worker has room: it keeps its %s until one has. One "+
			"that drops meanwhile stays off the air until then.", w.Name, sessions(w.Sessions))
	case room < w.Sessions:
		return fmt.Sprintf("Drain %s? The other workers have room for %d of its %s; the rest stays.",
			w.Name, room, sessions(w.Sessions))
	default:
		return fmt.Sprintf("Drain %s? It has %s to move to other workers. Each is off the air for "+
			"a second or so.", w.Name, sessions(w.Sessions))
	}
}

// Keeps reports whether the worker drains and nobody takes its sessions.
func (p workersPage) Keeps(w flowhq.Worker) bool {
	return w.Status == flowhq.WorkerDraining && w.Sessions > 0 && p.Left() == 0
}

// Pace says how fast sessions connect; "" before any worker runs.
func (p workersPage) Pace() string {
	if p.Fleet.ConnectsPerSecond == 0 {
		return ""
	}
	waiting := "none waits"
	switch n := p.Fleet.ConnectsWaiting; {
	case n == 1:
		waiting = "1 waits for its turn"
	case n > 1:
		waiting = fmt.Sprintf("%d wait for their turn", n)
	}
	return fmt.Sprintf("Sessions connect at up to %d a second; %s.", p.Fleet.ConnectsPerSecond, waiting)
}

// sessions names a number of sessions.
func sessions(n int) string {
	if n == 1 {
		return "1 session"
	}
	return fmt.Sprintf("%d sessions", n)
}

// Full says when no place will be left if each week is like the last one.
func (p workersPage) Full() string {
	const farAway = 104 // weeks; what is beyond two years will be otherwise
	switch {
	case len(p.Workers) == 0 || p.NewTenants == 0:
		return ""
	case p.Places() == 0:
		return "no worker takes sessions: further tenants wait"
	case p.Left() == 0:
		return "full: further tenants wait until a worker is added"
	case p.Left()/p.NewTenants > farAway:
		return "not full within two years at this week's growth"
	}
	days := p.Left() * 7 / p.NewTenants
	switch {
	case days < 1:
		return "full within a day at this week's growth"
	case days < 14:
		return fmt.Sprintf("full in about %d days at this week's growth", days)
	default:
		return fmt.Sprintf("full in about %d weeks at this week's growth", days/7)
	}
}

// fleetTypes are the events that say what holds for all sessions.
var fleetTypes = []flowhq.EventType{
	flowhq.EventFleetPaused, flowhq.EventFleetResumed, flowhq.EventVersionSet,
	flowhq.EventClientOutdated, flowhq.EventDrainAsked, flowhq.EventUndrainAsked,
}

// workers shows how full the workers are.
func (v *visit) workers() error { return v.showWorkers(http.StatusOK, "") }

// showWorkers shows them, with why one was not drained.
func (v *visit) showWorkers(status int, wrong string) error {
	if err := v.operator(); err != nil {
		return err
	}
	p := workersPage{Wrong: wrong}
	if err := v.get("/admin/workers", &p); err != nil {
		return err
	}
	if err := v.get("/admin/fleet", &p.Fleet); err != nil {
		return err
	}
	// The API lists whatever happened to no tenant. Who has signed in is on the page of the audit.
	p.Fleet.Events = slices.DeleteFunc(p.Fleet.Events, func(e flowhq.FleetEvent) bool {
		return !slices.Contains(fleetTypes, e.Type)
	})
	return v.show(status, "workers", "workers", "Fleet", p)
}

// changeFleet holds all reconnects back, or lets them go on. Sessions that are connected stay so.
// A pause keeps the others from logging in all at once while something is wrong with WhatsApp or
// with the installation.
func (v *visit) changeFleet() error {
	if err := v.operator(); err != nil {
		return err
	}
	// The two buttons send the same form, and differ in this field.
	paused := v.r.PostFormValue("paused") == "true"
	in := flowhq.FleetChange{Paused: &paused}
	// A reason is asked for with a pause alone, for those who find the sessions waiting.
	if reason := v.r.PostFormValue("reason"); paused {
		in.Reason = &reason
	}
	if err := v.api.Call(v.ctx(), http.MethodPut, "/admin/fleet", in, nil); err != nil {
		return err
	}
	// The page that follows shows what holds, whoever has changed it last.
	return v.redirect("/admin/workers")
}

// drainWorker has a worker move its sessions to others, or take sessions again.
func (v *visit) drainWorker() error {
	if err := v.operator(); err != nil {
		return err
	}
	path := "/admin/workers/" + url.PathEscape(v.r.PathValue("worker"))
	err := v.post(path+"/"+url.PathEscape(v.r.PathValue("command")), nil, nil)
	// It may have ended while the page was open: the list that says so is the answer.
	if status := statusOf(err); status == http.StatusConflict || status == http.StatusNotFound {
		_, why := v.fieldErrors(err)
		return v.showWorkers(status, why)
	}
	if err != nil {
		return err
	}
	return v.redirect("/admin/workers")
}
