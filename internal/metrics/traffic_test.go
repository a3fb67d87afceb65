package metrics_test

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/google/go-cmp/cmp"
)

// TestTraffic: what is counted is taken once, and what is given back is taken with what comes
// later.
func TestTraffic(t *testing.T) {
	t.Parallel()
	w := metrics.NewWorker(metrics.NewRegistry())
	w.CountReceived("a")
	w.CountSent("b")
	w.CountReply(10 * time.Millisecond)
	w.CountReply(time.Hour)
	first := w.TakeTraffic()
	if again := w.TakeTraffic(); again.Received != 0 || again.Messages != nil {
		t.Errorf("taken again: %+v", again)
	}
	w.CountReceived("a")
	w.ReturnTraffic(first)
	replies := make([]int, len(flowhq.ReplyBounds)+1)
	replies[0], replies[len(flowhq.ReplyBounds)] = 1, 1
	want := flowhq.Traffic{Received: 2, Sent: 1, Replies: replies,
		Messages: map[flowhq.TenantID]int{"a": 2, "b": 1}}
	if diff := cmp.Diff(want, w.TakeTraffic()); diff != "" {
		t.Errorf("taken in the end (-want +got):\n%s", diff)
	}
}
