package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/config"
)

// passwordParameter is the query parameter of Options.QueryAuth.
const passwordParameter = "password"

// Limits on guessing the password.
const (
	maxGuesses  = 10          // wrong passwords from one address within guessWindow
	guessWindow = time.Minute // from the first wrong password
	maxGuessers = 4096        // addresses remembered at once
)

// admit lets a request with the admin password pass.
func (a *API) admit(c *gin.Context) {
	if err := a.gate.foreign.Check(c.Request); err != nil && !a.fromUI(c) {
		a.fail(c, &flowhq.Error{Code: forbidden, Message: "a page of another site may not change anything here", Err: err})
		return
	}
	from := origin(c)
	if wait := a.gate.wait(from, time.Now()); wait > 0 {
		c.Header("Retry-After", seconds(wait))
		a.fail(c, flowhq.Errorf(tooMany, "too many wrong passwords from this address; wait %s seconds", seconds(wait)))
		return
	}
	password, given := a.gate.password(c.Request)
	if given && a.gate.matches(password) {
		c.Set(admittedKey, true)
		c.Next()
		return
	}
	message := "this needs the admin password, by HTTP Basic authentication with any user name"
	if given {
		a.gate.count(from, time.Now())
		message = "the admin password is wrong"
	}
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

	mu       sync.Mutex
	guessers map[netip.Addr]guesses
}

// guesses are the wrong passwords from one address since a moment.
type guesses struct {
	since time.Time
	count int
}

func newGate(password config.Secret, queryAuth bool) *gate {
	return &gate{
		hash:      sha256.Sum256([]byte(password.Reveal())),
		queryAuth: queryAuth,
		foreign:   http.NewCrossOriginProtection(),
		guessers:  map[netip.Addr]guesses{},
	}
}

// password returns the password that a request gives, and whether it gives one.
func (g *gate) password(r *http.Request) (string, bool) {
	if _, p, ok := r.BasicAuth(); ok {
		return p, true
	}
	if values := r.URL.Query()[passwordParameter]; g.queryAuth && len(values) == 1 {
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

// wait returns how long from has to wait until it may try again. It is asked
// before the password is looked at, so guesses in excess learn nothing.
func (g *gate) wait(from netip.Addr, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.guessers[from]
	if w.count < maxGuesses {
		return 0
	}
	return max(w.since.Add(guessWindow).Sub(now), 0)
}

// count notes a wrong password.
func (g *gate) count(from netip.Addr, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w, known := g.guessers[from]
	if !known && len(g.guessers) >= maxGuessers {
		g.forget(now)
	}
	if now.Sub(w.since) >= guessWindow {
		w = guesses{since: now}
	}
	w.count++
	g.guessers[from] = w
}

// forget makes room: it drops the addresses whose window is over and, where that
// is not enough, any others until half of the room is free, so that it has not to
// be called for each new address. Somebody who commands this many addresses has
// more guesses than a limit per address can count anyway.
func (g *gate) forget(now time.Time) {
	for from, w := range g.guessers {
		if now.Sub(w.since) >= guessWindow {
			delete(g.guessers, from)
		}
	}
	for from := range g.guessers {
		if len(g.guessers) <= maxGuessers/2 {
			return
		}
		delete(g.guessers, from)
	}
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
