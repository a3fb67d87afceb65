package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq/activities"
)

// Names on the wire, on the same terms as the tenants'.
const (
	retentionWorkflow = "Retention"
	retentionSchedule = "retention" // and, with the time behind it, a run's workflow id
)

// When retention runs: at a quiet hour in UTC, and not on the minute at which
// everything else of a machine runs.
const (
	retentionHour    = 1
	retentionMinute  = 30
	retentionJitter  = 30 * time.Minute
	retentionCatchUp = 24 * time.Hour // a run that was missed for no longer than this is made up for
)

// Retention is one night's run of the retention job, with the rows it has deleted as
// its result. However much there is to delete, its history stays as short as this.
func (w Tenants) Retention(ctx workflow.Context) (pruned activities.Pruned, err error) {
	ctx = workflow.WithActivityOptions(ctx, activities.Timing{Heartbeat: w.Heartbeat}.PruneOptions())
	err = workflow.ExecuteActivity(ctx, activities.PruneActivity).Get(ctx, &pruned)
	return pruned, err
}

// ScheduleRetention makes sure that Retention runs every night, one at a time. A
// schedule that is there already is left as it is: an operator may have moved or
// paused it. It fails if Temporal does not answer in time, or refuses.
func (c *Client) ScheduleRetention(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	_, err := c.temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: retentionSchedule,
		Spec: client.ScheduleSpec{
			Calendars: []client.ScheduleCalendarSpec{{
				Hour:   []client.ScheduleRange{{Start: retentionHour}},
				Minute: []client.ScheduleRange{{Start: retentionMinute}},
			}},
			Jitter: retentionJitter,
		},
		Action: &client.ScheduleWorkflowAction{
			ID: retentionSchedule, Workflow: retentionWorkflow, TaskQueue: TaskQueue,
			StaticSummary: "delete what is older than the retention",
		},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: retentionCatchUp,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the retention schedule: %w", err)
	}
	return nil
}
