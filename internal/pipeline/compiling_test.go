package pipeline

import (
	"context"
	"errors"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestCompileQueue: as many profiles as there are processors are compiled at once, and a small one
// does not wait for large ones.
func TestCompileQueue(t *testing.T) {
	small, large := flowhq.Profile{}, flowhq.Profile{Products: make([]flowhq.Product, largeProfile)}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for processors, want := range map[int]int{1: 1, 2: 1, 4: 3} {
		q := newCompileQueue(processors)
		var releases []func()
		for range want {
			release, err := q.wait(t.Context(), large)
			if err != nil {
				t.Fatal(err)
			}
			releases = append(releases, release)
		}
		if _, err := q.wait(ended, large); !errors.Is(err, context.Canceled) {
			t.Errorf("%d processors compile more than %d large profiles at once: %v", processors, want, err)
		}
		for range processors {
			release, err := q.wait(t.Context(), small)
			if err != nil {
				t.Fatal(err)
			}
			releases = append(releases, release)
		}
		if _, err := q.compile(ended, small, flowhq.Config{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%d processors compile more than %d small profiles at once: %v", processors,
				processors, err)
		}
		for _, release := range releases {
			release()
		}
		for _, p := range []flowhq.Profile{small, {}} {
			if k, err := q.compile(t.Context(), p, flowhq.Config{}); err != nil || k == nil {
				t.Errorf("compile after the others: %v, %v", k, err)
			}
		}
	}
}
