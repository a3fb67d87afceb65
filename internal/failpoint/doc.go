// Package failpoint ends, breaks or delays the process at points named in its
// code, so that a chaos run reaches the moments between two steps which a signal
// from outside almost never hits.
//
// Points exist only in programs built with the tag failpoints; in all others Hit is empty
// and inlined away. A test of internal/e2e holds the program of production to that.
package failpoint
