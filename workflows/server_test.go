package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/searchattributes"
	"github.com/flowhq/flowhq/internal/session"
)

const (
	// beat is the heartbeat of hosts on a real server; a lost one is noticed in sixty.
	beat = 100 * time.Millisecond
	// patience bounds every wait for something that only fails takes as long.
	patience = 60 * time.Second
)

// A stage is a real Temporal server with a worker whose tenant workflows are ours and
// whose hosts do as the test says.
type stage struct {
	*testing.T
	*scene
}

// A scene is what the tests of one server share.
type scene struct {
	temporal client.Client
	control  *Client
	hold     chan struct{} // SendBulk waits until it is closed, for tenants that are slow

	mu     sync.Mutex
	rows   map[flowhq.TenantID]*rows
	erased []flowhq.TenantID
	looks  map[string]int               // of follow-ups, by number, and webhooks
	hosts  map[flowhq.TenantID][]*actor // in the order of their start
}

// slow is the first tenant of a page that takes its time.
const slow flowhq.TenantID = "slow"

// An actor is one host: it beats until it is told to end, or how.
type actor struct {
	end    chan error // nil: it lost its connection
	silent chan struct{}
	gone   chan struct{}
}

// newStage starts a server with the given flags, which ends with the test.
func newStage(t *testing.T, flags ...string) *stage {
	t.Helper()
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	path := os.Getenv("TEMPORALD")
	if path == "" {
		t.Fatal("run the tests through `go tool task test`: it builds the server that they start")
	}
	server, err := testsuite.StartDevServer(t.Context(), testsuite.DevServerOptions{
		ExistingPath:  path,
		ClientOptions: &client.Options{Namespace: "flowhq", Logger: quiet, Identity: "test"},
		ExtraArgs:     append(searchattributes.Flags(), flags...), LogLevel: "error",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &stage{t, &scene{
		temporal: server.Client(), control: NewClient(server.Client()), hold: make(chan struct{}),
		hosts: map[flowhq.TenantID][]*actor{}, rows: map[flowhq.TenantID]*rows{}, looks: map[string]int{},
	}}
	s.work()
	return s
}

// work runs a worker for both queues until the test ends.
func (s *stage) work() {
	s.Helper()
	options := worker.Options{
		MaxHeartbeatThrottleInterval: beat, DefaultHeartbeatThrottleInterval: beat,
		WorkerStopTimeout: time.Second,
	}
	tenants, sessions := worker.New(s.temporal, TaskQueue, options),
		worker.New(s.temporal, activities.SessionQueue, options)
	deliveries := worker.New(s.temporal, activities.WebhookQueue, options)
	deliveries.RegisterActivityWithOptions(s.deliver,
		activity.RegisterOptions{Name: activities.DeliverActivity})
	Tenants{Renewal: beat}.Register(tenants)
	for name, f := range map[string]any{
		activities.RecordStateActivity: func(_ context.Context, in activities.StateInput) error {
			s.of(in.Tenant).record(in)
			return nil
		},
		activities.ReadTenantActivity: func(ctx context.Context,
			in activities.ReadInput) (activities.Snapshot, error) {
			return s.of(in.Tenant).look(ctx, in)
		},
		activities.RecordOutcomesActivity: func(ctx context.Context, in activities.OutcomesInput) error {
			return s.of(in.Tenant).markApplied(ctx, in)
		},
		activities.EraseActivity: func(_ context.Context, in activities.EraseInput) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.erased = append(s.erased, in.Tenant)
			return nil
		},
		activities.PruneActivity: func(context.Context) (activities.Pruned,
			error) {
			return activities.Pruned{Tenants: 3}, nil
		},
		activities.BulkActivity: s.sendBulk, activities.FollowUpActivity: s.sendFollowUps,
	} {
		tenants.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
	sessions.RegisterActivityWithOptions(s.host, activity.RegisterOptions{Name: activities.HostActivity})
	for _, w := range []worker.Worker{tenants, sessions, deliveries} {
		if err := w.Start(); err != nil {
			s.Fatal(err)
		}
		s.Cleanup(w.Stop)
	}
}

// of returns the rows of a tenant.
func (s *scene) of(id flowhq.TenantID) *rows {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows[id] == nil {
		s.rows[id] = newRows()
	}
	return s.rows[id]
}

// host stands in for a Host.
func (s *stage) host(ctx context.Context, in activities.HostInput) (flowhq.Transition, error) {
	a := &actor{end: make(chan error, 1), silent: make(chan struct{}), gone: make(chan struct{})}
	defer close(a.gone)
	s.mu.Lock()
	s.hosts[in.Tenant] = append(s.hosts[in.Tenant], a)
	s.mu.Unlock()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			activity.RecordHeartbeat(ctx)
		case <-ctx.Done():
			return flowhq.Transition{}, ctx.Err()
		case <-activity.GetWorkerStopChannel(ctx):
			return flowhq.Transition{}, errors.New("the test has ended")
		case <-a.silent:
			<-ctx.Done() // which comes when it is given up
			return flowhq.Transition{}, ctx.Err()
		case err := <-a.end:
			return lostConnection, err
		}
	}
}

