package flowhq

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// An AuditEntry is one line of who did what: an event that a principal has caused, of a tenant or
// of the installation, or that somebody has tried to become one.
type AuditEntry struct {
	At     time.Time `json:"at"`
	Action EventType `json:"action"`
	// Kind is what kind of principal it was; "" is somebody who was not let in.
	Kind PrincipalKind `json:"principal_kind"`
	// Principal is an e-mail address or the beginning of a key; "" is the admin password, or
	// nobody who is known.
	Principal string `json:"principal"`
	// Address is where the request came from; "" is not known.
	Address string `json:"address"`
	// Tenant is what it was done to, "" for the installation, and TenantName its name, "" if it is
	// gone.
	Tenant     TenantID `json:"tenant_id"`
	TenantName string   `json:"tenant_name"`
	// Detail is what was done in words, such as the fields that were changed.
	Detail  string       `json:"detail"`
	Outcome AuditOutcome `json:"outcome"`
}

// An AuditOutcome says what became of what somebody did.
type AuditOutcome string

// What becomes of a deed.
const (
	// AuditDone is what was done when it was recorded: both are one statement.
	AuditDone AuditOutcome = "DONE"
	// AuditAsked is a command to a session. The tenant's commands say what became of it.
	AuditAsked AuditOutcome = "ASKED"
	// AuditRefused is a sign-in that was not let in.
	AuditRefused AuditOutcome = "REFUSED"
)

// AuditOutcomes lists every AuditOutcome.
var AuditOutcomes = []AuditOutcome{AuditDone, AuditAsked, AuditRefused}

// refusals are the actions that somebody has tried in vain.
var refusals = []EventType{
	EventLoginFailed, EventLoginsSlowed, EventLoginsRefused, EventAccountLocked,
	EventSignInRefused,
}

// actorKinds are the first words of what [Principal.Actor] makes, with the kind that each stands
// for. The longest come first, since "api key" has two.
var actorKinds = []struct {
	words string
	kind  PrincipalKind
}{
	{"operator", PrincipalOperator}, {"user", PrincipalUser}, {"portal", PrincipalPortal},
	{"api key", PrincipalAPIKey}, {"admin", PrincipalPassword},
}

// NewAuditEntry reads the entry of an event. Events hold their actor as the one text that
// [Principal.Actor] has made, and here it is taken apart again.
func NewAuditEntry(e Event, tenantName string) AuditEntry {
	a := AuditEntry{
		At: e.At, Action: e.Type, Tenant: e.Tenant, TenantName: tenantName, Detail: e.Reason,
		Outcome: AuditDone,
	}
	who := e.Actor
	// A name may end with a parenthesis, too, so only what is an address is taken for one.
	if i := strings.LastIndex(who, " ("); i >= 0 && strings.HasSuffix(who, ")") {
		if _, err := netip.ParseAddr(who[i+2 : len(who)-1]); err == nil {
			who, a.Address = who[:i], who[i+2:len(who)-1]
		}
	}
	// A stranger is recorded by the address alone, or by what stands before it, such as "callers
	// behind the proxy 192.0.2.7".
	if i := strings.LastIndexByte(who, ' '); a.Address == "" {
		if _, err := netip.ParseAddr(who[i+1:]); err == nil {
			who, a.Address = who[:max(i, 0)], who[i+1:]
		}
	}
	for _, k := range actorKinds {
		if name, ok := strings.CutPrefix(who, k.words); ok && (name == "" || name[0] == ' ') {
			who, a.Kind = strings.TrimPrefix(name, " "), k.kind
			break
		}
	}
	a.Principal = who
	switch {
	case slices.Contains(refusals, e.Type):
		// Whom a wrong password was for is no principal, but a name that somebody has typed.
		a.Outcome, a.Kind = AuditRefused, ""
	case slices.ContainsFunc(Commands, func(c Command) bool { return c.Requested() == e.Type }):
		a.Outcome = AuditAsked
	}
	return a
}
