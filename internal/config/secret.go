package config

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a secret looks like wherever it would be shown.
const redacted = "[redacted]"

// A Secret is a string that cannot be printed, logged or encoded by accident:
// every such way gives "[redacted]". Compare it with "" to see whether it is set.
type Secret string

// Reveal returns the secret itself. Every use of a secret is a call of Reveal, so a search
// for that name finds all of them.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb. Without it a verb that does not fit
// a string, such as %d, would print the value.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]", for JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
