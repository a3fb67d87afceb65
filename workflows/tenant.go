package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
)

// handledIDs is how many request ids a tenant remembers, so that a repeated
// command is obeyed once. An operator's client repeats within seconds.
const handledIDs = 64

// stateVersion is raised when a field is added to TenantState that must not get
// lost. A state of an older version lacks it, which must be like its zero value. A
// newer one is not touched: code that does not know a field would drop it; see
// [Tenants.Tenant].
const stateVersion = 1

// TenantState is the argument of the Tenant workflow and all that it knows. It
// is carried over when the workflow continues as new, so fields are only ever
// added.
type TenantState struct {
	Version  int             `json:"version"`
	Tenant   flowhq.TenantID `json:"tenant"`
	Name     string          `json:"name"`     // for operators who look for the tenant
	Template flowhq.Template `json:"template"` // likewise

	Wanted   bool `json:"wanted"`   // the session should be up
	Deleting bool `json:"deleting"` // the tenant is to be erased; final

	// What the host, or its end, said last.
	Session   flowhq.SessionState `json:"session"`
	Reason    string              `json:"reason,omitempty"`
	Since     time.Time           `json:"since"`
	Host      string              `json:"host,omitempty"`
	Epoch     int64               `json:"epoch,omitempty"`
	Attention bool                `json:"attention,omitempty"` // a person must act
	// How the session ended last, whatever it is now.
	Ending  flowhq.EndReason `json:"ending,omitempty"`
	EndedAt time.Time        `json:"ended_at,omitzero"`
	// RetryAt is when it is tried again, which is waited for while the session is wanted:
	// when a ban ends, or after workers died while hosting it.
	RetryAt  time.Time `json:"retry_at,omitzero"`
	Failures int       `json:"failures,omitempty"` // attempts that failed in a row, as far as it was told
	Losses   int       `json:"losses,omitempty"`   // workers that died in a row while hosting it, likewise

	Handled []string `json:"handled,omitempty"` // request ids, oldest first
}

// Tenants is the workflows with this installation's settings. They only
// reach activity options, which replay does not compare, so they may change
// while workflows run.
type Tenants struct {
	Heartbeat time.Duration // how often a host beats; see [activities.Timing]
}

