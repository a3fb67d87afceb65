package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/pages"
)

// always are the headers of every answer, whatever it is.
var always = map[string]string{
	"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
}

// kinds are what the kinds of answers have besides: a policy, what other pages learn of where a
// visitor was, and whether the answer may be kept.
var kinds = map[string]struct{ policy, referrer, kept string }{
	"data": {"default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
		"no-referrer", "no-store"},
	"page": {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", "same-origin", "no-store"},
	"file": {"default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
		"no-referrer", "public, max-age=31536000, immutable"},
	"docs": {pagePolicy, "no-referrer", "no-store"},
	"part": {"default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
		"no-referrer", "public, max-age=3600"},
	"gone": {"default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
		"no-referrer", "no-store"},
}

// TestHeaders looks at every kind of answer that the program gives, over TLS and not.
func TestHeaders(t *testing.T) {
	f := setup(t)
	site, err := pages.New(f.api, pages.Ways{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	tenant := "/admin/tenants/" + string(f.create())
	const html, anything, stream = "text/html", "*/*", "text/event-stream"
	style := regexp.MustCompile(`/static/[0-9a-f]+/style\.css`).FindString(body(t, server, "/sign-in"))
	for _, tt := range []struct {
		what, method, path, accept, kind string
		status                           int
	}{
		{"JSON", "GET", "/admin/tenants", anything, "data", 200},
		{"health", "GET", "/healthz", anything, "data", 200},
		{"metrics", "GET", "/metrics", anything, "data", 200},
		{"OpenAPI", "GET", "/openapi.yaml", anything, "data", 200},
		{"reference", "GET", "/docs", html, "docs", 200},
		{"part of the reference", "GET", "/docs/viewer.js", anything, "part", 200},
		{"no part of it", "GET", "/docs/nosuch", anything, "data", 404},
		{"methods", "OPTIONS", "/healthz", anything, "data", 204},
		{"no body", "HEAD", "/admin/tenants", anything, "data", 200},
		{"CSV of messages", "GET", tenant + "/logs.csv", anything, "data", 200},
		{"CSV of orders", "GET", tenant + "/orders.csv", anything, "data", 200},
		{"CSV for a browser", "GET", tenant + "/orders.csv", html, "data", 200},
		{"stream", "GET", "/admin/events", stream, "data", 200},
		{"wrong value", "GET", "/admin/tenants?limit=x", anything, "data", 400},
		{"wrong body", "POST", "/admin/tenants", anything, "data", 400},
		{"stranger", "GET", "stranger:/admin/tenants", anything, "data", 401},
		{"no address", "GET", "/nowhere", anything, "data", 404},
		{"no method", "PATCH", "/healthz", anything, "data", 405},
		{"no tenant", "GET", "/admin/tenants/x", anything, "data", 404},
		{"page", "GET", "/sign-in", html, "page", 200},
		{"page of an operator", "GET", "/admin/tenants", html, "page", 200},
		{"page of a tenant", "GET", tenant, html, "page", 200},
		{"part of a page", "GET", "/admin/tenants", "htmx", "page", 200},
		{"start", "GET", "/", html, "page", 303},
		{"stranger's page", "GET", "stranger:/admin/tenants", html, "page", 303},
		{"stranger's part", "GET", "stranger:/admin/tenants", "htmx", "page", 200},
		{"page of a refusal", "GET", "/admin/operators?limit=x", html, "page", 400},
		{"no page", "GET", "/nowhere", html, "page", 404},
		{"page of no tenant", "GET", "/admin/tenants/x", html, "page", 404},
		{"form", "POST", "/sign-in", html, "page", 400},
		{"file", "GET", style, anything, "file", 200},
		{"no file", "GET", "/static/style.css", anything, "gone", 404},
		{"no method of a file", "POST", style, html, "gone", 404},
	} {
		for _, secure := range []bool{false, true} {
			h, status := ask(t, server, tt.method, tt.path, tt.accept, secure)
			if status != tt.status {
				t.Errorf("%s: %s %s = %d; want %d", tt.what, tt.method, tt.path, status, tt.status)
			}
			want := map[string]string{
				"Content-Security-Policy": kinds[tt.kind].policy,
				"Referrer-Policy":         kinds[tt.kind].referrer, "Cache-Control": kinds[tt.kind].kept,
				"Strict-Transport-Security": map[bool]string{true: "max-age=31536000"}[secure],
			}
			for name, value := range always {
				want[name] = value
			}
			for name, value := range want {
				if got := h.Values(name); strings.Join(got, "|") != value {
					t.Errorf("%s: %s %s, over TLS %t: %s = %q; want %q", tt.what, tt.method,
						tt.path, secure, name, got, value)
				}
			}
			for _, feature := range []string{"camera=()", "microphone=()", "geolocation=()",
				"payment=()", "usb=()"} {
				if !strings.Contains(h.Get("Permissions-Policy"), feature) {
					t.Errorf("%s: Permissions-Policy = %q lacks %s", tt.what,
						h.Get("Permissions-Policy"), feature)
				}
			}
		}
	}
	allowed := f.send(call{method: "POST", path: "/healthz"}, 405).Header.Get("Allow")
	if got := strings.Split(allowed, ", "); !slices.Equal(slices.Sorted(slices.Values(got)),
		[]string{"GET", "HEAD", "OPTIONS"}) {
		t.Errorf("Allow = %q", allowed)
	}
}

// ask sends a request with the admin password, or without it if path says that a stranger asks, and
// returns how the answer begins.
func ask(t *testing.T, server *httptest.Server, method, path, accept string, secure bool) (http.Header, int) {
	t.Helper()
	path, stranger := strings.CutPrefix(path, "stranger:")
	q := must(http.NewRequestWithContext(t.Context(), method, server.URL+path, nil))(t)
	q.Header.Set("Accept", accept)
	if accept == "htmx" {
		q.Header.Set("Hx-Request", "true")
	}
	if method == http.MethodPost {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if secure {
		q.Header.Set("X-Forwarded-Proto", "https")
	}
	if !stranger {
		q.SetBasicAuth("anybody", password)
	}
	client := http.Client{CheckRedirect: func(*http.Request,
		[]*http.Request) error {
		return http.ErrUseLastResponse
	}}
	p := must(client.Do(q))(t)
	p.Body.Close() // a stream has no end
	return p.Header, p.StatusCode
}

// body returns what a stranger's browser is shown.
func body(t *testing.T, server *httptest.Server, path string) string {
	t.Helper()
	q := must(http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil))(t)
	q.Header.Set("Accept", "text/html")
	p := must(http.DefaultClient.Do(q))(t)
	defer p.Body.Close()
	return string(must(io.ReadAll(p.Body))(t))
}
