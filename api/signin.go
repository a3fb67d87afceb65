package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/headers"
	"github.com/flowhq/flowhq/internal/store"
)

// Accounts are the people who sign in. A method that takes a tenant is about its users or, for "",
// about the operators; an account of another tenant is NotFound.
type Accounts interface {
	Accounts(ctx context.Context, id flowhq.TenantID) ([]flowhq.Account, error)
	// InviteAccount fails with code Conflict if the e-mail address has an account.
	InviteAccount(
		ctx context.Context, id flowhq.TenantID, n flowhq.NewAccount, l store.PasswordLink,
		actor string,
	) (flowhq.Account, error)
	ChangeAccount(
		ctx context.Context, id flowhq.TenantID, account string, c flowhq.AccountChange,
		actor string,
	) (flowhq.Account, error)
	// MakeLink makes a link by which the person sets a password.
	MakeLink(
		ctx context.Context, id flowhq.TenantID, account string, l store.PasswordLink,
		actor string,
	) (flowhq.Account, error)

	// SignInWait is how long the account has to wait at the address, 0 if not at all. The next two
	// count for all API processes together.
	SignInWait(ctx context.Context, email, address string) (time.Duration, error)
	CountWrongPassword(ctx context.Context, email, address string) (locked bool, err error)
	ForgetWrongPasswords(ctx context.Context, email, address string) error

	// Each fails with code NotFound where there is nothing, or not any more.
	Login(ctx context.Context, email string) (store.Login, error)
	LoginByLink(ctx context.Context, hash []byte) (store.Login, error)
	UseLink(
		ctx context.Context, hash []byte, passwordHash, address string,
	) (flowhq.Account, error)
	SignIn(ctx context.Context, n store.NewSignIn) (int64, error)
	SignedIn(ctx context.Context, hash []byte) (a flowhq.Account, signIn int64, err error)
	// SetPassword fails with code Conflict if the password was changed meanwhile.
	SetPassword(ctx context.Context, l store.Login, hash string, p flowhq.Principal) error
	SignOut(ctx context.Context, signIn int64) error
}

// For how long one is signed in. A shop's owner looks at a phone once a day, and gives up on what
// asks for a password each time; an operator can do more harm.
const (
	userSignIn     = 30 * 24 * time.Hour
	operatorSignIn = 12 * time.Hour
)

// Names of the cookie. A browser takes one that begins with __Host- only over TLS and only from
// this very host, so no other site of the same domain can plant one.
const (
	secureCookie = "__Host-flowhq"
	plainCookie  = "flowhq"
)

// cookieOf returns the token in the request's cookie. Its name depends on TLS, so a cookie that was
// got over plain HTTP is none over TLS.
func cookieOf(c *gin.Context) (string, bool) {
	cookie, err := c.Request.Cookie(cookieName(headers.BehindTLS(c.Request)))
	if err != nil {
		return "", false
	}
	return cookie.Value, true
}

// cookieName is the name of the cookie, over TLS or not.
func cookieName(secure bool) string {
	if secure {
		return secureCookie
	}
	return plainCookie
}

// A visit is what a request says of where it comes from, to handlers that sign in and out.
type visit struct {
	from    []source
	address string
	secure  bool
}

func (v *visit) bind(b *binder) {
	v.from, v.address, v.secure = sources(b.c), caller(b.c).String(), headers.BehindTLS(b.c.Request)
}

// network is the address or, of IPv6, the network that wrong passwords are counted by: one customer
// of a provider commands 2^64 addresses.
func (v visit) network() string { return v.from[0].addr.String() }

// cookie is the header Set-Cookie for a token; "" ends the cookie. Lax keeps it from requests of
// other sites' pages, but for a link that is followed: who clicks one in a letter is signed in.
func (v visit) cookie(token string, lifetime time.Duration) string {
	return v.cookieNamed(cookieName(v.secure), token, lifetime)
}

