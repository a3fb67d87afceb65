package whatsapp

import (
	"errors"
	"fmt"
	"log/slog"

	waBinary "go.mau.fi/whatsmeow/binary"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

// A logger passes the library's log on. It drops the library's debug level, which prints
// every stanza, and the QR codes with them. Stanzas in other messages are reduced to their
// name. What the connection's end reports anyway goes to the debug level: the complaints
// of the socket, and all that fails after the end.
type logger struct {
	log        *slog.Logger
	part       string      // of the library
	isSilenced func() bool // may be nil
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

// print writes one message of the library. Its errors and warnings keep their level, but
// for those that mean nothing here.
func (l logger) print(level slog.Level, format string, args []any) {
	if l.part == "Socket" || l.isSilenced != nil && l.isSilenced() {
		level = slog.LevelDebug
	}
	for i, arg := range args {
		switch arg := arg.(type) {
		case *waBinary.Node:
			args[i] = "<" + arg.Tag + ">"
		case waBinary.Node:
			args[i] = "<" + arg.Tag + ">"
		case error:
			// The library wanted to delete the keys of a device that was logged out.
			if errors.Is(arg, keystore.ErrKept) {
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
