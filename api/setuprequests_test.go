package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// setupBody is a setup request with this number.
func setupBody(number string) string {
	return fmt.Sprintf(`{"business_name":"Salon Asha","template_type":"SUPPORT","whatsapp_number":%q,"language":"SW"}`, number)
}

// TestSetupRequests: a tenant's owner asks, operators decide, and each sees what is theirs to see.
func TestSetupRequests(t *testing.T) {
	f := setup(t)
	id, other := f.create(), f.create()
	owner, staff, operator := f.signedInAs(id, flowhq.RoleOwner),
		f.signedInAs(id, flowhq.RoleStaff), f.signedInAs("", flowhq.RoleOperator)
	const own, body = "/portal/tenant/setup-requests",
		`{"business_name":"Salon Asha","template_type":"SUPPORT","whatsapp_number":"+255755000111","language":"SW"}`
	f.send(call{method: "POST", path: own, header: staff, body: body}, 403)
	made := f.send(call{method: "POST", path: own, header: owner, body: body}, 201)
	request := made.json.(node)["id"].(string)
	if at := made.Header.Get("Location"); at != own+"/"+request {
		t.Errorf("Location: %s", at)
	}
	if again := f.send(call{method: "POST", path: own, header: owner, body: body},
		201); !cmp.Equal(again.json, made.json) {
		t.Errorf("again: %s", again.body)
	}
	f.contains(f.send(call{method: "GET", path: own + "/" + request, header: staff}, 200).json,
		`{"status":"SUBMITTED","decided_by":"","whatsapp_number":"+255755000111"}`)
	f.send(call{method: "GET", path: "/admin/tenants/" + string(other) + "/setup-requests/" + request}, 404)
	f.send(call{method: "GET", path: "/admin/tenants/" + never + "/setup-requests"}, 404)

	admin := "/admin/setup-requests/" + request
	f.contains(f.send(call{method: "POST", path: admin + "/review", header: operator}, 200).json,
		`{"status":"REVIEWING"}`)
	f.send(call{method: "POST", path: admin + "/reject", header: operator}, 400)
	for _, wrong := range []string{`{}`, `{"reason":" "}`,
		`{"reason":"` + strings.Repeat("x", 1001) + `"}`, `{"reason":"a\u0000"}`} {
		if got := f.send(call{method: "POST", path: admin + "/reject", header: operator,
			body: wrong}, 400).fields(); !cmp.Equal(got, []string{"reason"}) {
			t.Errorf("reject %.40s: %v", wrong, got)
		}
	}
	f.send(call{method: "POST", path: admin + "/approve", body: `{"notes":"a\u0007"}`}, 400)
	for range 2 {
		f.contains(f.send(call{method: "POST", path: admin + "/approve", header: operator,
			body: `{"notes":"called\nher"}`}, 200).json, `{"status":"APPROVED","notes":"called\nher"}`)
	}
	f.send(call{method: "POST", path: admin + "/reject", header: operator, body: `{"reason":"no"}`}, 409)
	if !slices.Equal(f.signals.sent, []flowhq.TenantID{id}) {
		t.Errorf("signals: %v", f.signals.sent)
	}
	f.contains(f.get("/admin/tenants/"+string(id)).json, `{"wanted":true,"phone_number":"+255755000111"}`)
	seen := f.send(call{method: "GET", path: own, header: owner},
		200).json.(node)["setup_requests"].([]any)[0].(node)
	if by := seen["decided_by"]; by != "operator" {
		t.Errorf("a tenant's user sees that %v decided", by)
	}
	if by := f.get(admin).json.(node)["decided_by"].(string); !strings.HasPrefix(by, "operator p") {
		t.Errorf("an operator sees that %q decided", by)
	}

	f.send(call{method: "POST", path: "/admin/tenants/" + string(other) + "/setup-requests",
		body: setupBody("+255755000111")}, 201)
	for status, want := range map[string]int{"": 2, "?status=SUBMITTED": 1, "?status=APPROVED": 1,
		"?status=ACTIVE": 0} {
		if got := f.get("/admin/setup-requests" +
			status).json.(node)["setup_requests"].([]any); len(got) != want {
			t.Errorf("%s: %v", status, got)
		}
	}
	waiting := f.get("/admin/setup-requests?limit=1").json.(node)["setup_requests"].([]any)[0].(node)["id"].(string)
	if taken := f.send(call{method: "POST", path: "/admin/setup-requests/" + waiting + "/approve"},
		409); !strings.Contains(string(taken.body), string(id)) {
		t.Errorf("another tenant's number: %s", taken.body)
	}
	f.send(call{method: "GET", path: "/admin/setup-requests?status=NEW"}, 400)
	f.send(call{method: "GET", path: "/admin/setup-requests?cursor=x"}, 400)
	f.send(call{method: "GET", path: "/admin/setup-requests/1"}, 404)
}

// TestSetupFields: each field is refused as it is when a tenant is created.
func TestSetupFields(t *testing.T) {
	f := setup(t)
	path := "/admin/tenants/" + string(f.create()) + "/setup-requests"
	good := setupBody("+255755000111")
	for field, tt := range map[string]struct{ value, wrong string }{
		"business_name": {`"Salon Asha"`, `"  "`}, "template_type": {`"SUPPORT"`, `"SALON"`},
		"whatsapp_number": {`"+255755000111"`, `"0755000111"`}, "language": {`"SW"`, `"sw"`},
	} {
		for _, wrong := range []string{tt.wrong, `""`, `1`, `null`} {
			body := strings.Replace(good, tt.value, wrong, 1)
			if got := f.send(call{method: "POST", path: path, body: body},
				400).fields(); !cmp.Equal(got, []string{field}) {
				t.Errorf("%s: %v", body, got)
			}
		}
	}
	if got := f.send(call{method: "POST", path: path, body: `{}`}, 400).fields(); len(got) != 4 {
		t.Errorf("nothing: %v", got)
	}
	key := http.Header{keyHeader: {"k"}}
	f.send(call{method: "POST", path: path, header: key, body: good}, 201)
	f.send(call{method: "POST", path: path, header: key, body: setupBody("+255755000112")}, 409)
	if all := f.get(path).json.(node)["setup_requests"].([]any); len(all) != 1 {
		t.Errorf("recorded: %v", all)
	}
}

// TestSetupApprovedAtOnce: where nobody has to approve, the session starts when its user asks.
func TestSetupApprovedAtOnce(t *testing.T) {
	f := setup(t, func(o *Options) { o.ApproveSetups = true })
	id, other := f.create(), f.create()
	owner := f.signedInAs(id, flowhq.RoleOwner)
	const path = "/portal/tenant/setup-requests"
	f.contains(f.send(call{method: "POST", path: path, header: owner,
		body: setupBody("+255755000111")}, 201).json, `{"status":"APPROVED"}`)
	f.contains(f.get("/admin/tenants/"+string(id)).json, `{"wanted":true}`)
	number := f.get("/admin/tenants/" + string(other)).json.(node)["phone_number"].(string)
	taken := f.send(call{method: "POST", path: path, header: owner, body: setupBody(number)}, 409)
	if strings.Contains(string(taken.body), string(other)) {
		t.Errorf("a user is told which tenant has a number: %s", taken.body)
	}
}
