// Package usagetest checks what a program says of itself: to a wrong command line, and to one that
// asks for help.
package usagetest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// A Run is a program's function run, from its main.go: it returns the exit code.
type Run = func(
	ctx context.Context, hurry <-chan struct{}, args []string, getenv func(string) string,
	stdout, stderr io.Writer,
) int

// A Row is a command line and what becomes of it. Nothing of these may begin any work: there is
// no setting in the environment.
type Row struct {
	Args string // separated by spaces
	Code int    // 0 for help that was asked for, 2 for wrong usage
	Says string // is part of the output
}

// Check runs each row and compares what the program prints, on stdout and stderr together, and the code
// that it exits with.
func Check(t *testing.T, program string, run Run, rows []Row) {
	t.Helper()
	noSettings := func(string) string { return "" }
	for _, r := range rows {
		var out bytes.Buffer
		code := run(t.Context(), nil, strings.Fields(r.Args), noSettings, &out, &out)
		if code != r.Code || !strings.Contains(out.String(), r.Says) {
			t.Errorf("%s %s = %d, %q; want %d, %q", program, r.Args, code, out.String(), r.Code, r.Says)
		}
	}
}
