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

// passwordParameter is the query parameter of Options.QueryAuth.
const passwordParameter = "password"

// admit lets a request with the admin password pass. However many wrong ones came from
// its address, the right one does: only their checking becomes slow.
func (a *API) admit(c *gin.Context) {
	if err := a.gate.foreign.Check(c.Request); err != nil && !a.fromUI(c) {
		a.fail(c, &flowhq.Error{
			Code: forbidden, Message: "a page of another site may not change anything here", Err: err,
		})
		return
	}
	password, given := a.gate.password(c.Request)
	if !given {
		a.refuse(c,
			"this needs the admin password, by HTTP Basic authentication with any user name")
		return
	}
	right := a.gate.matches(password)
	checked := a.gate.guesses.check(c.Request.Context(), right, sources(c))
	a.report(c.Request.Context(), right, checked)
	switch {
	case checked.refused:
		c.Header("Retry-After", seconds(checkedWithin))
		a.fail(c, flowhq.Errorf(tooMany,
			"too many passwords from this address wait to be checked; try again in %s seconds",
			seconds(checkedWithin)))
	case !right:
		a.refuse(c, "the admin password is wrong")
	default:
		c.Set(admittedKey, true)
		c.Next()
	}
}

// refuse asks for the password.
func (a *API) refuse(c *gin.Context, message string) {
	c.Header("WWW-Authenticate", `Basic realm="Flow HQ", charset="UTF-8"`)
	a.fail(c, flowhq.Errorf(unauthorized, "%s", message))
}

// A gate knows the admin password and who has been guessing it.
type gate struct {
	hash      [sha256.Size]byte // of the password
	queryAuth bool
	// foreign refuses what pages of other sites make a browser send here: it
	// would add the password that it remembers.
	foreign *http.CrossOriginProtection
	guesses *guesses
}

func newGate(password config.Secret, queryAuth bool) *gate {
	return &gate{
		hash:      sha256.Sum256([]byte(password.Reveal())),
		queryAuth: queryAuth,
		foreign:   http.NewCrossOriginProtection(),
		guesses:   newGuesses(),
	}
}

// password returns the password that a request gives, and whether it gives one. A query
// with more parameters than any endpoint has is not read: its endpoint refuses it.
func (g *gate) password(r *http.Request) (string, bool) {
	if _, p, ok := r.BasicAuth(); ok {
		return p, true
	}
	if !g.queryAuth || tooManyParameters(r.URL.RawQuery) {
		return "", false
	}
	if values := r.URL.Query()[passwordParameter]; len(values) == 1 {
		return values[0], true
	}
	return "", false
}

// matches compares hashes, which all have one length, in constant time: how long
// it takes tells nothing about the password.
func (g *gate) matches(password string) bool {
	hash := sha256.Sum256([]byte(password))
	return subtle.ConstantTimeCompare(hash[:], g.hash[:]) == 1
}

// sources returns whose wrong passwords a request's is counted among, the narrowest
// first.
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

// origin returns whose guesses are counted together: the caller's address, of IPv6 the
// network, as one customer of a provider commands 2^64 addresses.
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

// caller returns the address a request comes from. Only a trusted proxy's word is taken
// for another one than the connection's: behind a proxy that is not trusted everybody
// has the proxy's address.
func caller(c *gin.Context) netip.Addr {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil { // Gin reads no address with a zone
		ap, err := netip.ParseAddrPort(c.Request.RemoteAddr)
		if err != nil {
			return netip.Addr{}
		}
		addr = ap.Addr()
	}
	return addr.Unmap()
}
