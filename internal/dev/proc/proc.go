// Package proc starts child processes that cannot outlive this one.
//
// Every child is the leader of a process group of its own, so that a Ctrl-C in
// the terminal reaches this process alone, which then ends its children in the
// right order. Where the kernel can do it (Linux), it also ends the children
// when this process is killed and can no longer do so itself.
package proc

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// pipeGrace bounds the wait for a child's output after its end: a grandchild
// that kept the pipe open must not make the child look alive.
const pipeGrace = time.Second

// A Child is a started process. Its methods may be called at once from several
// goroutines.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; read only after done
}

// Start starts cmd. If this process dies first, the kernel sends the child the
// signal death. The caller sets everything else in cmd, credentials included.
func Start(cmd *exec.Cmd, death syscall.Signal) (*Child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr, death)
	cmd.WaitDelay = pipeGrace

	c := &Child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel takes the end of the thread that started a child for the end of
		// the parent, so this thread must last as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.err = cmd.Wait()
		// Whatever the child left behind in its group ends with it.
		_ = syscall.Kill(-c.Pid(), syscall.SIGKILL)
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// Pid returns the child's process id, which is also that of its group.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err says how the child ended: nil for exit status 0. It waits for the end.
func (c *Child) Err() error {
	<-c.done
	// The child itself had ended well; only a grandchild held on to its output.
	if errors.Is(c.err, exec.ErrWaitDelay) {
		return nil
	}
	return c.err
}

// Signal sends sig to the child alone. A child that has ended is no error.
func (c *Child) Signal(sig syscall.Signal) {
	select {
	case <-c.done: // its id may belong to somebody else by now
	default:
		_ = c.cmd.Process.Signal(sig)
	}
}

// Stop asks the child to end with sig, waits for at most grace, and then kills
// it with its whole group. It returns when the child has ended, and reports
// whether it did so in time.
func (c *Child) Stop(sig syscall.Signal, grace time.Duration) (inTime bool) {
	c.Signal(sig)
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-c.done:
		return true
	case <-patience.C:
		c.Kill()
		return false
	}
}

// Kill ends the child's group at once, and returns when the child has ended.
func (c *Child) Kill() {
	select {
	case <-c.done:
	default:
		_ = syscall.Kill(-c.Pid(), syscall.SIGKILL)
		<-c.done
	}
}
