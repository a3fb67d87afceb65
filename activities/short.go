package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A StateInput is a transition that the tenant's workflow has decided on, or takes over from
// a host that could not record it.
type StateInput struct {
	Tenant flowhq.TenantID `json:"tenant"`
	flowhq.Transition
	Epoch    int64                  `json:"epoch,omitempty"`    // of the newest known host
	Outcomes []store.CommandOutcome `json:"outcomes,omitempty"` // of the commands that led to it
}

// RecordState records the state of a tenant that has no host. It fences whatever host there
// may still be, so that none can say otherwise later.
func (a *Activities) RecordState(ctx context.Context, in StateInput) error {
	err := a.Store.RecordState(ctx, in.Tenant, in.Transition, in.Epoch, in.Outcomes)
	if err != nil {
		return err
	}
	// Ends are counted where they are noticed; these a host cannot notice.
	switch in.Ending {
	case flowhq.EndStopped, flowhq.EndRestarted, flowhq.EndReplacedByUs,
		flowhq.EndWorkerLost, flowhq.EndCrashLoop:
		a.Metrics.Ended(in.Ending) // the host does not know, or is no more
	default: // the host has counted it
	}
	return nil
}

// A ReadInput names the tenant to read.
type ReadInput struct {
	Tenant flowhq.TenantID `json:"tenant"`
	// Installation is whose tenant it is; "" if the workflow does not know.
	Installation string `json:"installation,omitempty"`
	After        int64  `json:"after,omitempty"` // only commands with a higher id are of interest
}

// A Snapshot is what the rows say of a tenant.
type Snapshot struct {
	Gone     bool            `json:"gone,omitempty"` // there is no such tenant; the rest is empty
	Name     string          `json:"name"`
	Template flowhq.Template `json:"template"`
	// NeedsHost is whether the session is wanted and no person has to act first.
	NeedsHost bool `json:"needs_host"`
	// Quiet is whether the rows say that nothing runs, and nothing will by itself.
	Quiet bool  `json:"quiet"`
	Epoch int64 `json:"epoch"` // of the newest host, by its row
	// How the session is, for a workflow that begins.
	RetryAt    time.Time           `json:"retry_at,omitzero"` // when it is tried again by itself
	Session    flowhq.SessionState `json:"session"`
	Reason     string              `json:"reason,omitempty"`
	WaitingFor flowhq.Wait         `json:"waiting_for,omitempty"`
	Ending     flowhq.Ending       `json:"ending,omitempty"`
	Commands   []Asked             `json:"commands,omitempty"` // that are not applied yet, in order
	More       bool                `json:"more,omitempty"`     // there are further commands
}

// Asked is a command that somebody has given.
type Asked struct {
	ID      int64          `json:"id"`
	Key     string         `json:"key,omitempty"` // of the request
	Command flowhq.Command `json:"command"`
}

// ReadTenant returns what the rows say of a tenant. Another installation's database knows none
// of ours, which is an error rather than the tenant's end; so it is where the tenant is
// another installation's, whose Temporal this worker should not be at.
func (a *Activities) ReadTenant(ctx context.Context, in ReadInput) (Snapshot, error) {
	// The id travels with the workflow, so a namespace that was mixed up is noticed here.
	if ours := a.Store.Installation(); in.Installation != "" && in.Installation != ours {
		return Snapshot{}, flowhq.Errorf(flowhq.Unavailable,
			"tenant %s is of another installation, %s; this worker serves %s",
			in.Tenant, in.Installation, ours)
	}
	// One statement, so that commands and state are of one moment.
	v, err := a.Store.TenantSnapshot(ctx, in.Tenant, in.After)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		// An error would be tried again for ever, and the workflow has nothing left to run for.
		return Snapshot{Gone: true}, nil
	}
	if err != nil {
		return Snapshot{}, err
	}
	// What a workflow remembers must not change with the columns of a table.
	seen := Snapshot{
		Name: v.Name, Template: v.Template, NeedsHost: v.NeedsHost, Quiet: v.Quiet, Epoch: v.Epoch,
		Session: v.State, Reason: v.Reason, Ending: v.Ending, WaitingFor: v.WaitingFor,
		More: v.More,
	}
	if v.RetryAt != nil {
		seen.RetryAt = *v.RetryAt
	}
	for _, c := range v.Commands {
		seen.Commands = append(seen.Commands, Asked{ID: c.ID, Key: c.Key, Command: c.Command})
	}
	return seen, nil
}

// An OutcomesInput is what has come of commands of a tenant.
type OutcomesInput struct {
	Tenant   flowhq.TenantID        `json:"tenant"`
	Outcomes []store.CommandOutcome `json:"outcomes"`
}

// RecordOutcomes notes what has come of commands that changed nothing. It may be repeated.
func (a *Activities) RecordOutcomes(ctx context.Context, in OutcomesInput) error {
	return a.Store.RecordOutcomes(ctx, in.Tenant, in.Outcomes)
}

// EraseInput names the tenant to erase.
type EraseInput struct {
	Tenant flowhq.TenantID `json:"tenant"`
}

// Erase unlinks the tenant's device on WhatsApp, then deletes its keys and its
// rows. It may be repeated. Of a tenant that nobody has asked to delete it erases nothing,
// whoever may have had a workflow say so.
func (a *Activities) Erase(ctx context.Context, in EraseInput) error {
	if _, err := a.Store.Deletion(ctx, in.Tenant); flowhq.ErrorCode(err) == flowhq.NotFound {
		a.Log.Warn("erased nothing: no command says so", "tenant", string(in.Tenant))
		return nil
	} else if err != nil {
		return err
	}
	// The phone first, then the keys, then the rows: an attempt that is cut off in between
	// finds out by the rows what is left to do.
	device, err := a.Store.Device(ctx, in.Tenant)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return nil // erased by an earlier attempt
	}
	if err != nil {
		return err
	}
	if device != "" {
		beat := func() { activity.RecordHeartbeat(ctx) }
		if err := a.Sessions.Unlink(ctx, in.Tenant, device, beat); err != nil {
			// The data goes all the same. The owner can remove the device on the phone.
			a.Log.Warn("could not unlink the phone", "tenant", string(in.Tenant), "err", err)
		}
		if err := a.Network.Keys.Forget(ctx, device); err != nil {
			return fmt.Errorf("forget device: %w", err)
		}
		// Or the next attempt, if the rows cannot be erased now, would dial again.
		if err := a.Store.ForgetDevice(ctx, in.Tenant, device); err != nil {
			return err
		}
	}
	return a.Store.Erase(ctx, in.Tenant, "workflow")
}