// Tenant is the life of one tenant. It ends when the tenant has been erased.
//
// All commands arrive on one channel, so that a stop followed by a start is
// never seen in the other order.
//
// It panics at a state that newer code has left, as when a new version runs beside
// this one or was taken back. That fails no more than the task: Temporal offers it
// again until a worker of the newer version takes it, and meanwhile keeps commands;
// a host that runs is not concerned.
func (w Tenants) Tenant(ctx workflow.Context, s TenantState) error {
	if s.Version > stateVersion {
		panic(fmt.Sprintf("the tenant's state has version %d, and this worker knows up to %d", s.Version, stateVersion))
	}
	s.Version = stateVersion
	t := &tenant{
		TenantState: s,
		timing:      activities.Timing{Heartbeat: w.Heartbeat},
		commands:    workflow.GetSignalChannel(ctx, commandSignal),
		reports:     workflow.GetSignalChannel(ctx, reportSignal),
	}
	if t.Session == "" {
		t.Session, t.Since = flowhq.Disconnected, workflow.Now(ctx)
	}
	err := workflow.SetQueryHandler(ctx, statusQuery, func() (TenantState, error) { return t.TenantState, nil })
	if err != nil {
		return err
	}
	if err := t.show(ctx); err != nil {
		return err
	}
	for !t.Deleting && !t.gone {
		switch {
		case !t.Wanted:
			err = t.idle(ctx)
		case !t.RetryAt.IsZero():
			err = t.sitOut(ctx)
		default:
			err = t.host(ctx)
		}
		if err != nil {
			return err
		}
		if t.mayContinueAsNew(ctx) {
			if err := t.drain(ctx); err != nil {
				return err
			}
			if !t.Deleting {
				return workflow.NewContinueAsNewError(ctx, tenantWorkflow, t.TenantState)
			}
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
	timing   activities.Timing
	commands workflow.ReceiveChannel
	reports  workflow.ReceiveChannel

	// gone is set when the tenant turns out not to exist any more.
	gone bool
	// again is set by a command to start the session anew once the host that is
	// being told to end has ended, however it does.
	again bool
	// abandoned counts hosts that a force-restart no longer waits for. While one
	// lives the workflow must not continue as new: the server would lose its
	// handle on it.
	abandoned int
}

// idle waits for a command that makes the session wanted.
func (t *tenant) idle(ctx workflow.Context) error {
	for !t.Wanted && !t.Deleting {
		var obeyed flowhq.Command
		sel := workflow.NewSelector(ctx)
		sel.AddReceive(t.commands, func(c workflow.ReceiveChannel, _ bool) { obeyed = t.obey(ctx, c) })
		// A report here is the last word of a host that was told to stop.
		sel.AddReceive(t.reports, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
		sel.Select(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if obeyed == flowhq.Stop && t.Ending != flowhq.EndStopped && t.stopsAgain(ctx) {
			if err := t.settle(ctx, stopped); err != nil {
				return err
			}
		}
		if t.mayContinueAsNew(ctx) && (!t.Wanted || !t.renews(ctx)) {
			return nil
		}
	}
	if !t.Wanted {
		return nil
	}
	return t.settle(ctx, starting)
}

// stopsAgain reports whether a stop is recorded though nothing is up. It takes note of
// an end that asked for a person, and puts the rows right after an operator has ended
// the workflow before this one in Temporal: its host could not tell.
//
// Runs that came to this point before the change ignore it as they did.
func (t *tenant) stopsAgain(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "stop-settles", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// host keeps one Host activity until it ends or is abandoned.
func (t *tenant) host(ctx workflow.Context) error {
	hostCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	t.again = false
	var (
		done, abandoned, renewed bool
		ended                    activities.Ended
		err                      error
	)
	future := t.startHost(hostCtx)
	sel := workflow.NewSelector(ctx)
	sel.AddFuture(future, func(f workflow.Future) { done, err = true, f.Get(ctx, &ended) })
	sel.AddReceive(t.commands, func(c workflow.ReceiveChannel, _ bool) {
		switch t.obey(ctx, c) {
		case flowhq.Start: // after a stop that is under way
			t.again = true
		case flowhq.Restart:
			t.again = true
			cancel()
		case flowhq.Stop, flowhq.Delete:
			cancel()
		case flowhq.ForceRestart:
			cancel()
			t.abandon(ctx, future)
			done, abandoned = true, true
		}
	})
	sel.AddReceive(t.reports, func(c workflow.ReceiveChannel, _ bool) { t.hear(ctx, c) })
	for !done {
		sel.Select(ctx)
		if !done && !renewed && t.mayContinueAsNew(ctx) && t.renews(ctx) {
			renewed = true
			cancel() // for the boundary, which is overdue
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if abandoned {
		return t.settle(ctx, superseded)
	}
	o := t.judge(ended, err, workflow.Now(ctx))
	if renewed && t.Wanted && !t.again && temporal.IsCanceledError(err) {
		o.reason = "renewed: its history in Temporal was long"
	}
	return t.settle(ctx, o)
}

// startHost schedules the next host of this tenant.
func (t *tenant) startHost(ctx workflow.Context) workflow.Future {
	ctx = workflow.WithActivityOptions(ctx, t.timing.HostOptions("session of "+t.Name))
	return workflow.ExecuteActivity(ctx, activities.HostActivity,
		activities.HostInput{Tenant: t.Tenant, Failures: t.Failures, Losses: t.Losses})
}

// abandon remembers a host that nobody waits for until it has really ended.
func (t *tenant) abandon(ctx workflow.Context, host workflow.Future) {
	t.abandoned++
	workflow.Go(ctx, func(ctx workflow.Context) {
		_ = host.Get(ctx, nil) // however it ended
		t.abandoned--
	})
}

// obey receives one command, changes what is wanted, and returns the command if
// it is news, or "" if it repeats an earlier one or changes nothing. One that it does
// not know, which may have been typed in the Web UI, it leaves alone.
func (t *tenant) obey(ctx workflow.Context, c workflow.ReceiveChannel) flowhq.Command {
	var cmd command
	c.Receive(ctx, &cmd)
	if t.Deleting || slices.Contains(t.Handled, cmd.RequestID) {
		return ""
	}
	if !slices.Contains(flowhq.Commands, cmd.Command) {
		workflow.GetLogger(ctx).Warn("unknown command", "command", cmd.Command, "request_id", cmd.RequestID)
		return ""
	}
	t.Handled = append(t.Handled, cmd.RequestID)
	if n := len(t.Handled) - handledIDs; n > 0 {
		t.Handled = slices.Delete(t.Handled, 0, n)
	}
	if cmd.Name != "" {
		t.Name, t.Template = cmd.Name, cmd.Template
	}
	switch cmd.Command {
	case flowhq.Start:
		if t.Wanted && t.RetryAt.IsZero() {
			return ""
		}
		t.Wanted, t.Failures, t.Losses = true, 0, 0
	case flowhq.Stop:
		t.Wanted = false
	case flowhq.Restart, flowhq.ForceRestart:
		t.Wanted, t.Failures, t.Losses = true, 0, 0
	case flowhq.Delete:
		t.Wanted, t.Deleting = false, true
	}
	return cmd.Command
}

// hear receives one report of a host and shows it. Reports of older hosts are
// late news and are dropped.
func (t *tenant) hear(ctx workflow.Context, c workflow.ReceiveChannel) {
	var r activities.Report
	c.Receive(ctx, &r)
	if r.Epoch < t.Epoch {
		return
	}
	if r.Session != t.Session {
		t.Since = r.At
	}
	t.Session, t.Reason, t.Epoch = r.Session, r.Reason, r.Epoch
	if r.Waiting {
		_ = t.show(ctx) // as below
		return
	}
	t.Host = r.Host
	if r.Ending != "" {
		t.Ending, t.EndedAt = r.Ending, r.At
	}
	t.Failures, t.Losses = r.Failures, r.Losses
	t.Attention = r.Session != flowhq.Connected && r.Ending.Attention() || t.keepsFailing()
	_ = t.show(ctx) // fails only if the workflow itself is ending
}

// mayContinueAsNew reports whether the history is long and no abandoned host lives: the
// server would lose its handle on one, as on the host that runs now.
func (t *tenant) mayContinueAsNew(ctx workflow.Context) bool {
	return !t.Deleting && !t.gone && t.abandoned == 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested() &&
		(t.commands.Len() == 0 || t.renews(ctx))
}

// renews reports whether this run ends its host when its history is long, for a
// second off the air, instead of waiting until the host ends by itself: Temporal takes
// no more than 10,000 signals for one run, so a client that repeats a command, or a
// session that flaps, could make a tenant deaf to its operator for a day. It also
// obeys at the boundary what has arrived instead of waiting for a moment of silence.
//
// Runs that came to this point before the change wait as they did.
func (t *tenant) renews(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "renew-at-boundary", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// drain takes in, with no host running, what has already arrived and would be lost
// when the workflow continues as new.
func (t *tenant) drain(ctx workflow.Context) error {
	for t.commands.Len() > 0 || t.reports.Len() > 0 {
		for t.reports.Len() > 0 {
			if t.Wanted || !t.renews(ctx) {
				t.hear(ctx, t.reports)
			} else {
				t.reports.Receive(ctx, nil) // as in idle
			}
		}
		was, banned := t.Wanted, !t.RetryAt.IsZero()
		started := false
		for t.commands.Len() > 0 {
			switch t.obey(ctx, t.commands) {
			case flowhq.Start, flowhq.Restart, flowhq.ForceRestart:
				started = true
			default:
			}
		}
		o := starting
		switch {
		case t.Deleting:
			continue
		case t.Wanted && banned && started && t.sitsOutAnew(ctx):
			o.tenant = flowhq.TenantReconnecting
		case t.Wanted == was:
			continue
		case !t.Wanted:
			o = stopped
		}
		if err := t.settle(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// erase removes every trace of the tenant and ends the workflow.
func (t *tenant) erase(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, activities.EraseOptions())
	err := workflow.ExecuteActivity(ctx, activities.EraseActivity, activities.EraseInput{Tenant: t.Tenant}).Get(ctx, nil)
	if err != nil {
		return err
	}
	t.Session, t.Reason, t.Since = flowhq.Disconnected, "deleted", workflow.Now(ctx)
	return t.show(ctx)
}
