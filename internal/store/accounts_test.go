package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// persons counts the people of the tests, of whom each has an address of their own.
var persons atomic.Int64

// person is a role that operators and users both have.
func person() flowhq.NewAccount {
	return flowhq.NewAccount{Email: fmt.Sprintf("p%d@example.com", persons.Add(1)), Name: "Asha",
		Role: flowhq.RoleOwner}
}

func random() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

func aLink() store.PasswordLink {
	return store.PasswordLink{Hash: random(), Lifetime: time.Hour}
}

var aKey = flowhq.NewAPIKey{Name: "shop", Scopes: []flowhq.Scope{flowhq.ScopeRead, flowhq.ScopeSend}}

func aSecret() store.NewSecret { return store.NewSecret{Prefix: "fhq_abcdef", Hash: random()} }

// The calls of accounts and keys are among those that TestTwoTenants tries.
func init() {
	maps.Copy(calls, map[string]func(context.Context, *store.Store, guest) (any, error){
		"Accounts": func(ctx context.Context, s *store.Store, g guest) (any,
			error) {
			return s.Accounts(ctx, g.tenant)
		},
		"InviteAccount": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			return s.InviteAccount(ctx, g.tenant, person(), aLink(), "admin")
		},
		"ChangeAccount": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			yes := true
			return s.ChangeAccount(ctx, g.tenant, g.account, flowhq.AccountChange{Disabled: &yes}, "admin")
		},
		"MakeLink": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			return s.MakeLink(ctx, g.tenant, g.account, aLink(), "admin")
		},
		"APIKeys": func(ctx context.Context, s *store.Store, g guest) (any,
			error) {
			return s.APIKeys(ctx, g.tenant)
		},
		"AddAPIKey": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			return s.AddAPIKey(ctx, g.tenant, aKey, aSecret(), "admin")
		},
		"RevokeAPIKey": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			return s.RevokeAPIKey(ctx, g.tenant, g.key, "admin")
		},
	})
}

// joined is a person with a password.
func (b *bench) joined(t *testing.T, tenant flowhq.TenantID) store.Login {
	t.Helper()
	n, link := person(), aLink()
	must(b.InviteAccount(t.Context(), tenant, n, link, "admin"))(t)
	must(b.UseLink(t.Context(), link.Hash, "hash", "192.0.2.1"))(t)
	return must(b.Login(t.Context(), n.Email))(t)
}

func (b *bench) signIn(t *testing.T, l store.Login) []byte {
	t.Helper()
	token := random()
	must(b.SignIn(t.Context(), store.NewSignIn{Account: l.ID, Hash: token, Address: "192.0.2.1",
		Lifetime: time.Hour, Password: l.PasswordHash, Actor: "x"}))(t)
	return token
}

// story is the events of a tenant or, for "", of the fleet, oldest first.
func (b *bench) story(t *testing.T, tenant flowhq.TenantID) (types []flowhq.EventType) {
	t.Helper()
	if tenant == "" {
		for _, e := range must(b.FleetEvents(t.Context(), 100))(t) {
			types = append(types, e.Type)
		}
	} else {
		for _, e := range must(b.Events(t.Context(), tenant, 100))(t) {
			types = append(types, e.Type)
		}
	}
	slices.Reverse(types)
	return types
}

