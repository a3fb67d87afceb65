package whatsapp

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

// calls counts what runs on the library's goroutines in our name, so that the
// end of a connection can wait for it.
type calls struct {
	mu     sync.Mutex
	closed bool
	active int
	idle   chan struct{} // closed once closed and none is active
}

func newCalls() *calls { return &calls{idle: make(chan struct{})} }

// enter reports whether another call may run; if so, it ends with leave.
func (c *calls) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.active++
	return true
}

func (c *calls) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active--
	if c.closed && c.active == 0 {
		close(c.idle)
	}
}

// close lets no further call in and waits for those inside, at most for the
// given time. It reports whether all have left.
func (c *calls) close(atMost time.Duration) (done bool) {
	c.mu.Lock()
	c.closed = true
	if c.active == 0 {
		close(c.idle)
	}
	c.mu.Unlock()
	select {
	case <-c.idle:
		return true
	case <-time.After(atMost):
		return false
	}
}

// recovered, deferred around what runs for this connection, turns a panic into its
// end. Around a call of the handler that is also what keeps the library from taking
// the panic for success and acknowledging.
func (c *Conn) recovered(failed func()) {
	p := recover()
	if p == nil {
		return
	}
	c.logger().Error("a connection panicked", "panic", p, "stack", string(debug.Stack()))
	c.finish(&EndError{Reason: flowhq.EndNotRecorded, Text: "a panic in the program ended the connection", Err: fmt.Errorf("panic: %v", p)})
	failed()
}
