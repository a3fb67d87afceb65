package pipeline

import (
	"context"
	"runtime"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
)

// largeProfile is from how many entries on a profile counts as large. Most have a few dozen. One of
// 500 products and 300 answers took .8 s on a busy machine, and the largest more than a second.
const largeProfile = 300

// A compileQueue bounds how many profiles are compiled at once in this process. After a restart all
// tenants have a first message at about the same time.
type compileQueue struct {
	// Large profiles have slots of their own. A small one waits for small ones alone, which are a
	// matter of milliseconds.
	small, large chan struct{}
}

// compilations is the queue of this process. A compilation keeps a processor busy, so more than
// there are would end none of them earlier.
var compilations = newCompileQueue(runtime.GOMAXPROCS(0))

// newCompileQueue leaves large profiles one processor less, if there are several: it is there for
// the messages of everybody else.
func newCompileQueue(processors int) *compileQueue {
	return &compileQueue{
		small: make(chan struct{}, processors), large: make(chan struct{}, max(1, processors-1)),
	}
}

// compile is reply.Compile when it is the profile's turn. It fails only with the error of ctx.
func (q *compileQueue) compile(
	ctx context.Context, p flowhq.Profile, c flowhq.Config,
) (*reply.Knowledge, error) {
	release, err := q.wait(ctx, p)
	if err != nil {
		return nil, err
	}
	defer release()
	return reply.Compile(p, c), nil
}

// wait returns when it is the profile's turn, with what ends the turn.
func (q *compileQueue) wait(ctx context.Context, p flowhq.Profile) (release func(), err error) {
	slots := q.small
	if len(p.Products)+len(p.Services)+len(p.Answers)+len(p.Delivery.Areas) >= largeProfile {
		slots = q.large
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
