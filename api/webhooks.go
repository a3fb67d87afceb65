package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/webhook"
)

// Webhooks are where tenants' events are sent. Each method about one fails with code NotFound for
// an id that is no webhook of the tenant's.
type Webhooks interface {
	Webhooks(ctx context.Context, id flowhq.TenantID) ([]flowhq.Webhook, error)
	Webhook(ctx context.Context, id flowhq.TenantID, hook string) (flowhq.Webhook, error)
	AddWebhook(
		ctx context.Context, id flowhq.TenantID, n store.NewWebhook, actor string,
	) (flowhq.Webhook, error)
	ChangeWebhook(
		ctx context.Context, id flowhq.TenantID, hook string, c store.WebhookChange, actor string,
	) (flowhq.Webhook, error)
	DeleteWebhook(ctx context.Context, id flowhq.TenantID, hook, actor string) error
	RotateWebhookSecret(
		ctx context.Context, id flowhq.TenantID, hook, secret, actor string,
	) (flowhq.Webhook, error)
	// TestWebhook has a test event sent, which is delivered like any other.
	TestWebhook(
		ctx context.Context, id flowhq.TenantID, hook, actor string,
	) (flowhq.Webhook, error)
	ReplayWebhook(
		ctx context.Context, id flowhq.TenantID, hook string, r store.Replay, actor string,
	) (flowhq.Webhook, error)
	// Deliveries returns one page; next is 0 after the last one.
	Deliveries(
		ctx context.Context, id flowhq.TenantID, hook string, f store.DeliveryFilter,
	) (page []flowhq.WebhookDelivery, next int64, err error)
	// AsideDeliveries and AsideReasons are of all tenants; RetryDelivery has one tried for another
	// day.
	AsideDeliveries(
		ctx context.Context, f store.FailureFilter,
	) (page []flowhq.AsideDelivery, next int64, err error)
	AsideReasons(ctx context.Context, f store.FailureFilter) ([]flowhq.AsideReason, error)
	RetryDelivery(
		ctx context.Context, id flowhq.TenantID, delivery int64, actor string,
	) error
}

// maxDescription bounds what people call a webhook, in characters.
const maxDescription = 200

// webhookRoutes lists the endpoints of webhooks. All need the scope of those who operate: whoever
// makes one has the customers' messages sent to an address of theirs.
func (a *API) webhookRoutes(r router) {
	const operate, all, one = flowhq.ScopeOperate, "/webhooks", "/webhooks/:webhook"
	r.get(all, operate, handle(a, http.StatusOK, a.listWebhooks))
	r.post(all, operate, handle(a, http.StatusCreated, a.createWebhook))
	r.get(one, operate, handle(a, http.StatusOK, a.readWebhook))
	r.patch(one, operate, handle(a, http.StatusOK, a.changeWebhook))
	r.delete(one, operate, handle(a, http.StatusOK, a.deleteWebhook))
	r.post(one+"/rotate-secret", operate, handle(a, http.StatusOK, a.rotateWebhookSecret))
	r.post(one+"/test", operate, handle(a, http.StatusAccepted, a.testWebhook))
	r.post(one+"/replay", operate, handle(a, http.StatusAccepted, a.replayWebhook))
	r.get(one+"/deliveries", operate, handle(a, http.StatusOK, a.listDeliveries))
}

// webhookList is all webhooks of a tenant. There are so few that they are one page.
type webhookList struct {
	Webhooks []flowhq.Webhook `json:"webhooks"`
}

// listWebhooks handles GET /admin/tenants/:id/webhooks.
func (a *API) listWebhooks(ctx context.Context, req tenantRef) (webhookList, error) {
	all, err := a.Webhooks.Webhooks(ctx, req.Tenant)
	for i := range all {
		all[i] = shownWebhook(ctx, all[i])
	}
	return webhookList{list(all)}, a.checkEmpty(ctx, req.Tenant, len(all), err)
}

// shownWebhook is a webhook as who asks may see it: a tenant's people do not learn which operator
// has made it.
func shownWebhook(ctx context.Context, w flowhq.Webhook) flowhq.Webhook {
	w.CreatedBy = shownActor(ctx, w.CreatedBy)
	return w
}

// webhookBody is the body of POST /admin/tenants/:id/webhooks.
type webhookBody struct {
	URL         string             `json:"url"`
	Description string             `json:"description"`
	Types       []flowhq.EventType `json:"types"`
}

// newWebhookRequest is POST /admin/tenants/:id/webhooks. It has no key, as with API keys: the
// secret could not be shown again.
type newWebhookRequest struct {
	tenantRef
	webhookBody
}

func (r *newWebhookRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	b.body(&r.webhookBody)
	r.Description = b.line("description", r.Description, maxDescription)
	if r.Types = b.webhookTypes(r.Types); len(r.Types) == 0 {
		// Who names no types wants all of today's. Types of a later version are not sent to a
		// program that does not know them.
		r.Types = flowhq.WebhookTypes
	}
}