// sendBulk stands in for SendBulk.
func (s *stage) sendBulk(ctx context.Context, p activities.BulkPage) (activities.BulkSent, error) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for p.Tenants[0] == slow {
		select {
		case <-tick.C:
			activity.RecordHeartbeat(ctx)
		case <-s.hold:
			return activities.BulkSent{Sent: len(p.Tenants)}, nil
		case <-ctx.Done():
			return activities.BulkSent{Sent: 1}, nil
		}
	}
	return activities.BulkSent{Sent: len(p.Tenants)}, nil
}

// A star is the tenant that a test is about.
type star struct {
	*stage
	flowhq.Tenant
	requests int
}

// What must never be in a history.
const (
	number   = "+254700123456"
	business = "Blue Door Barbers Ltd"
)

func (s *stage) tenant(id string) *star {
	return &star{stage: s, Tenant: flowhq.Tenant{
		ID: flowhq.TenantID(id), Name: "blue-door", PhoneNumber: number,
		Session: flowhq.Session{Number: number},
		Config: flowhq.Config{Template: flowhq.BookingTemplate, BusinessName: business,
			Language: flowhq.Swahili},
	}}
}

// send gives the tenant a command and tells its workflow.
func (t *star) send(c flowhq.Command) {
	t.Helper()
	t.requests++
	t.of(t.ID).give(c)
	t.signal()
}

// signal has the workflow look at the rows.
func (t *star) signal() {
	t.Helper()
	if err := t.control.Signal(t.Context(), t.ID, t.Name); err != nil {
		t.Fatal(err)
	}
}

// host waits for the nth host to run and returns it.
func (t *star) host(n int) (a *actor) {
	t.Helper()
	t.until(fmt.Sprintf("host %d runs", n), func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		if len(t.hosts[t.ID]) < n {
			return false
		}
		a = t.hosts[t.ID][n-1]
		return true
	})
	return a
}

// report tells the workflow what a host of that epoch says, and waits until it shows.
func (t *star) report(epoch int64, state flowhq.SessionState) {
	t.Helper()
	err := t.control.Report(t.Context(), t.ID, session.Report{
		Epoch: epoch, Worker: "worker@test", Transition: flowhq.Transition{State: state},
		At: time.Now().UTC(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.becomes(state)
}

// online starts the nth host, by a command that was sent, and has it say so.
func (t *star) online(n int) *actor {
	t.Helper()
	a := t.host(n)
	t.report(int64(n), flowhq.Connected)
	return a
}

// status is the workflow's state.
func (t *star) status() (state TenantState, err error) {
	v, err := t.temporal.QueryWorkflow(t.Context(), workflowID(t.ID), "", statusQuery)
	if err == nil {
		err = v.Get(&state)
	}
	return state, err
}

func (t *star) becomes(state flowhq.SessionState) {
	t.Helper()
	t.until("the session is "+string(state), func() bool {
		got, err := t.status()
		return err == nil && got.Session == state
	})
}

// settles waits until the workflow wants nothing and says why.
func (t *star) settles(reason string) {
	t.Helper()
	t.until("the reason is "+reason, func() bool {
		got, err := t.status()
		return err == nil && !got.NeedsHost && got.Reason == reason
	})
}

// ended waits until the workflow is over.
func (s *stage) ended(id string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	if err := s.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil); err != nil &&
		!temporal.IsCanceledError(err) {
		s.Fatal(err)
	}
}

// until polls until so, or fails the test.
func (s *stage) until(what string, so func() bool) {
	s.Helper()
	const pause = 20 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !so(); <-tick.C {
		if time.Now().After(deadline) {
			s.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// runs returns the histories of a workflow, one for each time it continued as new,
// the first first.
func (s *stage) runs(id string) (all []*history.History) {
	s.Helper()
	for run := ""; ; {
		h := s.history(id, run)
		all = append([]*history.History{h}, all...)
		run = h.Events[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
		if run == "" {
			return all
		}
	}
}

func (s *stage) history(id, run string) *history.History {
	s.Helper()
	h := &history.History{}
	events := s.temporal.GetWorkflowHistory(s.Context(), id, run, false,
		enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			s.Fatal(err)
		}
		h.Events = append(h.Events, e)
	}
	return h
}
