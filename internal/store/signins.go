package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// maxSignIns bounds the sign-ins of one account. The oldest goes when there is another one.
const maxSignIns = 20

// seenEvery is how often the last use of a sign-in or key is written down. A row that is written
// with each request would cost more than the request.
const seenEvery = time.Minute

// A Login is an account with the hash of its password, "" if none was set.
type Login struct {
	flowhq.Account
	PasswordHash string
}

// Login finds the account with an e-mail address, in lower case, or fails with code NotFound. One
// that is disabled is found too.
func (s *Store) Login(ctx context.Context, email string) (Login, error) {
	const q = `select ` + accountColumns + `, a.password_hash from flowhq.accounts a
		where a.email = @email`
	l, err := one(ctx, s, q, named{"email": clean(email)}, scanLogin)
	if err != nil {
		return Login{}, fmt.Errorf("login: %w", noSuch("account", err))
	}
	return l, nil
}

// LoginByLink finds the account whose password a link sets, or fails with code NotFound.
func (s *Store) LoginByLink(ctx context.Context, hash []byte) (Login, error) {
	const q = `
		select ` + accountColumns + `, a.password_hash
		from flowhq.account_links l join flowhq.accounts a on a.id = l.account_id
		where l.token_hash = @hash and l.expires_at > now() and not a.disabled`
	l, err := one(ctx, s, q, named{"hash": hash}, scanLogin)
	if err != nil {
		return Login{}, fmt.Errorf("login by link: %w", noSuch("account", err))
	}
	return l, nil
}

// scanLogin reads accountColumns and the hash.
func scanLogin(row pgx.CollectableRow) (l Login, err error) {
	a := &l.Account
	err = row.Scan(&a.ID, &a.Tenant, &a.Email, &a.Name, &a.Role, &a.Invited, &a.Disabled,
		&a.CreatedAt, &a.SignedInAt, &l.PasswordHash)
	return l, err
}

// UseLink sets the password of the account that a link is of. The link is used up, the account is
// signed out everywhere, and PASSWORD_SET is recorded. NotFound means that the link is unknown, was
// used, or is too old: of two who use it at once, one succeeds.
func (s *Store) UseLink(
	ctx context.Context, hash []byte, passwordHash, address string,
) (flowhq.Account, error) {
	// The deletion of the link decides: the second of two who use it waits for its row and finds
	// it gone. Of a disabled account the link goes too, and no password is set. The actor is the
	// account itself, so the events are not those of toldSQL.
	const q = `
		with link as (
			delete from flowhq.account_links
			where token_hash = @hash and expires_at > now()
			returning account_id
		), a as (
			update flowhq.accounts a set password_hash = @password
			from link where a.id = link.account_id and not a.disabled
			returning a.*
		), out as (
			delete from flowhq.sign_ins s using a where s.account_id = a.id
		), tenants_event as (
			insert into flowhq.portal_event_logs (tenant_id, event_type, actor, reason)
			select tenant_id, @event, concat('user ', email, @from::text), 'by a link'
			from a where tenant_id is not null
		), fleets_event as (
			insert into flowhq.fleet_events (event_type, actor, reason)
			select @event, concat('operator ', email, @from::text), 'by a link'
			from a where tenant_id is null
		)
		select ` + accountColumns + ` from a`
	a, err := one(ctx, s, q, named{
		"hash": hash, "password": passwordHash, "event": flowhq.EventPasswordSet,
		"from": " (" + clean(address) + ")",
	}, pgx.RowToStructByPos[flowhq.Account])
	if err != nil {
		return flowhq.Account{}, fmt.Errorf("use link: %w", noSuch("account", err))
	}
	return a, nil
}

