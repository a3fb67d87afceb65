package session

import (
	"context"
	"errors"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

const (
	// hangUpTimeout bounds every step of an orderly end.
	hangUpTimeout = 2 * time.Second
	// sendingTimeout bounds how long a session that is told to go waits for the replies that
	// are just being sent.
	sendingTimeout = 1500 * time.Millisecond
)

// end hangs up and decides what follows the end of this session. why is what serve or open
// returned, or a panic.
func (s *session) end(run context.Context, why error) (Outcome, error) {
	_ = s.hangUp(run) // close sees to what is left
	if order, isOrder := errors.AsType[order](why); isOrder {
		return s.endByOrder(run, order)
	}
	// Two ends with which nothing is wrong: what else there may be is for the next host.
	switch {
	// Without its lease it ends by that: a process without a database stops its hosts as well.
	case errors.Is(why, errDraining) && s.lease.Err() == nil:
		return s.drained(run)
	case errors.Is(why, errRenewal):
		return s.renewed(run)
	}
	if lost := s.lease.Err(); lost != nil {
		why = lost // the rest followed from it
		s.Metrics.LeasesLost.Inc()
	}
	switch flowhq.ErrorCode(why) {
	case flowhq.Fenced:
		return superseded(), nil
	case flowhq.NotFound:
		return gone(), nil
	}
	end := endOf(why)
	if differs := s.number.err(); differs != nil && !end.Ending.Unlinks() {
		why = differs // the rest followed from it
		end = endOf(why)
	}
	switch end.Ending {
	case flowhq.EndOutdated:
		return s.outdated(run, end, why)
	case flowhq.EndReplacedByStranger:
		if s.replacedByUs(run) {
			return superseded(), nil
		}
	default: // no other end needs to be looked into
	}
	if end.Ending.Unlinks() {
		s.forget(run) // of a pairing, the number may have been recorded before it failed
	}
	// Who could mend it is a person or time: the host has nothing more to say.
	if end.Ending.NonRetryable() { // the workflow records it, as no host follows
		next := s.next(end)
		s.count(next)
		return Outcome{next, why}, nil
	}
	return s.lost(run, end, why)
}

// endUnclaimed is the end of a host that never got the lease.
func (s *session) endUnclaimed(ctx context.Context, err error) (Outcome, error) {
	// Nothing was recorded or reported, so there is nothing to take back.
	order, isOrder := errors.AsType[order](err)
	switch {
	case errors.Is(err, errDraining): // the process takes no more sessions
		return Outcome{Transition: draining}, nil
	case ctx.Err() != nil: // by Temporal's order, or as it could not be reached
		return Outcome{}, ctx.Err()
	case isOrder:
		return Outcome{}, order.cause
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		return gone(), nil
	case flowhq.ErrorCode(err) == flowhq.Fenced:
		return superseded(), nil
	}
	end := flowhq.End{Ending: flowhq.EndFailed, Reason: operatorReason(err)}
	next := flowhq.Next(flowhq.Before{Wanted: true, Counts: s.now.Counts}, end)
	s.now.Counts = next.Counts
	s.attempt.Beat(s.now) // for the next attempt
	return Outcome{next, err}, nil
}

// close hangs up and only then gives the lease back: the next host may dial the moment it is
// free. If the connection is not done in time, it may still be using the keys, and the lease
// is left to run out.
func (s *session) close(run context.Context) {
	if err := s.hangUp(run); err != nil {
		s.log.Warn("the connection is slow to end; leaving the lease to run out", "err", err)
		s.lease.Drop()
		return
	}
	failpoint.Hit("host.hungup")
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	s.lease.Release(ctx)
}

// hangUp lets the replies that are just being sent finish, unless the lease is lost, then
// hangs up. It may be repeated. It fails if the keys may still be in use.
func (s *session) hangUp(run context.Context) error {
	// A reply that is sent but not noted would be sent again under its id.
	if s.pipeline != nil {
		ctx, cancel := context.WithTimeout(run, sendingTimeout)
		if s.lease.Err() != nil {
			cancel()
		}
		s.pipeline.Stop(ctx)
		cancel()
	}
	if s.conn == nil {
		return nil
	}
	// Close waits for the library to let go of the keys, which it may not do in time.
	ctx, cancel := context.WithTimeout(run, hangUpTimeout)
	defer cancel()
	return s.conn.Close(ctx)
}

// next decides what follows the end of this session.
func (s *session) next(end flowhq.End) flowhq.Transition {
	before := flowhq.Before{Wanted: true, Stable: s.stable(), Counts: s.now.Counts}
	return flowhq.Next(before, end)
}

// count notes how this session ended, for the next attempt, and counts it.
func (s *session) count(t flowhq.Transition) {
	s.now.Stable, s.now.Ending, s.now.Counts = s.stable(), t.Ending, t.Counts
	s.Metrics.Ended(t.Ending)
}

// drained is the end of a session whose process is stopping. Its successor counts it: what a
// process that ends has counted is rarely read.
func (s *session) drained(run context.Context) (Outcome, error) {
	// By this the next host knows that it goes on with a session that was stable.
	s.now.Stable, s.now.Ending = s.stable(), flowhq.EndDraining
	_ = s.enter(run, step{Transition: draining, silent: true}) // the next host says more
	return Outcome{Transition: draining}, nil
}

// endByOrder is the end of a session that was ordered to end. Why, its workflow knows, which
// records and counts it; or the rows do, which the host has read in its place.
func (s *session) endByOrder(run context.Context, o order) (Outcome, error) {
	t := flowhq.Transition{State: flowhq.Disconnected, Reason: "told to hang up"}
	_ = s.enter(run, step{Transition: t, silent: true})
	if errors.Is(o.cause, errStopped) {
		return Outcome{Transition: flowhq.Stopped(s.now.Counts)}, nil
	}
	return Outcome{}, o.cause
}

// renewed is the end of a session with which nothing is wrong, and whose next host follows
// at once.
func (s *session) renewed(run context.Context) (Outcome, error) {
	next := s.next(flowhq.End{Ending: flowhq.EndRenewed, Reason: errRenewal.Error()})
	s.count(next)
	if s.enter(run, step{Transition: next, silent: true}) != nil {
		return superseded(), nil
	}
	return Outcome{Transition: next}, nil
}

// outdated is the end of a session whose version WhatsApp refuses. Once a second tenant was
// refused, reconnects of all are paused, and the session waits for the end of the pause.
// Until then it is tried again like any other failure.
func (s *session) outdated(run context.Context, end flowhq.End, why error) (Outcome, error) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	// The row of the fleet decides: it knows whether another tenant was refused just now.
	refusal, err := s.Store.VersionRefused(ctx, s.tenant, s.version)
	if err != nil {
		return s.lost(run, endOf(err), err)
	}
	if refusal.First {
		s.log.Error("WhatsApp no longer accepts this version of the client: reconnects are paused "+
			"until a newer one is found or set, see GET /admin/fleet",
			"whatsapp_version", s.version)
	}
	// Or the next attempt might be admitted before the notice of the pause has come.
	s.Admission.Reread()
	end.Reason += " (" + s.version + ")"
	end.Paused = refusal.Paused
	return s.lost(run, end, why)
}

