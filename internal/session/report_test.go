package session

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyTheNewestReportIsRepeated(t *testing.T) {
	var (
		mu        sync.Mutex
		delivered []int64
		first     = make(chan struct{})
		last      = make(chan struct{})
	)
	q := newReports(func(_ context.Context, r Report) error {
		mu.Lock()
		defer mu.Unlock()
		delivered = append(delivered, r.Epoch)
		switch len(delivered) {
		case 1:
			close(first)
			return errors.New("Temporal is away")
		case 2:
			close(last)
		}
		return nil
	})
	q.send(t.Context(), Report{Epoch: 1})
	soon(t, "the first try", first)
	q.send(t.Context(), Report{Epoch: 2})
	q.send(t.Context(), Report{Epoch: 3})
	soon(t, "the second try", last)
	q.flush()
	if diff := cmp.Diff([]int64{1, 3}, delivered); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}
