package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// bulkLimit bounds one page of a Bulk in one attempt. Pages take seconds.
	bulkLimit = 10 * time.Minute
	// firstRest and longestRest are the pauses before the next try. They pass within
	// the attempt: one that Temporal has not begun again when the bulk is cancelled
	// could not say how far it came.
	firstRest   = 500 * time.Millisecond
	longestRest = 5 * time.Second
)

// BulkOptions is how a workflow schedules SendBulk: until it succeeds. Told to end,
// it still says how far it came.
func BulkOptions(t hosting.Timing, summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		StartToCloseTimeout: bulkLimit,
		HeartbeatTimeout:    silence(t),
		WaitForCancellation: true,
		Summary:             summary,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second,
		},
	}
}

// signalWithin is how long a command may wait for Temporal. One that it is not told of is
// found by the reconciler.
const signalWithin = 2 * time.Second

// A Signaler has a tenant's workflow look at its rows, and starts it if it does not run.
// workflows.Client is one.
type Signaler interface {
	Signal(ctx context.Context, tenant flowhq.TenantID, name string) error
}

// BulkPage is a part of a Bulk.
type BulkPage struct {
	Command   flowhq.Command `json:"command"`
	RequestID string         `json:"request_id"`
	Actor     string         `json:"actor"`
	// PerSecond bounds how many tenants get the command in a second: each may dial then.
	PerSecond int               `json:"per_second"`
	Tenants   []flowhq.TenantID `json:"tenants"`
}

// BulkSent is how far a page has come: the first Sent + Failed tenants are done.
type BulkSent struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"`
}

// SendBulk gives the command to the tenants of a page, one after the other at its
// pace. It beats with its result so far, from which a killed worker's successor goes
// on; a command that is given twice is one command. When it has to end early, because it is
// cancelled or its process stops, it returns what it has done.
func (a *Activities) SendBulk(ctx context.Context, in BulkPage) (BulkSent, error) {
	var done BulkSent
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &done); err != nil {
			done = BulkSent{} // of another version: begin again, which is harmless
		}
	}
	// After an error it rests for longer each time: whatever is away is away for all tenants.
	tick := time.NewTicker(time.Second / time.Duration(in.PerSecond))
	defer tick.Stop()
	next, rest := tick.C, firstRest
	for done.Sent+done.Failed < len(in.Tenants) {
		select {
		case <-ctx.Done():
			// What was done so far is the result: the workflow wants to know how far it came.
			return done, nil
		case <-activity.GetWorkerStopChannel(ctx):
			return done, nil
		case <-next:
		}
		err := a.sendOne(ctx, in, &done)
		activity.RecordHeartbeat(ctx, done)
		if err == nil {
			next, rest = tick.C, firstRest
			continue
		}
		a.Log.Warn("could not send a command; trying again",
			"request_id", in.RequestID, "in", rest, "err", err)
		next, rest = time.After(rest), min(2*rest, longestRest)
	}
	return done, nil
}

// sendOne gives the command to the next tenant and counts it. An error means that
// the same tenant is to be tried again.
func (a *Activities) sendOne(ctx context.Context, in BulkPage, done *BulkSent) error {
	id := in.Tenants[done.Sent+done.Failed]
	// The key makes it one command however often the bulk begins again.
	_, name, err := a.Store.Command(ctx, id, store.NewCommand{
		Command: in.Command, Key: in.RequestID, Actor: in.Actor,
	})
	switch flowhq.ErrorCode(err) {
	case "":
		done.Sent++
	case flowhq.NotFound, flowhq.Conflict: // it is gone or about to be
		done.Failed++
		return nil
	default:
		return err // the database's failure, not this tenant's
	}
	// The command is in the database by now, so its workflow learns of it in any case.
	signalling, cancel := context.WithTimeout(ctx, signalWithin)
	defer cancel()
	if err := a.Signals.Signal(signalling, id, name); err != nil {
		a.Log.Info("could not tell a workflow of a command; the reconciler will",
			"tenant", string(id), "err", err)
	}
	return nil
}
