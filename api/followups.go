package api

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// followUpsRequest is GET /admin/tenants/:id/follow-ups.
type followUpsRequest struct {
	tenantRef
	// Only Status, Number and the page are read from the request.
	store.FactFilter
}

func (r *followUpsRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Before, r.Limit = b.page()
	r.Status = string(word(b, "status", flowhq.FollowUpStatuses))
	r.Number = b.text("number")
}

// followUpList is a page of follow-ups, the newest first.
type followUpList struct {
	FollowUps []flowhq.FollowUp `json:"follow_ups"`
	Next      string            `json:"next"`
}

// listFollowUps handles GET /admin/tenants/:id/follow-ups.
func (a *API) listFollowUps(
	ctx context.Context, req followUpsRequest,
) (answer followUpList, err error) {
	page, next, err := a.FollowUps.FollowUps(ctx, req.Tenant, req.FactFilter)
	answer.FollowUps, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// followUpRef is DELETE /admin/tenants/:id/follow-ups/:followup. It has no key: to repeat it
// changes nothing.
type followUpRef struct {
	tenantRef
	FollowUp int64
}

func (r *followUpRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.FollowUp = b.id("followup")
}

// cancelFollowUp handles DELETE /admin/tenants/:id/follow-ups/:followup. One that was sent is 409:
// a client must not believe that the customer will not get it.
func (a *API) cancelFollowUp(ctx context.Context, req followUpRef) (flowhq.FollowUp, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return flowhq.FollowUp{}, err
	}
	return a.FollowUps.CancelFollowUp(ctx, req.Tenant, req.FollowUp, actor(ctx))
}
