package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// MaxAccounts bounds the operators of an installation, and the users of a tenant, so that a list of
// them is one page.
const MaxAccounts = 500

// accountColumns are the fields of flowhq.Account, in their order. The hash of the password is
// not among them, but whether there is one.
const accountColumns = `a.id, coalesce(a.tenant_id::text, ''), a.email, a.name, a.role,
	a.password_hash = '', a.disabled, a.created_at, a.signed_in_at`

// ofTenant selects the rows of one tenant or, for the tenant "", those of the installation. An id
// of another tenant selects nothing, so whoever guesses ids learns the same of it as of none.
const ofTenant = `(a.tenant_id = nullif(@tenant::text, '')::uuid
	or @tenant = '' and a.tenant_id is null)`

// toldSQL writes an event for each row of told (tenant_id, reason): to the tenant's history, or to
// the fleet's for what belongs to no tenant. It is a part of the statement that makes the change,
// so neither is there without the other.
const toldSQL = `
	tenants_event as (
		insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
		select tenant_id, @event, @actor, reason from told where tenant_id is not null
	), fleets_event as (
		insert into flowhq.fleet_events (event_type, actor, reason)
		select @event, @actor, reason from told where tenant_id is null
	)`

// Accounts lists the users of a tenant or, for "", the operators, newest first.
func (s *Store) Accounts(ctx context.Context, tenant flowhq.TenantID) ([]flowhq.Account, error) {
	// MaxAccounts bounds the invitations too, so one page has all of them.
	const q = `
		select ` + accountColumns + ` from flowhq.accounts a
		where ` + ofTenant + `
		order by a.created_at desc, a.id
		limit @limit`
	all, err := many(ctx, s, q, named{"tenant": tenant, "limit": MaxAccounts},
		pgx.RowToStructByPos[flowhq.Account])
	if err != nil {
		return nil, fmt.Errorf("accounts of tenant %q: %w", tenant, err)
	}
	return all, nil
}

// A PasswordLink is a link by which a person sets a password: the hash of its token, and for how
// long it is valid.
type PasswordLink struct {
	Hash     []byte
	Lifetime time.Duration
}

// InviteAccount makes an account without a password, and the link to set one, and records
// ACCOUNT_INVITED. A Conflict error means that the address has an account already, or that there
// are MaxAccounts; NotFound, that there is no such tenant.
func (s *Store) InviteAccount(
	ctx context.Context, tenant flowhq.TenantID, n flowhq.NewAccount, l PasswordLink, actor string,
) (flowhq.Account, error) {
	// Counted within the statement. Two invitations at once may both pass and leave one account
	// too many, which such a bound can bear. A tenant that is not there fails at the foreign key,
	// of which classify makes NotFound.
	const q = `
		with a as (
			insert into flowhq.accounts (tenant_id, email, name, role)
			select nullif(@tenant, '')::uuid, @email, @name, @role
			where (select count(*) from flowhq.accounts a where ` + ofTenant + `) < @max
			returning *
		), link as (
			insert into flowhq.account_links (account_id, token_hash, expires_at)
			select id, @hash, now() + @lifetime::interval from a
		), told as (
			select tenant_id, concat_ws(' ', email, 'as', role) as reason from a
		), ` + toldSQL + `
		select ` + accountColumns + ` from a`
	all, err := many(ctx, s, q, named{
		"tenant": tenant, "email": n.Email, "name": clean(n.Name), "role": n.Role,
		"hash": l.Hash, "lifetime": l.Lifetime, "max": MaxAccounts,
		"event": flowhq.EventAccountInvited, "actor": clean(actor),
	}, pgx.RowToStructByPos[flowhq.Account])
	// No row means that the count stood in the way: everything else that can is an error.
	if err == nil && len(all) == 0 {
		err = flowhq.Errorf(flowhq.Conflict, "there are %d accounts already", MaxAccounts)
	}
	if err != nil {
		return flowhq.Account{}, fmt.Errorf("invite account: %w", err)
	}
	return all[0], nil
}

// ChangeAccount changes the fields that c gives, and records ACCOUNT_CHANGED if one is another. A
// person who is disabled is signed out at once. NotFound means that the tenant has no such account.
func (s *Store) ChangeAccount(
	ctx context.Context, tenant flowhq.TenantID, id string, c flowhq.AccountChange, actor string,
) (flowhq.Account, error) {
	// The row is locked before it is read: of two changes at once the second compares with what
	// the first has left, and the events say so. The lock is of no key, so a link that is made at
	// that moment does not wait and may be left. UseLink refuses it while the account is
	// disabled.
	const q = `
		with old as (
			select a.* from flowhq.accounts a where a.id = @id::uuid and ` + ofTenant + `
			for no key update
		), a as (
			update flowhq.accounts a set
				name = coalesce(@name, a.name), role = coalesce(@role, a.role),
				disabled = coalesce(@disabled, a.disabled)
			from old where a.id = old.id
			returning a.*
		), out as (
			delete from flowhq.sign_ins s using a where s.account_id = a.id and a.disabled
		), links as (
			delete from flowhq.account_links l using a where l.account_id = a.id and a.disabled
		), told as (
			select a.tenant_id, concat_ws(' ', a.email, 'is', a.role,
				case when a.disabled then 'and disabled' end) as reason
			from a, old
			where (a.name, a.role, a.disabled) <> (old.name, old.role, old.disabled)
		), ` + toldSQL + `
		select ` + accountColumns + ` from a`
	a, err := one(ctx, s, q, named{
		"tenant": tenant, "id": id, "name": c.Name, "role": c.Role, "disabled": c.Disabled,
		"event": flowhq.EventAccountChanged, "actor": clean(actor),
	}, pgx.RowToStructByPos[flowhq.Account])
	if err != nil {
		return flowhq.Account{}, fmt.Errorf("change account %s: %w", id, noSuch("account", err))
	}
	return a, nil
}

// MakeLink replaces the account's link by another, and records ACCOUNT_LINK_MADE. The password
// stays until the link is used. NotFound means that the tenant has no such account, Conflict that
// it is disabled.
func (s *Store) MakeLink(
	ctx context.Context, tenant flowhq.TenantID, id string, l PasswordLink, actor string,
) (flowhq.Account, error) {
	// The account is locked as the link's foreign key would lock it, so that the account cannot
	// be deleted between the two parts.
	const q = `
		with a as (
			select a.* from flowhq.accounts a where a.id = @id::uuid and ` + ofTenant + `
			for key share
		), link as (
			insert into flowhq.account_links (account_id, token_hash, expires_at)
			select id, @hash, now() + @lifetime::interval from a where not disabled
			on conflict (account_id) do update set token_hash = excluded.token_hash,
				created_at = now(), expires_at = excluded.expires_at
		), told as (
			select tenant_id, concat('for ', email) as reason from a where not disabled
		), ` + toldSQL + `
		select ` + accountColumns + ` from a`
	a, err := one(ctx, s, q, named{
		"tenant": tenant, "id": id, "hash": l.Hash, "lifetime": l.Lifetime,
		"event": flowhq.EventLinkMade, "actor": clean(actor),
	}, pgx.RowToStructByPos[flowhq.Account])
	// A disabled account yields its row without a link, and so is told from one that is not
	// there.
	if err == nil && a.Disabled {
		err = flowhq.Errorf(flowhq.Conflict, "the account is disabled; enable it first")
	}
	if err != nil {
		return flowhq.Account{}, fmt.Errorf("link for account %s: %w", id, noSuch("account", err))
	}
	return a, nil
}
