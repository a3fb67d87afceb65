package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/store"
)

// linkLifetime is for how long an invitation is valid, or a link to set another password. People
// read their letters within a week.
const linkLifetime = 7 * 24 * time.Hour

// accountRoutes lists the endpoints of the people of an installation, or of a tenant.
func (a *API) accountRoutes(r router, path string, s flowhq.Scope, roles []flowhq.Role) {
	of := accounts{api: a, roles: roles}
	r.get(path, s, handle(a, http.StatusOK, of.list))
	r.post(path, s, handle(a, http.StatusCreated, of.invite))
	r.get(path+"/:account", s, handle(a, http.StatusOK, of.read))
	r.patch(path+"/:account", s, handle(a, http.StatusOK, of.change))
	r.post(path+"/:account/link", s, handle(a, http.StatusOK, of.link))
}

// accounts are handlers of accounts, with the roles that those may have.
type accounts struct {
	api   *API
	roles []flowhq.Role
}

// ownerRef is a request about what belongs to a tenant or, where the path has none, to the
// installation.
type ownerRef struct{ Tenant flowhq.TenantID }

func (r *ownerRef) bind(b *binder) {
	// The routes of the installation have no id, and "" then means its operators. An id that is
	// there must have the form of a tenant's, else the answer is 404.
	if _, named := b.c.Params.Get("id"); named {
		r.Tenant = b.tenant()
	}
}

// accountList is all accounts. There are so few that they are one page.
type accountList struct {
	Accounts []flowhq.Account `json:"accounts"`
}

// list handles GET /admin/operators and GET /admin/tenants/:id/users.
func (h accounts) list(ctx context.Context, req ownerRef) (accountList, error) {
	all, err := h.api.Accounts.Accounts(ctx, req.Tenant)
	return accountList{list(all)}, h.api.checkEmpty(ctx, req.Tenant, len(all), err)
}

// inviteRequest is POST /admin/operators and POST /admin/tenants/:id/users.
type inviteRequest struct {
	ownerRef
	New flowhq.NewAccount
}

func (r *inviteRequest) bind(b *binder) {
	r.ownerRef.bind(b)
	b.body(&r.New)
	// The address is normalized before anything compares it: in capitals it would become a second
	// account.
	r.New.Email = flowhq.NormalEmail(r.New.Email)
	// Which roles there are depends on the route, so invite checks them.
}

