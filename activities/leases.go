package activities

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

// errFenced is the cause of a lease that a newer host took over.
var errFenced = flowhq.Errorf(flowhq.Fenced, "a newer host has taken over")

// errStuck is the cause of a lease whose host has done nothing for long.
var errStuck = flowhq.Errorf(flowhq.Internal, "the host was stuck")

// errUnrenewed is the cause of a lease that could not be renewed in time.
var errUnrenewed = flowhq.Errorf(flowhq.Unavailable, "the lease could not be renewed: the database is unavailable")

// Leases holds the leases of all hosts of this process: it renews them together,
// in one statement per interval, and passes on what Postgres tells about their
// tenants.
type Leases struct {
	store  *store.Store
	timing Timing
	log    *slog.Logger
	hosts  *Hosts // hear of what Postgres tells too
	gate   *Gate  // likewise

	mu     sync.Mutex
	held   map[*lease]struct{}
	back   chan struct{}                                  // closed when the database answers again; nil while nobody waits
	waking map[flowhq.TenantID]map[chan struct{}]struct{} // claims that wait for a release
}

// NewLeases returns Leases that hold nothing yet. Run keeps them alive.
func NewLeases(s *store.Store, hosts *Hosts, gate *Gate, timing Timing, log *slog.Logger) *Leases {
	return &Leases{
		store: s, hosts: hosts, gate: gate, timing: timing, log: log,
		held:   make(map[*lease]struct{}),
		waking: make(map[flowhq.TenantID]map[chan struct{}]struct{}),
	}
}

// A lease is one host's right to its tenant's number.
type lease struct {
	tenant flowhq.TenantID
	epoch  int64

	// lost is closed when the right is gone; the cause is then in err.
	lost chan struct{}
	// changed has room for one note that the tenant's config changed, work for one
	// that there are rows to be handled, link for one that a link code is wanted,
	// command for one that the tenant was given a command.
	changed, work, link, command chan struct{}

	// Guarded by Leases.mu.
	expires time.Time         // on this process's monotonic clock
	onLoss  func()            // cuts the connection; nil before the dial
	onStuck func(last status) // tells that the host is; nil before it serves
	last    status            // of the host, when its loop turned last
	idle    int               // renewals since then
	err     error
}

// Run renews leases and listens to Postgres until ctx ends, and returns after both
// have stopped. Call off every host first.
func (l *Leases) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := l.store.Listen(ctx, l.notice); err != nil && ctx.Err() == nil {
			l.log.Error("stopped listening to the database", "err", err)
		}
	})
	wg.Go(func() { l.findDatabase(ctx) })
	tick := time.NewTicker(l.timing.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			wg.Wait()
			return
		case <-tick.C:
			l.dropStuck()
			for !l.renew(ctx) && ctx.Err() == nil {
				select {
				case <-ctx.Done():
				case <-time.After(l.timing.Heartbeat / 10):
				}
			}
		}
	}
}

// lose ends a lease and cuts its connection right here: the host's loop, which
// tidies up, may be busy. The caller holds l.mu.
func (l *Leases) lose(h *lease, cause error) {
	if h.err == nil {
		h.err = cause
		close(h.lost)
		if h.onLoss != nil {
			h.onLoss()
		}
	}
	delete(l.held, h)
}

// notice handles one notification from Postgres. After the connection for them
// was interrupted, anything may have happened: every host looks again.
func (l *Leases) notice(n store.Notice) {
	l.hosts.heard(n)
	l.gate.heard(n)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n.Kind {
	case store.NewEpoch, store.ErasedTenant:
		for h := range l.held {
			if h.tenant == n.Tenant && (n.Kind == store.ErasedTenant || h.epoch < n.Epoch) {
				l.lose(h, errFenced)
			}
		}
	case store.NewConfig:
		l.poke(n.Tenant, func(h *lease) chan struct{} { return h.changed })
	case store.NewWork:
		l.poke(n.Tenant, func(h *lease) chan struct{} { return h.work })
	case store.NewLink:
		l.poke(n.Tenant, func(h *lease) chan struct{} { return h.link })
	case store.GivenCommand:
		l.poke(n.Tenant, func(h *lease) chan struct{} { return h.command })
	case store.FreeLease:
		for ch := range l.waking[n.Tenant] {
			poke(ch)
		}
	case store.FleetChanged: // the gate has heard of it
	case store.Resync:
		for h := range l.held {
			poke(h.changed)
			poke(h.work)
			poke(h.link)
			poke(h.command)
		}
	}
}

