package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// replyRoutes lists what programs of others answer customers by, in place of the bot.
func (a *API) replyRoutes(r router) {
	r.post("/messages", flowhq.ScopeSend, handle(a, http.StatusAccepted, a.reply))
	r.get("/answered-by", flowhq.ScopeRead, handle(a, http.StatusOK, a.readAnswerer))
	r.put("/answered-by", flowhq.ScopeOperate, handle(a, http.StatusOK, a.chooseAnswerer))
}

// portalReplyRoutes has POST /portal/messages too, which is what most programs are told to ask.
func (a *API) portalReplyRoutes(r router) {
	r.post("/messages", flowhq.ScopeSend, handle(a, http.StatusAccepted, a.reply))
}

// replyBody is the body of POST /admin/tenants/:id/messages.
type replyBody struct {
	InReplyTo *int64 `json:"in_reply_to"`
	ContactID *int64 `json:"contact_id"`
	Number    string `json:"number"`
	contentBody
}

// replyRequest is POST /admin/tenants/:id/messages.
type replyRequest struct {
	tenantRef
	replyBody
	Content content
	// Key is of a message that answers nothing. One that does is known by what it answers.
	Key string
}

func (r *replyRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Key = b.key()
	b.body(&r.replyBody)
	r.Content = b.written(r.contentBody)
	for name, id := range map[string]*int64{
		"in_reply_to": r.InReplyTo, "contact_id": r.ContactID,
	} {
		if id != nil && *id < 1 {
			b.wrong(name, "must be a whole number above 0, as events have it")
		}
	}
	const one = "give one of in_reply_to, contact_id and number"
	switch {
	case r.InReplyTo != nil && (r.ContactID != nil || r.Number != ""):
		b.wrong("in_reply_to", "says to whom the message goes; "+one)
	case r.ContactID != nil && r.Number != "":
		b.wrong("contact_id", "cannot be given with number; "+one)
	case r.InReplyTo == nil && r.ContactID == nil && r.Number == "":
		b.wrong("in_reply_to", "is missing; "+one)
	case r.Number != "" && !phone.MatchString(r.Number):
		b.wrong("number", phoneWanted)
	}
}

// reply handles POST /admin/tenants/:id/messages. The message is a row of the log before it is
// answered, as with POST …/contacts/:contact/messages; but here a program writes in place of the
// bot, and not a person, so the chat is not handed over.
func (a *API) reply(ctx context.Context, req replyRequest) (messageAccepted, error) {
	ctx, cancel := a.timeFor(ctx, req.Content)
	defer cancel()
	// A message is answered once, so what it answers is the key of an answer.
	key := "message:" + req.Key
	if req.InReplyTo != nil {
		key = "reply:" + strconv.FormatInt(*req.InReplyTo, 10)
	}
	attached, err := a.attach(ctx, req.Tenant, key, req.Content.media, req.Content.attached)
	if err != nil {
		return messageAccepted{}, err
	}
	if req.InReplyTo != nil {
		m, err := a.Contacts.Reply(ctx, req.Tenant, store.NewReply{
			InReplyTo: *req.InReplyTo, Text: req.Content.text, Attached: attached,
			Actor: actor(ctx),
		})
		return messageAccepted{m, req.Tenant}, err
	}
	// Bot keeps the chat with the program: a message by a person would hand the chat over.
	m := store.NewMessage{
		To: req.Number, Text: req.Content.text, Attached: attached, Key: req.Key,
		Actor: actor(ctx), Bot: true,
	}
	if req.ContactID != nil {
		m.Contact = *req.ContactID
	}
	written, err := a.Contacts.Write(ctx, req.Tenant, m)
	return messageAccepted{written, req.Tenant}, err
}

// answererBody is the body of PUT /admin/tenants/:id/answered-by.
type answererBody struct {
	AnsweredBy flowhq.Answerer `json:"answered_by"`
}

// answererRequest is PUT /admin/tenants/:id/answered-by. It has no key: to repeat it changes
// nothing.
type answererRequest struct {
	tenantRef
	answererBody
}

func (r *answererRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	b.body(&r.answererBody)
	b.check(flowhq.TenantChange{AnsweredBy: &r.AnsweredBy}.Validate())
}

// answererChosen is who answers a tenant's customers, as GET gives it and PUT takes it.
type answererChosen struct {
	AnsweredBy flowhq.Answerer `json:"answered_by"`
}

// readAnswerer handles GET /admin/tenants/:id/answered-by.
func (a *API) readAnswerer(ctx context.Context, req tenantRef) (answererChosen, error) {
	t, err := a.Tenants.Tenant(ctx, req.Tenant)
	return answererChosen{t.Config.AnsweredBy}, err
}

// chooseAnswerer handles PUT /admin/tenants/:id/answered-by: from the next message on the bot, a
// program of others or a person answers. It is a route of its own because a tenant's owner may
// choose that, and nothing else of the tenant.
func (a *API) chooseAnswerer(ctx context.Context, req answererRequest) (answererChosen, error) {
	// No time is compared: the choice overwrites nothing but itself, whoever has changed the tenant
	// since.
	t, err := a.Tenants.UpdateTenantAt(ctx, req.Tenant,
		flowhq.TenantChange{AnsweredBy: &req.AnsweredBy}, nil, actor(ctx))
	return answererChosen{t.Config.AnsweredBy}, err
}
