package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// portalsKey is the portal's key in the tests.
const portalsKey = "a key of a portal, drawn"

// portalAs invites a person of a tenant, "" for an operator, and returns the headers with which a
// portal asks for that person.
func (f *fixture) portalAs(tenant flowhq.TenantID, role flowhq.Role) http.Header {
	f.Helper()
	path := "/admin/operators"
	if tenant != "" {
		path = "/admin/tenants/" + string(tenant) + "/users"
	}
	email := fmt.Sprintf("w%d@example.com", f.created.Add(1))
	f.send(call{method: "POST", path: path,
		body: fmt.Sprintf(`{"email":%q,"name":"W","role":%q}`, email, role)}, 201)
	return portalHeader(portalsKey, email)
}

// portalHeader are the headers of a portal's request.
func portalHeader(key, email string) http.Header {
	h := as("X-Portal-Key", key)
	if email != "" {
		h.Set("X-User-Email", email)
	}
	return h
}

// TestWebPortal: each endpoint answers in the shape that existing portals read.
func TestWebPortal(t *testing.T) {
	f := setup(t)
	id, other := f.create(), f.create()
	owner := f.portalAs(id, flowhq.RoleOwner)
	email := owner.Get("X-User-Email")
	get := func(path string) any {
		t.Helper()
		return f.send(call{method: "GET", path: path, header: owner}, 200).json
	}
	f.contains(get("/portal/me"), fmt.Sprintf(`{"user": {"email": %q, "tenantId": %q, "role": "OWNER", "phone": null}, "tenant": {"id": %q, "status": "NEW", "config": {"templateType": "BOOKING"}, "session": {"state": "DISCONNECTED"}, "worker": {"status": "STOPPED", "lastError": null}}, "setupRequest": null}`, email, id, id))
	user := get("/portal/me").(node)["user"].(node)["id"].(string)

	const body = `{"businessName":"Salon Asha","businessType":"salon","templateType":"SUPPORT","whatsappNumber":"+255755000111","language":"SW"}`
	submit := call{method: "POST", path: "/portal/setup-request", header: owner, body: body}
	made := f.send(submit, 201).json.(node)
	f.contains(made, fmt.Sprintf(`{"tenantId": %q, "userId": %q, "businessName": "Salon Asha", "templateType": "SUPPORT", "whatsappNumber": "+255755000111", "language": "SW", "status": "SUBMITTED", "notes": null, "workerStarted": false}`, id, user))
	if again := f.send(submit, 201).json.(node); again["id"] != made["id"] {
		t.Errorf("sent again it is another request: %v", again)
	}
	f.contains(get("/portal/tenant/current/status"),
		fmt.Sprintf(`{"tenant": {"id": %q}, "setupRequest": {"id": %q, "status": "SUBMITTED"}}`, id,
			made["id"]))
	second := f.portalAs(id, flowhq.RoleStaff)
	f.contains(f.send(call{method: "GET", path: "/portal/me", header: second}, 200).json,
		`{"user": {"role": "STAFF"}, "setupRequest": {"userId": null}}`)

	f.contains(get("/portal/tenant/current/qr"), `{"state": "DISCONNECTED", "qr": null}`)
	pairing(time.Minute)(f, id)
	if qr, _ := get("/portal/tenant/current/qr").(node)["qr"].(string); !strings.HasPrefix(qr,
		"data:image/png;base64,") {
		t.Errorf("qr = %.40q", qr)
	}
	if logs := get("/portal/tenant/current/logs").([]any); len(logs) != 0 {
		t.Errorf("logs: %v", logs)
	}
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	for i := range 60 {
		m := store.Inbound{LID: "1@lid", WAID: fmt.Sprint("m", i), Kind: flowhq.KindText,
			Text: fmt.Sprint("hello ", i), SentAt: time.Now()}
		if _, err := f.store.Receive(t.Context(), id, epoch, m); err != nil {
			t.Fatal(err)
		}
	}
	logs := get("/portal/tenant/current/logs").([]any)
	if len(logs) != 50 {
		t.Errorf("%d messages without a limit; want 50", len(logs))
	}
	f.contains(logs[0], fmt.Sprintf(`{"messageText": "hello 59", "direction": "IN", "waMessageId": "m59", "tenantId": %q}`, id))
	if logs := get("/portal/tenant/current/logs?limit=60").([]any); len(logs) != 60 {
		t.Errorf("%d messages with limit=60", len(logs))
	}
	f.send(call{method: "GET", path: "/portal/tenant/current/logs?limit=0", header: owner}, 400)
	stranger := f.send(call{method: "GET", path: "/portal/tenant/current/logs",
		header: f.portalAs(other, flowhq.RoleOwner)}, 200).json.([]any)
	if len(stranger) != 0 {
		t.Errorf("another tenant's user sees %d messages", len(stranger))
	}
	actors := []string{}
	for _, e := range must(f.store.Events(t.Context(), id, 100))(t) {
		actors = append(actors, string(e.Type)+" "+e.Actor)
	}
	for _, kind := range []flowhq.EventType{flowhq.EventSetupSubmitted, flowhq.EventCodeRead} {
		if want := string(kind) + " portal " + email + " (127.0.0.1)"; !slices.Contains(actors, want) {
			t.Errorf("no event %q in %v", want, actors)
		}
	}
}

