// Package shutdown turns the signals that end a process into what a program waits
// for. Both programs use it, so that a second Ctrl-C means the same everywhere.
package shutdown

import (
	"context"
	"os"
	"os/signal"
	"time"
)

// Signals returns a context that ends with the first of the given signals, and a
// channel that is closed by the second, which means that somebody is in a hurry. The
// third has the effect it has on any program: the process dies at once.
//
// Signals that arrive within same of the first one count as one with it: a terminal
// sends its Ctrl-C to a program and to the go command above it, which may pass it on.
// Signals are taken from then on until the process ends.
func Signals(
	parent context.Context, same time.Duration, list ...os.Signal,
) (ctx context.Context, hurry <-chan struct{}) {
	ctx, cancel := context.WithCancel(parent)
	// With room for one, so that a signal is not lost while the goroutine is busy.
	received, again := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(received, list...)
	go func() {
		<-received
		first := time.Now()
		cancel()
		for <-received; time.Since(first) < same; {
			<-received
		}
		signal.Stop(received)
		close(again)
	}()
	return ctx, again
}
