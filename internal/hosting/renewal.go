package hosting

import (
	"context"
	"time"

	"github.com/flowhq/flowhq/internal/store"
)

// renew extends every lease, or gives up those that it cannot extend in time: a connection
// is cut half an interval before its lease ends. It reports false if it is to be tried
// again soon. A call that hangs is cut off after half an interval at most.
func (l *Leases) renew(ctx context.Context) (done bool) {
	began := time.Now() // a lease lasts from before the statement, whenever the answer comes
	rows, within := l.toRenew()
	if len(rows) == 0 {
		return true
	}
	renewing, cancel := context.WithTimeout(ctx, within)
	renewed, locked, err := l.store.RenewLeases(renewing, rows, l.timing.Lease())
	cancel()

	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.log.Warn("could not renew the leases", "hosts", len(rows), "err", err)
		for h := range l.held {
			l.loseInTime(h)
		}
		return len(l.held) == 0
	}
	return l.renewed(began, setOf(rows), setOf(renewed), setOf(locked))
}

// toRenew is the rows of all leases, and how long their renewal may take.
func (l *Leases) toRenew() (rows []store.Lease, within time.Duration) {
	// The most urgent lease says how long the statement for all may take.
	half := l.timing.Renewal / 2
	within = half
	l.mu.Lock()
	defer l.mu.Unlock()
	for h := range l.held {
		row := store.Lease{Tenant: h.Tenant, Epoch: h.Epoch}
		if seen := h.last.Seen; !seen.IsZero() {
			row.SeenAt = &seen
		}
		rows = append(rows, row)
		within = min(within, time.Until(h.expires)-half)
	}
	return rows, max(within, half/10)
}

// renewed takes note of what came of a renewal that began then. A lease that was asked for
// and neither renewed nor found locked is a newer host's. The caller holds l.mu.
func (l *Leases) renewed(began time.Time, asked, alive, locked map[store.Lease]bool) (done bool) {
	done = true
	for h := range l.held {
		switch row := (store.Lease{Tenant: h.Tenant, Epoch: h.Epoch}); {
		case !asked[row]: // taken meanwhile
		case alive[row]:
			h.expires = began.Add(l.timing.Lease())
		case locked[row]:
			// The next renewal is soon enough, but for the last one in time.
			if left := time.Until(h.expires); left < l.timing.Renewal*3/2 {
				l.log.Warn("could not renew a lease: somebody has locked its row in hosts",
					"tenant", string(h.Tenant), "left", left)
				done = false
			}
			l.loseInTime(h)
		default:
			l.lose(h, ErrFenced)
		}
	}
	return done
}

// loseInTime gives up a lease that could not be renewed, half an interval before its end: by
// the time another host may take it, this one's connection is cut. The caller holds l.mu.
func (l *Leases) loseInTime(h *Lease) {
	if time.Until(h.expires) < l.timing.Renewal/2+l.timing.Renewal/10 {
		l.lose(h, errUnrenewed)
	}
}

// LoseAll gives up every lease, for a process whose database has been away for a lease's time.
// Otherwise a lease that was renewed right before the loss could outlive the process's own
// patience, and its host would be told to move where no host can.
func (l *Leases) LoseAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for h := range l.held {
		l.lose(h, errUnrenewed)
	}
}

// setOf is the leases without what was seen, so that they can be compared.
func setOf(leases []store.Lease) map[store.Lease]bool {
	all := make(map[store.Lease]bool, len(leases))
	for _, l := range leases {
		all[store.Lease{Tenant: l.Tenant, Epoch: l.Epoch}] = true
	}
	return all
}

// dropStuck gives up the leases of hosts that have done nothing for several renewals, and
// tells that they are stuck, as they cannot.
func (l *Leases) dropStuck() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for h := range l.held {
		// A host that is alive sets it to 0 once in a renewal interval.
		if h.idle++; h.idle <= l.timing.stuckAfter() {
			continue
		}
		l.log.Error("a host is stuck; it is replaced", "tenant", string(h.Tenant), "epoch", h.Epoch)
		l.lose(h, errStuck)
		if h.onStuck != nil {
			go h.onStuck(h.last)
		}
	}
}
