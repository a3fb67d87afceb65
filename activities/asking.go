package activities

import "time"

// When a host asks Temporal whether it should end, after its tenant was given a command:
// first after askAfter, then after twice as long each time, maxAsks times. Most Temporals
// push a cancellation to the worker and are quicker; another one says so with a heartbeat
// only, and those are rare.
const (
	askAfter = 200 * time.Millisecond
	maxAsks  = 5
)

// asking is the times at which a host asks.
type asking struct {
	timer *time.Timer
	asked int
}

func newAsking() *asking {
	a := &asking{timer: time.NewTimer(askAfter)}
	a.timer.Stop()
	return a
}

// due receives when it is time.
func (a *asking) due() <-chan time.Time { return a.timer.C }

// begin starts anew.
func (a *asking) begin() {
	a.asked = 0
	a.timer.Reset(askAfter)
}

// again waits for the next time, if there is one.
func (a *asking) again() {
	if a.asked++; a.asked < maxAsks {
		a.timer.Reset(askAfter << a.asked)
	}
}

func (a *asking) stop() { a.timer.Stop() }