// TestPortalRefuses: each case has the status and the words that existing portals know.
func TestPortalRefuses(t *testing.T) {
	f := setup(t)
	id := f.create()
	owner, operator := f.portalAs(id, flowhq.RoleOwner).Get("X-User-Email"),
		f.portalAs("", flowhq.RoleOwner).Get("X-User-Email")
	gone := f.portalAs(id, flowhq.RoleStaff).Get("X-User-Email")
	account := must(f.store.Login(t.Context(), gone))(t)
	yes := true
	must(f.store.ChangeAccount(t.Context(), id, account.ID, flowhq.AccountChange{Disabled: &yes}, "t"))(t)
	for name, tt := range map[string]struct {
		key, email string
		status     int
		message    string
	}{
		"right":             {portalsKey, owner, 200, ""},
		"other case":        {portalsKey, strings.ToUpper(owner), 200, ""},
		"no key":            {"", owner, 401, "Invalid portal key"},
		"wrong key":         {portalsKey + "x", owner, 401, "Invalid portal key"},
		"part of the key":   {portalsKey[1:], owner, 401, "Invalid portal key"},
		"the admin's":       {password, owner, 401, "Invalid portal key"},
		"no address":        {portalsKey, "", 404, "User not found"},
		"nobody's address":  {portalsKey, "nobody@example.com", 404, "User not found"},
		"disabled":          {portalsKey, gone, 404, "User not found"},
		"an odd address":    {portalsKey, "'; drop table x; --", 404, "User not found"},
		"a long address":    {portalsKey, strings.Repeat("x", 1000) + "@example.com", 404, "User not found"},
		"no tenant":         {portalsKey, operator, 404, "Tenant not found"},
		"wrong and unknown": {"x", "nobody@example.com", 401, "Invalid portal key"},
	} {
		for _, path := range []string{"/portal/me", "/portal/tenant/current/status",
			"/portal/tenant/current/qr", "/portal/tenant/current/logs"} {
			got := f.exchange(call{method: "GET", path: path, header: portalHeader(tt.key, tt.email)})
			if got.StatusCode != tt.status {
				t.Errorf("%s: GET %s: %d %.200s; want %d", name, path, got.StatusCode, got.body, tt.status)
			} else if tt.message != "" {
				f.contains(got.json, fmt.Sprintf(`{"error": %q, "detail": %q}`, tt.message, tt.message))
			}
		}
		if tt.status != 200 {
			f.send(call{method: "POST", path: "/portal/setup-request",
				header: portalHeader(tt.key, tt.email), body: "{}"}, tt.status)
		}
	}
	f.send(call{method: "POST", path: "/portal/setup-request",
		header: f.portalAs(id, flowhq.RoleStaff), body: "{}"}, 403)
	fields := f.send(call{method: "POST", path: "/portal/setup-request",
		header: portalHeader(portalsKey, owner),
		body:   `{"businessName":" ","templateType":"X","whatsappNumber":"1","language":"FR","businessType":"a\u0000"}`}, 400).fields()
	slices.Sort(fields)
	if want := []string{"businessName", "businessType", "language", "templateType",
		"whatsappNumber"}; !slices.Equal(fields, want) {
		t.Errorf("wrong fields %v; want %v", fields, want)
	}
	eventually(t, "wrong keys are told", func() bool {
		return slices.Contains(f.get("/admin/fleet").names("events", "type"), "LOGINS_SLOWED")
	})
	if strings.Contains(f.log.String(), portalsKey) {
		t.Error("the portal's key is in the log")
	}
}

// TestNoPortal: without a key in the settings nothing opens, an empty one least of all.
func TestNoPortal(t *testing.T) {
	f := setup(t, func(o *Options) { o.PortalKey = "" })
	for _, key := range []string{"", "x"} {
		got := f.send(call{method: "GET", path: "/portal/me",
			header: portalHeader(key, "a@example.com")}, 500)
		f.contains(got.json, `{"error": "Portal not configured", "code": "not_configured"}`)
	}
}
