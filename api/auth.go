package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/config"
)

// passwordParameter is the query parameter of Options.QueryAuth. A query ends up in the logs of
// proxies and in the history of browsers, so it is off unless an operator asks for it. TestPassword
// tries both.
const passwordParameter = "password"

// authenticate finds out who asks, and lets nobody else pass.
//
// The right password passes however many wrong ones came from its address: those only make the
// check slow. A client sees 401 where nobody is known, 403 for a page of another site, and 429 with
// Retry-After where too many passwords wait. All three come before the body is read, so a stranger
// cannot make the process hold one.
func (a *API) authenticate(identify func(*gin.Context) (flowhq.Principal, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		// Origin comes before identity: what a foreign page sends with a remembered password must
		// not count as a use of the password.
		if a.refuseForeign(c); c.IsAborted() {
			return
		}
		p, err := identify(c)
		if err != nil {
			a.fail(c, err)
			return
		}
		// From here on the log may name the tenant of the path; see about.
		c.Set(authenticatedKey, true)
		c.Request = c.Request.WithContext(access.With(c.Request.Context(), p))
		c.Next()
	}
}

// refuseForeign refuses what a page of another site makes a browser send here, since the browser
// adds the cookie or the password that it remembers. GET passes, as it changes nothing, and so do
// programs, which send neither Origin nor Sec-Fetch-Site.
func (a *API) refuseForeign(c *gin.Context) {
	if err := a.auth.foreign.Check(c.Request); err != nil && !a.fromUI(c) {
		a.fail(c, &flowhq.Error{
			Code:    flowhq.Forbidden,
			Message: "a page of another site may not change anything here", Err: err,
		})
	}
}

// identify makes the principal of a request. It takes, in this order: an API key as Bearer token or
// as the password of Basic authentication, the admin password, and the cookie of who has signed in.
// An error is answered as it is.
func (a *API) identify(c *gin.Context) (flowhq.Principal, error) {
	// What is sent on purpose comes before the cookie, which a browser adds unasked. A wrong key is
	// refused and not passed over for the cookie: its sender would act as somebody else without
	// knowing.
	scheme, key, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return a.byKey(c, key)
	}
	if password, given := a.auth.password(c.Request); given {
		if access.IsKey(password) {
			return a.byKey(c, password)
		}
		return a.byPassword(c, password)
	}
	if token, ok := cookieOf(c); ok {
		return a.byCookie(c, token)
	}
	// The header makes a browser ask its user, who then sends the password with every request.
	return flowhq.Principal{}, demand(c, basicChallenge, "this needs a sign-in, an API key as "+
		"Bearer token, or the admin password by HTTP Basic authentication with any user name")
}

// byPassword makes the principal of the admin password.
func (a *API) byPassword(c *gin.Context, password string) (flowhq.Principal, error) {
	right := a.auth.matches(password)
	// Right or wrong, the password waits for its turn here, so the time of the answer tells
	// nothing.
	if err := a.countPassword(c, right); err != nil {
		return flowhq.Principal{}, err
	}
	if !right {
		return flowhq.Principal{}, demand(c, basicChallenge, "the admin password is wrong")
	}
	p := access.Emergency(caller(c).String())
	a.logins.used(c.Request.Context(), p)
	return p, nil
}

// byKey makes the principal of an API key. One that is right is not slowed down by wrong ones from
// its address: it has too many bits to be guessed.
func (a *API) byKey(c *gin.Context, key string) (flowhq.Principal, error) {
	ctx := c.Request.Context()
	// What has not the form of a key costs no statement.
	if access.IsKey(key) {
		k, err := a.Keys.UseAPIKey(ctx, access.Hash(key))
		// A database that does not answer is 503 and no guess: the key may well be right.
		if flowhq.ErrorCode(err) != flowhq.NotFound {
			return access.OfKey(k, caller(c).String()), err
		}
	}
	if err := a.countPassword(c, false); err != nil {
		return flowhq.Principal{}, err
	}
	return flowhq.Principal{}, demand(c, keyChallenge,
		"there is no such API key; it may have expired or been revoked")
}

// byCookie makes the principal of who has signed in. A sign-in that is over is no failed one:
// browsers keep sending the cookie.
func (a *API) byCookie(c *gin.Context, token string) (flowhq.Principal, error) {
	const over = "you are not signed in any more; sign in again"
	// Somebody else's cookie of this name costs no statement.
	if !access.IsToken(token) {
		return flowhq.Principal{}, demand(c, keyChallenge, over)
	}
	account, signIn, err := a.Accounts.SignedIn(c.Request.Context(), access.Hash(token))
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return flowhq.Principal{}, demand(c, keyChallenge, over)
	}
	return access.OfAccount(account, signIn, caller(c).String()), err
}

