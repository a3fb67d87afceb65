package e2e

import (
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

var fleetTenants = flag.Int("tenants", 1000, "tenants of BenchmarkIdleFleet")

const (
	// idleFor is how long BenchmarkIdleFleet looks at tenants that do nothing.
	idleFor = 2 * time.Minute
	// clockTicks is the unit of CPU time in /proc, per second (USER_HZ, proc(5)).
	clockTicks = 100
	// sampled is of how many tenants the history is measured.
	sampled = 20
)

// BenchmarkIdleFleet links many tenants to one worker, replaces it, and measures how
// long that takes, then what all of them cost while nobody writes: processor, memory,
// transactions of the database and events in Temporal's histories.
func BenchmarkIdleFleet(b *testing.B) {
	for range b.N {
		n := *fleetTenants
		s := newStand(b, "HEARTBEAT_INTERVAL_MS=5000", fmt.Sprintf("WORKER_CAPACITY=%d", n))
		first := s.worker("linking")
		began := time.Now()
		all := s.linkMany(0, n)
		b.ReportMetric(time.Since(began).Seconds(), "s-linking")

		first.kill()
		began = time.Now()
		w := s.worker("idle")
		host := w.attr("worker started", "name")
		for _, t := range all {
			eventually(b, 10*time.Minute, func() error { return t.isOn(host) })
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-until-all-are-back")
		resident := w.settledMemory(b)

		postmaster := s.postmaster()
		cpu := map[string]func() float64{
			"worker":   func() float64 { return cpuSeconds(b, w.cmd.Process.Pid) },
			"temporal": func() float64 { return cpuSeconds(b, s.temporald.cmd.Process.Pid) },
			"postgres": func() float64 { return cpuSeconds(b, append(children(postmaster), postmaster)...) },
		}
		before := map[string]float64{}
		for who, used := range cpu {
			before[who] = used()
		}
		sample := all[:min(sampled, n)]
		transactions, events := s.transactions(), s.historyEvents(sample)
		wait(b, idleFor)
		hours := idleFor.Hours()
		for who, used := range cpu {
			b.ReportMetric(100*(used()-before[who])/idleFor.Seconds(), "%cpu-"+who)
		}
		b.ReportMetric(float64(s.transactions()-transactions)/hours/float64(n), "transactions/tenant-hour")
		b.ReportMetric(float64(s.historyEvents(sample)-events)/hours/float64(len(sample)), "events/tenant-hour")
		b.ReportMetric(float64(resident)/float64(n), "KiB/tenant")
		b.ReportMetric(float64(s.temporald.resident(b))/1024, "MiB-temporal")
	}
}

// postmaster is the process id of the stand's PostgreSQL: the parent of any of its
// sessions.
func (s *stand) postmaster() int {
	s.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.scalar("select pg_backend_pid()")))
	if err != nil {
		s.t.Fatal(err)
	}
	pid, err := strconv.Atoi(statFields(raw)[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return pid
}

// children are the processes whose parent is pid.
func children(pid int) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		if fields := statFields(raw); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, child)
		}
	}
	return pids
}

// statFields are the fields of a stat file of proc(5) from the third on, the state.
func statFields(raw []byte) []string {
	text := string(raw)
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// cpuSeconds is what the processes have used of processors, in seconds, and what those
// of their children have used that have ended.
func cpuSeconds(tb testing.TB, pids ...int) (seconds float64) {
	tb.Helper()
	for _, pid := range pids {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has ended, and is in its parent's sum
		}
		for _, field := range statFields(raw)[11:15] { // utime, stime, cutime, cstime
			ticks, err := strconv.Atoi(field)
			if err != nil {
				tb.Fatal(err)
			}
			seconds += float64(ticks) / clockTicks
		}
	}
	return seconds
}

// transactions is how many the database has committed so far.
func (s *stand) transactions() int64 {
	s.t.Helper()
	return s.scalar("select xact_commit from pg_stat_database where datname = current_database()")
}

// scalar is the number that a query yields.
func (s *stand) scalar(query string) (n int64) {
	s.t.Helper()
	if err := s.session().QueryRowContext(s.t.Context(), query).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// session is a connection past the product, which lasts until the test ends.
func (s *stand) session() *sql.DB {
	s.t.Helper()
	if s.sql == nil {
		db, err := sql.Open("pgx", s.dbURL)
		if err != nil {
			s.t.Fatal(err)
		}
		s.sql = db
		s.t.Cleanup(func() { db.Close() })
	}
	return s.sql
}

// historyEvents is the length of the tenants' histories in Temporal, added up.
func (s *stand) historyEvents(tenants []*business) (n int64) {
	s.t.Helper()
	c, err := client.DialContext(s.t.Context(), client.Options{
		HostPort: s.temporal, Namespace: "flowhq", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	for _, t := range tenants {
		w, err := c.DescribeWorkflowExecution(s.t.Context(), "tenant:"+string(t.id), "")
		if err != nil {
			s.t.Fatal(err)
		}
		n += w.GetWorkflowExecutionInfo().GetHistoryLength()
	}
	return n
}
