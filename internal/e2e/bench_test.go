package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// benchCustomers is how many customers a benchmark has that write one after the other.
// Each has written before, so that the keys are there.
const benchCustomers = 300

// BenchmarkReply measures from before a customer writes until the answer is in
// its inbox, one message at a time, for the product and for a bare echo bot of
// the library, in the same run on the same server and database.
func BenchmarkReply(b *testing.B) {
	s := newStand(b, "BURST_WINDOW_MS=1500") // the default
	s.worker("worker")
	business := s.business(unlimited(barbers))
	business.link()
	s.bareDatabase()
	s.linkBare(s.bareBots(1), 0, 1)

	for _, way := range []struct{ name, number, customers string }{
		{"product", business.PhoneNumber, "+254711%06d"},
		{"bare", bareNumber(0), "+254712%06d"},
	} {
		// In turn, for one who answers at once again and again would be muted.
		var customers [benchCustomers]*customer
		for i := range customers {
			customers[i] = s.customer(fmt.Sprintf(way.customers, i), "Amina")
			customers[i].roundTrip(b, way.number)
		}
		b.Run(way.name, func(b *testing.B) {
			took := make([]time.Duration, 0, b.N)
			b.ResetTimer()
			for i := range b.N {
				took = append(took, customers[i%benchCustomers].roundTrip(b, way.number))
			}
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
		})
	}
}

// roundTrip writes one text and returns how long its answer took.
func (c *customer) roundTrip(tb testing.TB, to string) time.Duration {
	tb.Helper()
	last := func() string {
		var in struct{ Messages []received }
		_, err := c.s.simulate("GET", "/customers/"+escape(c.number)+"/inbox?limit=1&from="+
			escape(to), nil, &in)
		if err != nil {
			tb.Fatal(err)
		}
		if len(in.Messages) == 0 {
			return ""
		}
		return in.Messages[0].ID
	}
	before, began := last(), time.Now()
	if _, err := c.s.simulate("POST", "/customers/"+escape(c.number)+"/messages",
		map[string]any{"to": to, "text": "hello at " + began.Format(time.RFC3339Nano)}, nil); err != nil {
		tb.Fatal(err)
	}
	for last() == before {
		if time.Since(began) > time.Minute {
			tb.Fatal("no answer within a minute")
		}
	}
	return time.Since(began)
}

// BenchmarkHandOver measures a deploy as a customer notices it: from the SIGTERM of
// a session's worker until a message written at that moment is answered by
// another one.
func BenchmarkHandOver(b *testing.B) {
	s := newStand(b, "LEASE_RENEWAL_INTERVAL_MS=5000")
	worker := s.worker("worker")
	business := s.business(unlimited(barbers))
	business.link()
	c := s.customer("+254711000001", "Amina")
	c.roundTrip(b, business.PhoneNumber)
	var took []time.Duration
	for range b.N {
		next := s.worker("next")
		worker.terminate()
		took = append(took, c.roundTrip(b, business.PhoneNumber))
		worker.ended(time.Minute)
		worker = next
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-median")
	b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "ms-max")
}

// idle are the numbers of idle tenants at which memory is measured.
var idle = []int{100, 300}

// BenchmarkIdleMemory reports the resident memory of a worker with idle connected
// tenants, of a process of bare clients of the library, and what each tenant or
// client adds between the two sizes. Both are measured after a restart, as linking
// is once and leaves garbage.
func BenchmarkIdleMemory(b *testing.B) {
	for range b.N {
		s := newStand(b, "LEASE_RENEWAL_INTERVAL_MS=5000", "DRAIN_TIMEOUT_MS=0") // it has one worker at a time
		report := func(who string, resident []int) {
			for i, n := range idle {
				b.ReportMetric(float64(resident[i])/1024, fmt.Sprintf("MiB-%s-%d", who, n))
			}
			b.ReportMetric(float64(resident[1]-resident[0])/float64(idle[1]-idle[0]), "KiB/"+who)
		}
		report("tenant", s.workerMemory(b))
		report("bare", s.bareMemory(b))
	}
}

// workerMemory is what a worker takes with each number of idle tenants, in KiB.
func (s *stand) workerMemory(b *testing.B) (resident []int) {
	var businesses []*business
	for _, n := range idle {
		w := s.worker("linking")
		businesses = append(businesses, s.linkMany(len(businesses), n)...)
		w.terminate()
		w.ended(30 * time.Second)
		w = s.worker("idle")
		host := w.attr("worker started", "name")
		for _, t := range businesses {
			eventually(b, 5*time.Minute, func() error { return t.isOn(host) })
		}
		resident = append(resident, settledMemory(b, w.cmd.Process.Pid))
		w.terminate()
		w.ended(30 * time.Second)
	}
	return resident
}

// isOn returns nil if the tenant is connected on the given host.
func (b *business) isOn(host string) error {
	now, err := b.read()
	if err == nil && (now.Host.Worker != host || now.Session.State != flowhq.Connected) {
		err = fmt.Errorf("%s is %s on %s; want %s", b.Name, now.Session.State, now.Host.Worker, host)
	}
	return err
}

// bareMemory is what a process of the bare library takes likewise.
func (s *stand) bareMemory(b *testing.B) (resident []int) {
	s.bareDatabase()
	linked := 0
	for _, n := range idle {
		p := s.bareBots(n)
		s.linkBare(p, linked, n)
		linked = n
		p.kill()
		p = s.bareBots(n)
		p.attr("all online", "count")
		resident = append(resident, settledMemory(b, p.cmd.Process.Pid))
		p.kill()
	}
	return resident
}

// linkers is how many tenants are linked at the same time.
const linkers = 8

// linkMany creates, links and connects the tenants from one number to another.
func (s *stand) linkMany(from, to int) []*business {
	s.t.Helper()
	var wg sync.WaitGroup
	businesses, slots := make([]*business, to-from), make(chan struct{}, linkers)
	for i := from; i < to; i++ {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			t := s.business(flowhq.NewTenant{
				Name: fmt.Sprintf("tenant %d", i), PhoneNumber: fmt.Sprintf("+2547980%05d", i),
				Template: flowhq.BookingTemplate, BusinessName: "Idle", Language: flowhq.English,
			})
			t.command(flowhq.Start)
			t.scan()
			t.connected(2 * time.Minute)
			businesses[i-from] = t
		})
	}
	wg.Wait()
	return businesses
}

// settledMemory is a process's resident memory in KiB once two readings agree to
// within one percent.
func settledMemory(b *testing.B, pid int) int {
	b.Helper()
	last := memory(b, pid)
	for {
		wait(b, 20*time.Second)
		now := memory(b, pid)
		if d := now - last; d*100 < last && -d*100 < last {
			return now
		}
		last = now
	}
}

// memory is a process's resident memory, in KiB.
func memory(b *testing.B, pid int) int {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		var kib int
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

func createDatabase(ctx context.Context, serverURL, name string) error {
	db, err := sql.Open("pgx", serverURL)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "create database "+name)
	return err
}

func otherDatabase(serverURL, name string) string {
	u, err := url.Parse(serverURL)
	if err != nil {
		return serverURL
	}
	u.Path = "/" + name
	return u.String()
}
