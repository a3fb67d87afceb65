package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/workflows"
)

const (
	// Bounds of how often the reconciler looks.
	reconcileMin = time.Second     // or the short intervals of tests keep the database busy
	reconcileMax = 5 * time.Second // within which a forgotten command is noticed
	// maxUnsettled is how many tenants one pass finds; a later one finds the rest.
	maxUnsettled = 10_000
	// reconcilePace is how many tenants it sees to in a second, and reconcileAtOnce how
	// many at a time: after all of Temporal was lost, a thousand workflows begin in 10 s.
	reconcilePace   = 100
	reconcileAtOnce = 16
	// mostPatience bounds for how long a tenant that stays unsettled is left alone.
	mostPatience = 5 * time.Minute
	// waitPatience is the same for one whose workflow is there and waits for something: it
	// costs a look at Temporal, and nothing in the workflow's history.
	waitPatience = 45 * time.Second
	// pairEvery is how often it makes sure that the namespace is still its database's.
	pairEvery = 30 * time.Second
	// errorPatience bounds for how long a tenant is left alone whose workflow could not be
	// signalled: long enough for others to have their turn.
	errorPatience = 10 * time.Second
	// mostErrors is after how many errors in a row it gives up for this time: what Temporal
	// answers for so many, it would answer for all.
	mostErrors = 5
)

// A control is what the reconciler needs of Temporal. workflows.Client is one.
type control interface {
	Signal(ctx context.Context, tenant flowhq.TenantID, name string) error
	RunStatus(ctx context.Context, tenant flowhq.TenantID) (workflows.RunStatus, error)
	ClaimNamespace(ctx context.Context, p workflows.NamespaceClaim) error
	Bulk(ctx context.Context, id string) (flowhq.Bulk, error)
	StartBulk(ctx context.Context, b flowhq.Bulk, tenants []flowhq.TenantID) (flowhq.Bulk, error)
	CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error)
	FollowUp(
		ctx context.Context, tenant flowhq.TenantID, about flowhq.FollowUpAbout, number string,
	) error
	Webhook(ctx context.Context, tenant flowhq.TenantID, webhook string) error
}

// A reconciler brings Temporal in line with the rows, which say what is wanted. It starts
// workflows that have ended or were lost, and signals those whose commands nobody has applied.
// One process of all does so at a time.
type reconciler struct {
	store   *store.Store
	control control
	people  people
	claim   workflows.NamespaceClaim
	name    string        // of this process
	every   time.Duration // between two passes
	log     *slog.Logger
	// due is told that an event has made a webhook due.
	due webhookNotices

	claimed time.Time // when the claim was checked last
	// known are the tenants that the last pass found. A tenant that is settled drops out.
	known map[flowhq.TenantID]*patience
}

// patience is for how long a tenant that is unsettled is left alone.
type patience struct {
	until  time.Time
	length time.Duration // of the next pause
}

// newReconciler is the reconciler of a process. It makes a pass once in a renewal interval.
func newReconciler(o Options, c control, due webhookNotices) *reconciler {
	return &reconciler{
		due:   due,
		store: o.Store, control: c, people: o.Network.Keys, claim: o.claim(), name: o.Name,
		log:   o.Log,
		every: min(max(o.Timing.Renewal, reconcileMin), reconcileMax), claimed: time.Now(),
		known: make(map[flowhq.TenantID]*patience),
	}
}

// run reconciles until ctx ends, or fails with a Conflict error: the namespace is another
// installation's, whose workflows this process must not touch.
func (r *reconciler) run(ctx context.Context) error {
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	ctx, end := context.WithCancel(ctx)
	following := make(chan struct{})
	go func() {
		defer close(following)
		r.followWebhooks(ctx)
	}()
	// Nothing that follows webhooks outlives the reconciler, whose rows and client it uses.
	defer func() { end(); <-following }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := r.checkPair(ctx)
		if flowhq.ErrorCode(err) == flowhq.Conflict {
			return err
		}
		if err == nil {
			err = r.reconcile(ctx)
		}
		// An error of a process that ends is only its end.
		if err != nil && ctx.Err() == nil {
			r.log.Warn("could not reconcile what runs with what is wanted; trying again",
				"err", err)
		}
	}
}

// checkPair makes sure, every so often, that the namespace is still this database's. Every
// process does.
func (r *reconciler) checkPair(ctx context.Context) error {
	// Somebody may have pointed Temporal at another namespace while this process runs.
	if time.Since(r.claimed) < pairEvery {
		return nil
	}
	// Conflict is the only error that ends the process; any other is tried again.
	if err := r.control.ClaimNamespace(ctx, r.claim); err != nil {
		return err
	}
	r.claimed = time.Now()
	return nil
}

