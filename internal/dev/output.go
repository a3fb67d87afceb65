package dev

import (
	"bytes"
	"strings"
	"sync"

	"github.com/DeRuina/timberjack"
)

const (
	// Bounds of what a service prints. A service that fails in a loop must neither fill the
	// disk nor the memory of this process.
	maxLine = 64 << 10 // bytes of one line of a service; longer ones are cut in two
	logSize = 10       // megabytes of a service's log file before the next one is begun
	logKept = 2        // older log files of a service
)

// An output takes what a service prints. All of it goes to a file, and to the console
// with the service's name before each line if people want to read it.
type output struct {
	name    string // of the service
	file    *timberjack.Logger
	console *console // nil if only the file is wanted

	mu   sync.Mutex // guards what follows: standard output and error may be written at once
	rest []byte     // the beginning of a line whose end has not been written yet
	last string     // the last whole line that was not empty
}

// newOutput returns the output of a service, which goes to the file and, unless it is nil, to
// the console. The file is opened at the first write.
func newOutput(service, file string, c *console) *output {
	return &output{
		name: service, console: c,
		file: &timberjack.Logger{
			Filename: file, MaxSize: logSize, MaxBackups: logKept, LocalTime: true,
		},
	}
}

// Write takes some of what a service prints. It never fails: a service must not end
// because its log file cannot be written.
func (o *output) Write(p []byte) (int, error) {
	_, _ = o.file.Write(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, p...)
	for {
		// One line a round. The end of a write is seldom the end of a line, so the rest is kept
		// for the next one, but never more than maxLine.
		end := bytes.IndexByte(o.rest, '\n')
		next := end + 1
		if end < 0 || end > maxLine {
			if len(o.rest) < maxLine {
				return len(p), nil
			}
			end, next = maxLine, maxLine
		}
		o.line(string(o.rest[:end]))
		o.rest = append(o.rest[:0], o.rest[next:]...)
	}
}

// line shows one whole line. The caller holds mu, which is taken before that of the console and
// never the other way round.
func (o *output) line(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	o.last = text
	if o.console != nil && (o.console.verbose.Load() || isWarning(text)) {
		o.console.printf("%-9s | %s", o.name, text)
	}
}

// isWarning reports whether a log line is a warning or worse. The levels are those that package
// logging writes for people. Services of others, such as Temporal, have another form; their
// output goes to files alone.
func isWarning(text string) bool {
	return strings.Contains(text, " WRN ") || strings.Contains(text, " ERR ")
}

// lastLine returns the last line that was printed. Of a program that has just ended it says
// why: ours print the reason last. A line without an end counts only once its end has come.
func (o *output) lastLine() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// close closes the file. The console is not the output's own.
func (o *output) close() { _ = o.file.Close() }
