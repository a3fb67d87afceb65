package hosting

import "time"

// Timing derives every interval of hosts from one: how often their process renews the leases of
// all its hosts, in one statement. That is also how the process says that it is alive. When
// a lease has run out, its host has hung up, and another worker replaces it; see
// [Failover]. All workers of an installation need the same Timing: each judges the others
// by its own.
type Timing struct {
	Renewal time.Duration // between two renewals: 5 s by default; tests use 200 ms
}

// Lease is how long a host may hold a number without renewing its lease, which happens
// every Renewal. Three of them survive one renewal that fails and one that is slow.
func (t Timing) Lease() time.Duration { return 3 * t.Renewal }

// Beat is how often a host tells Temporal that it is alive. That costs Temporal a
// transaction for each host: with 100 idle tenants 6 % of a core at every renewal, and
// 1.3 % at every sixth.
func (t Timing) Beat() time.Duration { return 6 * t.Renewal }

// Timeout is how long Temporal waits for a beat before it takes the host for dead. It is
// for what no worker finds out. It is long because a host on a machine that is starved
// may well live, and a second host would only fence it.
func (t Timing) Timeout() time.Duration { return 10 * t.Beat() }

// stuckAfter is for how many renewals in a row a host may do nothing before its lease is
// not renewed any more. Renewals are counted, not timed: a process that is frozen or
// starved does not renew either, and its hosts are not to blame.
func (t Timing) stuckAfter() int {
	const least = 10 * time.Second // for which a slow database may hold up a host that lives
	return max(4, int(least/t.Renewal))
}

// writeTimeout bounds one statement. It is short, because a loop that says that something
// is alive waits for it.
const writeTimeout = 2 * time.Second

// patient is the bound of a statement that a whole interval may be spent on.
func (t Timing) patient() time.Duration { return max(t.Renewal, writeTimeout) }
