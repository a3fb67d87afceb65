package activities

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/pipeline"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// HostInput names the tenant to host.
type HostInput struct {
	Tenant        flowhq.TenantID `json:"tenant"`
	flowhq.Counts                 // of earlier Hosts, without a stable session since
	// Epoch is that of the newest host that the workflow has heard of. This one's is higher,
	// whatever the row says, which may be an older backup's.
	Epoch int64 `json:"epoch,omitempty"`
}

// Host is one session's life: claim, connect, serve, end. How it returns decides
// what happens next:
//
//   - A transition and nil, if the session had been online for [flowhq.StableFor] and then
//     lost its connection, recycled itself, or was taken over by a newer host. The workflow
//     starts the next host at once, its backoff anew.
//   - An error whose type is its [flowhq.EndReason], and whose details have the transition. It
//     says when Temporal tries again: after a backoff, or soon if the cause is not the
//     session's own, such as a worker that stops or a database that is away; or not at all:
//     a person must act, or a ban must end.
//   - The context's error, if it was told to hang up; or EndStopped, not to be retried, if
//     Temporal could not tell it so and the rows did.
//
// What follows an end, [flowhq.Next] decides.
//
// The heartbeat is sent by the loop that handles events, never by a goroutine of
// its own, and the lease is renewed only while that loop turns: a host that is stuck
// falls silent and is replaced.
func (a *Activities) Host(ctx context.Context, in HostInput) (flowhq.Transition, error) {
	slot := a.Slots.Enter(in.Tenant)
	defer slot.Exit()
	s := &session{
		Activities: a,
		tenant:     in.Tenant,
		floor:      in.Epoch,
		slot:       slot,
		log:        a.Log.With("tenant", string(in.Tenant)),
		now:        hosting.Status{State: flowhq.Connecting, Since: time.Now(), Counts: in.Counts},
	}
	if activity.HasHeartbeatDetails(ctx) {
		var before hosting.Status
		if err := activity.GetHeartbeatDetails(ctx, &before); err == nil {
			s.wasStable, s.now.Stable = before.Stable, before.Stable
			s.now.Counts, s.now.Lost, s.now.Ending = before.Counts, before.Lost, before.Ending
		}
	}
	a.Metrics.Slots.Inc()
	defer a.Metrics.Slots.Dec()
	a.Metrics.Session("", s.now.State)
	defer func() { a.Metrics.Session(s.now.State, "") }()
	ended, err := s.live(ctx)
	if err != nil && !errors.Is(err, errDraining) && !temporal.IsCanceledError(err) {
		s.log.Info("host ended", "err", err)
	}
	return ended, err
}

// live claims the tenant, connects and serves until the end.
func (s *session) live(ctx context.Context) (ended flowhq.Transition, err error) {
	select {
	case <-s.slot.Closing(): // Temporal gave us this while we stopped asking
		return flowhq.Transition{}, errDraining
	default:
	}
	claiming, stop := untilClosing(ctx, s.slot.Closing())
	defer stop()
	// Before the claim, for until then an older host may still be on the air.
	turn, err := s.admitted(ctx, claiming)
	if err != nil {
		return s.unclaimed(ctx, err)
	}
	lease, err := s.claim(ctx, claiming)
	if err != nil {
		return s.unclaimed(ctx, err)
	}
	s.lease, s.now.Epoch = lease, lease.Epoch
	lease.OnStuck(func(last hosting.Status) { s.stuck(ctx, s.tenant, last) })

	// The session must outlive the activity's context: when Temporal is away for
	// longer than the heartbeat timeout, the SDK cancels it by itself.
	run, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	s.reports = newReports(func(ctx context.Context, r Report) error { return s.Reports.Report(ctx, s.tenant, r) })
	defer s.reports.flush()
	defer s.close(run)
	defer func() { activity.RecordHeartbeat(ctx, s.now) }() // for the next attempt
	defer func() {
		if p := recover(); p != nil { // ends this session like any other failure, told to everybody
			s.log.Error("host panicked", "panic", p, "stack", string(debug.Stack()))
			ended, err = s.ended(run, fmt.Errorf("panic: %v", p))
		}
	}()
	s.takeOver(run)

	if time.Since(turn) > hosting.TokenLasts {
		if _, err := s.turn(ctx, claiming); err != nil {
			return s.unclaimed(ctx, err)
		}
	}
	stop()
	s.slot.Serve(s.lease)
	if err := s.open(ctx, run); err != nil {
		if ctx.Err() != nil && toldToHangUp(err) {
			return s.cancelled(run, err)
		}
		if errors.Is(err, errDraining) {
			return s.drained(run)
		}
		return s.ended(run, err)
	}
	return s.serve(ctx, run)
}

