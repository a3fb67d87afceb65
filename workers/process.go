package workers

import (
	"context"
	"fmt"
	"sync"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/activities"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/session"
	"github.com/flowhq/flowhq/internal/webhook"
	"github.com/flowhq/flowhq/internal/whatsapp"
	"github.com/flowhq/flowhq/workflows"
)

// A process is one worker process: what its hosts share, wired together.
type process struct {
	Options
	// What follows lasts as long as the process, over times in which it takes no work.
	slots      *hosting.Slots
	admission  *hosting.Admission
	leases     *hosting.Leases
	database   *hosting.DatabaseWatch
	fleet      *hosting.FleetMember
	failover   *hosting.Failover
	pace       *hosting.RateLimiter
	activities *activities.Activities
	due        webhookNotices
}

// newProcess wires a process, of which nothing runs yet.
func newProcess(o Options, control *workflows.Client) *process {
	p := &process{
		Options:   o,
		slots:     hosting.NewSlots(),
		admission: hosting.NewAdmission(o.Store, o.Network.LatestVersion, o.Log),
		leases:    hosting.NewLeases(o.Store, o.Timing, o.Log),
		database:  hosting.NewDatabaseWatch(o.Store, o.Timing),
		due:       newWebhookNotices(),
		pace:      hosting.NewRateLimiter(o.ConnectsPerSecond),
	}
	// What Temporal knows of hosts, by its own client: the SDK's worker does not tell.
	attempts := workflows.NewAttempts(o.Temporal, o.Namespace, o.Converter)
	failover := hosting.FailoverOptions{
		Store: o.Store, Attempts: attempts, Slots: p.slots, Timing: o.Timing,
		StableFor: flowhq.StableFor, Name: o.Name, Log: o.Log,
	}
	if o.Lock != nil { // a nil *Lock in the interface would not be a nil interface
		failover.Ended = o.Lock
	}
	p.failover = hosting.NewFailover(failover)
	p.fleet = hosting.NewFleetMember(hosting.FleetMemberOptions{
		Store: o.Store, Slots: p.slots, Admission: p.admission,
		Reports: activities.WaitReporter{Reports: control},
		Timing:  o.Timing, Name: o.Name, Capacity: o.Capacity, Pace: p.pace, Log: o.Log,
	})
	sessions := &session.Process{
		Store: o.Store, Network: session.Dialer{Network: o.Network}, Reports: control,
		Leases: p.leases, Database: p.database, Slots: p.slots, Admission: p.admission,
		RateLimiter: p.pace,
		Timing:      o.Timing, BurstWindow: o.BurstWindow, Assistant: o.Assistant,
		Metrics: o.Metrics, Name: o.Name, Log: o.Log,
	}
	p.activities = &activities.Activities{
		Sessions: sessions, Store: o.Store, Network: o.Network,
		Signals: control, Beats: o.Temporal, Attempts: attempts,
		Poster: webhook.NewSender(o.Webhooks),
		Timing: o.Timing, Metrics: o.Metrics, Name: o.Name, Log: o.Log,
	}
	return p
}

// join makes this process one of the fleet, before it asks for work: a process that has
// work and is not of the fleet counts as dead.
func (p *process) join(ctx context.Context) error {
	// The version of WhatsApp's client first: hosts ask for it as soon as there are any.
	if err := p.admission.Open(ctx, whatsapp.BuiltInVersion(), p.WhatsAppVersion); err != nil {
		return err
	}
	// Then what a worker before this one has left: its sessions may be the first to come.
	if err := p.failover.EndPredecessors(ctx); err != nil {
		return err
	}
	// Whoever finds this name in the file, unlocked, knows that this process has ended.
	if p.Lock != nil {
		if err := p.Lock.SetName(p.Name); err != nil && p.LockRequired {
			return fmt.Errorf("STATE_PATH: %w", err)
		} else if err != nil {
			p.Log.Warn("no other worker will know when this one has ended; its leases will "+
				"have to run out", "err", err)
		}
	}
	return p.fleet.Join(ctx)
}

// runBackground begins what runs beside all hosts until stop is called, which waits for
// its end.
func (p *process) runBackground(ctx context.Context) (stop func()) {
	// Each knows how to go on while the database is away; none ends before it is told to.
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, run := range []func(context.Context){
		p.leases.Run, p.database.Run, p.fleet.Run, p.admission.Run, p.failover.Run,
		p.writeTraffic,
		func(ctx context.Context) {
			hosting.Listen(ctx, p.Store, p.Log, p.slots, p.admission, p.leases, p.due)
		},
	} {
		all.Go(func() { run(ctx) })
	}
	return func() { // leases are still renewed when it is called, and no host is left
		cancel()
		all.Wait()
	}
}

// leave gives back this process's place among those of its machine, unless a host is left:
// that its lease may be ended is proven by the end of the process.
func (p *process) leave() {
	if p.Lock == nil || p.slots.Taken() > 0 {
		return
	}
	if err := p.Lock.Close(); err != nil {
		p.Log.Info("could not give back the place in the folder of STATE_PATH; that does no harm",
			"err", err)
	}
}
