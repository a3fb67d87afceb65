package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// An outcome is what the end of a host means for the tenant.
type outcome struct {
	session flowhq.SessionState
	tenant  flowhq.TenantStatus
	worker  flowhq.HostStatus
	ending  flowhq.EndReason // "" = nothing has ended
	reason  string           // for an operator
	event   string           // "" = the host has recorded it itself
	retryAt time.Time        // when it is tried again, if it waits for that
}

// starting is the outcome of a start: a host is wanted, and there is none yet.
var starting = outcome{
	session: flowhq.Disconnected, reason: activities.WaitingForWorker,
	worker: flowhq.HostStarting, event: "WORKER_STARTING",
}

// stopped is the outcome of a stop, however the host ended.
var stopped = outcome{
	session: flowhq.Disconnected, tenant: flowhq.TenantPaused, worker: flowhq.HostStopped,
	ending: flowhq.EndStopped, reason: "stopped by an operator", event: flowhq.EndStopped.Event(),
}

// superseded is the outcome of a force-restart, which fences the host that it does
// not wait for.
var superseded = outcome{
	session: flowhq.Disconnected, worker: flowhq.HostStarting,
	ending: flowhq.EndReplacedByUs, reason: "force-restarted by an operator", event: flowhq.EndReplacedByUs.Event(),
}

// judge turns the end of a host, which is now, into an outcome, and gives up wanting
// the session where only a person can help.
func (t *tenant) judge(ended activities.Ended, err error, now time.Time) outcome {
	if !t.Wanted {
		return stopped
	}
	again := outcome{session: flowhq.Disconnected, tenant: flowhq.TenantReconnecting, worker: flowhq.HostStarting}
	var (
		app     *temporal.ApplicationError
		timeout *temporal.TimeoutError
	)
	switch {
	case err == nil:
		again.ending, again.reason = ended.Ending, ended.Reason
		if ended.Ending != flowhq.EndReplacedByUs {
			t.Failures, t.Losses = 0, 0 // else it would not have ended like this
		}
	case errors.As(err, &timeout): // whose cause may be how an earlier attempt ended
		// It fell silent up to a timeout ago.
		stable := t.Session == flowhq.Connected && now.Sub(t.Since) >= activities.StableFor+t.timing.Timeout()
		if stable {
			t.Failures, t.Losses = 0, 0 // the host would have said so at its end
		} else {
			t.Losses++
		}
		return t.workerLost(again, now)
	case temporal.IsCanceledError(err):
		again.ending, again.reason = flowhq.EndRestarted, "restarted by an operator"
		again.tenant, again.event = "", again.ending.Event()
	case errors.As(err, &app):
		return t.judgeError(app, again, now)
	default:
		again.ending, again.reason = flowhq.EndFailed, err.Error()
		again.event = again.ending.Event()
	}
	return again
}

// workerLost is the outcome for a session whose worker was lost. The next one follows
// at once, unless it may be the session that the last few died of.
func (t *tenant) workerLost(again outcome, now time.Time) outcome {
	again.ending, again.reason = flowhq.EndWorkerLost, "the worker was lost; moved to another one"
	if pause := activities.CrashPause(t.Losses); pause > 0 && !t.again {
		again = outcome{
			session: flowhq.Disconnected, tenant: flowhq.TenantError, worker: flowhq.HostError,
			ending: flowhq.EndCrashLoop, reason: fmt.Sprintf("the last %d workers died while hosting it", t.Losses),
			retryAt: now.Add(pause),
		}
	}
	again.event = again.ending.Event()
	return again
}

// judgeError is judge for a host that ended with an error of its own, whose type is
// the reason. again is the outcome if it is to be tried again at once.
func (t *tenant) judgeError(app *temporal.ApplicationError, again outcome, now time.Time) outcome {
	reason := flowhq.EndReason(app.Type())
	again.ending, again.reason = reason, app.Message()
	switch {
	case reason == flowhq.EndGone:
		t.Wanted, t.gone = false, true
		return final(app)
	case reason == flowhq.EndStopped && !t.again: // the host has read the command in the rows
		t.Wanted = false
		return stopped
	case reason.Final() && !t.again:
		o := final(app)
		t.Wanted = !o.retryAt.IsZero()
		return o
	case reason == flowhq.EndWorkerLost: // found out by another worker
		var lost activities.WorkerLoss
		if app.Details(&lost) == nil {
			t.Losses = lost.Losses
		}
		return t.workerLost(again, now)
	case reason.Final(): // the host has not recorded it
		again.event = reason.Event()
	case slices.Contains(flowhq.EndReasons, reason): // the host has recorded it
	default: // the SDK's own, such as a panic
		again.ending = flowhq.EndFailed
		again.event = again.ending.Event()
	}
	return again
}

// final is the outcome of an end that only a person can mend, or time.
func final(app *temporal.ApplicationError) outcome {
	reason := flowhq.EndReason(app.Type())
	o := outcome{
		session: reason.SessionState(), tenant: flowhq.TenantError, worker: flowhq.HostError,
		ending: reason, reason: app.Message(), event: reason.Event(),
	}
	switch reason {
	case flowhq.EndQRExpired: // nothing is wrong
		o.tenant, o.worker = flowhq.TenantPaused, flowhq.HostStopped
	case flowhq.EndTempBanned:
		var ban activities.Ban
		if app.Details(&ban) == nil {
			o.retryAt = ban.Until
		}
	default:
	}
	return o
}

// keepsFailing reports whether the session, or what hosts it, has failed so often that a
// person should look, whatever its state is now.
func (t *tenant) keepsFailing() bool {
	return t.Failures >= activities.FlappingAfter || t.Losses >= activities.CrashLoopAfter
}

// settle records an outcome where the host could not: in Postgres and in what
// the Web UI shows. Where the next host follows at once, Postgres is left to
// that host's claim.
func (t *tenant) settle(ctx workflow.Context, o outcome) error {
	if o.session != t.Session {
		t.Since = workflow.Now(ctx)
	}
	t.Session, t.Reason, t.RetryAt = o.session, o.reason, o.retryAt
	if o.ending != "" {
		t.Ending, t.EndedAt = o.ending, workflow.Now(ctx)
	}
	t.Attention = o.ending.Attention() || t.keepsFailing()
	if err := t.show(ctx); err != nil {
		return err
	}
	if t.Wanted && o.event == "" {
		return t.mark(ctx)
	}
	ctx = workflow.WithActivityOptions(ctx, activities.SettleOptions())
	err := workflow.ExecuteActivity(ctx, activities.SettleActivity, activities.SettleInput{
		Tenant: t.Tenant, Session: o.session, Status: o.tenant, Worker: o.worker,
		Reason: o.reason, Ending: o.ending, RetryAt: o.retryAt, Event: o.event, Epoch: t.Epoch, Marks: t.taken,
	}).Get(ctx, nil)
	if err != nil {
		return err
	}
	t.taken, t.written = nil, t.written+1
	return nil
}