// admitted waits until this host may connect and it is its turn, and returns when
// that was.
func (s *session) admitted(ctx, claiming context.Context) (turn time.Time, err error) {
	for {
		s.version, err = s.Admission.Admit(claiming, s.Timing.Heartbeat, func(reason string) {
			s.now.Waiting = reason
			s.tell(ctx)
		})
		if err != nil {
			return time.Time{}, err
		}
		if turn, err = s.turn(ctx, claiming); err != nil || s.Admission.Admits(s.version) {
			return turn, err
		}
	}
}

// turn waits until this host may dial, beating meanwhile, and returns when that was.
func (s *session) turn(ctx, claiming context.Context) (time.Time, error) {
	err := s.RateLimiter.Wait(claiming, s.Timing.Heartbeat, func(ahead int) {
		s.now.Waiting = fmt.Sprintf("for its turn to connect, %d before it", ahead)
		s.tell(ctx)
	})
	s.now.Waiting = ""
	return time.Now(), err
}

// claim takes the lease. While the database is away it waits: that is no fault of the
// session, which is back as soon as the database is.
func (s *session) claim(ctx, claiming context.Context) (*hosting.Lease, error) {
	for {
		s.now.Waiting = ""
		// A process that was frozen may have been replaced; then a claim would end its successor.
		if time.Since(s.now.Since) > s.Timing.Lease() {
			if err := s.current(ctx, claiming); err != nil {
				return nil, err
			}
		}
		lease, err := s.Leases.Claim(claiming, s.tenant, s.floor, s.Name, func() { s.tell(ctx) })
		if err == nil || flowhq.ErrorCode(err) != flowhq.Unavailable {
			return lease, err
		}
		s.log.Info("the database is away; waiting for it", "err", err)
		s.now.Waiting = "for the database"
		err = s.Database.Await(claiming, func() { s.tell(ctx) })
		if err != nil {
			return nil, err
		}
	}
}

// open prepares the pipeline from the rows that earlier hosts left, drops the link to
// the phone if that was asked for, then dials. It does not turn but for that, so it must
// be done before the host counts as stuck.
func (s *session) open(host, run context.Context) error {
	ctx, cancel := context.WithTimeout(run, max(2*s.Timing.Heartbeat, writeTimeout))
	defer cancel()
	tenant, err := s.Store.Tenant(ctx, s.tenant)
	if err != nil {
		return fmt.Errorf("read tenant: %w", err)
	}
	device, err := s.Store.Device(ctx, s.tenant)
	if err != nil {
		return fmt.Errorf("read device: %w", err)
	}
	s.linked = device != ""
	relink, err := s.Store.RelinkAsked(ctx, s.tenant)
	if err != nil {
		return fmt.Errorf("read device: %w", err)
	}
	if err := s.confirmNumber(ctx); err != nil {
		return err
	}
	if differs := s.differs.Load(); differs != nil && !relink {
		return differs
	}
	if err := s.waited(run, tenant.Session.Reason); err != nil {
		return err
	}
	s.pipeline = pipeline.New(run, pipeline.Options{
		Tenant: s.tenant, Epoch: s.lease.Epoch, Config: tenant.Config,
		Store: s.Store, Send: s.send, Metrics: s.Metrics, Log: s.log,
		ReplyID: func(q flowhq.Message, kind flowhq.Kind) string { return whatsapp.ReplyID(s.tenant, q, kind) },
	})
	if err := s.pipeline.Fill(ctx); err != nil {
		return fmt.Errorf("read backlog: %w", err)
	}
	// This process may have been frozen for longer than its lease.
	if err := s.lease.Valid(); err != nil {
		return err
	}
	if relink {
		return s.relink(host, run, device)
	}
	failpoint.Hit("host.dialling")
	return s.dial(ctx, device)
}

