// Package workers runs Temporal workers: what they register, on which queues,
// how many sessions a process hosts, and how it stops.
package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
	"github.com/flowhq/flowhq/workflows"
)

const (
	// stopTimeout is how long stopping hosts may take to hang up before their
	// contexts are cancelled.
	stopTimeout = 10 * time.Second
	// stickyTimeout is how long Temporal waits for the worker that has a
	// workflow in its cache before it asks another. It is part of how long a
	// killed worker's sessions are off the air.
	stickyTimeout = time.Second
	// cachedWorkflows is how many tenant workflows a process keeps in memory. An
	// idle tenant's has nothing to do there for hours, and is short to replay.
	cachedWorkflows = 32
)

// Options is what a worker process is made of. What it is given stays the
// caller's to close.
type Options struct {
	Temporal client.Client
	Store    *store.Store
	Network  *whatsapp.Network
	Capacity int // sessions this process may host
	Timing   activities.Timing
	Metrics  *metrics.Worker
	Name     string // of this process, shown to operators
	Log      *slog.Logger
}

// gcPercent makes the runtime collect earlier than by default. Most of a worker's
// memory is held by idle sessions for hours; the garbage between collections
// should be small beside it. GOGC overrides it.
const gcPercent = 50

// Run works until ctx ends, then hands its sessions to other workers and
// returns. It returns early, with the cause, if Temporal refuses the worker. While
// the database is out of reach it takes no work.
func Run(ctx context.Context, o Options) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	worker.SetStickyWorkflowCacheSize(cachedWorkflows)
	control := workflows.NewClient(o.Temporal)
	if err := control.ScheduleRetention(ctx); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	// Leases are renewed until the last host has hung up, so they end after ctx.
	leasing, stopLeasing := context.WithCancel(context.WithoutCancel(ctx))
	leases := activities.NewLeases(o.Store, o.Timing, o.Log)
	var wg sync.WaitGroup
	wg.Go(func() { leases.Run(leasing) })
	defer wg.Wait()
	defer stopLeasing()

	acts := &activities.Activities{
		Store: o.Store, Network: o.Network, Reports: control, Beats: o.Temporal,
		Leases: leases, Timing: o.Timing, Metrics: o.Metrics, Name: o.Name, Log: o.Log,
	}
	o.Metrics.Capacity.Set(float64(o.Capacity))
	for {
		err := o.serve(ctx, acts)
		if !errors.Is(err, errNoDatabase) {
			return err
		}
		o.Log.Warn("the database is out of reach; taking no work until it is back")
		if o.awaitDatabase(ctx) != nil {
			return nil // told to stop
		}
	}
}

// errNoDatabase ends a turn of work: without the database a worker could only fail
// what it is given, again and again, instead of leaving it to others.
var errNoDatabase = errors.New("the database is out of reach")

// serve works until ctx ends, Temporal refuses the worker, or the database has been
// out of reach for a lease's time, by when every host has hung up.
func (o Options) serve(ctx context.Context, acts *activities.Activities) error {
	fatal := make(chan error, 2) // one per worker
	tenants := o.tenantWorker(acts, fatal)
	sessions := o.sessionWorker(acts, fatal)

	if err := tenants.Start(); err != nil {
		return fmt.Errorf("start the tenant worker: %w", err)
	}
	// Sessions stop first: their hand-over needs no workflow, but the workflows
	// of those that end otherwise should still run here.
	defer tenants.Stop()
	if err := sessions.Start(); err != nil {
		return fmt.Errorf("start the session worker: %w", err)
	}
	defer sessions.Stop()

	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	lost := make(chan struct{})
	go func() {
		o.watchDatabase(watching)
		close(lost)
	}()
	o.Log.Info("worker started", "name", o.Name, "capacity", o.Capacity)
	select {
	case <-ctx.Done():
		o.Log.Info("handing over the sessions")
		return nil
	case err := <-fatal:
		return fmt.Errorf("the worker failed: %w", err)
	case <-lost:
		if ctx.Err() != nil {
			return nil
		}
		return errNoDatabase
	}
}

// watchDatabase returns when the database has not answered for a lease's time, or
// ctx ends.
func (o Options) watchDatabase(ctx context.Context) {
	tick := time.NewTicker(o.Timing.Heartbeat)
	defer tick.Stop()
	for answered := time.Now(); time.Since(answered) < o.Timing.Lease(); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if o.ping(ctx) == nil {
			answered = time.Now()
		}
	}
}

// awaitDatabase returns nil when the database answers again, or ctx's error.
func (o Options) awaitDatabase(ctx context.Context) error {
	tick := time.NewTicker(o.Timing.Heartbeat)
	defer tick.Stop()
	for o.ping(ctx) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

func (o Options) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, o.Timing.Heartbeat)
	defer cancel()
	return o.Store.Ping(ctx)
}

// tenantWorker runs workflows and the short activities.
func (o Options) tenantWorker(acts *activities.Activities, fatal chan<- error) worker.Worker {
	w := worker.New(o.Temporal, workflows.TaskQueue, worker.Options{
		Identity:                     o.Name,
		StickyScheduleToStartTimeout: stickyTimeout,
		WorkerStopTimeout:            stopTimeout,
		// Or most of a killed Prune's progress is lost with it.
		MaxHeartbeatThrottleInterval:     o.Timing.Heartbeat,
		DefaultHeartbeatThrottleInterval: o.Timing.Heartbeat,
		OnFatalError:                     func(err error) { fatal <- err },
	})
	workflows.Tenants{Heartbeat: o.Timing.Heartbeat}.Register(w)
	acts.RegisterShort(w)
	return w
}

// sessionWorker runs Hosts and nothing else, so that its slots are this
// process's capacity.
func (o Options) sessionWorker(acts *activities.Activities, fatal chan<- error) worker.Worker {
	w := worker.New(o.Temporal, activities.SessionQueue, worker.Options{
		Identity:                           o.Name,
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityExecutionSize: o.Capacity,
		WorkerStopTimeout:                  stopTimeout,
		// Beats pass unthrottled: a stop travels back on them.
		MaxHeartbeatThrottleInterval:     o.Timing.Heartbeat,
		DefaultHeartbeatThrottleInterval: o.Timing.Heartbeat,
		OnFatalError:                     func(err error) { fatal <- err },
	})
	acts.RegisterHost(w)
	return w
}
