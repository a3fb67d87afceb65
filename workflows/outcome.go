package workflows

import (
	"cmp"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/session"
)

// forceRestarted is what follows for a tenant whose host a force-restart does not wait for. That
// host learns by its epoch that it was replaced. Its own account of its end would come too late to
// decide anything.
func (t *tenant) forceRestarted() flowhq.Transition {
	return flowhq.Next(flowhq.Before{Wanted: true, Again: true, Counts: t.Counts},
		flowhq.End{Ending: flowhq.EndReplacedByUs, Reason: "force-restarted by an operator"})
}

// afterHost decides what follows the end of a host, which is now. recorded is whether the
// host has written it to the rows itself: it has where the next attempt or the next host
// follows without a decision of this workflow.
//
// An activity ends in more ways than its code has: with a result, with an error of its own, by a
// timeout that the server found, by cancellation, or by a fault of the SDK. The timeout is looked
// at first, because Temporal wraps the error of the last attempt into it, and that error is old.
func (t *tenant) afterHost(
	said flowhq.Transition, err error, now time.Time,
) (next flowhq.Transition, recorded bool) {
	// While a host runs, only a command changes whether one is needed.
	before := flowhq.Before{Wanted: t.NeedsHost, Again: t.startAgain, Counts: t.Counts}
	var (
		app     *temporal.ApplicationError
		timeout *temporal.TimeoutError
	)
	switch {
	case !t.NeedsHost:
		return flowhq.Stopped(t.Counts), false
	case err == nil:
		if said.Ending == flowhq.EndReplacedByUs {
			said.Counts = t.Counts // it was not the newest host, and does not know
		}
		return said, true
	case errors.As(err, &timeout): // whose cause may be how an earlier attempt ended
		// The host fell silent up to a timeout ago.
		stable := t.Session == flowhq.Connected &&
			now.Sub(t.Since) >= flowhq.StableFor+t.timing.Timeout()
		before.Stable = stable
		return flowhq.Next(before, lostWorker(now, false)), false
	case temporal.IsCanceledError(err):
		return flowhq.Next(before, flowhq.End{
			Ending: flowhq.EndRestarted, Reason: "restarted by an operator",
		}), false
	case errors.As(err, &app):
		return t.afterError(app, before, now)
	default:
		return unclassified(before, err.Error(), now), false
	}
}

// afterError is afterHost for a host that ended with an error of its own, whose type is the
// reason, and whose details are what the host thinks follows.
func (t *tenant) afterError(
	app *temporal.ApplicationError, before flowhq.Before, now time.Time,
) (next flowhq.Transition, recorded bool) {
	var said flowhq.Transition
	if app.Details(&said) == nil && !t.startAgain { // else the command has set the counts to 0
		before.Counts = said.Counts
	}
	end := flowhq.End{
		Ending: flowhq.Ending(app.Type()), Reason: app.Message(), Until: said.RetryAt,
	}
	switch {
	case end.Ending == flowhq.EndWorkerLost: // found out, and counted, by another worker
		return flowhq.Next(before, lostWorker(now, true)), false
	case end.Ending.NonRetryable(): // the host has left it to this workflow
		return flowhq.Next(before, end), false
	case !end.Ending.Known(): // the SDK's own error, such as a panic, or a newer worker's word
		return unclassified(before, end.Reason, now), false
	default: // an attempt that Temporal did not repeat
		before.Again, before.Counts = true, t.Counts
		return flowhq.Next(before, end), true
	}
}

// unclassified is what follows an end that this version has no word for: another host after the
// backoff of a failure, or at once if a command asks for it. Temporal has no attempt left to delay,
// so the workflow waits. Without the wait a host that cannot start would log in again and again.
func unclassified(before flowhq.Before, text string, now time.Time) flowhq.Transition {
	next := flowhq.Next(before, flowhq.End{Ending: flowhq.EndFailed, Reason: text})
	if next.Retry == flowhq.RetryAfterDelay {
		next.Retry, next.RetryAt, next.Delay = flowhq.RetryAtTime, now.Add(next.Delay), 0
	}
	return next
}

