package api

import (
	"context"
	"strconv"

	"github.com/flowhq/flowhq"
)

type messagesRequest struct {
	tenantRef
	Limit  int
	Before int64 // id of a message; 0 = from the newest
}

func (r *messagesRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Limit = b.number("limit", defaultLimit, 1, maxLimit)
	r.Before = b.position("before")
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
	messages, next, err := a.Logs.Messages(ctx, req.Tenant, req.Limit, req.Before)
	answer := messageList{Logs: list(messages)}
	if next != 0 {
		answer.Next = strconv.FormatInt(next, 10)
	}
	return answer, err
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
