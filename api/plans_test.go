package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/loadtest"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// Bounds on what one statement of a GET may read. The tenant that is asked for has tens of
// thousands of rows in every table, so a statement that goes through them all is far above.
const (
	maxRowsRead = 12_000 // a page, what is joined to it, and a stretch that is searched
	maxBuffers  = 30_000
)

// planned is a tenant's part of a measured installation, and how to name what it has.
type planned struct {
	*fixture
	recorder *loadtest.Recorder
	meter    *loadtest.Meter
	big      flowhq.TenantID
	small    flowhq.TenantID
	owner    http.Header // of the big tenant's owner, who has signed in
	portal   http.Header // of their web portal
	ids      map[string]string
	measured map[string]bool // statements with their arguments, and whose rows they see
	bound    int             // how many of them are under row-level security
	now      time.Time       // or times in filters would make each of them another
}

// TestListsReadFewRows asks each GET, with each value of each of its filters, on the first page and
// on a deep one, and measures every statement that it runs. The routes are those of the router and
// the filters those of openapi.yaml, so a list that is new cannot be forgotten.
//
// A route of tenants is asked under both of its paths: what an owner asks runs under row-level
// security, which may change a plan.
func TestListsReadFewRows(t *testing.T) {
	t.Parallel()
	p := plannedInstallation(t)
	for _, r := range p.api.engine.Routes() {
		// A sign-in reads no list.
		if r.Method != http.MethodGet || strings.HasPrefix(r.Path, "/auth/openid") {
			continue
		}
		for _, query := range p.queries(r.Path) {
			p.measure(r.Path, query)
		}
	}
	if p.bound < len(p.measured)/4 {
		t.Errorf("%d of %d statements ran under row-level security", p.bound, len(p.measured))
	}
}

// plannedInstallation seeds a database with one tenant that is large.
func plannedInstallation(t *testing.T) *planned {
	t.Helper()
	dbURL := testdb.New(t)
	seeded, err := loadtest.Seed(t.Context(), dbURL, loadtest.Size{Tenants: 50, Messages: 60_000, Facts: 60})
	if err != nil {
		t.Fatal(err)
	}
	p := &planned{recorder: &loadtest.Recorder{}, measured: map[string]bool{}, now: time.Now(),
		big: seeded.Tenants[0], small: seeded.Tenants[1]}
	p.fixture = setupOn(t, testdb.OpenStoreAs(t, store.RoleAPI, dbURL, p.recorder))
	p.api.timeout = 2 * time.Minute // the files of 60,000 messages are long, and rows are counted here, not seconds
	if p.meter, err = loadtest.Connect(t.Context(), dbURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.meter.Close(t.Context()) })
	p.owner, p.portal = p.signedInAs(p.big, flowhq.RoleOwner), p.portalAs(p.big, flowhq.RoleOwner)
	// The seed has no keys and no media.
	p.keyOf(p.big, flowhq.ScopeRead)
	p.send(call{method: "POST", path: "/admin/tenants/" + string(p.big) + "/media", body: "%PDF-1.7",
		header: http.Header{"Content-Type": {"application/pdf"}}}, 201)
	const q = `select json_build_object('id', @tenant::uuid,
		'message', (select max(id) from flowhq.message_logs where tenant_id = @tenant),
		'bulk', (select min(id::text) from flowhq.bulks),
		'command', (select max(id) from flowhq.commands where tenant_id = @tenant),
		'contact', (select max(id) from flowhq.contacts where tenant_id = @tenant),
		'contact_number', (select max(number) from flowhq.contacts where tenant_id = @tenant),
		'media', (select max(id) from flowhq.media where tenant_id = @tenant),
		'handover', (select max(id) from flowhq.handovers where tenant_id = @tenant),
		'question', (select max(id) from flowhq.unanswered where tenant_id = @tenant),
		'request', (select min(id::text) from flowhq.setup_requests where tenant_id = @tenant),
		'account', (select min(id::text) from flowhq.accounts where tenant_id = @tenant),
		'key', (select min(id::text) from flowhq.api_keys where tenant_id = @tenant),
		'webhook', (select min(id::text) from flowhq.webhooks where tenant_id = @tenant),
		'bookings', 'B7', 'orders', 'K7', 'tickets', 'T7', 'version', 3)`
	raw, err := p.meter.Object(t.Context(), q, map[string]any{"tenant": p.big})
	if err != nil {
		t.Fatal(err)
	}
	p.ids = map[string]string{"file": "page.js"}
	for name, v := range raw {
		p.ids[name] = fmt.Sprint(v)
		if n, ok := v.(float64); ok {
			p.ids[name] = strconv.Itoa(int(n))
		}
	}
	return p
}

