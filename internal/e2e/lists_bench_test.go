package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/loadtest"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

var (
	listTenants  = flag.Int("list-tenants", 1000, "tenants of BenchmarkLists")
	listMessages = flag.Int("list-messages", 1_000_000, "messages of BenchmarkLists")
	listFor      = flag.Duration("list-for", time.Minute, "how long each part of BenchmarkLists asks")
	listRate     = flag.Int("list-rate", 200, "requests a second of BenchmarkLists")
)

const (
	// writesPerSecond are messages that come in and are answered while lists are read.
	writesPerSecond = 50
	// askedTenants are how many tenants are asked for, of which the first are large.
	askedTenants = 40
)

// A listing is a request of BenchmarkLists: of an operator, a tenant's own program, or the portal.
type listing struct {
	name   string // by which its times are reported
	path   string
	own    string // secret of the tenant's key; "": an operator asks
	portal string // address of the user for whom the portal asks
	// page is whether it is asked for as a browser asks for a page, by an operator or by owner.
	page  bool
	owner *visitor
}

// portalsKey is that of the portal which asks in BenchmarkLists.
const portalsKey = "a-portal-of-the-benchmark-of-lists"

// times are how long the requests of each listing took, and what they cost all together.
type times struct {
	took          map[string][]time.Duration
	requests      int
	api, postgres float64 // seconds of processors
}

// BenchmarkLists measures how soon lists, logs and events are answered with many tenants and
// messages, while requests come at a fixed rate, whether or not those before are answered: times
// count from when a request was due. It asks for first pages and deep ones, with filters, as
// operators and as tenants, and for pages as operators and as owners; then once more while messages
// are written. The client shares the machine. On a machine that is busy with other programs the
// seconds of processors still tell what a request costs.
func BenchmarkLists(b *testing.B) {
	s := newStand(b, "PORTAL_INTERNAL_KEY="+portalsKey)
	began := time.Now()
	seeded, err := loadtest.Seed(b.Context(), s.dbURL, loadtest.Size{
		Tenants: *listTenants, Messages: *listMessages, Facts: 5,
	})
	if err != nil {
		b.Fatal(err)
	}
	// At once, and not with the log at the end: whoever waits for a quiet machine begins here.
	fmt.Fprintf(os.Stderr, "%d tenants and %d messages written in %v\n",
		*listTenants, *listMessages, time.Since(began).Round(time.Second))
	asks := s.asks(seeded)
	rows := s.rows(asks)
	s.load(asks, 10*time.Second) // caches, connections and plans
	b.ResetTimer()
	for range b.N {
		s.report(b, "reads", rows, s.load(asks, *listFor))
		ctx, stop := context.WithCancel(b.Context())
		var writing sync.WaitGroup
		writing.Go(func() { s.writeMessages(ctx, seeded.Tenants) })
		s.report(b, "beside-writes", rows, s.load(asks, *listFor))
		stop()
		writing.Wait()
	}
}

// lists are the lists of a tenant with filters, and those of the installation.
var (
	tenantLists = []string{
		"logs", "logs?status=FAILED", "logs?status=READ", "logs?status=ANSWERED",
		"logs?text=kunyoa", "logs?text=xyzzy", "logs?direction=OUT", "logs?from={now}",
		"dead-letters", "events", "commands",
		"chats", "chats?text=amina", "chats?handed_over=true",
		"contacts", "contacts?text=amina", "contacts?text=xyzzy", "contacts?muted=true",
		"contacts?handed_over=true", "contacts?left_alone=true",
		"bookings", "bookings?status=CONFIRMED", "bookings?status=LAPSED", "bookings?text=xyzzy",
		"bookings?from={now}&to={later}", "orders", "orders?status=OPEN", "orders?text=unga",
		"tickets", "tickets?status=OPEN", "handovers", "handovers?status=OPEN",
		"unanswered", "unanswered?status=OPEN", "unanswered?text=street",
		"follow-ups", "follow-ups?status=PENDING", "profile/versions", "setup-requests",
		"feed", "feed?after=1", "feed?after=1&type=MESSAGE_DELIVERED", "webhooks", "keys", "users",
		"profile", "profile/missing",
		"logs/{message}", "contacts/{contact}", "logs?contact={contact}",
		"webhooks/{webhook}/deliveries", "webhooks/{webhook}/deliveries?status=SET_ASIDE",
	}
	installationLists = []string{
		"/admin/tenants", "/admin/tenants?search=amina", "/admin/tenants?search=xyzzy",
		"/admin/tenants?status=ACTIVE", "/admin/tenants?session=DISCONNECTED",
		"/admin/setup-requests", "/admin/setup-requests?status=SUBMITTED", "/admin/bulk",
		"/admin/dead-letters", "/admin/workers", "/admin/fleet", "/admin/keys", "/admin/operators",
		"/admin/events", "/admin/events?after=1", "/auth/me",
		"/admin/audit", "/admin/audit?action=TENANT_CREATED", "/admin/audit?principal=xyzzy",
		"/admin/traffic", "/admin/tenants?attention=true", "/readyz", "/metrics",
	}
)

