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
	for _, p := range []flowhq.Process{
		{Name: "first", Capacity: 10, Sessions: 3},
		{Name: "second", Capacity: 20, Status: flowhq.WorkerDraining},
	} {
		if _, err := f.store.BeatWorker(t.Context(), p, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	var got struct{ Workers []flowhq.Process }
	if err := json.Unmarshal(f.send(list, 200).body, &got); err != nil {
		t.Fatal(err)
	}
	want := []flowhq.Process{
		{Name: "first", Status: flowhq.WorkerRunning, Capacity: 10, Sessions: 3},
		{Name: "second", Status: flowhq.WorkerDraining, Capacity: 20},
	}
	if diff := cmp.Diff(want, got.Workers, cmpopts.IgnoreFields(flowhq.Process{}, "Since", "LastSeenAt")); diff != "" {
		t.Errorf("workers (-want +got):\n%s", diff)
	}
}
