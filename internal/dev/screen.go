package dev

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// silence is how long something may take before it is mentioned.
	silence = 2 * time.Second
	// Then it is mentioned often for a while, and less often after that.
	often, oftenFor, seldom = 2 * time.Second, 10 * time.Second, 10 * time.Second
)

// A screen is where people read. Lines of several goroutines do not mix.
type screen struct {
	mu sync.Mutex
	w  io.Writer
	// chatty lets everything through that parts print. Until it is set, while
	// they start and the demo is played, only their complaints get through.
	chatty atomic.Bool
}

// say prints one line, or several.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, format+"\n", args...)
}

// Write lets others print; what they write at once stays together.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// during prints progress lines while f runs: none if it is quick, otherwise
// what is going on and for how long already.
func (s *screen) during(what string, f func() error) error {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { s.progress(what, done) })
	defer wg.Wait()
	defer close(done)
	return f()
}

func (s *screen) progress(what string, done <-chan struct{}) {
	began := time.Now()
	next := time.NewTimer(silence)
	defer next.Stop()
	for {
		select {
		case <-done:
			return
		case <-next.C:
		}
		took := time.Since(began).Round(time.Second)
		s.say("%s: %v", what, took)
		if took < oftenFor {
			next.Reset(often)
		} else {
			next.Reset(seldom)
		}
	}
}
