package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
)

// stateVersion is raised when a field is added to TenantState that must not get
// lost. A state of an older version lacks it, which must be like its zero value. A
// newer one is not touched: code that does not know a field would drop it; see
// [Tenants.Tenant].
const stateVersion = 1

// maxEpochStep is by how much the epoch of a host may be higher than that of the one before. A
// forged report with the largest number would otherwise make every later host look old. Real epochs
// rise by one for each claim.
const maxEpochStep = 1_000_000

// maxReportedFailures is how many failures in a row a report may tell of: with as many, the pause
// between two attempts has long been the longest.
const maxReportedFailures = 2 * flowhq.FlappingAfter

// TenantState is the argument of the Tenant workflow and all that it knows. It is carried over when
// the workflow continues as new, so fields are only ever added. A field that is renamed would
// vanish without an error: encoding/json ignores names it does not know.
type TenantState struct {
	Version  int             `json:"version"`
	Tenant   flowhq.TenantID `json:"tenant"`
	Name     string          `json:"name"`     // for operators who look for the tenant
	Template flowhq.Template `json:"template"` // likewise
	// Installation is whose tenant it is, so that nobody looks for it in another database.
	Installation string `json:"installation,omitempty"`

	// NeedsHost is whether a host is kept for the tenant, now or from RetryAt on: its session is
	// wanted, and no person has to act first. It is less than the column wanted, which stays true
	// while a person is waited for.
	NeedsHost bool `json:"needs_host"`
	Deleting  bool `json:"deleting"` // the tenant is to be erased; final, and never carried over

	// What the host, or its end, said last.
	Session    flowhq.SessionState `json:"session"`
	Reason     string              `json:"reason,omitempty"`
	WaitingFor flowhq.Wait         `json:"waiting_for,omitempty"`
	Since      time.Time           `json:"since"`               // of Session
	Worker     string              `json:"worker,omitempty"`    // that keeps or last kept it
	Epoch      int64               `json:"epoch,omitempty"`     // of the newest host that is known
	Attention  bool                `json:"attention,omitempty"` // a person must act
	// Ending is how the session ended last, whatever it is now. An operator of a session that is
	// up again still asks why it was down.
	Ending  flowhq.Ending `json:"ending,omitempty"`
	EndedAt time.Time     `json:"ended_at,omitzero"`
	// RetryAt is when it is tried again, which is waited for while the tenant needs a host: when
	// a ban ends, or after workers died while hosting it.
	RetryAt time.Time `json:"retry_at,omitzero"`
	// Counts is what has gone wrong in a row, as far as reports say.
	flowhq.Counts `json:"counts,omitzero"`
}

// Tenants is the workflows with this installation's settings. They only reach activity options,
// which replay does not compare, so they may change while workflows run. Whatever alters the order
// of commands must not be here: replay would take the branch of another setting, and Temporal would
// block the workflow.
type Tenants struct {
	Renewal time.Duration // of leases; see [hosting.Timing]
}

// Tenant is the life of one tenant. It ends when the tenant has been erased.
//
// What is wanted is in the rows: a signal says no more than that there is something to
// see there. So signals may be lost, repeated, reordered or made up, and any run of this
// workflow may be ended from outside: the next one begins by reading the rows.
//
// It panics at a state that newer code has left, as when a new version runs beside
// this one or was taken back. That fails no more than the task: Temporal offers it
// again until a worker of the newer version takes it; a host that runs is not concerned.
//
// The loop has three waits: for a start, for a time, for the end of a host. Between them is the
// boundary where the workflow may continue as new. Where a host is needed, reports are drained just
// before that, without a step in which others could come; a signal that comes during the task
// itself makes the server refuse the command and repeat the task, so none is lost.
func (w Tenants) Tenant(ctx workflow.Context, s TenantState) error {
	if s.Version > stateVersion {
		panic(fmt.Sprintf("the tenant's state has version %d, and this worker knows up to %d",
			s.Version, stateVersion))
	}
	s.Version = stateVersion
	// Whose workflow it is, its id says: whatever the argument may claim.
	s.Tenant = tenantOf(workflow.GetInfo(ctx).WorkflowExecution.ID)
	s.Deleting = false // until a command says so
	t := &tenant{
		TenantState: s,
		timing:      hosting.Timing{Renewal: w.Renewal},
		reports:     workflow.GetSignalChannel(ctx, reportSignal),
	}
	err := workflow.SetQueryHandler(ctx, statusQuery, func() (TenantState, error) {
		return t.TenantState, nil
	})
	if err != nil {
		return err
	}
	t.watch(ctx)
	if err := t.begin(ctx); err != nil {
		return err
	}
	for !t.Deleting && !t.gone {
		switch {
		case !t.NeedsHost:
			err = t.awaitStart(ctx)
		case !t.RetryAt.IsZero():
			err = t.awaitRetry(ctx)
		default:
			err = t.runHost(ctx)
		}
		if err != nil {
			return err
		}
		if t.mayContinueAsNew(ctx) {
			for t.NeedsHost && t.reports.Len() > 0 {
				t.receiveReport(ctx, t.reports)
			}
			return workflow.NewContinueAsNewError(ctx, tenantWorkflow, t.TenantState)
		}
	}
	if t.gone {
		return nil
	}
	return t.erase(ctx)
}

