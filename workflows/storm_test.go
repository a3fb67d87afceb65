package workflows

import (
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/flowhq/flowhq"
)

const stormTenant = "6c1f0c1e-8a3e-4f43-9d1c-2b5d7a1e0f12"

// TestStormOfCommands gives commands from all sides while hosts come and go, with a
// server that suggests to continue as new after a few dozen events. Each command is
// applied once and in order, in whichever run it is seen; the last one has the last
// word.
func TestStormOfCommands(t *testing.T) {
	const events, senders, each, pause = 40, 6, 60, 30 * time.Millisecond
	s := newStage(t, suggestEarly(events)...)
	tenant := s.tenant(stormTenant)
	tenant.send(flowhq.Start)
	tenant.host(1)
	kinds := []flowhq.Command{flowhq.Start, flowhq.Stop, flowhq.Restart, flowhq.Stop}
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for i := range each {
				c := kinds[(n+i)%len(kinds)]
				if n == 0 && i%20 == 0 {
					c = flowhq.ForceRestart // while its abandoned host lives it does not continue as new
				}
				s.of(stormTenant).give(c)
				if err := s.control.Signal(t.Context(), stormTenant, "storm"); err != nil {
					t.Error(err)
				}
				<-tick.C
			}
		})
	}
	wg.Wait()
	tenant.send(flowhq.Stop)
	tenant.settles("stopped by an operator")
	rows := s.of(stormTenant)
	s.until("every command is applied", func() bool { return rows.waiting() == 0 })
	runs := s.runs(workflowID(stormTenant))
	if len(runs) < 4 {
		t.Errorf("it continued as new %d times; want more", len(runs)-1)
	}
	rows.mu.Lock()
	defer rows.mu.Unlock()
	if len(rows.applied) != senders*each+2 || len(rows.outcomes) != senders*each+2 {
		t.Errorf("%d commands are marked; want %d", len(rows.applied), senders*each+2)
	}
	t.Logf("%d commands in %d runs, with %d looks and %d hosts", len(rows.applied), len(runs),
		rows.looks, len(s.hosts[stormTenant]))
}

// TestRepeatedCommandsDoNotMakeDeaf repeats a harmless command while a host runs and
// would for a day: the workflow renews the host to continue as new, and stops when
// told to.
func TestRepeatedCommandsDoNotMakeDeaf(t *testing.T) {
	s := newStage(t, suggestEarly(40)...)
	tenant := s.tenant(stormTenant)
	tenant.send(flowhq.Start)
	first := tenant.online(1)
	for closed := false; !closed; {
		select {
		case <-first.gone:
			closed = true
		default:
			tenant.send(flowhq.Start)
			if tenant.requests > 1000 {
				t.Fatal("the host was not renewed")
			}
		}
	}
	tenant.online(2)
	if state, err := tenant.status(); err != nil || !state.NeedsHost {
		t.Errorf("after the renewal: %+v, %v", state, err)
	}
	if runs := s.runs(workflowID(stormTenant)); len(runs) < 2 {
		t.Error("it did not continue as new")
	}
	tenant.send(flowhq.Stop)
	tenant.settles("stopped by an operator")
}

// TestForgedSignals sends what anybody who reaches Temporal can, on the wire of today and
// of before: a tenant goes on as its rows want it, and still hears its operator.
func TestForgedSignals(t *testing.T) {
	s := newStage(t, suggestEarly(150)...)
	tenant := s.tenant(stormTenant)
	tenant.send(flowhq.Start)
	host := tenant.online(1)
	signal := func(name string, payload any) {
		t.Helper()
		if err := s.temporal.SignalWorkflow(t.Context(), workflowID(stormTenant), "", name,
			payload); err != nil {
			t.Fatal(err)
		}
	}
	type forged struct {
		Command   string `json:"command"`
		RequestID string `json:"request_id"`
	}
	for _, payload := range []any{forged{"delete", "1"}, "delete", nil, []string{"stop"}, 17} {
		signal("command", payload)
		signal("delete", payload)
		signal(changedSignal, payload)
	}
	// Run by whoever likes, with an argument of their own.
	for id, state := range map[string]TenantState{
		workflowID(stormTenant): {Tenant: stormTenant, Deleting: true},
		"elsewhere":             {Tenant: stormTenant, Deleting: true, NeedsHost: true},
		workflowID("6c1f0c1e-8a3e-4f43-9d1c-2b5d7a1e0f13"): {Tenant: stormTenant, Deleting: true,
			NeedsHost: true},
	} {
		_, _ = s.temporal.ExecuteWorkflow(t.Context(),
			client.StartWorkflowOptions{ID: id, TaskQueue: TaskQueue}, tenantWorkflow, state)
	}
	select {
	case <-host.gone:
		t.Error("the host was ended")
	default:
	}
	if state, err := tenant.status(); err != nil || !state.NeedsHost || state.Deleting {
		t.Errorf("after forged signals: %+v, %v", state, err)
	}
	for range 150 { // that no code of ours receives: they must not fill the history
		signal("dance", nil)
	}
	tenant.online(2)
	tenant.send(flowhq.Stop)
	tenant.settles("stopped by an operator")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.erased) > 0 {
		t.Errorf("erased %v", s.erased)
	}
}

// TestOneLookServesManySignals holds a look up, for longer than one within a task may take,
// while many signals come: they cost no look each, and the command behind them is applied.
func TestOneLookServesManySignals(t *testing.T) {
	const signals = 300
	s := newStage(t)
	tenant := s.tenant(stormTenant)
	tenant.send(flowhq.Start)
	tenant.online(1)
	rows := s.of(stormTenant)
	s.until("the start is applied", func() bool { return rows.waiting() == 0 })
	rows.mu.Lock()
	before := rows.looks
	held := time.Now()
	for range signals {
		tenant.signal()
	}
	if rest := 3*time.Second - time.Since(held); rest > 0 {
		<-time.After(rest) // the length of the outage is what is tested
	}
	rows.mu.Unlock()
	tenant.send(flowhq.Stop)
	tenant.settles("stopped by an operator")
	s.until("the stop is applied", func() bool { return rows.waiting() == 0 })
	rows.mu.Lock()
	defer rows.mu.Unlock()
	if looks := rows.looks - before; looks > 10 {
		t.Errorf("%d signals cost %d looks", signals, looks)
	}
}
