package workers

import (
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// What the default capacity rests on, in bytes. BenchmarkIdleMemory found
// some 250 KiB of resident memory for an idle session; the rest is for those that are
// busy, and for linking, which takes some more for a moment.
const (
	processMemory = 64 << 20 // without sessions
	sessionMemory = 3 << 20
)

// Bounds of the default capacity. With more sessions than that in one process, its
// end takes too many off the air at a time; more processes serve better.
const (
	leastCapacity = 10
	mostCapacity  = 1000
)

// DefaultCapacity is how many sessions one process should host on this machine, or
// in this container: three quarters of the memory it may use, less what the process
// takes by itself, by what a session may take.
func DefaultCapacity() int {
	return capacityFor(leastOf(memlimit.FromCgroup, memlimit.FromSystem))
}

// capacityFor is DefaultCapacity of a machine or container with so many bytes.
func capacityFor(memory uint64) int {
	// The rest is for the garbage between collections, and for what else runs there.
	usable := memory / 4 * 3
	// A process that is too small for any session still hosts a few: better than none.
	if usable <= processMemory {
		return leastCapacity
	}
	return int(min(max((usable-processMemory)/sessionMemory, leastCapacity), mostCapacity))
}

// leastOf is the least of the limits that can be found out. If none can, it is as if
// there were no limit.
func leastOf(limits ...memlimit.Provider) uint64 {
	least := uint64(math.MaxUint64)
	for _, find := range limits {
		// No cgroup, or none with a limit, is an error of that one and no reason to fail.
		if limit, err := find(); err == nil {
			least = min(least, limit)
		}
	}
	return least
}
