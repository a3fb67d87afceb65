package flowhq_test

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// TestNewAuditEntry: what Principal.Actor has put together is taken apart again, whatever is in it.
func TestNewAuditEntry(t *testing.T) {
	t.Parallel()
	entry := func(kind flowhq.PrincipalKind, name, address string, o flowhq.AuditOutcome) flowhq.AuditEntry {
		return flowhq.AuditEntry{Kind: kind, Principal: name, Address: address, Outcome: o}
	}
	for _, tt := range []struct {
		actor  string
		action flowhq.EventType
		want   flowhq.AuditEntry
	}{
		{"operator asha@example.com (192.0.2.7)", flowhq.EventTenantUpdated,
			entry(flowhq.PrincipalOperator, "asha@example.com", "192.0.2.7", flowhq.AuditDone)},
		{"user juma@example.com (2001:db8::1)", flowhq.EventSignedIn,
			entry(flowhq.PrincipalUser, "juma@example.com", "2001:db8::1", flowhq.AuditDone)},
		{"api key fhq_3a (192.0.2.7)", flowhq.Stop.Requested(),
			entry(flowhq.PrincipalAPIKey, "fhq_3a", "192.0.2.7", flowhq.AuditAsked)},
		{"portal Duka (la kona)", flowhq.EventProfileChanged,
			entry(flowhq.PrincipalPortal, "Duka (la kona)", "", flowhq.AuditDone)},
		{"portal Duka (192.0.2.1) (192.0.2.7)", flowhq.EventProfileChanged,
			entry(flowhq.PrincipalPortal, "Duka (192.0.2.1)", "192.0.2.7", flowhq.AuditDone)},
		{"admin", flowhq.EventFleetPaused, entry(flowhq.PrincipalPassword, "", "", flowhq.AuditDone)},
		{"admin (192.0.2.7)", flowhq.EventPasswordUsed,
			entry(flowhq.PrincipalPassword, "", "192.0.2.7", flowhq.AuditDone)},
		{"192.0.2.7", flowhq.EventLoginFailed, entry("", "", "192.0.2.7", flowhq.AuditRefused)},
		{"asha@example.com (192.0.2.7)", flowhq.EventAccountLocked,
			entry("", "asha@example.com", "192.0.2.7", flowhq.AuditRefused)},
		{"callers behind the proxy 192.0.2.7", flowhq.EventLoginFailed,
			entry("", "callers behind the proxy", "192.0.2.7", flowhq.AuditRefused)},
		{"operators", flowhq.EventTenantUpdated, entry("", "operators", "", flowhq.AuditDone)},
		{"", flowhq.EventTenantUpdated, entry("", "", "", flowhq.AuditDone)},
	} {
		got := flowhq.NewAuditEntry(flowhq.Event{Type: tt.action, Actor: tt.actor}, "")
		tt.want.Action = tt.action
		if got != tt.want {
			t.Errorf("the actor %q is read as %+v; want %+v", tt.actor, got, tt.want)
		}
	}
}