// lost is the end of a connection that another attempt may bring back.
func (s *session) lost(run context.Context, end flowhq.End, cause error) (Outcome, error) {
	before := s.now.Failures // so that a person is told once
	next := s.next(end)
	s.count(next)
	// A session that keeps failing is told of once, at the tenth failure in a row.
	flaps := next.Failures == flowhq.FlappingAfter && before < next.Failures
	if flaps {
		s.log.Warn("session keeps failing", "attempts", next.Failures, "ending", next.Ending)
		s.note(run, flowhq.EventSessionFlapping, next.LastError)
	}
	// The workflow learns of it from how the host completes. Where the host does not complete,
	// the same end again is no news to the workflow, whose history is to be short.
	// But a refused version is news each time: its reason names the version.
	again := !s.reported && s.earlier == next.Ending && next.Ending != flowhq.EndOutdated
	silent := next.Retry == flowhq.RetryAtOnce || again && !flaps
	if s.enter(run, step{Transition: next, silent: silent}) != nil {
		return superseded(), nil
	}
	return Outcome{next, cause}, nil
}

// stuck ends the attempt of a session that does nothing any more, and so cannot. Its lease
// has run out: whatever it does when it goes on, it has neither connection nor keys.
func (s *session) stuck(ctx context.Context, last hosting.Status) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Timing.Lease())
	defer cancel()
	if err := s.attempt.Lose(ctx, last); err != nil {
		s.log.Error("could not tell Temporal that a host is stuck; its heartbeat will", "err", err)
	}
}

