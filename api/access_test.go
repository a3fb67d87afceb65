package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/store"
)

// publicRoutes need nobody to be known.
var publicRoutes = []string{
	"GET /healthz", "GET /readyz", "GET /openapi.yaml", "GET /docs", "GET /docs/:file",
	"POST /auth/sign-in", "POST /auth/link",
	"POST /auth/forgot", "GET /auth/openid", "GET /auth/openid/callback",
}

// routeScopes says of each other route what it needs. It is written by hand on purpose: a route
// that is new, or needs another scope than before, fails TestWhoMayAskWhat until somebody has
// thought about it here. "tenant" stands for /admin/tenants/:id and, unless it is of operators
// alone, for /portal/tenant too.
var routeScopes = map[string][]string{
	"":        {"GET /auth/me", "POST /auth/sign-out", "PUT /auth/password"},
	"metrics": {"GET /metrics"},
	"codec":   {"POST /codec/encode", "POST /codec/decode"},
	"own": {
		"GET /admin/operators", "POST /admin/operators", "GET /admin/operators/:account",
		"PATCH /admin/operators/:account",
		"POST /admin/operators/:account/link",
		"GET /admin/keys", "POST /admin/keys", "GET /admin/keys/:key", "DELETE /admin/keys/:key",
	},
	"manage": {
		"GET tenant/users", "POST tenant/users", "GET tenant/users/:account", "PATCH tenant/users/:account",
		"POST tenant/users/:account/link",
		"GET tenant/keys", "POST tenant/keys", "GET tenant/keys/:key", "DELETE tenant/keys/:key",
	},
	"read": {
		"GET /admin/tenants", "GET /admin/bulk", "GET /admin/bulk/:bulk", "GET /admin/workers",
		"GET /admin/fleet", "GET /admin/audit", "GET /admin/audit.csv", "GET /admin/traffic",
		"GET /admin/setup-requests", "GET /admin/setup-requests/:request",
		"GET tenant/setup-requests", "GET tenant/setup-requests/:request",
		"GET tenant", "GET tenant/profile", "GET tenant/profile/missing",
		"GET tenant/profile/versions", "GET tenant/profile/versions/:version",
		"GET tenant/profile/export", "POST tenant/preview",
		"GET tenant/commands", "GET tenant/commands/:command", "GET tenant/logs",
		"GET tenant/logs.csv", "GET tenant/logs/:message", "GET tenant/intake", "GET tenant/dead-letters",
		"GET /admin/dead-letters", "GET tenant/follow-ups", "GET tenant/events",
		"GET tenant/feed", "GET /admin/events",
		"GET tenant/bookings", "GET tenant/bookings.csv", "GET tenant/bookings.ics",
		"GET tenant/bookings/:number", "GET tenant/orders", "GET tenant/orders.csv",
		"GET tenant/orders/:number",
		"GET tenant/tickets", "GET tenant/tickets.csv", "GET tenant/tickets/:number",
		"GET tenant/handovers", "GET tenant/handovers/:handover",
		"GET tenant/unanswered", "GET tenant/unanswered.csv", "GET tenant/unanswered/:question",
		"GET tenant/chats", "GET tenant/contacts", "GET tenant/contacts/:contact",
		"GET tenant/answered-by",
	},
	"operate": {
		"POST /admin/tenants", "POST /admin/bulk", "DELETE /admin/bulk/:bulk", "PUT /admin/fleet",
		"PATCH /admin/fleet", "POST /admin/workers/:worker/drain",
		"POST /admin/workers/:worker/undrain",
		"POST /admin/setup-requests/:request/review", "POST /admin/setup-requests/:request/approve",
		"POST /admin/setup-requests/:request/reject", "POST tenant/setup-requests",
		"PUT tenant", "PATCH tenant", "DELETE tenant", "POST tenant/session/force-restart",
		"PUT tenant/profile", "PATCH tenant/profile",
		"POST tenant/profile/versions/:version/restore", "POST tenant/profile/import",
		"DELETE tenant/contacts/:contact", "POST tenant/session/start", "POST tenant/session/stop",
		"POST tenant/session/restart", "POST tenant/session/relink",
		"GET tenant/qr", "GET tenant/qr.png", "POST tenant/pair-code",
		"GET tenant/webhooks", "POST tenant/webhooks", "GET tenant/webhooks/:webhook",
		"PATCH tenant/webhooks/:webhook", "DELETE tenant/webhooks/:webhook",
		"POST tenant/webhooks/:webhook/rotate-secret", "POST tenant/webhooks/:webhook/test",
		"POST tenant/webhooks/:webhook/replay", "GET tenant/webhooks/:webhook/deliveries",
		"PUT tenant/answered-by",
		"GET /admin/webhook-deliveries", "POST /admin/webhook-deliveries/retry",
	},
	"send": {
		"POST tenant/logs/:message/retry", "POST tenant/dead-letters/retry",
		"POST /admin/dead-letters/retry", "POST tenant/logs/:message/unmute",
		"DELETE tenant/follow-ups/:followup",
		"POST tenant/bookings", "PATCH tenant/bookings/:number", "PATCH tenant/orders/:number",
		"PATCH tenant/tickets/:number", "PATCH tenant/handovers/:handover",
		"PATCH tenant/unanswered/:question", "POST tenant/unanswered/:question/answer",
		"POST tenant/contacts", "PUT tenant/contacts/:contact/left-alone",
		"PUT tenant/contacts/:contact/muted", "POST tenant/contacts/:contact/hand-over",
		"POST tenant/contacts/:contact/give-back", "POST tenant/contacts/:contact/messages",
		"POST tenant/contacts/:contact/read",
		"POST tenant/messages", "POST /portal/messages",
		"POST tenant/media", "GET tenant/media", "GET tenant/media/:media", "DELETE tenant/media/:media",
	},
}

