package flowhq_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

func TestActor(t *testing.T) {
	for _, tt := range []struct {
		p          flowhq.Principal
		want, kind string
	}{
		{flowhq.Principal{Kind: flowhq.PrincipalPassword, Address: "192.0.2.1"},
			"admin (192.0.2.1)", "admin"},
		{flowhq.Principal{Kind: flowhq.PrincipalOperator, Name: "a@example.com",
			Address: "2001:db8::1"}, "operator a@example.com (2001:db8::1)", "operator"},
		{flowhq.Principal{Kind: flowhq.PrincipalUser, Name: "a@example.com"}, "user a@example.com", "user"},
		{flowhq.Principal{Kind: flowhq.PrincipalAPIKey, Name: "fhq_abcdef", Address: "192.0.2.1"},
			"api key fhq_abcdef (192.0.2.1)", "api key"},
	} {
		if got := tt.p.Actor(); got != tt.want || flowhq.ActorKind(got) != tt.kind {
			t.Errorf("Actor() = %q of kind %q; want %q and %q", got, flowhq.ActorKind(got), tt.want, tt.kind)
		}
	}
	for _, other := range []string{"host", "workflow", "", "WHATSAPP_VERSION", "administrator x"} {
		if got := flowhq.ActorKind(other); got != other {
			t.Errorf("ActorKind(%q) = %q", other, got)
		}
	}
}

// TestRolesGrow: who has the higher role may do all that the lower one may, and nobody of a tenant
// what is of the installation.
func TestRolesGrow(t *testing.T) {
	within := func(small, large []flowhq.Scope) bool {
		return !slices.ContainsFunc(small, func(s flowhq.Scope) bool { return !slices.Contains(large, s) })
	}
	for _, tt := range []struct {
		lower, higher flowhq.Role
		bound         bool
	}{{flowhq.RoleViewer, flowhq.RoleOperator, false},
		{flowhq.RoleOperator, flowhq.RoleOwner, false}, {flowhq.RoleStaff, flowhq.RoleOwner, true}} {
		small, large := flowhq.RoleScopes(tt.lower, tt.bound), flowhq.RoleScopes(tt.higher, tt.bound)
		if !within(small, large) || len(small) >= len(large) {
			t.Errorf("%s has %v, and %s %v", tt.lower, small, tt.higher, large)
		}
	}
	for _, s := range []flowhq.Scope{flowhq.ScopeOwn, flowhq.ScopeCodec, flowhq.ScopeMetrics} {
		if slices.Contains(flowhq.RoleScopes(flowhq.RoleOwner, true), s) ||
			slices.Contains(flowhq.TenantKeyScopes, s) {
			t.Errorf("a tenant has the scope %s", s)
		}
	}
	for _, s := range []flowhq.Scope{flowhq.ScopeOwn, flowhq.ScopeManage} {
		if slices.Contains(flowhq.KeyScopes, s) {
			t.Errorf("keys may have the scope %s", s)
		}
	}
}

func TestNewAccount(t *testing.T) {
	for email, valid := range map[string]bool{
		"asha@example.com": true, "a.b+c@sub.example.co.tz": true, "x@localhost": true,
		"": false, "asha": false, "@example.com": false, "asha@": false,
		"Asha <asha@example.com>": false, "a b@example.com": false, `"a b"@example.com`: false,
		"аsha@example.com": false, "asha@example.com\n": false,
		"a@example.com,b@example.com": false, strings.Repeat("x", 250) + "@x.co": false,
		"a\u200bb@example.com": false,
	} {
		n := flowhq.NewAccount{Email: email, Name: "Asha", Role: flowhq.RoleViewer}
		if err := n.Validate(flowhq.OperatorRoles); (err == nil) != valid {
			t.Errorf("%q: %v; want valid = %t", email, err, valid)
		}
	}
	if err := (flowhq.NewAccount{Email: "a@b.c", Name: "A",
		Role: flowhq.RoleStaff}).Validate(flowhq.OperatorRoles); flowhq.ErrorCode(err) != flowhq.Invalid {
		t.Errorf("an operator with a role of users: %v", err)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, ok := range map[string]bool{
		"a long sentence": true, "nenosiri refu sana": true, "ŝlosilvorto": true,
		strings.Repeat("abcde", 40): true,
		"":                          false, "123456789": false, strings.Repeat("a", 30): false,
		"abababababab":              false,
		strings.Repeat("abcde", 41): false, "\xff\xfe invalid utf8": false,
		"asha.mwangi@example.com": false, "ASHA.Mwangi": false,
	} {
		if got := flowhq.CheckPassword(password, "asha.mwangi@example.com"); (got == "") != ok {
			t.Errorf("CheckPassword(%.30q) = %q; want ok = %t", password, got, ok)
		}
	}
}
