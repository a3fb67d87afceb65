package api

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/codec"
	"github.com/flowhq/flowhq/internal/contract"
)

// Of TestGeneratedRequests; "task robustness" sets them.
var (
	generated     = flag.Int("n", 1500, "how many requests TestGeneratedRequests sends")
	generatedSeed = flag.Uint64("seed", 1, "what TestGeneratedRequests derives its requests from")
)

// Bounds of the process that both sends and answers, so of the API alone they are lower.
const (
	maxHeap = 512 << 20 // while requests run, in bytes
	senders = 8         // at once
)

// A tally is what came of the requests.
type tally struct {
	mu       sync.Mutex
	statuses map[int]int
	hostile  int
	wrong    []string
	peak     uint64
}

// TestGeneratedRequests sends requests that are made from openapi.yaml, a third of them hostile.
// None is answered with a fault, each answer is as described, what is stored stays readable, and no
// memory or goroutine is left.
func TestGeneratedRequests(t *testing.T) {
	sealing, err := codec.New([]codec.Key{{ID: "a", Secret: strings.Repeat("a", codec.KeyBytes)}})
	if err != nil {
		t.Fatal(err)
	}
	f := setup(t, func(o *Options) { o.Codec = sealing })
	owner := f.signedInAs("", flowhq.RoleOwner)
	tenants := []flowhq.TenantID{f.create(), f.create(), f.create()}
	user := f.signedInAs(tenants[0], flowhq.RoleOwner)
	askers := []http.Header{owner, user, f.signedInAs(tenants[0], flowhq.RoleStaff),
		f.signedInAs("", flowhq.RoleViewer), f.keyOf("", flowhq.ScopeRead),
		f.keyOf(tenants[0], flowhq.ScopeSend), anonymous}
	goroutines := runtime.NumGoroutine()
	got := &tally{statuses: map[int]int{}}
	client := &http.Client{
		Timeout: 30 * time.Second,
		Transport: contract.Transport{
			Contract: described(), Base: &http.Transport{MaxIdleConnsPerHost: senders},
			Report: func(err error) { got.fail("%v", err) },
		},
	}
	var left atomic.Int64
	left.Store(int64(*generated))
	var all sync.WaitGroup
	for i := range senders {
		g := newGenerator(*generatedSeed, uint64(i), f.spec)
		g.tenants, g.askers = tenants, askers
		all.Go(func() {
			for left.Add(-1) >= 0 {
				c, hostile := g.request()
				got.send(f, client, c, hostile)
			}
		})
	}
	all.Wait()
	client.CloseIdleConnections()
	f.stillReadable(tenants, owner)
	for _, w := range got.wrong[:min(len(got.wrong), 20)] {
		t.Error(w)
	}
	if n := len(got.wrong); n > 20 {
		t.Errorf("and %d more", n-20)
	}
	t.Logf("%d requests, %d hostile, seed %d: statuses %v, heap at most %d MiB", *generated,
		got.hostile, *generatedSeed, got.statuses, got.peak>>20)
	if got.peak > maxHeap {
		t.Errorf("the heap had %d MiB; want at most %d", got.peak>>20, maxHeap>>20)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	f.waitForGoroutines(goroutines + senders)
}

// fail notes what should not be.
func (a *tally) fail(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if text := fmt.Sprintf(format, args...); len(text) < 1500 {
		a.wrong = append(a.wrong, text)
	} else {
		a.wrong = append(a.wrong, text[:1500])
	}
}

// send sends one request and looks at the status.
func (a *tally) send(f *fixture, client *http.Client, c call, hostile bool) {
	q, err := http.NewRequestWithContext(f.Context(), c.method, f.url+c.path, strings.NewReader(c.body))
	if err != nil {
		return // no client can send it
	}
	maps.Copy(q.Header, c.header)
	p, err := client.Do(q)
	if err != nil {
		// A body that is refused for its size may still be on its way when the server hangs up.
		if len(c.body) < 1<<20 && !strings.Contains(err.Error(), "invalid header") {
			a.fail("%s %.200s: %v", c.method, c.path, err)
		}
		return
	}
	body, err := io.ReadAll(p.Body)
	err = errors.Join(err, p.Body.Close())
	var m runtime.MemStats
	a.mu.Lock()
	a.statuses[p.StatusCode]++
	if hostile {
		a.hostile++
	}
	count := 0
	for _, n := range a.statuses {
		count += n
	}
	a.mu.Unlock()
	if count%100 == 0 {
		runtime.ReadMemStats(&m)
		a.mu.Lock()
		a.peak = max(a.peak, m.HeapAlloc)
		if count%10_000 == 0 { // a long run says how far it is
			f.Logf("%d requests, %d hostile: statuses %v, heap at most %d MiB", count, a.hostile,
				a.statuses, a.peak>>20)
		}
		a.mu.Unlock()
	}
	// WhatsApp gives no code here, so a request for one may be 503.
	if p.StatusCode >= 500 && !strings.HasSuffix(q.URL.Path, "/pair-code") || err != nil {
		a.fail("%s %.300s with %.500q: %d %.300s %v", c.method, c.path, c.body, p.StatusCode, body, err)
	}
}

// stillReadable reads all that the requests have left of each tenant. A row of which a half was
// written, or that breaks a rule, is no answer that openapi.yaml describes.
func (f *fixture) stillReadable(tenants []flowhq.TenantID, owner http.Header) {
	f.Helper()
	for _, id := range tenants {
		for _, r := range f.api.engine.Routes() {
			rest, ok := strings.CutPrefix(r.Path, namedPath)
			if ok && r.Method == http.MethodGet && !strings.Contains(rest, ":") && rest != "/qr.png" {
				f.send(call{method: "GET", path: "/admin/tenants/" + string(id) + rest, header: owner}, 200)
			}
		}
		// What GET gives, PUT takes, and that changes nothing.
		path := "/admin/tenants/" + string(id) + "/profile"
		before := f.send(call{method: "GET", path: path, header: owner}, 200)
		f.send(call{method: "PUT", path: path, header: owner, body: string(before.body)}, 200)
		if after := f.send(call{method: "GET", path: path, header: owner},
			200); string(after.body) != string(before.body) {
			f.Errorf("the profile of %s is another one after it was sent back", id)
		}
	}
	var numbers []string
	for next := ""; ; {
		page := f.send(call{method: "GET", path: "/admin/tenants?limit=1000&cursor=" + next,
			header: owner}, 200).json.(node)
		for _, tenant := range page["tenants"].([]any) {
			numbers = append(numbers, tenant.(node)["phone_number"].(string))
		}
		if next = page["next"].(string); next == "" {
			break
		}
	}
	slices.Sort(numbers)
	if n := len(numbers); n != len(slices.Compact(numbers)) {
		f.Error("two tenants have one number")
	}
}

// waitForGoroutines fails the test if there are more than so many after a while.
func (f *fixture) waitForGoroutines(most int) {
	f.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > most {
		if time.Now().After(deadline) {
			buffer := make([]byte, 1<<16)
			f.Fatalf("%d goroutines; want at most %d:\n%s", runtime.NumGoroutine(), most,
				buffer[:runtime.Stack(buffer, true)])
		}
		<-tick.C
	}
}
