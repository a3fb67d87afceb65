package main

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// calm is the SDK's logger, without what is no fault: an activity that was cancelled, as
// by every stop and restart of a tenant; and the heartbeats that are under way when a
// worker stops, which are cut off. Who debugs sees them.
type calm struct{ log.Logger }

// Error logs an activity that ended because it was told to for who debugs, and everything
// else.
func (c calm) Error(msg string, keyvals ...any) {
	if err, ok := errorOf(keyvals).(error); ok && msg == "Activity error." && cancelled(err) {
		c.Debug(msg, keyvals...)
		return
	}
	c.Logger.Error(msg, keyvals...)
}

// Warn logs a heartbeat that was cut off for who debugs, and everything else.
func (c calm) Warn(msg string, keyvals ...any) {
	if msg == "RecordActivityHeartbeat with error" && cutOff(errorOf(keyvals)) {
		c.Debug(msg, keyvals...)
		return
	}
	c.Logger.Warn(msg, keyvals...)
}

// errorOf returns the error among the attributes of a line, nil if there is none.
func errorOf(keyvals []any) any {
	for i := 0; i+1 < len(keyvals); i += 2 {
		if keyvals[i] == "Error" {
			return keyvals[i+1]
		}
	}
	return nil
}

// cancelled reports whether err says that a cancellation was obeyed and nothing besides: a
// failure that names a cancellation as its cause, or comes with one, is still a failure.
func cancelled(err error) bool {
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

func cutOff(err any) bool {
	return fmt.Sprint(err) == context.Canceled.Error() // or gRPC's error of the same text
}
