package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/contract"
	"github.com/flowhq/flowhq/internal/media"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/internal/webhook"
)

const password = "correct horse: battery" // with the colon that ends a user name

// A fixture is an API on a real database, and a caller who holds every answer
// against openapi.yaml.
type fixture struct {
	*testing.T
	api      *API
	store    *store.Store
	signals  *signals
	created  *atomic.Int64 // tenants, of which each has a number of its own
	bulks    *bulks
	temporal *pinger
	database *pinger
	log      *output
	spec     *spec
	url      string
}

// setup starts an API, after change has had its way with the options.
func setup(t *testing.T, change ...func(*Options)) *fixture {
	t.Helper()
	return setupOn(t, testdb.OpenStoreAs(t, store.RoleAPI, testdb.New(t)), change...)
}

// setupOn is setup on a database that was prepared.
func setupOn(t *testing.T, s *store.Store, change ...func(*Options)) *fixture {
	t.Helper()
	f := &fixture{T: t, store: s, signals: &signals{}, created: &atomic.Int64{}, bulks: &bulks{},
		temporal: &pinger{}, database: &pinger{}, log: &output{}, spec: loadSpec(t)}
	o := Options{
		Accounts: s, Keys: s, Setups: s, Webhooks: s,
		Media: s, Fetcher: media.NewFetcher(webhook.Guard{}),
		Tenants: s, Profiles: s, Facts: s, Contacts: s, Logs: s, FollowUps: s, Feed: s, Codes: s,
		Commands: s, Signals: f.signals, Bulks: f.bulks, BulkRecords: s, Fleet: s, Audit: s,
		Database: f.database, Temporal: f.temporal,
		Metrics: metrics.NewRegistry(), Password: password, PortalKey: portalsKey,
		Codec: reverser{},
		Log:   slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	var err error
	if f.api, err = New(o); err != nil {
		t.Fatal(err)
	}
	// Nearly all tests use the admin password, and few are about the event of that.
	f.api.logins.lately.First(access.Emergency("127.0.0.1").Actor(), time.Hour)
	server := httptest.NewServer(f.api)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// A call is what a test sends. Without a password header it gives the right
// password; a body goes as JSON unless the header says otherwise.
type call struct {
	method, path, body string
	header             http.Header
}

// An answer is what comes back, its body decoded if it is JSON.
type answer struct {
	*http.Response
	body []byte
	json any
}

// send sends r, wants the status, and checks the answer against openapi.yaml.
func (f *fixture) send(r call, status int) answer {
	f.Helper()
	a := f.exchange(r)
	if a.StatusCode != status {
		f.Fatalf("%s %s %.300s: %d %.2000s; want %d", r.method, r.path, r.body, a.StatusCode, a.body, status)
	}
	return a
}

func (f *fixture) exchange(r call) answer {
	f.Helper()
	q, err := http.NewRequestWithContext(f.Context(), r.method, f.url+r.path, strings.NewReader(r.body))
	if err != nil {
		f.Fatal(err)
	}
	q.SetBasicAuth("anybody", password)
	if r.body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for name, values := range r.header {
		q.Header[name] = values
	}
	client := http.Client{Transport: contract.Transport{Contract: described(),
		Report: func(err error) { f.Errorf("%v", err) }}}
	p, err := client.Do(q)
	if err != nil {
		f.Fatal(err)
	}
	defer p.Body.Close()
	a := answer{Response: p}
	if a.body, err = io.ReadAll(p.Body); err != nil {
		f.Fatal(err)
	}
	if strings.HasSuffix(p.Header.Get("Content-Type"), "json") && r.method != http.MethodHead {
		if err := json.Unmarshal(a.body, &a.json); err != nil {
			f.Fatalf("%s %s: %v in %q", r.method, r.path, err, a.body)
		}
	}
	f.check(r, a)
	return a
}

// check holds an answer against openapi.yaml. What is not in there can only be
// a problem.
func (f *fixture) check(r call, a answer) {
	f.Helper()
	path, query, _ := strings.Cut(r.path, "?")
	route := f.route(r.method, path)
	var bad []string
	if route == "" {
		bad = f.spec.check(f.spec.at(f.spec.root, "components", "schemas", "Problem"), a.json, "answer")
	} else {
		bad = f.spec.checkAnswer(r.method, route, a.Response, a.body)
	}
	if a.StatusCode < http.StatusBadRequest {
		sent, _ := url.ParseQuery(query)
		for name := range sent {
			if f.spec.parameters(r.method, route, "query")[name] == nil && name != passwordParameter {
				bad = append(bad, "parameter "+name+" was taken but is not described")
			}
		}
	}
	if id := a.Header.Get("X-Request-Id"); id == "" || a.StatusCode >= http.StatusBadRequest &&
		a.json != nil && a.json.(node)["request_id"] != id && a.json.(node)["checks"] == nil {
		bad = append(bad, fmt.Sprintf("X-Request-Id is %q", id))
	}
	for _, b := range bad {
		f.Errorf("%s %s: %d %s", r.method, r.path, a.StatusCode, b)
	}
}

// route returns Gin's route for a path, "" if there is none.
func (f *fixture) route(method, path string) string {
	for _, r := range f.api.engine.Routes() {
		want, got := strings.Split(r.Path, "/"), strings.Split(path, "/")
		same := r.Method == method && len(want) == len(got)
		for i := 0; same && i < len(want); i++ {
			same = want[i] == got[i] || strings.HasPrefix(want[i], ":")
		}
		if same {
			return r.Path
		}
	}
	return ""
}

// validTenant is a body that creates a tenant.
const validTenant = `{"name":"Blue Door","phone_number":"+255712345678","template_type":"BOOKING","business_name":"Blue Door Barbers","language":"SW"}`

// create returns a new tenant.
func (f *fixture) create() flowhq.TenantID {
	f.Helper()
	body := strings.Replace(validTenant, "255712345678", fmt.Sprintf("2557%08d", f.created.Add(1)), 1)
	a := f.send(call{method: "POST", path: "/admin/tenants", body: body}, http.StatusCreated)
	return flowhq.TenantID(a.json.(node)["id"].(string))
}

// contains fails unless each member of the object want, written in JSON, is in
// got with the same value.
func (f *fixture) contains(got any, want string) {
	f.Helper()
	f.compare(got, want, trim)
}

// compare fails unless got, cut down to what want mentions, is what want says in JSON.
func (f *fixture) compare(got any, want string, cut func(v, pattern any) any) {
	f.Helper()
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		f.Fatalf("%s: %v", want, err)
	}
	if diff := cmp.Diff(w, cut(got, w)); diff != "" {
		f.Errorf("answer (-want +got):\n%s", diff)
	}
}

// trim returns v without what the pattern does not mention.
func trim(v, pattern any) any {
	object, ok := v.(node)
	p, both := pattern.(node)
	if !ok || !both {
		return v
	}
	kept := node{}
	for name, of := range p {
		if member, ok := object[name]; ok {
			kept[name] = trim(member, of)
		}
	}
	return kept
}

// fields returns the names of the wrong fields that a problem lists.
func (a answer) fields() (names []string) {
	list, _ := a.json.(node)["errors"].([]any)
	for _, e := range list {
		names = append(names, e.(node)["field"].(string))
	}
	return names
}

// signals records whose workflow is told to look. Its ears are those of a Temporal that is
// up, unless err is set.
type signals struct {
	mu   sync.Mutex
	sent []flowhq.TenantID
	err  error
	slow time.Duration // until it answers with err
}

func (n *signals) Signal(_ context.Context, id flowhq.TenantID, _ string) error {
	if n.slow > 0 {
		<-time.After(n.slow)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err == nil {
		n.sent = append(n.sent, id)
	}
	return n.err
}

// pinger answers with a func, or nil.
type pinger struct{ ping func(context.Context) error }

func (p *pinger) Ping(ctx context.Context) error {
	if p.ping == nil {
		return nil
	}
	return p.ping(ctx)
}

// output is a buffer for several goroutines.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
