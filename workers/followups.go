package workers

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// followUpAgain is after how long a workflow is signalled again that has not seen to what was due:
// each signal costs an event of its history.
const followUpAgain = time.Minute

// followUps signals those workflows that have follow-ups to see to: of bookings and orders that
// were made or changed since, and of those whose workflow is late, because it was lost with
// Temporal or ended by hand. While all is well, a workflow goes by its own timer.
//
// A workflow that could not be signalled is signalled a minute later: the claim has moved the rows
// on.
func (r *reconciler) followUps(ctx context.Context) error {
	// The pass must end before the next one begins.
	within := max(r.every, reconcileMin)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	limit := int(within.Seconds() * reconcilePace) // what there is time for
	// The claim moves the rows on, so of several workers one signals each workflow. A worker that
	// dies after the claim leaves them for a pass in a minute.
	due, err := r.store.ClaimFollowUps(ctx, r.every, followUpAgain, limit)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(reconcileAtOnce)
	pace := rate.NewLimiter(reconcilePace, reconcileAtOnce)
	// Temporal is away after so many in a row, and the rest would only wait for timeouts.
	var row atomic.Int32 // of errors
	for _, d := range due {
		if row.Load() >= mostErrors || pace.Wait(ctx) != nil {
			break
		}
		group.Go(func() error {
			err := r.control.FollowUp(ctx, d.Tenant, d.About, d.Number)
			if err != nil {
				row.Add(1)
				return fmt.Errorf("tenant %s: %w", d.Tenant, err)
			}
			row.Store(0)
			return nil
		})
	}
	return group.Wait()
}
