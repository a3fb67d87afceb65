package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/session"
	"github.com/flowhq/flowhq/internal/store"
)

// HostInput names the tenant to host.
type HostInput struct {
	Tenant        flowhq.TenantID `json:"tenant"`
	flowhq.Counts                 // of earlier Hosts, without a stable session since
	// Epoch is that of the newest host that the workflow has heard of. This one's is higher,
	// whatever the row says, which may be an older backup's.
	Epoch int64 `json:"epoch,omitempty"`
}

// Host hosts a tenant's session until it ends: see [session.Process.Run], which is all of it
// but for Temporal. How Host returns decides what happens next:
//
//   - A transition and nil, if the session had been online for [flowhq.StableFor] and then
//     lost its connection, renewed itself, or was taken over by a newer host. The workflow
//     starts the next host at once, its backoff anew.
//   - An error whose type is its [flowhq.Ending], and whose details have the transition. It
//     says when Temporal tries again: after a backoff, or soon if the cause is not the
//     session's own, such as a worker that stops or a database that is away; or not at all:
//     a person must act, or a ban must end.
//   - The context's error, if it was told to hang up; or EndStopped, not to be retried, if
//     Temporal could not tell it so and the rows did.
//
// What follows an end, [flowhq.Next] decides.
func (a *Activities) Host(ctx context.Context, in HostInput) (flowhq.Transition, error) {
	// A first attempt goes on with the workflow's counts, any other with its heartbeat's.
	before := hosting.Status{Counts: in.Counts}
	before.Outages = 0 // of a Host that has ended, which may have been stable since
	if activity.HasHeartbeatDetails(ctx) {
		var last hosting.Status // of the attempt before; another version's may not be readable
		// Otherwise the workflow's own counts hold.
		if activity.GetHeartbeatDetails(ctx, &last) == nil {
			before = last
		}
	}
	to := session.Input{Tenant: in.Tenant, Floor: in.Epoch, Before: before}
	out, err := a.Sessions.Run(ctx, to, attempt{a, ctx, in.Tenant})
	if err != nil {
		return flowhq.Transition{}, err
	}
	next, err := leave(out)
	// A worker that stops ends all of its hosts, and says so once and not for each.
	if err != nil && out.Ending != flowhq.EndDraining {
		a.Log.Info("host ended", "tenant", string(in.Tenant), "err", err)
	}
	return next, err
}

// leave is how a Host returns: it completes where the workflow is to start the next one at
// once, and otherwise fails with an error of type out.End that has the transition in its
// details. Temporal tries again by itself, without waking the workflow, unless the
// transition says that the workflow must wait. Only an error that is tried again has its cause:
// the others stay in the workflow's history, and a cause may hold addresses and SQL.
func leave(out session.Outcome) (flowhq.Transition, error) {
	t := out.Transition
	o := temporal.ApplicationErrorOptions{
		Details: []any{t},
		// What is no failure of the session is no error in Temporal's metrics either.
		Category: temporal.ApplicationErrorCategoryBenign,
	}
	switch {
	case t.Retry == flowhq.RetryAtOnce:
		return t, nil
	case t.Retry != flowhq.RetryAfterDelay: // a person must act, or a time must come
		o.NonRetryable = true
	default:
		o.NextRetryDelay, o.Cause = t.Delay, out.Cause
		if t.IsFailure() {
			o.Category = temporal.ApplicationErrorCategoryUnspecified
		}
	}
	return flowhq.Transition{}, temporal.NewApplicationErrorWithOptions(
		t.Reason, string(t.Ending), o)
}

// errDraining ends an activity whose worker is stopping: another one takes over at once.
var _, errDraining = leave(session.Outcome{Transition: flowhq.Next(flowhq.Before{Wanted: true},
	flowhq.End{Ending: flowhq.EndDraining, Reason: "moving to another worker"})})

// WorkerLost is the error that ends the attempt of a worker that died. Temporal tries again
// at once, without the workflow, unless so many workers died of the session that it has to
// wait: that is for the workflow. counts has this loss already, if it is counted at all.
func WorkerLost(counts flowhq.Counts) error {
	end := flowhq.End{
		Ending: flowhq.EndWorkerLost, Reason: hosting.LossReason, At: time.Now(), Counted: true,
	}
	next := flowhq.Next(flowhq.Before{Wanted: true, Counts: counts}, end)
	return temporal.NewApplicationErrorWithOptions(
		"the worker was lost", string(flowhq.EndWorkerLost),
		temporal.ApplicationErrorOptions{
			// 0 would leave the delay to the policy.
			NextRetryDelay: time.Millisecond, Category: temporal.ApplicationErrorCategoryBenign,
			Details: []any{next}, NonRetryable: next.Retry != flowhq.RetryAtOnce,
		})
}

// An attempt is one attempt at Host, as its session sees it: a [session.Attempt].
type attempt struct {
	*Activities
	ctx    context.Context // of the activity
	tenant flowhq.TenantID
}

// Beat records a heartbeat. The SDK sends it, and cancels ctx if Temporal says so.
func (a attempt) Beat(now hosting.Status) { activity.RecordHeartbeat(a.ctx, now) }

// Ask records a heartbeat past the SDK.
func (a attempt) Ask(ctx context.Context, now hosting.Status) error {
	return a.Beats.RecordActivityHeartbeat(ctx, activity.GetInfo(a.ctx).TaskToken, now)
}

// IsOrder reports whether Temporal says that this host is not wanted any more, rather than
// that Temporal could not be reached.
func (a attempt) IsOrder(err error) bool {
	// Temporal does not know the attempt any more: its workflow has given it up.
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return true
	}
	// A cancelled context alone is no order: the SDK cancels it when it gives up, too.
	return temporal.IsCanceledError(err) || errors.Is(err, activity.ErrActivityPaused) ||
		errors.Is(err, activity.ErrActivityReset)
}

// Lose ends this attempt by its token, with the loss counted.
func (a attempt) Lose(ctx context.Context, last hosting.Status) error {
	// By its token Temporal ends this attempt and no later one.
	info := activity.GetInfo(a.ctx)
	return a.Attempts.Lose(ctx, a.tenant, &hosting.Attempt{
		RunID: info.WorkflowExecution.RunID, ActivityID: info.ActivityID, Number: info.Attempt,
		Worker: a.Name, Token: info.TaskToken,
	}, last.AfterLoss(last.Stable))
}

// A WaitReporter tells tenants' workflows, by reports, what the tenants wait for.
type WaitReporter struct{ Reports session.Reporter }

// ReportWaiting says that a tenant waits, and that nothing else has changed.
func (w WaitReporter) ReportWaiting(
	ctx context.Context, of store.Waiting, why flowhq.Wait, reason string,
) error {
	t := flowhq.Transition{State: of.Session, WaitingFor: why, Reason: reason}
	return w.Reports.Report(ctx, of.Tenant, session.Report{
		Epoch: of.Epoch, Transition: t, At: time.Now().UTC(),
	})
}
