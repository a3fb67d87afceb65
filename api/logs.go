package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// messagesRequest is GET /admin/tenants/:id/logs.
type messagesRequest struct {
	tenantRef
	store.MessageFilter
}

func (r *messagesRequest) bind(b *binder) {
	r.filter(b)
	r.Before, r.Limit = b.page()
}

// filter reads what the list and its export have in common. The names are those of the lists of
// facts.
func (r *messagesRequest) filter(b *binder) {
	r.tenantRef.bind(b)
	r.Status = optionalWord(b, "status", flowhq.MessageStatuses)
	r.Direction = optionalWord(b, "direction", []flowhq.Direction{flowhq.In, flowhq.Out})
	r.Text = b.text("text")
	r.ContactID, r.Contact = b.contact("contact")
	r.From, r.To = b.stretch()
}

// Bounds on the memory that pages of messages take.
const (
	// maxPageBytes bounds a page of messages, in bytes of JSON: a page ends with the message
	// that exceeds it. A thousand messages may have 64 KiB each.
	maxPageBytes = 4 << 20
	// maxPages is how many pages of messages are in memory at a time.
	maxPages = 8
)

// messageList is a page of messages, encoded one by one to know its size.
type messageList struct {
	Logs []json.RawMessage `json:"logs"` // each a flowhq.Message
	Next string            `json:"next"`
}

// messages handles GET /admin/tenants/:id/logs. The store bounds a page by the bytes of its
// texts; in JSON a byte may become six, so the page may end earlier here.
//
// A page that is cut at maxPageBytes has a "next" like any other, so a client that follows it
// misses no message (TestLogsEnd).
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
		// The first message is taken however large it is, so a client always gets on.
		if size > maxPageBytes {
			next = messages[i-1].ID
			break
		}
		b, err := encode(m)
		if err != nil {
			return messageList{}, fmt.Errorf("encode message %d: %w", m.ID, err)
		}
		answer.Logs, size = append(answer.Logs, b), size+len(b)
	}
	answer.Next = cursor(next)
	return answer, nil
}

// messageFile has one line for each message, without what the bot understood, which is no text.
var messageFile = table("logs.csv", flowhq.MessageStatuses, []string{
	"id", "created_at", "direction", "kind", "status", "reason", "contact", "text", "media",
	"sent_at", "delivered_at", "read_at", "edited_text", "edited_at", "revoked_at", "in_reply_to",
}, func(w *bookWriter, e export, m flowhq.Message) {
	edited, question := "", ""
	if m.EditedText != nil {
		edited = *m.EditedText
	}
	if m.InReplyTo != nil {
		question = number(*m.InReplyTo)
	}
	w.line(number(m.ID), e.local(m.CreatedAt), string(m.Direction), string(m.Kind),
		string(m.Status), m.Reason, m.Contact, m.Text, string(m.Media), e.maybe(m.SentAt),
		e.maybe(m.DeliveredAt), e.maybe(m.ReadAt), edited, e.maybe(m.EditedAt),
		e.maybe(m.RevokedAt), question)
})

// exportMessages handles GET /admin/tenants/:id/logs.csv, the list of messages as a file. Only the
// filters are read: a file has all pages.
func (a *API) exportMessages(c *gin.Context) {
	var req messagesRequest
	mark, ok := a.bindFile(c, req.filter)
	if !ok {
		return
	}
	req.Limit = exportPage
	send(c, a, messageFile, req.Tenant, mark, func(before int64) ([]flowhq.Message, int64, error) {
		req.Before = before
		return a.Logs.Messages(c.Request.Context(), req.Tenant, req.MessageFilter)
	})
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

// readMessage handles GET /admin/tenants/:id/logs/:message: a message with what became of it.
func (a *API) readMessage(ctx context.Context, req messageRef) (flowhq.MessageHistory, error) {
	// The tenant comes first, so that 404 says which of the two is missing, here and below.
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return flowhq.MessageHistory{}, err
	}
	return a.Logs.MessageHistory(ctx, req.Tenant, req.Message)
}

// retryMessage handles POST /admin/tenants/:id/logs/:message/retry. It answers 202: the row is
// ready to be handled again, and the tenant's host is notified. A message that was not given up is
// 409: handled a second time, it would be answered twice.
func (a *API) retryMessage(ctx context.Context, req messageRef) (messageAccepted, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return messageAccepted{}, err
	}
	m, err := a.Logs.Retry(ctx, req.Tenant, req.Message, actor(ctx))
	return messageAccepted{m, req.Tenant}, err
}

// messageAccepted answers with a message that is to be handled or sent, and says where to see what
// becomes of it.
type messageAccepted struct {
	flowhq.Message
	tenant flowhq.TenantID
}

func (m messageAccepted) location() string {
	return "/admin/tenants/" + string(m.tenant) + "/logs/" + strconv.FormatInt(m.ID, 10)
}

// unmuted says that the writer of a message is not muted. A contact is named by a message,
// because a number in a path would end up in the logs of proxies.
type unmuted struct {
	Message int64 `json:"message"`
	// MutedUntil is always null.
	MutedUntil *time.Time `json:"muted_until"`
}

// unmuteContact handles POST /admin/tenants/:id/logs/:message/unmute. Whoever wrote the
// message is answered from the next message on.
func (a *API) unmuteContact(ctx context.Context, req messageRef) (unmuted, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return unmuted{}, err
	}
	return unmuted{Message: req.Message}, a.Logs.Unmute(ctx, req.Tenant, req.Message, actor(ctx))
}

// eventList is a page of events, the newest first.
type eventList struct {
	Events []flowhq.Event `json:"events"`
	Next   string         `json:"next"`
}

// events handles GET /admin/tenants/:id/events.
func (a *API) events(ctx context.Context, req pageRequest) (eventList, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return eventList{}, err
	}
	events, next, err := a.Logs.EventsBefore(ctx, req.Tenant, req.Before, req.Limit)
	for i := range events {
		events[i].Actor = shownActor(ctx, events[i].Actor)
	}
	return eventList{list(events), cursor(next)}, err
}
