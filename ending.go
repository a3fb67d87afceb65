package flowhq

import "strings"

// An Ending names why a session ended or cannot go on, in one word of a closed set. The same word
// is in the session's row, in the type of the event, in Temporal as the error type and the
// search attribute LastEnding, and in the label of the metric that counts ends. "" means
// that the session has not ended. The sentence beside it, for an operator, is called reason; an
// [End] is both, with what else is known of the moment.
//
// A new ending takes these steps; the tests named say which one was left out:
//
//   - its word below, and its row in endRules: what follows, the statuses, whether a person should
//     look, what is left of the link to the phone. [Next] follows the row (TestEveryEnd);
//   - how it is recognised: internal/whatsapp/ends.go where WhatsApp says it (TestEndOf), or endOf
//     in internal/session/end.go where it is this side's;
//   - in a migration, the check of whatsapp_sessions.ending (TestEndings), and the
//     functions host_status and tenant_status, which derive in SQL what status.go derives in Go
//     (TestStatusesAreTheTables compares them);
//   - what an operator should do (internal/advice), the word in api/openapi.yaml and
//     docs/session.md, and a row of endings in internal/e2e.
//
// It is rolled out in this order: the migration, then the workers. A workflow on an older worker
// takes an unknown word for FAILED, and starts the next host after the backoff of a failure.
type Ending string

const (
	// A new connection may mend these; one is made by itself.
	EndLost               Ending = "LOST"                 // the connection broke
	EndUnresponsive       Ending = "UNRESPONSIVE"         // open, but WhatsApp no longer answered
	EndUnreachable        Ending = "UNREACHABLE"          // no connection could be made
	EndCertificate        Ending = "CERTIFICATE_REFUSED"  // the other end is not WhatsApp
	EndProxy              Ending = "PROXY_FAILED"         // the HTTP proxy in between refuses
	EndReplacedByUs       Ending = "REPLACED_BY_US"       // a newer host of ours took over
	EndReplacedByStranger Ending = "REPLACED_BY_STRANGER" // somebody else has the keys
	EndNotRecorded        Ending = "NOT_RECORDED"         // a message could not be recorded
	EndDatabaseLost       Ending = "DATABASE_LOST"        // without it nobody may hold a number
	EndDraining           Ending = "WORKER_DRAINING"      // its worker is stopping
	EndWorkerLost         Ending = "WORKER_LOST"          // its worker died, froze or is stuck
	EndRenewed            Ending = "RENEWED"              // the daily renewal of the connection
	EndRestarted          Ending = "RESTARTED"            // by an operator
	EndFailed             Ending = "FAILED"               // a bug, or an unclassified failure

	// The end of these is known, and the session is tried again after it.
	EndTempBanned Ending = "TEMPORARILY_BANNED"
	EndCrashLoop  Ending = "CRASH_LOOP" // worker after worker died while hosting it

	// When a second tenant was refused, all reconnects pause until a newer version is found or set.
	EndOutdated Ending = "CLIENT_OUTDATED" // WhatsApp wants a newer client

	// These are not tried again by themselves: a person gives a command.
	EndLoggedOut     Ending = "LOGGED_OUT"     // the phone unlinked it while it was away
	EndDeviceRemoved Ending = "DEVICE_REMOVED" // the phone unlinked it while it was connected
	EndBanned        Ending = "BANNED"         // by WhatsApp, with no end named
	EndLocked        Ending = "ACCOUNT_LOCKED" // by WhatsApp
	EndRefused       Ending = "REFUSED"        // WhatsApp refused the login otherwise
	EndQRExpired     Ending = "QR_EXPIRED"     // nobody scanned, and nobody asks for a code
	EndPairFailed    Ending = "PAIR_FAILED"    // scanned, but the linking failed
	EndNumberDiffers Ending = "NUMBER_DIFFERS" // scanned by a phone of another number
	EndPasskey       Ending = "PASSKEY_ASKED"  // WhatsApp wants the account's passkey
	EndStopped       Ending = "STOPPED"        // by an operator
	EndGone          Ending = "GONE"           // the tenant does not exist any more
)

// A follows says what follows an end, before the counts of failures are looked at.
type follows int

const (
	followsBackoff follows = iota // another attempt; after a pause unless it had been stable
	followsAtOnce                 // another host at once: nothing is wrong with the session
	followsOutage                 // another attempt as soon as the database is back
	followsPause                  // another attempt when reconnects are no longer paused
	followsCrash                  // another host at once, until it looks like a crash loop
	followsTime                   // another attempt at a known time
	followsPerson                 // nothing, until a person gives a command
)

// A link says what an end leaves of the link to the phone.
type link int

const (
	linkKept   link = iota // the device and its keys: the next login uses them
	linkGone               // neither: the phone has removed the device, nothing opens with its keys
	linkFailed             // no device; keys that were stored while linking are never used
)

// An endRule is what one Ending means for the tenant, until its next host has claimed it.
type endRule struct {
	ending    Ending
	follows   follows
	state     SessionState
	host      HostStatus
	tenant    TenantStatus // "" = by whether a phone is linked, see [Situation.Tenant]
	attention bool         // a person should look at it
	link      link         // what is left of the link to the phone
}

