package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// raw sends a request as it stands and returns the answer, whose body nothing has unpacked.
func (f *fixture) raw(method, path string, header http.Header) *http.Response {
	f.Helper()
	q, err := http.NewRequestWithContext(f.Context(), method, f.url+path, nil)
	if err != nil {
		f.Fatal(err)
	}
	q.SetBasicAuth("anybody", password)
	for name, values := range header {
		q.Header[name] = values
	}
	plain := http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	p, err := plain.Do(q)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { p.Body.Close() })
	return p
}

// TestOptions asks each path what it takes, and sends it a method that it does not take.
func TestOptions(t *testing.T) {
	f := setup(t)
	takes := map[string][]string{}
	for _, r := range f.api.engine.Routes() {
		takes[r.Path] = append(takes[r.Path], r.Method)
	}
	for path, methods := range takes {
		asked := f.raw(http.MethodOptions, colon.ReplaceAllString(path, never), nil)
		refused := f.raw("TRACE", colon.ReplaceAllString(path, never), nil)
		if asked.StatusCode != http.StatusNoContent || refused.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: OPTIONS %d, TRACE %d; want 204 and 405", path, asked.StatusCode, refused.StatusCode)
		}
		want := append(methods, http.MethodOptions)
		for _, p := range []*http.Response{asked, refused} {
			got := strings.Split(p.Header.Get("Allow"), ", ")
			slices.Sort(got)
			slices.Sort(want)
			// Gin also names what another path of this form takes, such as /docs/:file beside
			// /docs.
			for _, m := range want {
				if !slices.Contains(got, m) {
					t.Errorf("%s: Allow is %v; want %v", path, got, want)
				}
			}
		}
	}
}

// TestGzip: large answers are compressed for who takes that, and those with secrets never are.
func TestGzip(t *testing.T) {
	f := setup(t)
	for _, tt := range []struct {
		path, accept string
		packed       bool
	}{
		{"/openapi.yaml", "gzip", true},
		{"/openapi.yaml", "br, GZIP;q=0.5", true},
		{"/openapi.yaml", "*", true},
		{"/openapi.yaml", "gzip;q=0", false},
		{"/openapi.yaml", "", false},
		{"/openapi.yaml", "gzip", true},
		{"/healthz", "gzip", false},
		{"/docs/viewer.js", "gzip", true},
		{"/docs/viewer.js", "", false},
		{"/docs/viewer.css", "", false},
	} {
		p := f.raw("GET", tt.path, http.Header{"Accept-Encoding": {tt.accept}})
		body, packed := io.Reader(p.Body), p.Header.Get("Content-Encoding") == "gzip"
		if packed != tt.packed || p.StatusCode != 200 {
			t.Errorf("GET %s for %q: %d, packed %t; want %t", tt.path, tt.accept, p.StatusCode,
				packed, tt.packed)
		}
		if packed {
			var err error
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		if b, err := io.ReadAll(body); err != nil || len(b) < 10 {
			t.Errorf("GET %s for %q: %d bytes, %v", tt.path, tt.accept, len(b), err)
		}
	}
}

// TestDocs: the page loads nothing but its own parts, and may not.
func TestDocs(t *testing.T) {
	f := setup(t)
	page := f.send(call{method: "GET", path: "/docs", header: anonymous}, 200)
	policy := page.Header.Get("Content-Security-Policy")
	if policy != pagePolicy || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Errorf("the page's policy is %q", policy)
	}
	for _, part := range []string{"/docs/viewer.css", "/docs/page.css", "/docs/viewer.js", "/docs/page.js"} {
		if !strings.Contains(string(page.body), `"`+part+`"`) {
			t.Errorf("the page does not load %s", part)
		}
		f.send(call{method: "GET", path: part, header: anonymous}, 200)
	}
	if strings.Contains(string(page.body), "//") {
		t.Errorf("the page names another host:\n%s", page.body)
	}
	for _, other := range []string{"viewer.js.gz", "LICENSE", "..", "index.html", "%2e%2e%2fopenapi.yaml"} {
		f.send(call{method: "GET", path: "/docs/" + other, header: anonymous}, 404)
	}
}

// TestSlowBody: a body that stays away is answered when the time of the request is over, and the
// connection is of no more use.
func TestSlowBody(t *testing.T) {
	f := setup(t)
	f.api.timeout = 2 * time.Second // long enough to create the tenant on a busy machine
	id := string(f.create())
	c, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "PATCH /admin/tenants/%s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"language\":", id, basic("", password)["Authorization"][0])
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	p, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(p.Body)
	if p.StatusCode != http.StatusRequestTimeout || !p.Close ||
		!strings.Contains(string(body), `"code":"request_timeout"`) {
		t.Errorf("%s, close %t: %s; want 408", p.Status, p.Close, body)
	}
}

