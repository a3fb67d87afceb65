package whatsapp

import (
	"time"

	"github.com/flowhq/flowhq"
)

// An EndError says why a connection is over.
type EndError struct {
	// Reason is one of those that a connection can see for itself. That another host of
	// ours took over, or that the number is not the tenant's, only the caller can tell.
	Reason flowhq.EndReason
	Text   string    // for an operator; holds no secret and no message text
	Until  time.Time // with flowhq.EndTempBanned: when the ban ends
	Err    error     // the cause, for the log; may be nil
}

// Error returns the text followed by the cause.
func (e *EndError) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the cause, which may be nil.
func (e *EndError) Unwrap() error { return e.Err }
