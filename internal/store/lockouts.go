package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Limits on wrong passwords of one account. They are counted by account and address together, and
// by account alone, ten times as high: who knows somebody's e-mail address must not be able to lock
// that person out from everywhere with five tries, and a botnet has no more than fifty.
//
// The counts are in the database, so more API processes are no more guesses, and a restart forgets
// none. Rows are no more than wrong passwords within LockWindow, each of which costs a hash.
const (
	// WrongPerAddress is how many wrong passwords of an account one address has in LockWindow.
	WrongPerAddress = 5
	wrongPerAccount = 50
	// LockWindow without a wrong password forgets those before.
	LockWindow = 15 * time.Minute
	firstLock  = 30 * time.Second // doubles with each further wrong password
	maxLock    = 15 * time.Minute
	// forgetAtOnce is how many old rows one password removes. It writes two, so none pile up.
	forgetAtOnce = 100
)

// lockKey names what is counted. The e-mail address is hashed: people type passwords into its field
// too.
func lockKey(email, address string) named {
	hash := sha256.Sum256([]byte(email))
	return named{"account": hash[:], "address": address}
}

// SignInWait is how long to wait before a password for an account is looked at that comes from an
// address, 0 if it may be now.
func (s *Store) SignInWait(
	ctx context.Context, email, address string,
) (wait time.Duration, err error) {
	// '' counts what came from all addresses together.
	const q = `
		select coalesce(max(extract(microseconds from wait) + 60e6 * extract(minutes from wait)), 0)
			::bigint
		from flowhq.lockouts, lateral (select greatest(locked_until - now(), '0')) as w (wait)
		where account_hash = @account and address in (@address, '')`
	us, err := one(unbound(ctx), s, q, lockKey(email, address), pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("look for wrong passwords: %w", err)
	}
	return time.Duration(us) * time.Microsecond, nil
}

// CountWrongPassword counts a wrong password for an account, which there need not be. It reports
// whether the account is locked by that, which it was not before.
func (s *Store) CountWrongPassword(
	ctx context.Context, email, address string,
) (locked bool, err error) {
	// The row of the address is first, whoever counts, so two processes never wait for each other.
	const q = `
		with counted as (
			insert into flowhq.lockouts as l (account_hash, address, wrong)
			select @account, address, 1 from unnest(array[@address, '']) as address
			on conflict (account_hash, address) do update
			set (wrong, last_at, locked_until) = (
				select n, now(), case when n < lim then now()
					else now() + make_interval(secs => least(
						@first::float8 * 2 ^ least(n - lim, 30), @longest)) end
				from (select
					case when l.last_at < now() - make_interval(secs => @window) then 1
						else l.wrong + 1 end,
					case l.address when '' then @per_account::int else @per_address end
				) as next (n, lim))
			returning wrong, address
		)
		select bool_or(wrong = case address when '' then @per_account else @per_address end)
		from counted`
	if err := s.forgetOldPasswords(ctx); err != nil {
		return false, err
	}
	args := lockKey(email, address)
	args["window"] = LockWindow.Seconds()
	args["per_account"], args["per_address"] = wrongPerAccount, WrongPerAddress
	args["first"], args["longest"] = firstLock.Seconds(), maxLock.Seconds()
	if locked, err = one(unbound(ctx), s, q, args, pgx.RowTo[bool]); err != nil {
		return false, fmt.Errorf("count a wrong password: %w", err)
	}
	return locked, nil
}

// ForgetWrongPasswords forgets what was counted for the account at the address, so that a person who
// mistypes now and then is never locked out. What came from elsewhere stays counted.
func (s *Store) ForgetWrongPasswords(ctx context.Context, email, address string) error {
	const q = `
		delete from flowhq.lockouts where account_hash = @account and address = @address`
	if _, err := exec(unbound(ctx), s, q, lockKey(email, address)); err != nil {
		return fmt.Errorf("forget wrong passwords: %w", err)
	}
	return s.forgetOldPasswords(ctx)
}

// forgetOldPasswords removes what was counted so long ago that it counts no more. It is a statement
// of its own: within that which counts, two processes could each wait for a row that the other one
// removes. What another process has locked is passed over.
func (s *Store) forgetOldPasswords(ctx context.Context) error {
	const q = `
		delete from flowhq.lockouts where (account_hash, address) in (
			select account_hash, address from flowhq.lockouts
			where last_at < now() - make_interval(secs => @window)
			order by last_at
			limit @most
			for update skip locked)`
	_, err := exec(unbound(ctx), s, q, named{"window": LockWindow.Seconds(), "most": forgetAtOnce})
	if err != nil {
		return fmt.Errorf("forget old wrong passwords: %w", err)
	}
	return nil
}
