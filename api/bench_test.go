package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// A benched is an API without a network, whose answers are held against nothing.
type benched struct {
	*testing.B
	api *API
}

// ask sends one request and wants the status.
func (b *benched) ask(
	method, path, body string, header http.Header, status int,
) *httptest.ResponseRecorder {
	b.Helper()
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	q.Header = header.Clone()
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	if b.api.ServeHTTP(w, q); w.Code != status {
		b.Fatalf("%s %s: %d %s; want %d", method, path, w.Code, w.Body, status)
	}
	return w
}

// made is ask, and returns a member of the answer.
func (b *benched) made(path, body string, header http.Header, status int, member string) string {
	b.Helper()
	var answer map[string]any
	w := b.ask("POST", path, body, header, status)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		b.Fatal(err)
	}
	text, _ := answer[member].(string)
	return text
}

// BenchmarkPrincipal measures what it costs to find out who asks, by each way of saying so, with
// the answer of GET /auth/me: what is between "nobody", a request that needs no principal, and the
// others is the principal. A sign-in costs a hash of the password, once for each sign-in and not
// for each request.
func BenchmarkPrincipal(b *testing.B) {
	s := testdb.OpenStoreAs(b, store.RoleAPI, testdb.New(b))
	api, err := New(Options{
		Accounts: s, Keys: s, Setups: s, Webhooks: s, Tenants: s, Profiles: s, Facts: s, Contacts: s,
		Logs: s, FollowUps: s, Feed: s, Codes: s, Commands: s, Signals: &signals{}, Bulks: &bulks{},
		BulkRecords: s, Fleet: s, Database: &pinger{}, Temporal: &pinger{},
		Metrics: metrics.NewRegistry(), Password: password, PortalKey: portalsKey,
		Codec: reverser{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	t := &benched{b, api}
	admin := basic("anybody", password)
	const sentence = `"password":"a long sentence"`
	person := func(path, role string) (header http.Header) {
		body := `{"email":"` + role + `@example.com","name":"P","role":"` + role + `"}`
		token := t.made(path, body, admin, 201, "token")
		in := t.ask("POST", "/auth/link", `{"token":"`+token+`",`+sentence+`}`, http.Header{}, 200)
		return http.Header{"Cookie": {"flowhq=" + in.Result().Cookies()[0].Value}}
	}
	key := func(path string) http.Header {
		secret := t.made(path, `{"name":"k","scopes":["read"]}`, admin, 201, "secret")
		return http.Header{"Authorization": {"Bearer " + secret}}
	}
	tenant := "/admin/tenants/" + t.made("/admin/tenants", validTenant, admin, 201, "id")
	operator, user := person("/admin/operators", "VIEWER"), person(tenant+"/users", "OWNER")
	portal := http.Header{portalKeyHeader: {portalsKey}, portalEmailHeader: {"owner@example.com"}}
	for _, ask := range []struct {
		name, method, path, body string
		header                   http.Header
	}{
		{"nobody", "GET", "/healthz", "", http.Header{}},
		{"admin password", "GET", "/auth/me", "", admin},
		{"operator's cookie", "GET", "/auth/me", "", operator},
		{"user's cookie", "GET", "/auth/me", "", user},
		{"installation's key", "GET", "/auth/me", "", key("/admin/keys")},
		{"tenant's key", "GET", "/auth/me", "", key(tenant + "/keys")},
		{"portal", "GET", "/portal/tenant/current/status", "", portal},
		{
			"sign-in", "POST", "/auth/sign-in", `{"email":"viewer@example.com",` + sentence + `}`,
			http.Header{},
		},
	} {
		b.Run(ask.name, func(b *testing.B) {
			t := &benched{b, api}
			for b.Loop() {
				t.ask(ask.method, ask.path, ask.body, ask.header, 200)
			}
		})
	}
}
