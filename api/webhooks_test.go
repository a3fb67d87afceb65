package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/webhook"
)

// TestWebhooks makes, changes, tests, replays and deletes a webhook.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tenant := f.create()
	at := "/admin/tenants/" + string(tenant) + "/webhooks"
	do := func(method, path, body string, status int) node {
		t.Helper()
		v, _ := f.send(call{method: method, path: path, body: body}, status).json.(node)
		return v
	}
	if got := do("GET", at, "", 200)["webhooks"].([]any); len(got) != 0 {
		t.Errorf("at first: %v", got)
	}
	made := do("POST", at, `{"url":"https://example.com/hook","types":["MESSAGE_RECEIVED","MESSAGE_RECEIVED"]}`, 201)
	secret, _ := made["secret"].(string)
	if !strings.HasPrefix(secret, "whsec_") || len(made["types"].([]any)) != 1 || made["enabled"] != true {
		t.Errorf("made %v", made)
	}
	one := at + "/" + made["id"].(string)
	if got := do("GET", one, "", 200); got["secret"] != nil || got["url"] != "https://example.com/hook" {
		t.Errorf("read %v", got)
	}
	if got := do("POST", one+"/rotate-secret", "", 200); got["secret"] == secret ||
		got["old_secret_until"] == nil {
		t.Errorf("rotated %v", got)
	}
	do("POST", one+"/test", "", 202)
	if got := do("POST", one+"/replay", `{"from":1}`, 202); got["id"] != made["id"] {
		t.Errorf("replay %v", got)
	}
	if got := do("POST", one+"/replay", `{"from":1}`,
		409); got["detail"] != "another replay of this webhook is under way" {
		t.Errorf("second replay %v", got)
	}
	if got := do("PATCH", one, `{"enabled":false,"description":"n8n"}`,
		200); got["enabled"] != false || got["reason"] != "disabled by a person" ||
		got["description"] != "n8n" {
		t.Errorf("changed %v", got)
	}
	do("POST", one+"/test", "", 409)
	do("POST", one+"/replay", `{"since":"2026-11-27T09:30:00Z"}`, 409)
	if got := do("PATCH", one, `{"enabled":true}`, 200); got["enabled"] != true || got["reason"] != "" {
		t.Errorf("enabled again %v", got)
	}
	if got := do("GET", one+"/deliveries?status=&limit=5", "",
		200); len(got["deliveries"].([]any)) != 0 || got["next"] != "" {
		t.Errorf("deliveries %v", got)
	}
	do("DELETE", one, "", 200)
	for _, path := range []string{one, one + "/deliveries"} {
		do("GET", path, "", 404)
	}
	do("DELETE", one, "", 404)
	var events []string
	for _, e := range do("GET", "/admin/tenants/"+string(tenant)+"/events", "", 200)["events"].([]any) {
		if typ := e.(node)["type"].(string); strings.HasPrefix(typ, "WEBHOOK_") {
			events = append(events, typ)
		}
	}
	if want := "[WEBHOOK_DELETED WEBHOOK_CHANGED WEBHOOK_CHANGED WEBHOOK_REPLAYED WEBHOOK_TESTED WEBHOOK_SECRET_ROTATED WEBHOOK_CREATED]"; fmt.Sprint(events) != want {
		t.Errorf("events %v; want %s", events, want)
	}
}

// TestWebhookRefusals names the field of each refusal.
func TestWebhookRefusals(t *testing.T) {
	t.Parallel()
	f := setup(t)
	at := "/admin/tenants/" + string(f.create()) + "/webhooks"
	made := f.send(call{method: "POST", path: at, body: `{"url":"https://example.com"}`}, 201).json.(node)
	one := at + "/" + made["id"].(string)
	long := "https://example.com/" + strings.Repeat("a", webhook.MaxURL)
	for _, c := range []struct{ method, path, body, field string }{
		{"POST", at, `{}`, "url"},
		{"POST", at, `{"url":""}`, "url"},
		{"POST", at, `{"url":"http://example.com/"}`, "url"},
		{"POST", at, `{"url":"https://127.0.0.1/"}`, "url"},
		{"POST", at, `{"url":"https://[64:ff9b::7f00:1]/"}`, "url"},
		{"POST", at, `{"url":"https://u:p@example.com/"}`, "url"},
		{"POST", at, `{"url":"` + long + `"}`, "url"},
		{"POST", at, `{"url":7}`, "url"},
		{"POST", at, `{"url":"https://example.com","types":["MESSAGE_EATEN"]}`, "types[0]"},
		{"POST", at, `{"url":"https://example.com","types":["WEBHOOK_TESTED"]}`, "types[0]"},
		{"POST", at, `{"url":"https://example.com","types":"MESSAGE_RECEIVED"}`, "types"},
		{"POST", at, `{"url":"https://example.com","description":"` + strings.Repeat("a", 201) +
			`"}`, "description"},
		{"POST", at, `{"url":"https://example.com","secret":"whsec_"}`, "secret"},
		{"PATCH", one, `{"url":"https://10.0.0.1/"}`, "url"},
		{"PATCH", one, `{"types":[]}`, "types"},
		{"PATCH", one, `{"enabled":"no"}`, "enabled"},
		{"POST", one + "/replay", `{}`, "event_id"},
		{"POST", one + "/replay", `{"event_id":0}`, "event_id"},
		{"POST", one + "/replay", `{"event_id":1,"from":1}`, "event_id"},
		{"POST", one + "/replay", `{"from":5,"to":4}`, "to"},
		{"POST", one + "/replay", `{"from":-1}`, "from"},
		{"POST", one + "/replay", `{"since":"yesterday"}`, "since"},
		{"GET", one + "/deliveries?status=LATE", "", "status"},
		{"GET", one + "/deliveries?limit=0", "", "limit"},
	} {
		got := f.send(call{method: c.method, path: c.path, body: c.body}, http.StatusBadRequest).json.(node)
		fields, _ := got["errors"].([]any)
		if len(fields) != 1 || fields[0].(node)["field"] != c.field {
			t.Errorf("%s %s: %v; want an error of %s", c.method, c.body, got, c.field)
		}
	}
	f.send(call{method: "PATCH", path: one, body: `{}`}, http.StatusBadRequest)
	for range 19 {
		f.send(call{method: "POST", path: at, body: `{"url":"https://example.com"}`}, 201)
	}
	f.send(call{method: "POST", path: at, body: `{"url":"https://example.com"}`}, http.StatusConflict)
}
