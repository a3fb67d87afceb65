package flowhq

import "time"

// A Bulk is one command for many tenants, sent at a pace.
type Bulk struct {
	ID        string     `json:"id"` // a lower-case UUID
	Command   Command    `json:"command"`
	Actor     string     `json:"actor"` // who asked for it
	State     BulkState  `json:"state"`
	PerSecond int        `json:"per_second"` // tenants, at most
	Matched   int        `json:"matched"`    // tenants that were selected when it was asked for
	Sent      int        `json:"sent"`       // of them, that have the command
	Failed    int        `json:"failed"`     // of them, that are gone or could not be told
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
}

// RequestID is the id under which each tenant gets the command, so that none obeys
// it twice.
func (b Bulk) RequestID() string { return "bulk:" + b.ID }

// BulkState is how far a Bulk has come.
type BulkState string

const (
	BulkRunning   BulkState = "RUNNING"
	BulkDone      BulkState = "DONE" // each tenant was tried
	BulkCancelled BulkState = "CANCELLED"
	BulkFailed    BulkState = "FAILED" // ended from outside, as by Terminate in Temporal's Web UI
)

// BulkStates lists every BulkState.
var BulkStates = []BulkState{BulkRunning, BulkDone, BulkCancelled, BulkFailed}

// BulkCommands lists the commands that may be given to many tenants.
var BulkCommands = []Command{Start, Stop, Restart}

// Bounds of a Bulk.
const (
	// MaxBulk is how many tenants one may have: their ids travel with it, and
	// Temporal takes no more than 2 MB at a time.
	MaxBulk      = 10_000
	MaxPerSecond = 100
)

// ValidBulkID reports whether id is a lower-case UUID.
func ValidBulkID(id string) bool { return uuid.MatchString(id) }
