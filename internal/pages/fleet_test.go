package pages

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// TestFull: when the workers will be full follows from their free places and the last week.
func TestFull(t *testing.T) {
	running := func(capacity, sessions int) flowhq.Worker {
		return flowhq.Worker{Status: flowhq.WorkerRunning, Capacity: capacity, Sessions: sessions}
	}
	for _, tt := range []struct {
		name    string
		workers []flowhq.Worker
		added   int
		want    string
	}{
		{"no worker", nil, 5, ""},
		{"nobody new", []flowhq.Worker{running(10, 1)}, 0, ""},
		{"full", []flowhq.Worker{running(10, 12)}, 5, "full: further tenants wait until a worker is added"},
		{"only a draining one is free", []flowhq.Worker{running(10, 10),
			{Status: flowhq.WorkerDraining, Capacity: 10}}, 5,
			"full: further tenants wait until a worker is added"},
		{"today", []flowhq.Worker{running(10, 9)}, 50, "full within a day at this week's growth"},
		{"days", []flowhq.Worker{running(10, 0)}, 7, "full in about 10 days at this week's growth"},
		{"weeks", []flowhq.Worker{running(1000, 0), running(1000, 900)}, 100,
			"full in about 11 weeks at this week's growth"},
		{"never", []flowhq.Worker{running(1000, 0)}, 1, "not full within two years at this week's growth"},
	} {
		if got := (workersPage{Workers: tt.workers, NewTenants: tt.added}).Full(); got != tt.want {
			t.Errorf("%s: %q; want %q", tt.name, got, tt.want)
		}
	}
}
