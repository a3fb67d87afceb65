package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// setAside has one event of a tenant's new webhook set aside, and returns the id of the delivery.
func setAside(f *fixture, id flowhq.TenantID) int64 {
	f.Helper()
	w, err := f.store.AddWebhook(f.Context(), id, store.NewWebhook{
		URL: "https://hooks.example.com/in?token=s", Secret: "whsec_bmV3",
		Types: []flowhq.EventType{flowhq.EventMessageReceived},
	}, "admin")
	if err != nil {
		f.Fatal(err)
	}
	received(f, id)
	if _, err := f.store.ReadForWebhook(f.Context(), id, w.ID, time.Minute); err != nil {
		f.Fatal(err)
	}
	all, _, err := f.store.Deliveries(f.Context(), id, w.ID, store.DeliveryFilter{})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := f.store.RecordAttempt(f.Context(), id, w.ID, all[0].ID,
		store.WebhookAttempt{Final: true, Reason: "it answered 502", Code: 502}); err != nil {
		f.Fatal(err)
	}
	return all[0].ID
}

// TestAsideDeliveries: what webhooks were not delivered is listed and retried, of all tenants, by its
// ids and by its reason, and a repeated retry changes nothing.
func TestAsideDeliveries(t *testing.T) {
	f := setup(t)
	id, other := f.create(), f.create()
	m, n := setAside(f, id), setAside(f, other)
	const path = "/admin/webhook-deliveries"
	f.has(f.get(path+"?limit=1").json, fmt.Sprintf(`{"deliveries": [{"tenant_id": %q, "id": %d,
		"host": "hooks.example.com", "status": "SET_ASIDE", "reason": "it answered 502"}],
		"reasons": [{"reason": "it answered 502", "deliveries": 2, "tenants": 2}], "next": "%d"}`,
		other, n, n))
	f.has(f.get(path+fmt.Sprintf("?before=%d", n)).json,
		fmt.Sprintf(`{"deliveries": [{"id": %d}], "reasons": [], "next": ""}`, m))
	f.has(f.get(path+"?reason=else").json, `{"deliveries": [], "reasons": [], "next": ""}`)
	f.has(f.get(path+"?tenant="+string(id)).json, fmt.Sprintf(`{"deliveries": [{"id": %d}],
		"reasons": [{"deliveries": 1, "tenants": 1}], "next": ""}`, m))
	f.has(f.send(call{method: "GET", path: path + "?tenant=x"}, 400).json, `{"errors": [{"field": "tenant"}]}`)
	retry := func(body, want string, status int) {
		t.Helper()
		f.has(f.send(call{method: "POST", path: path + "/retry", body: body}, status).json, want)
	}
	one := fmt.Sprintf(`{"deliveries": [{"tenant_id": %q, "delivery": %d}]}`, id, m)
	retry(one, fmt.Sprintf(`{"retried": [{"tenant_id": %q, "delivery": %d}], "refused": [],
		"next": ""}`, id, m), 202)
	retry(one, `{"retried": [], "refused": [{"code": "conflict"}]}`, 202)
	retry(fmt.Sprintf(`{"deliveries": [{"tenant_id": %q, "delivery": %d}]}`, id, n),
		`{"retried": [], "refused": [{"code": "not_found"}]}`, 202)
	retry(fmt.Sprintf(`{"reason": "it answered 502", "tenant_id": %q}`, id), `{"retried": []}`, 202)
	retry(`{"reason": "it answered 502"}`, fmt.Sprintf(`{"retried": [{"delivery": %d}],
		"refused": [], "next": ""}`, n), 202)
	f.has(f.get(path).json, `{"deliveries": []}`)
	for body, field := range map[string]string{
		`{}`: "deliveries", `{"deliveries": []}`: "deliveries", `{"reason": ""}`: "reason",
		`{"deliveries": [{"tenant_id": "x", "delivery": 1}]}`:                                        "deliveries[0].tenant_id",
		fmt.Sprintf(`{"deliveries": [{"tenant_id": %q, "delivery": 0}]}`, id):                        "deliveries[0].delivery",
		`{"reason": "x", "cursor": "y"}`:                                                             "cursor",
		`{"reason": "x", "tenant_id": "y"}`:                                                          "tenant_id",
		fmt.Sprintf(`{"deliveries": [{"tenant_id": %[1]q, "delivery": 1}], "tenant_id": %[1]q}`, id): "tenant_id",
		`{"deliveries": [` + strings.Repeat(`{},`, 100) + `{}]}`:                                     "deliveries[0].tenant_id",
	} {
		f.has(f.send(call{method: "POST", path: path + "/retry", body: body}, 400).json, `{"code": "invalid"}`)
		if a := f.send(call{method: "POST", path: path + "/retry", body: body}, 400); !strings.Contains(
			fmt.Sprint(a.json), "field:"+field) {
			t.Errorf("%.80s is refused with %v; want field %s", body, a.json, field)
		}
	}
}

// TestIntake counts what customers have written, since a time or for a day.
func TestIntake(t *testing.T) {
	f := setup(t)
	id := f.create()
	received(f, id)
	path := "/admin/tenants/" + string(id) + "/intake"
	f.has(f.get(path).json, `{"customers": 1, "received": 1, "answered": 0, "more": false}`)
	f.has(f.get(path+"?from="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)).json, `{"customers": 0}`)
	f.has(f.send(call{method: "GET", path: path + "?from=yesterday"}, 400).json,
		`{"errors": [{"field": "from"}]}`)
	f.send(call{method: "GET", path: "/admin/tenants/00000000-0000-4000-8000-000000000000/intake"}, 404)
}
