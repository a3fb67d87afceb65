package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
)

// Names on the wire, on the same terms as the tenants'.
const (
	retentionWorkflow = "Retention"
	retentionSchedule = "retention" // and, with the time behind it, a run's workflow id
	// installationMemo is in plain text even where payloads are encrypted.
	installationMemo = "installation"
)

// When retention runs: at a quiet hour in UTC, and not on the minute at which
// everything else of a machine runs.
const (
	retentionHour   = 1
	retentionMinute = 30
	retentionJitter = 30 * time.Minute
	// retentionCatchUp is how late a run that was missed is made up for. It is one period, so
	// that after a longer outage one run follows and not one for each night.
	retentionCatchUp = 24 * time.Hour
)

// Retention is one night's run of the retention job, with the rows it has deleted as its result.
// However much there is to delete, its history stays as short as this. A night that fails ends as
// failed, for an operator to see, and the next one deletes what it left.
func (w Tenants) Retention(ctx workflow.Context) (pruned activities.Pruned, err error) {
	ctx = workflow.WithActivityOptions(ctx,
		activities.PruneOptions(hosting.Timing{Renewal: w.Renewal}))
	err = workflow.ExecuteActivity(ctx, activities.PruneActivity).Get(ctx, &pruned)
	return pruned, err
}

// A NamespaceClaim says which database belongs together with which namespace. A worker with the
// address of one of them wrong would otherwise serve the tenants of another installation;
// activities.ReadTenant checks each tenant as well.
type NamespaceClaim struct {
	Installation string // id of the database's
	Database     string // where it is, for a message
	Namespace    string
}

// ClaimNamespace makes sure that Retention runs every night, one at a time, and that the schedule
// for it says which installation it belongs to. A schedule that is there already is left as it is:
// an operator may have moved or paused it. In a namespace that was emptied it is made again.
//
// A Conflict error means that the namespace belongs to another installation than the
// database. Other errors mean that Temporal does not answer in time, or refuses.
//
// The id is in the memo of the schedule: Temporal creates a schedule of this id once, so of two
// installations that begin at the same moment only one gets the namespace.
func (c *Client) ClaimNamespace(ctx context.Context, p NamespaceClaim) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	// The id is no secret, and whoever lacks a key should still find the right namespace.
	plain, err := client.NewClientFromExistingWithContext(ctx, c.temporal, client.Options{
		Namespace: p.Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return classify("it is not known which installation the namespace belongs to", err)
	}
	defer plain.Close()
	_, err = plain.ScheduleClient().Create(ctx, client.ScheduleOptions{
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
		Memo:          map[string]any{installationMemo: p.Installation},
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return p.check(ctx, plain)
	}
	if err != nil {
		return fmt.Errorf("create the retention schedule: %w", err)
	}
	return nil
}

// check compares the installation's id with that of the schedule.
func (p NamespaceClaim) check(ctx context.Context, temporal client.Client) error {
	d, err := temporal.ScheduleClient().GetHandle(ctx, retentionSchedule).Describe(ctx)
	if err != nil {
		return fmt.Errorf("read the retention schedule: %w", err)
	}
	var id string
	if payload := d.Memo.GetFields()[installationMemo]; payload != nil {
		if err := converter.GetDefaultDataConverter().FromPayload(payload, &id); err != nil {
			return fmt.Errorf("read which installation Temporal's namespace %s belongs to: %w",
				p.Namespace, err)
		}
	}
	switch id {
	case p.Installation:
		return nil
	case "":
		return flowhq.Errorf(flowhq.Conflict, "the schedule %q in Temporal's namespace %q "+
			"does not say which installation it belongs to: "+
			"if that is the one of the database %s, delete the schedule, and it is made again",
			retentionSchedule, p.Namespace, p.Database)
	}
	return flowhq.Errorf(flowhq.Conflict, "the database %s belongs to installation %s "+
		"and Temporal's namespace %q to installation %s: "+
		"correct DATABASE_URL, or TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE",
		p.Database, p.Installation, p.Namespace, id)
}
