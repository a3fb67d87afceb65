package api

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/advice"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds of the lists, in rows.
const (
	// maxLimit bounds what one answer holds in memory. Messages are bounded in bytes as well, by
	// maxPageBytes.
	maxLimit = 1000
	// defaultLimit is for messages, events and commands.
	defaultLimit   = 200
	defaultTenants = 100
)

// tenantRef is a request about one tenant.
type tenantRef struct{ Tenant flowhq.TenantID }

func (r *tenantRef) bind(b *binder) { r.Tenant = b.tenant() }

// pageRequest is a request for a page of what a tenant has, without a filter.
type pageRequest struct {
	tenantRef
	Before int64
	Limit  int
}

func (r *pageRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Before, r.Limit = b.page()
}

// newTenantRequest is POST /admin/tenants.
type newTenantRequest struct {
	New flowhq.NewTenant
	// Key is the Idempotency-Key, by which a repeated request creates no second tenant.
	Key string
}

func (r *newTenantRequest) bind(b *binder) {
	r.Key = b.key()
	b.body(&r.New)
	b.check(r.New.Validate())
}

// tenantAnswer answers with a tenant, whose last change of settings is the ETag. What its session
// does changes no setting, and does not get in the way of who changes one.
type tenantAnswer struct{ flowhq.Tenant }

// headers lets a client send the version back as If-Match.
func (t tenantAnswer) headers() map[string]string { return etag(t.UpdatedAt.UnixMicro()) }

// tenantMade answers with the tenant and says where it is found from now on.
type tenantMade struct{ tenantAnswer }

func (t tenantMade) location() string { return "/admin/tenants/" + string(t.ID) }

// createTenant handles POST /admin/tenants. A caller who had no answer repeats the request
// with its key, and gets the tenant that the first one created.
func (a *API) createTenant(ctx context.Context, req newTenantRequest) (tenantMade, error) {
	t, err := a.Tenants.CreateTenantOnce(ctx, req.Key, req.New, actor(ctx))
	return tenantMade{advised(t)}, err
}

// tenantsRequest is GET /admin/tenants.
type tenantsRequest struct{ store.TenantFilter }

func (r *tenantsRequest) bind(b *binder) {
	r.Status = word(b, "status", flowhq.TenantStatuses)
	r.Session = word(b, "session", flowhq.SessionStates)
	r.Template = word(b, "template", flowhq.Templates)
	r.Search = b.text("search")
	r.Attention = b.either("attention")
	r.Worker = b.text("worker")
	r.Stale = b.either("stale")
	r.Sort = optionalWord(b, "sort", store.TenantSorts)
	r.Order = optionalWord(b, "order", store.TenantDirections)
	r.Limit = b.number("limit", defaultTenants, 1, maxLimit)
	r.Cursor = b.opaque("cursor")
}

// tenantList is a page of tenants. Next is "" on the last page, and else the cursor of the next
// one.
type tenantList struct {
	Tenants []flowhq.Tenant `json:"tenants"`
	Next    string          `json:"next"`
}

// listTenants handles GET /admin/tenants.
func (a *API) listTenants(ctx context.Context, req tenantsRequest) (tenantList, error) {
	tenants, next, err := a.Tenants.Tenants(ctx, req.TenantFilter)
	for i := range tenants {
		tenants[i] = advised(tenants[i]).Tenant
	}
	return tenantList{list(tenants), next}, err
}

// readTenant handles GET /admin/tenants/:id.
func (a *API) readTenant(ctx context.Context, req tenantRef) (tenantAnswer, error) {
	t, err := a.Tenants.Tenant(ctx, req.Tenant)
	return advised(t), err
}

// advised is the tenant with what happens next to its session, for an operator.
func advised(t flowhq.Tenant) tenantAnswer {
	t.Session.NextStep = advice.NextStep(t.Session.Ending)
	return tenantAnswer{t}
}

// tenantChange is PATCH and PUT /admin/tenants/:id. It has no key: to repeat it changes nothing.
type tenantChange struct {
	tenantRef
	Change flowhq.TenantChange
	Match  *int64
}

func (r *tenantChange) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Match = b.match()
	b.settings(&r.Change, string(r.Tenant), tenantState)
	b.check(r.Change.Validate())
	// A client that has lost its fields on the way would take 200 for a change.
	if b.err == nil && len(b.fields) == 0 && r.Change == (flowhq.TenantChange{}) {
		b.stop(flowhq.Errorf(flowhq.Invalid,
			"there is nothing to change: give at least one field of a tenant"))
	}
}

// tenantState are the members of a tenant that no request sets.
var tenantState = []string{"status", "wanted", "session", "host", "created_at", "updated_at", "activity"}

// changeTenant handles PATCH and PUT /admin/tenants/:id. A notification brings a changed config to
// the tenant's host, which uses it from the next message on.
func (a *API) changeTenant(ctx context.Context, req tenantChange) (tenantAnswer, error) {
	var at *time.Time
	if req.Match != nil {
		seen := time.UnixMicro(*req.Match)
		at = &seen
	}
	t, err := a.Tenants.UpdateTenantAt(ctx, req.Tenant, req.Change, at, actor(ctx))
	// A conflict may also be about the number, which another tenant may have.
	if at != nil && flowhq.ErrorCode(err) == flowhq.Conflict {
		now, readErr := a.Tenants.Tenant(ctx, req.Tenant)
		if readErr == nil && !now.UpdatedAt.Equal(*at) {
			err = flowhq.Errorf(notCurrent, "the tenant was changed at %s: read it again, then "+
				"change that", now.UpdatedAt.Format(time.RFC3339Nano))
		}
	}
	return advised(t), err
}

// list returns rows, or an empty list in place of null. JavaScript and typed clients iterate over a
// list without asking whether it is there; openapi.yaml has no list that may be null.
func list[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}
