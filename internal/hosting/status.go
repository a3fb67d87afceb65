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
	// Failures counts the attempts that failed in a row, by a fault of the session.
	Failures int `json:"failures,omitempty"`
	// Losses counts the workers that died in a row while they hosted the session.
	Losses int `json:"losses,omitempty"`
	// Lost is the epoch of the host that was counted last in Losses: a worker that stands
	// still may be given the next attempt, too, and must not be counted twice.
	Lost int64 `json:"lost,omitempty"`
	// Cuts counts the times in a row that the database was lost.
	Cuts int `json:"cuts,omitempty"`
	// Ending is how the latest attempt ended that had the lease.
	Ending flowhq.EndReason `json:"ending,omitempty"`
}

// AfterLoss is what the next attempt is told of a host whose worker died or was stuck. A
// session that was stable did not kill its worker, and its counts begin anew; else it may
// have, and the loss is counted.
func (s Status) AfterLoss(stable bool) Status {
	if stable {
		s.Failures, s.Losses, s.Cuts = 0, 0, 0
	} else {
		s.Losses++
	}
	s.Ending, s.Stable = flowhq.EndWorkerLost, false
	return s
}
