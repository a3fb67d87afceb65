package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// BenchmarkTemporalLost takes all of Temporal's data away from many tenants, gives each a
// command meanwhile, and measures how soon all are as their rows want it after it is back:
// every command applied, those that are wanted on the air and the others at rest.
func BenchmarkTemporalLost(b *testing.B) {
	const stopped = 10 // every tenth is stopped meanwhile, the others are restarted
	for range b.N {
		n := *fleetTenants
		s := newStand(b, "LEASE_RENEWAL_INTERVAL_MS=5000", fmt.Sprintf("WORKER_CAPACITY=%d", n))
		s.worker("first")
		s.worker("second")
		all := s.linkMany(0, n)
		s.loseTemporal()
		began := time.Now()
		for i, t := range all {
			if i%stopped == 0 {
				t.command(flowhq.Stop)
			} else {
				t.command(flowhq.Restart)
			}
		}
		b.ReportMetric(time.Since(began).Seconds()/float64(n)*1000, "ms/command-while-away")
		s.startTemporal()
		began = time.Now()
		for i, t := range all {
			t.applied(10 * time.Minute)
			if i%stopped == 0 {
				t.paused(10 * time.Minute)
			} else {
				t.connected(10 * time.Minute)
			}
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-until-all-as-wanted")
		hosted(all)
	}
}

// BenchmarkCommands measures how long each command takes from its request until the row
// says that it has been applied, and the session is as it asks.
func BenchmarkCommands(b *testing.B) {
	const times = 15
	s := newStand(b, "LEASE_RENEWAL_INTERVAL_MS=5000")
	s.worker("worker")
	t := s.business(unlimited(barbers))
	t.link()
	for b.Loop() {
		took := map[flowhq.Command][]time.Duration{}
		for range times {
			for _, c := range []flowhq.Command{flowhq.Stop, flowhq.Start, flowhq.Restart,
				flowhq.ForceRestart} {
				before, began := t.epoch(), time.Now()
				t.command(c)
				if c == flowhq.Stop {
					t.paused(patience)
				} else {
					t.replaced(before)
				}
				took[c] = append(took[c], time.Since(began))
				t.applied(patience)
			}
		}
		for c, all := range took {
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Milliseconds()), "ms-"+string(c)+"-median")
		}
	}
}
