package flowhq

import "strings"

// An EndReason names why a session ended or cannot go on. The set is closed; the
// same word is in the session's row, in the type of the event that tells of it, in
// Temporal as the error type and the search attribute LastReason, and in the label
// of the metric that counts ends. "" means that it has not ended.
type EndReason string

const (
	// A new connection may mend these; one is made by itself.
	EndLost               EndReason = "LOST"                 // the connection broke, or WhatsApp is unwell
	EndUnresponsive       EndReason = "UNRESPONSIVE"         // open, but WhatsApp no longer answered
	EndUnreachable        EndReason = "UNREACHABLE"          // no connection could be made
	EndCertificate        EndReason = "CERTIFICATE_REFUSED"  // the other end did not prove to be WhatsApp
	EndProxy              EndReason = "PROXY_FAILED"         // the HTTP proxy in between refuses or is away
	EndReplacedByUs       EndReason = "REPLACED_BY_US"       // a newer host of ours took over
	EndReplacedByStranger EndReason = "REPLACED_BY_STRANGER" // somebody else logged in with the keys
	EndNotRecorded        EndReason = "NOT_RECORDED"         // a message could not be recorded, so it was not acknowledged
	EndDatabaseLost       EndReason = "DATABASE_LOST"        // without it the number cannot be held
	EndDraining           EndReason = "WORKER_DRAINING"      // its process is stopping
	EndWorkerLost         EndReason = "WORKER_LOST"          // its process was killed, froze or is stuck
	EndRenewed            EndReason = "RENEWED"              // the daily renewal of the connection
	EndRestarted          EndReason = "RESTARTED"            // by an operator
	EndFailed             EndReason = "FAILED"               // a bug, or a failure nobody classified

	// The end is known, and it is tried again after it.
	EndTempBanned EndReason = "TEMPORARILY_BANNED"
	EndCrashLoop  EndReason = "CRASH_LOOP" // worker after worker died while hosting it

	// When a second tenant was refused, all reconnects pause until a newer version is found or set.
	EndOutdated EndReason = "CLIENT_OUTDATED" // WhatsApp wants a newer client

	// Only a person can mend these.
	EndLoggedOut     EndReason = "LOGGED_OUT"     // the phone unlinked it while it was away
	EndDeviceRemoved EndReason = "DEVICE_REMOVED" // the phone unlinked it while it was connected
	EndBanned        EndReason = "BANNED"         // by WhatsApp, with no end named
	EndLocked        EndReason = "ACCOUNT_LOCKED" // by WhatsApp
	EndRefused       EndReason = "REFUSED"        // WhatsApp refused the login for another reason
	EndQRExpired     EndReason = "QR_EXPIRED"     // nobody scanned, and nobody asks for a code
	EndPairFailed    EndReason = "PAIR_FAILED"    // scanned, but the linking failed or was rejected
	EndNumberDiffers EndReason = "NUMBER_DIFFERS" // scanned by a phone of another number than the tenant's
	EndPasskey       EndReason = "PASSKEY_ASKED"  // WhatsApp wants the account's passkey for the linking
	EndStopped       EndReason = "STOPPED"        // by an operator
	EndGone          EndReason = "GONE"           // the tenant does not exist any more
)

// EndReasons lists every EndReason.
var EndReasons = []EndReason{
	EndLost, EndUnresponsive, EndUnreachable, EndCertificate, EndProxy, EndReplacedByUs, EndReplacedByStranger, EndNotRecorded,
	EndDatabaseLost, EndDraining, EndWorkerLost, EndRenewed, EndRestarted, EndFailed, EndTempBanned, EndCrashLoop, EndLoggedOut,
	EndDeviceRemoved, EndBanned, EndLocked, EndOutdated, EndRefused, EndQRExpired, EndPairFailed, EndNumberDiffers, EndPasskey,
	EndStopped, EndGone,
}

// Final reports whether trying again by itself cannot help, or not yet.
func (r EndReason) Final() bool {
	switch r {
	case EndTempBanned, EndCrashLoop, EndLoggedOut, EndDeviceRemoved, EndBanned, EndLocked, EndRefused, EndQRExpired,
		EndPairFailed, EndNumberDiffers, EndPasskey, EndStopped, EndGone:
		return true
	default:
		return false
	}
}

