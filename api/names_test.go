package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestNamesCannotDeceive puts characters that nobody sees, or that turn the text around them, into
// each member of a body by which people know somebody or something. TestProfileNamesCannotDeceive
// does the same with all of a profile.
func TestNamesCannotDeceive(t *testing.T) {
	f := setup(t)
	id := f.create()
	owner := f.portalAs(id, flowhq.RoleOwner)
	table := []struct {
		route, path, body string
		members           []string
		portal            bool
	}{
		{route: "POST /admin/tenants", body: validTenant, members: []string{"name", "business_name"}},
		{route: "PATCH /admin/tenants/{id}", body: `{}`, members: []string{"name", "business_name"}},
		{route: "PUT /admin/tenants/{id}", body: `{}`, members: []string{"name", "business_name"}},
		{route: "PATCH /admin/fleet", body: `{"paused":true}`, members: []string{"reason"}},
		{route: "PUT /admin/fleet", body: `{"paused":true}`, members: []string{"reason"}},
		{route: "POST /admin/operators", body: `{"email":"a@example.com","role":"VIEWER"}`,
			members: []string{"name"}},
		{route: "PATCH /admin/operators/{account}", body: `{}`, members: []string{"name"}},
		{route: "POST /admin/keys", body: `{"scopes":["read"]}`, members: []string{"name"}},
		{route: "POST /admin/tenants/{id}/users", body: `{"email":"a@example.com","role":"STAFF"}`,
			members: []string{"name"}},
		{route: "PATCH /admin/tenants/{id}/users/{account}", body: `{}`, members: []string{"name"}},
		{route: "POST /admin/tenants/{id}/keys", body: `{"scopes":["read"]}`, members: []string{"name"}},
		{route: "POST /admin/tenants/{id}/setup-requests",
			body:    `{"template_type":"SUPPORT","whatsapp_number":"+255755000111","language":"SW"}`,
			members: []string{"business_name"}},
		{route: "POST /portal/setup-request",
			body:    `{"templateType":"SUPPORT","whatsappNumber":"+255755000111","language":"SW"}`,
			members: []string{"businessName", "businessType"}, portal: true},
		{route: "POST /admin/tenants/{id}/webhooks", body: `{"url":"https://example.com/x"}`,
			members: []string{"description"}},
		{route: "PATCH /admin/tenants/{id}/webhooks/{webhook}", body: `{}`, members: []string{"description"}},
		{route: "POST /admin/tenants/{id}/bookings",
			body:    `{"service":"cut","starts_at":"2027-01-02T10:00:00Z"}`,
			members: []string{"name", "service"}},
		{route: "PATCH /admin/tenants/{id}/bookings/{number}", body: `{}`,
			members: []string{"name", "service"}},
	}
	replaced := strings.NewReplacer("{id}", string(id), "{account}", never, "{webhook}", never,
		"{number}", "K1")
	tried := map[string]bool{}
	for _, tt := range table {
		method, path, _ := strings.Cut(tt.route, " ")
		for _, member := range tt.members {
			tried[tt.route+" "+member] = true
			for _, bad := range []string{`a\u202eb`, `a\u2066b`, `a\u200bb`, `\ufeffa`, `a\u200db`,
				`a\u00adb`, `a\u2028b`, `a\u0000b`, `a\u0085b`, `a\nb`, `\u115fa`} {
				body := map[string]json.RawMessage{}
				if err := json.Unmarshal([]byte(tt.body), &body); err != nil {
					t.Fatal(err)
				}
				body[member] = json.RawMessage(`"` + bad + `"`)
				sent, err := json.Marshal(body)
				if err != nil {
					t.Fatal(err)
				}
				c := call{method: method, path: replaced.Replace(path), body: string(sent)}
				if tt.portal {
					c.header = owner
				}
				if a := f.send(c, 400); !slices.Contains(a.fields(), member) {
					t.Errorf("%s takes %s for %s: %s", tt.route, bad, member, a.body)
				}
			}
		}
	}
	// A name that is added later has to be in the table.
	for path, item := range f.spec.at(f.spec.root, "paths") {
		for method := range item.(node) {
			schema := f.spec.at(f.spec.operation(strings.ToUpper(method), path), "requestBody",
				"content", "application/json", "schema")
			for member := range f.spec.at(schema, "properties") {
				what := strings.ToUpper(method) + " " + path + " " + member
				named := strings.HasSuffix(strings.ToLower(member), "name") ||
					slices.Contains([]string{"label", "title", "service", "category"}, member)
				if named && !strings.HasPrefix(path, ownPath) && !tried[what] {
					t.Errorf("%s is a name that no row of this test has", what)
				}
			}
		}
	}
}
