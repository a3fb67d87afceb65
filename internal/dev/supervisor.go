package dev

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowhq/flowhq/internal/dev/proc"
)

// A service whose process ended is started again after a pause. The pause doubles each
// time up to the longest, so that a service that cannot run does not fill the log. It is
// the first one again once a process has run for a while.
const (
	firstPause   = time.Second
	longestPause = 10 * time.Second
	stableAfter  = 10 * time.Second
)

// readyEvery is how often a service that starts is asked whether it is ready.
const readyEvery = 50 * time.Millisecond

// A service is a program that a supervisor keeps running.
type service struct {
	name  string
	args  []string // the program and its arguments
	env   []string
	out   *output       // closed by the supervisor after the last process has ended
	grace time.Duration // how long a process may take to end when it is told to

	pid      atomic.Int64  // of the running process, 0 between two
	wasReady atomic.Bool   // only a service that has worked once is worth starting again
	failed   chan struct{} // closed if the first process ends before the service was ready
}

// A supervisor keeps a set of services running and ends them together. Services that
// depend on others have a supervisor of their own, which is stopped earlier.
type supervisor struct {
	console *console
	hurry   <-chan struct{} // closed when there is no more time for graces
	ctx     context.Context // of the services; ends when they are to end
	cancel  context.CancelFunc
	wg      sync.WaitGroup // of the goroutines that keep one service each
}

// newSupervisor returns a supervisor whose services run until stop, even if ctx ends
// before: the caller decides in which order its supervisors are stopped.
func newSupervisor(ctx context.Context, c *console, hurry <-chan struct{}) *supervisor {
	v := &supervisor{console: c, hurry: hurry}
	v.ctx, v.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return v
}

// start starts s and keeps it running until stop. It does not wait until s is ready: that is
// for the caller, with awaitReady, as services can start at the same time. It must not be
// called after stop.
func (v *supervisor) start(s *service) *service {
	s.failed = make(chan struct{})
	v.wg.Go(func() { v.keep(s) })
	return s
}

// stop tells every service to end, all at once, and returns when their processes have ended. It
// takes no longer than the longest grace among them.
func (v *supervisor) stop() {
	v.cancel()
	v.wg.Wait()
}

// keep runs processes of s, one after the other. It returns when the supervisor is stopped, or
// if the first process ends before the service was ready: one that cannot start, as its port is
// taken, would fail the same way again, and the caller reports it at once.
func (v *supervisor) keep(s *service) {
	defer s.out.close()
	pause := firstPause
	for v.ctx.Err() == nil {
		began := time.Now()
		err := v.runProcess(s)
		if v.ctx.Err() != nil {
			return
		}
		if !s.wasReady.Load() {
			close(s.failed)
			return
		}
		// A process that ran for a while has shown that it can start, so the next pause is short
		// again.
		if time.Since(began) > stableAfter {
			pause = firstPause
		}
		// Always shown: whoever killed it to see what happens waits for this line.
		v.console.printf("%s ended by itself (%v); it starts again in %v", s.name, err, pause)
		select {
		case <-time.After(pause):
		case <-v.ctx.Done():
		}
		pause = min(2*pause, longestPause)
	}
}

// runProcess runs one process of s until it ends by itself or the supervisor is stopped. It
// returns how the process ended, and nil only if the supervisor was stopped. A process that was
// told to end and has not done so within the grace, or before a second Ctrl-C, is killed with
// its group.
func (v *supervisor) runProcess(s *service) error {
	cmd := exec.Command(s.args[0], s.args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, s.out, s.out
	// These programs survive being killed at any moment, so that is what the kernel does to
	// them if this process dies.
	child, err := proc.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	// For the summary, which suggests to kill the worker by its number.
	s.pid.Store(int64(child.Pid()))
	defer s.pid.Store(0)
	select {
	case <-child.Done():
		if child.Err() == nil { // which of a service is as wrong as any other end
			return fmt.Errorf("exit status 0")
		}
		return child.Err()
	case <-v.ctx.Done():
	}
	// SIGTERM is how every one of these programs is told to end in good order.
	child.Signal(syscall.SIGTERM)
	select {
	case <-child.Done():
	case <-time.After(s.grace):
		child.Kill()
	case <-v.hurry:
		child.Kill()
	}
	return nil
}

// awaitReady returns when probe returns nil, or an error if the process ended before or
// the limit has passed. It probes again and again, as nothing announces that a service is
// ready. From then on the service is started again whenever its process ends.
func (s *service) awaitReady(
	ctx context.Context, limit time.Duration, probe func(context.Context) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return s.markReady()
		}
		select {
		case <-s.failed:
			return s.markReady() // whose error says why
		case <-ctx.Done():
			return fmt.Errorf("%s did not become ready within %v: %w", s.name, limit, err)
		case <-tick.C:
		}
	}
}

// markReady has the service started again whenever its process ends, or returns an error if the
// process has ended already. The error holds the last line that the process printed, which of
// our own programs is the reason.
func (s *service) markReady() error {
	select {
	case <-s.failed:
		return fmt.Errorf("%s could not start: %s", s.name, s.out.lastLine())
	default:
		s.wasReady.Store(true)
		return nil
	}
}
