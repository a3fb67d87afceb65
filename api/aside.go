package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// asideList is a page of deliveries that were set aside, and on the first page the reasons that
// there are, counted among the newest.
type asideList struct {
	Deliveries []flowhq.AsideDelivery `json:"deliveries"`
	Reasons    []flowhq.AsideReason   `json:"reasons"`
	Next       string                 `json:"next"`
}

// listAside handles GET /admin/webhook-deliveries, what was set aside of the webhooks of all tenants,
// or of one.
func (a *API) listAside(ctx context.Context, req allFailuresRequest) (asideList, error) {
	page, next, err := a.Webhooks.AsideDeliveries(ctx, req.FailureFilter)
	var reasons []flowhq.AsideReason
	// A client that pages through has the reasons from its first page.
	if err == nil && req.Cursor == 0 {
		reasons, err = a.Webhooks.AsideReasons(ctx, req.FailureFilter)
	}
	return asideList{list(page), list(reasons), cursor(next)}, err
}

// A deliveryRef names a delivery of any tenant's webhook.
type deliveryRef struct {
	Tenant   string `json:"tenant_id"`
	Delivery int64  `json:"delivery"`
}

// retryAsideBody is the body of POST /admin/webhook-deliveries/retry: either deliveries, or those that
// were set aside for a reason.
type retryAsideBody struct {
	Deliveries []deliveryRef `json:"deliveries"`
	Reason     *string       `json:"reason"`
	Tenant     string        `json:"tenant_id"` // only its deliveries with the reason; "" = of all
	// Cursor is the next of an earlier answer: those with this reason that are newer.
	Cursor string `json:"cursor"`
}

// retryAsideRequest is POST /admin/webhook-deliveries/retry. It needs no key: what was retried is not
// set aside any more, so a repeated request retries nothing twice.
type retryAsideRequest struct {
	Deliveries []deliveryRef
	Filter     store.FailureFilter
	ByReason   bool // the filter counts
}

func (r *retryAsideRequest) bind(b *binder) {
	var body retryAsideBody
	b.body(&body)
	for i, d := range body.Deliveries {
		path := "deliveries[" + number(i) + "]"
		if d.Delivery < 1 {
			b.wrong(path+".delivery", "must be the id of a delivery, a whole number from 1")
		}
		if !flowhq.TenantID(d.Tenant).Valid() {
			b.wrong(path+".tenant_id", "must be the id of a tenant, a UUID in lower case")
		}
	}
	r.Deliveries, r.ByReason = body.Deliveries, body.Reason != nil
	// An empty list is a mistake of who wrote it, and nil a list that was left out.
	switch {
	case r.ByReason == (body.Deliveries != nil):
		b.wrong("deliveries", "must be given, or reason, and not both")
	case r.ByReason:
		if r.Filter.Reason = b.reason(*body.Reason); r.Filter.Reason == "" {
			b.wrong("reason", "must be the reason of deliveries, as they are listed")
		}
	case len(r.Deliveries) == 0 || len(r.Deliveries) > maxRetried:
		b.wrong("deliveries", "must be a list of 1 to "+number(maxRetried)+" deliveries")
	}
	r.Filter.Tenant = b.tenantOfReason(body.Tenant, r.ByReason)
	r.Filter.Cursor = b.goesOn("cursor", body.Cursor, r.ByReason)
}

// A refusedDelivery is a delivery that was not retried, and why.
type refusedDelivery struct {
	deliveryRef
	// Code is that of the problem that a request for this delivery alone would be answered with.
	Code   flowhq.Code `json:"code"`
	Detail string      `json:"detail"`
}

// deliveriesRetried says what became of a retry of many.
type deliveriesRetried struct {
	Retried []deliveryRef     `json:"retried"`
	Refused []refusedDelivery `json:"refused"`
	// Next is "" unless there are newer ones with the reason.
	Next string `json:"next"`
}

// location is the list of those that are left.
func (deliveriesRetried) location() string { return "/admin/webhook-deliveries" }

// retryAside handles POST /admin/webhook-deliveries/retry. As with dead letters, each is a transaction
// of its own, the oldest first: if the database fails on the way, those before are retried, and the
// request may be repeated.
func (a *API) retryAside(
	ctx context.Context, req retryAsideRequest,
) (answer deliveriesRetried, err error) {
	next := int64(0)
	if req.ByReason {
		req.Filter.Limit, req.Filter.OldestFirst = maxRetried, true
		var page []flowhq.AsideDelivery
		if page, next, err = a.Webhooks.AsideDeliveries(ctx, req.Filter); err != nil {
			return answer, err
		}
		for _, d := range page {
			req.Deliveries = append(req.Deliveries, deliveryRef{string(d.Tenant), d.ID})
		}
	}
	answer = deliveriesRetried{
		Retried: []deliveryRef{}, Refused: []refusedDelivery{}, Next: cursor(next),
	}
	slices.SortStableFunc(req.Deliveries, func(d, e deliveryRef) int {
		return cmp.Compare(d.Delivery, e.Delivery)
	})
	for _, d := range req.Deliveries {
		err := a.Webhooks.RetryDelivery(ctx, flowhq.TenantID(d.Tenant), d.Delivery, actor(ctx))
		switch refused := refusal(err); {
		case err == nil:
			answer.Retried = append(answer.Retried, d)
		case refused != nil:
			answer.Refused = append(answer.Refused, refusedDelivery{
				d, refused.Code, refused.Message})
		default:
			return deliveriesRetried{}, err
		}
	}
	return answer, nil
}
