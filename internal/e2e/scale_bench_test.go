package e2e

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	fleetTenants = flag.Int("tenants", 1000, "tenants of BenchmarkIdleFleet")
	idleFor      = flag.Duration("idle", 2*time.Minute,
		"how long BenchmarkIdleFleet looks at tenants that do nothing, twice")
)

const (
	// clockTicks is the unit of CPU time in /proc, per second (USER_HZ, proc(5)).
	clockTicks = 100
	// sampled is of how many tenants the history is measured.
	sampled = 20
)

// BenchmarkIdleFleet links many tenants to what "task dev" runs, and measures how
// long that takes; how soon all are back after the worker was killed, and how soon all
// answer after everything was stopped, or killed, and started again; and what they
// cost while nobody writes: processor, memory, statements of the database and events
// in Temporal's histories.
func BenchmarkIdleFleet(b *testing.B) {
	for range b.N {
		n := *fleetTenants
		h := newHousehold(b, "LEASE_RENEWAL_INTERVAL_MS=5000",
			fmt.Sprintf("WORKER_CAPACITY=%d", n+demoTenants))
		h.up()
		began := time.Now()
		all := h.linkMany(0, n)
		b.ReportMetric(time.Since(began).Seconds(), "s-linking")

		began = time.Now()
		h.kill("worker")
		for _, t := range all {
			eventually(b, 10*time.Minute, func() error { return t.loggedIn(began) })
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-until-all-are-back")
		h.costs(b, all)

		conversations := h.conversations(all, "hello")
		for _, end := range []struct {
			signal syscall.Signal
			name   string
		}{{syscall.SIGTERM, "restart"}, {syscall.SIGKILL, "kill"}} {
			began = time.Now()
			h.down(end.signal)
			b.ReportMetric(time.Since(began).Seconds(), "s-to-end-by-"+end.name)
			began = time.Now()
			h.up()
			b.ReportMetric(time.Since(began).Seconds(), "s-to-start-after-"+end.name)
			h.answers(b, conversations)
			b.ReportMetric(time.Since(began).Seconds(), "s-until-all-answer-after-"+end.name)
		}
		answeredOnce(b, patience, conversations)
		hosted(all)
	}
}

// demoTenants are those that "flowhq-dev up" begins with.
const demoTenants = 3

// answers has every customer write to each of his numbers, and returns when all have
// been answered.
func (h *household) answers(b *testing.B, conversations []*conversation) {
	b.Helper()
	playInTurn(b, conversations)
	for _, c := range conversations {
		eventually(b, 10*time.Minute, func() error {
			inbox, err := c.inbox(c.to)
			if err == nil && len(inbox) < len(c.sent) {
				err = fmt.Errorf("%s has answered %d of %d", c.to.Name, len(inbox), len(c.sent))
			}
			return err
		})
	}
}

// loggedIn returns nil if the number's last login was after then.
func (b *business) loggedIn(then time.Time) error {
	if l := b.logins(); len(l) == 0 || l[len(l)-1].At.Before(then) {
		return fmt.Errorf("%s has not logged in again", b.Name)
	}
	return nil
}

// costs reports what the tenants cost while they do nothing.
func (h *household) costs(b *testing.B, all []*business) {
	b.Helper()
	worker := h.part("worker")
	resident := settledMemory(b, worker)
	temporal, postmaster := h.part("server"), h.postmaster()
	cpu := map[string]func() float64{
		"worker":   func() float64 { return cpuSeconds(b, worker) },
		"temporal": func() float64 { return cpuSeconds(b, temporal) },
		"postgres": func() float64 { return cpuSeconds(b, append(children(postmaster), postmaster)...) },
	}
	before := map[string]float64{}
	for who, used := range cpu {
		before[who] = used()
	}
	n, sample := len(all), all[:min(sampled, len(all))]
	transactions, events := h.transactions(), h.historyEvents(sample)
	wait(b, *idleFor)
	hours := idleFor.Hours()
	for who, used := range cpu {
		b.ReportMetric(100*(used()-before[who])/idleFor.Seconds(), "%cpu-"+who)
	}
	b.ReportMetric(float64(h.transactions()-transactions)/hours/float64(n), "transactions/tenant-hour")
	b.ReportMetric(float64(h.historyEvents(sample)-events)/hours/float64(len(sample)), "events/tenant-hour")
	b.ReportMetric(float64(resident)/float64(n), "KiB/tenant")
	b.ReportMetric(float64(memory(b, temporal))/1024, "MiB-temporal")
	// Apart, as to log each statement costs something too.
	b.ReportMetric(float64(h.statements(*idleFor))/hours/float64(n), "statements/tenant-hour")
}

// statements is how many the database executes within d.
func (h *household) statements(d time.Duration) int {
	h.t.Helper()
	logging := func(what string) {
		for _, statement := range []string{"alter system set log_statement = '" + what + "'",
			"select pg_reload_conf()"} {
			if _, err := h.session().ExecContext(h.t.Context(), statement); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	var data string
	if err := h.session().QueryRowContext(h.t.Context(), "show data_directory").Scan(&data); err != nil {
		h.t.Fatal(err)
	}
	logged := func() int {
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(data), "server.log"))
		if err != nil {
			h.t.Fatal(err)
		}
		return len(aStatement.FindAll(raw, -1))
	}
	logging("all")
	wait(h.t, time.Second) // until all sessions have read it
	before := logged()
	wait(h.t, d)
	n := logged() - before
	logging("none")
	return n
}

// aStatement is how a line of PostgreSQL's log begins that tells of a statement, or of
// the execution of a prepared one.
var aStatement = regexp.MustCompile(`LOG:  (statement|execute)\b`)

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
	c, err := s.dialTemporal(s.t.Context())
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
