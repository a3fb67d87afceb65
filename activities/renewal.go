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
	renewed, err := l.store.RenewLeases(rctx, rows, l.timing.Lease())
	cancel()

	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.log.Warn("could not renew the leases", "hosts", len(rows), "err", err)
		for h := range l.held {
			if time.Until(h.expires) < half+l.timing.Heartbeat/10 {
				l.lose(h, errUnrenewed)
			}
		}
		return len(l.held) == 0
	}
	alive := make(map[store.Lease]bool, len(renewed))
	for _, r := range renewed {
		alive[r] = true
	}
	asked := make(map[store.Lease]bool, len(rows))
	for _, r := range rows {
		asked[store.Lease{Tenant: r.Tenant, Epoch: r.Epoch}] = true
	}
	for h := range l.held {
		switch row := (store.Lease{Tenant: h.tenant, Epoch: h.epoch}); {
		case !asked[row]: // taken meanwhile
		case alive[row]:
			h.expires = began.Add(l.timing.Lease())
		default:
			l.lose(h, errFenced)
		}
	}
	return true
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
