package e2e

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

var rollingSessions = flag.Int("sessions", 300, "sessions on each worker of BenchmarkRollingRestart")

// writers are the customers who write in a benchmark of many tenants, each to his share
// of the numbers.
const writers = 20

// BenchmarkRollingRestart replaces two workers, one after the other, while customers
// write: for how long each number was off the air, by WhatsApp's account, at each of
// its moves; how long a worker took to end; and how many messages stayed unanswered.
func BenchmarkRollingRestart(b *testing.B) {
	for range b.N {
		s := newStand(b, "LEASE_RENEWAL_INTERVAL_MS=5000")
		capacity := fmt.Sprintf("WORKER_CAPACITY=%d", *rollingSessions)
		workers := []*process{s.worker("worker", capacity), s.worker("worker", capacity)}
		all := s.linkMany(0, len(workers)**rollingSessions)
		conversations := s.conversations(all, "hello", "prices")
		began := time.Now()
		var ended []time.Duration
		var writing sync.WaitGroup
		writing.Go(func() { playInTurn(b, conversations) })
		for i := range workers {
			s.worker("next")
			told := time.Now()
			workers[i].terminate()
			workers[i].ended(2 * time.Minute)
			ended = append(ended, time.Since(told))
		}
		for _, t := range all {
			t.connected(time.Minute)
		}
		writing.Wait()
		answeredOnce(b, 2*time.Minute, conversations)
		hosted(all)
		reportMoves(b, all, began)
		b.ReportMetric(slices.Max(ended).Seconds(), "s/worker-max")
	}
}

// conversations gives each number one of the writers, who writes these texts.
func (s *stand) conversations(all []*business, texts ...string) (cs []*conversation) {
	s.t.Helper()
	for i, to := range all {
		from := s.customer(fmt.Sprintf("+25571100%04d", i%writers), "Amina")
		cs = append(cs, &conversation{customer: from, to: to, texts: texts})
	}
	return cs
}

// playInTurn has every writer have his conversations one after the other, and returns
// when all have written.
func playInTurn(b *testing.B, cs []*conversation) {
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := w; i < len(cs); i += writers {
				play(b, cs[i:i+1], nil)
			}
		})
	}
	writing.Wait()
}

// reportMoves reports how long the numbers were off the air since began.
func reportMoves(b *testing.B, all []*business, began time.Time) {
	b.Helper()
	var away []int64
	for _, t := range all {
		for _, l := range t.logins() {
			if l.At.After(began) {
				away = append(away, l.OffAirMS)
			}
		}
	}
	slices.Sort(away)
	b.ReportMetric(float64(len(away)), "moves")
	b.ReportMetric(float64(away[len(away)/2]), "ms-off-air-median")
	b.ReportMetric(float64(away[len(away)*95/100]), "ms-off-air-p95")
	b.ReportMetric(float64(away[len(away)-1]), "ms-off-air-max")
	b.ReportMetric(0, "messages-lost") // answeredOnce has failed otherwise
}
