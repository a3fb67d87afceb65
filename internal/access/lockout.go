package access

import (
	"sync"
	"time"
)

// Limits on wrong passwords of one account. They are counted by account and address together, and
// by account alone, ten times as high: who knows somebody's e-mail address must not be able to lock
// that person out from everywhere with five tries, and a botnet has no more than fifty.
const (
	// MaxPerAddress is how many wrong passwords of an account one address has in LockWindow.
	MaxPerAddress = 5
	maxPerAccount = 50
	// LockWindow without a wrong password forgets those before.
	LockWindow = 15 * time.Minute
	firstLock  = 30 * time.Second // doubles with each further wrong password
	maxLock    = 15 * time.Minute
	// maxLocks bounds how many accounts and addresses are remembered, at some 200 bytes each.
	maxLocks = 10_000
)

// A Lockout counts wrong passwords, and refuses further ones for a while. It is this process's own;
// a restart forgets.
type Lockout struct {
	now   func() time.Time
	mu    sync.Mutex
	locks map[lockKey]*lock
}

// A lockKey is what wrong passwords are counted by.
type lockKey struct{ account, address string }

// A lock is what is known of a lockKey.
type lock struct {
	count int
	last  time.Time // of the last wrong password
	until time.Time // refused until then
}

// NewLockout returns a Lockout that has counted nothing. now is the clock.
func NewLockout(now func() time.Time) *Lockout {
	return &Lockout{now: now, locks: map[lockKey]*lock{}}
}

// Wait is how long to wait before a password for the account is looked at, 0 if it may be now.
func (l *Lockout) Wait(account, address string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := time.Duration(0)
	for _, k := range keysOf(account, address) {
		if f := l.locks[k]; f != nil {
			wait = max(wait, f.until.Sub(l.now()))
		}
	}
	return wait
}

// Wrong counts a wrong password. It reports whether the account is locked by that, which it was not
// before.
func (l *Lockout) Wrong(account, address string) (locked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, k := range keysOf(account, address) {
		f := l.locks[k]
		if f == nil {
			// Hashing bounds the guesses of who commands more accounts and addresses.
			if len(l.locks) >= maxLocks {
				MakeRoom(l.locks, maxLocks, func(f *lock) bool { return now.Sub(f.last) >= LockWindow })
			}
			f = &lock{}
			l.locks[k] = f
		}
		if now.Sub(f.last) >= LockWindow {
			*f = lock{}
		}
		f.count++
		f.last = now
		if over := f.count - k.limit(); over >= 0 {
			f.until = now.Add(lockTime(over))
			locked = locked || over == 0
		}
	}
	return locked
}

// Right forgets what was counted for the account at the address, so that a person who mistypes now
// and then is never locked out.
func (l *Lockout) Right(account, address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.locks, lockKey{account, address})
}

// lockTime is how long an account is locked after so many wrong passwords over the limit.
func lockTime(over int) time.Duration {
	const doublings = 5 // 30 s · 2^5 is above maxLock
	return min(firstLock<<min(over, doublings), maxLock)
}

// keysOf returns what a password is counted by.
func keysOf(account, address string) []lockKey {
	return []lockKey{{account, address}, {account: account}}
}

// limit is how many wrong passwords lock.
func (k lockKey) limit() int {
	if k.address == "" {
		return maxPerAccount
	}
	return MaxPerAddress
}
