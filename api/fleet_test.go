package api

import (
	"encoding/json"
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