// SetPassword replaces a password that is still the old one, and signs the account out but for the
// sign-in that asks. It records PASSWORD_SET. A Conflict error means that the password was changed
// meanwhile.
func (s *Store) SetPassword(ctx context.Context, l Login, hash string, p flowhq.Principal) error {
	// The update compares the old hash, so of two changes at once the second finds another one. A
	// link for a password that was lost goes too, as it would undo the change.
	const q = `
		with a as (
			update flowhq.accounts a set password_hash = @new
			where a.id = @id::uuid and a.password_hash = @old and not a.disabled
			returning a.*
		), out as (
			delete from flowhq.sign_ins s using a where s.account_id = a.id and s.id <> @kept
		), links as (
			delete from flowhq.account_links l using a where l.account_id = a.id
		), told as (
			select tenant_id, 'by the old one' as reason from a
		), ` + toldSQL + `
		select id from a`
	_, err := one(ctx, s, q, named{
		"id": l.ID, "old": l.PasswordHash, "new": hash, "kept": p.SignIn,
		"event": flowhq.EventPasswordSet, "actor": clean(p.Actor()),
	}, pgx.RowTo[string])
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		err = flowhq.Errorf(flowhq.Conflict, "the password was changed meanwhile")
	}
	if err != nil {
		return fmt.Errorf("set password of account %s: %w", l.ID, err)
	}
	return nil
}

// A NewSignIn is what signing in takes, once the password was right.
type NewSignIn struct {
	Account  string
	Hash     []byte // of the token
	Address  string
	Lifetime time.Duration
	// Password is the hash that the password was compared with. A password that was changed in
	// between does not sign in.
	Password string
	// External is a sign-in by the word of an OpenID provider, for which Password does not matter.
	External bool
	Actor    string
}

// SignIn records a sign-in, and SIGNED_IN, and returns its id. Sign-ins that have expired go, of
// whomever, and the account's oldest if there are too many. NotFound means that the account was
// disabled or its password was changed meanwhile.
func (s *Store) SignIn(ctx context.Context, n NewSignIn) (int64, error) {
	const q = `
		with a as (
			update flowhq.accounts set signed_in_at = now()
			where id = @id::uuid and not disabled
				and (@external or password_hash = @password and password_hash <> '')
			returning *
		), expired as (
			delete from flowhq.sign_ins where expires_at < now()
		), oldest as (
			delete from flowhq.sign_ins where id in (
				select id from flowhq.sign_ins where account_id = @id::uuid
				order by id desc offset @max)
		), told as (
			select tenant_id, case when @external then 'by the OpenID provider' else '' end as reason
			from a
		), ` + toldSQL + `
		insert into flowhq.sign_ins (account_id, token_hash, address, expires_at)
		select id, @hash, @address, now() + @lifetime::interval from a
		returning id`
	// One less than the bound leaves room for the sign-in that is added.
	id, err := one(ctx, s, q, named{
		"id": n.Account, "hash": n.Hash, "address": clean(n.Address), "lifetime": n.Lifetime,
		"password": n.Password, "external": n.External, "max": maxSignIns - 1,
		"event": flowhq.EventSignedIn, "actor": clean(n.Actor),
	}, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("sign in: %w", noSuch("account", err))
	}
	return id, nil
}

// SignedIn finds who has signed in with a token, by its hash, or fails with code NotFound. It notes
// at most once a minute that the sign-in was used.
func (s *Store) SignedIn(ctx context.Context, hash []byte) (flowhq.Account, int64, error) {
	// A sign-in that was made while the account was being disabled may be left, hence the last
	// condition.
	const q = `
		with found as (
			select id, account_id, seen_at from flowhq.sign_ins
			where token_hash = @hash and expires_at > now()
		), seen as (
			update flowhq.sign_ins s set seen_at = now()
			from found where s.id = found.id and found.seen_at < now() - @every::interval
		)
		select ` + accountColumns + `, found.id
		from found join flowhq.accounts a on a.id = found.account_id
		where not a.disabled`
	type row struct {
		flowhq.Account
		SignIn int64
	}
	r, err := one(ctx, s, q, named{"hash": hash, "every": seenEvery}, pgx.RowToStructByPos[row])
	if err != nil {
		return flowhq.Account{}, 0, fmt.Errorf("signed in: %w", noSuch("account", err))
	}
	return r.Account, r.SignIn, nil
}

// SignOut ends a sign-in. It is no error if it has ended already.
func (s *Store) SignOut(ctx context.Context, signIn int64) error {
	const q = `delete from flowhq.sign_ins where id = @id`
	if _, err := exec(ctx, s, q, named{"id": signIn}); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}
