package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/workflows"
)

const (
	// stopTimeout is how long hosts may take to hang up when they are told to leave.
	stopTimeout = 10 * time.Second
	// unpollTime is what Temporal gets to learn that this process asks for nothing more.
	// What it hands to a poll that is just being cancelled is lost until the heartbeat
	// timeout, so no session is let go before.
	unpollTime = time.Second
	// stickyTimeout is how long Temporal waits for the worker that has a workflow in its
	// cache before it asks another one. It is part of how long a killed worker's sessions
	// are off the air.
	stickyTimeout = time.Second
)

// errNoDatabase ends serving: without the database a worker could only fail what it is
// given, again and again, instead of leaving it to others.
var errNoDatabase = errors.New("the database is out of reach")

// serve works until ctx ends, Temporal refuses the worker, or the database has been out of
// reach for a lease's time, by when every host has hung up.
func (p *process) serve(ctx context.Context) error {
	// All SDK workers end by the same cause, such as a namespace that was deleted. There is room
	// for an error of each, so none of them hangs on it.
	fatal := make(chan error, 3)
	tenants := p.tenantWorker(fatal)
	sessions, err := p.sessionWorker(fatal)
	if err != nil {
		return fmt.Errorf("make the session worker: %w", err)
	}
	deliveries := p.webhookWorker(fatal)

	if err := tenants.Start(); err != nil {
		return fmt.Errorf("start the tenant worker: %w", err)
	}
	// Sessions stop first: their hand-over needs no workflow, but the workflows of those
	// that end otherwise should still run here.
	defer tenants.Stop()
	// It may have been drained when the database was lost.
	p.slots.Open()
	if err := sessions.Start(); err != nil {
		return fmt.Errorf("start the session worker: %w", err)
	}
	if err := deliveries.Start(); err != nil {
		sessions.Stop()
		return fmt.Errorf("start the webhook worker: %w", err)
	}
	defer func() {
		// Attempts that are under way end meanwhile; the sessions do not wait for them.
		ended := make(chan struct{})
		go func() {
			deliveries.Stop()
			close(ended)
		}()
		p.stop(ctx, sessions)
		<-ended
	}()

	// The watch ends before the sessions are stopped: it must not report a loss by then.
	watching, stopWatching := context.WithCancel(ctx)
	lost := make(chan struct{})
	go func() {
		p.watchDatabase(watching)
		close(lost)
	}()
	defer func() { stopWatching(); <-lost }()
	p.Log.Info("worker started", "name", p.Name, "capacity", p.Capacity)
	select {
	case <-ctx.Done():
		return nil
	case err := <-fatal: // the SDK does not go on by itself
		return fmt.Errorf("the worker failed: %w", err)
	case <-lost:
		// The watch ends with ctx as well, and both may be ready at once.
		if ctx.Err() != nil {
			return nil
		}
		p.leases.LoseAll()
		return errNoDatabase
	}
}

// stop stops sessions: the worker asks for nothing more, and its hosts leave. If ctx has
// ended, their sessions move to other workers, within DrainTimeout.
func (p *process) stop(ctx context.Context, sessions worker.Worker) {
	// Stop waits for the hosts, which end when they are told to by their slots.
	stopped := make(chan struct{})
	go func() {
		sessions.Stop()
		close(stopped)
	}()
	// Without a database nobody can take a session over: the hosts have hung up by then.
	if ctx.Err() != nil {
		p.Log.Info("handing over the sessions")
		draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.DrainTimeout)
		defer cancel()
		go func() {
			select {
			case <-p.Hurry:
				cancel()
			case <-draining.Done():
			}
		}()
		// Nothing is handed over before Temporal knows that this process asks for nothing.
		select {
		case <-time.After(unpollTime):
		case <-stopped: // there was none to hand over
		case <-draining.Done():
		}
		hosting.NewDrain(p.fleet, p.admission).Run(draining)
	}
	p.slots.DrainAll()
	// A host that is stuck keeps nobody from ending: its lease runs out.
	select {
	case <-stopped:
	case <-time.After(stopTimeout):
		p.Log.Warn("some sessions did not hang up in time")
	}
}

// watchDatabase returns when the database has not answered for a lease's time, or ctx
// ends.
func (p *process) watchDatabase(ctx context.Context) {
	tick := time.NewTicker(p.Timing.Renewal)
	defer tick.Stop()
	// One answer is enough: a database that is slow is not away.
	for answered := time.Now(); time.Since(answered) < p.Timing.Lease(); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// No question outlasts a tick, or the loss would be noticed later than a lease's time.
		asking, cancel := context.WithTimeout(ctx, p.Timing.Renewal)
		if p.Store.Answers(asking) == nil {
			answered = time.Now()
		}
		cancel()
	}
}

// tenantWorker runs workflows and the short activities.
func (p *process) tenantWorker(fatal chan<- error) worker.Worker {
	w := worker.New(p.Temporal, workflows.TaskQueue, worker.Options{
		Identity: p.Name,
		// Its workflows are short to replay, so another worker may take one soon.
		StickyScheduleToStartTimeout: stickyTimeout,
		WorkerStopTimeout:            stopTimeout,
		// Or most of a killed Prune's progress is lost with it: by default the SDK holds
		// beats back for most of the heartbeat timeout.
		MaxHeartbeatThrottleInterval:     p.Timing.Renewal,
		DefaultHeartbeatThrottleInterval: p.Timing.Renewal,
		OnFatalError:                     func(err error) { fatal <- err },
	})
	workflows.Tenants{Renewal: p.Timing.Renewal}.Register(w)
	p.activities.RegisterShort(w)
	return w
}

// sessionWorker runs Hosts and nothing else, so that its slots are this process's capacity.
func (p *process) sessionWorker(fatal chan<- error) (worker.Worker, error) {
	tuner, err := newSessionTuner(p.Capacity, p.slots)
	if err != nil {
		return nil, err
	}
	w := worker.New(p.Temporal, activities.SessionQueue, worker.Options{
		Identity:              p.Name,
		DisableWorkflowWorker: true,
		Tuner:                 tuner,
		// Its hosts do not end because it stops, but when they are told to.
		WorkerStopTimeout: p.DrainTimeout + stopTimeout,
		// Beats pass unthrottled: they are rare, but for changes of state.
		MaxHeartbeatThrottleInterval:     p.Timing.Renewal,
		DefaultHeartbeatThrottleInterval: p.Timing.Renewal,
		OnFatalError:                     func(err error) { fatal <- err },
	})
	p.activities.RegisterHost(w)
	return w, nil
}

// webhookSlots bounds the webhooks that a process delivers to at a time. Most of them wait for
// receivers.
const webhookSlots = 500

// webhookWorker delivers events and does nothing else, so that slow receivers keep nobody's session
// or command waiting.
func (p *process) webhookWorker(fatal chan<- error) worker.Worker {
	w := worker.New(p.Temporal, activities.WebhookQueue, worker.Options{
		Identity:                           p.Name,
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityExecutionSize: webhookSlots,
		WorkerStopTimeout:                  stopTimeout,
		MaxHeartbeatThrottleInterval:       p.Timing.Renewal,
		DefaultHeartbeatThrottleInterval:   p.Timing.Renewal,
		OnFatalError:                       func(err error) { fatal <- err },
	})
	p.activities.RegisterDeliver(w)
	return w
}
