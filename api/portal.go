package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/store"
)

// The portal is a web application with a sign-in of its own, such as one of Next.js, whose server
// asks here on behalf of whom it has signed in. It shows that it is the portal by a key, and says
// by an e-mail address for whom it asks.
const (
	portalPath        = "/portal"
	portalKeyHeader   = "X-Portal-Key"
	portalEmailHeader = "X-User-Email"
)

// What is known of a request of the portal, in the Gin context.
const (
	portalKey     = "portal"      // true: it is one
	portalUserKey = "portal_user" // the flowhq.Account that it is made for
)

// portalChallenge is the challenge of 401. No browser asks its user for a portal's key.
const portalChallenge = `PortalKey realm="Flow HQ"`

// portalRoutes lists the endpoints of the portal. The portal's key opens nothing else, and nothing
// else opens these: who stole a cookie or a key finds no second way in here.
func (a *API) portalRoutes(r router) {
	const read, operate = flowhq.ScopeRead, flowhq.ScopeOperate
	const current = "/tenant/current"
	r.identify = a.identifyPortal
	r.get("/me", read, handle(a, http.StatusOK, a.portalMe))
	r.post("/setup-request", operate, handle(a, http.StatusCreated, a.portalSubmit))
	r.get(current+"/status", read, handle(a, http.StatusOK, a.portalStatus))
	r.get(current+"/qr", operate, handle(a, http.StatusOK, a.portalQR))
	r.limited(a.limitConcurrency(maxPages)).
		get(current+"/logs", read, handle(a, http.StatusOK, a.portalLogs))
}

// A portalLock compares the portal's key.
type portalLock struct {
	hash [sha256.Size]byte
	set  bool
}

// newPortalLock hashes the key once. Without a key nothing opens it. That there is a key is kept
// apart: the hash of none is a hash like others, and an empty header would open the portal.
func newPortalLock(key config.Secret) portalLock {
	return portalLock{sha256.Sum256([]byte(key.Reveal())), key != ""}
}

// opens compares hashes, which all have one length, in constant time.
func (l portalLock) opens(key string) bool {
	hash := sha256.Sum256([]byte(key))
	return subtle.ConstantTimeCompare(hash[:], l.hash[:]) == 1 && l.set
}

// identifyPortal makes the principal of a request of the portal: the user for whom it asks. The
// messages are those that existing portals show and compare.
//
// A right key is not slowed down by wrong ones from its address, since all users of the portal come
// from there: it has too many bits to be guessed. A missing key is no guess.
func (a *API) identifyPortal(c *gin.Context) (flowhq.Principal, error) {
	c.Set(portalKey, true)
	if !a.portal.set {
		return flowhq.Principal{}, flowhq.Errorf(notConfigured, "Portal not configured")
	}
	key := c.GetHeader(portalKeyHeader)
	if !a.portal.opens(key) {
		// Wrong keys share the limit of wrong passwords, by the address that sends them.
		if key != "" {
			if err := a.countPassword(c, false); err != nil {
				return flowhq.Principal{}, err
			}
		}
		return flowhq.Principal{}, demand(c, portalChallenge, "Invalid portal key")
	}
	account, err := a.portalUser(c.Request.Context(), c.GetHeader(portalEmailHeader))
	c.Set(portalUserKey, account)
	return access.OfPortal(account, caller(c).String()), err
}

// portalUser finds the user with an e-mail address. One whose account is disabled is none.
// Operators have no tenant, and sign in here themselves: who has the portal's key must not become
// one.
func (a *API) portalUser(ctx context.Context, email string) (flowhq.Account, error) {
	email = flowhq.NormalEmail(email)
	if email == "" || len(email) > maxEmail {
		return flowhq.Account{}, errNoUser
	}
	l, err := a.Accounts.Login(ctx, email)
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound, err == nil && l.Disabled:
		return flowhq.Account{}, errNoUser
	case err != nil:
		return flowhq.Account{}, err
	case l.Tenant == "":
		return flowhq.Account{}, flowhq.Errorf(flowhq.NotFound, "Tenant not found")
	}
	return l.Account, nil
}

var errNoUser = flowhq.Errorf(flowhq.NotFound, "User not found")

// portalRef is a request of the portal.
type portalRef struct {
	tenantRef
	User flowhq.Account
}

func (r *portalRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.User, _ = b.c.MustGet(portalUserKey).(flowhq.Account)
}

