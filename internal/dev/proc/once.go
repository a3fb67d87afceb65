package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Run runs cmd to its end, or kills it with all it started when ctx ends, which is
// then the error. It returns what the command printed.
func Run(ctx context.Context, cmd *exec.Cmd) (output []byte, err error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	child, err := Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		// With its group, so that nothing that it has started goes on printing.
		child.Kill()
		return nil, ctx.Err()
	case <-child.Done():
	}
	return out.Bytes(), child.Err()
}

// lockPoll is how often a lock that another process holds is asked for: no call of the kernel
// waits for a lock and for a context.
const lockPoll = 100 * time.Millisecond

// Lock waits for an exclusive lock on a file, which the returned function gives
// back. The file is made if there is none. waiting, if it is not nil, is called once if another
// process holds the lock. The wait ends with ctx, whose error is then the cause of Lock's.
func Lock(ctx context.Context, name string, waiting func()) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		// The lock belongs to the open file, so to close the file gives it back.
		case err == nil:
			return func() { f.Close() }, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lock %s: %w", name, ctx.Err())
		case <-tick.C:
		}
	}
}
