package hosting

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
)

// A LeaseStore keeps who may host which tenant. The store is one.
type LeaseStore interface {
	// ClaimAbove makes the caller the tenant's newest host, under an epoch above floor.
	ClaimAbove(
		ctx context.Context, tenant flowhq.TenantID, host string, floor int64,
	) (epoch int64, err error)
	// TakeLease takes the lease unless an older host has it, which may keep it for wait.
	TakeLease(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, ttl time.Duration,
	) (taken bool, wait time.Duration, err error)
	// RenewLeases renews those that are still the caller's; locked are those whose rows
	// somebody else has locked.
	RenewLeases(
		ctx context.Context, leases []store.Lease, ttl time.Duration,
	) (renewed, locked []store.Lease, err error)
	// ReleaseLease gives the lease back, and tells claims that wait for it.
	ReleaseLease(ctx context.Context, tenant flowhq.TenantID, epoch int64) error
}

// Leases holds the leases of all hosts of this process. It renews them together, in one
// statement per interval, and passes on to each host what the database tells of its tenant.
type Leases struct {
	store  LeaseStore
	timing Timing
	log    *slog.Logger

	mu sync.Mutex
	// held are the leases that are renewed. A lease leaves when it is lost or dropped.
	held   map[*Lease]struct{}
	claims map[flowhq.TenantID]map[chan struct{}]struct{} // that wait for a release
}

// NewLeases returns Leases that hold nothing yet. Run keeps them alive; its Notice must
// hear what the database tells.
func NewLeases(s LeaseStore, timing Timing, log *slog.Logger) *Leases {
	return &Leases{
		store: s, timing: timing, log: log,
		held:   make(map[*Lease]struct{}),
		claims: make(map[flowhq.TenantID]map[chan struct{}]struct{}),
	}
}

// Run renews leases until ctx ends. Have every host end first.
func (l *Leases) Run(ctx context.Context) {
	tick := time.NewTicker(l.timing.Renewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.dropStuck()
			// A renewal that failed is repeated well within the interval: a lease lasts three.
			for !l.renew(ctx) && ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case <-time.After(l.timing.Renewal / 10):
				}
			}
		}
	}
}

// Claim makes the caller the tenant's newest host: it bumps the epoch, which fences the
// older host, and waits until that host's lease is released or has run out. The new epoch
// is above floor. While it waits it calls beat at least once in a renewal interval.
//
// It fails with code NotFound if the tenant is gone, with Fenced if a newer host claimed
// meanwhile, with Unavailable if the database is away, and with ctx's cause if ctx ends.
// The caller releases the lease, which it may get even if ctx ended just then.
func (l *Leases) Claim(
	ctx context.Context, tenant flowhq.TenantID, floor int64, host string, beat func(),
) (*Lease, error) {
	epoch, err := l.store.ClaimAbove(ctx, tenant, host, floor)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	failpoint.Hit("host.claimed")
	released := l.await(tenant)
	defer l.stopAwaiting(tenant, released)
	for {
		beat()
		// The lease lasts from before the statement: by the database's clock it begins later.
		began := time.Now()
		taken, wait, err := l.store.TakeLease(ctx, tenant, epoch, l.timing.Lease())
		if taken {
			failpoint.Hit("host.leased")
			return l.hold(tenant, epoch, began), nil
		}
		if err != nil {
			l.giveUp(ctx, tenant, epoch)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("take lease: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-released:
		case <-time.After(min(wait, l.timing.Renewal) + time.Millisecond):
		}
	}
}

// giveUp releases a lease that may have been taken though no answer came.
func (l *Leases) giveUp(ctx context.Context, tenant flowhq.TenantID, epoch int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := l.store.ReleaseLease(ctx, tenant, epoch); err != nil {
		l.log.Info("could not release a lease; if it was taken, it runs out by itself",
			"tenant", string(tenant), "err", err)
	}
}

// hold begins to renew a lease that was taken at began.
func (l *Leases) hold(tenant flowhq.TenantID, epoch int64, began time.Time) *Lease {
	h := newLease(l, tenant, epoch)
	h.expires = began.Add(l.timing.Lease())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[h] = struct{}{}
	return h
}

// await returns a channel that gets a note when a lease of the tenant is released.
func (l *Leases) await(tenant flowhq.TenantID) chan struct{} {
	ch := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claims[tenant] == nil {
		l.claims[tenant] = make(map[chan struct{}]struct{})
	}
	l.claims[tenant][ch] = struct{}{}
	return ch
}

// stopAwaiting forgets a channel of await.
func (l *Leases) stopAwaiting(tenant flowhq.TenantID, ch chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.claims[tenant], ch)
	if len(l.claims[tenant]) == 0 {
		delete(l.claims, tenant)
	}
}

// Notice handles one notice of the database. After its connection was interrupted anything
// may have happened: every host reads its tenant's rows again.
func (l *Leases) Notice(n store.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n.Kind {
	case store.NewEpoch, store.ErasedTenant:
		for h := range l.held {
			if h.Tenant == n.Tenant && (n.Kind == store.ErasedTenant || h.Epoch < n.Epoch) {
				l.lose(h, ErrFenced)
			}
		}
	case store.FreeLease:
		for ch := range l.claims[n.Tenant] {
			notify(ch)
		}
	default:
		for h := range l.held {
			if h.Tenant == n.Tenant || n.Kind == store.Resync {
				h.notice(n.Kind)
			}
		}
	}
}

// lose ends a lease and cuts its connection right here: the host's loop, which tidies up,
// may be busy. The caller holds l.mu.
func (l *Leases) lose(h *Lease, cause error) {
	if h.err == nil {
		h.err = cause
		close(h.lost)
		if h.cut != nil {
			h.cut()
		}
	}
	delete(l.held, h)
}
