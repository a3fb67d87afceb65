package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/pipeline"
)

// writeTimeout bounds a write of the session's state. It is short, because the loop that
// says that the session is alive waits for it.
const writeTimeout = 2 * time.Second

// An Input says which tenant to host, and what is known of its earlier sessions.
type Input struct {
	Tenant flowhq.TenantID
	// Floor is the newest epoch that the workflow knows. This session's is above it, whatever
	// the row says, which may be an older backup's.
	Floor int64
	// Before is what the attempt before this one said last. A first attempt has the counts that
	// the workflow knows.
	Before hosting.Status
}

// An Outcome is how a session ended, and what follows.
type Outcome struct {
	flowhq.Transition
	Cause error // for the log; nil if nothing failed
}

// session is one tenant's session on this process. Its fields belong to the goroutine of
// run.
type session struct {
	*Process
	tenant  flowhq.TenantID
	floor   int64 // see Input
	log     *slog.Logger
	attempt Attempt
	slot    *hosting.Slot
	beats   heartbeat
	number  *numberCheck // also the handler's

	// Set on the way to serving, in this order; nil before.
	version  string // of WhatsApp's client, that this session connects as
	lease    *hosting.Lease
	reports  *reports
	pipeline *pipeline.Pipeline
	conn     Conn

	now       hosting.Status // what the session says of itself
	linked    bool           // a device is recorded
	online    time.Time      // when it came up; zero = not yet
	wasStable bool           // the attempt before this one was
	// earlier is how that attempt ended, if nobody has reported it to the workflow yet.
	earlier  flowhq.Ending
	reported bool // the workflow has heard of this attempt

	linking     linking
	configStale bool  // the config has changed and could not be read
	unrecorded  *step // the newest step, if it is not in Postgres yet
}

// Run hosts a tenant's session until it ends, and returns what follows. It returns an error,
// which is Temporal's order or the end of ctx, if the host was told to hang up: why, its
// workflow knows.
//
// While Temporal cannot be reached the session goes on, as long as it holds its lease: ctx
// ends then, too, and its cause is no order by [Attempt].
func (p *Process) Run(ctx context.Context, in Input, attempt Attempt) (Outcome, error) {
	// A slot first: the process counts as full by its hosts, connected or not.
	slot := p.Slots.Enter(in.Tenant)
	defer slot.Exit()
	s := &session{
		Process: p, tenant: in.Tenant, floor: in.Floor, attempt: attempt, slot: slot,
		log: p.Log.With("tenant", string(in.Tenant)), number: &numberCheck{},
		now: hosting.Status{
			State: flowhq.Connecting, Since: time.Now(), Stable: in.Before.Stable,
			Counts: in.Before.Counts, Lost: in.Before.Lost, Ending: in.Before.Ending,
		},
		wasStable: in.Before.Stable,
	}
	s.beats = heartbeat{attempt: attempt, timing: p.Timing}
	// What is shown of the process: hosts that run, and their sessions by state.
	p.Metrics.Slots.Inc()
	defer p.Metrics.Slots.Dec()
	p.Metrics.Session("", s.now.State)
	defer func() { p.Metrics.Session(s.now.State, "") }()
	return s.run(ctx)
}

// run is the session's life.
func (s *session) run(ctx context.Context) (out Outcome, err error) {
	// Until the session serves, a process that takes no more sessions ends it at once.
	claiming, stopClaiming := untilClosed(ctx, s.slot.Closing(), errDraining)
	defer stopClaiming()

	// Admission and a token come before the claim: until the claim an older host may still be
	// on the air, and waiting costs nothing.
	token, err := s.admit(claiming)
	if err == nil {
		s.lease, err = s.claim(claiming)
	}
	if err != nil {
		return s.endUnclaimed(ctx, err)
	}
	// From here on every write carries the epoch, and an older host's writes fail.
	s.now.Epoch = s.lease.Epoch
	// A loop that stands still cannot say so; who renews the lease finds out.
	s.lease.OnStuck(func(last hosting.Status) { s.stuck(ctx, last) })

	// The session outlives ctx: the SDK ends that by itself when Temporal is away for longer
	// than the heartbeat timeout.
	run, stopRun := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRun()
	s.reports = newReports(func(ctx context.Context, r Report) error {
		return s.Reports.Report(ctx, s.tenant, r)
	})
	defer s.reports.flush()                  // after the end has been reported
	defer s.close(run)                       // after the last heartbeat: then the next one may begin
	defer func() { s.attempt.Beat(s.now) }() // for the next attempt
	// A panic is this session's failure and not the end of all sessions of the process.
	defer func() {
		if p := recover(); p != nil { // ends this session like any other failure
			s.log.Error("host panicked", "panic", p, "stack", string(debug.Stack()))
			out, err = s.end(run, fmt.Errorf("panic: %v", p))
		}
	}()
	s.takeOver(run)

	// The claim may have waited for an older host: others have dialled since.
	if time.Since(token) > hosting.TokenLasts {
		if _, err := s.takeToken(claiming); err != nil {
			return s.endUnclaimed(ctx, err)
		}
	}
	// From here on the session moves when the process stops, rather than end at once.
	stopClaiming()
	s.slot.Serve(s.lease)
	why := s.open(ctx, run)
	if why == nil {
		why = s.serve(ctx, run)
	}
	return s.end(run, why)
}

