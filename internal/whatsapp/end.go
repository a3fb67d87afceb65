package whatsapp

import (
	"time"

	"github.com/flowhq/flowhq"
)

// An EndReason is why a connection is over.
type EndReason = flowhq.EndReason

// The ends that a connection itself can tell.
const (
	Lost          = flowhq.EndLost
	Unresponsive  = flowhq.EndUnresponsive
	Unreachable   = flowhq.EndUnreachable
	Certificate   = flowhq.EndCertificate // TLS or Noise
	Proxy         = flowhq.EndProxy
	Replaced      = flowhq.EndReplacedByStranger // or by us: only the caller can tell
	LoggedOut     = flowhq.EndLoggedOut          // its keys are deleted
	DeviceRemoved = flowhq.EndDeviceRemoved      // its keys are deleted
	TempBanned    = flowhq.EndTempBanned         // until EndError.Until
	Banned        = flowhq.EndBanned
	Locked        = flowhq.EndLocked
	Outdated      = flowhq.EndOutdated
	Refused       = flowhq.EndRefused
	QRExpired     = flowhq.EndQRExpired
	PairFailed    = flowhq.EndPairFailed
	NumberDiffers = flowhq.EndNumberDiffers // only the caller can tell
	Passkey       = flowhq.EndPasskey
	NotPersisted  = flowhq.EndNotRecorded
	Closed        = flowhq.EndStopped // Close, HangUp or Unlink was called
)

// An EndError says why a connection is over.
type EndError struct {
	Reason EndReason
	Text   string    // for an operator; holds no secret and no message text
	Until  time.Time // TempBanned: when the ban ends
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
