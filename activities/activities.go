package activities

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/metrics"
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
)

// silence is how long Temporal waits for a heartbeat of a long activity that is no Host,
// before it lets another worker go on with it.
func silence(t hosting.Timing) time.Duration { return max(4*t.Heartbeat, pruneSilence) }

// Bounds on one host's life.
const (
	// hostLife is when a host recycles itself, give or take a tenth: a boundary at
	// which its workflow may continue as new.
	hostLife = 24 * time.Hour
	// recycleRetry is when a host looks again whether it may recycle itself, if
	// reconnects are paused.
	recycleRetry = 10 * time.Minute
	// hostLimit is Temporal's bound on one attempt of a Host. It must never be
	// reached: its expiry would be retried without waking the workflow. An attempt
	// lasts longer than hostLife only while reconnects are paused.
	hostLimit = 90 * 24 * time.Hour
	// drainTimeout bounds how long a host that is told to go waits for the
	// replies that are just being sent.
	drainTimeout = 1500 * time.Millisecond
)

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
		WaitForCancellation: true,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:        flowhq.Backoff(1),
			BackoffCoefficient:     2,
			MaximumInterval:        flowhq.Backoff(flowhq.FlappingAfter),
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

// EraseOptions is how a workflow schedules Erase: until it succeeds.
func EraseOptions() workflow.ActivityOptions {
	return short(2*time.Minute, "unlink and erase")
}

func short(limit time.Duration, summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout: limit,
		Summary:             summary,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second},
	}
}

// A Report tells a tenant's workflow of a step in its session's life. A host makes it, but for
// those whose WaitingFor is set: these say only what a tenant without a host waits for, and
// nothing else has changed.
type Report struct {
	Epoch  int64  `json:"epoch"`
	Worker string `json:"worker,omitempty"` // whose host says so
	flowhq.Transition
	// Earlier is how the attempt before this one ended, if that could not say it itself; "" if
	// there is nothing new.
	Earlier flowhq.EndReason `json:"earlier,omitempty"`
	At      time.Time        `json:"at"`
}

// A Reporter delivers reports. workflows.Client is one.
type Reporter interface {
	Report(ctx context.Context, tenant flowhq.TenantID, r Report) error
}

// A Beater sends a heartbeat for an activity by its task token, and returns an
// error if the activity should end. A Temporal client is one.
type Beater interface {
	RecordActivityHeartbeat(ctx context.Context, taskToken []byte, details ...any) error
}

// Activities is what the activities share in one process.
type Activities struct {
	Store   *store.Store
	Network *whatsapp.Network
	Reports Reporter
	Beats   Beater
	// Attempts ends that of a host that is stuck.
	Attempts    hosting.Attempts
	Nudges      Nudger
	Leases      *hosting.Leases
	Database    *hosting.DatabaseWatch
	Admission   *hosting.Admission
	RateLimiter *hosting.RateLimiter
	Slots       *hosting.Slots
	Timing      hosting.Timing
	Metrics     *metrics.Worker
	Name        string // of this process, shown to operators
	Log         *slog.Logger
}

// RegisterHost makes r run Hosts. It must be a worker of SessionQueue.
func (a *Activities) RegisterHost(r worker.ActivityRegistry) {
	r.RegisterActivityWithOptions(a.Host, activity.RegisterOptions{Name: HostActivity})
}

// RegisterShort makes r run all other activities, which are short.
func (a *Activities) RegisterShort(r worker.ActivityRegistry) {
	r.RegisterActivityWithOptions(a.RecordState, activity.RegisterOptions{Name: RecordStateActivity})
	r.RegisterActivityWithOptions(a.ReadTenant, activity.RegisterOptions{Name: ReadTenantActivity})
	r.RegisterActivityWithOptions(a.RecordOutcomes, activity.RegisterOptions{Name: RecordOutcomesActivity})
	r.RegisterActivityWithOptions(a.Erase, activity.RegisterOptions{Name: EraseActivity})
	r.RegisterActivityWithOptions(a.Prune, activity.RegisterOptions{Name: PruneActivity})
	r.RegisterActivityWithOptions(a.SendBulk, activity.RegisterOptions{Name: BulkActivity})
}

// WaitingForWorker is the reason of a tenant that was just started.
const WaitingForWorker = store.WaitingFor + "a worker"

// Waits reports whether a reason says that a tenant waits for something that is not
// its own, so that there is nothing to do about it.
func Waits(reason string) bool { return strings.HasPrefix(reason, store.WaitingFor) }

// A WaitReporter tells tenants' workflows, by reports, what the tenants wait for.
type WaitReporter struct{ Reports Reporter }

// ReportWaiting says that a tenant waits, and that nothing else has changed.
func (w WaitReporter) ReportWaiting(ctx context.Context, of store.Waiting, why flowhq.Wait, reason string) error {
	return w.Reports.Report(ctx, of.Tenant, Report{
		Epoch: of.Epoch, Transition: flowhq.Transition{State: of.Session, WaitingFor: why, Reason: reason}, At: time.Now().UTC(),
	})
}

// WorkerLost is the error that ends the attempt of a worker that died. Temporal tries again
// at once, without the workflow, unless so many workers died of the session that it has to
// wait: that is for the workflow. counts has this loss already, if it is counted at all.
func WorkerLost(counts flowhq.Counts) error {
	end := flowhq.End{Reason: flowhq.EndWorkerLost, Text: lostText, At: time.Now(), Counted: true}
	next := flowhq.Next(flowhq.Before{Wanted: true, Counts: counts}, end)
	return temporal.NewApplicationErrorWithOptions("the worker was lost", string(flowhq.EndWorkerLost), temporal.ApplicationErrorOptions{
		NextRetryDelay: time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign,
		Details: []any{next}, NonRetryable: next.Retry != flowhq.RetryAtOnce,
	})
}

// life is how long this host runs before it recycles itself: hostLife with a
// tenth of jitter, so that hosts started together do not end together.
func life() time.Duration {
	tenth := int64(hostLife / 10)
	return hostLife + time.Duration(rand.Int64N(2*tenth)-tenth)
}
