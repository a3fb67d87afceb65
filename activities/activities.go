package activities

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/session"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// Names on the wire. They outlive every deployment and are never reused.
const (
	SessionQueue           = "sessions" // Host only, so that capacity is its slots
	HostActivity           = "Host"
	RecordStateActivity    = "RecordState"
	ReadTenantActivity     = "ReadTenant"
	RecordOutcomesActivity = "RecordOutcomes"
	EraseActivity          = "Erase"
	PruneActivity          = "Prune"
	BulkActivity           = "SendBulk"
	FollowUpActivity       = "SendFollowUps"
	WebhookQueue           = "webhooks" // Deliver only: a slow receiver takes nobody else's slot
	DeliverActivity        = "Deliver"
)

// silence is how long Temporal waits for a heartbeat of a long activity that is no Host,
// before it lets another worker go on with it.
func silence(t hosting.Timing) time.Duration { return max(4*t.Renewal, pruneSilence) }

// hostLimit is Temporal's bound on one attempt of a Host. It must never be reached: its expiry
// would be retried without waking the workflow. An attempt lasts longer than a day only while
// reconnects are paused.
const hostLimit = 90 * 24 * time.Hour

// HostOptions is how a workflow schedules a Host.
//
// A Host that fails says itself when it is tried again, see [flowhq.Next]: Temporal counts
// every attempt, those too that end by no fault of the session. The policy's own
// intervals are for what the SDK fails. It is retried without end.
// A heartbeat timeout is not retried by it but handed to the workflow, which
// starts the next host at once.
func HostOptions(t hosting.Timing, summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:           SessionQueue,
		StartToCloseTimeout: hostLimit,
		HeartbeatTimeout:    t.Timeout(),
		// The next host is scheduled when this one has hung up, so that two never overlap.
		WaitForCancellation: true,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    flowhq.Backoff(1),
			BackoffCoefficient: 2,
			MaximumInterval:    flowhq.Backoff(flowhq.FlappingAfter),
			// The next host is a matter of seconds; the policy would wait for its interval.
			NonRetryableErrorTypes: []string{"TemporalTimeout:Heartbeat"},
		},
	}
}

// RecordStateOptions is how a workflow schedules RecordState: until it succeeds.
func RecordStateOptions() workflow.ActivityOptions {
	return short(10*time.Second, "record the state")
}

// QuickOptions is how a workflow schedules ReadTenant and RecordOutcomes: until they succeed.
func QuickOptions() workflow.ActivityOptions {
	return short(5*time.Second, "read or mark what is wanted")
}

// LocalOptions is how a workflow tries ReadTenant and RecordOutcomes first: within its own
// task, once. That takes one event of history in place of six, and no way through a queue.
func LocalOptions() workflow.LocalActivityOptions {
	const limit = 2 * time.Second // well below the time that Temporal gives a task
	return workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: limit,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	}
}

// EraseOptions is how a workflow schedules Erase: until it succeeds. It has two minutes, since to
// unlink a device takes a connection to WhatsApp of its own.
func EraseOptions() workflow.ActivityOptions {
	return short(2*time.Minute, "unlink and erase")
}

// short is how a workflow schedules what must be done in the end: it is tried for ever, for
// the database may be away for hours.
func short(limit time.Duration, summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout: limit,
		Summary:             summary,
		// Ten seconds at most between two tries, so what waits goes on soon after an outage.
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second,
		},
	}
}

// A Beater sends a heartbeat for an activity by its task token, and returns an
// error if the activity should end. A Temporal client is one.
type Beater interface {
	RecordActivityHeartbeat(ctx context.Context, taskToken []byte, details ...any) error
}

// Activities is what the activities share in one process.
type Activities struct {
	Sessions *session.Process // hosts sessions, and unlinks devices
	Store    *store.Store
	Network  *whatsapp.Network // for its keys, which Erase and Prune delete
	Beats    Beater            // for a Host that asks past the SDK
	Attempts hosting.Attempts  // ends the attempt of a host that is stuck
	Signals  Signaler          // tells workflows of the commands of a bulk
	Poster   Poster            // sends events to webhooks
	Timing   hosting.Timing
	Metrics  *metrics.Worker
	Name     string // of this process, shown to operators
	Log      *slog.Logger
}

// RegisterHost makes r run Hosts. It must be a worker of SessionQueue.
func (a *Activities) RegisterHost(r worker.ActivityRegistry) {
	r.RegisterActivityWithOptions(a.Host, activity.RegisterOptions{Name: HostActivity})
}

// RegisterDeliver makes r run Deliver. It must be a worker of WebhookQueue.
func (a *Activities) RegisterDeliver(r worker.ActivityRegistry) {
	r.RegisterActivityWithOptions(a.Deliver, activity.RegisterOptions{Name: DeliverActivity})
}

// RegisterShort makes r run all other activities, which are short.
func (a *Activities) RegisterShort(r worker.ActivityRegistry) {
	// Names are on the wire and methods are not: to rename a method must change no name.
	for name, run := range map[string]any{
		RecordStateActivity: a.RecordState, ReadTenantActivity: a.ReadTenant,
		RecordOutcomesActivity: a.RecordOutcomes, EraseActivity: a.Erase,
		PruneActivity: a.Prune, BulkActivity: a.SendBulk, FollowUpActivity: a.FollowUp,
	} {
		r.RegisterActivityWithOptions(run, activity.RegisterOptions{Name: name})
	}
}
