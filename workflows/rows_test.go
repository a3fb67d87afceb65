package workflows

import (
	"context"
	"sync"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/store"
)

// rows are what the database says of one tenant, as far as its workflow looks.
type rows struct {
	mu       sync.Mutex
	seen     activities.Snapshot
	parked   bool // waits for a person
	nextID   int64
	outcomes map[int64]string // of commands that have been applied
	applied  []flowhq.Command // in the order in which they were marked
	looks    int
	away     error // the database does not answer
	page     int   // how many commands a look shows at most; 0 = all
}

func newRows() *rows {
	return &rows{outcomes: map[int64]string{}, seen: activities.Snapshot{
		Name: "blue-door", Template: flowhq.BookingTemplate, Quiet: true, Session: flowhq.Disconnected,
	}}
}

// give records a command, as the API does.
func (r *rows) give(c flowhq.Command) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nextID++
	r.seen.NeedsHost = c != flowhq.Stop && c != flowhq.Delete
	r.seen.Commands = append(r.seen.Commands, activities.Asked{ID: r.nextID, Command: c})
	return r.nextID
}

// change changes the rows past everybody, as restoring a backup does.
func (r *rows) change(f func(*activities.Snapshot)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.seen)
}

// waiting is how many commands nobody has applied.
func (r *rows) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen.Commands)
}

func (r *rows) look(_ context.Context, in activities.ReadInput) (activities.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	if r.away != nil {
		return activities.Snapshot{}, r.away
	}
	seen := r.seen
	seen.Commands = nil
	for _, c := range r.seen.Commands {
		if seen.More = r.page > 0 && len(seen.Commands) == r.page && c.ID > in.After; seen.More {
			break
		}
		if c.ID > in.After {
			seen.Commands = append(seen.Commands, c)
		}
	}
	seen.NeedsHost = seen.NeedsHost && !r.parked
	return seen, nil
}

func (r *rows) markApplied(_ context.Context, in activities.OutcomesInput) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mark(in.Outcomes)
	return nil
}

func (r *rows) record(in activities.StateInput) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mark(in.Outcomes)
	r.seen.Ending, r.seen.Session, r.seen.Reason, r.seen.RetryAt = in.Ending, in.State, in.Reason, in.RetryAt
	r.seen.WaitingFor = in.WaitingFor
	status := hostAfter(in.Transition)
	r.seen.Quiet = status == flowhq.HostStopped || status == flowhq.HostError
	r.parked = r.seen.Quiet && in.Ending.WaitsForPerson()
}

func (r *rows) mark(marks []store.CommandOutcome) {
	for _, m := range marks {
		for i, c := range r.seen.Commands {
			if c.ID == m.ID {
				r.outcomes[m.ID] = m.Outcome
				r.applied = append(r.applied, c.Command)
				r.seen.Commands = append(r.seen.Commands[:i:i], r.seen.Commands[i+1:]...)
				break
			}
		}
	}
}
