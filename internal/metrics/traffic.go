package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

// A tally counts what was not written to the database yet. Counters of Prometheus cannot be read
// by tenant: a label with thousands of values would be as many series.
type tally struct {
	mu  sync.Mutex
	now flowhq.Traffic
}

// count adds what add does to the tally.
func (t *tally) count(add func(*flowhq.Traffic)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Messages == nil {
		t.now.Messages = map[flowhq.TenantID]int{}
		t.now.Replies = make([]int, len(flowhq.ReplyBounds)+1)
	}
	add(&t.now)
}

// CountReceived counts a message of a tenant's customer.
func (w *Worker) CountReceived(tenant flowhq.TenantID) {
	w.Received.Inc()
	w.tally.count(func(t *flowhq.Traffic) { t.Received++; t.Messages[tenant]++ })
}

// CountSent counts a message to a tenant's customer that WhatsApp has acknowledged.
func (w *Worker) CountSent(tenant flowhq.TenantID) {
	w.Sent.Inc()
	w.tally.count(func(t *flowhq.Traffic) { t.Sent++; t.Messages[tenant]++ })
}

// CountReply counts how long a reply took.
func (w *Worker) CountReply(took time.Duration) {
	seconds := took.Seconds()
	w.ReplySeconds.Observe(seconds)
	// The first bound that is not below it, or one past the last.
	i, _ := slices.BinarySearch(flowhq.ReplyBounds, seconds)
	w.tally.count(func(t *flowhq.Traffic) { t.Replies[i]++ })
}

// TakeTraffic returns what was counted since the last call, and begins anew.
func (w *Worker) TakeTraffic() flowhq.Traffic {
	w.tally.mu.Lock()
	defer w.tally.mu.Unlock()
	taken := w.tally.now
	w.tally.now = flowhq.Traffic{}
	return taken
}

// ReturnTraffic gives back what could not be written, for the next call of TakeTraffic. It has an
// entry for each tenant that this process has hosted, and so does not grow with an outage.
func (w *Worker) ReturnTraffic(old flowhq.Traffic) {
	w.tally.count(func(t *flowhq.Traffic) {
		t.Received, t.Sent = t.Received+old.Received, t.Sent+old.Sent
		for i, n := range old.Replies {
			t.Replies[i] += n
		}
		for tenant, n := range old.Messages {
			t.Messages[tenant] += n
		}
	})
}