// Pages of a tenant that operators and owners have alike, and those of the installation. Each makes
// several requests of the API.
var (
	tenantPages = []string{
		"chats", "chats?search=amina", "chats/{contact}", "records?kind=bookings",
		"records?kind=orders&all=1", "bot",
	}
	installationPages = []string{
		"/admin", "/admin/tenants", "/admin/tenants?search=amina", "/admin/tenants?attention=true",
		"/admin/tenants?sort=messages&order=desc",
		"/admin/workers", "/admin/setup-requests", "/admin/dead-letters", "/admin/audit",
	}
)

// pages makes the requests for pages of a tenant. The first tenants are large, and their owners have
// theirs open as well.
func (s *stand) pages(id flowhq.TenantID, ids *strings.Replacer, isLarge bool) (all []listing) {
	s.t.Helper()
	admin := "/admin/tenants/" + string(id)
	for _, page := range append([]string{"logs", "timeline", "settings"}, tenantPages...) {
		if path := ids.Replace(page); !strings.Contains(path, "{}") {
			all = append(all, listing{name: "page: " + page, path: admin + "/" + path, page: true})
		}
	}
	if !isLarge {
		return all
	}
	owner := s.visitor()
	joined := owner.see("/join", url.Values{
		"token":    {s.invite(&business{s: s, id: id}, "owner@"+string(id)+".example")},
		"password": {"a long enough password"},
	})
	if joined.status != http.StatusOK {
		s.t.Fatalf("join: %d %s", joined.status, joined.html)
	}
	for _, page := range append([]string{"", "help"}, tenantPages...) {
		if path := ids.Replace(page); !strings.Contains(path, "{}") {
			all = append(all, listing{
				name: "page: /app/" + page, path: strings.TrimSuffix("/app/"+path, "/"), page: true,
				owner: owner,
			})
		}
	}
	return all
}

// needsMore reports whether a list of a tenant is closed to a key that may only read.
func needsMore(list string) bool {
	return list == "users" || list == "keys" || strings.HasPrefix(list, "webhooks")
}

// asks makes the requests, to be drawn from at random.
func (s *stand) asks(seeded loadtest.Seeded) (all []listing) {
	s.t.Helper()
	times := strings.NewReplacer("{now}", url.QueryEscape(time.Now().UTC().Format(time.RFC3339)),
		"{later}", url.QueryEscape(time.Now().AddDate(0, 0, 7).UTC().Format(time.RFC3339)))
	// Half of the tenants are large, as those who ask mostly are.
	large := min(askedTenants/2, max(1, *listTenants/100))
	tenants := slices.Concat(seeded.Tenants[:large], seeded.Tenants[len(seeded.Tenants)-askedTenants/2:])
	for i, id := range tenants {
		var key struct{ Secret string }
		s.must(s.call("POST", "/admin/tenants/"+string(id)+"/keys",
			map[string]any{"name": "bench", "scopes": []string{"read"}}, &key))
		ids := s.newest(id)
		if i < large { // the first tenants' users are known by the number of the tenant
			user := fmt.Sprintf("user2@business%d.example", i+1)
			for _, what := range []string{"logs", "status"} {
				all = append(all, listing{
					name: "portal: " + what, path: "/portal/tenant/current/" + what, portal: user,
				})
			}
		}
		all = append(all, s.pages(id, ids, i < large)...)
		for _, list := range tenantLists {
			name, path := list, ids.Replace(times.Replace(list))
			if strings.Contains(path, "{}") {
				continue // it has none
			}
			admin := "/admin/tenants/" + string(id)
			ask := func(name, path string) {
				all = append(all, listing{name: name, path: path})
				if !needsMore(list) {
					all = append(all, listing{name: name, own: key.Secret,
						path: strings.Replace(path, admin, "/portal/tenant", 1)})
				}
			}
			ask(name, admin+"/"+path)
			if next := s.deep(admin + "/" + path); next != "" {
				ask(name+" deep", next)
			}
		}
	}
	for _, path := range installationLists {
		for range askedTenants / 4 { // or they would be drawn too rarely to tell
			all = append(all, listing{name: path, path: path})
		}
	}
	for _, path := range installationPages {
		for range askedTenants / 4 {
			all = append(all, listing{name: "page: " + path, path: path, page: true})
		}
	}
	return all
}

