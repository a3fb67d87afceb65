package proc

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"syscall"
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
		child.Kill()
		return nil, ctx.Err()
	case <-child.Done():
	}
	return out.Bytes(), child.Err()
}

// Lock waits for an exclusive lock on a file, which the returned function gives
// back. The file is made if there is none.
func Lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
