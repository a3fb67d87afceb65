package workers

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
func DefaultCapacity() int { return capacityFor(memoryLimit("/")) }

func capacityFor(memory uint64) int {
	usable := memory / 4 * 3
	if usable <= processMemory {
		return leastCapacity
	}
	return int(min(max((usable-processMemory)/sessionMemory, leastCapacity), mostCapacity))
}

// memoryLimit is the memory that this process may use, in bytes: the machine's, or
// less if a control group of it says so. If nothing can be read, it is as if there
// were no limit. root is "/" but in tests.
func memoryLimit(root string) uint64 {
	limit := machineMemory(filepath.Join(root, "proc/meminfo"))
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path; version 2 has one hierarchy without controllers.
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[1] == "":
			limit = min(limit, groupLimit(filepath.Join(root, "sys/fs/cgroup"), parts[2], "memory.max"))
		case strings.Contains(","+parts[1]+",", ",memory,"):
			limit = min(limit, groupLimit(filepath.Join(root, "sys/fs/cgroup/memory"), parts[2], "memory.limit_in_bytes"))
		}
	}
	return limit
}

// groupLimit is the least limit of a control group and those above it. In a container
// the group's own folder is where the mount is, whatever its path says.
func groupLimit(mount, group, file string) uint64 {
	limit := uint64(math.MaxUint64)
	for dir := filepath.Clean("/" + group); ; dir = filepath.Dir(dir) {
		raw, err := os.ReadFile(filepath.Join(mount, dir, file))
		if n, parseErr := strconv.ParseUint(string(bytes.TrimSpace(raw)), 10, 64); err == nil && parseErr == nil { // else "max"
			limit = min(limit, n)
		}
		if dir == "/" {
			return limit
		}
	}
}

// machineMemory reads MemTotal, which is in KiB.
func machineMemory(meminfo string) uint64 {
	f, err := os.Open(meminfo)
	if err != nil {
		return math.MaxUint64
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			if kib, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
				return kib << 10
			}
		}
	}
	return math.MaxUint64
}
