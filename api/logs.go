package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

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

// pageBytes bounds a page of messages, in bytes of JSON: a page ends with the message
// that exceeds it.
const pageBytes = 4 << 20

// maxPages is how many pages of messages are in memory at a time.
const maxPages = 8

type messageList struct {
	Logs []json.RawMessage `json:"logs"` // each a flowhq.Message
	Next string            `json:"next"`
}

// messages handles GET /admin/tenants/:id/logs.
func (a *API) messages(ctx context.Context, req messagesRequest) (messageList, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return messageList{}, err
	}
	messages, next, err := a.Logs.Messages(ctx, req.Tenant, req.MessageFilter)
	if err != nil {
		return messageList{}, err
	}
	answer, size := messageList{Logs: []json.RawMessage{}}, 0
	for i, m := range messages {
		if size > pageBytes { // JSON may take six bytes for one
			next = messages[i-1].ID
			break
		}
		b, err := encode(m)
		if err != nil {
			return messageList{}, fmt.Errorf("encode message %d: %w", m.ID, err)
		}
		answer.Logs, size = append(answer.Logs, b), size+len(b)
	}
	if next != 0 {
		answer.Next = strconv.FormatInt(next, 10)
	}
	return answer, nil
}

// A messageRef names a message of a tenant.
type messageRef struct {
	tenantRef
	Message int64
}

func (r *messageRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Message = b.message()
}

// retryMessage handles POST /admin/tenants/:id/logs/:message/retry. It answers 202:
// the row is ready to be handled again, by the tenant's host, which hears of it.
func (a *API) retryMessage(ctx context.Context, req messageRef) (flowhq.Message, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return flowhq.Message{}, err
	}
	return a.Logs.Retry(ctx, req.Tenant, req.Message, actor)
}

// An unmuted contact is named by a message, for a number in a path would end up in
// logs.
type unmuted struct {
	Message    int64      `json:"message"`
	MutedUntil *time.Time `json:"muted_until"` // always null
}

// unmuteContact handles POST /admin/tenants/:id/logs/:message/unmute. Whoever wrote
// the message is answered from the next one on.
func (a *API) unmuteContact(ctx context.Context, req messageRef) (unmuted, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return unmuted{}, err
	}
	return unmuted{Message: req.Message}, a.Logs.Unmute(ctx, req.Tenant, req.Message, actor)
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
