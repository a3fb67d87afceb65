package api

import (
	"context"
	"strconv"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// nudgeWithin is how long an answer waits until Temporal has been told of a command. One
// that it is not told of is found by the workers.
const nudgeWithin = 2 * time.Second

// nudgeRest is for how long nobody waits for Temporal after it did not answer in time.
const nudgeRest = 5 * time.Second

type commandRequest struct {
	tenantRef
	Key string // of the request
}

func (r *commandRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Key = b.key()
}

// accepted is a command that is durable, but perhaps not yet applied, and says where to
// see whether it has been.
type accepted struct{ flowhq.TenantCommand }

func (a accepted) location() string {
	return "/admin/tenants/" + string(a.Tenant) + "/commands/" + strconv.FormatInt(a.ID, 10)
}

// command handles POST /admin/tenants/:id/session/<c>.
func (a *API) command(c flowhq.Command) func(context.Context, commandRequest) (accepted, error) {
	return func(ctx context.Context, req commandRequest) (accepted, error) {
		given, name, err := a.Commands.Command(ctx, req.Tenant, store.NewCommand{Command: c, Key: req.Key, Actor: actor})
		if err != nil {
			return accepted{}, err
		}
		if given.AppliedAt == nil {
			a.nudge(ctx, req.Tenant, name)
		}
		return accepted{given}, nil
	}
}

// nudge tells Temporal that there is a command. If it is away, nothing is lost but time,
// and not much of the caller's: only one in a while waits to find out.
func (a *API) nudge(ctx context.Context, tenant flowhq.TenantID, name string) {
	last := a.nudgeFailed.Load()
	if last != nil && time.Since(*last) < nudgeRest {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, nudgeWithin)
	defer cancel()
	if err := a.Nudges.Nudge(ctx, tenant, name); err != nil {
		now := time.Now()
		a.nudgeFailed.Store(&now)
		a.Log.Warn("commands wait until Temporal answers again", "tenant", string(tenant), "err", err)
		return
	}
	a.nudgeFailed.CompareAndSwap(last, nil)
}

// deleteTenant handles DELETE /admin/tenants/:id. To delete what has been
// deleted, or is being deleted this moment, is no error, so that the request may
// be repeated.
func (a *API) deleteTenant(ctx context.Context, req commandRequest) (accepted, error) {
	answer, err := a.command(flowhq.Delete)(ctx, req)
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		return answer, err
	}
	first, none := a.Commands.Deletion(ctx, req.Tenant)
	if flowhq.ErrorCode(none) == flowhq.NotFound {
		return accepted{}, err
	}
	return accepted{first}, none
}

type readCommandRequest struct {
	tenantRef
	ID int64
}

func (r *readCommandRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.ID = b.id("command")
}

// readCommand handles GET /admin/tenants/:id/commands/:command. The one that deleted a
// tenant is found after it.
func (a *API) readCommand(ctx context.Context, req readCommandRequest) (flowhq.TenantCommand, error) {
	return a.Commands.TenantCommand(ctx, req.Tenant, req.ID)
}

type commandsRequest struct {
	tenantRef
	Limit  int
	Before int64
}

func (r *commandsRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Limit = b.number("limit", defaultLimit, 1, maxLimit)
	r.Before = b.position("before")
}

type commandList struct {
	Commands []flowhq.TenantCommand `json:"commands"`
	Next     string                 `json:"next"`
}

// listCommands handles GET /admin/tenants/:id/commands.
func (a *API) listCommands(ctx context.Context, req commandsRequest) (commandList, error) {
	all, next, err := a.Commands.TenantCommands(ctx, req.Tenant, req.Before, req.Limit)
	if err == nil && len(all) == 0 { // of a tenant that is gone, the deletion is left
		_, err = a.Tenants.Tenant(ctx, req.Tenant)
	}
	answer := commandList{Commands: list(all)}
	if next != 0 {
		answer.Next = strconv.FormatInt(next, 10)
	}
	return answer, err
}
