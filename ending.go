package flowhq

import "strings"

// An EndReason names why a session ended or cannot go on. The set is closed; the same word
// is in the session's row, in the type of the event, in Temporal as the error type and the
// search attribute LastReason, and in the label of the metric that counts ends. "" means
// that the session has not ended.
//
// A new reason takes these steps; the tests named say which one was left out:
//
//   - its word below, and its row in endRules: what follows, the statuses, whether a person should
//     look, what is left of the link to the phone. [Next] follows the row (TestEveryEnd);
//   - how it is recognised: internal/whatsapp/ends.go where WhatsApp says it (TestEndOf), or endOf
//     in internal/session/end.go where it is this side's;
//   - in a migration, the check of whatsapp_sessions.ending, and the functions host_status and
//     tenant_status, which derive in SQL what status.go derives in Go (internal/store compares them);
//   - what an operator should do (internal/advice), the word in api/openapi.yaml and
//     docs/session.md, and a row of endings in internal/e2e.
//
// It is rolled out in this order: the migration, then the workers. A workflow on an older worker
// takes an unknown word for FAILED, and starts the next host after the backoff of a failure.
type EndReason string

const (
	// A new connection may mend these; one is made by itself.
	EndLost               EndReason = "LOST"                 // the connection broke
	EndUnresponsive       EndReason = "UNRESPONSIVE"         // open, but WhatsApp no longer answered
	EndUnreachable        EndReason = "UNREACHABLE"          // no connection could be made
	EndCertificate        EndReason = "CERTIFICATE_REFUSED"  // the other end is not WhatsApp
	EndProxy              EndReason = "PROXY_FAILED"         // the HTTP proxy in between refuses
	EndReplacedByUs       EndReason = "REPLACED_BY_US"       // a newer host of ours took over
	EndReplacedByStranger EndReason = "REPLACED_BY_STRANGER" // somebody else has the keys
	EndNotRecorded        EndReason = "NOT_RECORDED"         // a message could not be recorded
	EndDatabaseLost       EndReason = "DATABASE_LOST"        // without it nobody may hold a number
	EndDraining           EndReason = "WORKER_DRAINING"      // its worker is stopping
	EndWorkerLost         EndReason = "WORKER_LOST"          // its worker died, froze or is stuck
	EndRenewed            EndReason = "RENEWED"              // the daily renewal of the connection
	EndRestarted          EndReason = "RESTARTED"            // by an operator
	EndFailed             EndReason = "FAILED"               // a bug, or an unclassified failure

	// The end of these is known, and the session is tried again after it.
	EndTempBanned EndReason = "TEMPORARILY_BANNED"
	EndCrashLoop  EndReason = "CRASH_LOOP" // worker after worker died while hosting it

	// When a second tenant was refused, all reconnects pause until a newer version is found or set.
	EndOutdated EndReason = "CLIENT_OUTDATED" // WhatsApp wants a newer client

	// These are not tried again by themselves: a person gives a command.
	EndLoggedOut     EndReason = "LOGGED_OUT"     // the phone unlinked it while it was away
	EndDeviceRemoved EndReason = "DEVICE_REMOVED" // the phone unlinked it while it was connected
	EndBanned        EndReason = "BANNED"         // by WhatsApp, with no end named
	EndLocked        EndReason = "ACCOUNT_LOCKED" // by WhatsApp
	EndRefused       EndReason = "REFUSED"        // WhatsApp refused the login otherwise
	EndQRExpired     EndReason = "QR_EXPIRED"     // nobody scanned, and nobody asks for a code
	EndPairFailed    EndReason = "PAIR_FAILED"    // scanned, but the linking failed
	EndNumberDiffers EndReason = "NUMBER_DIFFERS" // scanned by a phone of another number
	EndPasskey       EndReason = "PASSKEY_ASKED"  // WhatsApp wants the account's passkey
	EndStopped       EndReason = "STOPPED"        // by an operator
	EndGone          EndReason = "GONE"           // the tenant does not exist any more
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

// An endRule is what one EndReason means for the tenant, until its next host has claimed it.
type endRule struct {
	reason    EndReason
	follows   follows
	state     SessionState
	host      HostStatus
	tenant    TenantStatus // "" = by whether a phone is linked, see [Situation.Tenant]
	attention bool         // a person should look at it
	link      link         // what is left of the link to the phone
}

// endRules is the whole table of ends, in the order of [EndReasons]. Ends that recur until
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

	{EndTempBanned, followsTime, Banned, HostError, TenantError, true, linkKept},
	{EndCrashLoop, followsTime, Disconnected, HostError, TenantError, true, linkKept},
	{EndOutdated, followsPause, Disconnected, HostError, TenantError, true, linkKept},

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

// EndReasons lists every EndReason.
var EndReasons = func() (all []EndReason) {
	for _, rule := range endRules {
		all = append(all, rule.reason)
	}
	return all
}()

// rule returns the row of the reason; an unknown reason is a failure nobody classified.
func (r EndReason) rule() endRule {
	for _, rule := range endRules {
		if rule.reason == r {
			return rule
		}
	}
	return endRule{reason: r, follows: followsBackoff, state: Disconnected, host: HostStarting}
}

// Known reports whether r is in the closed set.
func (r EndReason) Known() bool { return r.rule().reason == r && oneOf(r, EndReasons) }

// NonRetryable reports whether trying again by itself cannot help, or not yet.
func (r EndReason) NonRetryable() bool {
	follows := r.rule().follows
	return follows == followsPerson || follows == followsTime
}

// WaitsForPerson reports whether a session that is wanted, and ended like this, is not
// tried again until a person gives a command. STOPPED is not among them: a tenant that is
// wanted though its session was stopped has been started since.
func (r EndReason) WaitsForPerson() bool {
	return r.rule().follows == followsPerson && r != EndStopped
}

// Attention reports whether a person should look at it.
func (r EndReason) Attention() bool { return r.rule().attention }

// Unlinks reports whether there is no device any more after such an end, so that the tenant's
// number is free.
func (r EndReason) Unlinks() bool { return r.rule().link != linkKept }

// LosesKeys reports whether the device's keys are of no use any more. They stay if the account was
// banned or locked, for that may be lifted.
func (r EndReason) LosesKeys() bool { return r.rule().link == linkGone }

// SessionState is the state of a session that ended like this.
func (r EndReason) SessionState() SessionState { return r.rule().state }

// Event is the type of the event that tells of this end, such as SESSION_LOST. Reasons that
// already name whose end it was are event types themselves.
func (r EndReason) Event() EventType {
	switch {
	case r == EndQRExpired, strings.HasPrefix(string(r), "WORKER_"), strings.HasPrefix(string(r), "DATABASE_"):
		return EventType(r)
	default:
		return EventType("SESSION_" + r)
	}
}