// dial opens a connection that is cut when the lease is lost.
func (s *session) dial(ctx context.Context, device string) error {
	conn, err := s.Network.Dial(ctx, s.version, device, s)
	if err != nil {
		return err
	}
	s.conn = conn
	s.lease.OnLoss(conn.HangUp)
	return nil
}

// serve is the loop that works and beats, until the session ends.
func (s *session) serve(ctx, run context.Context) (flowhq.Transition, error) {
	turn := time.NewTicker(s.Timing.Heartbeat)
	defer turn.Stop()
	recycle := time.NewTimer(life())
	defer recycle.Stop()
	ask := newAsking()
	defer ask.stop()
	done := ctx.Done()
	for {
		select {
		case <-done:
			cause := context.Cause(ctx)
			if toldToHangUp(cause) {
				return s.cancelled(run, cause)
			}
			// Temporal is out of reach. We hold the number as long as we hold the
			// lease: a successor fences us.
			s.log.Warn("lost touch with Temporal; serving on", "cause", cause)
			done, s.away = nil, true
			ask.begin() // whether that was before it was told to end
		case <-s.slot.Leave():
			return s.drained(run)
		case <-s.lease.Lost():
			return s.ended(run, s.lease.Err())
		case err := <-s.pipeline.Failed():
			return s.ended(run, err)
		case ev, open := <-s.conn.Events():
			if !open {
				if s.anotherRound(run) {
					continue
				}
				return s.ended(run, s.conn.Err())
			}
			if err := s.handle(run, ev); err != nil {
				return s.ended(run, err)
			}
		case <-s.lease.Config():
			s.reload(run)
		case <-s.lease.Work():
			s.refill(run)
		case <-s.lease.LinkCode():
			s.linkByCode(run)
		case <-s.lease.Command():
			ask.begin()
		case <-ask.due():
			if err := s.ask(ctx, run); err != nil {
				return s.cancelled(run, err)
			}
			ask.again()
		case <-turn.C:
			s.turned(run)
			if err := s.beat(ctx, run); err != nil {
				return s.cancelled(run, err)
			}
			if err := s.record(run); err != nil {
				return s.ended(run, err)
			}
			if s.unread {
				s.reload(run)
			}
		case <-recycle.C:
			if s.Admission.State().Paused { // its successor would have to wait
				recycle.Reset(recycleRetry)
				continue
			}
			return s.recycled(run)
		}
	}
}

// handle is one event of the connection.
func (s *session) handle(run context.Context, ev whatsapp.Event) error {
	switch ev.Kind {
	case whatsapp.QR:
		if s.linked { // of the device that was recorded there are no keys
			s.forget(run)
		}
		return s.show(run, ev)
	case whatsapp.LinkCode:
		return s.showLinkCode(run, ev)
	case whatsapp.Linked:
		s.linked = true
		s.pipeline.Forget()
		s.refill(run)
		return s.become(run, step{Transition: flowhq.Transition{
			State: flowhq.Connecting, Reason: "linked; logging in", Event: flowhq.EventSessionLinked,
		}})
	case whatsapp.Online:
		if differs := s.differs.Load(); differs != nil { // the phone has seen the linking through
			return differs
		}
		s.online = time.Now()
		failpoint.HitFor("host.online", string(s.tenant))
		s.pipeline.Start()
		return s.become(run, step{Transition: flowhq.Transition{
			State: flowhq.Connected, Event: flowhq.EventSessionConnected,
		}})
	}
	return nil
}

// toldToHangUp reports whether Temporal says that this host is not wanted any more,
// rather than that it could not be reached.
func toldToHangUp(cause error) bool {
	return temporal.IsCanceledError(cause) || errors.Is(cause, activity.ErrActivityPaused) ||
		errors.Is(cause, activity.ErrActivityReset) || isNotFound(cause)
}

// untilClosing is ctx, ended early with errDraining when the process takes no more
// sessions.
func untilClosing(ctx context.Context, closing <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-closing:
			cancel(errDraining)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
