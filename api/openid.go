package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/openid"
)

// OpenIDPath is where a provider sends people back to, under PUBLIC_URL.
const OpenIDPath = "/auth/openid/callback"

// OpenID is an OpenID Connect provider.
type OpenID interface {
	// AuthURL returns where to send the browser. It fails with code Unavailable.
	AuthURL(ctx context.Context, s openid.Secret) (string, error)
	// Email returns a verified address. It fails with code Refused or Unavailable.
	Email(ctx context.Context, code string, s openid.Secret) (string, error)
}

// The cookie that binds a sign-in with a provider to the browser that began it. Its lifetime is how
// long somebody may take to type a password there.
const (
	openIDCookie   = "flowhq-openid"
	openIDLifetime = 10 * time.Minute
	// maxOpenID is how many sign-ins may wait for the provider at a time. If it hangs, the handlers
	// of everybody else stay free.
	maxOpenID = 16
	// maxCode bounds what a provider sends back, in bytes. Some pack much into a code.
	maxCode = 4096
)

var errNoOpenID = flowhq.Errorf(flowhq.NotFound,
	"OpenID Connect is not set up here; sign in with the password")

// openIDCookie is the header Set-Cookie that keeps a sign-in; "" ends it. HttpOnly keeps the
// cookie, which has the verifier of PKCE, from scripts. Lax lets it come back with the browser from
// the provider's site.
func (v visit) openIDCookie(value string, lifetime time.Duration) string {
	return v.cookieNamed(openIDName(v.secure), value, lifetime)
}

// openIDName is the name of the cookie, over TLS or not.
func openIDName(secure bool) string {
	if secure {
		return "__Host-" + openIDCookie
	}
	return openIDCookie
}

// redirect sends the browser elsewhere.
type redirect struct{ to, setCookie string }

func (redirect) status() int               { return http.StatusSeeOther }
func (redirect) content() (string, []byte) { return "text/plain", nil }
func (r redirect) headers() map[string]string {
	return map[string]string{"Location": r.to, "Set-Cookie": r.setCookie}
}

// beginOpenID handles GET /auth/openid: the browser goes to the provider.
func (a *API) beginOpenID(ctx context.Context, req visitRequest) (redirect, error) {
	if a.OpenID == nil {
		return redirect{}, errNoOpenID
	}
	// The browser keeps all three, so any process can finish what another one has begun.
	s := openid.Secret{
		State: access.NewToken(), Nonce: access.NewToken(), Verifier: access.NewToken(),
	}
	to, err := a.OpenID.AuthURL(ctx, s)
	if err != nil {
		return redirect{}, err
	}
	value := s.State + "." + s.Nonce + "." + s.Verifier
	return redirect{to, req.openIDCookie(value, openIDLifetime)}, nil
}

// openIDRequest is GET /auth/openid/callback.
type openIDRequest struct {
	visit
	secret openid.Secret
	code   string
	// denied is why the provider signed nobody in, in one of its words.
	denied string
}

func (r *openIDRequest) bind(b *binder) {
	r.visit.bind(b)
	// Whatever comes of it, the browser forgets the sign-in: it works once.
	b.c.Writer.Header().Add("Set-Cookie", r.openIDCookie("", 0))
	for name := range b.query {
		b.known[name] = true // providers add what they like
	}
	r.denied = b.query.Get("error")
	state, code := b.query.Get("state"), b.query.Get("code")
	cookie, err := b.c.Request.Cookie(openIDName(r.secure))
	parts := []string{}
	if err == nil {
		parts = strings.Split(cookie.Value, ".")
	}
	// The state ties the answer to this browser: by a link that an attacker has made, a victim
	// would else be signed in to the attacker's account. Equal in constant time, as it is a secret.
	const partsOfSecret = 3
	if len(parts) != partsOfSecret || !access.IsToken(parts[0]) ||
		subtle.ConstantTimeCompare([]byte(parts[0]), []byte(state)) != 1 {
		b.stop(flowhq.Errorf(flowhq.Conflict, "this browser has not begun this sign-in, has ended "+
			"it, or took too long; begin again at /auth/openid"))
		return
	}
	r.secret = openid.Secret{State: parts[0], Nonce: parts[1], Verifier: parts[2]}
	if r.code = code; r.denied == "" && (code == "" || len(code) > maxCode) {
		b.wrong("code", "must be what the provider gave")
	}
}

// finishOpenID handles GET /auth/openid/callback: the provider has sent the browser back. The
// account of the address that it has verified is signed in. None is ever made here: who comes in is
// decided by invitations.
func (a *API) finishOpenID(ctx context.Context, req openIDRequest) (redirect, error) {
	if a.OpenID == nil {
		return redirect{}, errNoOpenID
	}
	// The provider refuses a code that was used. This process does not even ask it.
	if !a.noted.First("openid "+string(access.Hash(req.secret.State)), openIDLifetime) {
		return redirect{}, flowhq.Errorf(flowhq.Conflict,
			"this sign-in was used already; begin again at /auth/openid")
	}
	if req.denied != "" {
		return redirect{}, a.refuseOpenID(ctx, req, "", "the OpenID provider signed nobody in")
	}
	// Refused is what the provider says of the person, and counts. A provider that does not answer
	// is 503 and nobody's wrong try.
	email, err := a.OpenID.Email(ctx, req.code, req.secret)
	if flowhq.ErrorCode(err) == flowhq.Refused {
		a.Log.InfoContext(ctx, "a sign-in was refused", slog.Any("err", err))
		message := "the OpenID provider signed nobody in"
		if e, ok := errors.AsType[*flowhq.Error](err); ok {
			message = e.Message
		}
		return redirect{}, a.refuseOpenID(ctx, req, "", message)
	}
	if err != nil {
		return redirect{}, err
	}
	const nobody = "nobody with the e-mail address of this sign-in may come in here; " +
		"ask for an invitation"
	email = flowhq.NormalEmail(email)
	// A longer address has no account, and must not get into a statement or an event.
	if len(email) > maxEmail {
		return redirect{}, a.refuseOpenID(ctx, req, "", nobody)
	}
	l, err := a.Accounts.Login(ctx, email)
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		return redirect{}, a.refuseOpenID(ctx, req, "", nobody)
	case err != nil:
		return redirect{}, err
	// Who is disabled is told no more than a stranger; the event names the account.
	case l.Disabled:
		who := access.OfAccount(l.Account, 0, req.address).Actor()
		return redirect{}, a.refuseOpenID(ctx, req, who, nobody)
	}
	in, err := a.admit(ctx, l, req.visit, true)
	return redirect{a.PublicURL + "/", in.setCookie}, err
}

// refuseOpenID counts a sign-in that was refused like a wrong password, has it told, and returns
// the error. who is the account's actor, "" if it is nobody's.
func (a *API) refuseOpenID(
	ctx context.Context, req openIDRequest, who, message string,
) error {
	if err := a.countFrom(ctx, false, req.from, who); err != nil {
		return err
	}
	a.logins.add(ctx, []loginEvent{{
		kind: flowhq.EventSignInRefused, from: req.from[0], account: who,
	}})
	return flowhq.Errorf(unauthorized, "%s", message)
}
