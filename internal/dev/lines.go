package dev

import (
	"bytes"
	"strings"
	"sync"

	"github.com/DeRuina/timberjack"
)

const (
	maxLine = 64 << 10 // bytes of one line of a part; longer ones are cut in two
	logSize = 10       // megabytes of a part's log file before the next one is begun
	logKept = 2        // older log files of a part
)

// lines takes what a part prints: all of it goes to a file, and to the screen
// with the part's name before each line, if it is one that people want to read.
type lines struct {
	name   string
	file   *timberjack.Logger
	screen *screen // nil keeps quiet

	mu   sync.Mutex
	rest []byte // the beginning of a line
	last string // the last whole line
}

func newLines(name, file string, s *screen) *lines {
	return &lines{
		name: name, screen: s,
		file: &timberjack.Logger{Filename: file, MaxSize: logSize, MaxBackups: logKept, LocalTime: true},
	}
}

// Write takes part of a part's output. It never fails: a part must not end
// because its log file cannot be written.
func (l *lines) Write(p []byte) (int, error) {
	_, _ = l.file.Write(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		next := end + 1
		if end < 0 || end > maxLine {
			if len(l.rest) < maxLine {
				return len(p), nil
			}
			end, next = maxLine, maxLine
		}
		l.line(string(l.rest[:end]))
		l.rest = append(l.rest[:0], l.rest[next:]...)
	}
}

func (l *lines) line(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	l.last = text
	if l.screen != nil && (l.screen.chatty.Load() || complains(text)) {
		l.screen.say("%-9s | %s", l.name, text)
	}
}

// complains reports whether a log line is a warning or worse.
func complains(text string) bool {
	return strings.Contains(text, " WRN ") || strings.Contains(text, " ERR ")
}

// lastLine returns the last line that was printed, which tells why a part ended.
func (l *lines) lastLine() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *lines) close() { _ = l.file.Close() }
