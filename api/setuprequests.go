package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Setups are the requests of tenants' users for their bots to be put on the air.
type Setups interface {
	// SubmitSetup records a request, or finds the one that this repeats. name is the tenant's.
	SubmitSetup(
		ctx context.Context, tenant flowhq.TenantID, n store.SetupSubmission,
	) (r flowhq.SetupRequest, name string, err error)
	// SetupRequest finds a request of a tenant, "" for any, or fails with code NotFound.
	SetupRequest(
		ctx context.Context, tenant flowhq.TenantID, id string,
	) (flowhq.SetupRequest, error)
	// SetupRequests returns one page; next is "" after the last one.
	SetupRequests(
		ctx context.Context, f store.SetupFilter,
	) (page []flowhq.SetupRequest, next string, err error)
	// DecideSetup decides on a request. It fails with code Conflict if it was decided otherwise.
	DecideSetup(
		ctx context.Context, id string, d store.SetupDecision,
	) (r flowhq.SetupRequest, name string, err error)
}

// setupRoutes lists the endpoints by which operators see to setup requests.
func (a *API) setupRoutes(r router) {
	const read, operate, path = flowhq.ScopeRead, flowhq.ScopeOperate, "/setup-requests"
	r.get(path, read, handle(a, http.StatusOK, a.listSetups))
	r.get(path+"/:request", read, handle(a, http.StatusOK, a.readSetup))
	r.post(path+"/:request/review", operate, handle(a, http.StatusOK, a.reviewSetup))
	r.post(path+"/:request/approve", operate, handle(a, http.StatusOK, a.approveSetup))
	r.post(path+"/:request/reject", operate, handle(a, http.StatusOK, a.rejectSetup))
}

// ownSetupRoutes lists the endpoints of one tenant's setup requests.
func (a *API) ownSetupRoutes(r router) {
	const read, operate, path = flowhq.ScopeRead, flowhq.ScopeOperate, "/setup-requests"
	r.post(path, operate, handle(a, http.StatusCreated, a.submitSetup))
	r.get(path, read, handle(a, http.StatusOK, a.listSetups))
	r.get(path+"/:request", read, handle(a, http.StatusOK, a.readSetup))
}

// submitRequest is POST /admin/tenants/:id/setup-requests.
type submitRequest struct {
	tenantRef
	New flowhq.NewSetupRequest
	// Key is the Idempotency-Key. Without one, the same fields are the same request too.
	Key string
}

func (r *submitRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Key = b.key()
	b.body(&r.New)
	b.check(r.New.Validate())
}

// submitted answers with a setup request, and says where it is found from now on.
type submitted struct{ flowhq.SetupRequest }

func (s submitted) location() string {
	return "/admin/tenants/" + string(s.Tenant) + "/setup-requests/" + s.ID
}

// submitSetup handles POST /admin/tenants/:id/setup-requests.
func (a *API) submitSetup(ctx context.Context, req submitRequest) (submitted, error) {
	r, err := a.submit(ctx, req.Tenant, req.Key, req.New)
	return submitted{r}, err
}

// submit records a setup request. Where the installation approves at once, the session starts.
func (a *API) submit(
	ctx context.Context, tenant flowhq.TenantID, key string, n flowhq.NewSetupRequest,
) (flowhq.SetupRequest, error) {
	r, name, err := a.Setups.SubmitSetup(ctx, tenant, store.SetupSubmission{
		NewSetupRequest: n, Key: key, Actor: actor(ctx), Approved: a.ApproveSetups,
	})
	// The start is a command of the same transaction; without the signal it is found seconds later.
	if err == nil && r.Status == flowhq.SetupApproved {
		a.signal(ctx, tenant, name)
	}
	return shownSetup(ctx, r), err
}

// shownSetup is a setup request as who asks may see it.
func shownSetup(ctx context.Context, r flowhq.SetupRequest) flowhq.SetupRequest {
	r.SubmittedBy, r.DecidedBy = shownActor(ctx, r.SubmittedBy), shownActor(ctx, r.DecidedBy)
	return r
}

// setupsRequest is GET /admin/setup-requests and GET /admin/tenants/:id/setup-requests.
type setupsRequest struct{ store.SetupFilter }

func (r *setupsRequest) bind(b *binder) {
	// One handler serves both paths, and "" stands for every tenant.
	var owner ownerRef
	owner.bind(b)
	r.Tenant = owner.Tenant
	r.Status = word(b, "status", flowhq.SetupStatuses)
	r.Limit = b.number("limit", defaultTenants, 1, maxLimit)
	r.Cursor = b.text("cursor")
}

