package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"go.temporal.io/sdk/client"

	"github.com/flowhq/flowhq"
)

// crowd creates n tenants that nobody will link.
func (s *stand) crowd(n int) (ids []flowhq.TenantID) {
	s.t.Helper()
	for i := range n {
		one := barbers
		one.Name, one.PhoneNumber = fmt.Sprintf("crowd %d", i), fmt.Sprintf("+2547010%05d", i)
		var t flowhq.Tenant
		s.must(s.call("POST", "/admin/tenants", one, &t))
		ids = append(ids, t.ID)
	}
	return ids
}

// bulk begins a bulk and returns it.
func (s *stand) bulk(body map[string]any) (b flowhq.Bulk) {
	s.t.Helper()
	s.must(s.call("POST", "/admin/bulk", body, &b))
	return b
}

// bulkBecomes waits until is holds for a bulk, and returns it.
func (s *stand) bulkBecomes(id string, is func(flowhq.Bulk) bool) (b flowhq.Bulk) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		if _, err := s.call("GET", "/admin/bulk/"+id, nil, &b); err != nil {
			return err
		}
		if !is(b) {
			return fmt.Errorf("the bulk is %+v", b)
		}
		return nil
	})
	return b
}

// commands are those that a tenant was given, newest first.
func (s *stand) commands(id flowhq.TenantID) []flowhq.TenantCommand {
	s.t.Helper()
	var list struct{ Commands []flowhq.TenantCommand }
	s.must(s.call("GET", "/admin/tenants/"+string(id)+"/commands", nil, &list))
	return list.Commands
}

// signals counts the signals that have reached a tenant's workflow.
func (w *warden) signals(id flowhq.TenantID) (n int) {
	w.t.Helper()
	events := w.temporal.GetWorkflowHistory(w.t.Context(), "tenant:"+string(id), "", false, 0)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			w.t.Fatal(err)
		}
		if e.GetWorkflowExecutionSignaledEventAttributes().GetSignalName() == "changed" {
			n++
		}
	}
	return n
}

// TestBulkSurvivesAKilledWorker kills the worker that tells a crowd, in the middle of
// a page: the next one tells the rest, and each tenant obeys once.
func TestBulkSurvivesAKilledWorker(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	w := s.warden()
	ids := s.crowd(40)
	first := s.worker("first")
	b := s.bulk(map[string]any{"command": "start", "filter": map[string]any{"status": "NEW"},
		"per_second": 4})
	if b.Matched != len(ids) || b.State != flowhq.BulkRunning {
		t.Fatalf("begun: %+v; want %d matched", b, len(ids))
	}
	s.bulkBecomes(b.ID, func(b flowhq.Bulk) bool { return b.Sent > 0 })
	told := func() (n int) {
		for _, id := range ids {
			if _, err := w.temporal.DescribeWorkflow(t.Context(), "tenant:"+string(id), ""); err == nil {
				n++
			}
		}
		return n
	}
	sent := s.bulkBecomes(b.ID, func(flowhq.Bulk) bool { return true }).Sent
	eventually(t, patience, func() error { // into the next page
		if n := told(); n < sent+3 {
			return fmt.Errorf("%d of %d are told", n, len(ids))
		}
		return nil
	})
	first.kill()
	before := told()
	if before >= len(ids) {
		t.Fatalf("all %d were told before the worker was killed", before)
	}
	s.worker("second")
	b = s.bulkBecomes(b.ID, func(b flowhq.Bulk) bool { return b.State != flowhq.BulkRunning })
	if b.State != flowhq.BulkDone || b.Sent != len(ids) || b.Failed != 0 || b.EndedAt == nil {
		t.Errorf("ended: %+v; want %d sent", b, len(ids))
	}
	repeated := 0
	for _, id := range ids {
		n := w.signals(id)
		if n < 1 {
			t.Errorf("tenant %s was not signalled", id)
		}
		repeated += n - 1
		// A bulk is done when all are told; each tenant applies it in its own time.
		eventually(t, patience, func() error {
			got := s.commands(id)
			if len(got) != 1 || got[0].Key != "bulk:"+b.ID || got[0].AppliedAt == nil {
				return fmt.Errorf("tenant %s was given %+v; want the bulk's, applied", id, got)
			}
			if s.events(id, flowhq.EventHostStarting) == 0 {
				return fmt.Errorf("tenant %s has not been started", id)
			}
			return nil
		})
		if n = s.events(id, "START_REQUESTED"); n != 1 {
			t.Errorf("tenant %s has %d events of the request; want 1", id, n)
		}
		if n = s.events(id, flowhq.EventHostStarting); n != 1 {
			t.Errorf("tenant %s was started %d times; want once", id, n)
		}
	}
	t.Logf("killed after %d of %d; %d were told again, and ignored it", before, len(ids), repeated)
	var list struct{ Bulks []flowhq.Bulk }
	s.must(s.call("GET", "/admin/bulk", nil, &list))
	if len(list.Bulks) != 1 || list.Bulks[0].ID != b.ID || list.Bulks[0].State != flowhq.BulkDone {
		t.Errorf("list = %+v; want the one", list.Bulks)
	}
}

// events counts a tenant's events of a type.
func (s *stand) events(id flowhq.TenantID, kind flowhq.EventType) (n int) {
	s.t.Helper()
	var list struct{ Events []flowhq.Event }
	s.must(s.call("GET", "/admin/tenants/"+string(id)+"/events", nil, &list))
	for _, e := range list.Events {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// TestBulkIsCancelled: those that were told obey, the others hear nothing, and the
// figures agree.
func TestBulkIsCancelled(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	w := s.warden()
	ids := s.crowd(12)
	b := s.bulk(map[string]any{"command": "stop", "filter": map[string]any{"all": true}, "per_second": 1})
	if got := s.bulkBecomes(b.ID, func(flowhq.Bulk) bool { return true }); got.State != flowhq.BulkRunning || got.Matched != len(ids) {
		t.Errorf("without a worker: %+v; want it to wait", got)
	}
	s.worker("worker")
	eventually(t, patience, func() error {
		_, err := w.temporal.DescribeWorkflow(t.Context(), "tenant:"+string(ids[len(ids)-2]), "") // the newest are first
		return err
	})
	s.must(s.call("DELETE", "/admin/bulk/"+b.ID, nil, nil))
	b = s.bulkBecomes(b.ID, func(b flowhq.Bulk) bool { return b.State != flowhq.BulkRunning })
	told := 0
	for _, id := range ids {
		told += s.events(id, "STOP_REQUESTED")
	}
	if b.State != flowhq.BulkCancelled || b.Sent != told || told < 2 || told > 8 || b.Failed != 0 {
		t.Errorf("cancelled: %+v with %d told; want as many sent, and some left", b, told)
	}
	var again flowhq.Bulk
	s.must(s.call("DELETE", "/admin/bulk/"+b.ID, nil, &again))
	if again.State != flowhq.BulkCancelled {
		t.Errorf("cancelled again: %+v", again)
	}
	var names map[string]json.RawMessage
	if _, err := s.call("GET", "/admin/bulk/"+b.ID, nil, &names); err != nil || names["filter"] != nil {
		t.Errorf("a bulk shows %v, %v; want no filter, which may hold a number", names, err)
	}
	run := w.temporal.GetWorkflow(t.Context(), "bulk:"+b.ID, "")
	if err := run.GetWithOptions(t.Context(), nil, client.WorkflowRunGetOptions{}); err == nil {
		t.Error("the workflow of a cancelled bulk succeeded")
	}
}
