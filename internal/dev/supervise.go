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

const (
	// A part that ended is started again after a pause that doubles from the
	// first to the longest, and is the first again once it has run for a while.
	firstPause, longestPause = time.Second, 10 * time.Second
	healthyAfter             = 10 * time.Second
)

// A part is a program that is kept running.
type part struct {
	name string
	args []string // the program and its arguments
	env  []string
	out  *lines
	// grace is how long it may take to end when it is told to.
	grace time.Duration

	pid     atomic.Int64  // of the running process, 0 between two
	proven  atomic.Bool   // has been ready once; only then is it worth starting again
	crashed chan struct{} // closed when it ends without being told to before it was ready
}

// A layer is a set of parts that end together, before what they depend on does.
type layer struct {
	say    func(format string, args ...any)
	hurry  <-chan struct{} // closed when there is no more time for graces
	ctx    context.Context // of the parts; ends when they are to end
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// newLayer returns a layer whose parts run until stop, whatever ctx does: the
// order of their ends is the caller's.
func newLayer(ctx context.Context, say func(string, ...any), hurry <-chan struct{}) *layer {
	l := &layer{say: say, hurry: hurry}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return l
}

// keep starts p and keeps it running until the layer stops.
func (l *layer) keep(p *part) *part {
	p.crashed = make(chan struct{})
	l.wg.Go(func() { l.run(p) })
	return p
}

// stop ends every part of the layer and returns when they have ended.
func (l *layer) stop() {
	l.cancel()
	l.wg.Wait()
}

func (l *layer) run(p *part) {
	defer p.out.close()
	pause := firstPause
	for l.ctx.Err() == nil {
		began := time.Now()
		err := l.runOnce(p)
		if l.ctx.Err() != nil {
			return
		}
		if !p.proven.Load() {
			close(p.crashed)
			return
		}
		if time.Since(began) > healthyAfter {
			pause = firstPause
		}
		l.say("%s ended by itself (%v); it starts again in %v", p.name, err, pause)
		select {
		case <-time.After(pause):
		case <-l.ctx.Done():
		}
		pause = min(2*pause, longestPause)
	}
}

// runOnce runs one process of p, until it ends by itself or the layer stops. It
// returns how it ended.
func (l *layer) runOnce(p *part) error {
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, p.out, p.out
	// These programs survive being killed at any moment, so that is what they get
	// if this one dies.
	child, err := proc.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	p.pid.Store(int64(child.Pid()))
	defer p.pid.Store(0)
	select {
	case <-child.Done():
		if child.Err() == nil {
			return fmt.Errorf("exit status 0")
		}
		return child.Err()
	case <-l.ctx.Done():
	}
	child.Signal(syscall.SIGTERM)
	select {
	case <-child.Done():
	case <-time.After(p.grace):
		child.Kill()
	case <-l.hurry:
		child.Kill()
	}
	return nil
}

// await returns when ready returns nil, or an error if p ended before that or
// took too long. It asks again and again; nothing announces it. From then on p
// is started again when it ends.
func (p *part) await(ctx context.Context, within time.Duration, ready func(context.Context) error) error {
	const every = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return p.prove()
		}
		select {
		case <-p.crashed:
			return p.prove()
		case <-ctx.Done():
			return fmt.Errorf("%s did not become ready within %v: %w", p.name, within, err)
		case <-tick.C:
		}
	}
}

// prove declares p fit to be started again whenever it ends, or returns an error
// if it has ended already.
func (p *part) prove() error {
	select {
	case <-p.crashed:
		return fmt.Errorf("%s could not start: %s", p.name, p.out.lastLine())
	default:
		p.proven.Store(true)
		return nil
	}
}