// portalMe handles GET /portal/me.
func (a *API) portalMe(ctx context.Context, req portalRef) (portalSelf, error) {
	status, err := a.portalStatus(ctx, req)
	return portalSelf{shownUser(req.User), status}, err
}

// portalStatus handles GET /portal/tenant/current/status.
func (a *API) portalStatus(ctx context.Context, req portalRef) (portalState, error) {
	t, err := a.Tenants.Tenant(ctx, req.Tenant)
	if err != nil {
		return portalState{}, err
	}
	// The newest request is the one that counts; a portal shows no others.
	page, _, err := a.Setups.SetupRequests(ctx, store.SetupFilter{Tenant: req.Tenant, Limit: 1})
	if err != nil {
		return portalState{}, err
	}
	answer := portalState{Tenant: shownTenant(advised(t).Tenant)}
	if len(page) > 0 {
		shown := shownPortalSetup(req.User, page[0])
		answer.SetupRequest = &shown
	}
	return answer, nil
}

// portalSetupBody is the body of POST /portal/setup-request.
type portalSetupBody struct {
	BusinessName string `json:"businessName"`
	// BusinessType is what existing forms ask for, too. Nothing depends on it, and it is not kept.
	BusinessType   string          `json:"businessType"`
	Template       flowhq.Template `json:"templateType"`
	WhatsAppNumber string          `json:"whatsappNumber"`
	Language       flowhq.Language `json:"language"`
}

// portalSetupRequest is POST /portal/setup-request.
type portalSetupRequest struct {
	portalRef
	New flowhq.NewSetupRequest
	Key string
}

func (r *portalSetupRequest) bind(b *binder) {
	r.portalRef.bind(b)
	r.Key = b.key()
	var body portalSetupBody
	b.body(&body)
	r.New = flowhq.NewSetupRequest{
		BusinessName: body.BusinessName, Template: body.Template,
		WhatsAppNumber: body.WhatsAppNumber, Language: body.Language,
	}
	// The rules are those of the other API, and the names in the errors those of this body.
	b.check(flowhq.RenameFields(r.New.Validate(), map[string]string{
		"business_name": "businessName", "template_type": "templateType",
		"whatsapp_number": "whatsappNumber",
	}))
	if !validText(body.BusinessType) || !flowhq.PlainLine(body.BusinessType) {
		b.wrong("businessType", "must be at most 100 printable characters")
	}
}

// portalSubmit handles POST /portal/setup-request.
func (a *API) portalSubmit(
	ctx context.Context, req portalSetupRequest,
) (portalSubmitted, error) {
	r, err := a.submit(ctx, req.Tenant, req.Key, req.New)
	// A repeated request may find its session on the air already, which has been started as well.
	started := r.Status == flowhq.SetupApproved || r.Status == flowhq.SetupActive
	return portalSubmitted{shownPortalSetup(req.User, r), started}, err
}

// portalQR handles GET /portal/tenant/current/qr.
func (a *API) portalQR(ctx context.Context, req portalRef) (portalCode, error) {
	q, err := a.qr(ctx, req.tenantRef)
	return portalCode{q.State, q.QR}, err
}

// defaultPortalLimit is how many messages a page of the portal shows.
const defaultPortalLimit = 50

// portalLogsRequest is GET /portal/tenant/current/logs.
type portalLogsRequest struct {
	portalRef
	Limit int
}

func (r *portalLogsRequest) bind(b *binder) {
	r.portalRef.bind(b)
	r.Limit = b.number("limit", defaultPortalLimit, 1, maxLimit)
}

// portalLogs handles GET /portal/tenant/current/logs: the newest messages, the newest first. Large
// ones may be fewer than the limit, as in messages.
func (a *API) portalLogs(ctx context.Context, req portalLogsRequest) ([]json.RawMessage, error) {
	filter := store.MessageFilter{Limit: req.Limit}
	messages, _, err := a.Logs.Messages(ctx, req.Tenant, filter)
	if err != nil {
		return nil, err
	}
	// Existing portals read a bare list, which has no place for the position of a next page.
	rows, size := []json.RawMessage{}, 0
	for _, m := range messages {
		if size > maxPageBytes {
			break
		}
		b, err := encode(shownMessage(req.Tenant, m))
		if err != nil {
			return nil, fmt.Errorf("encode message %d: %w", m.ID, err)
		}
		rows, size = append(rows, b), size+len(b)
	}
	return rows, nil
}