// portalScopes are those of the portal's routes, which are for its key and for nothing else.
var portalScopes = map[string][]string{
	"read":    {"GET /portal/me", "GET /portal/tenant/current/status", "GET /portal/tenant/current/logs"},
	"operate": {"GET /portal/tenant/current/qr", "POST /portal/setup-request"},
}

// ofOperators are the routes of a tenant that are not for its own users and keys.
var ofOperators = []string{"PUT tenant", "PATCH tenant", "DELETE tenant", "POST tenant/session/force-restart"}

// An asker is a principal of a test.
type asker struct {
	name   string
	header http.Header
	scopes []string // "" is what everybody has who is known
	bound  bool
	portal bool // asks with the portal's key
}

// as returns the headers of a request that does not come with the admin password.
func as(name, value string) http.Header {
	return http.Header{"Authorization": nil, name: {value}}
}

// signedInAs invites a person of a tenant, "" for an operator, and returns the headers of that
// person's requests.
func (f *fixture) signedInAs(tenant flowhq.TenantID, role flowhq.Role) http.Header {
	f.Helper()
	path := "/admin/operators"
	if tenant != "" {
		path = "/admin/tenants/" + string(tenant) + "/users"
	}
	email := fmt.Sprintf("p%d@example.com", f.created.Add(1))
	made := f.send(call{method: "POST", path: path,
		body: fmt.Sprintf(`{"email":%q,"name":"P","role":%q}`, email, role)}, 201)
	token := made.json.(node)["token"].(string)
	in := f.send(call{method: "POST", path: "/auth/link", header: anonymous,
		body: fmt.Sprintf(`{"token":%q,"password":"a long sentence"}`, token)}, 200)
	return as("Cookie", "flowhq="+in.Cookies()[0].Value)
}

// keyOf makes a key and returns the headers of its requests.
func (f *fixture) keyOf(tenant flowhq.TenantID, scope flowhq.Scope) http.Header {
	f.Helper()
	path := "/admin/keys"
	if tenant != "" {
		path = "/admin/tenants/" + string(tenant) + "/keys"
	}
	made := f.send(call{method: "POST", path: path,
		body: fmt.Sprintf(`{"name":"k","scopes":[%q]}`, scope)}, 201)
	return http.Header{"Authorization": {"Bearer " + made.json.(node)["secret"].(string)}}
}

// askers are one of each kind of principal; those that are bound belong to the tenant.
func (f *fixture) askers(tenant flowhq.TenantID) []asker {
	all := []asker{
		{"nobody", anonymous, nil, false, false},
		{"portal's owner", f.portalAs(tenant, flowhq.RoleOwner),
			[]string{"", "read", "operate", "send", "manage"}, true, true},
		{"portal's staff", f.portalAs(tenant, flowhq.RoleStaff), []string{"", "read", "send"}, true, true},
		{"admin password", basic("", password),
			[]string{"", "read", "operate", "send", "metrics", "codec", "manage", "own"}, false, false},
		{"owner", f.signedInAs("", flowhq.RoleOwner),
			[]string{"", "read", "operate", "send", "metrics", "codec", "manage", "own"}, false, false},
		{"operator", f.signedInAs("", flowhq.RoleOperator),
			[]string{"", "read", "operate", "send", "metrics", "codec", "manage"}, false, false},
		{"viewer", f.signedInAs("", flowhq.RoleViewer), []string{"", "read", "metrics"}, false, false},
		{"tenant's owner", f.signedInAs(tenant, flowhq.RoleOwner),
			[]string{"", "read", "operate", "send", "manage"}, true, false},
		{"tenant's staff", f.signedInAs(tenant, flowhq.RoleStaff), []string{"", "read", "send"}, true, false},
	}
	for _, s := range flowhq.KeyScopes {
		all = append(all, asker{"key: " + string(s), f.keyOf("", s), []string{"", string(s)}, false, false})
	}
	for _, s := range flowhq.TenantKeyScopes {
		all = append(all, asker{"tenant's key: " + string(s), f.keyOf(tenant, s),
			[]string{"", string(s)}, true, false})
	}
	return all
}

