// Package access knows who may ask for what.
//
// A [flowhq.Principal] is made once from each request and travels in its context. What a route
// needs, a [Need], stands beside the route, and [Allow] alone decides. So no handler asks who is
// there, and a handler that is added later cannot forget to.
//
// Secrets that people choose are hashed slowly, by a [Hasher]; secrets that are drawn here have so
// many bits that one round of SHA-256 does. Neither is ever stored.
package access

import (
	"context"

	"github.com/flowhq/flowhq"
)

// With returns a context that has the principal. The store reads it there as well: it shows the rows
// of the principal's tenant alone.
func With(ctx context.Context, p flowhq.Principal) context.Context {
	return flowhq.WithPrincipal(ctx, p)
}

// From returns the principal of a request. Without one it is nobody, who may do nothing.
func From(ctx context.Context) flowhq.Principal { return flowhq.PrincipalFrom(ctx) }

// A Reach says what a route is about.
type Reach string

const (
	// Installation is about all tenants at once, or about none. Who is bound to a tenant has no
	// business there.
	Installation Reach = "installation"
	// NamedTenant is about the tenant that the path names.
	NamedTenant Reach = "named tenant"
	// Operators is about the tenant that the path names too, but for operators alone.
	Operators Reach = "operators"
	// OwnTenant is about the tenant of the principal. No path names it, so none can be wrong.
	OwnTenant Reach = "own tenant"
	// Self is about the principal alone, and needs no scope.
	Self Reach = "self"
)

// A Need is what a route needs of a principal.
type Need struct {
	Scope flowhq.Scope
	Reach Reach
}

// Errors of Allow. That of another tenant is word for word what an id has that is no tenant: its
// caller must not learn which ids are.
var (
	errNoTenant = flowhq.Errorf(flowhq.NotFound, "there is no such tenant")
	errBound    = flowhq.Errorf(flowhq.Forbidden,
		"this is for the operators of the installation, and you belong to one tenant")
	errUnbound = flowhq.Errorf(flowhq.Forbidden,
		"this is for the users and keys of a tenant; operators name one: /admin/tenants/{id}")
)

// Allow returns nil if the principal may ask for a route that has this need. named is the tenant
// that the path names. An error has code NotFound for another tenant than the principal's own, and
// otherwise Forbidden. The tenant is looked at first: a principal without the scope learns no more
// about another tenant than one with it.
func Allow(p flowhq.Principal, n Need, named flowhq.TenantID) error {
	switch {
	case n.Reach == Self && p.Kind != "":
		return nil
	case (n.Reach == NamedTenant || n.Reach == Operators) && p.Bound() && named != p.Tenant:
		return errNoTenant
	case (n.Reach == Installation || n.Reach == Operators) && p.Bound():
		return errBound
	case n.Reach == OwnTenant && !p.Bound():
		return errUnbound
	case !p.Has(n.Scope):
		return flowhq.Errorf(flowhq.Forbidden,
			"this needs the scope %s, which %s has not", n.Scope, described(p))
	}
	return nil
}

// described names a kind of principal in a sentence.
func described(p flowhq.Principal) string {
	switch p.Kind {
	case flowhq.PrincipalAPIKey:
		return "this key"
	case flowhq.PrincipalOperator, flowhq.PrincipalUser, flowhq.PrincipalPortal,
		flowhq.PrincipalPassword:
		return "the role " + string(p.Role)
	default:
		return "nobody"
	}
}

// Emergency is the principal of ADMIN_PASSWORD, from an address.
func Emergency(address string) flowhq.Principal {
	return flowhq.Principal{
		Kind: flowhq.PrincipalPassword, Name: "admin", Role: flowhq.RoleOwner, Scopes: flowhq.Scopes,
		Address: address,
	}
}

// OfAccount is the principal of a person who has signed in.
func OfAccount(a flowhq.Account, signIn int64, address string) flowhq.Principal {
	return flowhq.Principal{
		Kind: a.Kind(), ID: a.ID, Name: a.Email, Role: a.Role, Tenant: a.Tenant,
		Scopes: flowhq.RoleScopes(a.Role, a.Tenant != ""), Address: address, SignIn: signIn,
	}
}

// OfPortal is the principal of a user for whom a portal asks. It may do what the user may, and is a
// kind of its own, since it was the portal's sign-in that let the person in.
func OfPortal(a flowhq.Account, address string) flowhq.Principal {
	p := OfAccount(a, 0, address)
	p.Kind = flowhq.PrincipalPortal
	return p
}

// OfKey is the principal of a program with an API key.
func OfKey(k flowhq.APIKey, address string) flowhq.Principal {
	return flowhq.Principal{
		Kind: flowhq.PrincipalAPIKey, ID: k.ID, Name: k.Prefix, Scopes: k.Scopes, Tenant: k.Tenant,
		Address: address,
	}
}

// Shown is an actor as a principal may see it. Who belongs to a tenant learns that an operator did
// something, and neither who that was nor from where: operators have addresses of their own to
// guard.
func Shown(p flowhq.Principal, actor string) string {
	if !p.Bound() {
		return actor
	}
	if who := flowhq.ActorKind(actor); who == "admin" || who == "operator" {
		return "operator"
	}
	return actor
}
