package e2e

import (
	"bufio"
	"flag"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/testdb"
)

var openPages = flag.Int("pages", 500, "open pages of BenchmarkOpenPages")

// BenchmarkOpenPages opens the start page of many owners to one API process, and measures how long a
// change takes until it is on all of them: each page hears of it by its stream, and then asks for the
// part that it is about, as the script of the pages does. The clients share the machine. All pages
// are of one business here, which is the worst case: as a rule an event is for a few pages.
func BenchmarkOpenPages(b *testing.B) {
	s := newStand(b)
	// A business that somebody has started has a start page; without a worker nothing else happens.
	shop := s.business(barbers)
	shop.command(flowhq.Start)
	db := testdb.OpenStore(b, s.dbURL)
	owner := s.visitor()
	joined := owner.see("/join", url.Values{
		"token": {s.invite(shop, "owner@example.com")}, "password": {"a long enough password"},
	})
	if joined.status != http.StatusOK {
		b.Fatalf("join: %d %s", joined.status, joined.html)
	}
	owner.http.Transport = &http.Transport{MaxConnsPerHost: 0, MaxIdleConnsPerHost: *openPages}
	api := s.apiProc.cmd.Process.Pid
	for range b.N {
		before := memory(b, api)
		pages := make([]*openPage, *openPages)
		for i := range pages {
			pages[i] = owner.open(b)
		}
		b.ReportMetric(float64(memory(b, api)-before)/float64(*openPages), "KiB/page")
		spent, began := cpuSeconds(b, api), time.Now()
		if err := db.AddEvent(b.Context(), flowhq.Event{
			Tenant: shop.id, Type: flowhq.EventSessionLinked, Actor: "bench", Reason: "changed",
		}); err != nil {
			b.Fatal(err)
		}
		var all sync.WaitGroup
		for _, p := range pages {
			all.Go(func() { owner.catchUp(b, p) })
		}
		all.Wait()
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms-until-all-show-it")
		b.ReportMetric(1000*(cpuSeconds(b, api)-spent)/float64(*openPages), "cpu-ms/page")
		for _, p := range pages {
			_ = p.feed.Close()
		}
	}
}

// An openPage is a page that listens.
type openPage struct{ feed io.ReadCloser }

// open opens a page's stream, after what has happened so far.
func (v *visitor) open(b *testing.B) *openPage {
	b.Helper()
	path := v.base + "/portal/tenant/feed?type=" + string(flowhq.EventSessionLinked)
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err := v.http.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		b.Fatal(res.Status)
	}
	b.Cleanup(func() { _ = res.Body.Close() })
	return &openPage{res.Body}
}

// catchUp waits for an event, and then asks for the part of the page as the script does.
func (v *visitor) catchUp(b *testing.B, p *openPage) {
	lines := bufio.NewScanner(p.feed)
	for lines.Scan() && !strings.Contains(lines.Text(), string(flowhq.EventSessionLinked)) {
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, v.base+"/app?part=live", nil)
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Hx-Request", "true")
	res, err := v.http.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer res.Body.Close()
	html, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(html), "live") {
		b.Errorf("%s, %v: %.200s", res.Status, err, html)
	}
}
