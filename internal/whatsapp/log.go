package whatsapp

import (
	"errors"
	"fmt"
	"log/slog"

	waBinary "go.mau.fi/whatsmeow/binary"
	waLog "go.mau.fi/whatsmeow/util/log"
)

// A logger passes the library's log on. Its debug level is dropped: it prints
// every stanza, and the QR codes with them. Stanzas in its other messages are
// reduced to their name. What the connection's end tells anyway is for debugging
// only: the complaints of the socket, and all that fails after the end.
type logger struct {
	log      *slog.Logger
	part     string
	silenced func() bool // may be nil
}

func (l logger) Debugf(string, ...any)             {}
func (l logger) Infof(format string, args ...any)  { l.print(slog.LevelDebug, format, args) }
func (l logger) Warnf(format string, args ...any)  { l.print(slog.LevelWarn, format, args) }
func (l logger) Errorf(format string, args ...any) { l.print(slog.LevelError, format, args) }

// Sub returns the logger of a part of the library.
func (l logger) Sub(part string) waLog.Logger {
	l.part = part
	return l
}

func (l logger) print(level slog.Level, format string, args []any) {
	if l.part == "Socket" || l.silenced != nil && l.silenced() {
		level = slog.LevelDebug
	}
	for i, arg := range args {
		switch arg := arg.(type) {
		case *waBinary.Node:
			args[i] = "<" + arg.Tag + ">"
		case waBinary.Node:
			args[i] = "<" + arg.Tag + ">"
		case error:
			if errors.Is(arg, errKeysKept) { // as intended
				level = slog.LevelDebug
			}
		}
	}
	write := l.log.Debug
	switch level {
	case slog.LevelError:
		write = l.log.Error
	case slog.LevelWarn:
		write = l.log.Warn
	}
	write("whatsmeow reported", "part", l.part, "text", fmt.Sprintf(format, args...))
}