// TestPeople: the life of an operator's account and of a user's, which differ only in where their
// events are.
func TestPeople(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"operator", "user"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			tenant, want := flowhq.TenantID(""), []flowhq.EventType{}
			if who == "user" {
				tenant, want = b.tenant(t), []flowhq.EventType{"TENANT_CREATED"}
			}
			n, link := person(), aLink()
			a := must(b.InviteAccount(t.Context(), tenant, n, link, "admin"))(t)
			if !a.Invited || a.Email != n.Email || a.Tenant != tenant || a.SignedInAt != nil {
				t.Errorf("invited: %+v", a)
			}
			_, err := b.InviteAccount(t.Context(), tenant, n, aLink(), "admin")
			wantCode(t, "the same address again", err, flowhq.Conflict)

			another := aLink()
			must(b.MakeLink(t.Context(), tenant, a.ID, another, "admin"))(t)
			_, err = b.LoginByLink(t.Context(), link.Hash)
			wantCode(t, "the link that was replaced", err, flowhq.NotFound)
			must(b.LoginByLink(t.Context(), another.Hash))(t)
			must(b.UseLink(t.Context(), another.Hash, "hash 1", "192.0.2.1"))(t)
			_, err = b.UseLink(t.Context(), another.Hash, "hash 2", "192.0.2.1")
			wantCode(t, "a link used twice", err, flowhq.NotFound)

			l := must(b.Login(t.Context(), n.Email))(t)
			if l.PasswordHash != "hash 1" || l.Invited {
				t.Errorf("login: %+v", l)
			}
			token, other := b.signIn(t, l), b.signIn(t, l)
			got, signIn, err := b.SignedIn(t.Context(), token)
			if err != nil || got.ID != a.ID || got.SignedInAt == nil {
				t.Fatalf("SignedIn = %+v, %v", got, err)
			}
			p := flowhq.Principal{Kind: flowhq.PrincipalUser, Name: n.Email, SignIn: signIn}
			ok(t, b.SetPassword(t.Context(), l, "hash 3", p))
			wantCode(t, "a password that was changed meanwhile",
				b.SetPassword(t.Context(), l, "hash 4", p), flowhq.Conflict)
			_, err = b.SignIn(t.Context(),
				store.NewSignIn{Account: l.ID, Hash: random(), Lifetime: time.Hour, Password: l.PasswordHash})
			wantCode(t, "sign in with the old password", err, flowhq.NotFound)
			if _, _, err := b.SignedIn(t.Context(), token); err != nil {
				t.Errorf("who has changed the password is signed out: %v", err)
			}
			_, _, err = b.SignedIn(t.Context(), other)
			wantCode(t, "another browser after the password was changed", err, flowhq.NotFound)

			yes, staff := true, flowhq.RoleStaff
			if tenant == "" {
				staff = flowhq.RoleViewer
			}
			if a = must(b.ChangeAccount(t.Context(), tenant, a.ID,
				flowhq.AccountChange{Role: &staff}, "admin"))(t); a.Role != staff || a.Name != n.Name {
				t.Errorf("changed: %+v", a)
			}
			must(b.ChangeAccount(t.Context(), tenant, a.ID, flowhq.AccountChange{Role: &staff},
				"admin"))(t) // no event
			must(b.ChangeAccount(t.Context(), tenant, a.ID, flowhq.AccountChange{Disabled: &yes}, "admin"))(t)
			_, _, err = b.SignedIn(t.Context(), token)
			wantCode(t, "who was disabled", err, flowhq.NotFound)
			_, err = b.MakeLink(t.Context(), tenant, a.ID, aLink(), "admin")
			wantCode(t, "a link for who is disabled", err, flowhq.Conflict)

			want = append(want, "ACCOUNT_INVITED", "ACCOUNT_LINK_MADE", "PASSWORD_SET", "SIGNED_IN",
				"SIGNED_IN", "PASSWORD_SET", "ACCOUNT_CHANGED", "ACCOUNT_CHANGED")
			if got := b.story(t, tenant); !slices.Equal(got, want) {
				t.Errorf("events %v; want %v", got, want)
			}
			if tenant != "" {
				ok(t, b.Erase(t.Context(), tenant, "admin"))
				_, err = b.Login(t.Context(), n.Email)
				wantCode(t, "a user of an erased tenant", err, flowhq.NotFound)
			}
		})
	}
}

// TestOperatorsAreApartFromUsers: each call under the wrong owner finds nothing.
func TestOperatorsAreApartFromUsers(t *testing.T) {
	t.Parallel()
	b := open(t)
	own, other := b.tenant(t), b.tenant(t)
	owners := []flowhq.TenantID{"", own, other}
	name := "renamed"
	for _, owner := range owners {
		account := must(b.InviteAccount(t.Context(), owner, person(), aLink(), "admin"))(t).ID
		key := must(b.AddAPIKey(t.Context(), owner, aKey, aSecret(), "admin"))(t).ID
		for _, asker := range owners {
			if asker == owner {
				continue
			}
			_, err := b.ChangeAccount(t.Context(), asker, account, flowhq.AccountChange{Name: &name}, "x")
			wantCode(t, "ChangeAccount", err, flowhq.NotFound)
			_, err = b.MakeLink(t.Context(), asker, account, aLink(), "x")
			wantCode(t, "MakeLink", err, flowhq.NotFound)
			_, err = b.RevokeAPIKey(t.Context(), asker, key, "x")
			wantCode(t, "RevokeAPIKey", err, flowhq.NotFound)
		}
	}
	for _, owner := range owners {
		if n := len(must(b.Accounts(t.Context(), owner))(t)); n != 1 {
			t.Errorf("%q has %d accounts; want 1", owner, n)
		}
		if n := len(must(b.APIKeys(t.Context(), owner))(t)); n != 1 {
			t.Errorf("%q has %d keys; want 1", owner, n)
		}
	}
	_, err := b.InviteAccount(t.Context(), nobody, person(), aLink(), "admin")
	wantCode(t, "InviteAccount of no tenant", err, flowhq.NotFound)
	_, err = b.AddAPIKey(t.Context(), nobody, aKey, aSecret(), "admin")
	wantCode(t, "AddAPIKey of no tenant", err, flowhq.NotFound)
}

