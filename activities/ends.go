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

// What follows when a worker cannot reach the database. The next attempt, on whichever
// worker, waits for the database if it must, so it may begin at once; one whose session
// had not been stable a little later, lest a write that always fails makes it log in
// again and again.
const (
	moveRetry    = 100 * time.Millisecond
	unstableMove = 3 * time.Second
	// maxCuts is how often in a row that may end a session that does not become stable
	// before it counts as the session's own failure: whatever it is, it recurs.
	maxCuts = 20
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
func (s *session) unclaimed(ctx context.Context, err error) (Ended, error) {
	switch {
	case errors.Is(err, errDraining):
		return Ended{}, errDraining
	case ctx.Err() != nil:
		return Ended{}, ctx.Err()
	case toldToHangUp(err):
		return Ended{}, err
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		return Ended{}, errGone()
	case flowhq.ErrorCode(err) == flowhq.Fenced:
		return superseded(), nil
	default:
		s.now.Failures++
		activity.RecordHeartbeat(ctx, s.now) // for the next attempt
		return Ended{}, failure(ending{reason: flowhq.EndFailed, text: operatorText(err), cause: err}, s.now.Failures)
	}
}

// drained is the end of a host whose process is stopping. Its successor counts it:
// what a process that ends has counted is rarely read.
func (s *session) drained(run context.Context) (Ended, error) {
	s.hush(run)
	s.now.Stable, s.now.Ending = s.stable(), flowhq.EndDraining
	_ = s.become(run, s.offline(flowhq.HostDraining, flowhq.EndDraining, "moving to another worker")) // the next host says more
	return Ended{}, errDraining
}

// cancelled is the end of a host that was told to hang up.
func (s *session) cancelled(run context.Context, cause error) (Ended, error) {
	s.hush(run)
	c := s.offline(flowhq.HostDraining, flowhq.EndStopped, "told to hang up")
	c.event = "" // the workflow settles and counts it
	_ = s.become(run, c)
	return Ended{}, cause
}

// recycled is the routine end of a long life.
func (s *session) recycled(run context.Context) (Ended, error) {
	s.hush(run)
	return s.renewed(run, "daily renewal of the connection")
}

// renewed is the end of a session with which nothing is wrong, and whose next host
// follows at once.
func (s *session) renewed(run context.Context, reason string) (Ended, error) {
	s.end(flowhq.EndRenewed)
	c := s.offline(flowhq.HostStarting, flowhq.EndRenewed, reason)
	c.event = "" // it is as regular as the days, or the fleet's event tells of it
	if s.become(run, c) != nil {
		return superseded(), nil
	}
	return Ended{Ending: flowhq.EndRenewed, Reason: reason}, nil
}

// ended is every other end: what the connection, the lease or the pipeline said.
func (s *session) ended(run context.Context, err error) (Ended, error) {
	s.hush(run)
	if cause := s.lease.Err(); cause != nil {
		err = cause // whatever followed from it
		s.Metrics.LeasesLost.Inc()
	}
	switch flowhq.ErrorCode(err) {
	case flowhq.Fenced:
		return superseded(), nil
	case flowhq.NotFound:
		return Ended{}, errGone()
	}
	e := endingOf(err)
	if differs := s.differs.Load(); differs != nil && !unlinked(e.reason) {
		e = endingOf(differs) // whatever followed from it
	}
	switch e.reason {
	case flowhq.EndOutdated:
		return s.outdated(run, e)
	case flowhq.EndReplacedByStranger:
		if s.replacedByUs(run) {
			return superseded(), nil
		}
	default:
	}
	if unlinked(e.reason) {
		s.forget(run) // of a pairing, the number may have been recorded before it failed
	}
	if e.reason.Final() {
		s.end(e.reason)
		return Ended{}, final(e)
	}
	return s.lost(run, e)
}

// lost is the end of a connection that another attempt may bring back. Only a
// session that had been stable may try again at once, as it was no failure; or one whose
// worker has lost the database, whose next attempt waits for that.
func (s *session) lost(run context.Context, e ending) (Ended, error) {
	if e.reason == flowhq.EndDatabaseLost && s.now.Cuts < maxCuts {
		return s.cutOff(run, e)
	}
	s.end(e.reason)
	stable := s.stable()
	c := s.offline(flowhq.HostStarting, e.reason, e.text)
	c.silent = stable
	if !stable { // else nothing is wrong: it only waits for its next host
		c.lastError = e.text
	}
	if !stable {
		c.lastError = s.countFailure(run, e)
		// The same again is no news to the workflow, whose history is short.
		c.silent = !s.reported && s.before == e.reason && s.now.Failures != FlappingAfter
	}
	if e.reason == flowhq.EndReplacedByStranger {
		c.worker = flowhq.HostError
	}
	if s.become(run, c) != nil {
		return superseded(), nil
	}
	if stable {
		return Ended{Ending: e.reason, Reason: e.text}, nil
	}
	return Ended{}, failure(e, s.now.Failures)
}

// cutOff is the end of a session whose worker cannot reach the database. It is not the
// session's failure: nothing is counted, and the next attempt follows at once, on a
// worker that reaches the database or will again. That one records the event.
func (s *session) cutOff(run context.Context, e ending) (Ended, error) {
	s.end(e.reason)
	c, retry := s.offline(flowhq.HostStarting, e.reason, e.text), moveRetry
	if !s.stable() {
		s.now.Cuts++
		c.lastError, retry = e.text, unstableMove
	}
	c.event, c.silent = "", !s.reported && s.before == e.reason
	if s.become(run, c) != nil {
		return superseded(), nil
	}
	return Ended{}, temporal.NewApplicationErrorWithOptions(e.text, string(e.reason), temporal.ApplicationErrorOptions{
		NextRetryDelay: retry, Category: temporal.ApplicationErrorCategoryBenign, Cause: e.cause,
	})
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
func (s *session) end(reason flowhq.EndReason) {
	s.now.Stable, s.now.Ending = s.stable(), reason
	s.Metrics.Ended(reason)
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

// offline is the state of a session that is off the air and will be back. Unless
// told otherwise the workflow is not: it learns of it from how the host returns.
func (s *session) offline(worker flowhq.HostStatus, ending flowhq.EndReason, reason string) change {
	tenant := flowhq.TenantQRPending
	if s.linked {
		tenant = flowhq.TenantReconnecting
	}
	return change{
		state: flowhq.Disconnected, tenant: tenant, worker: worker,
		reason: reason, ending: ending, event: ending.Event(), silent: true,
	}
}

// superseded is how a host ends that is not the newest any more. Who replaced it has
// recorded and counted its end.
func superseded() Ended {
	return Ended{Ending: flowhq.EndReplacedByUs, Reason: hosting.ErrFenced.Message}
}

// An ending is how a session ended, in words.
type ending struct {
	reason flowhq.EndReason
	text   string    // for an operator
	until  time.Time // of a temporary ban
	cause  error
}

// endingOf names what ended a session that was neither fenced nor erased.
func endingOf(err error) ending {
	e := ending{reason: flowhq.EndFailed, text: operatorText(err), cause: err}
	if end, ok := errors.AsType[*whatsapp.EndError](err); ok {
		e.reason, e.until = end.Reason, end.Until
	}
	switch e.reason {
	case flowhq.EndFailed, flowhq.EndNotRecorded:
		if flowhq.ErrorCode(err) == flowhq.Unavailable {
			e.reason = flowhq.EndDatabaseLost
		}
	case flowhq.EndPairFailed:
		if own, ok := errors.AsType[*flowhq.Error](err); ok { // our own refusal
			e.text = own.Message
		}
	case flowhq.EndReplacedByStranger:
		e.text = "somebody else logged in with this bot's keys; backing off"
	case flowhq.EndQRExpired:
		e.text = "nobody scanned the QR code, and nobody asks for it any more"
	default: // the connection's own words
	}
	return e
}

// A Ban is the details of an error of type EndTempBanned.
type Ban struct {
	Until time.Time `json:"until"`
}

// failure makes the error on which Temporal retries with backoff, without waking the
// workflow. It is the failures-th in a row.
func failure(e ending, failures int) error {
	return temporal.NewApplicationErrorWithOptions(e.text, string(e.reason), temporal.ApplicationErrorOptions{
		NextRetryDelay: Backoff(failures), Cause: e.cause,
	})
}

// final makes the error of an end after which trying again cannot help, or not yet.
func final(e ending) error {
	o := temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign}
	if e.reason == flowhq.EndTempBanned {
		o.Details = []any{Ban{e.until.UTC()}}
	}
	return temporal.NewApplicationErrorWithOptions(e.text, string(e.reason), o)
}

// errGone is the end of a host whose tenant has been erased.
func errGone() error {
	return final(ending{reason: flowhq.EndGone, text: "the tenant does not exist any more"})
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
