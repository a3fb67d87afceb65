package activities

import (
	"context"

	"github.com/flowhq/flowhq"
)

// lostText tells operators of a worker that was lost.
const lostText = "the worker was lost; moved to another one"

// takeOver sees to what the attempt before this one could not: it may have lost the
// database, or its process.
func (s *session) takeOver(run context.Context) {
	s.before, s.now.Ending = s.now.Ending, ""
	if s.wasStable {
		s.now.Failures, s.now.Outages = 0, 0
	}
	switch s.before {
	case flowhq.EndDraining:
		s.Metrics.Ended(flowhq.EndDraining)
	case flowhq.EndWorkerLost:
		s.Metrics.Ended(flowhq.EndWorkerLost)
		s.note(run, flowhq.EndWorkerLost.Event(), lostText)
	case flowhq.EndDatabaseLost:
		s.note(run, flowhq.EndDatabaseLost.Event(), "the database was out of reach")
	default: // it told everybody
	}
}

// settleDown forgets the failed attempts, and the workers that died, once the session is
// stable. Where a person was told of them, it is told of the end as well.
func (s *session) settleDown(run context.Context) {
	if s.now.Counts == (flowhq.Counts{}) || !s.isStable() {
		return
	}
	told := s.now.KeepsFailing()
	s.now.Counts = flowhq.Counts{}
	if told {
		s.note(run, flowhq.EventSessionStable, "online for "+flowhq.StableFor.String())
		s.report(run, flowhq.Transition{State: s.now.State})
	}
}
