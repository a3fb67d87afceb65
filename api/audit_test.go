package api

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestAudit: who did what, to what and from where is listed newest first, found by each filter and
// page by page, and saved as a file, which is an entry from then on. What machines do is not among
// it.
func TestAudit(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.create()
	tenant := "/admin/tenants/" + string(id)
	owner := f.signedInAs("", flowhq.RoleOwner)
	f.send(call{method: "PATCH", path: tenant, header: owner, body: `{"business_name": "=Blue"}`}, 200)
	f.send(call{method: "POST", path: tenant + "/session/stop", header: owner}, 202)
	f.send(call{method: "PATCH", path: "/admin/fleet", body: `{"paused": true, "reason": "a test"}`}, 200)
	err := f.store.AddEvent(t.Context(),
		flowhq.Event{Tenant: id, Type: flowhq.EventSessionConnected, Actor: "host"})
	if err != nil {
		t.Fatal(err)
	}
	f.has(f.get("/admin/audit?limit=3").json, fmt.Sprintf(`{"entries": [
		{"action": "FLEET_PAUSED", "principal_kind": "PASSWORD", "principal": "", "tenant_id": "", "outcome": "DONE"},
		{"action": "STOP_REQUESTED", "principal_kind": "OPERATOR", "tenant_id": %q, "tenant_name": "Blue Door", "outcome": "ASKED"},
		{"action": "TENANT_UPDATED", "detail": "business_name"}]}`, id))
	all := f.auditActions(url.Values{"limit": {"1"}})
	if slices.Contains(all, string(flowhq.EventSessionConnected)) {
		t.Errorf("what a host did is in the audit: %v", all)
	}
	for query, want := range map[string]string{
		"principal=@EXAMPLE.com&tenant=" + string(id):     "STOP_REQUESTED TENANT_UPDATED",
		"tenant=" + string(id):                            "STOP_REQUESTED TENANT_UPDATED TENANT_CREATED",
		"action=FLEET_PAUSED":                             "FLEET_PAUSED",
		"principal=nobody-of-this-name":                   "",
		"from=2100-01-01T00:00:00Z":                       "",
		"to=2001-01-01T00:00:00Z":                         "",
		"principal=&action=&tenant=&from=&to=&limit=1000": strings.Join(all, " "),
		"tenant=00000000-0000-4000-8000-000000000000":     "",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.auditActions(values), " "); got != want {
			t.Errorf("%s finds %q; want %q", query, got, want)
		}
	}
	for query, field := range map[string]string{
		"cursor=x": "cursor", "cursor=MSAyIDM": "cursor", "action=STOLEN": "action", "tenant=x": "tenant",
		"from=yesterday": "from", "limit=0": "limit", "who=me": "who",
	} {
		f.has(f.send(call{method: "GET", path: "/admin/audit?" + query}, 400).json,
			fmt.Sprintf(`{"errors": [{"field": %q}]}`, field))
	}
	file := f.send(call{method: "GET", path: "/admin/audit.csv?bom=true"}, 200)
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(file.body), "\ufeff"))).ReadAll()
	if err != nil || len(lines) != len(all)+1 || lines[1][1] != all[0] {
		t.Errorf("the file has %d lines, %v; want the header and %d:\n%s", len(lines), err,
			len(all), file.body)
	}
	f.has(f.get("/admin/audit?limit=1").json,
		`{"entries": [{"action": "DATA_EXPORTED", "detail": "audit.csv"}]}`)
}

// auditActions are those of all pages that a filter selects.
func (f *fixture) auditActions(query url.Values) (actions []string) {
	f.Helper()
	for range 100 {
		a := f.get("/admin/audit?" + query.Encode()).json.(node)
		for _, e := range a["entries"].([]any) {
			actions = append(actions, e.(node)["action"].(string))
		}
		if a["next"] == "" {
			return actions
		}
		query.Set("cursor", a["next"].(string))
	}
	f.Fatal("the audit has no end")
	return nil
}