// newest puts the ids of what a tenant has into paths; {} for what it has not.
func (s *stand) newest(id flowhq.TenantID) *strings.Replacer {
	s.t.Helper()
	var pairs []string
	for what, list := range map[string]string{
		"message": "logs", "contact": "contacts", "webhook": "webhooks",
	} {
		var page map[string]json.RawMessage
		s.must(s.call("GET", "/admin/tenants/"+string(id)+"/"+list, nil, &page))
		var things []struct{ ID json.RawMessage }
		for _, raw := range page {
			if strings.HasPrefix(string(raw), "[{") {
				s.must(0, json.Unmarshal(raw, &things))
			}
		}
		value := "{}"
		if len(things) > 0 {
			value = strings.Trim(string(things[0].ID), `"`)
		}
		pairs = append(pairs, "{"+what+"}", value)
	}
	return strings.NewReplacer(pairs...)
}

// rows asks once for each name, of the largest tenant, and returns how many rows the answer has.
func (s *stand) rows(asks []listing) map[string]int {
	s.t.Helper()
	all := map[string]int{}
	for _, a := range asks {
		if _, known := all[a.name]; known {
			continue
		}
		all[a.name] = 0
		body, err := s.list(http.DefaultClient, a)
		if err != nil {
			s.t.Fatal(err)
		}
		var page map[string]json.RawMessage
		_ = json.Unmarshal(body, &page) // metrics are no JSON
		for _, raw := range page {
			var things []json.RawMessage
			if json.Unmarshal(raw, &things) == nil {
				all[a.name] = max(all[a.name], len(things))
			}
		}
	}
	return all
}

// deep returns the path of a page after the first thousand rows, "" if there is none.
func (s *stand) deep(path string) string {
	s.t.Helper()
	with := "?"
	if strings.Contains(path, "?") {
		with = "&"
	}
	// The feed goes forwards, and has a next also at its end; its first page is as deep as any.
	if strings.Contains(path, "/feed") {
		return ""
	}
	var page struct{ Next string }
	if _, err := s.call("GET", path+with+"limit=1000", nil, &page); err != nil || page.Next == "" {
		return "" // this list has no pages
	}
	return path + with + "before=" + url.QueryEscape(page.Next)
}

// load asks at the rate, and returns how long each request took from when it was due.
func (s *stand) load(asks []listing, length time.Duration) times {
	s.t.Helper()
	var (
		mu  sync.Mutex
		t   = times{took: map[string][]time.Duration{}}
		all sync.WaitGroup
	)
	t.requests = int(length.Seconds() * float64(*listRate))
	postmaster := s.postmaster()
	spent := func() (api, postgres float64) {
		return cpuSeconds(s.t, s.apiProc.cmd.Process.Pid),
			cpuSeconds(s.t, append(children(postmaster), postmaster)...)
	}
	apiBefore, postgresBefore := spent()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: time.Minute}
	draw := rand.New(rand.NewPCG(1, 2))
	interval := time.Second / time.Duration(*listRate)
	began := time.Now()
	for i := range t.requests {
		due := began.Add(time.Duration(i) * interval)
		wait(s.t, time.Until(due))
		a := asks[draw.IntN(len(asks))]
		all.Go(func() {
			if _, err := s.list(client, a); err != nil {
				s.t.Error(err)
			}
			since := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			t.took[a.name] = append(t.took[a.name], since)
		})
	}
	all.Wait()
	api, postgres := spent()
	t.api, t.postgres = api-apiBefore, postgres-postgresBefore
	return t
}