// errStopped is the order of an operator that was found in the rows.
var errStopped = errors.New("stopped by an operator")

// stopOrder returns an order to end if the tenant's rows say that it needs no host: an
// operator's stop counts though this worker cannot hear of it. A restart does not end the
// session, as nobody can say whether a next host would follow.
func (s *session) stopOrder(run context.Context) error {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	view, err := s.Store.TenantSnapshot(ctx, s.tenant, 0)
	if err != nil || view.NeedsHost {
		return nil // whether it may go on without the database is for the lease to say
	}
	s.log.Warn("stopped by an operator while Temporal is out of reach; hanging up")
	return order{errStopped}
}

// forget clears the device from the tenant's row, so that its number is free.
func (s *session) forget(run context.Context) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	// Until it is cleared, the number cannot be linked to another tenant.
	if err := s.Store.Unlink(ctx, s.tenant, s.lease.Epoch); err != nil {
		s.log.Warn("could not forget the device; the next host will", "err", err)
		return
	}
	s.linked = false
}

// replacedByUs reports whether the number logged in elsewhere because a newer host of ours
// did, rather than somebody else who has the keys.
func (s *session) replacedByUs(run context.Context) bool {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	// A lease that can be renewed, or whose row is only locked, is nobody else's.
	mine := []store.Lease{{Tenant: s.tenant, Epoch: s.lease.Epoch}}
	ours, locked, err := s.Store.RenewLeases(ctx, mine, s.Timing.Lease())
	return err == nil && len(ours)+len(locked) == 0
}

// superseded is how a host ends that is not the newest any more. The host that replaced it
// has recorded and counted its end.
func superseded() Outcome {
	end := flowhq.End{Ending: flowhq.EndReplacedByUs, Reason: hosting.ErrFenced.Message}
	return Outcome{Transition: flowhq.Next(flowhq.Before{Wanted: true}, end)}
}

// gone is the end of a host whose tenant has been erased.
func gone() Outcome {
	end := flowhq.End{Ending: flowhq.EndGone, Reason: "the tenant does not exist any more"}
	return Outcome{Transition: flowhq.Next(flowhq.Before{Wanted: true}, end)}
}

// draining follows a session whose worker is stopping. It is no failure: Temporal hands the
// session to another worker at once, without waking the workflow.
var draining = flowhq.Next(flowhq.Before{Wanted: true},
	flowhq.End{Ending: flowhq.EndDraining, Reason: "moving to another worker"})

// endOf names what ended a session that was neither fenced nor erased.
func endOf(err error) flowhq.End {
	// What nobody has classified is a failure; its text is in the log alone.
	end := flowhq.End{Ending: flowhq.EndFailed, Reason: operatorReason(err)}
	if e, ok := errors.AsType[*whatsapp.EndError](err); ok {
		end.Ending, end.Until = e.Ending, e.Until.UTC()
	}
	switch end.Ending {
	case flowhq.EndFailed, flowhq.EndNotRecorded:
		// What could not be recorded because the database is away is no fault of the session.
		if flowhq.ErrorCode(err) == flowhq.Unavailable {
			end.Ending = flowhq.EndDatabaseLost
		}
	case flowhq.EndPairFailed:
		// Link, in the handler, says more than the library does of its error.
		if own, ok := errors.AsType[*flowhq.Error](err); ok { // our own refusal
			end.Reason = own.Message
		}
	case flowhq.EndReplacedByStranger:
		end.Reason = "somebody else logged in with this bot's keys"
	case flowhq.EndQRExpired:
		end.Reason = "nobody scanned the QR code, and nobody asks for it any more"
	default: // the connection's own words
	}
	return end
}

// operatorReason is what an operator may read of an error: its classified message, or the end
// of a connection, never SQL.
func operatorReason(err error) string {
	if e, ok := errors.AsType[*whatsapp.EndError](err); ok {
		return e.Reason
	}
	if e, ok := errors.AsType[*flowhq.Error](err); ok {
		return e.Message
	}
	return "the session failed: see the log"
}
