// Package logging writes structured logs to the console, with a copy of what
// concerns one tenant in a file of its own.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// TenantKey is the key of the attribute that sends a record to a tenant's file.
const TenantKey = "tenant"

// Layouts of the time on the console.
const (
	terminalTime = "15:04:05.000"                  // the person watching knows the day
	pipeTime     = "2006-01-02T15:04:05.000Z07:00" // whoever collects the output may not
)

// New returns a logger that writes records of the given level and above to w,
// one line each, in colour if w is a terminal.
//
// Records with an attribute "tenant" outside any group, given to the record or
// to Logger.With, also become a line of JSON in dir/<tenant id>.log, which is rotated by
// size and deleted 30 days after its last line. A record whose value is not a valid
// [flowhq.TenantID] is only written to w, as is every record when dir is "". A file that
// cannot be written is reported on w, at most once a minute.
//
// Addresses of people on WhatsApp are cut out of all records, see masked.
//
// New makes dir and fails, naming LOGS_PATH, if nothing can be written there. The caller
// closes the Closer after the last record; later records still reach w.
func New(w io.Writer, dir string, level slog.Level) (*slog.Logger, io.Closer, error) {
	console := newConsole(w, level)
	if dir == "" {
		return slog.New(masked{console}), io.NopCloser(nil), nil
	}
	if err := prepare(dir); err != nil {
		return nil, nil, fmt.Errorf("LOGS_PATH: log folder %s: %w", dir, err)
	}
	f := newFiles(dir, maxOpenFiles, maxFileMegabytes)
	return slog.New(masked{newTee(console, f, level)}), f, nil
}

// newConsole returns the handler that writes for people.
func newConsole(w io.Writer, level slog.Level) slog.Handler {
	o := &tint.Options{Level: level, NoColor: true, TimeFormat: pipeTime}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		o.NoColor, o.TimeFormat = false, terminalTime
	}
	return tint.NewTextHandler(w, o)
}

// prepare makes the folder and tries to write in it. Later would be too late: slog drops
// the errors of a handler, so nobody would learn that the files stay empty.
func prepare(dir string) error {
	const private = 0o750 // the logs name tenants and their numbers
	if err := os.MkdirAll(dir, private); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	defer os.Remove(probe.Name())
	return probe.Close()
}