// tenant is a running Tenant workflow.
type tenant struct {
	TenantState
	// timing sets the heartbeat timeout of hosts, and how long ago a silent one may have died.
	timing hosting.Timing
	// reports are signals of hosts; whoever made them, receiveReport checks each.
	reports workflow.ReceiveChannel

	snapshots workflow.Channel // what the rows say, each time that they were read
	readAgain workflow.Channel // has room for one note that they must be read again
	long      workflow.Future  // ready when the history is long

	readEpoch  int64     // the newest epoch that a snapshot has shown
	reportedAt time.Time // when the last report was made, as far as that can be

	// after is the id of the last command that was applied, while there are more to be read.
	after int64
	// applying are commands that are being applied, until the rows say so.
	applying []store.CommandOutcome
	// writes counts the writes to the rows, by which an older snapshot is known. A snapshot that
	// was read before a write does not show it.
	writes int
	// gone is set when the tenant turns out not to exist any more.
	gone bool
	// startAgain is set by a command to start the session anew once the host that is
	// being cancelled has ended, however it does.
	startAgain bool
	// superseded counts hosts that a force-restart no longer waits for. While one
	// lives the workflow must not continue as new: the server would lose its
	// handle on it.
	superseded int
}

// begin takes up what is wanted, in a first run as in one that continues another. A run that
// continues another has its state as argument, but the rows may have changed between the two, and a
// new run may follow one that was terminated with a host alive. So the rows win. A state is
// recorded only for a command, or where no host is needed and the rows are not quiet.
func (t *tenant) begin(ctx workflow.Context) error {
	isNew := t.Session == ""
	var first snapshot
	if !t.awaitSnapshot(ctx, &first) {
		return ctx.Err()
	}
	if isNew {
		t.Session, t.Reason, t.WaitingFor = first.Session, first.Reason, first.WaitingFor
		t.Ending, t.Since = first.Ending, workflow.Now(ctx)
		t.Attention = t.Ending.Attention()
		if first.NeedsHost { // whatever it was, no host is known
			starting := flowhq.Starting(t.Counts)
			t.Session, t.Reason, t.WaitingFor = starting.State, starting.Reason, starting.WaitingFor
		}
	}
	t.NeedsHost = first.NeedsHost && len(knownCommands(first.Commands)) == 0
	t.RetryAt = first.RetryAt
	did := t.apply(ctx, first)
	switch {
	case t.Deleting || t.gone:
		return nil
	case t.NeedsHost && did.any():
		t.RetryAt = time.Time{}
		return t.enter(ctx, flowhq.Starting(t.Counts))
	case !t.NeedsHost && (did.any() || !first.Quiet):
		return t.enter(ctx, flowhq.Stopped(t.Counts))
	}
	if err := t.show(ctx); err != nil {
		return err
	}
	return t.recordOutcomes(ctx)
}

