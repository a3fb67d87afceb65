package api

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// chatsRequest is GET /admin/tenants/:id/chats.
type chatsRequest struct {
	tenantRef
	store.ChatFilter
}

func (r *chatsRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Text = b.who("text")
	r.HandedOver = b.choice("handed_over")
	r.Limit = b.number("limit", store.DefaultChats, 1, store.MaxChats)
	r.Before = b.cursor()
}

// chatList is a page of chats.
type chatList struct {
	Chats []flowhq.Chat `json:"chats"`
	// Next is "" on the last page.
	Next string `json:"next"`
}

// listChats handles GET /admin/tenants/:id/chats: contacts with what was written last, as a
// messenger lists them.
func (a *API) listChats(ctx context.Context, req chatsRequest) (answer chatList, err error) {
	page, next, err := a.Contacts.Chats(ctx, req.Tenant, req.ChatFilter)
	answer.Chats, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// readBody is the body of POST /admin/tenants/:id/contacts/:contact/read.
type readBody struct {
	// nil is the newest message.
	UpTo *int64 `json:"up_to"`
}

// readChatRequest is POST /admin/tenants/:id/contacts/:contact/read. It has no key: what was seen
// stays so, however often it is said.
type readChatRequest struct {
	contactRef
	readBody
}

func (r *readChatRequest) bind(b *binder) {
	r.contactRef.bind(b)
	b.optionalBody(&r.readBody)
	if r.UpTo != nil && *r.UpTo < 1 {
		b.wrong("up_to", "must be the id of a message")
	}
}

// readChat handles POST /admin/tenants/:id/contacts/:contact/read: somebody of the business has
// looked at the chat. A client names the last message that it has shown, since another one may have
// come meanwhile. To look at a chat by GET notes nothing: programs do that too.
func (a *API) readChat(ctx context.Context, req readChatRequest) (flowhq.Chat, error) {
	var upTo int64
	if req.UpTo != nil {
		upTo = *req.UpTo
	}
	if err := a.Contacts.ReadChat(ctx, req.Tenant, req.Contact, upTo); err != nil {
		return flowhq.Chat{}, err
	}
	return a.Contacts.Chat(ctx, req.Tenant, req.Contact)
}
