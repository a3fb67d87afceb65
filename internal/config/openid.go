package config

import (
	"net/netip"
	"net/url"
)

// An OpenID is a provider of OpenID Connect. The zero OpenID is none.
type OpenID struct {
	Issuer       string // URL
	ClientID     string
	ClientSecret Secret
}

// openID reads the provider: all of it or nothing. Half a provider would send people there, and
// have none of them come back signed in.
func (e *environment) openID() OpenID {
	const issuer, id, secret = "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"
	o := OpenID{e.text(issuer, ""), e.text(id, ""), Secret(e.text(secret, ""))}
	if o == (OpenID{}) {
		return o
	}
	for _, v := range []struct{ name, value string }{
		{issuer, o.Issuer}, {id, o.ClientID}, {secret, o.ClientSecret.Reveal()},
	} {
		if v.value == "" && e.text(v.name+fileSuffix, "") == "" { // or the file is the problem
			e.problem(v.name, "missing; set %s, %s and %s together, or none of them",
				issuer, id, secret)
		}
	}
	if e.text("PUBLIC_URL", "") == "" {
		e.problem("PUBLIC_URL", "missing; with %s it is where the provider sends people back to, "+
			"such as https://hq.example.com", issuer)
	}
	u, err := url.Parse(o.Issuer)
	if o.Issuer != "" && (err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" ||
		u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u))) {
		// Over plain HTTP anybody on the way could be the provider.
		e.problem(issuer,
			"not the URL of a provider over https, such as https://accounts.google.com")
	}
	return o
}

// isLoopback reports whether a URL leads to this machine.
func isLoopback(u *url.URL) bool {
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
}
