package logging

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
)

// masked is a handler that cuts the addresses of people on WhatsApp out of what it passes on. Our
// own records name messages and contacts by their ids; but errors and warnings of the library quote
// JIDs and Signal addresses, which are people's numbers. Log files outlive what is erased of a
// person.
type masked struct{ slog.Handler }

// person is an address of a person, with its last digits apart: a JID, or the address of a Signal
// session. Other numbers that long, such as times, have no such end.
var person = regexp.MustCompile(
	`\b\d{3,18}(\d{2}(?:_\d)?(?:[.:]\d{1,3})*@(?:s\.whatsapp\.net|c\.us|lid)\b|\d{2}_1(?:[.:]\d{1,3})?\b)` +
		`|\b\d{6,13}(\d{2}:\d{1,2}\b)`)

// mask leaves the last two digits of addresses, by which two people in one log can be told apart.
func mask(text string) string {
	// Most texts have none of these, and are not searched.
	if !strings.ContainsAny(text, "@_:") {
		return text
	}
	return person.ReplaceAllString(text, "…$1$2")
}

// Handle masks the message and the attributes of a record.
func (m masked) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, mask(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(maskAttr(a))
		return true
	})
	return m.Handler.Handle(ctx, clean)
}

// WithAttrs masks what a logger says in all of its records.
func (m masked) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = maskAttr(a)
	}
	return masked{m.Handler.WithAttrs(clean)}
}

// WithGroup keeps the handler around the group.
func (m masked) WithGroup(name string) slog.Handler {
	return masked{m.Handler.WithGroup(name)}
}

// maskAttr masks texts and errors, also within groups. Other values keep their type, by which they
// are written.
func maskAttr(a slog.Attr) slog.Attr {
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, mask(v.String()))
	case slog.KindGroup:
		group := make([]any, 0, len(v.Group()))
		for _, part := range v.Group() {
			group = append(group, maskAttr(part))
		}
		return slog.Group(a.Key, group...)
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			if text := err.Error(); mask(text) != text {
				return slog.String(a.Key, mask(text))
			}
		}
		return a
	default:
		return a
	}
}
