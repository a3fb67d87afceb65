package main

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory has Go collect garbage in time where the container or unit has a limit at
// which it would be killed. What Go does not count has the rest. GOMEMLIMIT comes first.
func limitMemory(log *slog.Logger, limit memlimit.Provider) {
	const share = 0.9
	set, err := memlimit.SetGoMemLimitWithOpts(memlimit.WithProvider(limit), memlimit.WithRatio(share))
	if err != nil {
		log.Debug("no limit on memory was found", "err", err)
	} else if set > 0 {
		log.Info("limits its memory", "bytes", set)
	}
}
