package e2e

import (
	"flag"
	"slices"
	"testing"
	"time"
)

var failoverSessions = flag.Int("hosted", 100, "sessions of BenchmarkFailover")

// starve saturates every core with other programs, several to each, and returns what
// ends that.
func (s *stand) starve() (end func()) {
	s.t.Helper()
	end, err := burn(4)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(end)
	return end
}

// epochs are the hosts that the tenants have had so far.
func epochs(all []*business) map[*business]int64 {
	now := map[*business]int64{}
	for _, b := range all {
		now[b] = b.epoch()
	}
	return now
}

// moved is how many have had another host since.
func moved(all []*business, before map[*business]int64) (n int) {
	for _, b := range all {
		if b.epoch() != before[b] {
			n++
		}
	}
	return n
}

// back measures when each tenant logged in again after then, and returns that sorted.
func back(tb testing.TB, all []*business, then time.Time) (took []time.Duration) {
	tb.Helper()
	for _, b := range all {
		eventually(tb, 5*time.Minute, func() error { return b.loggedIn(then) })
		for _, l := range b.logins() {
			if l.At.After(then) {
				took = append(took, l.At.Sub(then))
				break
			}
		}
	}
	slices.Sort(took)
	return took
}

// BenchmarkFailover measures, with many sessions and the default renewal interval, how soon all
// are back after their worker was killed: when it starts again on its machine, when a
// worker of another machine takes over, and that while other programs saturate the
// machine. Saturated for a minute, no session may move before.
func BenchmarkFailover(b *testing.B) {
	for range b.N {
		s := newStand(b, "LEASE_RENEWAL_INTERVAL_MS=5000")
		worker := s.worker("first")
		all := s.linkMany(0, *failoverSessions)
		report := func(what string, took []time.Duration) {
			b.ReportMetric(took[len(took)/2].Seconds(), "s-median-"+what)
			b.ReportMetric(took[len(took)*9/10].Seconds(), "s-p90-"+what)
			b.ReportMetric(took[len(took)-1].Seconds(), "s-max-"+what)
		}

		wait(b, 35*time.Second) // until all are stable
		worker.kill()
		began := time.Now()
		worker = s.worker("again")
		report("restarted", back(b, all, began))

		wait(b, 35*time.Second)
		other := s.worker("other", s.ownFolder("other"))
		began = time.Now()
		worker.kill()
		report("elsewhere", back(b, all, began))

		wait(b, 35*time.Second)
		before := epochs(all)
		end := s.starve()
		wait(b, time.Minute)
		b.ReportMetric(float64(moved(all, before)), "moved-starved")
		third := s.worker("third", s.ownFolder("third"))
		began = time.Now()
		other.kill()
		report("starved", back(b, all, began))
		end()
		third.terminate()
		third.ended(time.Minute)
	}
}
