package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/config"
)

// passwordParameter is the query parameter of Options.QueryAuth. A query ends up in the logs of
// proxies and in the history of browsers, so it is off unless an operator asks for it. TestPassword
// tries both.
const passwordParameter = "password"

// authenticate lets a request with the admin password pass. The right password passes
// however many wrong ones came from its address: those only make the check slow.
//
// A client sees 401 for a missing or wrong password, 403 for a page of another site, and 429 with
// Retry-After where too many passwords wait. All three come before the body is read, so a stranger
// cannot make the process hold one.
func (a *API) authenticate(c *gin.Context) {
	if err := a.auth.foreign.Check(c.Request); err != nil && !a.fromUI(c) {
		a.fail(c, &flowhq.Error{
			Code:    forbidden,
			Message: "a page of another site may not change anything here", Err: err,
		})
		return
	}
	password, given := a.auth.password(c.Request)
	if !given {
		a.demandPassword(c,
			"this needs the admin password, by HTTP Basic authentication with any user name")
		return
	}
	right := a.auth.matches(password)
	result := a.auth.limiter.check(c.Request.Context(), right, sources(c))
	a.countLogin(c.Request.Context(), right, result)
	switch {
	case result.refused:
		c.Header("Retry-After", seconds(maxWait))
		a.fail(c, flowhq.Errorf(tooMany,
			"too many passwords from this address wait to be checked; try again in %s seconds",
			seconds(maxWait)))
	case !right:
		a.demandPassword(c, "the admin password is wrong")
	default:
		c.Set(authenticatedKey, true)
		c.Next()
	}
}

// demandPassword answers 401. The header makes a browser ask its user, who then sends the password
// with every request.
func (a *API) demandPassword(c *gin.Context, message string) {
	c.Header("WWW-Authenticate", `Basic realm="Flow HQ", charset="UTF-8"`)
	a.fail(c, flowhq.Errorf(unauthorized, "%s", message))
}

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
// more parameters than any endpoint has is not parsed: its endpoint refuses it.
func (a *authenticator) password(r *http.Request) (string, bool) {
	if _, p, ok := r.BasicAuth(); ok {
		return p, true
	}
	if !a.queryAuth || tooManyParameters(r.URL.RawQuery) {
		return "", false
	}
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
			return netip.Addr{}
		}
		addr = ap.Addr()
	}
	return addr.Unmap()
}
