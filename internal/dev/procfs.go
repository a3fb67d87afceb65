package dev

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// stat returns the name and the parent of a process, or nothing if the process has ended or
// there is no /proc, as on every system but Linux. The name is what the kernel keeps of it, 15
// bytes at most, which is enough for "go".
func stat(pid int) (name string, parent int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	// The line is "pid (name) state parent …". The name may hold anything, parentheses and
	// spaces too, so it ends at the last one: see proc_pid_stat(5).
	open, closed := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 0 || closed < open {
		return "", 0
	}
	const parentField = 1 // behind the name, counted from zero
	fields := bytes.Fields(data[closed+1:])
	if len(fields) <= parentField {
		return "", 0
	}
	parent, _ = strconv.Atoi(string(fields[parentField])) // the kernel writes a number
	return string(data[open+1 : closed]), parent
}
