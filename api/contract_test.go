package api

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/contract"
	"github.com/flowhq/flowhq/internal/testdb"
)

// described is openapi.yaml as all tests of this package share it.
var described = sync.OnceValue(func() *contract.Contract {
	c, err := contract.Load(openAPIText)
	if err != nil {
		panic(err)
	}
	return c
})

// breaches are differences between the API and openapi.yaml that no test was told of.
var breaches struct {
	mu  sync.Mutex
	all []error
}

// TestMain lives in another time zone than UTC, to see that answers do not. Every exchange of every
// test goes by way of the contract.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("EAT", 3*60*60)
	http.DefaultClient.Transport = contract.Transport{Contract: described(), OnlyOperations: true,
		Report: func(err error) {
			breaches.mu.Lock()
			defer breaches.mu.Unlock()
			breaches.all = append(breaches.all, err)
		}}
	testdb.Main(whole{m})
}

// whole tells, after all tests have run, what none of them has seen. That fails nothing: whoever
// adds an operation reads it, and either adds a test or a reason.
type whole struct{ *testing.M }

func (w whole) Run() int {
	code := w.M.Run()
	for _, err := range breaches.all {
		fmt.Fprintln(os.Stderr, "not as openapi.yaml says:", err)
		code = max(code, 1)
	}
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.list").Value.String() != "" {
		return code // some tests did not run
	}
	for _, a := range unseen() {
		fmt.Fprintln(os.Stderr, "described, but no test has seen it:", a)
	}
	return code
}

// rare are the described statuses that no test has to see of each operation, with the reason.
var rare = map[int]string{
	500: "only a fault gives it; TestFailures sees it of one operation, and all share handle",
	503: "a database that is away gives it; TestFailures sees it of one operation, and all share fail",
	408: "a body that stays away gives it; TestSlowBody sees it of one operation, and all share read",
	429: "the wrong passwords of many callers give it; TestGuessesAtOnce sees it, and all routes share authenticate",
}

// races are the described answers that only two requests at one moment give, or that are described
// by what another operation shares.
var races = []string{
	"GET /auth/me: 403", "POST /auth/link: 401", // shared with what is about others, and with the sign-in
	"PATCH /admin/tenants/{id}/profile: 409", "PUT /admin/tenants/{id}/profile: 409",
	"POST /admin/tenants/{id}/profile/import: 409",
	"POST /admin/tenants/{id}/profile/versions/{version}/restore: 409",
	"PATCH /admin/tenants/{id}/tickets/{number}: 409",
	"PATCH /admin/tenants/{id}/users/{account}: 409", "PATCH /admin/tenants/{id}: 409",
	"POST /admin/keys: 409", "POST /admin/tenants/{id}/keys: 409",
	"POST /admin/operators/{account}/link: 409", "POST /admin/tenants/{id}/users/{account}/link: 409",
	"POST /admin/setup-requests/{request}/review: 409", "POST /auth/link: 409", "POST /auth/sign-in: 409",
}

// TestRest sees the answers that no other test has a reason to see.
func TestRest(t *testing.T) {
	f := setup(t)
	id := f.create()
	tenant := "/admin/tenants/" + string(id)
	key := f.send(call{method: "POST", path: tenant + "/keys",
		body: `{"name":"k","scopes":["read"]}`}, 201).Header.Get("Location")
	f.send(call{method: "DELETE", path: key}, 200)
	operator := f.send(call{method: "POST", path: "/admin/operators",
		body: `{"email":"z@example.com","name":"Z","role":"VIEWER"}`}, 201).Header.Get("Location")
	f.send(call{method: "POST", path: operator + "/link"}, 200)
	f.send(call{method: "POST", path: "/admin/operators",
		body: `{"email":"z@example.com","name":"Another","role":"VIEWER"}`}, 409)
	f.send(call{method: "POST", path: tenant + "/users",
		body: `{"email":"z@example.com","name":"Another","role":"STAFF"}`}, 409)
	program := f.keyOf(id, flowhq.ScopeSend)
	program.Set(keyHeader, "one")
	f.send(call{method: "POST", path: "/portal/messages", header: program,
		body: `{"number":"+255711000009","text":"Karibu"}`}, 202)
	f.send(call{method: "POST", path: "/portal/messages", header: program,
		body: `{"number":"+255711000009","text":"Another"}`}, 409)
	wanted, err := json.Marshal(f.spec.at(f.spec.operation("POST", namedPath+"/setup-requests"),
		"requestBody", "content", "application/json")["example"])
	if err != nil {
		t.Fatal(err)
	}
	made := f.send(call{method: "POST", path: tenant + "/setup-requests", body: string(wanted)}, 201)
	f.send(call{method: "POST", path: "/admin/setup-requests/" + made.json.(node)["id"].(string) +
		"/reject", body: `{"reason":"The number is another one's."}`}, 200)
	// A key of the portal's request is that of one request alone.
	portal := f.portalAs(f.create(), flowhq.RoleOwner)
	portal.Set(keyHeader, "one")
	for i, status := range []int{201, 409} {
		f.send(call{method: "POST", path: "/portal/setup-request", header: portal, body: fmt.Sprintf(
			`{"businessName":"Duka %d","templateType":"BOOKING","whatsappNumber":"+255711000010",`+
				`"language":"SW"}`, i)}, status)
	}
}