// cookieNamed is the header Set-Cookie of any cookie of the API; the value "" ends it.
func (v visit) cookieNamed(name, value string, lifetime time.Duration) string {
	c := http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lifetime.Seconds()),
		HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// signInBody is the body of POST /auth/sign-in.
type signInBody struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// maxEmail bounds an e-mail address, in bytes.
const maxEmail = 254

// signInRequest is POST /auth/sign-in.
type signInRequest struct {
	visit
	signInBody
}

func (r *signInRequest) bind(b *binder) {
	r.visit.bind(b)
	b.body(&r.signInBody)
	r.Email = flowhq.NormalEmail(r.Email)
	if r.Email == "" || len(r.Email) > maxEmail {
		b.wrong("email", "must be an e-mail address of at most 254 characters")
	}
	// A longer one is nobody's, and hashing it takes time. The bound is in bytes, of which a
	// character has up to four.
	if r.Password == "" || len(r.Password) > 4*flowhq.MaxPasswordLength {
		b.wrong("password", "must be 1 to 200 characters")
	}
}

// signedIn answers with who is signed in from now on.
type signedIn struct {
	flowhq.Principal
	setCookie string
}

func (s signedIn) headers() map[string]string {
	return map[string]string{"Set-Cookie": s.setCookie}
}

// signIn handles POST /auth/sign-in. Whether an address has an account shows neither in the answer
// nor in its time; an account that is disabled or has no password yet is answered like a wrong
// password.
func (a *API) signIn(ctx context.Context, req signInRequest) (signedIn, error) {
	// NotFound goes on with an empty login, so that a stranger's address is hashed and counted
	// alike.
	l, err := a.Accounts.Login(ctx, req.Email)
	if err != nil && flowhq.ErrorCode(err) != flowhq.NotFound {
		return signedIn{}, err
	}
	known := err == nil
	right, err := a.matches(ctx, l.PasswordHash, req.Password, req.Email, req.visit)
	if err != nil {
		return signedIn{}, err
	}
	// Disabled is asked after the hashing: before it, the answer for such an account would come
	// faster.
	right = right && !l.Disabled
	p := access.OfAccount(l.Account, 0, req.address)
	who := ""
	if known {
		who = p.Actor()
	}
	if err := a.countFrom(ctx, right, req.from, who); err != nil {
		return signedIn{}, err
	}
	if !right {
		if err := a.wrongPassword(ctx, req.Email, req.visit, who); err != nil {
			return signedIn{}, err
		}
		return signedIn{}, flowhq.Errorf(unauthorized,
			"the e-mail address or the password is wrong")
	}
	// What was mistyped from this address is forgotten; the tries of others stay counted.
	if err := a.Accounts.ForgetWrongPasswords(ctx, req.Email, req.network()); err != nil {
		return signedIn{}, err
	}
	return a.admit(ctx, l, req.visit, false)
}

// matches reports whether a password is the account's. Whether the account is locked is asked
// before the hashing, so that guesses cost nothing, and again after it: many guesses may have
// waited for the hasher together, and those that come after the one that locked the account are
// neither answered nor counted. Without the second question a burst of guesses from one address
// would lock the account everywhere.
func (a *API) matches(
	ctx context.Context, hash, password, email string, v visit,
) (right bool, err error) {
	if err := a.locked(ctx, email, v); err != nil {
		return false, err
	}
	right, err = a.hasher.Matches(ctx, hash, password)
	if err != nil {
		return false, err
	}
	return right, a.locked(ctx, email, v)
}

// locked returns an error if the account has had too many wrong passwords. The right password is
// refused as well: otherwise a guesser would see which one gets through.
func (a *API) locked(ctx context.Context, email string, v visit) error {
	wait, err := a.Accounts.SignInWait(ctx, email, v.network())
	if err != nil || wait <= 0 {
		return err
	}
	a.count.LoginsRefused.Inc()
	return &waitError{wait, flowhq.Errorf(tooMany,
		"too many wrong passwords for this account; try again in %s seconds", seconds(wait)),
		limit{"account", store.WrongPerAddress, store.LockWindow}}
}