// reconcile is one pass, if it is this process that reconciles.
func (r *reconciler) reconcile(ctx context.Context) error {
	const intervals = 4 // that another process waits for one that falls silent
	// A lease in the database, for no longer than that: a process that dies is followed.
	mine, err := r.store.TakeReconcilerLease(ctx, r.name, intervals*r.every)
	if err != nil {
		return err
	}
	// Notices of webhooks are acted on by the same process, so none is seen to twice.
	r.due.mine.Store(mine)
	if !mine { // what was known is stale when it is this process's turn again
		clear(r.known)
		return nil
	}
	// A tenant that has just changed is left alone for one pass: its workflow may be at it.
	found, err := r.store.Unsettled(ctx, r.every, maxUnsettled)
	if err != nil {
		return err
	}
	return errors.Join(r.settleAll(ctx, r.turn(found)), r.bulks(ctx), r.followUps(ctx),
		r.erasures(ctx), r.webhooks(ctx), r.forwarded(ctx))
}

// turn returns those of the unsettled tenants whose time has come, and forgets about those
// that are settled.
func (r *reconciler) turn(found []store.Unsettled) (due []store.Unsettled) {
	// Only what was found again keeps its pause: who was settled meanwhile begins anew.
	known := make(map[flowhq.TenantID]*patience, len(found))
	for _, u := range found {
		p := r.known[u.Tenant]
		if p == nil {
			p = &patience{length: r.every}
		}
		known[u.Tenant] = p
		if time.Now().Before(p.until) { // it was signalled lately and may be at it
			continue
		}
		due = append(due, u)
	}
	r.known = known
	return due
}

// settleAll sees to tenants, at its pace, for no longer than another process would wait. One that
// it cannot see to is left alone for longer each time, and holds up no other.
func (r *reconciler) settleAll(ctx context.Context, due []store.Unsettled) error {
	const intervals = 3 // fewer than another process waits for before it reconciles itself
	ctx, cancel := context.WithTimeout(ctx, intervals*r.every)
	defer cancel()
	// Temporal takes a few ms for each; some at a time, so that one that hangs holds up few.
	var group errgroup.Group
	group.SetLimit(reconcileAtOnce)
	var row atomic.Int32 // of errors
	pace := rate.NewLimiter(reconcilePace, reconcileAtOnce)
	for _, u := range due {
		// Errors in a row, or no more time: the rest would fare no better.
		if row.Load() >= mostErrors || pace.Wait(ctx) != nil {
			break // the next pass goes on
		}
		p := r.known[u.Tenant] // due has put it there
		group.Go(func() error {
			err := r.settle(ctx, u, p)
			if err == nil { // Temporal answers: earlier errors were those tenants' own
				row.Store(0)
				return nil
			}
			// Temporal is away: that is no tenant's fault, and the others need not be tried.
			if _, away := errors.AsType[*serviceerror.Unavailable](err); away {
				row.Store(mostErrors)
			} else {
				row.Add(1)
				p.grow(errorPatience)
			}
			return fmt.Errorf("tenant %s: %w", u.Tenant, err)
		})
	}
	return group.Wait()
}

// settle signals one tenant's workflow, which then reads the rows, unless it has a reason to wait.
func (r *reconciler) settle(ctx context.Context, u store.Unsettled, p *patience) error {
	most := mostPatience // of the pauses, which grow while nothing changes
	// A tenant that waits for something may well be in hand: Temporal says whether.
	if u.Waits {
		runStatus, err := r.control.RunStatus(ctx, u.Tenant)
		if err != nil {
			return err
		}
		if runStatus == workflows.Busy || runStatus == workflows.Idle && u.Banned {
			p.grow(waitPatience)
			return nil
		}
		if runStatus == workflows.NotRunning {
			most = waitPatience
		}
	}
	// To signal a workflow that is there costs an event of its history, so not too often.
	if err := r.control.Signal(ctx, u.Tenant, u.Name); err != nil {
		return err
	}
	p.grow(most)
	r.log.Info("signalled a workflow to read the rows of its tenant", "tenant", string(u.Tenant))
	return nil
}

// grow has the next signal come twice as late as the one before.
func (p *patience) grow(most time.Duration) {
	p.until = time.Now().Add(p.length) // the pause before this one was that long
	p.length = min(2*p.length, most)
}