// invited answers with an account and the link by which its person sets a password.
type invited struct {
	Account flowhq.Account `json:"account"`
	// Link is shown once. Whoever has it sets the password.
	Link      string    `json:"link"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
	// Mailed says that the mail server has taken over a mail with the link.
	Mailed bool `json:"mailed"`
	// MailProblem says why not, "" where no mails are sent.
	MailProblem string `json:"mail_problem"`
}

// location is the account's own address.
func (i invited) location() string {
	if i.Account.Tenant == "" {
		return "/admin/operators/" + i.Account.ID
	}
	return "/admin/tenants/" + string(i.Account.Tenant) + "/users/" + i.Account.ID
}

// joinURL is the link with a token.
func (a *API) joinURL(token string) string { return a.PublicURL + "/join?token=" + token }

// newLink draws a link. Only the hash of the token is stored, so who reads a copy of the database
// opens no account. The database ends the link by its own clock; ExpiresAt is what a person is
// told.
func (a *API) newLink() (store.PasswordLink, invited) {
	token := access.NewToken()
	l := store.PasswordLink{Hash: access.Hash(token), Lifetime: linkLifetime}
	return l, invited{
		Link: a.joinURL(token), Token: token,
		ExpiresAt: time.Now().Add(linkLifetime).UTC().Truncate(time.Second),
	}
}

// invite handles POST /admin/operators and POST /admin/tenants/:id/users. A request that is
// repeated is a conflict; the answer to the first one, which was lost, is replaced by another link.
func (h accounts) invite(ctx context.Context, req inviteRequest) (answer invited, err error) {
	if err := req.New.Validate(h.roles); err != nil {
		return invited{}, err
	}
	link, answer := h.api.newLink()
	answer.Account, err = h.api.Accounts.InviteAccount(
		ctx, req.Tenant, req.New, link, actor(ctx))
	// The mail comes after the row: if the mail fails, the link in the answer still serves, but a
	// mail without a row would have a link to nothing.
	if err == nil {
		h.api.mailLink(ctx, &answer)
	}
	return answer, err
}

// accountRef is a request about one account.
type accountRef struct {
	ownerRef
	Account string
}

func (r *accountRef) bind(b *binder) {
	r.ownerRef.bind(b)
	r.Account = b.uuid("account")
}

// read handles GET /admin/operators/:account and GET /admin/tenants/:id/users/:account. The list has
// all that there are, so it is looked for there.
func (h accounts) read(ctx context.Context, req accountRef) (flowhq.Account, error) {
	all, err := h.list(ctx, req.ownerRef)
	if err != nil {
		return flowhq.Account{}, err
	}
	i := slices.IndexFunc(all.Accounts, func(a flowhq.Account) bool { return a.ID == req.Account })
	if i < 0 {
		return flowhq.Account{}, flowhq.Errorf(flowhq.NotFound, "there is no such account")
	}
	return all.Accounts[i], nil
}

// uuid returns the id by which the path names a thing of this kind. Anything but a UUID is answered
// as if it were not found, which it is.
func (b *binder) uuid(kind string) string {
	id := b.c.Param(kind)
	// The store would not find such an id either; here it costs no statement.
	if !flowhq.TenantID(id).Valid() {
		b.stop(flowhq.Errorf(flowhq.NotFound,
			"there is no such %s; the id of a %s is a UUID in lower case", kind, kind))
		return ""
	}
	return id
}

// accountChange is PATCH /admin/operators/:account and PATCH /admin/tenants/:id/users/:account.
type accountChange struct {
	accountRef
	Change flowhq.AccountChange
}

func (r *accountChange) bind(b *binder) {
	r.accountRef.bind(b)
	b.body(&r.Change)
	// A client that has lost its fields on the way would take 200 for a change.
	if b.err == nil && len(b.fields) == 0 && r.Change == (flowhq.AccountChange{}) {
		b.stop(flowhq.Errorf(flowhq.Invalid,
			"there is nothing to change: give name, role or disabled"))
	}
}

// change handles PATCH /admin/operators/:account and PATCH /admin/tenants/:id/users/:account.
// Nobody takes the own role away or shuts out the own account, so an owner is always left.
func (h accounts) change(ctx context.Context, req accountChange) (flowhq.Account, error) {
	if err := req.Change.Validate(h.roles); err != nil {
		return flowhq.Account{}, err
	}
	p := access.From(ctx)
	// The same role again, or disabled false, takes nothing away: a form sends back all that it
	// shows.
	self := p.ID == req.Account
	if self && (req.Change.Role != nil && *req.Change.Role != p.Role ||
		req.Change.Disabled != nil && *req.Change.Disabled) {
		return flowhq.Account{}, flowhq.Errorf(flowhq.Conflict,
			"nobody takes away the own role or disables the own account; ask another owner")
	}
	return h.api.Accounts.ChangeAccount(ctx, req.Tenant, req.Account, req.Change, actor(ctx))
}

// link handles POST /admin/operators/:account/link and POST /admin/tenants/:id/users/:account/link:
// somebody has lost the password, or the invitation. The one before is worth nothing any more. The
// password stays until the link is used, so nobody is shut out by a link that somebody else asked
// for. An account that is disabled is 409.
func (h accounts) link(ctx context.Context, req accountRef) (answer invited, err error) {
	link, answer := h.api.newLink()
	answer.Account, err = h.api.Accounts.MakeLink(
		ctx, req.Tenant, req.Account, link, actor(ctx))
	if err == nil {
		h.api.mailLink(ctx, &answer)
	}
	return answer, err
}
