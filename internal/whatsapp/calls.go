package whatsapp

import (
	"sync"
	"time"
)

// calls counts what runs on the library's goroutines in a connection's name, so that the
// end of the connection can wait for it. The library itself waits for none of them: when
// a websocket closes, a handler keeps running (client.go, handlerQueueLoop).
type calls struct {
	mu       sync.Mutex
	isClosed bool
	running  int
	idle     chan struct{} // closed once isClosed and none is running
}

func newCalls() *calls { return &calls{idle: make(chan struct{})} }

// enter reports whether another call may run; if so, it ends with leave.
func (c *calls) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		return false
	}
	c.running++
	return true
}

// leave ends a call that enter let in.
func (c *calls) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	if c.isClosed && c.running == 0 {
		close(c.idle)
	}
}

// close lets no further call in and waits for those inside, at most for the given time.
// It reports whether all have left.
func (c *calls) close(atMost time.Duration) (done bool) {
	c.mu.Lock()
	c.isClosed = true
	// The last one to leave closes idle otherwise. It is closed once: so is calls.
	if c.running == 0 {
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