// TestLocations: what was made is found where the answer says.
func TestLocations(t *testing.T) {
	f := setup(t)
	id := f.create()
	tenant, other := "/admin/tenants/"+string(id), string(f.create())
	user := f.signedInAs(id, "OWNER")
	for _, tt := range []struct {
		c    call
		want string
	}{
		{call{method: "POST", path: tenant + "/users",
			body: `{"email":"a@example.com","name":"A","role":"STAFF"}`}, tenant + "/users/"},
		{call{method: "POST", path: "/portal/tenant/users", header: user,
			body: `{"email":"b@example.com","name":"A","role":"STAFF"}`}, "/portal/tenant/users/"},
		{call{method: "POST", path: tenant + "/keys", body: `{"name":"k","scopes":["read"]}`},
			tenant + "/keys/"},
		{call{method: "POST", path: "/portal/tenant/keys", header: user,
			body: `{"name":"k","scopes":["read"]}`}, "/portal/tenant/keys/"},
		{call{method: "POST", path: "/admin/operators",
			body: `{"email":"c@example.com","name":"A","role":"VIEWER"}`}, "/admin/operators/"},
		{call{method: "POST", path: "/admin/keys", body: `{"name":"k","scopes":["read"]}`}, "/admin/keys/"},
	} {
		got := f.send(tt.c, 201).Header.Get("Location")
		made, ok := strings.CutPrefix(got, tt.want)
		if !ok || len(made) != 36 {
			t.Fatalf("POST %s: Location is %q; want %s…", tt.c.path, got, tt.want)
		}
		found := f.send(call{method: "GET", path: got, header: tt.c.header}, 200)
		f.contains(found.json, fmt.Sprintf(`{"id": %q}`, made))
		if strings.Contains(string(found.body), `"secret"`) {
			t.Errorf("GET %s: %s", got, found.body)
		}
		f.send(call{method: "GET", path: tt.want + never, header: tt.c.header}, 404)
		// What is a tenant's is found under no other tenant.
		if rest, of := strings.CutPrefix(got, tenant); of {
			f.send(call{method: "GET", path: "/admin/tenants/" + other + rest}, 404)
		}
	}
	// A path that names no tenant leads to another such path, and there is something there.
	program := f.keyOf(id, flowhq.ScopeSend)
	at := f.send(call{method: "POST", path: "/portal/messages", header: program,
		body: `{"number":"+255711000001","text":"hi"}`}, 202).Header.Get("Location")
	if !strings.HasPrefix(at, "/portal/tenant/logs/") {
		t.Errorf("POST /portal/messages: Location is %q", at)
	}
	f.send(call{method: "GET", path: at, header: user}, 200)
}

// TestEachListHasACursor: a list that may be long goes on, in the one way that all have.
func TestEachListHasACursor(t *testing.T) {
	f := setup(t)
	// These are bounded: what one account or profile has, an installation's operators, a tenant's
	// users, keys and webhooks, the workers that are alive, and stretches of a day.
	whole := []string{"/operators", "/users", "/keys", "/webhooks", "/workers", "/traffic", "/fleet",
		"/profile", "/missing", "/me"}
	for _, r := range f.api.engine.Routes() {
		last := r.Path[strings.LastIndex(r.Path, "/"):]
		parameters := f.spec.parameters("GET", r.Path, "query")
		if r.Method != http.MethodGet || strings.HasPrefix(last, "/:") || slices.Contains(whole, last) ||
			parameters["after"] != nil { // the feed goes forward
			continue
		}
		for name, p := range f.spec.at(f.spec.operation("GET", r.Path), "responses", "200", "content",
			"application/json", "schema", "properties") {
			property, _ := p.(node)
			if property = f.spec.resolve(property); property["type"] == "array" && (parameters["cursor"] == nil ||
				parameters["limit"] == nil) {
				t.Errorf("GET %s has %s, and no limit or cursor", r.Path, name)
			}
		}
	}
}

// TestMalformedHTTP: what no handler ever sees is answered in plain text, as openapi.yaml says, and
// the connection is of no more use.
func TestMalformedHTTP(t *testing.T) {
	f := setup(t)
	for _, tt := range []struct {
		request string
		status  int
	}{
		{"nonsense\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\n\r\n", 400}, // no Host
		{"GET / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n", 400},
		{"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505},
		{"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", 431},
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, tt.request) // the server may hang up before its end
		p, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%.30q: %v", tt.request, err)
			continue
		}
		p.Body.Close()
		if p.StatusCode != tt.status || !p.Close ||
			!strings.HasPrefix(p.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%.30q: %s, close %t, %s; want %d", tt.request, p.Status, p.Close,
				p.Header.Get("Content-Type"), tt.status)
		}
	}
}

// TestOpenRequests: no more requests are handled at a time than maxOpen, the others wait, and all
// are answered.
func TestOpenRequests(t *testing.T) {
	var open, most atomic.Int64
	leave := make(chan struct{})
	f := setup(t, func(o *Options) {
		o.Tenants = strange{Store: o.Tenants.(*store.Store),
			tenant: func(context.Context) (flowhq.Tenant, error) {
				defer open.Add(-1)
				for n := open.Add(1); ; {
					if before := most.Load(); n <= before || most.CompareAndSwap(before, n) {
						break
					}
				}
				<-leave
				return flowhq.Tenant{}, flowhq.Errorf(flowhq.NotFound, "nobody")
			}}
	})
	f.api.timeout = time.Minute
	statuses := make(chan int, maxOpen+50)
	for range cap(statuses) {
		go func() {
			q, err := http.NewRequest(http.MethodGet, f.url+"/admin/tenants/"+never, nil)
			if err != nil {
				statuses <- 0
				return
			}
			q.SetBasicAuth("x", password)
			p, err := http.DefaultClient.Do(q)
			if err != nil {
				statuses <- 0
				return
			}
			p.Body.Close()
			statuses <- p.StatusCode
		}()
	}
	eventually(t, "as many as may be are handled", func() bool { return open.Load() == maxOpen })
	// What needs nobody to be known is answered meanwhile.
	if s := status(f.url + "/healthz"); s != http.StatusOK {
		t.Errorf("GET /healthz = %d meanwhile", s)
	}
	close(leave)
	for range cap(statuses) {
		if s := <-statuses; s != http.StatusNotFound {
			t.Errorf("status %d; want 404", s)
		}
	}
	if n := most.Load(); n > maxOpen {
		t.Errorf("%d were handled at a time; want at most %d", n, maxOpen)
	}
}