// wrongPassword counts a wrong password of an account. who is its actor, "" for an address that has
// none. A password that could not be counted must not be answered: whoever keeps the database busy
// could guess without end.
func (a *API) wrongPassword(ctx context.Context, email string, v visit, who string) error {
	locked, err := a.Accounts.CountWrongPassword(ctx, email, v.network())
	if locked {
		a.logins.add(ctx, []loginEvent{{
			kind: flowhq.EventAccountLocked, from: v.from[0], account: who,
		}})
	}
	return err
}

// admit signs an account in, by its password or, if external, by the word of an OpenID provider.
func (a *API) admit(
	ctx context.Context, l store.Login, v visit, external bool,
) (signedIn, error) {
	lifetime := userSignIn
	if l.Tenant == "" {
		lifetime = operatorSignIn
	}
	p := access.OfAccount(l.Account, 0, v.address)
	// Of the token the database has the hash alone, so who reads a copy of it cannot sign in.
	token := access.NewToken()
	id, err := a.Accounts.SignIn(ctx, store.NewSignIn{
		Account: l.ID, Hash: access.Hash(token), Address: v.address, Lifetime: lifetime,
		Password: l.PasswordHash, External: external, Actor: p.Actor(),
	})
	// The account was there when its password was compared. The store lets nobody in by a hash that
	// is no longer the account's.
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return signedIn{}, flowhq.Errorf(flowhq.Conflict,
			"the account was changed at this moment; sign in again")
	}
	p.SignIn = id
	return signedIn{p, v.cookie(token, lifetime)}, err
}

// linkBody is the body of POST /auth/link.
type linkBody struct {
	Token    string `json:"token"`
	Password string `json:"password"`
}

// linkRequest is POST /auth/link.
type linkRequest struct {
	visit
	linkBody
}

func (r *linkRequest) bind(b *binder) {
	r.visit.bind(b)
	b.body(&r.linkBody)
	if !access.IsToken(r.Token) {
		b.wrong("token", "must be that of an invitation or of a link to set a password")
	}
	// The e-mail address, which a password must not repeat, is known only from the link; useLink
	// checks again.
	if wrong := flowhq.CheckPassword(r.Password, ""); wrong != "" {
		b.wrong("password", wrong)
	}
}

// useLink handles POST /auth/link: somebody who was invited, or has lost the password, sets one,
// and is signed in. A link is looked for before the password is hashed, which is the costly part.
func (a *API) useLink(ctx context.Context, req linkRequest) (signedIn, error) {
	hash := access.Hash(req.Token)
	l, err := a.Accounts.LoginByLink(ctx, hash)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return signedIn{}, a.noLink(ctx, req.from)
	}
	if err != nil {
		return signedIn{}, err
	}
	// The link is not used up yet: the person may choose another password.
	if wrong := flowhq.CheckPassword(req.Password, l.Email); wrong != "" {
		return signedIn{}, wrongFields([]flowhq.FieldError{{Field: "password", Message: wrong}})
	}
	if l.PasswordHash, err = a.hasher.Hash(ctx, req.Password); err != nil {
		return signedIn{}, err
	}
	l.Account, err = a.Accounts.UseLink(ctx, hash, l.PasswordHash, req.address)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return signedIn{}, a.noLink(ctx, req.from) // somebody else was faster
	}
	if err != nil {
		return signedIn{}, err
	}
	// Whoever mistyped the old password here too often is not kept out with the new one.
	if err := a.Accounts.ForgetWrongPasswords(ctx, l.Email, req.network()); err != nil {
		return signedIn{}, err
	}
	return a.admit(ctx, l, req.visit, false)
}

// noLink counts a token that is nobody's, and says so. A token has too many bits to be guessed, but
// each try costs a statement.
func (a *API) noLink(ctx context.Context, from []source) error {
	if err := a.countFrom(ctx, false, from, ""); err != nil {
		return err
	}
	return flowhq.Errorf(flowhq.NotFound,
		"this link was used, or is too old; ask for another one")
}
