package dev

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// adoptOrphans makes this process the parent of what its descendants leave
// behind when they end, so that killOrphans finds it.
func adoptOrphans() {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER of prctl(2)
	// Without it, which is as old as Linux 3.4, orphans are init's as ever.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
}

// killOrphans kills what the command's processes left behind: servers of tests
// that were killed or ran into their time limit. Nothing of our own runs any
// more. What an orphan had started becomes an orphan in turn, hence the rounds.
func killOrphans() {
	const rounds = 10 // generations of processes
	for range rounds {
		orphans := children(os.Getpid())
		if len(orphans) == 0 {
			return
		}
		for _, pid := range orphans {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	}
}

// children returns the processes whose parent is pid.
func children(pid int) (list []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // fails only on a malformed pattern
	for _, name := range stats {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			continue
		}
		if _, parent := stat(child); parent == pid {
			list = append(list, child)
		}
	}
	return list
}
