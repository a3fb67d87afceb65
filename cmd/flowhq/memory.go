package main

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory has Go collect garbage in time where the container or the systemd unit has a
// limit at which the process would be killed. A tenth is left for what Go does not count, such
// as the stacks of C code and the kernel's buffers of our sockets. GOMEMLIMIT comes first: who
// sets it knows better. Without a limit, as on a machine without control groups, nothing is
// set, which is no error.
func limitMemory(log *slog.Logger, limit memlimit.Provider) {
	const share = 0.9
	set, err := memlimit.SetGoMemLimitWithOpts(
		memlimit.WithProvider(limit), memlimit.WithRatio(share))
	if err != nil {
		log.Debug("no limit on memory was found", "err", err)
	} else if set > 0 {
		log.Info("limits its memory", "bytes", set)
	}
}
