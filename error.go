package flowhq

import (
	"errors"
	"fmt"
)

// A Code says who can act on an error, and how. The set is closed: the API maps
// each code to one HTTP status and the host maps each to retry or give up.
type Code string

const (
	Invalid     Code = "invalid"     // the caller must change the request
	NotFound    Code = "not_found"   // no such tenant, or not this caller's
	Forbidden   Code = "forbidden"   // this caller may not do it, whatever the request says
	Conflict    Code = "conflict"    // right request, wrong moment
	Fenced      Code = "fenced"      // a newer host owns the tenant; hang up, do not retry
	Refused     Code = "refused"     // WhatsApp refused it; the same request will be refused again
	Unsent      Code = "unsent"      // nothing left this process; may be tried again and again
	Unavailable Code = "unavailable" // a dependency is down; try again
	Internal    Code = "internal"    // a bug, or a failure nobody classified
)

// ErrNotUploaded is in the chain of the error of a message whose media WhatsApp has not taken.
// Nothing was sent then, and it may be tried again.
var ErrNotUploaded = errors.New("not uploaded")

// An Error is a failure that has been classified. Message is written for the
// person who asked and never carries secrets or SQL; Err is the
// cause, for the log.
type Error struct {
	Code    Code
	Message string
	Fields  []FieldError // one per bad input field; only with Invalid
	Err     error        // may be nil
}

// A FieldError names one field of a request, as the caller spelled it, and says
// what would be right.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error returns the message followed by its cause, for logs.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause, which may be nil.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error of the given code with no cause. To keep a cause,
// which is logged but never shown, fill in an Error literal.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrorCode returns the code of the first Error in err's chain, Internal if
// there is none, and "" if err is nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}
