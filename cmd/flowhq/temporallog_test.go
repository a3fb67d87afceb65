package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// Only what was cut off or cancelled, and nothing besides, is not worth a line.
func TestLogFilter(t *testing.T) {
	t.Parallel()
	const beat, activity = "RecordActivityHeartbeat with error", "Activity error."
	stopped := temporal.NewCanceledError("stopped")
	for _, tt := range []struct {
		level, msg string
		err        error
		want       string
	}{
		{"WARN", beat, context.Canceled, "DEBUG"},
		{"WARN", beat, serviceerror.NewCanceled("context canceled"), "DEBUG"},
		{"WARN", beat, errors.New("connection refused"), "WARN"},
		{"WARN", "Failed to poll for task.", context.Canceled, "WARN"},
		{"ERROR", activity, stopped, "DEBUG"},
		{"ERROR", activity, context.Canceled, "DEBUG"},
		{"ERROR", activity, fmt.Errorf("host of tenant: %w", stopped), "DEBUG"},
		{"ERROR", activity, errors.New("canceled"), "ERROR"},
		{"ERROR", activity, context.DeadlineExceeded, "ERROR"},
		{"ERROR", activity, errors.Join(stopped, errors.New("the lease was not released")), "ERROR"},
		{"ERROR", activity, fmt.Errorf("not released: %w, %w", errors.New("no connection"),
			stopped), "ERROR"},
		{"ERROR", activity, temporal.NewApplicationErrorWithCause("failed", "FAILED", stopped), "ERROR"},
		{"ERROR", "Activity panic.", stopped, "ERROR"},
		{"ERROR", activity, nil, "ERROR"},
	} {
		var out bytes.Buffer
		handler := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
		// The SDK adds what the activity is to its logger.
		lg := log.With(logFilter{log.NewStructuredLogger(slog.New(handler))}, "ActivityType", "Host")
		if tt.level == "WARN" {
			lg.Warn(tt.msg, "Error", tt.err)
		} else {
			lg.Error(tt.msg, "Error", tt.err)
		}
		if got := out.String(); !strings.Contains(got, "level="+tt.want+" ") ||
			!strings.Contains(got, "ActivityType=Host") {
			t.Errorf("%s, %v: logged as %q; want %s", tt.msg, tt.err, got, tt.want)
		}
	}
}
