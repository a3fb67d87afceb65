package api

import (
	"context"
	"strconv"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

type messagesRequest struct {
	tenantRef
	store.MessageFilter
}

func (r *messagesRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Limit = b.number("limit", defaultLimit, 1, maxLimit)
	r.Before = b.position("before")
	r.Status = word(b, "status", flowhq.MessageStatuses)
}

type messageList struct {
	Logs []flowhq.Message `json:"logs"`
	Next string           `json:"next"`
}

// messages handles GET /admin/tenants/:id/logs.
func (a *API) messages(ctx context.Context, req messagesRequest) (messageList, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return messageList{}, err
	}
	messages, next, err := a.Logs.Messages(ctx, req.Tenant, req.MessageFilter)
	answer := messageList{Logs: list(messages)}
	if next != 0 {
		answer.Next = strconv.FormatInt(next, 10)
	}
	return answer, err
}

type retryRequest struct {
	tenantRef
	Message int64
}

func (r *retryRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Message = b.message()
}

// retryMessage handles POST /admin/tenants/:id/logs/:message/retry. It answers 202:
// the row is ready to be handled again, by the tenant's host, which hears of it.
func (a *API) retryMessage(ctx context.Context, req retryRequest) (flowhq.Message, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return flowhq.Message{}, err
	}
	return a.Logs.Retry(ctx, req.Tenant, req.Message, actor)
}

type eventsRequest struct {
	tenantRef
	Limit int
}

func (r *eventsRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Limit = b.number("limit", defaultLimit, 1, maxLimit)
}

type eventList struct {
	Events []flowhq.Event `json:"events"`
}

// events handles GET /admin/tenants/:id/events.
func (a *API) events(ctx context.Context, req eventsRequest) (eventList, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return eventList{}, err
	}
	events, err := a.Logs.Events(ctx, req.Tenant, req.Limit)
	return eventList{list(events)}, err
}
