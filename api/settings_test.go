package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestTenantsOnCondition: who has seen another version of a tenant's settings changes nothing, and
// of many who have seen the same one alone changes them.
func TestTenantsOnCondition(t *testing.T) {
	f := setup(t)
	id := f.create()
	path := "/admin/tenants/" + string(id)
	change := func(method, match, body string, status int) answer {
		t.Helper()
		return f.send(call{method: method, path: path, header: http.Header{"If-Match": {match}},
			body: body}, status)
	}
	read := f.send(call{method: "GET", path: path}, 200).Header.Get("ETag")
	if again := f.send(call{method: "GET", path: path}, 200).Header.Get("ETag"); read == "" || again != read {
		t.Fatalf("ETag is %s, and read again %s", read, again)
	}
	if own := f.send(call{method: "GET", path: ownPath, header: f.signedInAs(id, flowhq.RoleOwner)},
		200).Header.Get("ETag"); own != read {
		t.Errorf("for its owner the ETag is %s; want %s", own, read)
	}
	// What the session does is no change of settings.
	f.send(call{method: "POST", path: path + "/session/start"}, 202)
	first := change("PATCH", read, `{"name":"First"}`, 200).Header.Get("ETag")
	if first == read {
		t.Errorf("the change has left the ETag as it was, %s", read)
	}
	for _, method := range []string{"PATCH", "PUT"} {
		got := change(method, read, `{"name":"Second","phone_number":"+255799999999"}`, 412)
		f.contains(got.json, `{"code": "precondition_failed"}`)
	}
	for _, bad := range []string{"7", `W/"7"`, `"x"`, `"1","2"`, `"-1"`, ""} {
		if got := change("PATCH", bad, `{"name":"Second"}`,
			400); !strings.Contains(string(got.body), "If-Match") {
			t.Errorf("If-Match: %s is refused by %s", bad, got.body)
		}
	}
	change("PATCH", `"0"`, `{"name":"Second"}`, 412)
	f.contains(f.send(call{method: "GET", path: path}, 200).json, `{"name": "First"}`)
	// The number of another tenant is a conflict, not a condition.
	f.contains(f.send(call{method: "GET", path: "/admin/tenants/" + string(f.create())}, 200).json, `{}`)
	change("PATCH", "*", `{"name":"Any"}`, 200)
	f.send(call{method: "PATCH", path: "/admin/tenants/" + never,
		header: http.Header{"If-Match": {read}}, body: `{"name":"Nobody"}`}, 404)

	// Many have read the same version.
	version := f.send(call{method: "GET", path: path}, 200).Header.Get("ETag")
	var all sync.WaitGroup
	statuses := make(chan int, 10)
	for i := range cap(statuses) {
		all.Go(func() {
			a := f.exchange(call{method: "PATCH", path: path,
				header: http.Header{"If-Match": {version}}, body: fmt.Sprintf(`{"name":"Racer %d"}`, i)})
			statuses <- a.StatusCode
		})
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	if count[200] != 1 || count[412] != cap(statuses)-1 {
		t.Errorf("statuses %v; want one 200, and else 412", count)
	}
}

// TestPutTakesWhatGetGives sends each thing back as it was read, which changes nothing, and with
// one setting changed.
func TestPutTakesWhatGetGives(t *testing.T) {
	f := setup(t)
	id := f.create()
	path := "/admin/tenants/" + string(id)
	read := func(path string) node {
		t.Helper()
		return f.send(call{method: "GET", path: path}, 200).json.(node)
	}
	put := func(path string, body node, status int) answer {
		t.Helper()
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return f.send(call{method: "PUT", path: path, body: string(b)}, status)
	}
	for _, p := range []string{path, path + "/profile", "/admin/fleet"} {
		before := read(p)
		put(p, before, 200)
		after := read(p)
		for _, moves := range []string{"updated_at", "events", "since"} {
			delete(before, moves)
			delete(after, moves)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s sent back (-before +after):\n%s", p, diff)
		}
	}
	tenant := read(path)
	tenant["config"].(node)["language"] = "EN"
	tenant["name"] = "Green Door"
	tenant["status"], tenant["session"] = "ACTIVE", nil // nobody sets these
	f.contains(put(path, tenant, 200).json,
		`{"name": "Green Door", "config": {"language": "EN"}, "status": "NEW"}`)
	f.contains(put(path, node{"config": node{"replies_per_minute": nil}}, 200).json, `{"name": "Green Door"}`)

	for _, tt := range []struct {
		body  node
		field string
	}{
		{node{"id": never, "name": "x"}, "id"},
		{node{"name": "x", "config": node{"hours": "9-5"}}, "hours"},
		{node{"language": "SW", "config": node{"language": "EN"}}, "config.language"},
		{node{"config": "EN"}, "config"},
		{node{"config": node{"language": "FR"}}, "language"},
	} {
		if got := put(path, tt.body, 400).fields(); len(got) == 0 || got[0] != tt.field {
			t.Errorf("%v is refused for %v; want %s", tt.body, got, tt.field)
		}
	}
	// PATCH is a change, and takes nothing but settings.
	for _, body := range []string{`{"status":"ACTIVE"}`, `{"config":{"language":"EN"}}`,
		`{"id":"` + string(id) + `"}`} {
		f.send(call{method: "PATCH", path: path, body: body}, 400)
	}
	f.send(call{method: "PATCH", path: "/admin/fleet", body: `{"pinned":false}`}, 400)
	f.send(call{method: "PUT", path: "/admin/fleet",
		body: `{"pinned":false,"whatsapp_version":"newest"}`}, 400)
	f.send(call{method: "PUT", path: path, body: `{"name":"a","name":"b"}`}, 400)
	f.send(call{method: "PUT", path: path, body: `{"config":{"language":"EN","language":"SW"}}`}, 400)
	f.contains(f.send(call{method: "PATCH", path: "/admin/fleet",
		body: `{"paused":true,"reason":"maintenance"}`}, 200).json,
		`{"paused": true, "reason": "maintenance"}`)
	fleet := read("/admin/fleet")
	fleet["paused"], fleet["reason"] = false, ""
	f.contains(put("/admin/fleet", fleet, 200).json, `{"paused": false, "reason": ""}`)
}

// TestAttention selects the tenants that a person should look at.
func TestAttention(t *testing.T) {
	f := setup(t)
	ids := map[string]flowhq.TenantID{}
	for name, to := range map[string]*flowhq.Transition{
		"new": nil, "connected": {State: flowhq.Connected},
		"to be scanned":         {State: flowhq.QRReady},
		"logged out":            {State: flowhq.LoggedOut, Ending: flowhq.EndLoggedOut},
		"reconnecting":          {State: flowhq.Disconnected, Ending: flowhq.EndLost},
		"without a certificate": {State: flowhq.Disconnected, Ending: flowhq.EndCertificate},
		"unwanted":              {State: flowhq.QRReady},
		"failing again": {
			State: flowhq.Disconnected, Ending: flowhq.EndLost,
			Counts: flowhq.Counts{Failures: flowhq.FlappingAfter},
		},
		"flapping": {State: flowhq.Connected, Counts: flowhq.Counts{Losses: flowhq.CrashLoopAfter}},
		"failed once": {
			State: flowhq.Disconnected, Ending: flowhq.EndLost, Counts: flowhq.Counts{Failures: 1},
		},
	} {
		id := f.create()
		ids[name] = id
		if to == nil {
			continue
		}
		if name != "unwanted" {
			f.send(call{method: "POST", path: "/admin/tenants/" + string(id) + "/session/start"}, 202)
		}
		epoch, err := f.store.Claim(t.Context(), id, "host-a")
		if err == nil {
			err = f.store.SetSession(t.Context(), id, epoch, *to, store.Codes{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{
		"to be scanned": true, "logged out": true, "without a certificate": true,
		"failing again": true, "flapping": true,
	}
	for _, value := range []string{"true", "false", ""} {
		got := map[flowhq.TenantID]bool{}
		for _, tenant := range f.send(call{method: "GET",
			path: "/admin/tenants?attention=" + value}, 200).json.(node)["tenants"].([]any) {
			got[flowhq.TenantID(tenant.(node)["id"].(string))] = true
		}
		for name, id := range ids {
			if wanted := value == "" || want[name] == (value == "true"); got[id] != wanted {
				t.Errorf("attention=%s: %s is listed: %t", value, name, got[id])
			}
		}
	}
	f.send(call{method: "GET", path: "/admin/tenants?attention=maybe"}, 400)
}

// TestCursors: each list goes on at its next by the parameter cursor, and by the name that some had
// before.
func TestCursors(t *testing.T) {
	f := setup(t)
	id := f.create()
	n := 0
	for _, r := range f.api.engine.Routes() {
		parameters := f.spec.parameters("GET", r.Path, "query")
		if r.Method != http.MethodGet || parameters["limit"] == nil ||
			strings.HasPrefix(r.Path, "/portal") ||
			strings.Contains(strings.ReplaceAll(r.Path, ":id", ""), ":") {
			continue
		}
		properties := f.spec.at(f.spec.operation("GET", r.Path), "responses", "200", "content",
			"application/json", "schema", "properties")
		if parameters["after"] != nil {
			continue // the feed goes forward
		}
		if (properties["next"] == nil) != (parameters["cursor"] == nil) {
			t.Errorf("GET %s has a next or a cursor, and not both", r.Path)
		}
		if parameters["cursor"] == nil {
			continue
		}
		n++
		path := strings.Replace(r.Path, ":id", string(id), 1)
		f.send(call{method: "GET", path: path + "?cursor="}, 200)
		if parameters["before"] != nil { // an id that PostgreSQL's integer does not hold
			f.send(call{method: "GET", path: path + "?cursor=9223372036854775807"}, 200)
		}
		f.send(call{method: "GET", path: path + "?cursor=nonsense"}, 400)
		if parameters["before"] != nil {
			f.send(call{method: "GET", path: path + "?cursor=5"}, 200)
			f.send(call{method: "GET", path: path + "?before=5"}, 200)
			f.send(call{method: "GET", path: path + "?before=5&cursor=5"}, 400)
		}
	}
	if n < 10 {
		t.Errorf("%d lists have a cursor; there are more", n)
	}
}

// TestLargeIDs: an id may have all of 64 bits, wherever a request has one.
func TestLargeIDs(t *testing.T) {
	f := setup(t)
	tenant := "/admin/tenants/" + string(f.create())
	hook := tenant + "/webhooks/" + f.send(call{method: "POST", path: tenant + "/webhooks",
		body: `{"url":"https://example.com/x"}`}, 201).json.(node)["id"].(string)
	const large = "9223372036854775807"
	f.send(call{method: "GET", path: hook + "/deliveries?cursor=" + large}, 200)
	f.send(call{method: "POST", path: hook + "/replay",
		body: `{"from":` + large + `,"to":` + large + `}`}, 202)
	f.send(call{method: "POST", path: tenant + "/dead-letters/retry",
		body: `{"messages":[` + large + `]}`}, 202)
	f.send(call{method: "POST", path: tenant + "/dead-letters/retry",
		body: `{"reason":"x","cursor":"` + large + `"}`}, 202)
	for _, one := range []string{"/contacts/", "/logs/", "/commands/", "/unanswered/", "/profile/versions/"} {
		f.send(call{method: "GET", path: tenant + one + large}, 404)
	}
	f.send(call{method: "GET", path: tenant + "/feed?after=" + large}, 200)
	// An id that is there and empty is no tenant, and not all of them.
	for _, of := range []string{"/feed", "/events", "/logs", ""} {
		f.send(call{method: "GET", path: "/admin/tenants/" + of}, 404)
	}
}
