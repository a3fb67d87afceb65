package flowhq

import "strings"

// An EndReason names why a session ended or cannot go on. The set is closed; the same word
// is in the session's row, in the type of the event, in Temporal as the error type and the
// search attribute LastReason, and in the label of the metric that counts ends. "" means
// that the session has not ended.
//
// To add a reason: add it here, add its row to endRules, its advice to package advice, and
// the word to the check of the column whatsapp_sessions.ending and to api/openapi.yaml.
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

	// Only a person can mend these.
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

// An endRule is what one EndReason means for the tenant, until its next host has claimed it.
type endRule struct {
	reason    EndReason
	follows   follows
	state     SessionState
	host      HostStatus
	tenant    TenantStatus // "" = by whether a phone is linked, see [Situation.Tenant]
	attention bool         // a person should look at it
}

// endRules is the whole table of ends, in the order of [EndReasons]. Ends that recur until
// somebody changes something ask for attention although they are tried again.
var endRules = []endRule{
	{EndLost, followsBackoff, Disconnected, HostStarting, "", false},
	{EndUnresponsive, followsBackoff, Disconnected, HostStarting, "", false},
	{EndUnreachable, followsBackoff, Disconnected, HostStarting, "", false},
	{EndCertificate, followsBackoff, Disconnected, HostStarting, "", true},
	{EndProxy, followsBackoff, Disconnected, HostStarting, "", true},
	{EndReplacedByUs, followsAtOnce, Disconnected, HostStarting, "", false},
	{EndReplacedByStranger, followsBackoff, Disconnected, HostError, "", true},
	{EndNotRecorded, followsBackoff, Disconnected, HostStarting, "", false},
	{EndDatabaseLost, followsOutage, Disconnected, HostStarting, "", false},
	{EndDraining, followsAtOnce, Disconnected, HostDraining, "", false},
	{EndWorkerLost, followsCrash, Disconnected, HostStarting, "", false},
	{EndRenewed, followsAtOnce, Disconnected, HostStarting, "", false},
	{EndRestarted, followsAtOnce, Disconnected, HostStarting, "", false},
	{EndFailed, followsBackoff, Disconnected, HostStarting, "", false},

	{EndTempBanned, followsTime, Banned, HostError, TenantError, true},
	{EndCrashLoop, followsTime, Disconnected, HostError, TenantError, true},
	{EndOutdated, followsPause, Disconnected, HostError, TenantError, true},

	{EndLoggedOut, followsPerson, LoggedOut, HostError, TenantError, true},
	{EndDeviceRemoved, followsPerson, LoggedOut, HostError, TenantError, true},
	{EndBanned, followsPerson, Banned, HostError, TenantError, true},
	{EndLocked, followsPerson, Banned, HostError, TenantError, true},
	{EndRefused, followsPerson, Disconnected, HostError, TenantError, true},
	{EndQRExpired, followsPerson, Disconnected, HostStopped, TenantPaused, true},
	{EndPairFailed, followsPerson, Disconnected, HostError, TenantError, true},
	{EndNumberDiffers, followsPerson, Disconnected, HostError, TenantError, true},
	{EndPasskey, followsPerson, Disconnected, HostError, TenantError, true},
	// A person wanted these two, so there is nothing to look at.
	{EndStopped, followsPerson, Disconnected, HostStopped, TenantPaused, false},
	{EndGone, followsPerson, Disconnected, HostError, TenantError, false},
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

// Final reports whether trying again by itself cannot help, or not yet.
func (r EndReason) Final() bool {
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
