package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/log"
)

// TestCalm: only a heartbeat that was cut off, whoever cut it, is not worth a warning.
func TestCalm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		msg  string
		err  error
		want string
	}{
		{"RecordActivityHeartbeat with error", context.Canceled, "DEBUG"},
		{"RecordActivityHeartbeat with error", serviceerror.NewCanceled("context canceled"), "DEBUG"},
		{"RecordActivityHeartbeat with error", errors.New("connection refused"), "WARN"},
		{"Failed to poll for task.", context.Canceled, "WARN"},
	} {
		var out bytes.Buffer
		handler := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
		// The SDK adds what the activity is to its logger.
		lg := log.With(calm{log.NewStructuredLogger(slog.New(handler))}, "ActivityType", "Host")
		lg.Warn(tt.msg, "Error", tt.err)
		if got := out.String(); !strings.Contains(got, "level="+tt.want+" ") || !strings.Contains(got, "ActivityType=Host") {
			t.Errorf("%s, %v: logged as %q; want %s", tt.msg, tt.err, got, tt.want)
		}
	}
}
