package e2e

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"time"
)

// burnersPerCore is how many programs that do nothing but run there are to a core.
const burnersPerCore = 3

// starve has other programs take most of the processor's time for a while.
func starve(ctx context.Context, lasts time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	var burners []*exec.Cmd
	var failed error
	for range burnersPerCore * runtime.NumCPU() {
		burner := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
		if err := burner.Start(); err != nil {
			failed = errors.Join(failed, err)
			cancel()
			continue
		}
		burners = append(burners, burner)
	}
	for _, b := range burners {
		_ = b.Wait() // killed when the time is up
	}
	return failed
}
