package whatsapp

import "time"

// An EndReason is why a connection is over. The set is closed.
type EndReason string

const (
	Lost         EndReason = "LOST"          // the connection broke, or WhatsApp is unwell; dial again
	Deaf         EndReason = "DEAF"          // open, but WhatsApp no longer answered; dial again
	Replaced     EndReason = "REPLACED"      // another connection of the same device took over
	LoggedOut    EndReason = "LOGGED_OUT"    // unlinked; its keys are deleted, a person must scan again
	Banned       EndReason = "BANNED"        // until EndError.Until; zero means no end was named
	Outdated     EndReason = "OUTDATED"      // WhatsApp refuses this version of the client
	Refused      EndReason = "REFUSED"       // WhatsApp refused the login for another reason
	QRExpired    EndReason = "QR_EXPIRED"    // nobody scanned
	PairFailed   EndReason = "PAIR_FAILED"   // scanned, but the linking failed or was rejected
	NotPersisted EndReason = "NOT_PERSISTED" // something could not be recorded and was not acknowledged
	Closed       EndReason = "CLOSED"        // Close or Unlink was called
)

// An EndError says why a connection is over.
type EndError struct {
	Reason EndReason
	Text   string    // for an operator; holds no secret and no message text
	Until  time.Time // Banned: when the ban ends, if WhatsApp said so
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
