package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// hangUpTimeout bounds every step of an orderly end.
const hangUpTimeout = 2 * time.Second

// close hangs up and only then gives the lease back: the next host may dial the
// moment it is free. If the connection is not done in time, it may still be using
// the keys, and the lease is left to run out.
func (s *session) close(run context.Context) {
	if err := s.quiet(run); err != nil {
		s.log.Warn("the connection is slow to end; leaving the lease to run out", "err", err)
		s.lease.Drop()
		return
	}
	failpoint.Hit("host.hungup")
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	s.lease.Release(ctx)
}

// quiet lets the replies that are just being sent finish, unless the lease is
// lost, then hangs up. It may be repeated.
func (s *session) quiet(run context.Context) error {
	if s.pipeline != nil {
		ctx, cancel := context.WithTimeout(run, drainTimeout)
		if s.lease.Err() != nil {
			cancel()
		}
		s.pipeline.Stop(ctx)
		cancel()
	}
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(run, hangUpTimeout)
	defer cancel()
	return s.conn.Close(ctx)
}

// hush is quiet where close will see to what is left.
func (s *session) hush(run context.Context) { _ = s.quiet(run) }

// unclaimed is the end of a host that never got the lease.
func (s *session) unclaimed(ctx context.Context, err error) (flowhq.Transition, error) {
	switch {
	case errors.Is(err, errDraining):
		return flowhq.Transition{}, errDraining
	case ctx.Err() != nil:
		return flowhq.Transition{}, ctx.Err()
	case toldToHangUp(err):
		return flowhq.Transition{}, err
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		return flowhq.Transition{}, errGone()
	case flowhq.ErrorCode(err) == flowhq.Fenced:
		return superseded(), nil
	default:
		end := flowhq.End{Reason: flowhq.EndFailed, Text: operatorText(err)}
		next := flowhq.Next(flowhq.Before{Wanted: true, Counts: s.now.Counts}, end)
		s.now.Counts = next.Counts
		activity.RecordHeartbeat(ctx, s.now) // for the next attempt
		return leave(next, err)
	}
}

// next decides what follows the end of this session.
func (s *session) next(end flowhq.End) flowhq.Transition {
	return flowhq.Next(flowhq.Before{Wanted: true, Stable: s.stable(), Counts: s.now.Counts}, end)
}

// drained is the end of a host whose process is stopping. Its successor counts it:
// what a process that ends has counted is rarely read.
func (s *session) drained(run context.Context) (flowhq.Transition, error) {
	s.hush(run)
	s.now.Stable, s.now.Ending = s.stable(), flowhq.EndDraining
	_ = s.become(run, step{Transition: draining, silent: true}) // the next host says more
	return flowhq.Transition{}, errDraining
}

// cancelled is the end of a host that was told to hang up. Why, its workflow knows, which
// records and counts it.
func (s *session) cancelled(run context.Context, cause error) (flowhq.Transition, error) {
	s.hush(run)
	t := flowhq.Transition{State: flowhq.Disconnected, Reason: "told to hang up"}
	_ = s.become(run, step{Transition: t, silent: true})
	return flowhq.Transition{}, cause
}

// recycled is the routine end of a long life.
func (s *session) recycled(run context.Context) (flowhq.Transition, error) {
	s.hush(run)
	return s.renewed(run, "daily renewal of the connection")
}

// renewed is the end of a session with which nothing is wrong, and whose next host
// follows at once.
func (s *session) renewed(run context.Context, reason string) (flowhq.Transition, error) {
	next := s.next(flowhq.End{Reason: flowhq.EndRenewed, Text: reason})
	s.end(next)
	if s.become(run, step{Transition: next, silent: true}) != nil {
		return superseded(), nil
	}
	return leave(next, nil)
}

// ended is every other end: what the connection, the lease or the pipeline said.
func (s *session) ended(run context.Context, err error) (flowhq.Transition, error) {
	s.hush(run)
	if cause := s.lease.Err(); cause != nil {
		err = cause // whatever followed from it
		s.Metrics.LeasesLost.Inc()
	}
	switch flowhq.ErrorCode(err) {
	case flowhq.Fenced:
		return superseded(), nil
	case flowhq.NotFound:
		return flowhq.Transition{}, errGone()
	}
	end := endOf(err)
	if differs := s.differs.Load(); differs != nil && !unlinked(end.Reason) {
		err = differs // whatever followed from it
		end = endOf(err)
	}
	switch end.Reason {
	case flowhq.EndOutdated:
		return s.outdated(run, end, err)
	case flowhq.EndReplacedByStranger:
		if s.replacedByUs(run) {
			return superseded(), nil
		}
	default:
	}
	if unlinked(end.Reason) {
		s.forget(run) // of a pairing, the number may have been recorded before it failed
	}
	if end.Reason.Final() { // the workflow records it, as no host follows
		next := s.next(end)
		s.end(next)
		return leave(next, err)
	}
	return s.lost(run, end, err)
}

// lost is the end of a connection that another attempt may bring back.
func (s *session) lost(run context.Context, end flowhq.End, cause error) (flowhq.Transition, error) {
	before := s.now.Failures
	next := s.next(end)
	s.end(next)
	flaps := next.Failures == flowhq.FlappingAfter && before < next.Failures
	if flaps {
		s.log.Warn("session keeps failing", "attempts", next.Failures, "ending", next.End)
		s.note(run, flowhq.EventSessionFlapping, next.LastError)
	}
	// The workflow learns of it from how the host completes. Where the host does not complete,
	// the same end again is no news to the workflow, whose history is to be short.
	silent := next.Retry == flowhq.RetryAtOnce ||
		!s.reported && s.before == next.End && !flaps && !end.Paused
	if s.become(run, step{Transition: next, silent: silent}) != nil {
		return superseded(), nil
	}
	return leave(next, cause)
}

