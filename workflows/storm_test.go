package workflows

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"

	"github.com/flowhq/flowhq"
)

const stormTenant = "6c1f0c1e-8a3e-4f43-9d1c-2b5d7a1e0f12"

// commandsIn returns the request ids of the commands that reached a run, in order.
func commandsIn(t *testing.T, runs []*history.History) (all [][]string) {
	t.Helper()
	for _, h := range runs {
		var got []string
		for _, e := range h.Events {
			signal := e.GetWorkflowExecutionSignaledEventAttributes()
			if signal.GetSignalName() != commandSignal {
				continue
			}
			var c command
			if err := converter.GetDefaultDataConverter().FromPayloads(signal.GetInput(), &c); err != nil {
				t.Fatal(err)
			}
			got = append(got, c.RequestID)
		}
		all = append(all, got)
	}
	return all
}

// TestStormOfCommands sends commands from all sides while hosts come and go, with a
// server that suggests to continue as new after a few dozen events. Each command is
// obeyed once and in order, in whichever run it arrived; the last one has the last
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
				if err := s.control.Send(t.Context(), tenant.Tenant, c, fmt.Sprintf("%d-%d", n, i), "admin"); err != nil {
					t.Error(err)
				}
				<-tick.C
			}
		})
	}
	wg.Wait()
	tenant.send(flowhq.Stop)
	tenant.settles("stopped by an operator")

	state, err := tenant.status()
	if err != nil {
		t.Fatal(err)
	}
	histories := s.runs(workflowID(stormTenant)) // once: it may just be about to continue as new
	runs := commandsIn(t, histories)
	var sent []string
	for _, run := range runs {
		sent = append(sent, run...)
	}
	if len(sent) != senders*each+2 {
		t.Errorf("%d commands are in the histories; want %d", len(sent), senders*each+2)
	}
	if len(runs) < 4 {
		t.Errorf("it continued as new %d times; want more", len(runs)-1)
	}
	// What was obeyed last is what was sent last, in the same order: had one been
	// lost at a boundary, it would be missing here.
	if diff := cmp.Diff(sent[len(sent)-handledIDs:], state.Handled); diff != "" {
		t.Errorf("obeyed (-sent +handled):\n%s", diff)
	}
	carriedOver(t, histories, runs)
	t.Logf("%d commands in %d runs, %d hosts", len(sent), len(runs), len(s.hosts[stormTenant]))
}

// carriedOver checks, at each boundary, that every command of the runs before was
// obeyed there: the state that the next run began with ends with their ids.
func carriedOver(t *testing.T, runs []*history.History, commands [][]string) {
	t.Helper()
	var before []string
	for i, h := range runs {
		started := h.Events[0].GetWorkflowExecutionStartedEventAttributes()
		if started.GetInitiator() == enums.CONTINUE_AS_NEW_INITIATOR_WORKFLOW {
			var state TenantState
			if err := converter.GetDefaultDataConverter().FromPayloads(started.GetInput(), &state); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before[max(0, len(before)-handledIDs):], state.Handled); diff != "" {
				t.Errorf("boundary %d (-sent +handled):\n%s", i, diff)
			}
		}
		before = append(before, commands[i]...)
	}
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
	if state, err := tenant.status(); err != nil || !state.Wanted {
		t.Errorf("after the renewal: %+v, %v", state, err)
	}
	if runs := s.runs(workflowID(stormTenant)); len(runs) < 2 {
		t.Error("it did not continue as new")
	}
	tenant.send(flowhq.Stop)
	tenant.settles("stopped by an operator")
}
