package api

import (
	"context"
	"net/http"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Contacts are the people who write to tenants. Each method fails with code NotFound for an id that
// is no contact of the tenant's.
type Contacts interface {
	// Contacts returns one page; next is 0 after the last one.
	Contacts(
		ctx context.Context, id flowhq.TenantID, f store.ContactFilter,
	) (page []flowhq.Contact, next int64, err error)
	Contact(ctx context.Context, id flowhq.TenantID, contact int64) (flowhq.Contact, error)
	// Chats returns one page of what a messenger lists; next is 0 after the last one.
	Chats(
		ctx context.Context, id flowhq.TenantID, f store.ChatFilter,
	) (page []flowhq.Chat, next int64, err error)
	Chat(ctx context.Context, id flowhq.TenantID, contact int64) (flowhq.Chat, error)
	// ReadChat notes that the business has seen a chat up to a message, 0 for the newest.
	ReadChat(ctx context.Context, id flowhq.TenantID, contact, upTo int64) error
	// AddContact finds the contact with a number, or makes it.
	AddContact(
		ctx context.Context, id flowhq.TenantID, number string,
	) (c flowhq.Contact, added bool, err error)
	HandOverContact(ctx context.Context, id flowhq.TenantID, o store.ContactOrder) error
	GiveBackContact(ctx context.Context, id flowhq.TenantID, o store.ContactOrder) error
	// LeaveContactAlone has the bot never answer a contact, or answer again.
	LeaveContactAlone(
		ctx context.Context, id flowhq.TenantID, o store.ContactOrder, alone bool,
	) error
	// MuteContact has the bot not answer a contact for a while, or answer again.
	MuteContact(ctx context.Context, id flowhq.TenantID, o store.ContactOrder) error
	// EraseContact deletes a contact, and has a worker delete all else that is known of it.
	EraseContact(ctx context.Context, id flowhq.TenantID, contact int64, actor string) error
	// Write records a message to a contact, which is durable from then on and sent later. With a
	// key that was used before it returns the first message; if that was another one, it fails
	// with code Conflict.
	Write(ctx context.Context, id flowhq.TenantID, m store.NewMessage) (flowhq.Message, error)
	// Reply records what a program of others answers to a message in place of the bot. A message
	// is answered once: for another answer it fails with code Conflict.
	Reply(ctx context.Context, id flowhq.TenantID, n store.NewReply) (flowhq.Message, error)
}

// A contact is named by its id, because a number in a path would end up in the logs of proxies.
func (a *API) contactRoutes(r router) {
	const read, send = flowhq.ScopeRead, flowhq.ScopeSend
	const all, one = "/contacts", "/contacts/:contact"
	r.get("/chats", read, handle(a, http.StatusOK, a.listChats))
	r.get(all, read, handle(a, http.StatusOK, a.listContacts))
	r.post(all, send, handle(a, http.StatusCreated, a.addContact))
	r.get(one, read, handle(a, http.StatusOK, a.readContact))
	r.delete(one, flowhq.ScopeOperate, handle(a, http.StatusAccepted, a.eraseContact))
	r.put(one+"/left-alone", send, handle(a, http.StatusOK, a.leaveAlone))
	r.put(one+"/muted", send, handle(a, http.StatusOK, a.muteContact))
	r.post(one+"/hand-over", send, handle(a, http.StatusOK, a.handOver))
	r.post(one+"/give-back", send, handle(a, http.StatusOK, a.giveBack))
	r.post(one+"/read", send, handle(a, http.StatusOK, a.readChat))
	r.post(one+"/messages", send, handle(a, http.StatusAccepted, a.writeMessage))
}

// contactsRequest is GET /admin/tenants/:id/contacts.
type contactsRequest struct {
	tenantRef
	store.ContactFilter
}

func (r *contactsRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Text = b.who("text")
	r.HandedOver = b.choice("handed_over")
	r.LeftAlone = b.choice("left_alone")
	r.Muted = b.choice("muted")
	r.Before, r.Limit = b.page()
}

// choice returns a query parameter that is true or false, nil without one. Three states are needed:
// false selects those who are not, which differs from all.
func (b *binder) choice(name string) *bool {
	if _, given := b.parameter(name); !given {
		return nil
	}
	v := b.flag(name)
	return &v
}

// contactList is a page of contacts.
type contactList struct {
	Contacts []flowhq.Contact `json:"contacts"`
	// Next is "" on the last page.
	Next string `json:"next"`
}

// listContacts handles GET /admin/tenants/:id/contacts.
func (a *API) listContacts(
	ctx context.Context, req contactsRequest,
) (answer contactList, err error) {
	page, next, err := a.Contacts.Contacts(ctx, req.Tenant, req.ContactFilter)
	answer.Contacts, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// contactBody is the body of POST /admin/tenants/:id/contacts.
type contactBody struct {
	Number string `json:"number"`
	// nil leaves a contact that is there already as it is.
	LeftAlone *bool `json:"left_alone"`
}

// newContactRequest is POST /admin/tenants/:id/contacts. It has no key: a number has one contact.
type newContactRequest struct {
	tenantRef
	contactBody
}

func (r *newContactRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	b.body(&r.contactBody)
	if !phone.MatchString(r.Number) {
		b.wrong("number", phoneWanted)
	}
}

// contactAdded answers with the contact of a number, and says whether it is new.
type contactAdded struct {
	flowhq.Contact
	// tenant and added are not part of the answer's JSON.
	tenant flowhq.TenantID
	added  bool
}

// location is the header Location: where the contact is found from now on.
func (c contactAdded) location() string {
	return "/admin/tenants/" + string(c.tenant) + "/contacts/" + cursor(c.ID)
}

// status tells a new contact from one that was there, without a body that differs.
func (c contactAdded) status() int {
	if c.added {
		return http.StatusCreated
	}
	return http.StatusOK
}

// addContact handles POST /admin/tenants/:id/contacts: somebody is to be left alone, or written to,
// who has perhaps never written.
func (a *API) addContact(ctx context.Context, req newContactRequest) (contactAdded, error) {
	c, added, err := a.Contacts.AddContact(ctx, req.Tenant, req.Number)
	// The contact is read again after the change: what AddContact returned is older.
	if err == nil && req.LeftAlone != nil {
		o := store.ContactOrder{Contact: c.ID, Actor: actor(ctx)}
		// A crash between the two leaves a contact that the bot answers. The client has got no
		// answer and repeats the request, which then finishes it.
		err = a.Contacts.LeaveContactAlone(ctx, req.Tenant, o, *req.LeftAlone)
		if err == nil {
			c, err = a.Contacts.Contact(ctx, req.Tenant, c.ID)
		}
	}
	return contactAdded{c, req.Tenant, added}, err
}

// contactRef is a request about one contact.
type contactRef struct {
	tenantRef
	Contact int64
}

func (r *contactRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Contact = b.id("contact")
}

// readContact handles GET /admin/tenants/:id/contacts/:contact.
func (a *API) readContact(ctx context.Context, req contactRef) (flowhq.Contact, error) {
	return a.Contacts.Contact(ctx, req.Tenant, req.Contact)
}

// contactErased answers to DELETE /admin/tenants/:id/contacts/:contact.
type contactErased struct {
	Contact int64 `json:"contact"`

	tenant flowhq.TenantID
}

// location is where CONTACT_ERASED will be. The contact itself is gone.
func (c contactErased) location() string {
	return "/admin/tenants/" + string(c.tenant) + "/events"
}

// eraseContact handles DELETE /admin/tenants/:id/contacts/:contact. It answers 202: the contact is
// gone, and a worker deletes what is left of it. It needs the scope of those who operate, since
// nothing brings a customer's orders and bookings back.
func (a *API) eraseContact(ctx context.Context, req contactRef) (contactErased, error) {
	return contactErased{req.Contact, req.Tenant},
		a.Contacts.EraseContact(ctx, req.Tenant, req.Contact, actor(ctx))
}

// aloneBody is the body of PUT /admin/tenants/:id/contacts/:contact/left-alone.
type aloneBody struct {
	LeftAlone *bool `json:"left_alone"`
}

// aloneRequest is PUT /admin/tenants/:id/contacts/:contact/left-alone.
type aloneRequest struct {
	contactRef
	Alone bool
}

func (r *aloneRequest) bind(b *binder) {
	r.contactRef.bind(b)
	var body aloneBody
	b.body(&body)
	// An empty body must not mean false: the bot would begin to answer whom it was told to leave
	// alone.
	if body.LeftAlone == nil {
		b.wrong("left_alone", "must be true or false")
		return
	}
	r.Alone = *body.LeftAlone
}

// leaveAlone handles PUT /admin/tenants/:id/contacts/:contact/left-alone.
func (a *API) leaveAlone(ctx context.Context, req aloneRequest) (flowhq.Contact, error) {
	o := store.ContactOrder{Contact: req.Contact, Actor: actor(ctx)}
	if err := a.Contacts.LeaveContactAlone(ctx, req.Tenant, o, req.Alone); err != nil {
		return flowhq.Contact{}, err
	}
	return a.Contacts.Contact(ctx, req.Tenant, req.Contact)
}

// Bounds of a hand-over.
const (
	// Longer is until it is given back, which is 0.
	maxHandOverMinutes = 30 * 24 * 60
	maxHandOverReason  = 500 // characters
)

// handOverBody is the body of POST /admin/tenants/:id/contacts/:contact/hand-over.
type handOverBody struct {
	Reason string `json:"reason"`
	// nil is the length of the profile; 0 is until the chat is given back.
	Minutes *int64 `json:"minutes"`
}

// handOverRequest is POST /admin/tenants/:id/contacts/:contact/hand-over. It has no key: a chat
// that is handed over stays so.
type handOverRequest struct {
	contactRef
	handOverBody
}

func (r *handOverRequest) bind(b *binder) {
	r.contactRef.bind(b)
	b.optionalBody(&r.handOverBody)
	r.Reason = b.free("reason", r.Reason, maxHandOverReason)
	b.bounded("minutes", r.Minutes, 0, maxHandOverMinutes)
}

// optionalBody is body for a request that may do without one. Without a body there is no
// Content-Type either, so decode is not asked about one.
func (b *binder) optionalBody(v any) {
	if data, ok := b.read(maxBody); ok && len(data) > 0 {
		b.decode(data, v)
	}
}

// handOver handles POST /admin/tenants/:id/contacts/:contact/hand-over: a person answers from now
// on. A chat that is handed over is so for that long from now on.
func (a *API) handOver(ctx context.Context, req handOverRequest) (flowhq.Contact, error) {
	// The length is fixed now: a later change of the profile does not move the end of this
	// hand-over. The end itself is by the database's clock.
	length := time.Duration(0)
	if req.Minutes != nil {
		length = time.Duration(*req.Minutes) * time.Minute
	} else {
		p, err := a.Profiles.Profile(ctx, req.Tenant)
		if err != nil {
			return flowhq.Contact{}, err
		}
		length = p.HandOver()
	}
	err := a.Contacts.HandOverContact(ctx, req.Tenant, store.ContactOrder{
		Contact: req.Contact, Actor: actor(ctx), Note: req.Reason, Length: length,
	})
	if err != nil {
		return flowhq.Contact{}, err
	}
	return a.Contacts.Contact(ctx, req.Tenant, req.Contact)
}

// giveBack handles POST /admin/tenants/:id/contacts/:contact/give-back: the bot answers from the
// next message on. It is no error if it does already.
func (a *API) giveBack(ctx context.Context, req contactRef) (flowhq.Contact, error) {
	o := store.ContactOrder{Contact: req.Contact, Actor: actor(ctx)}
	if err := a.Contacts.GiveBackContact(ctx, req.Tenant, o); err != nil {
		return flowhq.Contact{}, err
	}
	return a.Contacts.Contact(ctx, req.Tenant, req.Contact)
}

// maxWritten bounds what an operator writes at once, in characters. A phone folds longer texts.
const maxWritten = 4096

// writeRequest is POST /admin/tenants/:id/contacts/:contact/messages.
type writeRequest struct {
	contactRef
	contentBody
	Content content
	// With it a repeated request sends nothing twice, whatever became of the first one's answer.
	Key string
}

func (r *writeRequest) bind(b *binder) {
	r.contactRef.bind(b)
	r.Key = b.key()
	b.body(&r.contentBody)
	r.Content = b.written(r.contentBody)
}

// writeMessage handles POST /admin/tenants/:id/contacts/:contact/messages. The message is a row of
// the log before it is answered, and its status there says how far it has come.
func (a *API) writeMessage(ctx context.Context, req writeRequest) (messageAccepted, error) {
	ctx, cancel := a.timeFor(ctx, req.Content)
	defer cancel()
	attached, err := a.attach(ctx, req.Tenant, "message:"+req.Key, req.Content.media,
		req.Content.attached)
	if err != nil {
		return messageAccepted{}, err
	}
	// The profile says for how long the bot is silent after a person has written.
	p, err := a.Profiles.Profile(ctx, req.Tenant)
	if err != nil {
		return messageAccepted{}, err
	}
	m, err := a.Contacts.Write(ctx, req.Tenant, store.NewMessage{
		Contact: req.Contact, Text: req.Content.text, Attached: attached, Key: req.Key,
		Actor: actor(ctx),
		// The operator has begun to talk, so the bot stays out as long as after the owner's own
		// message.
		HandOverFor: p.HandOver(),
	})
	return messageAccepted{m, req.Tenant}, err
}
