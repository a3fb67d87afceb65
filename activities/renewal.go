package activities

import (
	"context"
	"time"

	"github.com/flowhq/flowhq/internal/store"
)

// renew extends every lease, or gives up those it cannot extend in time: a connection
// is cut half an interval before its lease ends. It reports false if it is to be tried
// again soon. A call that hangs is cut off after half an interval at most.
func (l *Leases) renew(ctx context.Context) (done bool) {
	began := time.Now()
	half := l.timing.Heartbeat / 2
	within := half
	l.mu.Lock()
	rows := make([]store.Lease, 0, len(l.held))
	for h := range l.held {
		row := store.Lease{Tenant: h.tenant, Epoch: h.epoch}
		if seen := h.last.Seen; !seen.IsZero() {
			row.SeenAt = &seen
		}
		rows = append(rows, row)
		within = min(within, time.Until(h.expires)-half)
	}
	l.mu.Unlock()
	if len(rows) == 0 {
		return true
	}

	rctx, cancel := context.WithTimeout(ctx, max(within, half/10))
	renewed, locked, err := l.store.RenewLeases(rctx, rows, l.timing.Lease())
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
	alive, waits := setOf(renewed), setOf(locked)
	asked := make(map[store.Lease]bool, len(rows))
	for _, r := range rows {
		asked[store.Lease{Tenant: r.Tenant, Epoch: r.Epoch}] = true
	}
	done = true
	for h := range l.held {
		switch row := (store.Lease{Tenant: h.tenant, Epoch: h.epoch}); {
		case !asked[row]: // taken meanwhile
		case alive[row]:
			h.expires = began.Add(l.timing.Lease())
		case waits[row]:
			// The next renewal is soon enough, but for the last one in time.
			if left := time.Until(h.expires); left < l.timing.Heartbeat+half {
				l.log.Warn("could not renew a lease: somebody has locked its row in hosts",
					"tenant", string(h.tenant), "left", left)
				done = false
			}
			l.loseInTime(h)
		default:
			l.lose(h, errFenced)
		}
	}
	return done
}

// loseInTime gives up a lease that could not be renewed, half an interval before its end.
// The caller holds l.mu.
func (l *Leases) loseInTime(h *lease) {
	if time.Until(h.expires) < l.timing.Heartbeat/2+l.timing.Heartbeat/10 {
		l.lose(h, errUnrenewed)
	}
}

func setOf(leases []store.Lease) map[store.Lease]bool {
	all := make(map[store.Lease]bool, len(leases))
	for _, l := range leases {
		all[l] = true
	}
	return all
}

// dropStuck gives up the leases of hosts that have done nothing for several renewals,
// and tells that they are stuck, as they cannot.
func (l *Leases) dropStuck() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for h := range l.held {
		if h.idle++; h.idle <= l.timing.stuckAfter() {
			continue
		}
		l.log.Error("a host is stuck; it is replaced", "tenant", string(h.tenant), "epoch", h.epoch)
		l.lose(h, errStuck)
		if h.onStuck != nil {
			go h.onStuck(h.last)
		}
	}
}