// list makes one request and reads the answer.
func (s *stand) list(client *http.Client, a listing) ([]byte, error) {
	q, err := http.NewRequestWithContext(s.t.Context(), "GET", s.api+a.path, nil)
	if err != nil {
		return nil, err
	}
	switch q.SetBasicAuth("e2e", password); {
	case a.owner != nil:
		client, q.Header = &a.owner.http, http.Header{}
	case a.own != "":
		q.Header.Set("Authorization", "Bearer "+a.own)
	case a.portal != "":
		q.Header = http.Header{"X-Portal-Key": {portalsKey}, "X-User-Email": {a.portal}}
	}
	if a.page {
		q.Header.Set("Accept", "text/html")
	}
	res, err := client.Do(q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s, %v", a.path, res.Status, err)
	}
	return body, nil
}

// report reports the times of all requests together, and logs them by list, the slowest first.
func (s *stand) report(b *testing.B, part string, rows map[string]int, t times) {
	b.Helper()
	type line struct {
		name          string
		n             int
		p50, p99, max time.Duration
	}
	var all []time.Duration
	var lines []line
	for name, took := range t.took {
		slices.Sort(took)
		all = append(all, took...)
		n := len(took)
		lines = append(lines, line{name, n, took[n/2], took[n*99/100], took[n-1]})
	}
	slices.Sort(all)
	slices.SortFunc(lines, func(x, y line) int { return cmp.Compare(y.p99, x.p99) })
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(all[len(all)/2]), "ms-p50-"+part)
	b.ReportMetric(ms(all[len(all)*99/100]), "ms-p99-"+part)
	for _, kind := range []string{"page", "list"} {
		slowest := slices.IndexFunc(lines, func(l line) bool {
			return strings.HasPrefix(l.name, "page: ") == (kind == "page")
		})
		b.ReportMetric(ms(lines[slowest].p99), "ms-p99-slowest-"+kind+"-"+part)
	}
	b.ReportMetric(1000*t.api/float64(t.requests), "cpu-ms-api-"+part)
	b.ReportMetric(1000*t.postgres/float64(t.requests), "cpu-ms-postgres-"+part)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(table, "%s\t%d\t%d\t%.1f\t%.1f\t%.1f\n",
			l.name, l.n, rows[l.name], ms(l.p50), ms(l.p99), ms(l.max))
	}
	_ = table.Flush()
	// A benchmark's log has ten lines at most.
	fmt.Fprintf(os.Stderr, "%s: list, requests, rows of an answer; median, 99th percentile and "+
		"maximum in ms\n%s", part, text.String())
}

// writeMessages has messages come in and be answered, as workers do, until ctx ends.
func (s *stand) writeMessages(ctx context.Context, tenants []flowhq.TenantID) {
	db := testdb.OpenStore(s.t, s.dbURL)
	const epoch = 3                // of the hosts that Seed writes
	began := time.Now().UnixNano() // tells the messages of one part from another's
	tick := time.NewTicker(time.Second / writesPerSecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		tenant := tenants[i%len(tenants)]
		r, err := db.Receive(ctx, tenant, epoch, store.Inbound{
			LID: fmt.Sprintf("9%d@lid", i%5000), WAID: fmt.Sprintf("WRITTEN%d-%d", began, i),
			Kind: flowhq.KindText, Text: "Habari, mko wazi kesho?", SentAt: time.Now(),
		})
		if err == nil {
			_, _, err = db.Answer(ctx, tenant, epoch, r.ID, store.Outcome{
				Status: flowhq.Answered, State: []byte(`{}`),
				Reply: &store.Outbound{
					WAID: fmt.Sprintf("ANSWER%d-%d", began, i), Kind: flowhq.KindReply,
					Text: "Ndiyo, kuanzia saa mbili.",
				},
			})
		}
		if err != nil && ctx.Err() == nil {
			s.t.Error(err)
			return
		}
	}
}
