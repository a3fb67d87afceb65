package hosting

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// When the newest version of WhatsApp's client is looked up, by one process of all, while
// WhatsApp refuses the version in use.
const (
	lookUpEvery = 10 * time.Minute // WhatsApp publishes one every few days
	lookUpTick  = time.Minute      // how often a process asks whether it is its turn
)

// rereadAfter is when the state of the fleet is read again that could not be read.
const rereadAfter = 2 * time.Second

// A VersionStore keeps what holds for all sessions. The store is one.
type VersionStore interface {
	Fleet(ctx context.Context) (flowhq.Fleet, error)
	// ConfigureVersion sets the version that the environment names, if the value is new.
	ConfigureVersion(ctx context.Context, version string) (news bool, err error)
	// TakeVersion has all use a version that is newer than the one in use and than the one
	// that WhatsApp has refused. That ends a pause which no operator has made.
	TakeVersion(ctx context.Context, version, why string) (taken bool, err error)
	// ClaimVersionLookup takes the turn to look up the newest version, if it is time.
	ClaimVersionLookup(ctx context.Context, every time.Duration) (due bool, err error)
}

// An Admission is where hosts learn whether sessions may connect, and as which version of
// WhatsApp's client. What it knows is a copy of one row, which is the same for all
// processes.
type Admission struct {
	store VersionStore
	// latest asks WhatsApp for the newest version, which may take 30 s.
	latest func(context.Context) (version string, err error)
	log    *slog.Logger
	stale  chan struct{} // has room for one note that the row has changed
	due    chan struct{} // has room for one note that a version may have to be looked up

	mu      sync.Mutex
	state   flowhq.Fleet
	changed chan struct{} // closed when state is replaced
}

// NewAdmission returns an Admission. latest finds out the newest version of WhatsApp's
// client. Open it before the first host, and Run it.
func NewAdmission(
	s VersionStore, latest func(context.Context) (string, error), log *slog.Logger,
) *Admission {
	return &Admission{
		store: s, latest: latest, log: log, changed: make(chan struct{}),
		stale: make(chan struct{}, 1), due: make(chan struct{}, 1),
	}
}

// Open reads the state, after it has offered builtIn, the version that this program comes
// with. configured is the version that the process's environment names, or "": a value that
// is new since an earlier start is set and stays.
func (a *Admission) Open(ctx context.Context, builtIn, configured string) error {
	if _, err := a.store.ConfigureVersion(ctx, configured); err != nil {
		return err
	}
	if _, err := a.store.TakeVersion(ctx, builtIn, "a program came with "+builtIn); err != nil {
		return err
	}
	return a.read(ctx)
}

// Run keeps up with the state, and looks up the newest version when it is this process's
// turn, until ctx ends.
func (a *Admission) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { a.lookUpOften(ctx) })
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.stale:
			if err := a.read(ctx); err != nil && ctx.Err() == nil {
				a.log.Warn("could not read the state of the fleet; trying again", "err", err)
				time.AfterFunc(rereadAfter, a.Reread)
			}
		}
	}
}

// Notice takes notice of a change of the fleet.
func (a *Admission) Notice(n store.Notice) {
	if n.Kind == store.FleetChanged || n.Kind == store.Resync {
		a.Reread()
	}
}

// Reread has the state read again soon: a host that has changed it need not wait for the
// notice.
func (a *Admission) Reread() { notify(a.stale) }

// read replaces the copy of the row, and wakes the hosts that wait for a change of it.
func (a *Admission) read(ctx context.Context) error {
	state, err := a.store.Fleet(ctx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if state.Paused != a.state.Paused {
		a.log.Info("reconnects", "paused", state.Paused, "reason", state.Reason,
			"whatsapp_version", state.Version)
	}
	a.state = state
	close(a.changed)
	a.changed = make(chan struct{})
	notify(a.due)
	return nil
}

// lookUpOften looks up versions in a goroutine apart from the one that keeps up with the
// state, as WhatsApp's web page may take 30 s to answer.
func (a *Admission) lookUpOften(ctx context.Context) {
	tick := time.NewTicker(lookUpTick)
	defer tick.Stop()
	for {
		a.lookUp(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.due:
		}
	}
}

// lookUp looks up the newest version if it is this process's turn.
func (a *Admission) lookUp(ctx context.Context) {
	due, err := a.store.ClaimVersionLookup(ctx, lookUpEvery)
	if err != nil || !due {
		return // the database is away, or it is not this process's turn
	}
	latest, err := a.latest(ctx)
	if err == nil {
		_, err = a.store.TakeVersion(ctx, latest, "WhatsApp's web client is at "+latest)
	}
	if err != nil && ctx.Err() == nil {
		a.log.Warn("could not find out WhatsApp's newest version; trying again later", "err", err)
	}
}

// Admit waits until sessions may connect, and returns the version of WhatsApp's client to
// connect as. While it waits it calls beat at least every so often, with what it waits for.
// If ctx ends first, it returns the cause.
func (a *Admission) Admit(
	ctx context.Context, every time.Duration, beat func(reason string),
) (version string, err error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		state, changed := a.now()
		if !state.Paused {
			return state.Version, nil
		}
		beat(pausedReason(state))
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-changed:
		case <-tick.C:
		}
	}
}

// Admits reports whether sessions may connect as this version, now. A host asks again after
// it had to wait for something else.
func (a *Admission) Admits(version string) bool {
	state, _ := a.now()
	return !state.Paused && version == state.Version
}

// State is what holds for all sessions, as far as this process has heard.
func (a *Admission) State() flowhq.Fleet {
	state, _ := a.now()
	return state
}

// now is the state, and a channel that is closed when the state is replaced.
func (a *Admission) now() (flowhq.Fleet, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state, a.changed
}

// pausedReason is what tenants are told that wait for the end of a pause.
func pausedReason(state flowhq.Fleet) string {
	return "waiting for reconnects, which are paused: " + state.Reason
}
