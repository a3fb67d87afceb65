package activities

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// A town is tenants that SendBulk tells something, and what they have heard.
type town struct {
	store   *store.Store
	tenants []flowhq.TenantID
	heard   []flowhq.TenantID
	refuse  func(flowhq.TenantID) error
}

func newTown(t *testing.T, tenants int) *town {
	t.Helper()
	w := &town{store: testdb.OpenStore(t, testdb.New(t))}
	for range tenants {
		w.tenants = append(w.tenants, testdb.NewTenant(t, w.store))
	}
	return w
}

func (w *town) Signal(_ context.Context, id flowhq.TenantID, _ string) error {
	if w.refuse != nil {
		if err := w.refuse(id); err != nil {
			return err
		}
	}
	w.heard = append(w.heard, id)
	return nil
}

// tell runs one attempt of SendBulk, after one that had come as far as before, in a
// process that stops when stop is closed.
func (w *town) tell(before BulkSent, stop chan struct{}) (done BulkSent, err error) {
	log := slog.New(slog.DiscardHandler)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(log))
	env := suite.NewTestActivityEnvironment() // for no more than one: its heartbeats may outlive it
	env.RegisterActivityWithOptions((&Activities{Store: w.store, Signals: w, Log: log}).SendBulk,
		activity.RegisterOptions{Name: BulkActivity})
	env.SetWorkerStopChannel(stop)
	if before != (BulkSent{}) {
		env.SetHeartbeatDetails(before)
	}
	v, err := env.ExecuteActivity(BulkActivity, BulkPage{
		Command: flowhq.Restart, RequestID: "bulk:x", Actor: "admin", PerSecond: 100, Tenants: w.tenants,
	})
	if err == nil {
		err = v.Get(&done)
	}
	return done, err
}

// asked counts the events that the command was asked for.
func (w *town) asked(t *testing.T, tenant flowhq.TenantID) (n int) {
	t.Helper()
	events, err := w.store.Events(t.Context(), tenant, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == "RESTART_REQUESTED" && e.Actor == "admin" && e.Reason == "request bulk:x" {
			n++
		}
	}
	return n
}

// TestBulkGoesOn stops the process in the middle, where Temporal is away for one tenant,
// and lets a successor begin again: nobody is forgotten, and nobody told twice.
func TestBulkGoesOn(t *testing.T) {
	w := newTown(t, 5)
	stop := make(chan struct{})
	w.refuse = func(id flowhq.TenantID) error {
		if id == w.tenants[2] {
			close(stop)
			return errors.New("Temporal is down")
		}
		return nil
	}
	done, err := w.tell(BulkSent{}, stop)
	if err != nil || done.Sent < 3 || done.Failed != 0 {
		t.Fatalf("SendBulk = %+v, %v; want 3 sent", done, err)
	}
	w.refuse = nil
	if done, err = w.tell(BulkSent{Sent: 1}, nil); err != nil || done != (BulkSent{Sent: 5}) {
		t.Errorf("SendBulk = %+v, %v; want 5 sent", done, err)
	}
	for _, id := range w.tenants {
		commands, _, err := w.store.TenantCommands(t.Context(), id, 0, 0)
		if err != nil || len(commands) != 1 || commands[0].Key != "bulk:x" ||
			commands[0].Command != flowhq.Restart {
			t.Errorf("commands = %+v, %v; want the bulk's", commands, err)
		}
		if n := w.asked(t, id); n != 1 {
			t.Errorf("%d events; want 1", n)
		}
	}
}

// TestBulkGivesUpOnOne counts a tenant that is gone, one that is about to be, and one whose
// key stands for something else as failed, and tells the others.
func TestBulkGivesUpOnOne(t *testing.T) {
	w := newTown(t, 5)
	if err := w.store.Erase(t.Context(), w.tenants[0], "admin"); err != nil {
		t.Fatal(err)
	}
	for tenant, c := range map[flowhq.TenantID]store.NewCommand{
		w.tenants[2]: {Command: flowhq.Delete, Key: "d", Actor: "admin"},
		w.tenants[3]: {Command: flowhq.Stop, Key: "bulk:x", Actor: "admin"},
	} {
		if _, _, err := w.store.Command(t.Context(), tenant, c); err != nil {
			t.Fatal(err)
		}
	}
	done, err := w.tell(BulkSent{}, nil)
	if err != nil || done != (BulkSent{Sent: 2, Failed: 3}) {
		t.Errorf("SendBulk = %+v, %v; want 2 sent, 3 failed", done, err)
	}
	if diff := cmp.Diff([]flowhq.TenantID{w.tenants[1], w.tenants[4]}, w.heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// TestBulkStops: a process that stops says how far it came, and keeps the pace until
// then.
func TestBulkStops(t *testing.T) {
	w := newTown(t, 30)
	stop := make(chan struct{})
	began := time.Now()
	w.refuse = func(id flowhq.TenantID) error {
		if slices.Index(w.tenants, id) == 20 {
			close(stop)
		}
		return nil
	}
	done, err := w.tell(BulkSent{}, stop)
	if err != nil || done.Sent < 21 || done.Sent > 22 || done.Sent != len(w.heard) {
		t.Errorf("SendBulk = %+v, %v, %d heard; want the 21 that were told, or one more", done, err,
			len(w.heard))
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("21 tenants in %v, at 100 a second", took)
	}
}
