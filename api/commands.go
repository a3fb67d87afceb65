package api

import (
	"context"
	"strconv"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds on what a caller waits for Temporal, which the command does not need.
const (
	// signalTimeout is how long an answer waits for Temporal. A command that Temporal does not know
	// of is found by the workers' reconciler within seconds. Two seconds leave most of
	// handleTimeout to the database, which the command does need.
	signalTimeout = 2 * time.Second
	// signalPause is for how long nobody waits for Temporal after it did not answer in time.
	signalPause = 5 * time.Second
)

// commandRequest is a command to one tenant.
type commandRequest struct {
	tenantRef
	// Key is the Idempotency-Key, by which a repeated request gives no second command.
	Key string
}

func (r *commandRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Key = b.key()
}

// commandAccepted is a command that is durable, but perhaps not applied yet. Its location is where
// to see whether it has been. The status is 202 even where it was applied long ago, so that a
// repeated request looks like the first.
type commandAccepted struct{ flowhq.TenantCommand }

// location is where it can be read what has come of the command.
func (a commandAccepted) location() string {
	return "/admin/tenants/" + string(a.Tenant) + "/commands/" + strconv.FormatInt(a.ID, 10)
}

// command handles POST /admin/tenants/:id/session/<c>. The command is a row before it is
// answered; the signal that follows only makes it faster.
func (a *API) command(
	c flowhq.Command,
) func(context.Context, commandRequest) (commandAccepted, error) {
	return func(ctx context.Context, req commandRequest) (commandAccepted, error) {
		given, name, err := a.Commands.Command(ctx, req.Tenant,
			store.NewCommand{Command: c, Key: req.Key, Actor: actor(ctx)})
		if err != nil {
			return commandAccepted{}, err
		}
		// A repeated request may find a command that was applied long ago, for which nobody need be
		// called.
		if given.AppliedAt == nil {
			a.signal(ctx, req.Tenant, name)
		}
		// The key may have been used first by an operator, whose name a tenant's user does not
		// learn.
		given.Actor = shownActor(ctx, given.Actor)
		return commandAccepted{given}, nil
	}
}

// signal tells Temporal that there is a command. If Temporal is away, nothing is lost but
// time, and little of the caller's: after one request has waited in vain, the next ones do
// not wait for a while.
func (a *API) signal(ctx context.Context, tenant flowhq.TenantID, name string) {
	last := a.signalFailed.Load()
	if last != nil && time.Since(*last) < signalPause {
		return
	}
	// A caller who hangs up ends the signal with the request. The reconciler finds the command.
	ctx, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	if err := a.Signals.Signal(ctx, tenant, name); err != nil {
		now := time.Now()
		a.signalFailed.Store(&now)
		a.Log.Warn("commands wait until Temporal answers again",
			"tenant", string(tenant), "err", err)
		return
	}
	// Only the failure that was seen at the start is taken back: a newer one still holds.
	a.signalFailed.CompareAndSwap(last, nil)
}

// deleteTenant handles DELETE /admin/tenants/:id. It is no error to delete a tenant that has been
// deleted, or is being deleted this moment, so that the request may be repeated. The answer is then
// the first deletion, with its time (TestDeleteWhatIsGone). A tenant that never was is 404.
func (a *API) deleteTenant(ctx context.Context, req commandRequest) (commandAccepted, error) {
	answer, err := a.command(flowhq.Delete)(ctx, req)
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		return answer, err
	}
	// The command that deleted a tenant outlives the tenant, so a repeated request can be answered.
	first, none := a.Commands.Deletion(ctx, req.Tenant)
	if flowhq.ErrorCode(none) == flowhq.NotFound {
		return commandAccepted{}, err
	}
	return commandAccepted{first}, none
}

// commandRef is a request about one command.
type commandRef struct {
	tenantRef
	ID int64
}

func (r *commandRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.ID = b.id("command")
}

// readCommand handles GET /admin/tenants/:id/commands/:command. The command that deleted a
// tenant can be read when the tenant is gone.
func (a *API) readCommand(
	ctx context.Context, req commandRef,
) (flowhq.TenantCommand, error) {
	c, err := a.Commands.TenantCommand(ctx, req.Tenant, req.ID)
	c.Actor = shownActor(ctx, c.Actor)
	return c, err
}

// commandList is a page of commands.
type commandList struct {
	Commands []flowhq.TenantCommand `json:"commands"`
	Next     string                 `json:"next"`
}

// listCommands handles GET /admin/tenants/:id/commands.
func (a *API) listCommands(
	ctx context.Context, req pageRequest,
) (answer commandList, err error) {
	page, next, err := a.Commands.TenantCommands(ctx, req.Tenant, req.Before, req.Limit)
	for i := range page {
		page[i].Actor = shownActor(ctx, page[i].Actor)
	}
	// A deleted tenant has its deletion left, so an empty page is that of no tenant.
	answer.Commands, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}
