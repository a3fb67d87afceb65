package e2e

import (
	"bufio"
	"flag"
	"fmt"
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

// pagesEach is how many of them are of one business. The API has at most 50 streams of one.
const pagesEach = 25

// BenchmarkOpenPages opens the start pages of many owners to one API process, changes something of
// all their businesses at once, and measures how long it takes until every page shows it: each page
// hears of it by its stream, and then asks for the part that it is about, as the script of the
// pages does. The clients share the machine.
func BenchmarkOpenPages(b *testing.B) {
	s := newStand(b)
	db := testdb.OpenStore(b, s.dbURL)
	var shops []flowhq.TenantID
	var owners []*visitor
	for i := range *openPages / pagesEach {
		tenant := barbers
		tenant.Name, tenant.PhoneNumber = fmt.Sprint("shop ", i), fmt.Sprint("+2557120000", 10+i)
		// A business that somebody has started has a start page. There is no worker.
		shop := s.business(tenant)
		shop.command(flowhq.Start)
		owner := s.visitor()
		joined := owner.see("/join", url.Values{
			"token":    {s.invite(shop, fmt.Sprintf("owner%d@example.com", i))},
			"password": {"a long enough password"},
		})
		if joined.status != http.StatusOK {
			b.Fatalf("join: %d %s", joined.status, joined.html)
		}
		owner.http.Transport = &http.Transport{MaxIdleConnsPerHost: pagesEach}
		shops, owners = append(shops, shop.id), append(owners, owner)
	}
	api := s.apiProc.cmd.Process.Pid
	for range b.N {
		before := memory(b, api)
		pages := map[io.ReadCloser]*visitor{}
		for _, owner := range owners {
			for range pagesEach {
				pages[owner.open(b)] = owner
			}
		}
		b.ReportMetric(float64(memory(b, api)-before)/float64(len(pages)), "KiB/page")
		spent, began := cpuSeconds(b, api), time.Now()
		for _, shop := range shops {
			if err := db.AddEvent(b.Context(), flowhq.Event{
				Tenant: shop, Type: flowhq.EventSessionLinked, Actor: "bench", Reason: "changed",
			}); err != nil {
				b.Fatal(err)
			}
		}
		var all sync.WaitGroup
		for feed, owner := range pages {
			all.Go(func() { owner.catchUp(b, feed) })
		}
		all.Wait()
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms-until-all-show-it")
		b.ReportMetric(1000*(cpuSeconds(b, api)-spent)/float64(len(pages)), "cpu-ms/page")
		for feed := range pages {
			_ = feed.Close()
		}
	}
}

// open opens a page's stream, from now on.
func (v *visitor) open(b *testing.B) (feed io.ReadCloser) {
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
	return res.Body
}

// catchUp waits for an event, and then asks for the part of the page as the script does.
func (v *visitor) catchUp(b *testing.B, feed io.Reader) {
	lines := bufio.NewScanner(feed)
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