// A target is a route with what it needs, by routeScopes.
type target struct {
	method, path string // as Gin has them
	scope        string
	operators    bool // not for those who are bound
	portal       bool // for the portal's key alone
}

// targets returns all routes but the public ones. It fails the test for a route that routeScopes
// does not know, and for what it knows that is no route.
func (f *fixture) targets() (all []target) {
	f.Helper()
	known := map[string]target{}
	for scope, routes := range routeScopes {
		for _, r := range routes {
			method, path, _ := strings.Cut(r, " ")
			rest, ofTenant := strings.CutPrefix(path, "tenant")
			if !ofTenant {
				known[r] = target{method, path, scope, strings.HasPrefix(path, "/admin") ||
					scope != "" && !strings.HasPrefix(path, portalPath), false}
				continue
			}
			operators := slices.Contains(ofOperators, r)
			known[method+" "+namedPath+rest] = target{method, namedPath + rest, scope, operators, false}
			if !operators {
				known[method+" "+ownPath+rest] = target{method, ownPath + rest, scope, false, false}
			}
		}
	}
	for scope, routes := range portalScopes {
		for _, r := range routes {
			method, path, _ := strings.Cut(r, " ")
			known[r] = target{method, path, scope, false, true}
		}
	}
	for _, r := range f.api.engine.Routes() {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		route := method + " " + r.Path
		t, ok := known[route]
		if !ok && !slices.Contains(publicRoutes, route) {
			f.Errorf("%s is in neither publicRoutes nor routeScopes: who may ask for it?", route)
		}
		if ok {
			t.method = r.Method
			all = append(all, t)
		}
		delete(known, route+" ")
	}
	for route, t := range known {
		if !slices.ContainsFunc(all, func(a target) bool {
			return a.path == t.path &&
				a.method == t.method
		}) {
			f.Errorf("%s is in routeScopes and is no route", route)
		}
	}
	// Whoever has signed out is nobody for the rest of the test.
	slices.SortStableFunc(all, func(a, b target) int {
		return strings.Compare(strings.Replace(a.path, "/auth/", "~/auth/", 1),
			strings.Replace(b.path, "/auth/", "~/auth/", 1))
	})
	return all
}

// TestWhoMayAskWhat asks every route as every kind of principal, about the right tenant, another
// one, and none that ever was.
func TestWhoMayAskWhat(t *testing.T) {
	f := setup(t)
	own, other := f.create(), f.create()
	before := f.history(other)
	targets := f.targets()
	things := strings.NewReplacer(":account", never, ":key", never, ":bulk", never, ":request",
		never, ":version", "99", ":command", "99", ":message", "99", ":followup", "99",
		":number", "K99999", ":handover", "99", ":question", "99", ":contact", "99", ":webhook", never)
	for _, who := range f.askers(own) {
		for _, r := range targets {
			names := strings.Contains(r.path, ":id")
			for about, id := range map[string]flowhq.TenantID{"own": own, "other": other, "none": never} {
				if !names && about != "own" || r.method == http.MethodDelete &&
					r.path == namedPath && about == "other" && !who.bound {
					continue // the other tenant is to be there at the end
				}
				path := things.Replace(strings.Replace(r.path, ":id", string(id), 1))
				got := f.exchange(call{method: r.method, path: path, header: who.header})
				want := verdict(who, r, about)
				if problem := differs(got, want, r.method); problem != "" {
					t.Errorf("%s: %s %s about %s tenant: %d %.200s; %s", who.name, r.method, r.path,
						about, got.StatusCode, got.body, problem)
				}
			}
		}
	}
	if after := f.history(other); after > before+len(flowhq.Commands)*20 {
		t.Errorf("the other tenant has %d events more", after-before)
	}
	for _, e := range must(f.store.Events(t.Context(), other, 1000))(t) {
		if strings.Contains(e.Actor, "user") {
			t.Errorf("%s has left %s at another tenant", e.Actor, e.Type)
		}
	}
}

