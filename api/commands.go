package api

import (
	"context"

	"github.com/flowhq/flowhq"
)

type commandRequest struct {
	tenantRef
	ID string // of the request
}

func (r *commandRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.ID = b.requestID()
}

// accepted says that a command is durable, but not yet obeyed.
type accepted struct {
	Command   flowhq.Command `json:"command"`
	RequestID string         `json:"request_id"`
}

// command handles POST /admin/tenants/:id/worker/<c>.
func (a *API) command(c flowhq.Command) func(context.Context, commandRequest) (accepted, error) {
	return func(ctx context.Context, req commandRequest) (accepted, error) {
		t, err := a.Tenants.Tenant(ctx, req.Tenant)
		if err != nil {
			return accepted{}, err // do not start a workflow for a tenant that is not there
		}
		return a.send(ctx, t, c, req.ID)
	}
}

// deleteTenant handles DELETE /admin/tenants/:id. To delete what has been
// deleted, or is being deleted this moment, is no error, so that the request may
// be repeated.
func (a *API) deleteTenant(ctx context.Context, req commandRequest) (accepted, error) {
	answer, err := a.command(flowhq.Delete)(ctx, req)
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		return answer, err
	}
	erased, erasedErr := a.Tenants.Erased(ctx, req.Tenant)
	if erasedErr != nil {
		return accepted{}, erasedErr
	}
	if !erased {
		return accepted{}, err
	}
	return accepted{flowhq.Delete, req.ID}, nil
}

// send records who asked for a command, then sends it. In this order a command
// is never obeyed without a trace; one that could not be sent has its trace all
// the same, which says no more than that it was asked for.
func (a *API) send(ctx context.Context, t flowhq.Tenant, c flowhq.Command, requestID string) (accepted, error) {
	err := a.Logs.AddEvent(ctx, flowhq.Event{
		Tenant: t.ID, Type: c.Requested(), Actor: actor, Reason: "request " + requestID,
	})
	if err != nil {
		return accepted{}, err
	}
	return accepted{c, requestID}, a.Commands.Send(ctx, t, c, requestID, actor)
}
