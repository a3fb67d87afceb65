package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const never = "00000000-0000-4000-8000-000000000000" // an id that no tenant ever had

// TestAPI has a row for each endpoint and way to answer. {id} in a path is a
// tenant that was created for the row, and prepared by given.
func TestAPI(t *testing.T) {
	const tenant = "/admin/tenants/{id}"
	tests := []struct {
		name         string
		given        func(f *fixture, id flowhq.TenantID)
		method, path string
		body         string
		status       int
		want         string // part of the answer
	}{
		{"create", nil, "POST", "/admin/tenants", validTenant, 201, `{
			"name": "Blue Door", "phone_number": "+255712345678", "status": "NEW",
			"config": {"template_type": "BOOKING", "business_name": "Blue Door Barbers", "language": "SW", "replies_per_minute": 10, "replies_per_contact": 5, "retention_days": 365, "answer_within_minutes": 1440},
			"session": {"state": "DISCONNECTED", "number": "", "reason": "", "last_seen_at": null},
			"host": {"status": "STOPPED", "worker": "", "epoch": 0, "last_error": ""}}`},
		{"create with limits", nil, "POST", "/admin/tenants",
			strings.Replace(with(`"replies_per_minute":0,"replies_per_contact":100000,"retention_days":3650`), "5678", "5679", 1), 201,
			`{"config": {"replies_per_minute": 0, "replies_per_contact": 100000, "retention_days": 3650}}`},
		{"create with any script", nil, "POST", "/admin/tenants",
			strings.NewReplacer("5678", "5680", "Blue Door Barbers",
				`Duka la Mwanaidi 🛍 \u0026 <wana>`).Replace(validTenant), 201,
			`{"config": {"business_name": "Duka la Mwanaidi 🛍 & <wana>"}}`},
		{"read", nil, "GET", tenant, "", 200, `{"id": "{id}", "name": "Blue Door"}`},
		{"read what never was", nil, "GET", "/admin/tenants/" + never, "", 404,
			`{"code": "not_found", "detail": "there is no such tenant"}`},
		{"read what was deleted", erase, "GET", tenant, "", 404, `{"code": "not_found"}`},
		{"head", nil, "HEAD", tenant, "", 200, ``},
		{"change one field", nil, "PUT", tenant, `{"language":"EN"}`, 200,
			`{"name": "Blue Door", "config": {"language": "EN", "template_type": "BOOKING"}}`},
		{"change every field", nil, "PUT", tenant,
			`{"name":"N","phone_number":"+4915112345678","template_type":"SUPPORT","business_name":"B","language":"EN","replies_per_minute":1,"replies_per_contact":2,"retention_days":30,"answer_within_minutes":1}`, 200,
			`{"name": "N", "phone_number": "+4915112345678", "config": {"template_type": "SUPPORT", "business_name": "B", "language": "EN", "replies_per_minute": 1, "replies_per_contact": 2, "retention_days": 30, "answer_within_minutes": 1}}`},
		{"limits back to the defaults", limited, "PUT", tenant,
			`{"replies_per_minute":null,"replies_per_contact":null,"retention_days":null,"answer_within_minutes":null}`, 200,
			`{"config": {"replies_per_minute": 10, "replies_per_contact": 5, "retention_days": 365, "answer_within_minutes": 1440}}`},
		{"one limit back to the default", limited, "PUT", tenant,
			`{"replies_per_minute":null,"replies_per_contact":3}`, 200,
			`{"config": {"replies_per_minute": 10, "replies_per_contact": 3, "retention_days": 30}}`},
		{"change what never was", nil, "PUT", "/admin/tenants/" + never, `{"language":"EN"}`, 404,
			`{"code": "not_found"}`},
		{"change what was deleted", erase, "PUT", tenant, `{"language":"EN"}`, 404, `{"code": "not_found"}`},
		{"delete", nil, "DELETE", tenant, "", 202, `{"command": "delete"}`},
		{"delete again", erase, "DELETE", tenant, "", 202, `{"command": "delete"}`},
		{"delete what never was", nil, "DELETE", "/admin/tenants/" + never, "", 404, `{"code": "not_found"}`},
		{"start", nil, "POST", tenant + "/session/start", "", 202, `{"command": "start"}`},
		{"start with an empty object", nil, "POST", tenant + "/session/start", "{}", 202,
			`{"command": "start"}`},
		{"stop", nil, "POST", tenant + "/session/stop", "", 202, `{"command": "stop"}`},
		{"restart", nil, "POST", tenant + "/session/restart", "", 202, `{"command": "restart"}`},
		{"force-restart", nil, "POST", tenant + "/session/force-restart", "", 202,
			`{"command": "force-restart"}`},
		{"relink", nil, "POST", tenant + "/session/relink", "", 202, `{"command": "relink"}`},
		{"start what never was", nil, "POST", "/admin/tenants/" + never + "/session/start", "", 404,
			`{"code": "not_found"}`},
		{"stop what was deleted", erase, "POST", tenant + "/session/stop", "", 404, `{"code": "not_found"}`},
		{"no code yet", nil, "GET", tenant + "/qr", "", 200,
			`{"state": "DISCONNECTED", "qr": null, "code": null, "expires_at": null}`},
		{"a code", pairing(time.Minute), "GET", tenant + "/qr", "", 200,
			`{"state": "QR_READY", "code": "2@code,of,a,phone"}`},
		{"an expired code", pairing(-time.Second), "GET", tenant + "/qr", "", 200,
			`{"state": "QR_READY", "qr": null, "code": null, "expires_at": null}`},
		{"code of what never was", nil, "GET", "/admin/tenants/" + never + "/qr", "", 404,
			`{"code": "not_found"}`},
		{"picture", pairing(time.Minute), "GET", tenant + "/qr.png", "", 200, ``},
		{"no picture yet", nil, "GET", tenant + "/qr.png", "", 404,
			`{"code": "not_found", "detail": "there is no code to scan: the session is DISCONNECTED; start the session first"}`},
		{"no picture any more", pairing(-time.Second), "GET", tenant + "/qr.png", "", 404,
			`{"detail": "there is no code to scan: the last one has expired and the next one comes in a moment"}`},
		{"no picture while connecting", state(flowhq.Connecting), "GET", tenant + "/qr.png", "",
			404, `{"detail": "there is no code to scan: the session is connecting; ask again in a moment"}`},
		{"no picture once linked", state(flowhq.Connected), "GET", tenant + "/qr.png", "", 404,
			`{"detail": "there is no code to scan: the session is linked and connected"}`},
		{"picture of what never was", nil, "GET", "/admin/tenants/" + never + "/qr.png", "", 404,
			`{"detail": "there is no such tenant"}`},
		{"no messages", nil, "GET", tenant + "/logs", "", 200, `{"logs": [], "next": ""}`},
		{"messages of what never was", nil, "GET", "/admin/tenants/" + never + "/logs", "", 404,
			`{"code": "not_found"}`},
		{"messages of what was deleted", erase, "GET", tenant + "/logs", "", 404, `{"code": "not_found"}`},
		{"retry a failed message", deadLetter, "POST", tenant + "/logs/{message}/retry", "", 202,
			`{"status": "RECEIVED", "reason": ""}`},
		{"retry one that has not failed", received, "POST", tenant + "/logs/{message}/retry", "",
			409, `{"code": "conflict", "detail": "the message is RECEIVED; only one that is FAILED, SUPPRESSED, OVERFLOWED or EXPIRED can be tried again"}`},
		{"retry what is no message", nil, "POST", tenant + "/logs/999999/retry", "", 404,
			`{"detail": "there is no such message"}`},
		{"retry for what never was", nil, "POST", "/admin/tenants/" + never + "/logs/1/retry", "",
			404, `{"detail": "there is no such tenant"}`},
		{"answer a muted contact", received, "POST", tenant + "/logs/{message}/unmute", "", 200,
			`{"muted_until": null}`},
		{"unmute by what is no message", nil, "POST", tenant + "/logs/999999/unmute", "", 404,
			`{"detail": "there is no such message"}`},
		{"unmute for what never was", nil, "POST", "/admin/tenants/" + never + "/logs/1/unmute", "",
			404, `{"detail": "there is no such tenant"}`},
		{"only failed messages", deadLetter, "GET", tenant + "/logs?status=FAILED", "", 200, `{"next": ""}`},
		{"no failed messages", received, "GET", tenant + "/logs?status=FAILED", "", 200, `{"logs": []}`},
		{"no follow-ups", nil, "GET", tenant + "/follow-ups", "", 200, `{"follow_ups": [], "next": ""}`},
		{"follow-ups of a booking", followedUp, "GET",
			tenant + "/follow-ups?status=PENDING&number=K1&limit=1", "", 200, `{"next": ""}`},
		{"follow-ups of another status", followedUp, "GET", tenant + "/follow-ups?status=SENT", "",
			200, `{"follow_ups": []}`},
		{"follow-ups of no status", nil, "GET", tenant + "/follow-ups?status=LATER", "", 400,
			`{"code": "invalid"}`},
		{"follow-ups of what never was", nil, "GET", "/admin/tenants/" + never + "/follow-ups", "",
			404, `{"code": "not_found"}`},
		{"cancel a follow-up", followedUp, "DELETE", tenant + "/follow-ups/{followup}", "", 200,
			`{"status": "CANCELLED", "reason": "by admin"}`},
		{"cancel one that was missed", missed, "DELETE", tenant + "/follow-ups/{followup}", "", 409,
			`{"code": "conflict", "detail": "it is MISSED, and only a PENDING follow-up can be cancelled"}`},
		{"cancel what is no follow-up", nil, "DELETE", tenant + "/follow-ups/999999", "", 404,
			`{"detail": "there is no such follow-up"}`},
		{"cancel what has no number", nil, "DELETE", tenant + "/follow-ups/x", "", 404,
			`{"code": "not_found"}`},
		{"cancel for what never was", nil, "DELETE", "/admin/tenants/" + never + "/follow-ups/1",
			"", 404, `{"detail": "there is no such tenant"}`},
		{"events of what never was", nil, "GET", "/admin/tenants/" + never + "/events", "", 404,
			`{"code": "not_found"}`},
		{"health", nil, "GET", "/healthz", "", 200, `{"status": "ok"}`},
		{"ready", nil, "GET", "/readyz", "", 200,
			`{"status": "ok", "checks": {"database": "ok", "temporal": "ok"}}`},
		{"description", nil, "GET", "/openapi.yaml", "", 200, ``},
		{"nothing there", nil, "GET", "/admin", "", 404, `{"code": "not_found"}`},
		{"a slash too many", nil, "GET", "/admin/tenants/", "", 404, `{"code": "not_found"}`},
		{"no such command", nil, "POST", tenant + "/session/explode", "", 404, `{"code": "not_found"}`},
		{"wrong method", nil, "POST", tenant, "", 405,
			`{"code": "method_not_allowed", "status": 405, "title": "Method Not Allowed"}`},
		{"command by GET", nil, "GET", tenant + "/session/start", "", 405,
			`{"detail": "this address does not take GET, but POST"}`},
	}
	f := setup(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := *f
			f.T = t
			id := f.create()
			if tt.given != nil {
				tt.given(&f, id)
			}
			fill := strings.NewReplacer("{id}", string(id), "{message}",
				strconv.FormatInt(f.newest(id), 10), "{followup}", strconv.FormatInt(f.followUp(id), 10))
			got := f.send(call{method: tt.method, path: fill.Replace(tt.path), body: tt.body}, tt.status)
			if tt.want != "" {
				f.contains(got.json, fill.Replace(tt.want))
			}
			if c := got.Header.Get("Cache-Control"); c != "no-store" {
				t.Errorf("Cache-Control = %q; want no-store", c)
			}
		})
	}
}