// webhookTypes checks which events a webhook asks for. A type that is named twice counts once.
func (b *binder) webhookTypes(given []flowhq.EventType) (types []flowhq.EventType) {
	for i, t := range given {
		if !flowhq.ValidWebhookType(t) {
			b.wrong("types["+strconv.Itoa(i)+"]", "must be "+choices(flowhq.WebhookTypes))
		}
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return types
}

// checkWebhookURL fails if an address is one that a webhook may not have. It looks no name up: the
// workers check the address that they dial, each time.
func (a *API) checkWebhookURL(text string) error {
	wrong := a.WebhookGuard.CheckURL(text)
	if wrong == "" {
		return nil
	}
	return &flowhq.Error{
		Code: flowhq.Invalid, Message: "the request has fields that are missing or wrong",
		Fields: []flowhq.FieldError{{Field: "url", Message: wrong}},
	}
}

// webhookMade answers with a webhook and its secret.
type webhookMade struct {
	flowhq.Webhook
	// Secret is shown once.
	Secret string `json:"secret"`
	tenant flowhq.TenantID
}

// location is the header Location: where the webhook is found from now on.
func (w webhookMade) location() string {
	return "/admin/tenants/" + string(w.tenant) + "/webhooks/" + w.ID
}

// createWebhook handles POST /admin/tenants/:id/webhooks.
func (a *API) createWebhook(ctx context.Context, req newWebhookRequest) (webhookMade, error) {
	if err := a.checkWebhookURL(req.URL); err != nil {
		return webhookMade{}, err
	}
	secret := webhook.NewSecret()
	// The secret goes into the answer of this request alone: no list and no event has it.
	w, err := a.Webhooks.AddWebhook(ctx, req.Tenant, store.NewWebhook{
		URL: req.URL, Description: req.Description, Types: req.Types, Secret: secret,
	}, actor(ctx))
	return webhookMade{shownWebhook(ctx, w), secret, req.Tenant}, err
}

// webhookRef is a request about one webhook.
type webhookRef struct {
	tenantRef
	Webhook string
}

func (r *webhookRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Webhook = b.uuid("webhook")
}

// readWebhook handles GET /admin/tenants/:id/webhooks/:webhook.
func (a *API) readWebhook(ctx context.Context, req webhookRef) (flowhq.Webhook, error) {
	w, err := a.Webhooks.Webhook(ctx, req.Tenant, req.Webhook)
	return shownWebhook(ctx, w), err
}

// webhookChangeBody is the body of PATCH /admin/tenants/:id/webhooks/:webhook. What is left out
// stays.
type webhookChangeBody struct {
	URL         *string            `json:"url"`
	Description *string            `json:"description"`
	Types       []flowhq.EventType `json:"types"`
	Enabled     *bool              `json:"enabled"`
}

// webhookChangeRequest is PATCH /admin/tenants/:id/webhooks/:webhook. It has no key: to repeat it
// changes nothing.
type webhookChangeRequest struct {
	webhookRef
	webhookChangeBody
}

func (r *webhookChangeRequest) bind(b *binder) {
	r.webhookRef.bind(b)
	b.body(&r.webhookChangeBody)
	// An empty description is a change, and a missing one is none.
	if r.Description != nil {
		*r.Description = b.line("description", *r.Description, maxDescription)
	}
	if r.Types != nil {
		if r.Types = b.webhookTypes(r.Types); len(r.Types) == 0 {
			b.wrong("types", "must name at least one type of events; leave it out to keep them")
		}
	}
	if r.URL == nil && r.Description == nil && r.Types == nil && r.Enabled == nil &&
		len(b.fields) == 0 {
		b.stop(flowhq.Errorf(flowhq.Invalid,
			"the request changes nothing: give url, description, types or enabled"))
	}
}

// changeWebhook handles PATCH /admin/tenants/:id/webhooks/:webhook.
func (a *API) changeWebhook(
	ctx context.Context, req webhookChangeRequest,
) (flowhq.Webhook, error) {
	if req.URL != nil {
		if err := a.checkWebhookURL(*req.URL); err != nil {
			return flowhq.Webhook{}, err
		}
	}
	w, err := a.Webhooks.ChangeWebhook(ctx, req.Tenant, req.Webhook, store.WebhookChange{
		URL: req.URL, Description: req.Description, Types: req.Types, Enabled: req.Enabled,
		Reason: "disabled by a person",
	}, actor(ctx))
	return shownWebhook(ctx, w), err
}

// webhookDeleted answers to DELETE /admin/tenants/:id/webhooks/:webhook.
type webhookDeleted struct {
	ID string `json:"id"`
}

// deleteWebhook handles DELETE /admin/tenants/:id/webhooks/:webhook.
func (a *API) deleteWebhook(ctx context.Context, req webhookRef) (webhookDeleted, error) {
	return webhookDeleted{req.Webhook},
		a.Webhooks.DeleteWebhook(ctx, req.Tenant, req.Webhook, actor(ctx))
}

// webhookRotated answers with a webhook and its new secret. There is no Location: nothing was made.
type webhookRotated struct {
	flowhq.Webhook
	Secret string `json:"secret"`
}

// rotateWebhookSecret handles POST /admin/tenants/:id/webhooks/:webhook/rotate-secret.
func (a *API) rotateWebhookSecret(ctx context.Context, req webhookRef) (webhookRotated, error) {
	secret := webhook.NewSecret()
	w, err := a.Webhooks.RotateWebhookSecret(
		ctx, req.Tenant, req.Webhook, secret, actor(ctx))
	return webhookRotated{shownWebhook(ctx, w), secret}, err
}

// webhookQueued answers with a webhook that will be sent events, and says where to see what came of
// them.
type webhookQueued struct {
	flowhq.Webhook
	tenant flowhq.TenantID
}

// location is the header Location: the deliveries.
func (w webhookQueued) location() string {
	return "/admin/tenants/" + string(w.tenant) + "/webhooks/" + w.ID + "/deliveries"
}

// testWebhook handles POST /admin/tenants/:id/webhooks/:webhook/test. The event goes the way of all
// others, so the deliveries say what came of it.
func (a *API) testWebhook(ctx context.Context, req webhookRef) (webhookQueued, error) {
	w, err := a.Webhooks.TestWebhook(ctx, req.Tenant, req.Webhook, actor(ctx))
	return webhookQueued{shownWebhook(ctx, w), req.Tenant}, err
}

// replayBody is the body of POST /admin/tenants/:id/webhooks/:webhook/replay.
type replayBody struct {
	EventID *int64  `json:"event_id"` // one event
	From    *int64  `json:"from"`     // ids of events, both included
	To      *int64  `json:"to"`
	Since   *string `json:"since"` // a time
}

// replayRequest is POST /admin/tenants/:id/webhooks/:webhook/replay. It has no key: while a replay
// is under way another one is refused.
type replayRequest struct {
	webhookRef
	Replay store.Replay
}

func (r *replayRequest) bind(b *binder) {
	r.webhookRef.bind(b)
	var body replayBody
	b.body(&body)
	id := func(name string, given *int64) int64 {
		if given == nil {
			return 0
		}
		if *given < 1 {
			b.wrong(name, "must be the id of an event")
		}
		return *given
	}
	one := id("event_id", body.EventID)
	r.Replay = store.Replay{From: id("from", body.From), To: id("to", body.To)}
	if body.Since != nil {
		at, err := time.Parse(time.RFC3339, *body.Since)
		if err != nil || at.Year() < 2000 || at.Year() > 9999 {
			b.wrong("since", "must be a time such as 2026-11-27T09:30:00Z")
		}
		r.Replay.Since = at
	}
	switch {
	case body.EventID != nil && (body.From != nil || body.To != nil || body.Since != nil):
		b.wrong("event_id", "cannot be given with from, to or since")
	// One event is a range of one, so the store knows a single form.
	case body.EventID != nil:
		r.Replay.From, r.Replay.To = one, one
	case body.From == nil && body.To == nil && body.Since == nil:
		b.wrong("event_id", "is missing; or give from, to or since")
	case body.From != nil && body.To != nil && *body.To < *body.From:
		b.wrong("to", "must not be below from")
	}
}

// replayWebhook handles POST /admin/tenants/:id/webhooks/:webhook/replay.
func (a *API) replayWebhook(ctx context.Context, req replayRequest) (webhookQueued, error) {
	w, err := a.Webhooks.ReplayWebhook(ctx, req.Tenant, req.Webhook, req.Replay, actor(ctx))
	return webhookQueued{shownWebhook(ctx, w), req.Tenant}, err
}

// deliveriesRequest is GET /admin/tenants/:id/webhooks/:webhook/deliveries.
type deliveriesRequest struct {
	webhookRef
	store.DeliveryFilter
}

func (r *deliveriesRequest) bind(b *binder) {
	r.webhookRef.bind(b)
	r.Before, r.Limit = b.page()
	r.Status = optionalWord(b, "status", flowhq.DeliveryStatuses)
}

// deliveryList is a page of deliveries, the newest first.
type deliveryList struct {
	Deliveries []flowhq.WebhookDelivery `json:"deliveries"`
	// Next is "" on the last page.
	Next string `json:"next"`
}

// listDeliveries handles GET /admin/tenants/:id/webhooks/:webhook/deliveries.
func (a *API) listDeliveries(
	ctx context.Context, req deliveriesRequest,
) (answer deliveryList, err error) {
	page, next, err := a.Webhooks.Deliveries(ctx, req.Tenant, req.Webhook, req.DeliveryFilter)
	answer.Deliveries, answer.Next = list(page), cursor(next)
	return answer, err
}