// fill puts ids of the tenant into a route's path.
func (p *planned) fill(route string) string {
	parts := strings.Split(route, "/")
	for i, part := range parts {
		name, ok := strings.CutPrefix(part, ":")
		if !ok {
			continue
		}
		if name == "number" {
			name = parts[i-1]
		}
		if p.ids[name] == "" {
			p.Fatalf("GET %s: say what %s is, for its plan to be measured", route, part)
		}
		parts[i] = p.ids[name]
	}
	return strings.Join(parts, "/")
}

// get asks a route, and returns the cursor of the next page.
func (p *planned) get(route string, query url.Values) (next string) {
	p.Helper()
	path := p.fill(route)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	c := call{method: "GET", path: path}
	switch {
	case strings.HasPrefix(route, ownPath) && !strings.HasPrefix(route, ownPath+"/current/"):
		c.header = p.owner
	case strings.HasPrefix(route, portalPath):
		c.header = p.portal
	}
	a := p.exchange(c)
	if a.StatusCode != http.StatusOK && a.StatusCode != http.StatusNotFound &&
		a.StatusCode != http.StatusForbidden {
		p.Errorf("GET %s: %d %.300s", path, a.StatusCode, a.body)
	}
	object, _ := a.json.(node)
	next, _ = object["next"].(string)
	return next
}

// queries are those of a route that are measured: its filters one by one, each on the first page
// and on a deep one.
func (p *planned) queries(route string) (all []url.Values) {
	p.Helper()
	parameters := p.spec.parameters("GET", route, "query")
	filters := []url.Values{{}}
	cursor := ""
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if name == "before" || name == "cursor" {
			cursor = name
			continue
		}
		for _, v := range p.values(route, name, p.spec.at(parameters[name], "schema")) {
			filters = append(filters, url.Values{name: {v}})
		}
	}
	deep := ""
	if cursor != "" {
		// The pages on the way are measured, too, by those of the filters.
		most := p.spec.at(parameters["limit"], "schema")["maximum"]
		query := url.Values{"limit": {fmt.Sprint(most)}}
		for range 5 {
			next := p.get(route, query)
			if next == "" {
				break
			}
			deep = next
			query.Set(cursor, next)
		}
	}
	for _, f := range filters {
		all = append(all, f)
		if deep != "" {
			paged := maps.Clone(f)
			paged.Set(cursor, deep)
			all = append(all, paged)
		}
	}
	return all
}

// values are what a filter is tried with.
func (p *planned) values(route, name string, schema node) (values []string) {
	p.Helper()
	if words, ok := schema["enum"].([]any); ok {
		for _, w := range words {
			if w != "" {
				values = append(values, w.(string))
			}
		}
		return values
	}
	if schema["type"] == "boolean" {
		return []string{"true", "false"}
	}
	ago := func(days int) string { return p.now.AddDate(0, 0, -days).UTC().Format(time.RFC3339) }
	known := map[string][]string{
		"limit":   {fmt.Sprint(schema["maximum"])},
		"contact": {p.ids["contact"], p.ids["contact_number"], "+255699999999"},
		// Words that all rows have, and that none has.
		"text": {"a", "xyzzy"}, "search": {"a", "xyzzy"},
		"number": {"B7", "K7"}, "reason": {"a reason for operators", "xyzzy"},
		"from": {ago(2), ago(250)}, "to": {ago(298), ago(100)},
		"worker":    {"worker@1", "xyzzy"},
		"action":    {string(flowhq.EventProfileChanged), string(flowhq.EventLoginFailed)},
		"principal": {"amina", "xyzzy"},
		"tenant":    {p.ids["id"]}, "after": {"1", "1000000000"},
		"type": {string(flowhq.EventMessageReceived), string(flowhq.EventOrderCreated),
			string(flowhq.EventCodeRead)},
	}
	if known[name] == nil {
		p.Errorf("GET %s: say with which values of %s its plan is measured", route, name)
	}
	return known[name]
}

// measure asks a route and measures the statements that it has run.
func (p *planned) measure(route string, query url.Values) {
	p.Helper()
	p.recorder.Take()
	p.get(route, query)
	// An export runs the same statement again and again; the first page and the next one tell.
	const most = 2
	runs := map[string]int{}
	for _, s := range p.recorder.Take() {
		args, err := json.Marshal(s.Args)
		if err != nil {
			p.Fatal(err)
		}
		runs[s.SQL]++
		same := s.SQL + string(args) + string(s.Bound)
		if runs[s.SQL] > most || p.measured[same] {
			continue
		}
		p.measured[same] = true
		if s.Bound != "" {
			p.bound++
		}
		cost, err := p.meter.Measure(p.Context(), s, p.small)
		if err != nil {
			p.Fatalf("GET %s?%s: %v in\n%s", route, query.Encode(), err, s.SQL)
		}
		if cost.Rows > maxRowsRead || cost.Buffers > maxBuffers {
			p.Errorf("GET %s?%s reads %d rows and %d buffers; want at most %d and %d. It is\n%s\n%.500s",
				route, query.Encode(), cost.Rows, cost.Buffers, maxRowsRead, maxBuffers, s.SQL, args)
		}
	}
}
