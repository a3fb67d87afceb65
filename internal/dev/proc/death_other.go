//go:build !linux

package proc

import "syscall"

// dieWithParent does nothing: no other system has such a signal. A child left
// behind is found and stopped by the next start.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
