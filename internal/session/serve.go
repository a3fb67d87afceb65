package session

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

const (
	// renewAfter is when a session renews its connection, give or take a tenth: a boundary at
	// which its workflow may continue as new.
	renewAfter = 24 * time.Hour
	// renewRetry is when a session asks again whether it may renew itself, if reconnects are
	// paused: its successor would have to wait off the air.
	renewRetry = 10 * time.Minute
)

// renewal is when this session renews itself: with jitter, so that sessions which started
// together do not end together.
func renewal() time.Duration {
	const tenth = renewAfter / 10
	return renewAfter - tenth + rand.N(2*tenth)
}

// serve is the loop that works and says that the session is alive, until the session ends.
// It returns why. The heartbeat is sent by this loop and not by a goroutine of its own, and
// the lease is renewed only while the loop turns: a session that is stuck falls silent and
// is replaced.
func (s *session) serve(ctx, run context.Context) error {
	tick := time.NewTicker(s.Timing.Renewal)
	defer tick.Stop()
	renew := time.NewTimer(renewal())
	defer renew.Stop()
	ask := newAsking()
	defer ask.stop()
	done := ctx.Done() // nil once Temporal is lost: there is nothing more to hear from it
	for {
		select {
		case <-done:
			cause := context.Cause(ctx)
			if s.attempt.IsOrder(cause) {
				return order{cause}
			}
			// Temporal is out of reach. The session holds the number as long as it holds the
			// lease: a successor fences it.
			s.log.Warn("lost touch with Temporal; serving on", "cause", cause)
			done, s.beats.away = nil, true
			ask.begin() // Temporal may have been lost before it could give an order
		// The process is stopping, and another one has room for this session.
		case <-s.slot.Leave():
			return errDraining
		// The connection is cut already, by whoever renews the lease: this loop may come to it
		// late.
		case <-s.lease.Lost():
			return s.lease.Err()
		// A pipeline that cannot even write a dead letter would leave a chat silent for good.
		case err := <-s.pipeline.Failed():
			return err
		case ev, open := <-s.conn.Events():
			if open {
				if err := s.handle(run, ev); err != nil {
					return err
				}
			} else if !s.refreshCodes(run) { // it is over, and no other one takes its place
				return s.conn.Err()
			}
		// These notices say no more than that rows have changed: each is followed by reading them.
		case <-s.lease.Config():
			s.reload(run)
		case <-s.lease.Work():
			s.refill(run)
		case <-s.lease.LinkCode():
			s.linkByCode(run)
		case <-s.lease.Command(): // it may be to end: its workflow decides, and tells Temporal
			ask.begin()
		case <-ask.due():
			if err := s.ask(run); err != nil {
				return err
			}
			ask.again()
		case <-tick.C:
			if err := s.beat(run); err != nil {
				return err
			}
		case <-renew.C: // once a day
			if !s.Admission.State().Paused {
				return errRenewal
			}
			renew.Reset(renewRetry)
		}
	}
}

// beat is what is due once in a renewal interval.
func (s *session) beat(run context.Context) error {
	// What the lease and Temporal are told is as of now.
	s.now.Seen = s.conn.LastSeen()
	s.now.Stable = s.stable()
	s.forgetFailures(run)
	s.lease.Alive(s.now)
	// While Temporal is away the SDK has given up, and so this heartbeat goes past it. Temporal
	// answers it with its order, if there is one.
	if s.beats.isDue(s.now) && !s.beats.send(s.now) {
		if err := s.ask(run); err != nil {
			return err
		}
	}
	if s.configStale {
		s.reload(run)
	}
	return s.record(run)
}

// handle is one step of the connection.
func (s *session) handle(run context.Context, ev whatsapp.Event) error {
	switch ev.Kind {
	case whatsapp.QR:
		if s.linked { // of the device that was recorded there are no keys
			s.forget(run)
		}
		return s.enter(run, s.linking.showQR(s.conn, ev))
	case whatsapp.LinkCode:
		return s.enter(run, s.linking.showLinkCode(ev))
	case whatsapp.Linked:
		// Not yet online: WhatsApp ends the connection after a pairing, and the library logs in
		// anew.
		s.linked = true
		s.pipeline.Forget() // what was to be sent again under the old link
		s.refill(run)
		return s.enter(run, step{Transition: flowhq.Transition{
			State: flowhq.Connecting, Reason: "linked; logging in",
			Event: flowhq.EventSessionLinked,
		}})
	case whatsapp.Online:
		if differs := s.number.err(); differs != nil { // the phone has seen the linking through
			return differs
		}
		s.online = time.Now()
		failpoint.HitFor("host.online", string(s.tenant))
		s.pipeline.Start() // a second login of the same session changes nothing
		return s.enter(run, step{Transition: flowhq.Transition{
			State: flowhq.Connected, Event: flowhq.EventSessionConnected,
		}})
	}
	return nil
}

// reload passes a changed config on to the pipeline.
func (s *session) reload(run context.Context) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	// The whole row: a notice does not say what has changed.
	tenant, err := s.Store.Tenant(ctx, s.tenant)
	if err != nil {
		s.log.Warn("could not read the changed config; trying again with the next beat", "err", err)
		s.configStale = true
		return
	}
	s.configStale = false
	s.pipeline.SetConfig(tenant.Config)
}

// refill has the pipeline look for rows that somebody made ready for it.
func (s *session) refill(run context.Context) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	// A notice that came while the database was away must not be lost.
	if err := s.pipeline.Refill(ctx); err != nil {
		s.log.Warn("could not look for new work; trying again with the next beat", "err", err)
		s.lease.RetryWork()
	}
}

// stable reports whether the session has been online for long enough that its loss is
// routine, on this host or just before on another one.
func (s *session) stable() bool { return s.wasStable || s.isStable() }

// isStable reports whether the session has been online for that long on this host.
func (s *session) isStable() bool {
	return !s.online.IsZero() && time.Since(s.online) >= flowhq.StableFor
}

// forgetFailures forgets the failed attempts, and the workers that died, once the session is
// stable. Where a person was told of them, it is told of the end as well.
func (s *session) forgetFailures(run context.Context) {
	if s.now.Counts == (flowhq.Counts{}) || !s.isStable() {
		return
	}
	// Below that nobody was told of the failures, so nobody needs to hear of their end.
	reported := s.now.KeepsFailing() // to a person, by an event and in the Web UI
	s.now.Counts = flowhq.Counts{}
	if reported {
		s.note(run, flowhq.EventSessionStable, "online for "+flowhq.StableFor.String())
		s.report(run, flowhq.Transition{State: s.now.State})
		// The row says that the session keeps failing. A step that is not written yet has news of
		// its own, and says so as well.
		if s.unrecorded == nil {
			s.unrecorded = &step{Transition: flowhq.Transition{State: s.now.State}}
		}
		s.unrecorded.Counts = s.now.Counts
	}
}
