package gobuild

import (
	"fmt"
	"sync"
	"time"
)

// When progress is said. The first line comes so early that nobody takes the program
// for stuck, and so late that a build from the cache says nothing.
const (
	// firstAfter is when the first line comes, from the start of the build.
	firstAfter = 500 * time.Millisecond
	often      = 2 * time.Second // until a build has taken oftenFor
	oftenFor   = 10 * time.Second
	seldom     = 5 * time.Second // after that: a log is not to be filled
	// unchanged is for how long the same is not said again. A large package takes that.
	unchanged = 20 * time.Second
)

// A progress is how far a build is. The go command fetches, then compiles, and links
// last, which of the three is told apart by the counts.
type progress struct {
	mu       sync.Mutex // the counts are written by the go command's output, and read by show
	building bool       // the counting is over
	fetched  int        // modules downloaded
	todo     int        // packages to compile; 0 if nobody counted
	done     int        // packages whose turn has come
}

// add counts one more in n, which is a field of p.
func (p *progress) add(n *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}

// begin says that the counting is over.
func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.building = true
}

// String says what is going on.
func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.done > 0 && p.todo > 0:
		// The counts can differ a little: another build may share the cache.
		return fmt.Sprintf("compiling, %d of %d packages", p.done, max(p.todo, p.done))
	case p.done > 0:
		return fmt.Sprintf("compiling, %d packages", p.done)
	case p.fetched > 0 && !p.building:
		return fmt.Sprintf("fetching modules, %d so far", p.fetched)
	default:
		return "looking what there is to do"
	}
}

// show says again and again how far the build is, until the returned function is
// called.
func (p *progress) show(what string, say func(format string, args ...any)) (stop func()) {
	began, done := time.Now(), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		next := time.NewTimer(firstAfter)
		defer next.Stop()
		var last string
		var lastAt time.Duration
		for {
			select {
			case <-done:
				return
			case <-next.C:
			}
			took, text := time.Since(began), p.String()
			if text != last || took-lastAt >= unchanged {
				say("%s: %s (%v)", what, text, took.Round(time.Second))
				last, lastAt = text, took
			}
			if took < oftenFor {
				next.Reset(often)
			} else {
				next.Reset(seldom)
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}
