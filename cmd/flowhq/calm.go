package main

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/log"
)

// calm is the SDK's logger, without one warning that means nothing: when a worker
// stops, each of its sessions may have a heartbeat under way, which is cut off.
type calm struct{ log.Logger }

// Warn logs a heartbeat that was cut off for who debugs, and everything else.
func (c calm) Warn(msg string, keyvals ...any) {
	if msg == "RecordActivityHeartbeat with error" && cutOff(keyvals) {
		c.Debug(msg, keyvals...)
		return
	}
	c.Logger.Warn(msg, keyvals...)
}

func cutOff(keyvals []any) bool {
	for i := 0; i+1 < len(keyvals); i += 2 {
		if keyvals[i] == "Error" {
			return fmt.Sprint(keyvals[i+1]) == context.Canceled.Error() // or gRPC's error of the same text
		}
	}
	return false
}