// admit waits until sessions may connect and this one has a token to dial. It returns when
// it got the token.
func (s *session) admit(claiming context.Context) (token time.Time, err error) {
	// It is checked first: what follows may find nothing to wait for.
	if claiming.Err() != nil { // Temporal gave us this session while we stopped asking
		return time.Time{}, context.Cause(claiming)
	}
	for {
		s.version, err = s.Admission.Admit(claiming, s.Timing.Renewal, s.wait)
		if err != nil {
			return time.Time{}, err
		}
		token, err = s.takeToken(claiming)
		// Reconnects may have been paused while it waited for the token.
		if err != nil || s.Admission.Admits(s.version) {
			return token, err
		}
	}
}

// takeToken waits until this session may dial, and returns when that was.
func (s *session) takeToken(claiming context.Context) (time.Time, error) {
	err := s.RateLimiter.Wait(claiming, s.Timing.Renewal, func(ahead int) {
		s.wait(fmt.Sprintf("for its turn to connect, %d before it", ahead))
	})
	s.now.Waiting = "" // the claim comes next, and says so itself if it takes long
	return time.Now(), err
}

// claim takes the lease. While the database is away it waits: that is no fault of the
// session, which is back as soon as the database is.
func (s *session) claim(claiming context.Context) (*hosting.Lease, error) {
	for {
		s.now.Waiting = ""
		// A process that was frozen may have been replaced; then a claim would end its
		// successor.
		if time.Since(s.now.Since) > s.Timing.Lease() {
			if err := s.beats.current(claiming, s.now); err != nil {
				return nil, err
			}
		}
		beat := func() { s.beats.tell(s.lease, s.now) }
		lease, err := s.Leases.Claim(claiming, s.tenant, s.floor, s.Name, beat)
		if err == nil || flowhq.ErrorCode(err) != flowhq.Unavailable {
			return lease, err
		}
		s.log.Info("the database is away; waiting for it", "err", err)
		err = s.Database.Await(claiming, func() { s.wait("for the database") })
		if err != nil {
			return nil, err
		}
	}
}

// wait says what the session waits for, and that it is alive.
func (s *session) wait(what string) {
	s.now.Waiting = what
	s.beats.tell(s.lease, s.now)
}

// takeOver sees to what the attempt before this one could not: it may have lost the
// database, or its process.
func (s *session) takeOver(run context.Context) {
	s.earlier, s.now.Ending = s.now.Ending, ""
	if s.wasStable { // it moved here in the midst of a stable life
		s.now.Failures, s.now.Outages = 0, 0
	}
	switch s.earlier {
	case flowhq.EndDraining:
		s.Metrics.Ended(flowhq.EndDraining)
	case flowhq.EndWorkerLost:
		s.Metrics.Ended(flowhq.EndWorkerLost)
		s.note(run, flowhq.EndWorkerLost.Event(), hosting.LossReason)
	case flowhq.EndDatabaseLost:
		s.note(run, flowhq.EndDatabaseLost.Event(), "the database was out of reach")
	default: // it reported its end itself
	}
}

// untilClosed is ctx, ended early with a cause when closed is.
func untilClosed(
	ctx context.Context, closed <-chan struct{}, cause error,
) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	// Closed already: the caller must find out at once, and not when the goroutine runs.
	select {
	case <-closed:
		cancel(cause)
	default:
	}
	go func() {
		select {
		case <-closed:
			cancel(cause)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Why a session ends that nothing is wrong with.
var (
	errDraining = errors.New("the worker is stopping")
	errRenewal  = errors.New("daily renewal of the connection")
)

// An order is an order to end: Temporal's, or an operator's that only the rows tell of.
type order struct{ cause error }

// Error and Unwrap make it an error that ends serving.
func (o order) Error() string { return "told to hang up: " + o.cause.Error() }
func (o order) Unwrap() error { return o.cause }