// stuck ends the attempt of a host that does nothing any more, and so cannot. Its lease
// runs out; whatever it does when it goes on, it has neither connection nor keys.
func (a *Activities) stuck(ctx context.Context, tenant flowhq.TenantID, last hosting.Status) {
	info := activity.GetInfo(ctx)
	last = last.AfterLoss(last.Stable)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Timing.Lease())
	defer cancel()
	attempt := &hosting.Attempt{
		RunID: info.WorkflowExecution.RunID, ActivityID: info.ActivityID, Number: info.Attempt,
		Worker: a.Name, Token: info.TaskToken,
	}
	if err := a.Attempts.Lose(ctx, tenant, attempt, last); err != nil {
		a.Log.Error("could not tell Temporal that a host is stuck; its heartbeat will", "tenant", string(tenant), "err", err)
	}
}

// unlinked reports whether there is no device any more after such an end.
func unlinked(reason flowhq.EndReason) bool {
	return reason == flowhq.EndLoggedOut || reason == flowhq.EndDeviceRemoved || reason == flowhq.EndPairFailed
}

// end notes how this host ended, for the next attempt, and counts it.
func (s *session) end(t flowhq.Transition) {
	s.now.Stable, s.now.Ending, s.now.Counts = s.stable(), t.End, t.Counts
	s.Metrics.Ended(t.End)
}

// forget clears the device from the tenant's row, so that its number is free.
func (s *session) forget(run context.Context) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.Store.Unlink(ctx, s.tenant, s.lease.Epoch); err != nil {
		s.log.Warn("could not forget the device; the next host will", "err", err)
		return
	}
	s.linked = false
}

// replacedByUs reports whether the number logged in elsewhere because a newer host
// of ours did, rather than somebody else who has the keys.
func (s *session) replacedByUs(run context.Context) bool {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	ours, locked, err := s.Store.RenewLeases(ctx, []store.Lease{{Tenant: s.tenant, Epoch: s.lease.Epoch}}, s.Timing.Lease())
	return err == nil && len(ours)+len(locked) == 0
}

// superseded is how a host ends that is not the newest any more. Who replaced it has
// recorded and counted its end.
func superseded() flowhq.Transition {
	end := flowhq.End{Reason: flowhq.EndReplacedByUs, Text: hosting.ErrFenced.Message}
	return flowhq.Next(flowhq.Before{Wanted: true}, end)
}

// draining is the end of a session whose worker is stopping, and errDraining that of its
// host. It is no failure: Temporal hands the session to another worker at once, without
// waking the workflow.
var (
	draining = flowhq.Next(flowhq.Before{Wanted: true},
		flowhq.End{Reason: flowhq.EndDraining, Text: "moving to another worker"})
	_, errDraining = leave(draining, nil)
)

// endOf names what ended a session that was neither fenced nor erased.
func endOf(err error) flowhq.End {
	end := flowhq.End{Reason: flowhq.EndFailed, Text: operatorText(err)}
	if e, ok := errors.AsType[*whatsapp.EndError](err); ok {
		end.Reason, end.Until = e.Reason, e.Until.UTC()
	}
	switch end.Reason {
	case flowhq.EndFailed, flowhq.EndNotRecorded:
		if flowhq.ErrorCode(err) == flowhq.Unavailable {
			end.Reason = flowhq.EndDatabaseLost
		}
	case flowhq.EndPairFailed:
		if own, ok := errors.AsType[*flowhq.Error](err); ok { // our own refusal
			end.Text = own.Message
		}
	case flowhq.EndReplacedByStranger:
		end.Text = "somebody else logged in with this bot's keys; backing off"
	case flowhq.EndQRExpired:
		end.Text = "nobody scanned the QR code, and nobody asks for it any more"
	default: // the connection's own words
	}
	return end
}

// leave is how a host returns whose session ends with t: it completes where the workflow is
// to start the next one at once, and otherwise fails with an error of type t.End that has t
// in its details. Temporal tries again by itself, without waking the workflow, unless t says
// that the workflow must wait.
func leave(t flowhq.Transition, cause error) (flowhq.Transition, error) {
	o := temporal.ApplicationErrorOptions{
		Details: []any{t}, Cause: cause,
		// What is no failure of the session is no error in Temporal's metrics either.
		Category: temporal.ApplicationErrorCategoryBenign,
	}
	switch {
	case t.Retry == flowhq.RetryAtOnce:
		return t, nil
	case t.Retry != flowhq.RetryAfterDelay:
		o.NonRetryable = true
	default:
		o.NextRetryDelay = t.Delay
		if t.IsFailure() {
			o.Category = temporal.ApplicationErrorCategoryUnspecified
		}
	}
	return flowhq.Transition{}, temporal.NewApplicationErrorWithOptions(t.Reason, string(t.End), o)
}

// errGone is the end of a host whose tenant has been erased.
func errGone() error {
	end := flowhq.End{Reason: flowhq.EndGone, Text: "the tenant does not exist any more"}
	_, err := leave(flowhq.Next(flowhq.Before{Wanted: true}, end), nil)
	return err
}

// operatorText is what an operator may read of an error: its classified message,
// or the end of a connection, never SQL.
func operatorText(err error) string {
	if e, ok := errors.AsType[*whatsapp.EndError](err); ok {
		return e.Text
	}
	if e, ok := errors.AsType[*flowhq.Error](err); ok {
		return e.Message
	}
	return "the session failed: see the log"
}

func isNotFound(err error) bool {
	_, ok := errors.AsType[*serviceerror.NotFound](err)
	return ok
}
