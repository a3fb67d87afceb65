package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// AskedBulks remembers bulks from the moment that they are asked for, and how far each was
// a moment ago. One that is begun twice is one.
type AskedBulks interface {
	BeginBulk(ctx context.Context, key string, body []byte, b flowhq.Bulk, tenants []flowhq.TenantID) (flowhq.Bulk, error)
	Bulk(ctx context.Context, id string) (flowhq.Bulk, error)
	BulkTenants(ctx context.Context, id string) ([]flowhq.TenantID, error)
	Bulks(ctx context.Context, limit int) ([]flowhq.Bulk, error)
	CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error)
}

// Bulks runs the bulks that were asked for, and knows how far they are now. It may be away:
// then they wait for it.
type Bulks interface {
	StartBulk(ctx context.Context, b flowhq.Bulk, tenants []flowhq.TenantID) (flowhq.Bulk, error)
	Bulk(ctx context.Context, id string) (flowhq.Bulk, error)
	Bulks(ctx context.Context, limit int) ([]flowhq.Bulk, error)
	CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error)
}

// How many tenants a second are told unless the request says so, and how many bulks
// a list has.
const (
	defaultPerSecond = 10
	defaultBulks     = 20
	maxBulks         = 100
)

// bulkBody is the body of POST /admin/bulk.
type bulkBody struct {
	Command   flowhq.Command `json:"command"`
	Filter    bulkFilter     `json:"filter"`
	PerSecond *int           `json:"per_second"`
}

// bulkFilter selects tenants as the parameters of GET /admin/tenants do. All stands
// alone: nobody stops everybody because a field was left out.
type bulkFilter struct {
	Status   flowhq.TenantStatus `json:"status"`
	Session  flowhq.SessionState `json:"session"`
	Template flowhq.Template     `json:"template"`
	Search   string              `json:"search"`
	All      bool                `json:"all"`
}

type bulkRequest struct {
	bulkBody
	ID  string // of the bulk
	Key string // of the request
}

func (r *bulkRequest) bind(b *binder) {
	b.body(&r.bulkBody)
	if !slices.Contains(flowhq.BulkCommands, r.Command) {
		b.wrong("command", "must be "+choices(flowhq.BulkCommands))
	}
	if r.PerSecond == nil {
		n := defaultPerSecond
		r.PerSecond = &n
	}
	if *r.PerSecond < 1 || *r.PerSecond > flowhq.MaxPerSecond {
		b.wrong("per_second", fmt.Sprintf("must be a whole number from 1 to %d", flowhq.MaxPerSecond))
	}
	r.Filter.check(b)
	// The same request begins the same bulk, however often it is sent.
	r.Key = b.key()
	r.ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("flowhq:bulk:"+r.Key)).String()
}

func (f bulkFilter) check(b *binder) {
	if f.Status != "" && !slices.Contains(flowhq.TenantStatuses, f.Status) {
		b.wrong("filter.status", "must be "+choices(flowhq.TenantStatuses))
	}
	if f.Session != "" && !slices.Contains(flowhq.SessionStates, f.Session) {
		b.wrong("filter.session", "must be "+choices(flowhq.SessionStates))
	}
	if f.Template != "" && !slices.Contains(flowhq.Templates, f.Template) {
		b.wrong("filter.template", "must be "+choices(flowhq.Templates))
	}
	if !validText(f.Search) {
		b.wrong("filter.search", "must be at most 100 printable characters")
	}
	none := f == bulkFilter{All: f.All}
	if none && !f.All {
		b.wrong("filter", `must select something; {"all": true} selects every tenant`)
	}
	if !none && f.All {
		b.wrong("filter.all", "must be left out where other fields select")
	}
}

