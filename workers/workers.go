// Package workers runs Temporal workers: what they register, on which queues,
// how many sessions a process hosts, and how it stops.
package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
	"github.com/flowhq/flowhq/internal/workerlock"
	"github.com/flowhq/flowhq/workflows"
)

const (
	// stopTimeout is how long hosts may take to hang up when they are told to leave.
	stopTimeout = 10 * time.Second
	// unpollTime is what Temporal gets to learn that this process asks for nothing
	// more. What it hands to a poll that is just being cancelled is lost until the
	// heartbeat timeout, so no session is let go before.
	unpollTime = time.Second
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
	// Namespace is Temporal's, and Converter what Temporal converts payloads with.
	Namespace string
	Converter converter.DataConverter
	Store     *store.Store
	Network   *whatsapp.Network
	Capacity  int // sessions this process may host; 0 means DefaultCapacity
	// DrainTimeout is for how long a process that is told to end may go on serving
	// what nobody takes over.
	DrainTimeout time.Duration
	// Hurry is closed when there is no more time for that.
	Hurry <-chan struct{}
	// WhatsAppVersion is the version of WhatsApp's client to pass for; "" leaves that
	// to the fleet.
	WhatsAppVersion string
	// ConnectsPerSecond is how many connections to WhatsApp it may begin.
	ConnectsPerSecond int
	Timing            activities.Timing
	Metrics           *metrics.Worker
	Name              string // of this process, shown to operators; another one after each start
	// Lock is this process's place among the workers of its machine, by which it is known
	// that one has ended; nil if there is none. The worker gives it back if it ends in
	// order. If it is wanted, a worker that cannot write its name there does not start.
	Lock       *workerlock.Lock
	LockWanted bool
	Log        *slog.Logger
}

// gcPercent makes the runtime collect earlier than by default. Most of a worker's
// memory is held by idle sessions for hours; the garbage between collections
// should be small beside it, and is little, so collecting costs little
// (docs/fleet.md). GOGC overrides it.
const gcPercent = 25

// Run works until ctx ends, then hands its sessions to other workers and
// returns. It returns early, with the cause, if Temporal refuses the worker. While
// the database is out of reach it takes no work.
func Run(ctx context.Context, o Options) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	o.Capacity = cmp.Or(o.Capacity, DefaultCapacity())
	worker.SetStickyWorkflowCacheSize(cachedWorkflows)
	control := workflows.NewClient(o.Temporal)
	control.Installation = o.Store.Installation()
	if err := control.Pair(ctx, o.pairing()); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	hosts, gate := activities.NewHosts(), activities.NewGate(o.Store, o.Network.LatestVersion, o.Log)
	if err := gate.Open(ctx, o.WhatsAppVersion); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	// Leases are renewed until the last host has hung up, so they end after ctx.
	leasing, stopLeasing := context.WithCancel(context.WithoutCancel(ctx))
	leases := activities.NewLeases(o.Store, hosts, gate, o.Timing, o.Log)
	var wg sync.WaitGroup
	wg.Go(func() { leases.Run(leasing) })
	attempts := workflows.NewAttempts(o.Temporal, o.Namespace, o.Converter)
	failover := activities.NewFailover(o.Store, attempts, o.endedWorkers(), hosts, o.Timing, o.Name, o.Log)
	fleet := activities.NewFleet(o.Store, hosts, gate, control, o.Timing, o.Name, o.Capacity, o.Log)
	defer o.leave(hosts)
	defer wg.Wait()
	defer stopLeasing()
	if err := o.join(ctx, fleet, failover); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	wg.Go(func() { fleet.Run(leasing) })
	wg.Go(func() { gate.Run(leasing) })
	wg.Go(func() { failover.Run(leasing) })
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	wg.Go(func() {
		if err := newReconciler(o, control).run(ctx); err != nil {
			end(err)
		}
	})

	acts := &activities.Activities{
		Store: o.Store, Network: o.Network, Reports: control, Nudges: control, Beats: o.Temporal, Attempts: attempts,
		Leases: leases, Hosts: hosts, Gate: gate, Turns: activities.NewTurns(o.ConnectsPerSecond), Timing: o.Timing, Metrics: o.Metrics, Name: o.Name, Log: o.Log,
	}
	o.Metrics.Capacity.Set(float64(o.Capacity))
	for {
		err := o.serve(ctx, acts, fleet)
		if foreign := context.Cause(ctx); flowhq.ErrorCode(foreign) == flowhq.Conflict {
			return fmt.Errorf("the worker ends: %w", foreign)
		}
		if !errors.Is(err, errNoDatabase) {
			return err
		}
		o.Log.Warn("the database is out of reach; taking no work until it is back")
		if o.awaitDatabase(ctx) != nil {
			return nil // told to stop
		}
	}
}