// lostWorker is the end of a session whose worker was found to be lost now. counted is true where
// the worker that found it out has raised the losses already, so that one death is not counted
// twice.
func lostWorker(now time.Time, counted bool) flowhq.End {
	return flowhq.End{
		Ending: flowhq.EndWorkerLost, Reason: "the worker was lost; moved to another one",
		At: now, Counted: counted,
	}
}

// enter makes a transition and records it where no host does: in the rows and in what the Web UI
// shows. Recording is an ordinary activity, retried until it succeeds: the database may be away for
// hours, and a local activity would hold the workflow task for as long. The marks of applied
// commands go in the same transaction, so a command is never marked done without its effect.
func (t *tenant) enter(ctx workflow.Context, next flowhq.Transition) error {
	if err := t.adopt(ctx, next); err != nil {
		return err
	}
	ctx = workflow.WithActivityOptions(ctx, activities.RecordStateOptions())
	err := workflow.ExecuteActivity(ctx, activities.RecordStateActivity, activities.StateInput{
		Tenant: t.Tenant, Transition: next, Epoch: t.Epoch, Outcomes: t.applying,
	}).Get(ctx, nil)
	if err != nil {
		return err
	}
	t.applying, t.writes = nil, t.writes+1
	return nil
}

// adopt makes a transition known to this workflow and to the Web UI only: the rows say it, or the
// next host's claim will.
func (t *tenant) adopt(ctx workflow.Context, next flowhq.Transition) error {
	if next.State != t.Session {
		t.Since = workflow.Now(ctx)
	}
	t.Session, t.Reason, t.WaitingFor = next.State, next.Reason, next.WaitingFor
	t.RetryAt, t.Counts, t.Attention = next.RetryAt, next.Counts, next.Attention()
	if next.Ending != "" {
		t.Ending, t.EndedAt = next.Ending, workflow.Now(ctx)
	}
	return t.show(ctx)
}

// receiveReport receives one report of a host and shows it. Reports of older hosts are late
// news and are dropped, as are those of epochs that no host can have had. Anybody who can send
// a signal can make one up: whatever epoch that names, what the host that the rows know says
// later is received.
//
// The counts are bounded for the same reason. They decide how long the next pause is, and a forged
// report must not be able to keep a session down (TestForgedReports).
func (t *tenant) receiveReport(ctx workflow.Context, c workflow.ReceiveChannel) {
	var r session.Report
	c.Receive(ctx, &r)
	late := r.Epoch < t.Epoch && !r.At.After(t.reportedAt)
	if late || r.Epoch < t.readEpoch || r.Epoch-maxEpochStep > t.Epoch {
		return
	}
	t.Epoch, t.reportedAt = max(t.Epoch, r.Epoch), r.At
	if now := workflow.Now(ctx); now.Before(t.reportedAt) {
		t.reportedAt = now
	}
	if r.State != t.Session {
		t.Since = r.At
	}
	t.Session, t.Reason, t.WaitingFor = r.State, r.Reason, r.WaitingFor
	if r.WaitingFor != "" {
		_ = t.show(ctx) // as below
		return
	}
	t.Worker = r.Worker
	end := cmp.Or(r.Ending, r.Earlier)
	if end != "" {
		t.Ending, t.EndedAt = end, r.At
	}
	// A report alone causes no pause, nor one that is longer than what is known.
	t.Counts = flowhq.Counts{
		Failures: clamp(r.Failures, max(t.Failures, maxReportedFailures)),
		Losses:   clamp(r.Losses, max(t.Losses, flowhq.CrashLoopAfter-1)),
		Outages:  clamp(r.Outages, flowhq.MaxOutages),
	}
	t.Attention = flowhq.Transition{State: r.State, Ending: end, Counts: t.Counts}.Attention()
	_ = t.show(ctx) // fails only if the workflow itself is ending
}

// clamp returns n, or the nearest number from 0 to most.
func clamp(n, most int) int { return min(max(n, 0), most) }