// awaitStart waits for a command by which the tenant needs a host.
//
// Most workflows of stopped tenants wait here for weeks. They cost nothing then: a workflow that
// waits has no timer and no task, and may leave the worker's cache.
func (t *tenant) awaitStart(ctx workflow.Context) error {
	for !t.NeedsHost && !t.Deleting && !t.gone {
		var did effect
		sel := workflow.NewSelector(ctx)
		sel.AddReceive(t.snapshots, func(c workflow.ReceiveChannel, _ bool) {
			did = t.receiveSnapshot(ctx, c)
		})
		// A report here is the last word of a host that was told to stop.
		sel.AddReceive(t.reports, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
		t.wakeForEnd(ctx, sel)
		sel.Select(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var err error
		if did.stops && !t.NeedsHost {
			err = t.enter(ctx, flowhq.Stopped(t.Counts))
		} else if !t.NeedsHost {
			err = t.recordOutcomes(ctx)
		}
		if err != nil {
			return err
		}
		if t.mayContinueAsNew(ctx) && !t.NeedsHost {
			return nil
		}
	}
	if !t.NeedsHost {
		return nil
	}
	return t.enter(ctx, flowhq.Starting(t.Counts))
}

// runHost keeps one Host activity until it ends or is abandoned. Only one may run: a second
// one would fence the first by its epoch. So every command but a force-restart cancels the
// host and waits for its end before the next one starts.
//
// A host is one activity for as long as the session lives, days or weeks; its retries and
// heartbeats leave no event. Continue-as-new must wait for its end, for the next run would have no
// handle on it: it would go on beside the next host until its heartbeat is refused. A force-restart
// is the one case that does not wait, since it is for hosts that answer no longer. There the epoch
// fences the old host.
func (t *tenant) runHost(ctx workflow.Context) error {
	hostCtx, cancelHost := workflow.WithCancel(ctx)
	defer cancelHost()
	t.startAgain = false
	var (
		done, abandoned, renewed, ending bool
		ended                            flowhq.Transition
		err                              error
	)
	cancel := func() {
		ending = true
		cancelHost()
	}
	future := t.startHost(hostCtx)
	sel := workflow.NewSelector(ctx)
	sel.AddFuture(future, func(f workflow.Future) { done, err = true, f.Get(ctx, &ended) })
	sel.AddFuture(t.long, func(workflow.Future) {}) // only to wake up
	sel.AddReceive(t.reports, func(c workflow.ReceiveChannel, _ bool) { t.receiveReport(ctx, c) })
	sel.AddReceive(t.snapshots, func(c workflow.ReceiveChannel, _ bool) {
		did := t.receiveSnapshot(ctx, c)
		if ending && did.starts || did.restarts {
			t.startAgain = true
		}
		switch {
		case did.forces:
			cancel()
			t.supersede(ctx, future)
			done, abandoned = true, true
		case did.restarts || did.stops || t.Deleting || t.gone:
			cancel()
		}
	})
	for !done {
		sel.Select(ctx)
		if !ending {
			if err := t.recordOutcomes(ctx); err != nil {
				return err
			}
		}
		if !done && !renewed && t.mayContinueAsNew(ctx) {
			renewed = true
			cancel() // for the boundary, which is overdue
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case t.gone:
		return nil
	case abandoned && t.NeedsHost:
		return t.enter(ctx, t.forceRestarted())
	case abandoned:
		return t.enter(ctx, flowhq.Stopped(t.Counts))
	}
	next, recorded := t.afterHost(ended, err, workflow.Now(ctx))
	if renewed && t.NeedsHost && !t.startAgain && temporal.IsCanceledError(err) {
		next.Reason = "renewed: its history in Temporal was long"
	}
	t.NeedsHost = next.Retry != flowhq.RetryByPerson
	t.gone = next.Ending == flowhq.EndGone
	if !recorded {
		return t.enter(ctx, next)
	}
	if err := t.adopt(ctx, next); err != nil {
		return err
	}
	return t.recordOutcomes(ctx)
}

// startHost schedules the next host of this tenant. The epoch goes with it, so that the host claims
// a higher one even where the rows were restored from an older backup.
func (t *tenant) startHost(ctx workflow.Context) workflow.Future {
	ctx = workflow.WithActivityOptions(ctx, activities.HostOptions(t.timing, "session of "+plain(t.Name)))
	return workflow.ExecuteActivity(ctx, activities.HostActivity, activities.HostInput{
		Tenant: t.Tenant, Counts: t.Counts, Epoch: t.Epoch,
	})
}

// supersede remembers a host that nobody waits for until it has really ended. Its result is
// dropped: the force-restart records the end itself.
func (t *tenant) supersede(ctx workflow.Context, host workflow.Future) {
	t.superseded++
	workflow.Go(ctx, func(ctx workflow.Context) {
		_ = host.Get(ctx, nil) // however it ended
		t.superseded--
	})
}

// mayContinueAsNew reports whether the history is long and nothing is under way that the
// next run would not know of: the server would lose its handle on an abandoned host, as on
// the one that runs now.
//
// A host is ended for it, for a second off the air, instead of waiting until it ends by
// itself: Temporal takes no more than 10,000 signals for one run.
//
// The server suggests it at 4,096 events or 4 MiB; from 51,200 events or 50 MiB on it terminates
// the workflow. Commands that are being applied are not part of TenantState, so their outcome is
// recorded first.
func (t *tenant) mayContinueAsNew(ctx workflow.Context) bool {
	return !t.Deleting && !t.gone && t.superseded == 0 && len(t.applying) == 0 &&
		workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// erase removes every trace of the tenant and ends the workflow. The activity unlinks the device
// from WhatsApp before it deletes the rows. It is retried without end, and may run twice: what is
// gone already is no error.
func (t *tenant) erase(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, activities.EraseOptions())
	err := workflow.ExecuteActivity(ctx, activities.EraseActivity,
		activities.EraseInput{Tenant: t.Tenant}).Get(ctx, nil)
	if err != nil {
		return err
	}
	t.Session, t.Reason, t.Since = flowhq.Disconnected, "deleted", workflow.Now(ctx)
	return t.show(ctx)
}
