package dev

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// How often something that takes long is mentioned. A start on a warm machine has no step
// of two seconds, so it prints none of this. The first build of Temporal takes minutes,
// which would fill the terminal with a line every two seconds.
const (
	progressAfter      = 2 * time.Second  // before the first mention
	progressOften      = 2 * time.Second  // between two, in the beginning
	progressOftenUntil = 10 * time.Second // how long that is
	progressSeldom     = 10 * time.Second // between two, after that
)

// A console is where people read. Lines of several goroutines do not mix. printf drops an error
// of writing, as there is nowhere else to report it.
type console struct {
	mu sync.Mutex // held while w is written to
	w  io.Writer
	// verbose lets everything through that services print. Until it is set, while they
	// start and the demo runs, only their warnings and errors get through: the rest would
	// bury the demo's conversation.
	verbose atomic.Bool
}

// printf prints one line, or several.
func (c *console) printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.w, format+"\n", args...)
}

// Write lets other code print, such as the command line of operators, whose pictures of QR
// codes have some thirty lines. What it writes at once stays together.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.w.Write(p)
}

// during prints progress lines while f runs: none if f is quick, otherwise what is going on and
// for how long already. It returns the error of f, and bounds nothing: f does.
func (c *console) during(what string, f func() error) error {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { c.progress(what, done) })
	// In the order in which they run: the goroutine is told to end, and then waited for, so
	// that no progress line follows whatever the caller prints next.
	defer wg.Wait()
	defer close(done)
	return f()
}

// progress prints what is going on and for how long already, until done is closed. The pauses
// grow, so that minutes of compiling do not fill the terminal.
func (c *console) progress(what string, done <-chan struct{}) {
	began := time.Now()
	next := time.NewTimer(progressAfter)
	defer next.Stop()
	for {
		select {
		case <-done:
			return
		case <-next.C:
		}
		// A timer says "2.0003 s" after two seconds, which looks like a measurement.
		took := time.Since(began).Round(time.Second)
		c.printf("%s: %v", what, took)
		if took < progressOftenUntil {
			next.Reset(progressOften)
		} else {
			next.Reset(progressSeldom)
		}
	}
}
