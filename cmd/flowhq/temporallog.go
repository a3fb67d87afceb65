package main

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// A logFilter is the logger of Temporal's SDK. It lowers to DEBUG what the SDK logs as a
// warning or an error although it is part of ordinary life, so that an alarm on ERROR means
// something: an activity that was cancelled, as by every stop and restart of a tenant; and
// heartbeats that are cut off when a worker stops. It recognises both by the SDK's own
// messages: if a version of the SDK changes them, they are logged as before, and nothing is
// lost.
type logFilter struct{ log.Logger }

// Error logs everything but an activity that ended because it was cancelled.
func (f logFilter) Error(msg string, keyvals ...any) {
	if err, ok := errorOf(keyvals).(error); ok && msg == "Activity error." && isCancellation(err) {
		f.Debug(msg, keyvals...)
		return
	}
	f.Logger.Error(msg, keyvals...)
}

// Warn logs everything but a heartbeat that was cut off.
func (f logFilter) Warn(msg string, keyvals ...any) {
	if msg == "RecordActivityHeartbeat with error" && isCutOff(errorOf(keyvals)) {
		f.Debug(msg, keyvals...)
		return
	}
	f.Logger.Warn(msg, keyvals...)
}

// errorOf returns the error among the attributes of a line, nil if there is none. keyvals are
// keys and values in turn; the SDK names its error "Error".
func errorOf(keyvals []any) any {
	// A key at the end that has no value is no pair.
	for i := 0; i+1 < len(keyvals); i += 2 {
		if keyvals[i] == "Error" {
			return keyvals[i+1]
		}
	}
	return nil
}

// isCancellation reports whether err says that something was cancelled and nothing
// besides. A failure that names a cancellation as its cause, or that is joined with one,
// is still a failure, which is why errors.Is does not serve: it would look through both.
func isCancellation(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		switch err.(type) { //nolint:errorlint // each link of the chain is looked at
		case *temporal.CanceledError:
			return true
		case *temporal.ApplicationError:
			return false
		}
		if err == context.Canceled { //nolint:errorlint // likewise
			return true
		}
	}
	return false
}

// isCutOff reports whether a heartbeat ended with its worker. gRPC's error is another type with
// the same text as context.Canceled, and the SDK logs either. By the text, since the two types
// have nothing else in common.
func isCutOff(err any) bool {
	return fmt.Sprint(err) == context.Canceled.Error()
}
