package dev

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// adoptOrphans makes this process the parent of what its descendants leave behind when they
// end, so that killOrphans finds it. It would become init's child otherwise, and in a container
// without an init nobody would end it before the container does.
func adoptOrphans() {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER of prctl(2)
	// It fails only before Linux 3.4, where orphans are init's as ever.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
}

// killOrphans kills what the command's processes left behind: servers of tests that were
// killed or ran into their time limit. None of our own children runs any more by then, so
// every child is an orphan. What an orphan had started becomes an orphan in turn when its
// parent dies, which is why one round is not enough.
func killOrphans() {
	const maxRounds = 10 // generations of processes
	for range maxRounds {
		orphans := children(os.Getpid())
		if len(orphans) == 0 {
			return
		}
		for _, pid := range orphans {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
			// Waited for, as a zombie would be found again in the next round, and would keep
			// its number.
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	}
}

// children returns the processes whose parent is pid. It reads all of /proc: the kernel's own
// list, /proc/<pid>/task/<tid>/children, is missing where CONFIG_PROC_CHILDREN is not set.
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
