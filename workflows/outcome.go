package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// An outcome is what the end of a host means for the tenant.
type outcome struct {
	session flowhq.SessionState
	tenant  flowhq.TenantStatus
	worker  flowhq.WorkerStatus
	reason  string // for an operator
	event   string // "" = the host has recorded it itself
	// attention asks for a person: the tenant stays off the air until then.
	attention bool
}

// judge turns the end of a host into an outcome, and gives up wanting the
// session where only a person can help.
func (t *tenant) judge(ended activities.Ended, err error) outcome {
	if !t.Wanted { // stop or delete; however the host ended
		return outcome{
			session: flowhq.Disconnected, tenant: flowhq.TenantPaused, worker: flowhq.WorkerStopped,
			reason: "stopped by an operator", event: "WORKER_STOPPED",
		}
	}
	again := outcome{session: flowhq.Disconnected, tenant: flowhq.TenantReconnecting, worker: flowhq.WorkerStarting}
	var (
		app     *temporal.ApplicationError
		timeout *temporal.TimeoutError
	)
	switch {
	case err == nil:
		again.reason = ended.Reason
	case errors.As(err, &app) && app.Type() == activities.Gone:
		t.Wanted, t.gone = false, true
		return final(app)
	case errors.As(err, &app) && activities.Final(app.Type()) && !t.again:
		t.Wanted = false
		return final(app)
	case errors.As(err, &timeout):
		again.reason, again.event = "the worker was lost; moved to another one", "WORKER_LOST"
	case temporal.IsCanceledError(err):
		again.reason = "restarted by an operator"
	case app != nil:
		again.reason, again.event = app.Message(), "WORKER_FAILED"
	default:
		again.reason, again.event = err.Error(), "WORKER_FAILED"
	}
	return again
}

// final is the outcome of an end that retrying cannot mend.
func final(app *temporal.ApplicationError) outcome {
	o := outcome{
		session: flowhq.Disconnected, tenant: flowhq.TenantError, worker: flowhq.WorkerError,
		reason: app.Message(), attention: true,
	}
	switch app.Type() {
	case activities.LoggedOut:
		o.session, o.event = flowhq.LoggedOut, "SESSION_LOGGED_OUT"
	case activities.Banned:
		o.session, o.event = flowhq.Banned, "SESSION_BANNED"
	case activities.QRExpired:
		o.tenant, o.worker, o.event = flowhq.TenantPaused, flowhq.WorkerStopped, "QR_EXPIRED"
	default:
		o.event = "SESSION_REFUSED"
	}
	return o
}

// settle records an outcome where the host could not: in Postgres and in what
// the Web UI shows. Where the next host follows at once, Postgres is left to
// that host's claim.
func (t *tenant) settle(ctx workflow.Context, o outcome) error {
	if o.session != t.Session {
		t.Since = workflow.Now(ctx)
	}
	t.Session, t.Reason, t.Attention = o.session, o.reason, o.attention
	if err := t.show(ctx); err != nil {
		return err
	}
	if t.Wanted && o.event == "" {
		return nil
	}
	ctx = workflow.WithActivityOptions(ctx, activities.SettleOptions())
	return workflow.ExecuteActivity(ctx, activities.SettleActivity, activities.SettleInput{
		Tenant: t.Tenant, Session: o.session, Status: o.tenant, Worker: o.worker, Reason: o.reason, Event: o.event,
	}).Get(ctx, nil)
}