// poke leaves a note with every host of the tenant. The caller holds l.mu.
func (l *Leases) poke(tenant flowhq.TenantID, where func(*lease) chan struct{}) {
	for h := range l.held {
		if h.tenant == tenant {
			poke(where(h))
		}
	}
}

// claim makes the caller the tenant's newest host: it bumps the epoch, which
// fences the older host, and waits until that one's lease is released or has run
// out. Its epoch is above floor. beat is called at least every heartbeat while it waits.
//
// It fails with code NotFound if the tenant is gone and Fenced if a newer host
// claimed meanwhile. The caller releases the lease, which it may get even if ctx ended
// just then.
func (l *Leases) claim(ctx context.Context, tenant flowhq.TenantID, floor int64, host string, beat func()) (*lease, error) {
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
		case <-time.After(min(wait, l.timing.Heartbeat) + time.Millisecond):
		}
	}
}

// giveUp releases a lease that may have been taken without an answer.
func (l *Leases) giveUp(ctx context.Context, tenant flowhq.TenantID, epoch int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := l.store.ReleaseLease(ctx, tenant, epoch); err != nil {
		l.log.Info("could not release a lease; if it was taken, it runs out by itself", "tenant", string(tenant), "err", err)
	}
}

// hold begins to renew a lease that was taken at began.
func (l *Leases) hold(tenant flowhq.TenantID, epoch int64, began time.Time) *lease {
	h := &lease{
		tenant: tenant, epoch: epoch,
		lost: make(chan struct{}), changed: make(chan struct{}, 1), work: make(chan struct{}, 1),
		link: make(chan struct{}, 1), command: make(chan struct{}, 1),
		expires: began.Add(l.timing.Lease()),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[h] = struct{}{}
	return h
}

// onLoss has cut called when h is lost, at once if it is. cut must not block.
func (l *Leases) onLoss(h *lease, cut func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.onLoss = cut
	if h.err != nil {
		cut()
	}
}

// drop stops renewing a lease, which then runs out: the next host waits for that.
func (l *Leases) drop(h *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, h)
}

// release gives a lease back, so that the next host need not wait for its end.
// Only call it when the session has hung up.
func (l *Leases) release(ctx context.Context, h *lease) {
	l.drop(h)
	if err := l.store.ReleaseLease(ctx, h.tenant, h.epoch); err != nil {
		l.log.Warn("could not release a lease; it runs out by itself", "tenant", string(h.tenant), "err", err)
	}
}

// cause says why h was lost, or nil.
func (l *Leases) cause(h *lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return h.err
}

// valid returns an error if h is lost or has run out, which a process that was
// frozen finds out before its own renewal does.
func (l *Leases) valid(h *lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.err == nil && time.Now().After(h.expires) {
		l.lose(h, errUnrenewed)
	}
	return h.err
}

// turned notes that h's host is not stuck, and how it is: its last proof of life is
// written with the next renewal.
func (l *Leases) turned(h *lease, now status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.idle, h.last = 0, now
}

// onStuck has tell called if h's host does nothing any more, with how it was before.
func (l *Leases) onStuck(h *lease, tell func(last status)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.onStuck = tell
}

func (l *Leases) await(tenant flowhq.TenantID) chan struct{} {
	ch := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waking[tenant] == nil {
		l.waking[tenant] = make(map[chan struct{}]struct{})
	}
	l.waking[tenant][ch] = struct{}{}
	return ch
}

func (l *Leases) stopAwaiting(tenant flowhq.TenantID, ch chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waking[tenant], ch)
	if len(l.waking[tenant]) == 0 {
		delete(l.waking, tenant)
	}
}

// poke leaves a note in a channel that has room for one.
func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
