package flowhq

import (
	"context"
	"strings"
)

// A Principal is who asks. It is made once from each request, and says what the request may do and
// whom its events are attributed to.
type Principal struct {
	Kind PrincipalKind `json:"kind"`
	// ID is that of the account or key; the emergency password has none.
	ID string `json:"id"`
	// Name is an e-mail address, or the beginning of a key. It is never a secret.
	Name string `json:"name"`
	Role Role   `json:"role"` // "" for a key, whose scopes say it all
	// Scopes are what the principal may do.
	Scopes []Scope `json:"scopes"`
	// Tenant binds the principal to one tenant. "" is none: the principal may name any.
	Tenant TenantID `json:"tenant_id"`
	// Address is where the request came from.
	Address string `json:"address"`
	// SignIn is the sign-in that the request belongs to, 0 if it came with a key or a password.
	SignIn int64 `json:"-"`
}

// principalKey is where a context has its principal.
type principalKey struct{}

// WithPrincipal returns a context that has the principal.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the principal of a request. Without one it is nobody, who may do nothing
// and is bound to no tenant: what a worker does has none.
func PrincipalFrom(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Has reports whether the principal may do what needs the scope.
func (p Principal) Has(s Scope) bool { return oneOf(s, p.Scopes) }

// Bound reports whether the principal belongs to one tenant.
func (p Principal) Bound() bool { return p.Tenant != "" }

// Actor is whom an event is attributed to, with the address that the request came from, such as
// "operator asha@example.com (192.0.2.7)".
func (p Principal) Actor() string {
	who := "admin" // the emergency password has no name of its own
	switch p.Kind {
	case PrincipalOperator, PrincipalUser, PrincipalPortal, PrincipalAPIKey:
		who = strings.ToLower(strings.ReplaceAll(string(p.Kind), "_", " ")) + " " + p.Name
	case PrincipalPassword:
	}
	if p.Address == "" {
		return who
	}
	return who + " (" + p.Address + ")"
}

// ActorKind is an actor without name and address: "operator", "user", "portal", "api key" or "admin".
// It is for what people of a tenant read, to whom the names and addresses of operators are of no
// concern. Other actors, such as "host", are returned as they are.
func ActorKind(actor string) string {
	for _, kind := range []string{"operator", "user", "portal", "api key", "admin"} {
		if strings.HasPrefix(actor, kind+" ") {
			return kind
		}
	}
	return actor
}

// A PrincipalKind says how a principal is known.
type PrincipalKind string

const (
	PrincipalOperator PrincipalKind = "OPERATOR" // a person who runs the installation
	PrincipalUser     PrincipalKind = "USER"     // a person of one tenant
	PrincipalPortal   PrincipalKind = "PORTAL"   // a person of one tenant, by a portal's word
	PrincipalAPIKey   PrincipalKind = "API_KEY"  // a program
	PrincipalPassword PrincipalKind = "PASSWORD" // whoever has ADMIN_PASSWORD
)

// PrincipalKinds lists every PrincipalKind.
var PrincipalKinds = []PrincipalKind{
	PrincipalOperator, PrincipalUser, PrincipalPortal, PrincipalAPIKey, PrincipalPassword,
}

// A Role is what a person is, of the installation or of one tenant.
type Role string

const (
	RoleOwner    Role = "OWNER"    // of the installation, or of a tenant
	RoleOperator Role = "OPERATOR" // of the installation: runs tenants
	RoleViewer   Role = "VIEWER"   // of the installation: only looks
	RoleStaff    Role = "STAFF"    // of a tenant: talks with customers
)

// OperatorRoles are those of the installation, and UserRoles those of a tenant.
var (
	OperatorRoles = []Role{RoleOwner, RoleOperator, RoleViewer}
	UserRoles     = []Role{RoleOwner, RoleStaff}
)

// A Scope is something that a principal may do. Each route of the API needs one.
type Scope string

const (
	// ScopeRead is to see tenants, their customers and what they wrote.
	ScopeRead Scope = "read"
	// ScopeOperate is to change tenants and what they told, and to run and link their sessions.
	ScopeOperate Scope = "operate"
	// ScopeSend is to take part in conversations: to write, to take over a chat and give it back,
	// and to answer bookings, orders, tickets and questions.
	ScopeSend Scope = "send"
	// ScopeMetrics is to read /metrics.
	ScopeMetrics Scope = "metrics"
	// ScopeCodec is to decrypt what Temporal keeps.
	ScopeCodec Scope = "codec"
	// ScopeManage is to invite a tenant's users and make its keys. No key has it: a key that
	// leaked could otherwise make others, which outlive it.
	ScopeManage Scope = "manage"
	// ScopeOwn is the same for operators and the installation's keys.
	ScopeOwn Scope = "own"
)

// Scopes lists every Scope, KeyScopes those that a key may have, and TenantKeyScopes those that a
// key of one tenant may have.
var (
	Scopes = []Scope{
		ScopeRead, ScopeOperate, ScopeSend, ScopeMetrics, ScopeCodec, ScopeManage, ScopeOwn,
	}
	KeyScopes       = []Scope{ScopeRead, ScopeOperate, ScopeSend, ScopeMetrics, ScopeCodec}
	TenantKeyScopes = []Scope{ScopeRead, ScopeOperate, ScopeSend}
)

// RoleScopes are the scopes of a person, of a tenant if bound and else of the installation.
func RoleScopes(r Role, bound bool) []Scope {
	switch {
	case bound && r == RoleOwner:
		return []Scope{ScopeRead, ScopeOperate, ScopeSend, ScopeManage}
	case bound:
		return []Scope{ScopeRead, ScopeSend}
	case r == RoleOwner:
		return Scopes
	case r == RoleOperator:
		return []Scope{
			ScopeRead, ScopeOperate, ScopeSend, ScopeMetrics, ScopeCodec, ScopeManage,
		}
	default:
		return []Scope{ScopeRead, ScopeMetrics}
	}
}
