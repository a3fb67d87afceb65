package logging

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

// reportEvery is how often a failing log file is reported at most. On a full disk every
// line fails, and reporting each would double what is logged.
const reportEvery = time.Minute

// tee is a slog.Handler that passes every record to the console and those of a
// tenant to that tenant's file as well.
type tee struct {
	console slog.Handler
	json    slog.Handler // encodes into shared.files
	shared  *shared
	tenant  flowhq.TenantID // from With; "" if none or not valid
	grouped bool            // inside a group, where "tenant" is some other attribute
}

// shared is what all descendants of one logger have in common.
type shared struct {
	report slog.Handler // for failures of the files themselves

	mu       sync.Mutex // one record at a time is encoded and written
	files    *files
	reported time.Time // when the last failure was reported
}

// newTee returns a handler that writes each record to the console, and to the file of its tenant.
// Failures of the files are reported on the console alone.
func newTee(console slog.Handler, f *files, level slog.Level) *tee {
	return &tee{
		console: console,
		json:    slog.NewJSONHandler(f, &slog.HandlerOptions{Level: level}),
		shared:  &shared{report: console, files: f},
	}
}

// Enabled asks the console alone, as both handlers have the same level.
func (t *tee) Enabled(ctx context.Context, level slog.Level) bool {
	return t.console.Enabled(ctx, level)
}

// Handle writes r to the console and, if it is about a tenant, to its file.
func (t *tee) Handle(ctx context.Context, r slog.Record) error {
	err := t.console.Handle(ctx, r)
	id := t.tenant
	if !t.grouped {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == TenantKey {
				id = tenantOf(a)
			}
			return true
		})
	}
	// After the console, which must not wait for a disk.
	if id != "" {
		t.shared.write(ctx, id, t.json, r)
	}
	return err
}

// write directs the encoder's output to the file of id. A failure is reported
// here, because slog.Logger throws away what Handle returns.
func (s *shared) write(ctx context.Context, id flowhq.TenantID, json slog.Handler, r slog.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files.current = id
	err := json.Handle(ctx, r)
	if err == nil || time.Since(s.reported) < reportEvery {
		return
	}
	s.reported = time.Now()
	failure := slog.NewRecord(s.reported, slog.LevelError, "tenant log file not written", 0)
	failure.AddAttrs(slog.String(TenantKey, string(id)), slog.Any("err", err))
	_ = s.report.Handle(ctx, failure) // the console was the last resort
}

// WithAttrs returns a tee whose records carry attrs.
func (t *tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *t
	c.console, c.json = t.console.WithAttrs(attrs), t.json.WithAttrs(attrs)
	for _, a := range attrs {
		if a.Key == TenantKey && !t.grouped {
			c.tenant = tenantOf(a)
		}
	}
	return &c
}

// WithGroup returns a tee whose records carry their attributes in a group. The tenant of
// an earlier With stays that of the records.
func (t *tee) WithGroup(name string) slog.Handler {
	if name == "" {
		return t
	}
	c := *t
	c.console, c.json, c.grouped = t.console.WithGroup(name), t.json.WithGroup(name), true
	return &c
}

// tenantOf returns a's value if it is a tenant's id, else "". It becomes part of a file
// name, so nothing else may pass, such as a path.
func tenantOf(a slog.Attr) flowhq.TenantID {
	if id := flowhq.TenantID(a.Value.Resolve().String()); id.Valid() {
		return id
	}
	return ""
}
