package e2e

import (
	"context"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// burnersPerCore is how many programs that do nothing but run there are to a core while a
// chaos run starves the machine.
const burnersPerCore = 3

// starve has other programs take most of the processor's time for a while.
func starve(ctx context.Context, lasts time.Duration) error {
	end, err := burn(burnersPerCore)
	if err != nil {
		return err
	}
	pause(ctx, lasts)
	end()
	return nil
}

// burn starts so many programs per core that do nothing but run. They are there until end is
// called, which may be more than once.
func burn(perCore int) (end func(), err error) {
	var all []*exec.Cmd
	end = sync.OnceFunc(func() {
		for _, cmd := range all {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait() // it was killed
		}
	})
	for range perCore * runtime.NumCPU() {
		cmd := exec.Command("sh", "-c", "while :; do :; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			end()
			return nil, err
		}
		all = append(all, cmd)
	}
	return end, nil
}