// with returns a body that creates a tenant, with more members.
func with(members string) string { return strings.TrimSuffix(validTenant, "}") + "," + members + "}" }

// limited gives the tenant limits of its own.
func limited(f *fixture, id flowhq.TenantID) {
	f.send(call{method: "PUT", path: "/admin/tenants/" + string(id),
		body: `{"replies_per_minute":1,"replies_per_contact":2,"retention_days":30}`}, 200)
}

func erase(f *fixture, id flowhq.TenantID) {
	f.send(call{method: "DELETE", path: "/admin/tenants/" + string(id)}, 202)
	if err := f.store.Erase(f.Context(), id, "workflow"); err != nil {
		f.Fatal(err)
	}
}

// received records a message that waits for its answer.
func received(f *fixture, id flowhq.TenantID) {
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	m := store.Inbound{LID: "1@lid", WAID: "1", Kind: flowhq.KindText, Text: "hello", SentAt: time.Now()}
	if _, err := f.store.Receive(f.Context(), id, epoch, m); err != nil {
		f.Fatal(err)
	}
}

// deadLetter records a message and makes it a dead letter.
func deadLetter(f *fixture, id flowhq.TenantID) {
	received(f, id)
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	if err := f.store.DeadLetter(f.Context(), id, epoch, f.newest(id), "it never works"); err != nil {
		f.Fatal(err)
	}
}