// startBulk handles POST /admin/bulk.
func (a *API) startBulk(ctx context.Context, req bulkRequest) (flowhq.Bulk, error) {
	body, err := json.Marshal(req.bulkBody)
	if err != nil {
		return flowhq.Bulk{}, err
	}
	f := store.TenantFilter{Status: req.Filter.Status, Session: req.Filter.Session, Template: req.Filter.Template, Search: req.Filter.Search}
	tenants, err := a.Tenants.Selected(ctx, f, flowhq.MaxBulk+1)
	if err != nil {
		return flowhq.Bulk{}, err
	}
	if len(tenants) > flowhq.MaxBulk {
		message := fmt.Sprintf("selects more than %d tenants, which is too many for one bulk", flowhq.MaxBulk)
		return flowhq.Bulk{}, &flowhq.Error{Code: flowhq.Invalid, Message: "the filter " + message,
			Fields: []flowhq.FieldError{{Field: "filter", Message: message}}}
	}
	b, err := a.Asked.BeginBulk(ctx, req.Key, body, flowhq.Bulk{
		ID: req.ID, Command: req.Command, Actor: actor, PerSecond: *req.PerSecond,
	}, tenants)
	if err != nil || b.State != flowhq.BulkRunning {
		return b, err
	}
	// A repeated request may find other tenants than the first one did.
	if tenants, err = a.Asked.BulkTenants(ctx, b.ID); err != nil {
		return b, err
	}
	calling, cancel := context.WithTimeout(ctx, nudgeWithin)
	defer cancel()
	begun, err := a.Bulks.StartBulk(calling, b, tenants)
	if err != nil {
		a.Log.Warn("a bulk waits until Temporal answers again", "bulk", b.ID, "err", err)
		return b, nil
	}
	return begun, nil
}

// current returns a bulk as it is now, if Temporal knows, else as it was a moment ago.
func (a *API) current(ctx context.Context, b flowhq.Bulk) flowhq.Bulk {
	if b.State != flowhq.BulkRunning {
		return b
	}
	calling, cancel := context.WithTimeout(ctx, nudgeWithin)
	defer cancel()
	if now, err := a.Bulks.Bulk(calling, b.ID); err == nil {
		return now
	}
	return b
}

type bulkRef struct{ ID string }

func (r *bulkRef) bind(b *binder) {
	if r.ID = b.c.Param("bulk"); !flowhq.ValidBulkID(r.ID) {
		b.stop(flowhq.Errorf(flowhq.NotFound, "there is no such bulk; the id of a bulk is a UUID in lower case"))
	}
}

// readBulk handles GET /admin/bulk/:bulk.
func (a *API) readBulk(ctx context.Context, req bulkRef) (flowhq.Bulk, error) {
	b, err := a.Asked.Bulk(ctx, req.ID)
	if err != nil {
		return b, err
	}
	return a.current(ctx, b), nil
}

// cancelBulk handles DELETE /admin/bulk/:bulk.
func (a *API) cancelBulk(ctx context.Context, req bulkRef) (flowhq.Bulk, error) {
	b, err := a.Asked.CancelBulk(ctx, req.ID)
	if err != nil || b.State != flowhq.BulkRunning {
		return b, err
	}
	calling, cancel := context.WithTimeout(ctx, nudgeWithin)
	defer cancel()
	now, err := a.Bulks.CancelBulk(calling, req.ID)
	if err != nil {
		a.Log.Info("a bulk is not cancelled yet: the reconciler will see to it", "bulk", req.ID, "err", err)
		return b, nil
	}
	return now, nil
}

type bulksRequest struct{ Limit int }

func (r *bulksRequest) bind(b *binder) { r.Limit = b.number("limit", defaultBulks, 1, maxBulks) }

type bulkList struct {
	Bulks []flowhq.Bulk `json:"bulks"`
}

// listBulks handles GET /admin/bulk.
func (a *API) listBulks(ctx context.Context, req bulksRequest) (bulkList, error) {
	bulks, err := a.Asked.Bulks(ctx, req.Limit)
	if err != nil || !slices.ContainsFunc(bulks, running) {
		return bulkList{list(bulks)}, err
	}
	calling, cancel := context.WithTimeout(ctx, nudgeWithin)
	defer cancel()
	known, err := a.Bulks.Bulks(calling, maxBulks)
	if err != nil {
		a.Log.Info("bulks are listed as they were a moment ago: Temporal does not answer", "err", err)
	}
	for i, b := range bulks {
		n := slices.IndexFunc(known, func(k flowhq.Bulk) bool { return k.ID == b.ID })
		if n >= 0 && running(b) {
			bulks[i] = known[n]
		}
	}
	return bulkList{list(bulks)}, nil
}

func running(b flowhq.Bulk) bool { return b.State == flowhq.BulkRunning }
