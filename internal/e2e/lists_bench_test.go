package e2e

import (
	"cmp"
	"context"
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

// A listing is a request of BenchmarkLists: as an operator or as a tenant's own program.
type listing struct {
	name string // by which its times are reported
	path string
	own  string // secret of the tenant's key; "": an operator asks
}

// BenchmarkLists measures how soon lists, logs and events are answered with many tenants and messages,
// while requests come at a fixed rate, whether or not those before are answered: times count from when
// a request was due. It asks for first pages and deep ones, with filters, as operators and as
// tenants; then once more while messages are written. The client shares the machine.
func BenchmarkLists(b *testing.B) {
	s := newStand(b)
	began := time.Now()
	seeded, err := loadtest.Seed(b.Context(), s.dbURL, loadtest.Size{
		Tenants: *listTenants, Messages: *listMessages, Facts: 5,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("seeded in %v", time.Since(began).Round(time.Second))
	asks := s.asks(seeded)
	s.load(asks, 10*time.Second) // caches, connections and plans
	b.ResetTimer()
	for range b.N {
		s.report(b, "reads", s.load(asks, *listFor))
		ctx, stop := context.WithCancel(b.Context())
		var writing sync.WaitGroup
		writing.Go(func() { s.writeMessages(ctx, seeded.Tenants) })
		s.report(b, "beside-writes", s.load(asks, *listFor))
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
		"contacts", "contacts?text=amina", "contacts?text=xyzzy", "contacts?muted=true",
		"contacts?handed_over=true", "contacts?left_alone=true",
		"bookings", "bookings?status=CONFIRMED", "bookings?status=LAPSED", "bookings?text=xyzzy",
		"bookings?from={now}&to={later}", "orders", "orders?status=OPEN", "orders?text=unga",
		"tickets", "tickets?status=OPEN", "handovers", "handovers?status=OPEN",
		"unanswered", "unanswered?status=OPEN", "unanswered?text=street",
		"follow-ups", "follow-ups?status=PENDING", "profile/versions", "setup-requests",
	}
	installationLists = []string{
		"/admin/tenants", "/admin/tenants?search=amina", "/admin/tenants?search=xyzzy",
		"/admin/tenants?status=ACTIVE", "/admin/tenants?session=DISCONNECTED",
		"/admin/setup-requests", "/admin/setup-requests?status=SUBMITTED", "/admin/bulk",
		"/admin/dead-letters",
		"/admin/workers", "/admin/fleet", "/admin/keys", "/admin/operators", "/readyz", "/metrics",
	}
)

// asks makes the requests, to be drawn from at random.
func (s *stand) asks(seeded loadtest.Seeded) (all []listing) {
	s.t.Helper()
	times := strings.NewReplacer("{now}", url.QueryEscape(time.Now().UTC().Format(time.RFC3339)),
		"{later}", url.QueryEscape(time.Now().AddDate(0, 0, 7).UTC().Format(time.RFC3339)))
	// Half of the tenants are large, as those who ask mostly are.
	large := min(askedTenants/2, max(1, *listTenants/100))
	tenants := slices.Concat(seeded.Tenants[:large], seeded.Tenants[len(seeded.Tenants)-askedTenants/2:])
	for _, id := range tenants {
		var key struct{ Secret string }
		s.must(s.call("POST", "/admin/tenants/"+string(id)+"/keys",
			map[string]any{"name": "bench", "scopes": []string{"read"}}, &key))
		for _, list := range tenantLists {
			name, path := list, times.Replace(list)
			named, own := "/admin/tenants/"+string(id)+"/"+path, "/portal/tenant/"+path
			all = append(all, listing{name, named, ""}, listing{name, own, key.Secret})
			if next := s.deep(named); next != "" {
				all = append(all, listing{name + " deep", next, ""},
					listing{name + " deep",
						strings.Replace(next, "/admin/tenants/"+string(id), "/portal/tenant", 1), key.Secret})
			}
		}
	}
	for _, path := range installationLists {
		for range askedTenants / 4 { // or they would be drawn too rarely to tell
			all = append(all, listing{path, path, ""})
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
	var page struct{ Next string }
	if _, err := s.call("GET", path+with+"limit=1000", nil, &page); err != nil || page.Next == "" {
		return "" // this list has no pages
	}
	return path + with + "before=" + url.QueryEscape(page.Next)
}

// load asks at the rate, and returns how long each request took from when it was due.
func (s *stand) load(asks []listing, length time.Duration) map[string][]time.Duration {
	s.t.Helper()
	var (
		mu   sync.Mutex
		took = map[string][]time.Duration{}
		all  sync.WaitGroup
	)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: time.Minute}
	draw := rand.New(rand.NewPCG(1, 2))
	interval := time.Second / time.Duration(*listRate)
	began := time.Now()
	for i := range int(length / interval) {
		due := began.Add(time.Duration(i) * interval)
		wait(s.t, time.Until(due))
		a := asks[draw.IntN(len(asks))]
		all.Go(func() {
			if err := s.list(client, a); err != nil {
				s.t.Error(err)
			}
			since := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			took[a.name] = append(took[a.name], since)
		})
	}
	all.Wait()
	return took
}

// ask makes one request and reads the answer.
func (s *stand) list(client *http.Client, a listing) error {
	q, err := http.NewRequestWithContext(s.t.Context(), "GET", s.api+a.path, nil)
	if err != nil {
		return err
	}
	if q.SetBasicAuth("e2e", password); a.own != "" {
		q.Header.Set("Authorization", "Bearer "+a.own)
	}
	res, err := client.Do(q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s, %v", a.path, res.Status, err)
	}
	return nil
}

// report reports the times of all requests together, and logs them by list, the slowest first.
func (s *stand) report(b *testing.B, part string, took map[string][]time.Duration) {
	b.Helper()
	type line struct {
		name     string
		n        int
		p50, p99 time.Duration
	}
	var all []time.Duration
	var lines []line
	for name, t := range took {
		slices.Sort(t)
		all = append(all, t...)
		lines = append(lines, line{name, len(t), t[len(t)/2], t[len(t)*99/100]})
	}
	slices.Sort(all)
	slices.SortFunc(lines, func(x, y line) int { return cmp.Compare(y.p99, x.p99) })
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(all[len(all)/2]), "ms-p50-"+part)
	b.ReportMetric(ms(all[len(all)*99/100]), "ms-p99-"+part)
	b.ReportMetric(ms(lines[0].p99), "ms-p99-slowest-list-"+part)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(table, "%s\t%d\t%.1f\t%.1f\n", l.name, l.n, ms(l.p50), ms(l.p99))
	}
	_ = table.Flush()
	// A benchmark's log has ten lines at most.
	fmt.Fprintf(os.Stderr, "%s: list, requests, median and 99th percentile in ms\n%s", part, text.String())
}

// writeMessages has messages come in and be answered, as workers do, until ctx ends.
func (s *stand) writeMessages(ctx context.Context, tenants []flowhq.TenantID) {
	db := testdb.OpenStore(s.t, s.dbURL)
	const epoch = 3 // of the hosts that Seed writes
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
			LID: fmt.Sprintf("9%d@lid", i%5000), WAID: fmt.Sprintf("WRITTEN%d-%d", time.Now().UnixNano(), i),
			Kind: flowhq.KindText, Text: "Habari, mko wazi kesho?", SentAt: time.Now(),
		})
		if err == nil {
			_, _, err = db.Answer(ctx, tenant, epoch, r.ID, store.Outcome{
				Status: flowhq.Answered, State: []byte(`{}`),
				Reply: &store.Outbound{WAID: fmt.Sprintf("ANSWER%d-%d", time.Now().UnixNano(), i),
					Kind: flowhq.KindReply, Text: "Ndiyo, kuanzia saa mbili."},
			})
		}
		if err != nil && ctx.Err() == nil {
			s.t.Error(err)
			return
		}
	}
}
