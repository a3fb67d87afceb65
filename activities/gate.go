package activities

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// When the newest version of WhatsApp's client is looked up, by one process of all, while
// WhatsApp refuses the one in use.
const (
	lookUpEvery = 10 * time.Minute
	lookUpTick  = time.Minute // how often a process asks whether it is time
)

// A Gate is where hosts learn whether they may connect, and as which version of
// WhatsApp's client. What it knows is in Postgres and the same for all processes.
type Gate struct {
	store  *store.Store
	latest func(context.Context) (version string, err error)
	log    *slog.Logger
	stale  chan struct{} // has room for one note that the state has changed
	due    chan struct{} // has room for one note that a version may have to be looked up

	mu      sync.Mutex
	state   flowhq.Fleet
	changed chan struct{} // closed when state is replaced
}

// NewGate returns a Gate. latest finds out the newest version of WhatsApp's client.
// Open the Gate before the first host, and Run it.
func NewGate(s *store.Store, latest func(context.Context) (string, error), log *slog.Logger) *Gate {
	return &Gate{store: s, latest: latest, log: log, stale: make(chan struct{}, 1), due: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Open reads the state, after it has offered the version that this program comes
// with. configured is the version that the process's environment names, or "": where it
// is another one than at an earlier start, that is set and stays.
func (g *Gate) Open(ctx context.Context, configured string) error {
	if _, err := g.store.ConfigureVersion(ctx, configured); err != nil {
		return err
	}
	builtIn := whatsapp.BuiltInVersion()
	if _, err := g.store.TakeVersion(ctx, builtIn, "a program came with "+builtIn); err != nil {
		return err
	}
	return g.read(ctx)
}

// Run keeps up with the state, and looks up the newest version when it is time,
// until ctx ends.
func (g *Gate) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { g.lookUpOften(ctx) })
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.stale:
			if err := g.read(ctx); err != nil && ctx.Err() == nil {
				g.log.Warn("could not read the state of the fleet; trying again", "err", err)
				time.AfterFunc(reportRetry, func() { poke(g.stale) })
			}
		}
	}
}

// heard takes notice of a change.
func (g *Gate) heard(n store.Notice) {
	if n.Kind == store.FleetChanged || n.Kind == store.Resync {
		poke(g.stale)
	}
}

func (g *Gate) read(ctx context.Context) error {
	state, err := g.store.Fleet(ctx)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if state.Paused != g.state.Paused {
		g.log.Info("reconnects", "paused", state.Paused, "reason", state.Reason, "whatsapp_version", state.Version)
	}
	g.state = state
	close(g.changed)
	g.changed = make(chan struct{})
	poke(g.due)
	return nil
}

func (g *Gate) now() (flowhq.Fleet, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, g.changed
}

// paused reports whether nobody may connect.
func (g *Gate) paused() bool {
	state, _ := g.now()
	return state.Paused
}

// lookUpOften looks up versions apart from what keeps up with the state, as the web
// page may take its time.
func (g *Gate) lookUpOften(ctx context.Context) {
	tick := time.NewTicker(lookUpTick)
	defer tick.Stop()
	for {
		g.lookUp(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-g.due:
		}
	}
}

// lookUp looks up the newest version if it is this process's turn.
func (g *Gate) lookUp(ctx context.Context) {
	due, err := g.store.LookUpVersion(ctx, lookUpEvery)
	if err != nil || !due {
		return // the database is away, or it is another one's turn
	}
	latest, err := g.latest(ctx)
	if err == nil {
		_, err = g.store.TakeVersion(ctx, latest, "WhatsApp's web client is at "+latest)
	}
	if err != nil && ctx.Err() == nil {
		g.log.Warn("could not find out WhatsApp's newest version; trying again later", "err", err)
	}
}

// admit waits until sessions may connect, and returns the version of WhatsApp's client to
// connect as. Meanwhile it calls beat at least every so often.
func (g *Gate) admit(ctx context.Context, every time.Duration, beat func(reason string)) (version string, err error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		state, changed := g.now()
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

// admits reports whether sessions may connect as this version, now.
func (g *Gate) admits(version string) bool {
	state, _ := g.now()
	return !state.Paused && version == state.Version
}

// pausedReason is what those are told who wait for the end of a pause.
func pausedReason(state flowhq.Fleet) string {
	return store.WaitingFor + "reconnects, which are paused: " + state.Reason
}
