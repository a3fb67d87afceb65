package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/flowhq/flowhq"
)

// reconciled is within which everything must be as the rows want it, whatever happened
// to Temporal.
const reconciled = 90 * time.Second

// linkedBusinesses creates n tenants and links them.
func (s *stand) linkedBusinesses(n int) (all []*business) {
	s.t.Helper()
	for i := range n {
		one := unlimited(barbers)
		one.Name, one.PhoneNumber = fmt.Sprintf("barbers %d", i), fmt.Sprintf("+2547000001%02d", i)
		b := s.business(one)
		b.link()
		all = append(all, b)
	}
	return all
}

func (b *business) workflow() string { return "tenant:" + string(b.id) }

// applied waits until every command that the tenant was given has been applied.
func (b *business) applied(within time.Duration) {
	b.s.t.Helper()
	eventually(b.s.t, within, func() error {
		var list struct{ Commands []flowhq.TenantCommand }
		if _, err := b.s.call("GET", b.path()+"/commands", nil, &list); err != nil {
			return err
		}
		for _, c := range list.Commands {
			if c.AppliedAt == nil {
				return fmt.Errorf("%s: command %d, %s, is not applied", b.Name, c.ID, c.Command)
			}
		}
		return nil
	})
}

func (b *business) paused(within time.Duration) {
	b.s.t.Helper()
	b.becomes(within, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
}

func (b *business) deleted(within time.Duration) {
	b.s.t.Helper()
	eventually(b.s.t, within, func() error {
		if code, err := b.s.call("GET", b.path(), nil, nil); code != 404 {
			return fmt.Errorf("GET of a deleted tenant: %d, %v; want 404", code, err)
		}
		return nil
	})
}

// shows waits until the tenant's workflow runs and says what its row does.
func (w *warden) shows(b *business, state flowhq.SessionState) {
	w.t.Helper()
	eventually(w.t, reconciled, func() error {
		v, err := w.temporal.QueryWorkflow(w.t.Context(), b.workflow(), "", "status")
		if err != nil {
			return err
		}
		var shown struct {
			Session flowhq.SessionState
			Worker  string
		}
		if err := v.Get(&shown); err != nil {
			return err
		}
		row, err := b.read()
		if err == nil && (shown.Session != state || row.Session.State != state ||
			state == flowhq.Connected && shown.Worker != row.Host.Worker) {
			err = fmt.Errorf("%s: the workflow shows %+v, the row %s on %s; want %s", b.Name, shown,
				row.Session.State, row.Host.Worker, state)
		}
		return err
	})
}

// TestWorkflowsEndedFromOutside does to workflows what Temporal's Web UI offers. Nothing
// that was asked for is lost, and each tenant is soon as its row wants it.
func TestWorkflowsEndedFromOutside(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	w := s.warden()
	all := s.linkedBusinesses(7)
	cancelled, terminated, reset, stoppedThen, raced, gone, forged := all[0], all[1], all[2],
		all[3], all[4], all[5], all[6]
	cancel := func(b *business) {
		t.Helper()
		if err := w.temporal.CancelWorkflow(t.Context(), b.workflow(), ""); err != nil {
			t.Fatal(err)
		}
	}
	stoppedThen.command(flowhq.Stop)
	stoppedThen.paused(patience)

	cancel(cancelled)
	if err := w.temporal.TerminateWorkflow(t.Context(), terminated.workflow(), "", "by hand"); err != nil {
		t.Fatal(err)
	}
	before := reset.epoch()
	const firstTask = 4 // the event that completes it is the one after the start, the signal and its begin
	if _, err := w.temporal.ResetWorkflowExecution(t.Context(),
		&workflowservice.ResetWorkflowExecutionRequest{
			Namespace: "flowhq", WorkflowExecution: &common.WorkflowExecution{WorkflowId: reset.workflow()},
			Reason: "by hand", WorkflowTaskFinishEventId: firstTask + 1, RequestId: "reset",
		}); err != nil {
		t.Fatal(err)
	}
	cancel(stoppedThen)
	cancel(raced)
	raced.command(flowhq.Stop)
	cancel(gone)
	s.must(s.call("DELETE", gone.path(), nil, nil))
	for _, payload := range []any{map[string]string{"command": "delete", "request_id": "x"}, "delete", nil} {
		for _, name := range []string{"command", "delete", "changed"} {
			if err := w.temporal.SignalWorkflow(t.Context(), forged.workflow(), "", name,
				payload); err != nil {
				t.Fatal(err)
			}
		}
	}

	raced.paused(reconciled)
	gone.deleted(reconciled)
	reset.replaced(before)
	stoppedThen.command(flowhq.Start)
	customer := s.customer("+254711000001", "Amina")
	for _, b := range []*business{cancelled, terminated, reset, stoppedThen, forged} {
		b.connected(reconciled)
		w.shows(b, flowhq.Connected)
		ask(t, customer, b, "hello", patience)
		b.applied(reconciled)
		b.neverHostedTwice()
	}
	raced.applied(reconciled)
	if got, err := raced.read(); err != nil || got.Status != flowhq.TenantPaused {
		t.Errorf("stopped while its workflow was being cancelled: %+v, %v", got, err)
	}
	if n := s.events(forged.id, "SESSION_CONNECTED"); n != 1 {
		t.Errorf("forged signals: %d connections; want 1", n)
	}
}

// loseTemporal kills Temporal and removes all that it knows.
func (s *stand) loseTemporal() {
	s.t.Helper()
	s.temporald.kill()
	files, err := filepath.Glob(filepath.Join(s.dir, "temporal.db*"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("Temporal's database: %v, %v", files, err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestTemporalIsLost takes all of Temporal's data away, with commands in between: they are
// taken, and everything comes back as the rows want it.
func TestTemporalIsLost(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("first")
	s.worker("second")
	all := s.linkedBusinesses(5)
	crowd := s.crowd(20)
	off := all[4]
	off.command(flowhq.Stop)
	off.paused(patience)
	s.loseTemporal()
	all[3].command(flowhq.Stop)
	off.command(flowhq.Start)
	for i, id := range crowd {
		for _, c := range []flowhq.Command{flowhq.Start, flowhq.Stop, flowhq.Start}[:1+i%3] {
			s.must(s.call("POST", "/admin/tenants/"+string(id)+"/session/"+string(c), nil, nil))
		}
	}
	s.startTemporal()
	back := time.Now()
	all[3].paused(reconciled)
	customer := s.customer("+254711000001", "Amina")
	for _, b := range []*business{all[0], all[1], all[2], off} {
		b.connected(reconciled)
		ask(t, customer, b, "hello", patience)
		b.neverHostedTwice()
	}
	for i, id := range crowd {
		b := &business{s: s, id: id}
		b.Name = fmt.Sprint("crowd ", i)
		b.applied(reconciled)
		eventually(t, reconciled, func() error {
			got, err := b.read()
			if wanted := i%3 != 1; err == nil &&
				(got.Wanted != wanted || (got.Host.Status == flowhq.HostStopped) == wanted) {
				err = fmt.Errorf("%s is %s, wanted %t; want %t", b.Name, got.Host.Status, got.Wanted, wanted)
			}
			return err
		})
	}
	t.Logf("all as wanted %v after Temporal was back", time.Since(back).Round(time.Second))
	w := s.warden()
	eventually(t, reconciled, func() error { // made again, with the installation's id
		_, err := w.job.Describe(t.Context())
		return err
	})
}

// A server is the database server past everybody, with no database of ours open.
func (s *stand) server() *pgx.Conn {
	s.t.Helper()
	u, err := url.Parse(s.dbURL)
	if err != nil {
		s.t.Fatal(err)
	}
	u.Path = "/postgres"
	conn, err := pgx.Connect(s.t.Context(), u.String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// swap runs statements on databases that nobody may use meanwhile: $db is ours.
func (s *stand) swap(server *pgx.Conn, statements ...string) {
	s.t.Helper()
	u, err := url.Parse(s.dbURL)
	if err != nil {
		s.t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	all := append([]string{
		`alter database "$db" allow_connections false`,
		`select pg_terminate_backend(pid) from pg_stat_activity where datname = '$db'`,
	}, statements...)
	for _, q := range all {
		q = strings.ReplaceAll(q, "$db", name)
		eventually(s.t, patience, func() error { // those that are terminated take a moment
			_, err := server.Exec(s.t.Context(), q)
			return err
		})
	}
}

// TestDatabaseIsSwapped points everybody to an empty database, then to another
// installation's, for ten seconds each: nothing ends, and when the right one is back all
// goes on.
func TestDatabaseIsSwapped(t *testing.T) {
	t.Parallel()
	const swapped = 10 * time.Second
	s := newStand(t)
	worker := s.worker("worker")
	w := s.warden()
	all := s.linkedBusinesses(3)
	customer := s.customer("+254711000001", "Amina")
	server := s.server()
	for _, prepare := range []func(){
		func() {},
		func() {
			p := s.start("migrate", nil, "migrate")
			p.ended(patience)
			var unready string
			eventually(t, patience, func() error { // the API sees it is another's
				code, err := s.call("GET", "/readyz", nil, nil)
				if code != 503 {
					return fmt.Errorf("readyz: %d %s, %v; want 503", code, unready, err)
				}
				return nil
			})
			if code, err := s.call("POST", all[0].path()+"/session/stop", nil, nil); code != 503 {
				t.Errorf("a command in another installation's database: %d, %v; want 503", code, err)
			}
		},
	} {
		s.swap(server, `alter database "$db" rename to ours`, `create database "$db"`)
		prepare()
		wait(t, swapped)
		s.swap(server, `drop database "$db" with (force)`, `alter database ours rename to "$db"`,
			`alter database "$db" allow_connections true`)
		for _, b := range all {
			b.connected(reconciled)
			w.shows(b, flowhq.Connected)
			ask(t, customer, b, "hello", patience)
			b.neverHostedTwice()
		}
	}
	select {
	case <-worker.gone:
		t.Error("the worker has ended")
	default:
	}
}

// TestOlderBackup restores a database of before: hosts since then are older than those
// that come, and what the rows want again is done.
func TestOlderBackup(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	w := s.warden()
	all := s.linkedBusinesses(3)
	server := s.server()
	s.swap(server, `create database backup template "$db"`, `alter database "$db" allow_connections true`)
	for _, b := range all {
		b.connected(reconciled)
	}
	for range 4 {
		before := all[0].epoch()
		all[0].command(flowhq.Restart)
		all[0].replaced(before)
	}
	all[1].command(flowhq.Stop)
	all[1].paused(patience)
	newest := all[0].epoch()
	s.swap(server, `alter database "$db" rename to newer`, `create database "$db" template backup`)
	for _, b := range []*business{all[0], all[1], all[2]} { // which the backup wants
		b.connected(reconciled)
		w.shows(b, flowhq.Connected)
		b.neverHostedTwice()
	}
	if got := all[0].epoch(); got <= newest {
		t.Errorf("the host is of epoch %d; want one after %d", got, newest)
	}
	for range 2 { // a stop that is repeated puts the rows right each time
		all[0].command(flowhq.Stop)
		all[0].paused(patience)
		all[0].applied(patience)
	}
	all[0].command(flowhq.Start)
	all[0].connected(patience)
}

// TestWrongPairing: a database and a namespace of two installations are not brought
// together.
func TestWrongPairing(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	server := s.server()
	if _, err := server.Exec(t.Context(), `create database other`); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.dbURL)
	if err != nil {
		t.Fatal(err)
	}
	ours := u.Host + u.Path
	u.Path = "/other"
	env := []string{"DATABASE_URL=" + u.String(), "HTTP_ADDR=127.0.0.1:0"}
	s.start("migrate", env, "migrate").ended(patience)
	for _, command := range []string{"worker", "api"} {
		p := s.start(command, env, command)
		p.ended(patience)
		raw, err := os.ReadFile(p.out)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
		last := lines[len(lines)-1]
		for _, want := range []string{u.Host + "/other belongs to installation",
			`namespace "flowhq" to installation`, "DATABASE_URL"} {
			if !strings.Contains(last, want) {
				t.Errorf("%s says %q; want it to say %q", command, last, want)
			}
		}
		if p.cmd.ProcessState.ExitCode() != 1 || strings.Contains(last, ours) {
			t.Errorf("%s exits with %d and %q", command, p.cmd.ProcessState.ExitCode(), last)
		}
	}
}