// setupList is a page of setup requests. Next is the cursor of the next page, "" on the last one.
type setupList struct {
	Requests []flowhq.SetupRequest `json:"setup_requests"`
	Next     string                `json:"next"`
}

// listSetups handles GET /admin/setup-requests and GET /admin/tenants/:id/setup-requests.
func (a *API) listSetups(ctx context.Context, req setupsRequest) (setupList, error) {
	page, next, err := a.Setups.SetupRequests(ctx, req.SetupFilter)
	for i := range page {
		page[i] = shownSetup(ctx, page[i])
	}
	return setupList{list(page), next}, a.checkEmpty(ctx, req.Tenant, len(page), err)
}

// setupRef is a request about one setup request, of a tenant where the path has one.
type setupRef struct {
	ownerRef
	ID string
}

func (r *setupRef) bind(b *binder) {
	r.ownerRef.bind(b)
	if r.ID = b.c.Param("request"); !flowhq.TenantID(r.ID).Valid() {
		b.stop(flowhq.Errorf(flowhq.NotFound,
			"there is no such setup request; its id is a UUID in lower case"))
	}
}

// readSetup handles GET /admin/setup-requests/:request and that of one tenant.
func (a *API) readSetup(ctx context.Context, req setupRef) (flowhq.SetupRequest, error) {
	r, err := a.Setups.SetupRequest(ctx, req.Tenant, req.ID)
	return shownSetup(ctx, r), err
}

// reviewSetup handles POST /admin/setup-requests/:request/review: an operator takes it up.
func (a *API) reviewSetup(ctx context.Context, req setupRef) (flowhq.SetupRequest, error) {
	return a.decide(ctx, req.ID, flowhq.SetupReviewing, "")
}

// approvalBody is the body of POST /admin/setup-requests/:request/approve.
type approvalBody struct {
	Notes string `json:"notes"`
}

// approvalRequest is POST /admin/setup-requests/:request/approve. It has no key: a request is
// approved once.
type approvalRequest struct {
	setupRef
	approvalBody
}

func (r *approvalRequest) bind(b *binder) {
	r.setupRef.bind(b)
	b.optionalBody(&r.approvalBody)
	b.notes("notes", r.Notes)
}

// notes checks a text that goes with a decision.
func (b *binder) notes(field, text string) {
	if !flowhq.ValidNotes(text) {
		b.wrong(field, "must be at most 1000 printable characters and line breaks")
	}
}

// approveSetup handles POST /admin/setup-requests/:request/approve. The command that starts the
// session is a row of the same transaction; the signal that follows only makes it faster.
func (a *API) approveSetup(
	ctx context.Context, req approvalRequest,
) (flowhq.SetupRequest, error) {
	return a.decide(ctx, req.ID, flowhq.SetupApproved, req.Notes)
}

// rejectionBody is the body of POST /admin/setup-requests/:request/reject.
type rejectionBody struct {
	Reason string `json:"reason"`
}

// rejectionRequest is POST /admin/setup-requests/:request/reject. It has no key, like an approval.
type rejectionRequest struct {
	setupRef
	rejectionBody
}

func (r *rejectionRequest) bind(b *binder) {
	r.setupRef.bind(b)
	b.body(&r.rejectionBody)
	// A body that could not be read has no reason either, which need not be said twice.
	if b.err == nil && strings.TrimSpace(r.Reason) == "" {
		b.wrong("reason", "must say why, for the tenant's user to read")
	}
	b.notes("reason", r.Reason)
}

// rejectSetup handles POST /admin/setup-requests/:request/reject.
func (a *API) rejectSetup(
	ctx context.Context, req rejectionRequest,
) (flowhq.SetupRequest, error) {
	return a.decide(ctx, req.ID, flowhq.SetupRejected, req.Reason)
}

// decide decides on a setup request. Only operators come here, so the actors are answered as they
// are.
func (a *API) decide(
	ctx context.Context, id string, status flowhq.SetupStatus, notes string,
) (flowhq.SetupRequest, error) {
	r, name, err := a.Setups.DecideSetup(ctx, id, store.SetupDecision{
		Status: status, Notes: notes, Actor: actor(ctx),
	})
	// Without a name it was decided before.
	if err == nil && status == flowhq.SetupApproved && name != "" {
		a.signal(ctx, r.Tenant, name)
	}
	return r, err
}
