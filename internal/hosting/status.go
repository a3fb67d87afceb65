package hosting

import (
	"time"

	"github.com/flowhq/flowhq"
)

// A Status is what a host says of itself: to its lease, in its heartbeat, which Temporal's
// Web UI shows and never keeps in history, and so to the next attempt.
type Status struct {
	State  flowhq.SessionState `json:"state"`
	Since  time.Time           `json:"since"` // of State
	Epoch  int64               `json:"epoch"`
	Stable bool                `json:"stable"` // the session has been online for long enough
	Seen   time.Time           `json:"seen"`   // last proof of life from WhatsApp
	// Waiting says what the host waits for before it connects, for an operator.
	Waiting string `json:"waiting,omitempty"`
	// Counts is what has gone wrong in a row: on this host and on those before it.
	flowhq.Counts
	// Lost is the epoch of the host that was counted last in Losses: a worker that stands
	// still may be given the next attempt, too, and must not be counted twice.
	Lost int64 `json:"lost,omitempty"`
	// Ending is how the latest attempt ended that had the lease.
	Ending flowhq.Ending `json:"ending,omitempty"`
}

// LossReason tells operators of a worker that was lost.
const LossReason = "the worker was lost; moved to another one"

// AfterLoss is what the next attempt is told of a host whose worker died or was stuck. A
// session that was stable did not kill its worker, and its counts begin anew; else it may
// have, and the loss is counted.
func (s Status) AfterLoss(stable bool) Status {
	end := flowhq.End{Ending: flowhq.EndWorkerLost}
	before := flowhq.Before{Wanted: true, Stable: stable, Counts: s.Counts}
	s.Counts = flowhq.Next(before, end).Counts
	s.Ending, s.Stable = flowhq.EndWorkerLost, false
	return s
}
