package api

import (
	"context"
	"net/http"

	"github.com/flowhq/flowhq"
)

// A FleetStore knows how full the workers are, and keeps the settings that hold for all sessions.
type FleetStore interface {
	Workers(ctx context.Context) ([]flowhq.Worker, error)
	// DrainWorker has a worker drain, or take sessions again if wanted is false.
	DrainWorker(
		ctx context.Context, name string, wanted bool, actor string,
	) (flowhq.Worker, error)
	Traffic(ctx context.Context) ([]flowhq.Traffic, error)
	// NewTenants counts the tenants of the last days whose sessions need a place.
	NewTenants(ctx context.Context, days int) (int, error)
	Fleet(ctx context.Context) (flowhq.Fleet, error)
	FleetEvents(ctx context.Context, limit int) ([]flowhq.FleetEvent, error)
	SetFleet(ctx context.Context, c flowhq.FleetChange, actor string) (flowhq.Fleet, error)
	LoginEvents
}

// workerList has no next page: an installation has few workers.
type workerList struct {
	Workers []flowhq.Worker `json:"workers"`
	// NewTenants are those of the last seven days: by them one sees when the workers are full.
	NewTenants int `json:"new_tenants"`
}

// growthDays are a week, in which each day of business is once.
const growthDays = 7

// listWorkers handles GET /admin/workers.
func (a *API) listWorkers(ctx context.Context, _ nothing) (workerList, error) {
	workers, err := a.Fleet.Workers(ctx)
	if err != nil {
		return workerList{}, err
	}
	added, err := a.Fleet.NewTenants(ctx, growthDays)
	return workerList{list(workers), added}, err
}

// workerRef is a request about one worker.
type workerRef struct{ Name string }

func (r *workerRef) bind(b *binder) { r.Name = b.c.Param("worker") }

// drainWorker handles POST /admin/workers/:worker/drain. The worker learns it with its next sign of
// life, within seconds.
func (a *API) drainWorker(ctx context.Context, req workerRef) (flowhq.Worker, error) {
	return a.Fleet.DrainWorker(ctx, req.Name, true, actor(ctx))
}

// undrainWorker handles POST /admin/workers/:worker/undrain.
func (a *API) undrainWorker(ctx context.Context, req workerRef) (flowhq.Worker, error) {
	return a.Fleet.DrainWorker(ctx, req.Name, false, actor(ctx))
}

// fleetEvents is how many of the fleet's latest events are shown. Events about the admin
// password are counted apart, so that a stranger who guesses does not push the others out.
const fleetEvents = 20

// fleetAnswer is what holds for all sessions, with how it came to that.
type fleetAnswer struct {
	flowhq.Fleet
	// ConnectsPerSecond and ConnectsWaiting are the sums over the workers that run: each paces its
	// own sessions.
	ConnectsPerSecond int                 `json:"connects_per_second"`
	ConnectsWaiting   int                 `json:"connects_waiting"`
	Events            []flowhq.FleetEvent `json:"events"`
}

// readFleet handles GET /admin/fleet.
func (a *API) readFleet(ctx context.Context, _ nothing) (fleetAnswer, error) {
	fleet, err := a.Fleet.Fleet(ctx)
	if err != nil {
		return fleetAnswer{}, err
	}
	return a.describeFleet(ctx, fleet)
}

// fleetRequest is PATCH and PUT /admin/fleet.
type fleetRequest struct{ Change flowhq.FleetChange }

// fleetState are the members of the fleet that no request sets.
var fleetState = []string{"since", "connects_per_second", "connects_waiting", "events"}

// fleetBody is what changes the fleet, with what GET gives besides.
type fleetBody struct {
	Paused  *bool   `json:"paused"`
	Reason  *string `json:"reason"`
	Version *string `json:"whatsapp_version"`
	Pinned  *bool   `json:"pinned"`
}

func (r *fleetRequest) bind(b *binder) {
	var body fleetBody
	b.settings(&body, "", fleetState)
	r.Change = flowhq.FleetChange{Paused: body.Paused, Reason: body.Reason, Version: body.Version}
	unpinned := false
	switch {
	case body.Pinned == nil:
	case b.c.Request.Method != http.MethodPut:
		b.wrong("pinned", "is not a field of this request; a whatsapp_version is pinned")
	case !*body.Pinned:
		unpinned = true
	}
	// So is the reason of a pause that there is not.
	paused := body.Paused != nil && *body.Paused
	if body.Reason != nil && *body.Reason == "" && !paused && b.c.Request.Method == http.MethodPut {
		r.Change.Reason = nil
	}
	b.check(r.Change.Validate())
	if unpinned {
		// The version that GET gave is the newest one, and is not to be pinned by sending it back.
		r.Change.Version = nil
	}
	if b.err == nil && len(b.fields) == 0 && r.Change.Paused == nil && r.Change.Version == nil {
		b.stop(flowhq.Errorf(flowhq.Invalid,
			"there is nothing to change: give paused or whatsapp_version"))
	}
}

// changeFleet handles PATCH and PUT /admin/fleet. A notification brings the change to all workers
// within moments. The answer is the state after the change, so that a client need not read it
// again.
func (a *API) changeFleet(ctx context.Context, req fleetRequest) (fleetAnswer, error) {
	fleet, err := a.Fleet.SetFleet(ctx, req.Change, actor(ctx))
	if err != nil {
		return fleetAnswer{}, err
	}
	return a.describeFleet(ctx, fleet)
}

// describeFleet adds the pace and the latest events to the fleet's state. The events are read after
// the change, so the answer to a change has the change's own.
func (a *API) describeFleet(ctx context.Context, fleet flowhq.Fleet) (fleetAnswer, error) {
	answer := fleetAnswer{Fleet: fleet}
	workers, err := a.Fleet.Workers(ctx)
	if err != nil {
		return fleetAnswer{}, err
	}
	for _, w := range workers {
		// One that drains connects nobody, but sessions may still wait in one that has just begun to.
		if w.Status == flowhq.WorkerRunning {
			answer.ConnectsPerSecond += w.ConnectsPerSecond
		}
		if w.Status != flowhq.WorkerStale {
			answer.ConnectsWaiting += w.ConnectsWaiting
		}
	}
	events, err := a.Fleet.FleetEvents(ctx, fleetEvents)
	answer.Events = list(events)
	return answer, err
}
