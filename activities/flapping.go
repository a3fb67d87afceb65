package activities

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
)

// Types of the events that tell of a session that keeps failing, and of its recovery.
const (
	eventFlapping = "SESSION_FLAPPING"
	eventStable   = "SESSION_STABLE"
)

// takeOver sees to what the attempt before this one could not: it may have lost the
// database, or its process.
func (s *session) takeOver(run context.Context) {
	s.before, s.now.Ending = s.now.Ending, ""
	if s.wasStable {
		s.now.Failures, s.now.Cuts = 0, 0
	}
	switch s.before {
	case flowhq.EndDraining:
		s.Metrics.Ended(flowhq.EndDraining)
	case flowhq.EndWorkerLost:
		s.Metrics.Ended(flowhq.EndWorkerLost)
		s.note(run, flowhq.EndWorkerLost.Event(), "the worker was lost; moved to another one")
	case flowhq.EndDatabaseLost:
		s.note(run, flowhq.EndDatabaseLost.Event(), "the database was out of reach")
	default: // it told everybody
	}
}

// countFailure notes a failed attempt and returns what to say about it. When there
// have been too many in a row, a person is told.
func (s *session) countFailure(run context.Context, e ending) (lastError string) {
	s.now.Failures++
	n := s.now.Failures
	if n == 1 {
		return e.text
	}
	lastError = fmt.Sprintf("%s (%d failed attempts in a row)", e.text, n)
	if n == FlappingAfter {
		s.log.Warn("session keeps failing", "attempts", n, "ending", e.reason)
		s.note(run, eventFlapping, lastError)
	}
	return lastError
}

// settleDown forgets the failed attempts, and the workers that died, once the session is
// stable. Where a person was told of them, it is told of the end as well.
func (s *session) settleDown(run context.Context) {
	if s.now.Failures == 0 && s.now.Losses == 0 && s.now.Cuts == 0 || !s.isStable() {
		return
	}
	told := s.now.Failures >= FlappingAfter || s.now.Losses >= CrashLoopAfter
	s.now.Failures, s.now.Losses, s.now.Cuts = 0, 0, 0
	if told {
		s.note(run, eventStable, "online for "+StableFor.String())
		s.report(run, "", "")
	}
}