// unseen returns the described answers that no test has had. An operation under /portal/tenant is
// the one under /admin/tenants/{id}, by the same handler.
func unseen() (all []contract.Answer) {
	named := func(a contract.Answer) contract.Answer {
		if rest, ok := strings.CutPrefix(a.Path, ownPath); ok && !strings.HasPrefix(rest, "/current") {
			a.Path = "/admin/tenants/{id}" + rest
		}
		return a
	}
	seen := map[contract.Answer]bool{}
	for a := range described().Seen() {
		seen[named(a)] = true
	}
	for _, a := range described().Answers() {
		// The description of a list is shared with that of a tenant, which may not be there.
		list := a.Status == http.StatusNotFound && !strings.Contains(a.Path, "{") &&
			!strings.HasPrefix(a.Path, ownPath)
		if !list && !slices.Contains(races, named(a).String()) && !seen[named(a)] &&
			rare[a.Status] == "" && !slices.Contains(all, named(a)) {
			all = append(all, named(a))
		}
	}
	return all
}

// refusals are the requests that are wrong in a way that each route knows, by the status of the
// answer.
func refusals(r gin.RouteInfo, path string) map[int]call {
	large := strings.Repeat(" ", maxBody+1)
	switch {
	case strings.HasPrefix(r.Path, codecPath):
		large = strings.Repeat(" ", maxPayloads+1)
	case strings.Contains(r.Path, "/profile"), strings.HasSuffix(r.Path, "/preview"):
		large = strings.Repeat(" ", flowhq.MaxProfileBytes+maxPreviewed*maxPreviewText+1)
	}
	if strings.HasSuffix(r.Path, "/media") {
		large = strings.Repeat(" ", flowhq.MaxMediaBytes+1)
	}
	text := http.Header{"Content-Type": {"text/plain"}}
	return map[int]call{
		http.StatusBadRequest:            {path: path + "?nosuch=1", body: "{}"},
		http.StatusUnauthorized:          {path: path, header: anonymous},
		http.StatusForbidden:             {path: path, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}},
		http.StatusNotFound:              {path: path, body: "{}"},
		http.StatusRequestEntityTooLarge: {path: path, body: large},
		http.StatusUnsupportedMediaType:  {path: path, body: "{}", header: text},
	}
}

// merged returns the headers of both; those of b win.
func merged(a, b http.Header) http.Header {
	all := a.Clone()
	maps.Copy(all, b)
	return all
}

// TestEachRouteRefuses sends to each route what it has to refuse. It is answered with the status
// that openapi.yaml has for that, if it has it, and never with success.
func TestEachRouteRefuses(t *testing.T) {
	f := setup(t)
	id := f.create()
	owner, program := f.portalAs(id, flowhq.RoleOwner), f.keyOf(id, flowhq.ScopeSend)
	things := strings.NewReplacer(":id", string(id), ":account", never, ":key", never, ":request",
		never, ":bulk", never, ":webhook", never, ":file", "page.js", ":number", "K1",
		":message", "999", ":command", "999", ":version", "999", ":followup", "999", ":handover",
		"999", ":question", "999", ":contact", "999", ":media", "999", ":worker", "nobody")
	for _, r := range f.api.engine.Routes() {
		// Those under the own path are those of a named tenant, but for the portal's own.
		twin := strings.HasPrefix(r.Path, ownPath) && !strings.HasPrefix(r.Path, ownPath+"/current")
		if r.Method == http.MethodHead || twin {
			continue
		}
		for status, c := range refusals(r, things.Replace(r.Path)) {
			path := colon.ReplaceAllString(r.Path, "{$1}")
			responses, _ := described().Operation(r.Method, path)["responses"].(map[string]any)
			if responses[strconv.Itoa(status)] == nil {
				continue
			}
			if status == http.StatusNotFound && strings.HasPrefix(r.Path, namedPath) {
				c.path = strings.Replace(c.path, string(id), never, 1)
			}
			if status == http.StatusNotFound && !strings.Contains(r.Path, ":") {
				continue
			}
			if r.Method == http.MethodGet {
				c.body = ""
				if status == http.StatusForbidden || status >= http.StatusRequestEntityTooLarge {
					continue // a page of another site may follow a link here; TestWhoMayAskWhat sees 403
				}
			}
			if status == http.StatusUnauthorized && slices.Contains(publicRoutes, r.Method+" "+r.Path) {
				continue // only a wrong password gives it there
			}
			if strings.HasPrefix(r.Path, portalPath) && status != http.StatusUnauthorized {
				asker := owner
				if r.Path == "/portal/messages" { // which programs ask, and not the portal
					asker = program
				}
				c.header = merged(asker, c.header)
			}
			if status == http.StatusNotFound && r.Path == "/docs/:file" {
				c.path = "/docs/nosuch"
			}
			if strings.HasSuffix(r.Path, "/import") && c.header == nil {
				c.header = http.Header{"Content-Type": {"text/csv"}}
			}
			if strings.HasSuffix(r.Path, "/media") && c.header["Content-Type"] == nil {
				bytes := http.Header{"Content-Type": {"application/octet-stream"}}
				c.header = merged(bytes, c.header)
			}
			c.method = r.Method
			a := f.exchange(c)
			// What a route finds first is its own matter: a body that is missing, or a thing that
			// is.
			wanted := a.StatusCode == status || status == http.StatusNotFound &&
				a.StatusCode < 500 && a.StatusCode >= 400
			if !wanted && status == http.StatusUnsupportedMediaType {
				wanted = a.StatusCode == http.StatusNotFound
			}
			if !wanted && responses["200"] == nil && responses["201"] == nil {
				wanted = a.StatusCode >= 400 && a.StatusCode < 500
			}
			if !wanted {
				t.Errorf("%s %s, to get %d: %d %.300s", c.method, c.path, status, a.StatusCode, a.body)
			}
		}
	}
}

