package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/flowhq/flowhq"
)

// When a host asks Temporal whether it should end, after its tenant was given a command:
// first after askAfter, then after twice as long each time, maxAsks times. Most Temporals
// push a cancellation to the worker and are quicker; another one says so with a heartbeat
// only, and those are rare.
const (
	askAfter = 200 * time.Millisecond
	maxAsks  = 5
)

// asking is the times at which a host asks.
type asking struct {
	timer *time.Timer
	asked int
}

func newAsking() *asking {
	a := &asking{timer: time.NewTimer(askAfter)}
	a.timer.Stop()
	return a
}

// due receives when it is time.
func (a *asking) due() <-chan time.Time { return a.timer.C }

// begin starts anew.
func (a *asking) begin() {
	a.asked = 0
	a.timer.Reset(askAfter)
}

// again waits for the next time, if there is one.
func (a *asking) again() {
	if a.asked++; a.asked < maxAsks {
		a.timer.Reset(askAfter << a.asked)
	}
}

func (a *asking) stop() { a.timer.Stop() }

// turned tells the lease that this host is alive, and when WhatsApp was last.
func (s *session) turned(run context.Context) {
	s.now.Seen = s.conn.LastSeen()
	s.now.Stable = s.stable()
	s.settleDown(run)
	s.lease.Alive(s.now)
}

// tell tells Temporal what this host waits for, and its lease that it is not stuck, from
// before it serves.
func (s *session) tell(ctx context.Context) {
	if s.lease != nil {
		s.lease.Alive(s.now)
	}
	if time.Since(s.told) >= s.Timing.Beat() {
		s.told = time.Now()
		activity.RecordHeartbeat(ctx, s.now)
	}
}

// beat tells Temporal that this host is alive, if it is time or its state has changed. It
// returns an error if Temporal says that the host should end.
func (s *session) beat(ctx, run context.Context) error {
	if time.Since(s.told) < s.Timing.Beat() && s.told.After(s.now.Since) {
		return nil
	}
	s.told = time.Now()
	if !s.away {
		activity.RecordHeartbeat(ctx, s.now) // an order to end comes through ctx
		return nil
	}
	// The SDK gave up when it could not deliver a beat in time, and does not
	// come back. Temporal may, in time to find this host alive.
	return s.ask(ctx, run)
}

// ask beats past the SDK, and returns an error if Temporal says that the host should end
// or, where Temporal cannot be reached, the rows do.
func (s *session) ask(ctx, run context.Context) error {
	beating, cancel := context.WithTimeout(run, max(s.Timing.Heartbeat/2, writeTimeout))
	defer cancel()
	err := s.Beats.RecordActivityHeartbeat(beating, activity.GetInfo(ctx).TaskToken, s.now)
	switch {
	case err == nil:
		return nil
	case toldToHangUp(err):
		return err
	default:
		return s.unwanted(run)
	}
}

// current beats past the SDK, and returns an error if Temporal says that this is not the
// tenant's host any more, or should not be.
func (s *session) current(ctx, claiming context.Context) error {
	beating, cancel := context.WithTimeout(claiming, max(s.Timing.Heartbeat/2, writeTimeout))
	defer cancel()
	err := s.Beats.RecordActivityHeartbeat(beating, activity.GetInfo(ctx).TaskToken, s.now)
	if claiming.Err() == nil && toldToHangUp(err) {
		return err
	}
	return nil
}

// unwanted returns how the host ends if its tenant's rows say that it should not be up: an
// operator's stop counts though this worker cannot hear of it. A restart does not end it,
// as nobody can say whether a next host would follow.
func (s *session) unwanted(run context.Context) error {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	seen, err := s.Store.Look(ctx, s.tenant, 0)
	if err != nil || seen.Wanted {
		return nil // whether it may go on without the database is for the lease to say
	}
	s.log.Warn("stopped by an operator while Temporal is out of reach; hanging up")
	_, err = leave(flowhq.Stopped(s.now.Counts), nil)
	return err
}
