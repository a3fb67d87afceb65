package api

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/metrics"
)

func basic(user, password string) http.Header {
	return http.Header{"Authorization": {"Basic " +
		base64.StdEncoding.EncodeToString([]byte(user+":"+password))}}
}

var anonymous = http.Header{"Authorization": nil}

func TestPassword(t *testing.T) {
	query := "?password=" + url.QueryEscape(password)
	tests := []struct {
		name      string
		queryAuth bool
		header    http.Header
		query     string
		status    int
	}{
		{"right", false, basic("anybody", password), "", 200},
		{"no user name", false, basic("", password), "", 200},
		{"none", false, anonymous, "", 401},
		{"wrong", false, basic("admin", "hunter2"), "", 401},
		{"empty", false, basic("admin", ""), "", 401},
		{"its beginning", false, basic("admin", password[:len(password)-1]), "", 401},
		{"longer", false, basic("admin", password+"x"), "", 401},
		{"other case", false, basic("admin", strings.ToUpper(password)), "", 401},
		{"as the user", false, basic(password, ""), "", 401},
		{"not Basic", false, http.Header{"Authorization": {"Bearer " + password}}, "", 401},
		{"not base64", false, http.Header{"Authorization": {"Basic !"}}, "", 401},
		{"query, not taken", false, anonymous, query, 401},
		{"query", true, anonymous, query, 200},
		{"query, wrong", true, anonymous, "?password=hunter2", 401},
		{"query, empty", true, anonymous, "?password=", 401},
		{"query, twice", true, anonymous, query + "&password=x", 401},
		{"header besides query", true, basic("", password), "", 200},
		{"wrong header, right query", true, basic("", "hunter2"), query, 401},
	}
	plain, open := setup(t), setup(t, func(o *Options) { o.QueryAuth = true })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := *plain
			if tt.queryAuth {
				f = *open
			}
			f.T = t
			f.api.auth.limiter = newPasswordLimiter()
			got := f.send(call{method: "GET", path: "/admin/tenants" + tt.query, header: tt.header}, tt.status)
			if challenge := got.Header.Get("WWW-Authenticate"); (challenge != "") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate = %q", challenge)
			}
		})
	}
	for _, f := range []*fixture{plain, open} {
		if log := f.log.String(); strings.Contains(log, "battery") || strings.Contains(log, "hunter2") {
			t.Errorf("a password is in the log:\n%s", log)
		}
	}
	const warning = "the admin password is accepted as a query parameter"
	if strings.Contains(plain.log.String(), warning) || !strings.Contains(open.log.String(), warning) {
		t.Error("the warning about the query parameter is not where it belongs")
	}
}

// TestEveryAdminRouteNeedsThePassword, so that a new one cannot be forgotten.
func TestEveryAdminRouteNeedsThePassword(t *testing.T) {
	f := setup(t)
	id := f.create()
	for _, r := range f.api.engine.Routes() {
		if strings.HasPrefix(r.Path, "/admin") {
			path := strings.NewReplacer(":id", string(id), ":bulk", string(id)).Replace(r.Path)
			f.send(call{method: r.Method, path: path, header: anonymous}, http.StatusUnauthorized)
		}
	}
	if len(f.signals.sent) > 0 {
		t.Errorf("commands were sent: %v", f.signals.sent)
	}
	if _, err := f.store.Tenant(t.Context(), id); err != nil {
		t.Error(err)
	}
}

func TestNoPasswordNoAPI(t *testing.T) {
	if _, err := New(Options{Password: config.Secret("")}); err == nil {
		t.Error("New without a password: no error")
	}
}

func TestOrigin(t *testing.T) {
	f := setup(t, func(o *Options) { o.TrustedProxies = []string{"10.0.0.0/8", "fd00::1"} })
	for _, tt := range []struct {
		remote    string
		forwarded []string // lines of the header
		want      string
	}{
		{"192.0.2.1:1234", []string{"198.51.100.7"}, "192.0.2.1"},
		{"[::ffff:192.0.2.1]:1234", nil, "192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:1234", nil, "2001:db8:1:2::"},
		{"[fe80::1:2:3:4%eth0]:1234", nil, "fe80::"},
		{"@", nil, "invalid IP"},
		{"10.1.2.3:1234", nil, "10.1.2.3"},
		{"10.1.2.3:1234", []string{"198.51.100.7"}, "198.51.100.7"},
		{"[fd00::1]:1234", []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::"},
		{"10.1.2.3:1234", []string{"203.0.113.9, 198.51.100.7, 10.9.9.9"}, "198.51.100.7"}, // the first is the caller's own word
		{"10.1.2.3:1234", []string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"},         // likewise, from a proxy that adds a line
		{"10.1.2.3:1234", []string{"198.51.100.7, unknown"}, "10.1.2.3"},
	} {
		c := gin.CreateTestContextOnly(httptest.NewRecorder(), f.api.engine)
		c.Request = httptest.NewRequest("GET", "/", nil)
		c.Request.RemoteAddr = tt.remote
		c.Request.Header["X-Forwarded-For"] = tt.forwarded
		c.Request.Header.Set("X-Real-IP", "203.0.113.1")
		if got := origin(c).String(); got != tt.want {
			t.Errorf("origin of %s with %q = %s; want %s", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

// TestStrangerBehindTheProxy: a stranger who guesses does not keep the operators out,
// where the proxy before the API is trusted.
func TestStrangerBehindTheProxy(t *testing.T) {
	f := setup(t, func(o *Options) { o.TrustedProxies = []string{"127.0.0.1", "::1"} })
	from := func(addr string, header http.Header) http.Header {
		header = header.Clone()
		header.Set("X-Forwarded-For", addr)
		return header
	}
	for range maxFailures {
		f.send(call{method: "GET", path: "/admin/tenants",
			header: from("198.51.100.7", basic("", "guess"))}, 401)
	}
	f.slow("198.51.100.7", true)
	f.slow("203.0.113.9", false)
	f.send(call{method: "GET", path: "/admin/tenants", header: from("203.0.113.9", basic("", password))}, 200)
	f.waitFor(`"from":"203.0.113.9"`)
}

func TestTrustedProxiesAreNamed(t *testing.T) {
	_, err := New(Options{Password: password, TrustedProxies: []string{"localhost"},
		Metrics: metrics.NewRegistry()})
	if err == nil || !strings.HasPrefix(err.Error(), "TRUSTED_PROXIES: ") {
		t.Errorf("New with a proxy that is no address: %v; want an error that names the setting", err)
	}
}

// TestForeignPages: a browser that knows the password must not be made to use
// it by another site.
func TestForeignPages(t *testing.T) {
	f := setup(t)
	id := f.create()
	for name, header := range map[string]http.Header{
		"fetch metadata": {"Sec-Fetch-Site": {"cross-site"}},
		"origin":         {"Origin": {"https://evil.example"}},
	} {
		for _, c := range []call{
			{method: "POST", path: "/admin/tenants/" + string(id) + "/session/stop", header: header},
			{method: "DELETE", path: "/admin/tenants/" + string(id), header: header},
		} {
			got := f.send(c, 403)
			f.contains(got.json, `{"code": "forbidden"}`)
			if len(f.signals.sent) > 0 {
				t.Errorf("%s: sent %v", name, f.signals.sent)
			}
		}
	}
	same := http.Header{"Sec-Fetch-Site": {"same-origin"}}
	f.send(call{method: "POST", path: "/admin/tenants/" + string(id) + "/session/stop", header: same}, 202)
}
