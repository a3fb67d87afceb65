package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/store"
)

// A snapshot is what the rows said when they were read once.
type snapshot struct {
	activities.Snapshot
	// writes is tenant.writes when the read began; see receiveSnapshot.
	writes int
}

// An effect is what commands change for the host that runs, or does not. Several may be true,
// as one read may show many commands; runHost and awaitStart decide which one prevails.
type effect struct{ starts, stops, restarts, forces, deletes bool }

// any reports whether a command or a changed row asks for something to be done.
func (e effect) any() bool { return e != effect{} }

// watch reads the rows once, and then whenever a signal says that they changed. One read
// serves all signals that came before it began, so a flood of signals causes few reads.
// Each snapshot goes to whichever part of the workflow waits for one.
//
// The goroutines of a workflow run one at a time, so they need no lock. Signals that nobody
// receives are no loss at a continue-as-new, since the next run reads the rows first.
func (t *tenant) watch(ctx workflow.Context) {
	changes := workflow.GetSignalChannel(ctx, changedSignal)
	t.snapshots, t.readAgain = workflow.NewChannel(ctx), workflow.NewBufferedChannel(ctx, 1)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			for changes.ReceiveAsync(nil) {
			}
			t.readAgain.ReceiveAsync(nil)
			seen := snapshot{writes: t.writes}
			in := activities.ReadInput{
				Tenant: t.Tenant, Installation: t.Installation, After: t.after,
			}
			if err := quick(ctx, activities.ReadTenantActivity, in, &seen.Snapshot); err != nil {
				return // the workflow is ending
			}
			t.snapshots.Send(ctx, seen)
			workflow.NewSelector(ctx).
				AddReceive(changes, func(workflow.ReceiveChannel, bool) {}).
				AddReceive(t.readAgain, func(workflow.ReceiveChannel, bool) {}).
				Select(ctx)
		}
	})
	// Signals that mean nothing to us make a history long without waking anybody.
	long, settle := workflow.NewFuture(ctx)
	t.long = long
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := workflow.Await(ctx, func() bool {
			return workflow.GetInfo(ctx).GetContinueAsNewSuggested()
		})
		settle.Set(nil, err)
	})
}

// quick does a short activity within the workflow's own task or, if that fails, as any
// other, until it succeeds. It fails only if the workflow is ending.
//
// A local activity is one marker in the history in place of the six events of a scheduled one, and
// this step is the most frequent. Replay takes its result from the marker and does not ask the
// database again. It must be short: while it runs the workflow task is held, and no signal is
// handled. An outage is therefore left to an ordinary activity, whose retries the server keeps.
func quick(ctx workflow.Context, name string, in, out any) error {
	local := workflow.WithLocalActivityOptions(ctx, activities.LocalOptions())
	err := workflow.ExecuteLocalActivity(local, name, in).Get(ctx, out)
	if err == nil || ctx.Err() != nil {
		return err
	}
	ctx = workflow.WithActivityOptions(ctx, activities.QuickOptions())
	return workflow.ExecuteActivity(ctx, name, in).Get(ctx, out)
}

// awaitSnapshot waits for the next snapshot, and reports false if the workflow is ending. Without
// that second case a cancelled workflow would wait for a read that never comes.
func (t *tenant) awaitSnapshot(ctx workflow.Context, s *snapshot) bool {
	workflow.NewSelector(ctx).
		AddReceive(t.snapshots, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, s) }).
		AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {}).
		Select(ctx)
	return ctx.Err() == nil
}

// wakeForEnd has a selector that waits for a command end when the workflow is cancelled, and when
// its history is long. While a superseded host lives, the workflow may not continue as new: a
// future that is ready would then make the selector return again and again without a reason to act.
func (t *tenant) wakeForEnd(ctx workflow.Context, sel workflow.Selector) {
	sel.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	if t.superseded == 0 {
		sel.AddFuture(t.long, func(workflow.Future) {})
	}
}

// receiveSnapshot receives one snapshot and applies it, unless this workflow has written to
// the rows since the read began. Applying an older snapshot would undo that write, so the
// rows are read again.
func (t *tenant) receiveSnapshot(ctx workflow.Context, c workflow.ReceiveChannel) effect {
	var seen snapshot
	c.Receive(ctx, &seen)
	if seen.writes != t.writes {
		t.readAgain.SendAsync(nil)
		return effect{}
	}
	return t.apply(ctx, seen)
}

// maxReads is how many reads in a row take over commands before any is acted on. It bounds
// what a tenant with an endless list of commands adds to one history.
const maxReads = 25