// countPassword counts a password that is right or wrong by where it came from, and returns when it
// is the password's turn.
func (a *API) countPassword(c *gin.Context, right bool) error {
	return a.countFrom(c.Request.Context(), right, sources(c), "")
}

// countFrom is countPassword for a password of an account, which is named in the events.
func (a *API) countFrom(
	ctx context.Context, right bool, from []source, account string,
) error {
	// The limiter knows sources alone, so the account is put into its events here.
	result := a.auth.limiter.check(ctx, right, from)
	for i := range result.events {
		result.events[i].account = account
	}
	a.countLogin(ctx, right, result)
	// Right passwords are refused as well when too many wait, so 429 tells a guesser nothing.
	if result.refused {
		return &waitError{maxWait, flowhq.Errorf(tooMany,
			"too many passwords from this address wait to be checked; try again in %s seconds",
			seconds(maxWait)), limit{"address", maxFailures, failureWindow}}
	}
	return nil
}

// Challenges of 401. A browser asks its user for a password at the first, and must not at the
// second: a page would be covered by a window that asks for the wrong thing.
const (
	basicChallenge = `Basic realm="Flow HQ", charset="UTF-8"`
	keyChallenge   = `Bearer realm="Flow HQ"`
)

// demand is the error of a request that nobody is known for.
func demand(c *gin.Context, challenge, message string) error {
	c.Header("WWW-Authenticate", challenge)
	return flowhq.Errorf(unauthorized, "%s", message)
}

// A waitError is an error that passes with time.
type waitError struct {
	wait  time.Duration
	err   error
	limit limit
}

// Error returns the text of the error.
func (e *waitError) Error() string { return e.err.Error() }

// Unwrap returns the error without the wait.
func (e *waitError) Unwrap() error { return e.err }

// An authenticator knows the admin password, and who has given wrong ones.
type authenticator struct {
	hash      [sha256.Size]byte // of the password
	queryAuth bool
	// foreign refuses what pages of other sites make a browser send here. The browser would
	// add the password that it remembers.
	foreign *http.CrossOriginProtection
	limiter *passwordLimiter
}

// newAuthenticator hashes the password once, so that a check hashes the caller's only.
func newAuthenticator(password config.Secret, queryAuth bool) *authenticator {
	return &authenticator{
		hash:      sha256.Sum256([]byte(password.Reveal())),
		queryAuth: queryAuth,
		foreign:   http.NewCrossOriginProtection(),
		limiter:   newPasswordLimiter(),
	}
}

// password returns the password that a request gives, and whether it gives one. A query with
// more parameters than any endpoint has is not parsed: its endpoint refuses it. Any user name does,
// since there is one password.
func (a *authenticator) password(r *http.Request) (string, bool) {
	if _, p, ok := r.BasicAuth(); ok {
		return p, true
	}
	if !a.queryAuth || tooManyParameters(r.URL.RawQuery) {
		return "", false
	}
	// Of two values nobody could say which one a proxy has looked at, so two are none.
	if values := r.URL.Query()[passwordParameter]; len(values) == 1 {
		return values[0], true
	}
	return "", false
}

// matches compares hashes, which all have one length, in constant time: how long it takes
// tells nothing about the password.
func (a *authenticator) matches(password string) bool {
	hash := sha256.Sum256([]byte(password))
	return subtle.ConstantTimeCompare(hash[:], a.hash[:]) == 1
}

// sources returns what a request's wrong password is counted by, the narrowest first: the caller,
// and the proxy that says who the caller is. A page of another site counts apart from its browser's
// user, who would else be slowed down by a page that was only opened (TestForeignPagesGuessApart).
func sources(c *gin.Context) []source {
	from := source{addr: origin(c)}
	switch c.GetHeader("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		from.kind = foreignPage
	}
	// Without a trusted proxy both addresses are one, which is counted once.
	peer, err := netip.ParseAddr(c.RemoteIP())
	if peer = peer.Unmap(); err != nil || peer == caller(c) {
		return []source{from}
	}
	return []source{from, {addr: peer, kind: proxy}}
}

// origin returns the caller's address or, of IPv6, the caller's network: one customer of a
// provider commands 2^64 addresses.
func origin(c *gin.Context) netip.Addr {
	const network = 64 // bits
	addr := caller(c)
	if addr.Is6() {
		if p, err := addr.Prefix(network); err == nil {
			return p.Addr()
		}
	}
	return addr
}

// caller returns the address that a request comes from. Only a trusted proxy is believed
// when it names another address than the connection's. Behind a proxy that is not trusted
// everybody has the proxy's address.
func caller(c *gin.Context) netip.Addr {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil { // Gin parses no address with a zone
		ap, err := netip.ParseAddrPort(c.Request.RemoteAddr)
		if err != nil {
			// All whose address cannot be read are one source: together they have a limit, rather
			// than none.
			return netip.Addr{}
		}
		addr = ap.Addr()
	}
	return addr.Unmap()
}
