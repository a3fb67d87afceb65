package hosting

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// An Attempt is one attempt of a tenant's host that runs, as far as Temporal knows.
type Attempt struct {
	// RunID and ActivityID name the activity within its tenant's workflow.
	RunID, ActivityID string
	Number            int32     // of the attempts of its activity
	Worker            string    // the process that it was given to
	Since             time.Time // when, by Temporal's clock
	// Cancelled is whether it was told to end, and has not yet.
	Cancelled bool
	// Token is Temporal's own name of it; nil if only its worker knows that.
	Token []byte
	// Last decodes the details of its last heartbeat, if there was one.
	Last func(valuePtr any) error
}

// Attempts is what Temporal knows of hosts. workflows.Attempts is one.
type Attempts interface {
	// Running returns the attempts of the tenant's hosts that run.
	Running(ctx context.Context, tenant flowhq.TenantID) ([]*Attempt, error)
	// Lose ends an attempt in the place of its worker, which is lost, with last as its last
	// heartbeat. It ends no later attempt, and none that has ended.
	Lose(ctx context.Context, tenant flowhq.TenantID, a *Attempt, last Status) error
}

// EndedWorkers tells which workers of this machine have ended for certain, and with an
// error what it cannot tell of. workerlock.Lock is one.
type EndedWorkers interface {
	// Ended returns the names of workers that have ended and were not forgotten yet.
	Ended() (names []string, err error)
	// Forget is for a name whose leases were ended.
	Forget(name string) error
}

// An absence is an attempt that seems to be lost, and when it first did, by this process's
// clock: Temporal's, which says when it began, may go wrong by minutes.
type absence struct {
	runID, activityID string
	number            int32
	from              time.Time
}
