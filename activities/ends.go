package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// claimRetry is when a host that could not reach the database is started again, on
// whichever worker.
const claimRetry = 3 * time.Second

// hangUpTimeout bounds every step of an orderly end.
const hangUpTimeout = 2 * time.Second

// close hangs up and only then gives the lease back: the next host may dial the
// moment it is free. If the connection is not done in time, it may still be using
// the keys, and the lease is left to run out.
func (s *session) close(run context.Context) {
	if err := s.quiet(run); err != nil {
		s.log.Warn("the connection is slow to end; leaving the lease to run out", "err", err)
		s.Leases.drop(s.lease)
		return
	}
	failpoint.Hit("host.hungup")
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	s.Leases.release(ctx, s.lease)
}

// quiet lets the replies that are just being sent finish, unless the lease is
// lost, then hangs up. It may be repeated.
func (s *session) quiet(run context.Context) error {
	if s.pipeline != nil {
		ctx, cancel := context.WithTimeout(run, drainTimeout)
		if s.Leases.cause(s.lease) != nil {
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
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		return Ended{}, final(Gone, "the tenant does not exist any more")
	case flowhq.ErrorCode(err) == flowhq.Fenced:
		return Ended{Reason: errFenced.Message}, nil
	case flowhq.ErrorCode(err) == flowhq.Unavailable:
		// Not the session's failure, so not its backoff either: it would still grow
		// when the database is back, or another worker can reach it.
		return Ended{}, temporal.NewApplicationErrorWithOptions("the database is unavailable", "Unavailable",
			temporal.ApplicationErrorOptions{NextRetryDelay: claimRetry, Cause: err})
	default:
		return s.failure(err)
	}
}

// drained is the end of a host whose process is stopping.
func (s *session) drained(run context.Context) (Ended, error) {
	s.hush(run)
	_ = s.become(run, s.offline(flowhq.WorkerDraining, "moving to another worker", "")) // the next host says more
	return Ended{}, errDraining
}

// cancelled is the end of a host that was told to hang up.
func (s *session) cancelled(run context.Context, cause error) (Ended, error) {
	s.hush(run)
	_ = s.become(run, s.offline(flowhq.WorkerDraining, "told to hang up", "")) // the workflow settles it
	return Ended{}, cause
}

// recycled is the routine end of a long life.
func (s *session) recycled(run context.Context) (Ended, error) {
	const reason = "daily renewal of the connection"
	s.hush(run)
	return Ended{Reason: reason}, s.become(run, s.offline(flowhq.WorkerStarting, reason, ""))
}

// ended is every other end: what the connection, the lease or the pipeline said.
func (s *session) ended(run context.Context, err error) (Ended, error) {
	s.hush(run)
	if cause := s.Leases.cause(s.lease); cause != nil {
		err = cause // whatever followed from it
	}
	if code := flowhq.ErrorCode(err); code == flowhq.Fenced {
		return Ended{Reason: errFenced.Message}, nil
	} else if code == flowhq.NotFound {
		return Ended{}, final(Gone, "the tenant does not exist any more")
	}
	end, ok := errors.AsType[*whatsapp.EndError](err)
	if !ok {
		return s.lost(run, err)
	}
	switch end.Reason {
	case whatsapp.LoggedOut:
		return s.unlinked(run, end)
	case whatsapp.Banned:
		return Ended{}, final(Banned, end.Text)
	case whatsapp.Outdated:
		return s.outdated(run, end)
	case whatsapp.QRExpired:
		return Ended{}, final(QRExpired, "nobody scanned the QR code; start the tenant again for a new one")
	case whatsapp.Refused:
		return Ended{}, final(Rejected, end.Text)
	case whatsapp.PairFailed:
		s.forget(run) // the number may have been recorded before it failed
		return Ended{}, final(Rejected, pairingText(end))
	case whatsapp.Replaced:
		return s.replaced(run, end)
	default:
		return s.lost(run, err)
	}
}

// lost is the end of a connection that another attempt may bring back. Only a
// session that had been stable may try again at once.
func (s *session) lost(run context.Context, err error) (Ended, error) {
	reason := operatorText(err)
	stable := s.stable()
	c := s.offline(flowhq.WorkerStarting, reason, "SESSION_LOST")
	c.lastError, c.silent = reason, stable
	if err := s.become(run, c); err != nil {
		return Ended{Reason: errFenced.Message}, nil
	}
	if stable {
		return Ended{Reason: reason}, nil
	}
	return s.failure(err)
}

// failure is a plain error: Temporal retries with backoff, without waking the
// workflow.
func (s *session) failure(err error) (Ended, error) {
	return Ended{}, fmt.Errorf("session of %s: %w", s.tenant, err)
}

// unlinked is the end of a session that the phone logged out.
func (s *session) unlinked(run context.Context, end *whatsapp.EndError) (Ended, error) {
	s.forget(run)
	return Ended{}, final(LoggedOut, end.Text)
}

// forget clears the device from the tenant's row, so that its number is free.
func (s *session) forget(run context.Context) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.Store.Unlink(ctx, s.tenant, s.lease.epoch); err != nil {
		s.log.Warn("could not forget the device; the next host will", "err", err)
		return
	}
	s.linked = false
}

// replaced is the end of a session whose number logged in elsewhere. If a newer
// host of ours did it, this one has nothing more to say.
func (s *session) replaced(run context.Context, end *whatsapp.EndError) (Ended, error) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	ours, err := s.Store.RenewLeases(ctx, []store.Lease{{Tenant: s.tenant, Epoch: s.lease.epoch}}, s.Timing.Lease())
	if err == nil && len(ours) == 0 {
		return Ended{Reason: errFenced.Message}, nil
	}
	reason := "somebody else logged in with this bot's keys; backing off"
	c := s.offline(flowhq.WorkerError, reason, "SESSION_REPLACED")
	c.lastError, c.silent = reason, false
	if err := s.become(run, c); err != nil {
		return Ended{Reason: errFenced.Message}, nil
	}
	return Ended{}, temporal.NewApplicationErrorWithCause(reason, "Replaced", end)
}

// offline is the state of a session that is off the air and will be back. Unless
// told otherwise the workflow is not: it learns of it from how the host returns.
func (s *session) offline(worker flowhq.WorkerStatus, reason, event string) change {
	tenant := flowhq.TenantQRPending
	if s.linked {
		tenant = flowhq.TenantReconnecting
	}
	return change{state: flowhq.Disconnected, tenant: tenant, worker: worker, reason: reason, event: event, silent: true}
}

// final makes the error of an end that only a person can mend.
func final(errorType, reason string) error {
	return temporal.NewApplicationErrorWithOptions(reason, errorType,
		temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
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

// pairingText is why a pairing failed: our own refusal, if it was one.
func pairingText(end *whatsapp.EndError) string {
	if e, ok := errors.AsType[*flowhq.Error](end.Err); ok {
		return e.Message
	}
	return end.Text
}

func isNotFound(err error) bool {
	_, ok := errors.AsType[*serviceerror.NotFound](err)
	return ok
}
