// Package advice tells operators what happens next to a session that has ended, and what a
// person can do about it. It is the only place with sentences of that kind, so that the API,
// the command line and Temporal's Web UI say the same.
//
// The sentences are for people and may be reworded at any time. A program goes by the
// Ending, which is shown beside them.
package advice

import "github.com/flowhq/flowhq"

// NextStep says what happens after such an end and what a person can do about it, in a
// few sentences. It is "" if the session has not ended, or its tenant is gone. It is also ""
// for an ending that this version does not know, as a newer worker may have recorded it.
func NextStep(end flowhq.Ending) string { return nextSteps[end] }

// nextSteps has one entry for each ending but GONE: nobody can ask for a tenant that does not
// exist any more. Whether a session is tried again, and when, is decided in package flowhq.
// What is said of it here must agree with that: an operator who reads "by itself" waits.
var nextSteps = map[flowhq.Ending]string{
	// A new connection may mend these, and one is made without a command. Where the connection
	// itself cannot be made, the sentence names what between the worker and WhatsApp to look at.
	flowhq.EndLost:         network,
	flowhq.EndUnresponsive: network,
	flowhq.EndUnreachable:  network,
	flowhq.EndCertificate: "Something between the worker and WhatsApp answers in its place, " +
		"such as a firewall that inspects TLS, or the worker's clock is wrong. It is tried " +
		"again by itself.",
	flowhq.EndProxy: "Check the proxy in WHATSAPP_PROXY or HTTPS_PROXY of the worker, and what " +
		"it allows. It is tried again by itself.",
	flowhq.EndReplacedByStranger: "Find out who has a copy of the database or runs a second " +
		"installation on it. To lock them out, unlink the device on the phone, start the " +
		"tenant and scan again. It is tried again by itself.",
	flowhq.EndNotRecorded: log,
	flowhq.EndFailed:      log,
	// One refusal may be that of a single account. All reconnects pause with a second tenant's.
	flowhq.EndOutdated: "If a second tenant is refused too, nobody reconnects until a newer " +
		"version of the client is found: upgrade this program or set a version, see GET " +
		"/admin/fleet. It is then tried again by itself.",
	flowhq.EndDatabaseLost: "It comes back by itself when the worker reaches PostgreSQL again.",
	// Nothing is wrong with the session or its number, so there is nothing to do.
	flowhq.EndDraining:     takesOver,
	flowhq.EndWorkerLost:   takesOver,
	flowhq.EndReplacedByUs: takesOver,
	flowhq.EndRenewed:      takesOver,
	flowhq.EndRestarted:    takesOver,

	// These are tried again at a time that is known. Start is named because it does not wait.
	flowhq.EndTempBanned: "It is tried again by itself when the ban ends. Until then the " +
		"business can use the number on its phone only as WhatsApp allows. Start tries at once.",
	flowhq.EndCrashLoop: "It is tried again by itself, each time after a longer pause. " +
		"Something that this session does ends the worker: the end of its log tells more, and " +
		"stop keeps it away from the others' sessions. Start tries at once.",
	// These stay as they are until a person acts. A sentence says what the business has to do on
	// its phone, if anything, and then which command the operator gives.
	flowhq.EndLoggedOut:     scanAgain,
	flowhq.EndDeviceRemoved: scanAgain,
	flowhq.EndBanned: "Ask the business to appeal in WhatsApp on its phone. When WhatsApp has " +
		"lifted the ban, start the tenant.",
	flowhq.EndLocked: "Ask the business to open WhatsApp on its phone and do what it asks for " +
		"there, then start the tenant. If the number is on another phone now, relink the " +
		"tenant and scan the new code with that.",
	flowhq.EndRefused: "Look at the account on the business's phone, then start the tenant. If " +
		"it stays like this, relink the tenant and scan the new code.",
	flowhq.EndQRExpired: "When somebody is there with the phone, start the tenant: it shows a " +
		"new code at once.",
	flowhq.EndPairFailed: "Start the tenant and scan the new QR code. The number must not be " +
		"linked to another tenant.",
	flowhq.EndNumberDiffers: "Nothing is answered yet. If the number that scanned is right, " +
		"set it as the tenant's phone_number and start the tenant: no second scan is needed. " +
		"If not, relink the tenant and scan the new code with the right phone.",
	flowhq.EndPasskey: "On the phone, remove the passkey in Settings > Account > Passkeys, or " +
		"link another number; then start the tenant and scan the new QR code.",
	flowhq.EndStopped: "Start the tenant when it should answer again.",
}

// What several ends have in common. The names say what to look at, or what happens next.
const (
	network = "It is tried again by itself. If it stays like this, look at the network between " +
		"the worker and WhatsApp."
	log = "It is tried again by itself, and WhatsApp delivers again what was not acknowledged. " +
		"The worker's log tells more."
	takesOver = "Another host takes over by itself."
	scanAgain = "Start the tenant and scan the new QR code with the business's phone."
)
