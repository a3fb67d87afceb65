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
	SessionQueue    = "sessions" // Host only, so that capacity is its slots
	HostActivity    = "Host"
	SettleActivity  = "Settle"
	LookActivity    = "Look"
	AppliedActivity = "Applied"
	EraseActivity   = "Erase"
	PruneActivity   = "Prune"
	BulkActivity    = "SendBulk"
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
	// StableFor is how long a session must have been online for its loss to be
	// routine. A session that is lost sooner backs off before the next attempt.
	StableFor = 30 * time.Second
	// FlappingAfter is how many attempts must fail in a row for a person to be told.
	FlappingAfter = 10
	// CrashLoopAfter is how many workers must die in a row while they host a session
	// that does not become stable, for it to wait before the next one hosts it.
	CrashLoopAfter = 3
	// firstBackoff and lastBackoff are the pauses after the first failed attempt and
	// after any but the first few.
	firstBackoff = 5 * time.Second
	lastBackoff  = 2 * time.Minute
	// drainTimeout bounds how long a host that is told to go waits for the
	// replies that are just being sent.
	drainTimeout = 1500 * time.Millisecond
)

// Backoff is how long a session waits after so many failed attempts in a row: 5 s,
// twice as long each time, and at most 2 min.
func Backoff(failures int) time.Duration {
	d := firstBackoff
	for n := 1; n < failures && d < lastBackoff; n++ {
		d *= 2
	}
	return min(d, lastBackoff)
}

// CrashPause is how long a session waits that so many workers in a row died of: not at
// all before [CrashLoopAfter] of them, then 1, 5 and 30 min.
func CrashPause(losses int) time.Duration {
	switch {
	case losses < CrashLoopAfter:
		return 0
	case losses == CrashLoopAfter:
		return time.Minute
	case losses == CrashLoopAfter+1:
		return 5 * time.Minute
	default:
		return 30 * time.Minute
	}
}

// HostOptions is how a workflow schedules a Host.
//
// A Host that fails says itself when it is tried again, see [Backoff]: Temporal counts
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
			InitialInterval:        firstBackoff,
			BackoffCoefficient:     2,
			MaximumInterval:        lastBackoff,
			NonRetryableErrorTypes: []string{"TemporalTimeout:Heartbeat"},
		},
	}
}

// SettleOptions is how a workflow schedules Settle: until it succeeds.
func SettleOptions() workflow.ActivityOptions {
	return short(10*time.Second, "record the state")
}

// LookOptions is how a workflow schedules Look and Applied: until they succeed.
func LookOptions() workflow.ActivityOptions {
	return short(5*time.Second, "look what is wanted")
}

// QuickOptions is how a workflow tries Look and Applied first: within its own task, once.
// That takes one event of history in place of six, and no way through a queue.
func QuickOptions() workflow.LocalActivityOptions {
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

// A Report is what a host tells its tenant's workflow when its session's state
// changes.
type Report struct {
	Epoch   int64               `json:"epoch"`
	Host    string              `json:"host"`
	Session flowhq.SessionState `json:"session"`
	Reason  string              `json:"reason,omitempty"`
	// Ending is how the session ended or, if it is up, how the one before it did and
	// could not tell; "" if there is nothing new.
	Ending   flowhq.EndReason `json:"ending,omitempty"`
	Failures int              `json:"failures,omitempty"` // attempts that failed in a row
	Losses   int              `json:"losses,omitempty"`   // workers that died in a row while hosting it
	// Waiting is set if no host says this: the tenant waits for one, Reason says why,
	// and nothing else has changed.
	Waiting bool      `json:"waiting,omitempty"`
	At      time.Time `json:"at"`
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
	r.RegisterActivityWithOptions(a.Settle, activity.RegisterOptions{Name: SettleActivity})
	r.RegisterActivityWithOptions(a.Look, activity.RegisterOptions{Name: LookActivity})
	r.RegisterActivityWithOptions(a.Applied, activity.RegisterOptions{Name: AppliedActivity})
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
func (w WaitReporter) ReportWaiting(ctx context.Context, of store.Waiting, reason string) error {
	return w.Reports.Report(ctx, of.Tenant, Report{
		Epoch: of.Epoch, Session: of.Session, Reason: reason, Waiting: true, At: time.Now().UTC(),
	})
}

// A WorkerLoss is the details of an error of type EndWorkerLost.
type WorkerLoss struct {
	// Losses is how many workers have died in a row while they hosted the session.
	Losses int `json:"losses"`
}

// WorkerLost is the error that ends the attempt of a worker that died. Temporal tries again
// at once, without the workflow, unless so many workers died of the session that it has to
// wait: that is for the workflow.
func WorkerLost(losses int) error {
	return temporal.NewApplicationErrorWithOptions("the worker was lost", string(flowhq.EndWorkerLost), temporal.ApplicationErrorOptions{
		NextRetryDelay: time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign,
		Details: []any{WorkerLoss{losses}}, NonRetryable: CrashPause(losses) > 0,
	})
}

// life is how long this host runs before it recycles itself: hostLife with a
// tenth of jitter, so that hosts started together do not end together.
func life() time.Duration {
	tenth := int64(hostLife / 10)
	return hostLife + time.Duration(rand.Int64N(2*tenth)-tenth)
}