func (f *fixture) history(id flowhq.TenantID) int {
	return len(must(f.store.Events(f.Context(), id, 1000))(f.T))
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// verdict is the status that a principal gets, 0 for one of the handler: it may ask.
func verdict(who asker, r target, about string) int {
	names, owns := strings.HasPrefix(r.path, namedPath), strings.HasPrefix(r.path, ownPath) ||
		r.path == portalPath+"/messages"
	switch {
	case who.scopes == nil, who.portal != r.portal:
		return http.StatusUnauthorized
	case who.bound && names && about != "own":
		return http.StatusNotFound
	case who.bound && r.operators, owns && !who.bound:
		return http.StatusForbidden
	case !slices.Contains(who.scopes, r.scope):
		return http.StatusForbidden
	}
	return 0
}

// differs says how an answer differs from a verdict.
func differs(got answer, want int, method string) string {
	refused := got.StatusCode == http.StatusUnauthorized || got.StatusCode == http.StatusForbidden
	switch {
	case want == 0 && (refused || got.StatusCode >= 500):
		return "want what the handler answers"
	case want != 0 && got.StatusCode != want:
		return fmt.Sprintf("want %d", want)
	case want == http.StatusNotFound && method != http.MethodHead &&
		got.json.(node)["detail"] != "there is no such tenant":
		return "want the words of a tenant that never was"
	}
	return ""
}

// TestNeedsStandBesideRoutes: a route past a router has no need, and would be for everybody.
func TestNeedsStandBesideRoutes(t *testing.T) {
	f := setup(t)
	for _, r := range f.targets() {
		need, ok := f.api.needs[r.method+" "+r.path]
		if !ok || string(need.Scope) != r.scope {
			t.Errorf("%s %s needs %+v; want the scope %q", r.method, r.path, need, r.scope)
		}
	}
}

// TestKeyEnds: a key that is revoked, has expired, or was never made is nobody's.
func TestKeyEnds(t *testing.T) {
	f := setup(t)
	f.api.logins.lately = access.NewRecent(time.Now)
	made := f.send(call{method: "POST", path: "/admin/keys",
		body: `{"name":"k","scopes":["read"],"expires_in_days":1}`}, 201).json.(node)
	key := http.Header{"Authorization": {"Bearer " + made["secret"].(string)}}
	read := call{method: "GET", path: "/admin/tenants", header: key}
	f.send(read, 200)
	f.send(call{method: "GET", path: "/admin/tenants", header: basic("x", made["secret"].(string))}, 200)
	if _, err := f.store.AddAPIKey(t.Context(), "",
		flowhq.NewAPIKey{Name: "old", Scopes: []flowhq.Scope{"read"}, ExpiresInDays: new(int)},
		store.NewSecret{Prefix: "fhq_x", Hash: access.Hash("fhq_x")}, "t"); err != nil {
		t.Fatal(err)
	}
	shown := f.get("/admin/keys").json.(node)["keys"].([]any)
	if k := shown[1].(node); len(shown) != 2 || k["last_used_at"] == nil ||
		k["prefix"] != made["secret"].(string)[:10] || k["created_by"] != "admin (127.0.0.1)" {
		t.Errorf("keys: %v", shown)
	}
	if _, err := f.store.UseAPIKey(t.Context(),
		access.Hash("fhq_x")); flowhq.ErrorCode(err) != flowhq.NotFound {
		t.Errorf("a key that has expired: %v", err)
	}
	f.send(call{method: "DELETE", path: "/admin/keys/" + made["id"].(string)}, 200)
	f.send(read, 401)
	f.send(call{method: "DELETE", path: "/admin/keys/" + made["id"].(string)}, 200)
	for _, wrong := range []string{access.NewKey(), "fhq_", "", made["secret"].(string) + "x"} {
		f.send(call{method: "GET", path: "/admin/tenants",
			header: http.Header{"Authorization": {"Bearer " + wrong}}}, 401)
	}
	if log := f.log.String(); strings.Contains(log, made["secret"].(string)) {
		t.Error("the secret of a key is in the log")
	}
	types := f.get("/admin/fleet").names("events", "type")
	for _, want := range []string{"KEY_CREATED", "KEY_REVOKED"} {
		if n := len(slices.DeleteFunc(slices.Clone(types),
			func(s string) bool { return s != want })); n == 0 {
			t.Errorf("events %v lack %s", types, want)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for !slices.Contains(types, "LOGIN_FAILED") || !slices.Contains(types, "ADMIN_PASSWORD_USED") {
		if time.Now().After(deadline) {
			t.Fatalf("events %v lack the wrong key or the admin password", types)
		}
		types = f.get("/admin/fleet").names("events", "type")
	}
}
