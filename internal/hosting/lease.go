package hosting

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Why a lease is lost, see [Lease.Err]. ErrFenced has code Fenced.
var (
	ErrFenced    = flowhq.Errorf(flowhq.Fenced, "a newer host has taken over")
	errStuck     = flowhq.Errorf(flowhq.Internal, "the host was stuck")
	errUnrenewed = flowhq.Errorf(flowhq.Unavailable,
		"the lease could not be renewed: the database is unavailable")
)

// A Lease is one host's right to its tenant's number. [Leases] renews it while the host
// says, with Alive, that it is not stuck.
type Lease struct {
	Tenant flowhq.TenantID
	// Epoch is under which the host writes. A newer host has a higher one, and every statement
	// of a host checks it, so an older host can change nothing.
	Epoch int64

	// Each has room for one note that something is to be read again.
	config, work, linkCode, command chan struct{}

	lost   chan struct{}
	leases *Leases

	// Guarded by Leases.mu.
	expires time.Time         // on this process's monotonic clock
	cut     func()            // cuts the connection; nil before the dial
	onStuck func(last Status) // nil before the host serves
	last    Status            // of the host, when it was alive last
	idle    int               // renewals since then
	err     error
}

// newLease is a lease of which nothing is known yet.
func newLease(l *Leases, tenant flowhq.TenantID, epoch int64) *Lease {
	return &Lease{
		Tenant: tenant, Epoch: epoch, leases: l, lost: make(chan struct{}),
		config: make(chan struct{}, 1), work: make(chan struct{}, 1),
		linkCode: make(chan struct{}, 1), command: make(chan struct{}, 1),
	}
}

// Lost is closed when the right is gone; Err then says why.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Config gets a note when the tenant's config may have changed.
func (l *Lease) Config() <-chan struct{} { return l.config }

// Work gets a note when there may be messages to be handled.
func (l *Lease) Work() <-chan struct{} { return l.work }

// LinkCode gets a note when a link code may be wanted.
func (l *Lease) LinkCode() <-chan struct{} { return l.linkCode }

// Command gets a note when the tenant may have been given a command.
func (l *Lease) Command() <-chan struct{} { return l.command }

// RetryWork leaves a note at Work, for a host that could not read what there is.
func (l *Lease) RetryWork() { notify(l.work) }

// notice leaves the notes that follow from a notice of the database.
func (l *Lease) notice(kind store.NoticeKind) {
	for _, to := range []struct {
		kind store.NoticeKind
		ch   chan struct{}
	}{
		{store.NewConfig, l.config}, {store.NewWork, l.work},
		{store.NewLink, l.linkCode}, {store.GivenCommand, l.command},
	} {
		if kind == to.kind || kind == store.Resync {
			notify(to.ch)
		}
	}
}

// Err says why the lease was lost, or nil. Its code is Fenced if a newer host has taken
// over or the tenant is gone, Unavailable if the lease could not be renewed in time, and
// Internal if the host was stuck.
func (l *Lease) Err() error {
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	return l.err
}

// Valid returns nil if the lease is neither lost nor has run out, else the error of Err. A
// process that was frozen learns of the latter here, before its own renewal runs.
func (l *Lease) Valid() error {
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	if l.err == nil && time.Now().After(l.expires) {
		l.leases.lose(l, errUnrenewed)
	}
	return l.err
}

// OnLoss has cut called when the lease is lost, at once if it is. cut must not block: it is
// called while no lease of the process can be renewed.
func (l *Lease) OnLoss(cut func()) {
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	l.cut = cut
	if l.err != nil {
		cut()
	}
}

// Alive says that the host is not stuck, and how it is. The last proof of life from
// WhatsApp is written with the next renewal.
func (l *Lease) Alive(now Status) {
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	l.idle, l.last = 0, now // idle goes up with each renewal
}

// OnStuck has tell called, in a goroutine of its own, if the host has not been alive for
// several renewals, with how it was when it was alive last. The lease is lost by then.
func (l *Lease) OnStuck(tell func(last Status)) {
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	l.onStuck = tell
}

// Release gives the lease back, so that the next host need not wait for its end. Only call
// it when the connection is over and the keys are out of use.
func (l *Lease) Release(ctx context.Context) {
	l.Drop()
	if err := l.leases.store.ReleaseLease(ctx, l.Tenant, l.Epoch); err != nil {
		l.leases.log.Warn("could not release a lease; it runs out by itself",
			"tenant", string(l.Tenant), "err", err)
	}
}

// Drop stops renewing the lease, which then runs out: the next host waits for that.
func (l *Lease) Drop() {
	l.leases.mu.Lock()
	defer l.leases.mu.Unlock()
	delete(l.leases.held, l)
}
