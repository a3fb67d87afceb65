package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// A warden looks after the retention job of a stand as an operator would, and
// makes rows older than they are, for which there is no other way.
type warden struct {
	*stand
	temporal client.Client
	job      client.ScheduleHandle
	db       *pgx.Conn
}

func (s *stand) warden() *warden {
	s.t.Helper()
	c, err := s.dialTemporal(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	db, err := pgx.Connect(s.t.Context(), s.dbURL)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { db.Close(context.Background()) })
	return &warden{s, c, c.ScheduleClient().GetHandle(s.t.Context(), "retention"), db}
}

// trigger starts the job by hand and returns the run, which is the nth.
func (w *warden) trigger(n int) client.WorkflowRun {
	w.t.Helper()
	if err := w.job.Trigger(w.t.Context(), client.ScheduleTriggerOptions{}); err != nil {
		w.t.Fatal(err)
	}
	var id string
	eventually(w.t, 20*time.Second, func() error {
		d, err := w.job.Describe(w.t.Context())
		if err != nil {
			return err
		}
		if len(d.Info.RecentActions) < n {
			return fmt.Errorf("%d runs; want %d", len(d.Info.RecentActions), n)
		}
		id = d.Info.RecentActions[n-1].StartWorkflowResult.WorkflowID
		return nil
	})
	return w.temporal.GetWorkflow(w.t.Context(), id, "")
}

// result waits for the end of a run.
func (w *warden) result(run client.WorkflowRun) activities.Pruned {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var got activities.Pruned
	if err := run.Get(ctx, &got); err != nil {
		w.t.Fatalf("%s: %v", run.GetID(), err)
	}
	return got
}

// progress is what an unfinished run said last, as the Web UI shows it.
func (w *warden) progress(run client.WorkflowRun) (activities.Pruned, error) {
	d, err := w.temporal.DescribeWorkflowExecution(w.t.Context(), run.GetID(), "")
	if err != nil {
		return activities.Pruned{}, err
	}
	if len(d.PendingActivities) != 1 || d.PendingActivities[0].HeartbeatDetails == nil {
		return activities.Pruned{}, errors.New("no heartbeat yet")
	}
	var p struct{ Pruned activities.Pruned }
	err = client.NewValue(d.PendingActivities[0].HeartbeatDetails).Get(&p)
	return p.Pruned, err
}

func (w *warden) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// messages adds count messages of a status that came days ago.
func (w *warden) messages(b *business, direction, status string, days, count int) {
	w.t.Helper()
	w.exec(`insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, created_at)
		select $1, $2, 0, 'c', 'TEXT', $3, concat_ws(' ', $3::text, $4::int, n), $3, now() - make_interval(days => $4)
		from generate_series(1, $5) n`, b.id, direction, status, days, count)
}

// left is what the API shows of the tenant's messages, as "status days ago".
func (w *warden) left(b *business) (left []string) {
	w.t.Helper()
	all, err := b.log()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range all {
		left = append(left, fmt.Sprintf("%s %d", m.Status, int(time.Since(m.CreatedAt).Hours()/24)))
	}
	slices.Sort(left)
	return left
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s := newStand(t, "RETENTION_DAYS=100")
	worker := s.worker("worker")
	days := 40
	other := barbers
	other.Name, other.PhoneNumber, other.RetentionDays = "short of memory", "+254700000002", &days
	long, short := s.business(barbers), s.business(other)
	for b, want := range map[*business]int{long: 100, short: days} {
		if got, err := b.read(); err != nil || got.Config.RetentionDays != want {
			t.Errorf("%s keeps %d days, %v; want %d", b.Name, got.Config.RetentionDays, err, want)
		}
	}
	w := s.warden()
	for _, b := range []*business{long, short} {
		for _, age := range []int{30, 60, 120} {
			w.messages(b, "IN", "ANSWERED", age, 1)
			w.messages(b, "OUT", "READ", age, 1)
			w.messages(b, "IN", "RECEIVED", age, 1)
			w.messages(b, "OUT", "UNKNOWN", age, 1)
		}
		w.exec(`with contact as (
				insert into flowhq.contacts (tenant_id, lid, last_seen_at) values ($1, 'c', now() - interval '60 days') returning *
			)
			insert into flowhq.conversations (tenant_id, contact_id, state, updated_at)
			select tenant_id, id, '{}', last_seen_at from contact`, b.id)
	}
	got := w.result(w.trigger(1))
	want := activities.Pruned{Tenants: 2, Messages: 2 + 4, Conversations: 1, Contacts: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the result (-want +got):\n%s", diff)
	}
	if n := worker.attr("deleted what was older than the retention", "messages"); n != "6" {
		t.Errorf("the worker's log tells of %s messages; want 6", n)
	}
	unfinished := []string{"RECEIVED 120", "RECEIVED 30", "RECEIVED 60", "UNKNOWN 120",
		"UNKNOWN 30", "UNKNOWN 60"}
	for b, want := range map[*business][]string{
		long:  append([]string{"ANSWERED 30", "ANSWERED 60", "READ 30", "READ 60"}, unfinished...),
		short: append([]string{"ANSWERED 30", "READ 30"}, unfinished...),
	} {
		if diff := cmp.Diff(want, w.left(b)); diff != "" {
			t.Errorf("messages of %s (-want +got):\n%s", b.Name, diff)
		}
	}

	// Another worker finds the schedule there, and leaves it as the operator wants it.
	if err := w.job.Pause(t.Context(), client.SchedulePauseOptions{Note: "not tonight"}); err != nil {
		t.Fatal(err)
	}
	s.worker("another worker")
	d, err := w.job.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !d.Schedule.State.Paused || d.Schedule.State.Note != "not tonight" {
		t.Errorf("after another worker's start the schedule is %+v; want it paused as before",
			d.Schedule.State)
	}
	if at := d.Info.NextActionTimes; len(at) == 0 || at[0].UTC().Hour() > 2 {
		t.Errorf("the next runs are at %v; want them at night", at)
	}
	if got := w.result(w.trigger(2)); got != (activities.Pruned{Tenants: 2}) {
		t.Errorf("the second run deleted %+v; want nothing", got)
	}
}

// The worker is killed in the middle of the job: another goes on from what the
// last heartbeat said, and nothing is left out or counted twice.
func TestRetentionSurvivesAKill(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	worker := s.worker("worker")
	other := barbers
	other.Name, other.PhoneNumber = "other", "+254700000002"
	w := s.warden()
	const perTenant = 2500
	for _, n := range []flowhq.NewTenant{barbers, other} {
		w.messages(s.business(n), "OUT", "SENT", 400, perTenant)
	}
	// The job gets stuck after the messages of the first tenant.
	tx, err := w.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `lock table flowhq.conversations in share mode`); err != nil {
		t.Fatal(err)
	}
	run := w.trigger(1)
	eventually(t, 20*time.Second, func() error {
		p, err := w.progress(run)
		if err == nil && p.Messages != perTenant {
			err = fmt.Errorf("so far %+v; want %d messages", p, perTenant)
		}
		return err
	})
	worker.kill()
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.worker("successor")
	if diff := cmp.Diff(activities.Pruned{Tenants: 2, Messages: 2 * perTenant}, w.result(run)); diff != "" {
		t.Errorf("the result (-want +got):\n%s", diff)
	}
	var left int
	if err := w.db.QueryRow(t.Context(),
		`select count(*) from flowhq.message_logs`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d messages are left, %v; want none", left, err)
	}
}
