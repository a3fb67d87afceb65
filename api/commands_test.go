package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/flowhq/flowhq"
)

// TestCommands gives each command, with and without a key, and looks for it in
// the tenant's history.
func TestCommands(t *testing.T) {
	f := setup(t)
	id := f.create()
	tenant := "/admin/tenants/" + string(id)
	key := func(k string) http.Header { return http.Header{keyHeader: {k}} }
	var locations []string
	give := func(method, path string, header http.Header, want string) {
		t.Helper()
		got := f.send(call{method: method, path: tenant + path, header: header}, 202)
		f.contains(got.json, want)
		locations = append(locations, got.Header.Get("Location"))
		if diff := cmp.Diff(got.json, f.get(locations[len(locations)-1]).json); diff != "" {
			t.Errorf("GET of what was accepted (-accepted +read):\n%s", diff)
		}
	}
	for range 2 { // a repeat is as good
		give("POST", "/session/start", key("deploy 7 ~ "),
			`{"command": "start", "key": "deploy 7 ~", "actor": "admin (127.0.0.1)", "applied_at": null, "outcome": ""}`)
	}
	if locations[0] != locations[1] {
		t.Errorf("a repeat is at %s; want it at %s", locations[1], locations[0])
	}
	give("POST", "/session/stop", nil, `{"command": "stop"}`)
	made, _ := f.get(locations[2]).json.(node)["key"].(string)
	if uuid.Validate(made) != nil {
		t.Errorf("key = %q; want a UUID", made)
	}
	give("POST", "/session/force-restart", key("f"), `{"command": "force-restart", "key": "f"}`)
	f.send(call{method: "PUT", path: tenant, body: `{"language":"EN","name":"n"}`}, 200)
	give("DELETE", "", key("d"), `{"command": "delete", "key": "d"}`)
	if got := f.get(tenant).json.(node)["wanted"]; got != false {
		t.Errorf("wanted = %v after a deletion", got)
	}
	if diff := cmp.Diff([]flowhq.TenantID{id, id, id, id, id}, f.signals.sent); diff != "" {
		t.Errorf("signalled (-want +got):\n%s", diff)
	}
	if got := f.get(tenant+"/commands").names("commands", "command"); !cmp.Equal(got,
		[]string{"delete", "force-restart", "stop", "start"}) {
		t.Errorf("commands: %v", got)
	}
	page := f.get(tenant + "/commands?limit=3")
	rest := f.get(tenant + "/commands?limit=3&before=" + page.json.(node)["next"].(string))
	if got := rest.names("commands", "command"); !cmp.Equal(got, []string{"start"}) ||
		rest.json.(node)["next"] != "" {
		t.Errorf("the second page: %v", rest.json)
	}
	history := f.get(tenant + "/events")
	wantTypes := []string{"DELETE_REQUESTED", "TENANT_UPDATED", "FORCE_RESTART_REQUESTED",
		"STOP_REQUESTED", "START_REQUESTED", "TENANT_CREATED"}
	if diff := cmp.Diff(wantTypes, history.names("events", "type")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	wantReasons := []string{"request d", "name, language", "request f", "request " + made,
		"request deploy 7 ~", ""}
	if diff := cmp.Diff(wantReasons, history.names("events", "reason")); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	for _, by := range history.names("events", "actor") {
		if by != "admin (127.0.0.1)" {
			t.Errorf("an event is by %q; want admin", by)
		}
	}
	if got := f.get(tenant+"/events?limit=2").names("events", "type"); !cmp.Equal(got, wantTypes[:2]) {
		t.Errorf("2 events: %v", got)
	}
}

// TestOneKeyTwoCommands: a key that stood for something else is refused, and names it.
func TestOneKeyTwoCommands(t *testing.T) {
	f := setup(t)
	id := f.create()
	tenant := "/admin/tenants/" + string(id)
	key := http.Header{keyHeader: {"k"}}
	first := f.send(call{method: "POST", path: tenant + "/session/start", header: key}, 202).json.(node)["id"]
	for _, c := range []call{
		{method: "POST", path: tenant + "/session/stop"}, {method: "POST", path: tenant + "/session/restart"},
		{method: "POST", path: tenant + "/session/force-restart"}, {method: "DELETE", path: tenant},
	} {
		c.header = key
		got := f.send(c, 409)
		if detail := got.json.(node)["detail"].(string); !strings.Contains(detail,
			fmt.Sprintf("command %v of", first)) {
			t.Errorf("%s %s: %q; want it to name command %v", c.method, c.path, detail, first)
		}
	}
	if got := f.get(tenant+"/commands").names("commands", "command"); !cmp.Equal(got, []string{"start"}) {
		t.Errorf("commands: %v", got)
	}
	if got := f.get(tenant).json.(node)["wanted"]; got != true {
		t.Errorf("wanted = %v", got)
	}
	f.send(call{method: "DELETE", path: tenant}, 202)
	f.send(call{method: "POST", path: tenant + "/session/start"}, 409)
	f.send(call{method: "DELETE", path: tenant}, 202)
	for _, path := range []string{"/commands/0", "/commands/x", "/commands/99999"} {
		f.send(call{method: "GET", path: tenant + path}, 404)
	}
	f.send(call{method: "GET", path: "/admin/tenants/" + never + "/commands"}, 404)
}

// TestCreateOnce: a creation that is repeated with its key makes one tenant, also if all
// repeats come at once; with another body it is refused, as is a number that is taken.
func TestCreateOnce(t *testing.T) {
	f := setup(t)
	key := http.Header{keyHeader: {"k"}}
	create := call{method: "POST", path: "/admin/tenants", body: validTenant, header: key}
	const atOnce = 8
	ids := make(chan any, atOnce)
	for range atOnce {
		go func() { ids <- f.exchange(create).json.(node)["id"] }()
	}
	first := <-ids
	for range atOnce - 1 {
		if id := <-ids; id != first {
			t.Errorf("the same request made %v and %v", first, id)
		}
	}
	again := f.send(create, 201)
	if again.json.(node)["id"] != first ||
		again.Header.Get("Location") != fmt.Sprint("/admin/tenants/", first) {
		t.Errorf("repeated: %v at %s", again.json, again.Header.Get("Location"))
	}
	if got := f.get("/admin/tenants").names("tenants", "id"); len(got) != 1 {
		t.Errorf("tenants: %v; want one", got)
	}
	refused := func(c call, names any) {
		t.Helper()
		got := f.send(c, 409)
		if detail := got.json.(node)["detail"].(string); !strings.Contains(detail, fmt.Sprint(names)) {
			t.Errorf("%s: %q; want it to name %v", c.path, detail, names)
		}
	}
	other := strings.Replace(validTenant, "Blue Door", "Red Door", 1)
	refused(call{method: "POST", path: "/admin/tenants", body: other, header: key}, first)
	refused(call{method: "POST", path: "/admin/bulk",
		body: `{"command":"stop","filter":{"all":true}}`, header: key}, first)
	refused(call{method: "POST", path: "/admin/tenants", body: validTenant}, first)
	neighbour := string(f.create())
	refused(call{method: "PUT", path: "/admin/tenants/" + neighbour,
		body: `{"phone_number":"+255712345678"}`}, first)
	f.send(call{method: "PUT", path: fmt.Sprint("/admin/tenants/", first),
		body: `{"phone_number":"+255712345678"}`}, 200)

	// The number is free when its tenant is gone, and the key still stands for it.
	if err := f.store.Erase(t.Context(), flowhq.TenantID(first.(string)), "workflow"); err != nil {
		t.Fatal(err)
	}
	refused(create, first)
	f.send(call{method: "POST", path: "/admin/tenants", body: validTenant}, 201)

	bulk := func(body string) call {
		return call{method: "POST", path: "/admin/bulk", body: body, header: http.Header{keyHeader: {"b"}}}
	}
	begun := f.send(bulk(`{"command":"stop","filter":{"all":true}}`), 202).json.(node)["id"]
	f.send(bulk(`{"command":"stop","filter":{"all":true}}`), 202)
	for _, body := range []string{`{"command":"start","filter":{"all":true}}`,
		`{"command":"stop","filter":{"status":"NEW"}}`,
		`{"command":"stop","filter":{"all":true},"per_second":3}`} {
		refused(bulk(body), begun)
	}
}

// TestCommandsWithoutTemporal: commands are taken while Temporal is away, and only one in a
// while waits for it.
func TestCommandsWithoutTemporal(t *testing.T) {
	const commands, slow = 20, 500 * time.Millisecond
	f := setup(t)
	id := f.create()
	f.signals.err, f.signals.slow = fmt.Errorf("rpc error: secret"), slow
	began := time.Now()
	for range commands {
		f.send(call{method: "POST", path: "/admin/tenants/" + string(id) + "/session/start"}, 202)
	}
	if took := time.Since(began); took > commands*slow/2 {
		t.Errorf("%d commands took %v while Temporal is away; want one of them to wait %v",
			commands, took, slow)
	}
	if !strings.Contains(f.log.String(), "rpc error: secret") {
		t.Error("the cause is not in the log")
	}
	f.signals.err = nil
	past := time.Now().Add(-signalPause)
	f.api.signalFailed.Store(&past)
	for range 2 {
		f.send(call{method: "DELETE", path: "/admin/tenants/" + string(id)}, 202)
	}
	if len(f.signals.sent) != 2 {
		t.Errorf("signalled %d times after Temporal is back; want 2", len(f.signals.sent))
	}
}

// TestKeysAreNotRequestIDs: each request has an id of its own, and a key where it has no
// effect is refused.
func TestKeysAreNotRequestIDs(t *testing.T) {
	f := setup(t)
	tenant := "/admin/tenants/" + string(f.create())
	key := http.Header{keyHeader: {"k"}}
	ids := map[string]bool{"k": true}
	for range 2 {
		got := f.send(call{method: "POST", path: tenant + "/session/start", header: key},
			202).Header.Get("X-Request-Id")
		if ids[got] {
			t.Errorf("X-Request-Id %q is another request's, or the key", got)
		}
		ids[got] = true
	}
	for _, c := range []call{
		{method: "PUT", path: tenant, body: `{"name":"n"}`}, {method: "POST", path: tenant + "/pair-code"},
		{method: "PUT", path: "/admin/fleet", body: `{"paused":false}`},
		{method: "DELETE", path: "/admin/bulk/" + never},
		{method: "POST", path: tenant + "/logs/1/retry"},
	} {
		c.header = key
		if got := f.send(c, 400).fields(); !cmp.Equal(got, []string{keyHeader}) {
			t.Errorf("%s %s with a key: wrong fields %v", c.method, c.path, got)
		}
	}
	f.send(call{method: "GET", path: tenant, header: key}, 200)
	for _, reserved := range []string{"bulk:1", "setup:1"} {
		f.send(call{method: "POST", path: tenant + "/session/start",
			header: http.Header{keyHeader: {reserved}}}, 400)
	}
}

// TestDeleteWhatIsGone: a deletion may be repeated for as long as it is remembered, and
// seen.
func TestDeleteWhatIsGone(t *testing.T) {
	f := setup(t)
	id := f.create()
	tenant := "/admin/tenants/" + string(id)
	key := http.Header{keyHeader: {"d"}}
	at := f.send(call{method: "DELETE", path: tenant, header: key}, 202).Header.Get("Location")
	if err := f.store.Erase(t.Context(), id, "workflow"); err != nil {
		t.Fatal(err)
	}
	f.signals.sent = nil
	for _, header := range []http.Header{key, nil} {
		got := f.send(call{method: "DELETE", path: tenant, header: header}, 202)
		f.contains(got.json, `{"command": "delete", "key": "d", "outcome": "erased"}`)
		if got.Header.Get("Location") != at {
			t.Errorf("Location = %s; want %s", got.Header.Get("Location"), at)
		}
	}
	f.contains(f.get(at).json, `{"command": "delete", "outcome": "erased"}`)
	if len(f.signals.sent) > 0 {
		t.Errorf("signalled %v for a tenant that was gone", f.signals.sent)
	}
	f.send(call{method: "POST", path: tenant + "/session/start"}, 404)
	f.send(call{method: "DELETE", path: "/admin/tenants/" + never}, 404)
}
