package api

import (
	"context"
	"net/http"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
)

// selfRoutes lists the endpoints that are about whoever asks. They need no scope.
func (a *API) selfRoutes(r router) {
	r.get("/auth/me", "", handle(a, http.StatusOK, a.whoAmI))
	r.post("/auth/sign-out", "", handle(a, http.StatusOK, a.signOut))
	r.put("/auth/password", "", handle(a, http.StatusOK, a.changePassword))
}

// whoAmI handles GET /auth/me.
func (*API) whoAmI(ctx context.Context, _ nothing) (flowhq.Principal, error) {
	return access.From(ctx), nil
}

// A visitRequest is a request without parameters whose handler needs to know of the browser.
type visitRequest struct{ visit }

func (r *visitRequest) bind(b *binder) { r.visit.bind(b) }

// signedOut answers that the cookie is worth nothing any more.
type signedOut struct {
	SignedOut bool `json:"signed_out"`
	setCookie string
}

func (s signedOut) headers() map[string]string {
	return map[string]string{"Set-Cookie": s.setCookie}
}

// errNoSignIn refuses to change what a key or the admin password has not.
var errNoSignIn = flowhq.Errorf(flowhq.Conflict,
	"this is for who has signed in with an e-mail address and a password")

// signOut handles POST /auth/sign-out. The row goes, so a copy of the cookie is worth nothing
// either.
func (a *API) signOut(ctx context.Context, req visitRequest) (signedOut, error) {
	p := access.From(ctx)
	// A key is revoked instead, and a browser keeps the admin password until it is closed.
	if p.SignIn == 0 {
		return signedOut{}, errNoSignIn
	}
	return signedOut{true, req.cookie("", 0)}, a.Accounts.SignOut(ctx, p.SignIn)
}

// passwordBody is the body of PUT /auth/password.
type passwordBody struct {
	Current string `json:"current"`
	New     string `json:"new"`
}

// passwordRequest is PUT /auth/password.
type passwordRequest struct {
	visit
	passwordBody
}

func (r *passwordRequest) bind(b *binder) {
	r.visit.bind(b)
	b.body(&r.passwordBody)
	// The bound is in bytes, of which a character has up to four.
	if r.Current == "" || len(r.Current) > 4*flowhq.MaxPasswordLength {
		b.wrong("current", "must be the present password")
	}
	email := access.From(b.c.Request.Context()).Name
	if wrong := flowhq.CheckPassword(r.New, email); wrong != "" {
		b.wrong("new", wrong)
	}
}

// changePassword handles PUT /auth/password. It asks for the present password, since a browser that
// was left open must not be enough, and counts wrong ones like a sign-in. All other sign-ins of the
// account end.
func (a *API) changePassword(ctx context.Context, req passwordRequest) (flowhq.Principal, error) {
	p := access.From(ctx)
	if p.SignIn == 0 {
		return p, errNoSignIn
	}
	l, err := a.Accounts.Login(ctx, p.Name)
	if err != nil {
		return p, err
	}
	// It is locked as a sign-in is: who has stolen a cookie must not be able to guess faster here
	// than at the door.
	right, err := a.matches(ctx, l.PasswordHash, req.Current, p.Name, req.visit)
	if err != nil {
		return p, err
	}
	if err := a.countFrom(ctx, right, req.from, p.Actor()); err != nil {
		return p, err
	}
	if !right {
		if err := a.wrongPassword(ctx, p.Name, req.visit, p.Actor()); err != nil {
			return p, err
		}
		// Not 401, at which a page would believe that its sign-in has ended.
		return p, wrongFields([]flowhq.FieldError{{Field: "current", Message: "is wrong"}})
	}
	hash, err := a.hasher.Hash(ctx, req.New)
	if err != nil {
		return p, err
	}
	// If the password was changed meanwhile, such as by a link, it is 409: the newer one stays.
	return p, a.Accounts.SetPassword(ctx, l, hash, p)
}