// newest returns the id of the tenant's newest message, 0 if it has none.
func (f *fixture) newest(id flowhq.TenantID) int64 {
	f.Helper()
	ms, _, err := f.store.Messages(f.Context(), id, store.MessageFilter{Limit: 1})
	if err != nil {
		f.Fatal(err)
	}
	if len(ms) == 0 {
		return 0
	}
	return ms[0].ID
}

func state(s flowhq.SessionState) func(*fixture, flowhq.TenantID) {
	return func(f *fixture, id flowhq.TenantID) { f.session(id, flowhq.Transition{State: s}) }
}

// pairing makes a code that lives for d.
func pairing(d time.Duration) func(*fixture, flowhq.TenantID) {
	return func(f *fixture, id flowhq.TenantID) {
		f.showing(id, store.Codes{QR: "2@code,of,a,phone", QRExpires: time.Now().Add(d)})
	}
}

// session claims a tenant like a host and takes a step.
func (f *fixture) session(id flowhq.TenantID, to flowhq.Transition) (epoch int64) {
	f.Helper()
	return f.step(id, to, store.Codes{})
}

// showing claims a tenant like a host that shows codes.
func (f *fixture) showing(id flowhq.TenantID, codes store.Codes) (epoch int64) {
	f.Helper()
	return f.step(id, flowhq.Transition{State: flowhq.QRReady}, codes)
}

func (f *fixture) step(id flowhq.TenantID, to flowhq.Transition, codes store.Codes) (epoch int64) {
	f.Helper()
	epoch, err := f.store.Claim(f.Context(), id, "host")
	if err != nil {
		f.Fatal(err)
	}
	if err := f.store.SetSession(f.Context(), id, epoch, to, codes); err != nil {
		f.Fatal(err)
	}
	return epoch
}

func TestUnknownRouteNeedsNoPassword(t *testing.T) {
	f := setup(t)
	f.send(call{method: "GET", path: "/nowhere", header: http.Header{"Authorization": nil}},
		http.StatusNotFound)
}
