package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flowhq/flowhq"
)

func TestWorkers(t *testing.T) {
	f := setup(t)
	list := call{method: "GET", path: "/admin/workers"}
	f.contains(f.send(list, 200).json, `{"workers": []}`)
	for _, p := range []flowhq.Worker{
		{Name: "first", Capacity: 10, Sessions: 3},
		{Name: "second", Capacity: 20, Status: flowhq.WorkerDraining},
	} {
		if _, err := f.store.BeatWorker(t.Context(), p, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	var got struct{ Workers []flowhq.Worker }
	if err := json.Unmarshal(f.send(list, 200).body, &got); err != nil {
		t.Fatal(err)
	}
	want := []flowhq.Worker{
		{Name: "first", Status: flowhq.WorkerRunning, Capacity: 10, Sessions: 3},
		{Name: "second", Status: flowhq.WorkerDraining, Capacity: 20},
	}
	if diff := cmp.Diff(want, got.Workers,
		cmpopts.IgnoreFields(flowhq.Worker{}, "Since", "LastSeenAt")); diff != "" {
		t.Errorf("workers (-want +got):\n%s", diff)
	}
}

// TestDrainAWorker: a worker drains until the wish is taken back; who asks twice is answered alike
// and recorded once. One that has ended has nobody to hear it.
func TestDrainAWorker(t *testing.T) {
	f := setup(t)
	beat := func(w flowhq.Worker, ttl time.Duration) {
		t.Helper()
		if _, err := f.store.BeatWorker(t.Context(), w, ttl); err != nil {
			t.Fatal(err)
		}
	}
	beat(flowhq.Worker{Name: "rack 1", Capacity: 10, ConnectsPerSecond: 20, ConnectsWaiting: 4}, time.Minute)
	beat(flowhq.Worker{Name: "b", Capacity: 10, ConnectsPerSecond: 5, ConnectsWaiting: 1}, time.Minute)
	beat(flowhq.Worker{Name: "dead", Capacity: 10, ConnectsPerSecond: 20, ConnectsWaiting: 9}, 0)
	order := func(worker, command string, status int) answer {
		t.Helper()
		return f.send(call{method: "POST", path: "/admin/workers/" + worker + "/" + command}, status)
	}
	pace := func(perSecond, waiting int) {
		t.Helper()
		f.contains(f.get("/admin/fleet").json,
			fmt.Sprintf(`{"connects_per_second": %d, "connects_waiting": %d}`, perSecond, waiting))
	}
	pace(25, 5)
	for range 2 {
		f.contains(order("b", "drain", 200).json, `{"name": "b", "status": "DRAINING", "drain_wanted": true}`)
	}
	pace(20, 5)
	for range 2 {
		f.contains(order("b", "undrain", 200).json, `{"name": "b", "status": "RUNNING", "drain_wanted": false}`)
	}
	f.contains(order("rack%201", "drain", 200).json, `{"name": "rack 1", "drain_wanted": true}`)
	f.contains(order("nobody", "drain", 404).json, `{"detail": "there is no such worker"}`)
	order("nobody%00", "undrain", 404)
	order("dead", "undrain", 409)
	gone := order("dead", "drain", 409).json.(node)["detail"]
	if !strings.HasPrefix(fmt.Sprint(gone), "the worker has ended: it was last heard of at 20") {
		t.Errorf("the order to one that has ended is refused with %q", gone)
	}
	order("b", "sleep", 404)
	if got := f.get("/admin/audit").names("entries", "action"); !slices.Equal(got,
		[]string{"WORKER_DRAIN_REQUESTED", "WORKER_UNDRAIN_REQUESTED", "WORKER_DRAIN_REQUESTED"}) {
		t.Errorf("the audit has %v", got)
	}
}

func TestFleet(t *testing.T) {
	f := setup(t)
	f.contains(f.send(call{method: "GET", path: "/admin/fleet"}, 200).json,
		`{"paused": false, "reason": "", "whatsapp_version": "", "pinned": false, "events": []}`)
	put := func(body string, status int) answer {
		t.Helper()
		return f.send(call{method: "PUT", path: "/admin/fleet", body: body}, status)
	}
	f.contains(put(`{"paused": true, "reason": "moving house"}`, 200).json,
		`{"paused": true, "reason": "moving house"}`)
	f.contains(put(`{"paused": true, "reason": "still moving"}`, 200).json,
		`{"paused": true, "reason": "still moving"}`)
	f.contains(put(`{"whatsapp_version": "2.3000.1047769893", "paused": true}`, 200).json,
		`{"paused": true, "reason": "still moving", "whatsapp_version": "2.3000.1047769893", "pinned": true}`)
	f.contains(put(`{"whatsapp_version": "2.3000.1047769893"}`, 200).json,
		`{"paused": false, "reason": "", "whatsapp_version": "2.3000.1047769893", "pinned": true}`)
	f.contains(put(`{"whatsapp_version": ""}`, 200).json,
		`{"whatsapp_version": "2.3000.1047769893", "pinned": false}`)
	for bad, fields := range map[string][]string{
		`{}`: nil, `{"reason": "alone"}`: {"reason"}, `{"paused": false, "reason": "over"}`: {"reason"},
		`{"whatsapp_version": "", "reason": "x"}`: {"reason"},
		`{"paused": true, "reason": ""}`:          {"reason"}, `{"paused": "yes"}`: {"paused"},
		`{"whatsapp_version": "2.3000"}`:            {"whatsapp_version"},
		`{"whatsapp_version": "2.3000.4294967296"}`: {"whatsapp_version"},
		`{"whatsapp_version": "2.3000.x"}`:          {"whatsapp_version"},
	} {
		if diff := cmp.Diff(fields, put(bad, 400).fields()); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", bad, diff)
		}
	}
	var got struct{ Events []flowhq.FleetEvent }
	if err := json.Unmarshal(f.send(call{method: "GET", path: "/admin/fleet"}, 200).body, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Events) != 5 || got.Events[0].Type != "WHATSAPP_VERSION_SET" ||
		got.Events[4].Type != "FLEET_PAUSED" || got.Events[0].Actor != "admin (127.0.0.1)" {
		t.Errorf("events %+v; want three of the version and two of the pause, the newest first", got.Events)
	}
}