// apply takes over what a snapshot says is wanted, and returns what that changes. Where it
// shows commands, the last one counts, else the row. Where it does not show all of them the
// rest is read first, lest the workflow act on a command that a later one has overtaken.
func (t *tenant) apply(ctx workflow.Context, seen snapshot) (did effect) {
	for reads := 1; ; reads++ {
		if seen.Gone {
			t.NeedsHost, t.gone = false, true
			return effect{stops: true}
		}
		t.Name, t.Template, t.Epoch = seen.Name, seen.Template, max(t.Epoch, seen.Epoch)
		t.readEpoch = max(t.readEpoch, seen.Epoch)
		t.applyCommands(ctx, seen.Commands, &did)
		if !seen.More {
			break
		}
		t.after = seen.Commands[len(seen.Commands)-1].ID
		t.readAgain.SendAsync(nil)
		if reads == maxReads || !t.awaitSnapshot(ctx, &seen) {
			break
		}
	}
	t.after = 0
	switch {
	case t.Deleting || len(t.applying) > 0:
	case seen.NeedsHost && !t.NeedsHost:
		t.NeedsHost, t.Counts, did.starts = true, flowhq.Counts{}, true
	case !seen.NeedsHost && (t.NeedsHost || !seen.Quiet): // or a host has claimed what was stopped
		t.NeedsHost, did.stops = false, true
	}
	return did
}

// applyCommands applies commands up to the first that this version does not know, as while a newer
// one is being rolled out, whose workers will. Only a deletion passes that.
//
// Skipping an unknown command instead would reorder commands: a later stop would be applied before
// it, and undone by it once the new version runs.
func (t *tenant) applyCommands(ctx workflow.Context, commands []activities.Asked, did *effect) {
	known := knownCommands(commands)
	if len(known) < len(commands) {
		c := commands[len(known)]
		workflow.GetLogger(ctx).Warn("a command waits for a version that knows it",
			"command", c.Command, "id", c.ID)
	}
	for i, c := range commands {
		if (i < len(known) || c.Command == flowhq.Delete) && !t.isApplying(c.ID) {
			t.applyCommand(c, did)
		}
	}
}

// knownCommands are the commands before the first that this version does not know.
func knownCommands(commands []activities.Asked) []activities.Asked {
	for i, c := range commands {
		switch c.Command {
		case flowhq.Start, flowhq.Stop, flowhq.Restart, flowhq.Relink,
			flowhq.ForceRestart, flowhq.Delete:
		default:
			return commands[:i]
		}
	}
	return commands
}

// isApplying reports whether a command is being applied already: until the rows show its outcome,
// every read shows it again. Applied twice, a restart would end the host that it has just started.
func (t *tenant) isApplying(id int64) bool {
	for _, m := range t.applying {
		if m.ID == id {
			return true
		}
	}
	return false
}

// applyCommand changes what is wanted by one command. It is marked as applied once the rows show
// what it has changed. A deletion is marked by who erases.
//
// A stop and a start between two reads become a restart: the operator who stopped wants the session
// to end, and the one who started wants a new one. Commands that a later one makes void are marked
// as overtaken, so that each has an outcome (TestManyCommandsAreOne).
func (t *tenant) applyCommand(c activities.Asked, did *effect) {
	if t.Deleting {
		return
	}
	outcome := "done"
	switch c.Command {
	case flowhq.Start:
		if t.NeedsHost && t.RetryAt.IsZero() {
			t.applying = append(t.applying, store.CommandOutcome{ID: c.ID, Key: c.Key,
				Outcome: "nothing to do: it was started before"})
			return
		}
		did.restarts = did.restarts || did.stops // both came between two reads
		t.NeedsHost, t.Counts, did.starts, did.stops = true, flowhq.Counts{}, true, false
	case flowhq.Stop:
		t.NeedsHost, did.stops = false, true
	case flowhq.Restart, flowhq.Relink:
		// The next host sees in the rows that the link is to be dropped.
		t.NeedsHost, t.Counts, did.restarts, did.starts = true, flowhq.Counts{}, true, true
	case flowhq.ForceRestart:
		t.NeedsHost, t.Counts, did.forces, did.starts = true, flowhq.Counts{}, true, true
	case flowhq.Delete:
		t.NeedsHost, t.Deleting, did.deletes = false, true, true
		return
	}
	for i := range t.applying {
		if t.applying[i].Outcome == outcome {
			t.applying[i].Outcome = fmt.Sprintf("overtaken by command %d", c.ID)
		}
	}
	t.applying = append(t.applying, store.CommandOutcome{ID: c.ID, Key: c.Key, Outcome: outcome})
}

// recordOutcomes records what has come of commands that changed nothing in the rows. Those that
// caused a transition are marked by enter, in its transaction.
func (t *tenant) recordOutcomes(ctx workflow.Context) error {
	if len(t.applying) == 0 {
		return nil
	}
	in := activities.OutcomesInput{Tenant: t.Tenant, Outcomes: t.applying}
	if err := quick(ctx, activities.RecordOutcomesActivity, in, nil); err != nil {
		return err
	}
	t.applying, t.writes = nil, t.writes+1
	return nil
}