// TestLinkIsUsedOnce: of many who open it at the same time, one sets the password.
func TestLinkIsUsedOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	link := aLink()
	must(b.InviteAccount(t.Context(), "", person(), link, "admin"))(t)
	var all sync.WaitGroup
	var used atomic.Int64
	for i := range 8 {
		all.Go(func() {
			if _, err := b.UseLink(t.Context(), link.Hash, fmt.Sprint("hash ", i), "x"); err == nil {
				used.Add(1)
			}
		})
	}
	all.Wait()
	if n := used.Load(); n != 1 {
		t.Errorf("the link was used %d times", n)
	}
}

// TestWhatIsOver: links, sign-ins and keys end by themselves, and old sign-ins make room.
func TestWhatIsOver(t *testing.T) {
	t.Parallel()
	b := open(t)
	l := b.joined(t, "")
	link := aLink()
	must(b.MakeLink(t.Context(), "", l.ID, link, "admin"))(t)
	b.exec(t, `update flowhq.account_links set expires_at = now()`)
	_, err := b.UseLink(t.Context(), link.Hash, "late", "x")
	wantCode(t, "a link that is too old", err, flowhq.NotFound)

	first := b.signIn(t, l)
	for range 20 {
		b.signIn(t, l)
	}
	_, _, err = b.SignedIn(t.Context(), first)
	wantCode(t, "the oldest of 21 sign-ins", err, flowhq.NotFound)
	last := b.signIn(t, l)
	b.exec(t, `update flowhq.sign_ins set expires_at = now()`)
	_, _, err = b.SignedIn(t.Context(), last)
	wantCode(t, "a sign-in that is over", err, flowhq.NotFound)
	b.signIn(t, l)
	if n := scalar[int64](t, b, `select count(*) from flowhq.sign_ins`); n != 1 {
		t.Errorf("%d sign-ins are kept; want 1", n)
	}

	secret := aSecret()
	must(b.AddAPIKey(t.Context(), "", aKey, secret, "admin"))(t)
	k := must(b.UseAPIKey(t.Context(), secret.Hash))(t)
	if k.LastUsedAt != nil {
		t.Errorf("used for the first time, after %v", k.LastUsedAt)
	}
	if k = must(b.UseAPIKey(t.Context(), secret.Hash))(t); k.LastUsedAt == nil ||
		!slices.Equal(k.Scopes, aKey.Scopes) {
		t.Errorf("key %+v", k)
	}
	b.exec(t, `update flowhq.api_keys set expires_at = now()`)
	_, err = b.UseAPIKey(t.Context(), secret.Hash)
	wantCode(t, "a key that has expired", err, flowhq.NotFound)
}

// TestAccountsAreBounded, and keys.
func TestAccountsAreBounded(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.exec(t, `insert into flowhq.accounts (email, name, role) select n || '@example.com', 'x', 'VIEWER' from generate_series(1, $1) n`, store.MaxAccounts)
	_, err := b.InviteAccount(t.Context(), "", person(), aLink(), "admin")
	wantCode(t, "one account too many", err, flowhq.Conflict)
	b.exec(t, `insert into flowhq.api_keys (name, prefix, secret_hash, scopes, created_by) select 'x', 'x', sha256(n::text::bytea), '{read}', 'x' from generate_series(1, $1) n`, store.MaxKeys)
	_, err = b.AddAPIKey(t.Context(), "", aKey, aSecret(), "admin")
	wantCode(t, "one key too many", err, flowhq.Conflict)
	all := must(b.APIKeys(t.Context(), ""))(t)
	must(b.RevokeAPIKey(t.Context(), "", all[0].ID, "admin"))(t)
	must(b.AddAPIKey(t.Context(), "", aKey, aSecret(), "admin"))(t)
}