// endRules is the whole table of ends, in the order of [Endings]. Ends that recur until
// somebody changes something ask for attention although they are tried again.
var endRules = []endRule{
	{EndLost, followsBackoff, Disconnected, HostStarting, "", false, linkKept},
	{EndUnresponsive, followsBackoff, Disconnected, HostStarting, "", false, linkKept},
	{EndUnreachable, followsBackoff, Disconnected, HostStarting, "", false, linkKept},
	{EndCertificate, followsBackoff, Disconnected, HostStarting, "", true, linkKept},
	{EndProxy, followsBackoff, Disconnected, HostStarting, "", true, linkKept},
	{EndReplacedByUs, followsAtOnce, Disconnected, HostStarting, "", false, linkKept},
	{EndReplacedByStranger, followsBackoff, Disconnected, HostError, "", true, linkKept},
	{EndNotRecorded, followsBackoff, Disconnected, HostStarting, "", false, linkKept},
	{EndDatabaseLost, followsOutage, Disconnected, HostStarting, "", false, linkKept},
	{EndDraining, followsAtOnce, Disconnected, HostDraining, "", false, linkKept},
	{EndWorkerLost, followsCrash, Disconnected, HostStarting, "", false, linkKept},
	{EndRenewed, followsAtOnce, Disconnected, HostStarting, "", false, linkKept},
	{EndRestarted, followsAtOnce, Disconnected, HostStarting, "", false, linkKept},
	{EndFailed, followsBackoff, Disconnected, HostStarting, "", false, linkKept},

	// These are errors to the operator for as long as they last, though they end by themselves: the
	// business is not served meanwhile.
	{EndTempBanned, followsTime, Banned, HostError, TenantError, true, linkKept},
	{EndCrashLoop, followsTime, Disconnected, HostError, TenantError, true, linkKept},
	{EndOutdated, followsPause, Disconnected, HostError, TenantError, true, linkKept},

	// Only where the phone has removed the device are its keys of no use. A ban or a lock may be
	// lifted, and then the same keys log in again.
	{EndLoggedOut, followsPerson, LoggedOut, HostError, TenantError, true, linkGone},
	{EndDeviceRemoved, followsPerson, LoggedOut, HostError, TenantError, true, linkGone},
	{EndBanned, followsPerson, Banned, HostError, TenantError, true, linkKept},
	{EndLocked, followsPerson, Banned, HostError, TenantError, true, linkKept},
	{EndRefused, followsPerson, Disconnected, HostError, TenantError, true, linkKept},
	{EndQRExpired, followsPerson, Disconnected, HostStopped, TenantPaused, true, linkKept},
	{EndPairFailed, followsPerson, Disconnected, HostError, TenantError, true, linkFailed},
	{EndNumberDiffers, followsPerson, Disconnected, HostError, TenantError, true, linkKept},
	{EndPasskey, followsPerson, Disconnected, HostError, TenantError, true, linkKept},
	// A person wanted these two, so there is nothing to look at.
	{EndStopped, followsPerson, Disconnected, HostStopped, TenantPaused, false, linkKept},
	{EndGone, followsPerson, Disconnected, HostError, TenantError, false, linkKept},
}

// Endings lists every Ending.
var Endings = func() (all []Ending) {
	for _, rule := range endRules {
		all = append(all, rule.ending)
	}
	return all
}()

// rule returns the row of the ending; an unknown ending is a failure nobody classified.
func (e Ending) rule() endRule {
	for _, rule := range endRules {
		if rule.ending == e {
			return rule
		}
	}
	return endRule{ending: e, follows: followsBackoff, state: Disconnected, host: HostStarting}
}

// Known reports whether e is in the closed set.
func (e Ending) Known() bool { return e.rule().ending == e && oneOf(e, Endings) }

// NonRetryable reports whether trying again by itself cannot help, or not yet.
func (e Ending) NonRetryable() bool {
	follows := e.rule().follows
	return follows == followsPerson || follows == followsTime
}

// WaitsForPerson reports whether a session that is wanted, and ended like this, is not
// tried again until a person gives a command. STOPPED is not among them: a tenant that is
// wanted though its session was stopped has been started since.
func (e Ending) WaitsForPerson() bool {
	return e.rule().follows == followsPerson && e != EndStopped
}

// Attention reports whether a person should look at it.
func (e Ending) Attention() bool { return e.rule().attention }

// Unlinks reports whether there is no device any more after such an end, so that the tenant's
// number is free.
func (e Ending) Unlinks() bool { return e.rule().link != linkKept }

// LosesKeys reports whether the device's keys are of no use any more. They stay if the account was
// banned or locked, for that may be lifted.
func (e Ending) LosesKeys() bool { return e.rule().link == linkGone }

// SessionState is the state of a session that ended like this.
func (e Ending) SessionState() SessionState { return e.rule().state }

// Event is the type of the event that tells of this end, such as SESSION_LOST. Endings that
// already name whose end it was are event types themselves.
func (e Ending) Event() EventType {
	switch {
	case e == EndQRExpired,
		strings.HasPrefix(string(e), "WORKER_"), strings.HasPrefix(string(e), "DATABASE_"):
		return EventType(e)
	default:
		return EventType("SESSION_" + e)
	}
}
