// Package workers runs Temporal workers: what they register, on which queues, how many
// sessions a process hosts, and how it stops. Run is the whole life of a worker process.
package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/pipeline"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/webhook"
	"github.com/flowhq/flowhq/internal/whatsapp"
	"github.com/flowhq/flowhq/internal/workerlock"
	"github.com/flowhq/flowhq/workflows"
)

// Options is what a worker process is made of. What it is given stays the caller's to
// close.
type Options struct {
	Temporal client.Client // named after this process
	// Namespace is Temporal's, and Converter what Temporal converts payloads with.
	Namespace string
	Converter converter.DataConverter
	Store     *store.Store
	Network   *whatsapp.Network
	Capacity  int // sessions this process may host; 0 means DefaultCapacity
	// DrainTimeout is for how long a process that is told to end may go on serving
	// sessions that no other worker takes over.
	DrainTimeout time.Duration
	// Hurry is closed when there is no more time for that.
	Hurry <-chan struct{}
	// WhatsAppVersion is the version of WhatsApp's client to pass for; "" leaves that
	// to the fleet.
	WhatsAppVersion string
	// ConnectsPerSecond is how many connections to WhatsApp it may begin.
	ConnectsPerSecond int // 20 by default; see hosting.RateLimiter
	// Webhooks says which addresses events may be sent to.
	Webhooks    webhook.Guard
	Timing      hosting.Timing
	BurstWindow time.Duration      // within it, the lines of a chat are read as one; 0 = never
	Assistant   pipeline.Assistant // nil = no language model is asked
	Metrics     *metrics.Worker
	Name        string // of this process, shown to operators; another one after each start
	// Lock is this process's place among the workers of its machine, by which it is known
	// that one has ended; nil if there is none. The worker gives it back if it ends in
	// order. If LockRequired is set, a worker that cannot write its name there does not start.
	Lock         *workerlock.Lock
	LockRequired bool
	Log          *slog.Logger
}

const (
	// gcPercent makes the runtime collect earlier than by default. Most of a worker's
	// memory is held by idle sessions for hours. The garbage between collections should be
	// small beside it, and there is little to collect, so collecting often costs little:
	// with 2,000 sessions, 231 KiB each instead of 296 (docs/fleet.md). GOGC overrides it.
	gcPercent = 25
	// cachedWorkflows is how many tenant workflows a process keeps in memory. An idle
	// tenant's has nothing to do there for hours, and is short to replay.
	cachedWorkflows = 32
)

// Run works until ctx ends, then hands its sessions to other workers and returns nil. It
// returns early, with the cause, if Temporal refuses the worker, and with code Conflict if
// the database and the namespace belong to different installations. While the database is
// out of reach it takes no work.
func Run(ctx context.Context, o Options) error {
	// An operator's own setting counts.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	worker.SetStickyWorkflowCacheSize(cachedWorkflows)
	o.Capacity = cmp.Or(o.Capacity, DefaultCapacity())
	o.Metrics.Capacity.Set(float64(o.Capacity))

	// Before anything else: a namespace of another installation must not be touched.
	control := workflows.NewClient(o.Temporal)
	control.Installation = o.Store.Installation()
	if err := control.ClaimNamespace(ctx, o.claim()); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	p := newProcess(o, control)
	// Deferred first, so it comes last: until then this process counts as running.
	defer p.leave()
	if err := p.join(ctx); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	// Leases are renewed until the last host has hung up, so what runs in the background
	// ends after ctx.
	stopBackground := p.runBackground(context.WithoutCancel(ctx))
	defer stopBackground()

	// A reconciler that finds another installation's namespace ends the whole process.
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	reconciled := make(chan struct{})
	go func() {
		defer close(reconciled)
		if err := newReconciler(o, control, p.due).run(ctx); err != nil {
			end(err)
		}
	}()
	// It ends before what runs in the background, whose rows it reads.
	defer func() { end(nil); <-reconciled }()
	return p.work(ctx)
}

// work serves until ctx ends or serving fails, and waits out the times in which the
// database is away.
func (p *process) work(ctx context.Context) error {
	for { // once for each time that the database is there
		err := p.serve(ctx)
		// Whatever serve returns then is only a consequence.
		if foreign := context.Cause(ctx); flowhq.ErrorCode(foreign) == flowhq.Conflict {
			return fmt.Errorf("the worker ends: %w", foreign)
		}
		if !errors.Is(err, errNoDatabase) {
			return err
		}
		p.Log.Warn("the database is out of reach; taking no work until it is back")
		if p.database.Await(ctx, func() {}) != nil {
			// To be told to stop is no failure: without a database no host is left to hand over.
			return nil
		}
	}
}

// claim says which database and which namespace this worker brings together.
func (o Options) claim() workflows.NamespaceClaim {
	return workflows.NamespaceClaim{
		Installation: o.Store.Installation(), Database: o.Store.Address(), Namespace: o.Namespace,
	}
}
