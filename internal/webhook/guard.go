package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// MaxURL bounds the address of a webhook, in bytes. Longer ones do not pass many proxies.
const MaxURL = 2000

// ErrNotPublic is in the chain of the error of an address that must not be reached.
var ErrNotPublic = errors.New("is not public")

// A Guard says which addresses webhooks may have.
type Guard struct {
	// Allowed are networks that may be reached although they are not public.
	Allowed []netip.Prefix
	// PlainHTTP lets addresses begin with http:// too.
	PlainHTTP bool
}

// notPublic are the networks that no webhook reaches unless they are allowed, from the registries
// of special-purpose addresses of IANA. Those that hold an IPv4 address in an IPv6 one are among
// them: what they lead to depends on the network that we are in.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96",                          // unspecified, loopback, and IPv4-compatible
	"::ffff:0:0:0/96",                // IPv4-translated
	"64:ff9b::/96", "64:ff9b:1::/48", // NAT64
	"100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
	"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

// nat64 are networks whose addresses end with the IPv4 address that they lead to.
var nat64 = prefixes("64:ff9b::/96")

// prefixes parses networks that are known to be well-formed.
func prefixes(all ...string) (list []netip.Prefix) {
	for _, p := range all {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}

// within reports whether an address is in one of the networks.
func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// Check returns an error that says why an address must not be reached, or nil.
func (g Guard) Check(a netip.Addr) error {
	// An IPv4 address in the form of an IPv6 one leads to the same place. A zone names an
	// interface of this machine, and would keep the address from being in any network.
	a = a.Unmap().WithZone("")
	// To allow the translator's network must not allow all that it leads to.
	if within(a, nat64) {
		b := a.As16()
		if err := g.Check(netip.AddrFrom4([4]byte(b[12:]))); err != nil {
			return err
		}
	}
	if within(a, notPublic) && !within(a, g.Allowed) {
		return fmt.Errorf("the address %s %w", a, ErrNotPublic)
	}
	return nil
}

// Control is the Control of a net.Dialer: it is called with the address that is about to be
// dialled, after the name was looked up. A check of the name before would be worth nothing: whoever
// owns the name may answer the second look-up with another address.
func (g Guard) Control(network, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("cannot reach %s over %s", address, network)
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		// A name here would mean that the dialer no longer looks names up first: better refused
		// than unchecked.
		return fmt.Errorf("%s is no address", host)
	}
	return g.Check(a)
}

// CheckURL says what is wrong with the address of a webhook, as the end of a sentence about it; ""
// is nothing. An address that is no name is checked here already, so that who types it learns of it
// at once. A name is checked when it is dialled.
func (g Guard) CheckURL(text string) string {
	const form = "must be an address such as https://example.com/webhooks"
	if len(text) > MaxURL {
		return fmt.Sprintf("must have at most %d characters", MaxURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Opaque != "", u.Host == "", u.Hostname() == "",
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return form + ", in ASCII and without spaces"
	case u.Scheme == "http" && !g.PlainHTTP:
		return "must begin with https://"
	case u.Scheme != "https" && u.Scheme != "http":
		return form
	case u.User != nil:
		return "must hold no user or password; the signature says who sends"
	case strings.Contains(text, "#"):
		return "must hold no fragment, which is never sent"
	case !validPort(u):
		return "must name a port from 1 to 65535, or none"
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		// Nobody writes one but to get past a check that does not know the form.
		if a.Is4In6() {
			return "must name an IPv4 address as such, and not within an IPv6 one"
		}
		if err := g.Check(a); err != nil {
			return "must be public: " + err.Error()
		}
	}
	return ""
}

// validPort reports whether an address names no port, or one that there is.
func validPort(u *url.URL) bool {
	if u.Port() == "" {
		// "host:" has a colon and no port, which other programs read in different ways.
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}
