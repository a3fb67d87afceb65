// Package headers sets the headers by which an answer tells a browser what it must not do with it,
// whatever the answer quotes of what strangers wrote.
package headers

import (
	"net/http"
	"strings"
)

// A Kind is what an answer is to a browser.
type Kind int

// The kinds of answers.
const (
	// Data is the API's, which programs read. A browser that shows it as a page runs and loads
	// nothing.
	Data Kind = iota
	// Page is a page of the site, or an answer in its place, such as a redirect.
	Page
	// File is a script, a style or a picture of a page, the same for everybody.
	File
)

// dataPolicy and pagePolicy are Content-Security-Policies. A page loads what this site serves, and
// nothing else. No script and no style stands in a page itself, so what a stranger wrote can never
// become one. Pictures may be data: a QR code is drawn for one page and is at no address. What
// default-src does not stand for is named: where forms go, a base, and who may frame the answer.
const (
	dataPolicy = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
		"img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'"
)

// permissions takes from an answer, and from what it might come to load, what no page here uses. A
// browser that does not know one of the names passes over it.
const permissions = "accelerometer=(), autoplay=(), camera=(), display-capture=(), " +
	"encrypted-media=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), " +
	"magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), " +
	"screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"

// transportSecurity is for a year. It leaves other hosts of the operator's domain alone.
const transportSecurity = "max-age=31536000"

// Set sets the headers of an answer to r. It comes first: what a handler knows better, such as that
// a file may be kept, it sets afterwards. An answer in place of another, such as a page that shows
// the API's refusal, calls it again.
func Set(h http.Header, r *http.Request, k Kind) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Permissions-Policy", permissions)
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	// A page of another site can neither load an answer nor watch the window that shows it.
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	// What customers wrote must stay in no proxy, and not in a shared computer's cache.
	h.Set("Cache-Control", "no-store")
	policy, referrer := dataPolicy, "no-referrer"
	if k == Page {
		// The sign-in finds the way back by the referrer. Other sites learn nothing.
		policy, referrer = pagePolicy, "same-origin"
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", referrer)
	// Browsers pass over it without TLS, and a developer's machine must not get to know it for other
	// programs on its ports.
	if BehindTLS(r) {
		h.Set("Strict-Transport-Security", transportSecurity)
	}
}

// BehindTLS reports whether the caller speaks TLS, to here or to the proxy before. A caller who lies
// in the header harms nobody else: it only decides on the caller's own cookies and headers.
func BehindTLS(r *http.Request) bool {
	first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",") // of several proxies
	return r.TLS != nil || first == "https"
}