// TestExamplesAreTaken sends each example of a request. It is valid, and the handler finds nothing
// wrong in it, though it may not find what it is about.
func TestExamplesAreTaken(t *testing.T) {
	f := setup(t)
	sent := 0
	for _, r := range f.api.engine.Routes() {
		if strings.HasPrefix(r.Path, ownPath) {
			continue
		}
		body := f.spec.at(f.spec.operation(r.Method, r.Path), "requestBody", "content")
		for media := range body {
			example, ok := f.spec.at(body, media)["example"]
			if !ok {
				continue
			}
			text, ok := example.(string)
			if !ok {
				b, err := json.Marshal(example)
				if err != nil {
					t.Fatal(err)
				}
				text = string(b)
			}
			id := string(f.create())
			path := strings.Replace(r.Path, ":id", id, 1)
			if strings.HasSuffix(path, "/bookings") { // of what the profile's example offers
				offers, err := json.Marshal(f.spec.at(f.spec.operation("PUT", namedPath+"/profile"),
					"requestBody", "content", "application/json")["example"])
				if err != nil {
					t.Fatal(err)
				}
				f.send(call{method: "PUT", path: "/admin/tenants/" + id + "/profile",
					body: string(offers)}, 200)
			}
			if strings.HasSuffix(path, "/import") {
				path += "?list=products"
			}
			for _, thing := range []string{":number", ":contact", ":question", ":handover"} {
				path = strings.Replace(path, thing, "999", 1)
			}
			for _, thing := range []string{":account", ":request", ":webhook"} {
				path = strings.Replace(path, thing, never, 1)
			}
			c := call{method: r.Method, path: path, body: text, header: http.Header{"Content-Type": {media}}}
			switch {
			case path == portalPath+"/messages":
				c.header = merged(f.keyOf(flowhq.TenantID(id), flowhq.ScopeSend), c.header)
			case strings.HasPrefix(path, portalPath):
				c.header = merged(f.portalAs(flowhq.TenantID(id), flowhq.RoleOwner), c.header)
			}
			request, err := http.NewRequestWithContext(t.Context(), c.method, f.url+path,
				strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", media)
			if err := described().CheckRequest(request, []byte(text)); err != nil {
				t.Errorf("the example of %s %s is not valid: %v", r.Method, r.Path, err)
			}
			a := f.exchange(c)
			missing := slices.Contains([]int{http.StatusNotFound, http.StatusUnauthorized,
				http.StatusConflict}, a.StatusCode)
			taken := a.StatusCode < http.StatusMultipleChoices
			if !taken && !(missing && (strings.Count(r.Path, ":") > 1 ||
				strings.HasPrefix(r.Path, "/auth/") || strings.HasSuffix(r.Path, "/bookings") ||
				strings.HasSuffix(r.Path, "/messages") || strings.Contains(r.Path, ":account") ||
				strings.Contains(r.Path, ":request"))) {
				t.Errorf("the example of %s %s: %d %s", r.Method, r.Path, a.StatusCode, a.body)
			}
			sent++
		}
	}
	if sent < 20 {
		t.Errorf("%d examples were sent; openapi.yaml has more", sent)
	}
}