// pairing says which database and which namespace this worker brings together.
func (o Options) pairing() workflows.Pairing {
	return workflows.Pairing{
		Installation: o.Store.Installation(), Database: o.Store.Address(), Namespace: o.Namespace,
	}
}

// endedWorkers is what o.Lock knows, if there is one.
func (o Options) endedWorkers() activities.EndedWorkers {
	if o.Lock == nil {
		return nil
	}
	return o.Lock
}

// join makes this process one of the fleet, before it asks for work: whoever has work and
// is not of the fleet counts as dead.
func (o Options) join(ctx context.Context, fleet *activities.Fleet, failover *activities.Failover) error {
	if err := failover.EndPredecessors(ctx); err != nil {
		return err
	}
	if o.Lock != nil {
		if err := o.Lock.SetName(o.Name); err != nil && o.LockWanted {
			return fmt.Errorf("STATE_PATH: %w", err)
		} else if err != nil {
			o.Log.Warn("no other worker will know when this one has ended; its leases will have to run out", "err", err)
		}
	}
	return fleet.Join(ctx)
}

// leave gives back this process's place among those of its machine, unless a host is
// left: that its lease may be ended is proven by the end of the process.
func (o Options) leave(hosts *activities.Hosts) {
	if o.Lock == nil || hosts.Any() {
		return
	}
	if err := o.Lock.Close(); err != nil {
		o.Log.Info("could not give back the place in the folder of STATE_PATH; that does no harm", "err", err)
	}
}

// errNoDatabase ends a turn of work: without the database a worker could only fail
// what it is given, again and again, instead of leaving it to others.
var errNoDatabase = errors.New("the database is out of reach")

// serve works until ctx ends, Temporal refuses the worker, or the database has been
// out of reach for a lease's time, by when every host has hung up.
func (o Options) serve(ctx context.Context, acts *activities.Activities, fleet *activities.Fleet) error {
	fatal := make(chan error, 2) // one per worker
	tenants := o.tenantWorker(acts, fatal)
	sessions := o.sessionWorker(acts, fatal)

	if err := tenants.Start(); err != nil {
		return fmt.Errorf("start the tenant worker: %w", err)
	}
	// Sessions stop first: their hand-over needs no workflow, but the workflows
	// of those that end otherwise should still run here.
	defer tenants.Stop()
	acts.Hosts.Open()
	if err := sessions.Start(); err != nil {
		return fmt.Errorf("start the session worker: %w", err)
	}
	defer func() { o.stop(ctx, sessions, acts.Hosts, fleet) }()

	watching, stopWatching := context.WithCancel(ctx)
	lost := make(chan struct{})
	go func() {
		o.watchDatabase(watching)
		close(lost)
	}()
	defer func() { stopWatching(); <-lost }()
	o.Log.Info("worker started", "name", o.Name, "capacity", o.Capacity)
	select {
	case <-ctx.Done():
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

// stop stops sessions: nothing more is asked for, and its hosts leave. If ctx has
// ended, that is to whoever takes them over.
func (o Options) stop(ctx context.Context, sessions worker.Worker, hosts *activities.Hosts, fleet *activities.Fleet) {
	stopped := make(chan struct{})
	go func() {
		sessions.Stop()
		close(stopped)
	}()
	if ctx.Err() != nil {
		o.Log.Info("handing over the sessions")
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.DrainTimeout)
		defer cancel()
		go func() {
			select {
			case <-o.Hurry:
				cancel()
			case <-drain.Done():
			}
		}()
		select {
		case <-time.After(unpollTime):
		case <-stopped: // there was none to hand over
		case <-drain.Done():
		}
		fleet.HandOver(drain)
	}
	hosts.Dismiss()
	select {
	case <-stopped:
	case <-time.After(stopTimeout):
		o.Log.Warn("some sessions did not hang up in time")
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
	return o.Store.Answers(ctx)
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
		// Its hosts do not end because it stops, but when they are told to.
		WorkerStopTimeout: o.DrainTimeout + stopTimeout,
		// Beats pass unthrottled: they are rare, but for changes of state.
		MaxHeartbeatThrottleInterval:     o.Timing.Heartbeat,
		DefaultHeartbeatThrottleInterval: o.Timing.Heartbeat,
		OnFatalError:                     func(err error) { fatal <- err },
	})
	acts.RegisterHost(w)
	return w
}
