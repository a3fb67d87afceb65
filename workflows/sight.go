package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/store"
)

// A sight is what one look has seen in the rows.
type sight struct {
	activities.Sight
	written int // writes to the rows before it
}

// An effect is what commands change for the host that runs, or does not.
type effect struct{ starts, stops, restarts, forces, deletes bool }

func (e effect) any() bool { return e != effect{} }

// watch looks at the rows once, and then whenever there was a nudge: one look serves all
// that have come until it begins. Each sight is left to who waits for one.
func (t *tenant) watch(ctx workflow.Context) {
	nudges := workflow.GetSignalChannel(ctx, lookSignal)
	t.sights, t.lookMore = workflow.NewChannel(ctx), workflow.NewBufferedChannel(ctx, 1)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			for nudges.ReceiveAsync(nil) {
			}
			t.lookMore.ReceiveAsync(nil)
			seen := sight{written: t.written}
			in := activities.LookInput{Tenant: t.Tenant}
			if err := quick(ctx, activities.LookActivity, in, &seen.Sight); err != nil {
				return // the workflow is ending
			}
			t.sights.Send(ctx, seen)
			workflow.NewSelector(ctx).
				AddReceive(nudges, func(workflow.ReceiveChannel, bool) {}).
				AddReceive(t.lookMore, func(workflow.ReceiveChannel, bool) {}).
				Select(ctx)
		}
	})
	// Signals that mean nothing to us make a history long without waking anybody.
	long, settle := workflow.NewFuture(ctx)
	t.long = long
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := workflow.Await(ctx, func() bool { return workflow.GetInfo(ctx).GetContinueAsNewSuggested() })
		settle.Set(nil, err)
	})
}

// quick does a short activity within the workflow's own task or, if that fails, as any
// other, until it succeeds. It fails only if the workflow is ending.
func quick(ctx workflow.Context, name string, in, out any) error {
	local := workflow.WithLocalActivityOptions(ctx, activities.QuickOptions())
	err := workflow.ExecuteLocalActivity(local, name, in).Get(ctx, out)
	if err == nil || ctx.Err() != nil {
		return err
	}
	ctx = workflow.WithActivityOptions(ctx, activities.LookOptions())
	return workflow.ExecuteActivity(ctx, name, in).Get(ctx, out)
}

// awaitSight waits for the next sight, and reports false if the workflow is ending.
func (t *tenant) awaitSight(ctx workflow.Context, s *sight) bool {
	workflow.NewSelector(ctx).
		AddReceive(t.sights, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, s) }).
		AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {}).
		Select(ctx)
	return ctx.Err() == nil
}

// wakeUp has a selector that waits for a command end when the workflow is cancelled, and
// when its history is long.
func (t *tenant) wakeUp(ctx workflow.Context, sel workflow.Selector) {
	sel.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	if t.abandoned == 0 {
		sel.AddFuture(t.long, func(workflow.Future) {})
	}
}

// see receives one sight and applies it, unless the rows have been written to since it
// was begun. Then it looks again.
func (t *tenant) see(ctx workflow.Context, c workflow.ReceiveChannel) effect {
	var seen sight
	c.Receive(ctx, &seen)
	if seen.written != t.written {
		t.lookMore.SendAsync(nil)
		return effect{}
	}
	return t.apply(ctx, seen)
}

// apply takes over what a sight says is wanted, and returns what that changes. Where it
// shows commands, the last one counts, else the row.
func (t *tenant) apply(ctx workflow.Context, seen sight) (did effect) {
	if seen.Gone {
		t.Wanted, t.gone = false, true
		return effect{stops: true}
	}
	t.Name, t.Template, t.Epoch = seen.Name, seen.Template, max(t.Epoch, seen.Epoch)
	for _, c := range seen.Commands {
		if !t.has(c.ID) {
			t.take(ctx, c, &did)
		}
	}
	switch {
	case t.Deleting || len(t.taken) > 0 || seen.Wanted == t.Wanted:
	case seen.Wanted:
		t.Wanted, t.Failures, t.Losses, did.starts = true, 0, 0, true
	default:
		t.Wanted, did.stops = false, true
	}
	return did
}

func (t *tenant) has(id int64) bool {
	for _, m := range t.taken {
		if m.ID == id {
			return true
		}
	}
	return false
}

// take changes what is wanted by one command. It is marked as applied once the rows show
// what it has changed. A deletion is marked by who erases.
func (t *tenant) take(ctx workflow.Context, c activities.Asked, did *effect) {
	if t.Deleting {
		return
	}
	outcome := "done"
	switch c.Command {
	case flowhq.Start:
		if t.Wanted && t.RetryAt.IsZero() {
			t.taken = append(t.taken, store.Mark{ID: c.ID, Outcome: "nothing to do: it was started before"})
			return
		}
		did.restarts = did.restarts || did.stops // between two looks
		t.Wanted, t.Failures, t.Losses, did.starts, did.stops = true, 0, 0, true, false
	case flowhq.Stop:
		t.Wanted, did.stops = false, true
	case flowhq.Restart, flowhq.Relink: // the next host sees in the rows that the link is to be dropped
		t.Wanted, t.Failures, t.Losses, did.restarts, did.starts = true, 0, 0, true, true
	case flowhq.ForceRestart:
		t.Wanted, t.Failures, t.Losses, did.forces, did.starts = true, 0, 0, true, true
	case flowhq.Delete:
		t.Wanted, t.Deleting, did.deletes = false, true, true
		return
	default:
		workflow.GetLogger(ctx).Warn("unknown command", "command", c.Command, "id", c.ID)
		t.taken = append(t.taken, store.Mark{ID: c.ID, Outcome: "refused: this version knows no such command"})
		return
	}
	for i := range t.taken {
		if t.taken[i].Outcome == outcome {
			t.taken[i].Outcome = fmt.Sprintf("overtaken by command %d", c.ID)
		}
	}
	t.taken = append(t.taken, store.Mark{ID: c.ID, Outcome: outcome})
}

// mark notes what has come of commands that changed nothing in the rows.
func (t *tenant) mark(ctx workflow.Context) error {
	if len(t.taken) == 0 {
		return nil
	}
	if err := quick(ctx, activities.AppliedActivity, activities.AppliedInput{Tenant: t.Tenant, Marks: t.taken}, nil); err != nil {
		return err
	}
	t.taken, t.written = nil, t.written+1
	return nil
}
