package session

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A step is a transition of the session, as its host makes it.
type step struct {
	flowhq.Transition
	codes  store.Codes // that link a phone: they go to the database, and nowhere else
	silent bool        // the workflow learns of it in another way
}

// enter takes a step: in Postgres, in the heartbeat and, unless it is only a step on the
// way, in the workflow. It fails only if this host is fenced.
func (s *session) enter(run context.Context, to step) error {
	to.Counts = s.now.Counts
	// A step within a state, such as another QR code, is no news to anybody but the rows.
	if to.State != s.now.State {
		s.Metrics.Session(s.now.State, to.State)
		s.now.State, s.now.Since = to.State, time.Now()
		s.log.Info("session changed",
			"state", to.State, "reason", to.Reason, "ending", to.Ending, "epoch", s.lease.Epoch)
		if to.State != flowhq.Connecting && !to.silent {
			s.report(run, to.Transition)
		}
	}
	// A step that could not be written is replaced by the next one: only the newest counts.
	s.unrecorded = &to
	return s.record(run)
}

// record writes the newest step if it is not in Postgres yet. While the database is away it
// stays to be written with a later beat: whether the session may go on without the database
// is for the lease to say.
func (s *session) record(run context.Context) error {
	if s.unrecorded == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	to := s.unrecorded
	err := s.Store.SetSession(ctx, s.tenant, s.lease.Epoch, to.Transition, to.codes)
	switch flowhq.ErrorCode(err) {
	case "":
		s.unrecorded = nil
		return nil
	case flowhq.Fenced, flowhq.NotFound: // this host must not go on
		return err
	default:
		s.log.Warn("could not record the session's state; trying again", "err", err)
		return nil
	}
}

// report tells the workflow of a step, or of how the attempt before this one ended where
// this one has not ended itself.
func (s *session) report(run context.Context, t flowhq.Transition) {
	s.reported = true
	t.Counts = s.now.Counts
	// An end says by itself how things are; the end of the attempt before is then no news.
	r := Report{Epoch: s.lease.Epoch, Worker: s.Name, Transition: t, At: time.Now().UTC()}
	if t.Ending == "" {
		r.Earlier, s.earlier = s.earlier, ""
	}
	s.reports.send(run, r)
}

// note adds an event to the tenant's history, as far as the database can be reached. It is
// not fenced: whoever was there may say what has happened.
func (s *session) note(run context.Context, event flowhq.EventType, reason string) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	err := s.Store.AddEvent(ctx, flowhq.Event{
		Tenant: s.tenant, Type: event, Actor: "host", Reason: reason,
	})
	if err != nil && flowhq.ErrorCode(err) != flowhq.NotFound {
		s.log.Warn("could not record an event", "event", event, "err", err)
	}
}
