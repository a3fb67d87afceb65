package e2e

import (
	"bufio"
	"flag"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/testdb"
)

var (
	openStreams  = flag.Int("streams", 500, "streams of BenchmarkStreams")
	streamEvents = flag.Int("stream-events", 200, "events of BenchmarkStreams")
	streamRate   = flag.Int("stream-rate", 20, "events a second of BenchmarkStreams")
)

// BenchmarkStreams opens many streams of events to one API process, and measures what they take:
// memory, connections of the database, and how soon an event has come to the last of them after it
// was committed, of which up to 300 ms are the pause between two readings of the feed. The clients
// share the machine.
func BenchmarkStreams(b *testing.B) {
	s := newStand(b)
	tenant := s.business(barbers)
	db := testdb.OpenStore(b, s.dbURL)
	api := s.apiProc.cmd.Process.Pid
	const connections = `select count(*) from pg_stat_activity
		where application_name like 'flowhq%' and datname = current_database()`
	for range b.N {
		before, sessions := memory(b, api), s.scalar(connections)
		got := s.openStreams(b)
		b.ReportMetric(float64(memory(b, api)-before)/float64(*openStreams), "KiB/stream")

		spent := cpuSeconds(b, api)
		committed := map[string]time.Time{}
		for i := range *streamEvents {
			reason := "event-" + strconv.Itoa(i)
			if err := db.AddEvent(b.Context(), flowhq.Event{
				Tenant: tenant.id, Type: flowhq.EventCodeRead, Actor: "bench", Reason: reason,
			}); err != nil {
				b.Fatal(err)
			}
			committed[reason] = time.Now()
			wait(b, time.Second/time.Duration(*streamRate))
		}
		first, last := got.wait(b)
		b.ReportMetric(1000*(cpuSeconds(b, api)-spent)/float64(*streamEvents), "cpu-ms/event")
		b.ReportMetric(float64(memory(b, api)-before)/float64(*openStreams), "KiB/stream-in-use")
		b.ReportMetric(float64(s.scalar(connections)-sessions), "connections-more")
		for name, at := range map[string]map[string]time.Time{"first": first, "last": last} {
			var took []time.Duration
			for reason, then := range committed {
				took = append(took, at[reason].Sub(then))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-p50-to-the-"+name)
			b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-p99-to-the-"+name)
		}
	}
}

// arrivals are when events have come, over all streams.
type arrivals struct {
	mu          sync.Mutex
	first, last map[string]time.Time
	all         sync.WaitGroup // streams that have not had all events
}

// openStreams opens the streams, each of which is read until it has had all events.
func (s *stand) openStreams(b *testing.B) *arrivals {
	got := &arrivals{first: map[string]time.Time{}, last: map[string]time.Time{}}
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 0}}
	for range *openStreams {
		url := s.api + "/admin/events?type=CODE_READ"
		q, err := http.NewRequestWithContext(b.Context(), "GET", url, nil)
		if err != nil {
			b.Fatal(err)
		}
		q.SetBasicAuth("e2e", password)
		q.Header.Set("Accept", "text/event-stream")
		p, err := client.Do(q)
		if err != nil || p.StatusCode != http.StatusOK {
			b.Fatal(err, p)
		}
		b.Cleanup(func() { _ = p.Body.Close() })
		got.all.Go(func() {
			lines := bufio.NewScanner(p.Body)
			for n := 0; n < *streamEvents && lines.Scan(); {
				_, reason, found := strings.Cut(lines.Text(), `"reason":"`)
				if !found {
					continue
				}
				n++
				reason, _, _ = strings.Cut(reason, `"`)
				got.has(reason)
			}
		})
	}
	return got
}

// has notes that an event has come.
func (a *arrivals) has(reason string) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.first[reason].IsZero() {
		a.first[reason] = now
	}
	a.last[reason] = now
}

// wait returns when each event came to the first stream and to the last, once all have had all.
func (a *arrivals) wait(b *testing.B) (first, last map[string]time.Time) {
	b.Helper()
	done := make(chan struct{})
	go func() {
		a.all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		b.Fatalf("not every stream has had all %d events", *streamEvents)
	}
	return a.first, a.last
}