// Attention reports whether a person should look at it. Besides the final ends,
// but for those that a person wanted, these are ends that recur until somebody
// changes something.
func (r EndReason) Attention() bool {
	switch r {
	case EndStopped, EndGone:
		return false
	case EndCertificate, EndProxy, EndReplacedByStranger, EndOutdated:
		return true
	default:
		return r.Final()
	}
}

// SessionState is the state of a session that ended like this.
func (r EndReason) SessionState() SessionState {
	switch r {
	case EndLoggedOut, EndDeviceRemoved:
		return LoggedOut
	case EndTempBanned, EndBanned, EndLocked:
		return Banned
	default:
		return Disconnected
	}
}

// Event is the type of the event that tells of this end, such as SESSION_LOST.
func (r EndReason) Event() string {
	switch {
	case r == EndQRExpired, strings.HasPrefix(string(r), "WORKER_"), strings.HasPrefix(string(r), "DATABASE_"):
		return string(r)
	case r == EndStopped:
		return "WORKER_STOPPED"
	default:
		return "SESSION_" + string(r)
	}
}

// NextStep says what happens next and what a person can do about it, in a sentence
// or two for an operator.
func (r EndReason) NextStep() string {
	switch r {
	case EndLost, EndUnresponsive, EndUnreachable:
		return "It is tried again by itself. If it stays like this, look at the network between the worker and WhatsApp."
	case EndCertificate:
		return "Something between the worker and WhatsApp answers in its place, such as a firewall that inspects TLS, " +
			"or the worker's clock is wrong. It is tried again by itself."
	case EndProxy:
		return "Check the proxy in WHATSAPP_PROXY or HTTPS_PROXY of the worker, and what it allows. It is tried again by itself."
	case EndReplacedByStranger:
		return "Find out who has a copy of the database or runs a second installation on it. To lock them out, unlink the " +
			"device on the phone, start the tenant and scan again. It is tried again by itself."
	case EndNotRecorded, EndFailed:
		return "It is tried again by itself, and WhatsApp delivers again what was not acknowledged. The worker's log tells more."
	case EndOutdated:
		return "If a second tenant is refused too, nobody reconnects until a newer version of the client is found: upgrade this " +
			"program or set a version, see GET /admin/fleet. It is then tried again by itself."
	case EndDatabaseLost:
		return "It comes back by itself when the worker reaches PostgreSQL again."
	case EndDraining, EndWorkerLost, EndReplacedByUs, EndRenewed, EndRestarted:
		return "Another host takes over by itself."
	default:
		return r.personalStep()
	}
}

// personalStep is NextStep of the ends that only a person, or time, can mend.
func (r EndReason) personalStep() string {
	switch r {
	case EndTempBanned:
		return "It is tried again by itself when the ban ends. Until then the business can use the number on its phone only " +
			"as WhatsApp allows. Start tries at once."
	case EndCrashLoop:
		return "It is tried again by itself, each time after a longer pause. Something that this session does ends the worker: " +
			"the end of its log tells more, and stop keeps it away from the others' sessions. Start tries at once."
	case EndLoggedOut, EndDeviceRemoved:
		return "Start the tenant and scan the new QR code with the business's phone."
	case EndBanned:
		return "Ask the business to appeal in WhatsApp on its phone. When WhatsApp has lifted the ban, start the tenant."
	case EndLocked:
		return "Ask the business to open WhatsApp on its phone and do what it asks for there, then start the tenant. " +
			"If the number is on another phone now, relink the tenant and scan the new code with that."
	case EndRefused:
		return "Look at the account on the business's phone, then start the tenant. If it stays like this, relink the tenant and " +
			"scan the new code."
	case EndQRExpired:
		return "When somebody is there with the phone, start the tenant: it shows a new code at once."
	case EndPairFailed:
		return "Start the tenant and scan the new QR code. The number must not be linked to another tenant."
	case EndNumberDiffers:
		return "Nothing is answered yet. If the number that scanned is right, set it as the tenant's phone_number and start " +
			"the tenant: no second scan is needed. If not, relink the tenant and scan the new code with the right phone."
	case EndPasskey:
		return "On the phone, remove the passkey in Settings > Account > Passkeys, or link another number; then start the " +
			"tenant and scan the new QR code."
	case EndStopped:
		return "Start the tenant when it should answer again."
	default:
		return ""
	}
}
