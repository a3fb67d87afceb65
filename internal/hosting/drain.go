package hosting

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/flowhq/flowhq/internal/store"
)

// roomEvery is how often a process that drains asks where there is room.
const roomEvery = time.Second

// A Drain moves the sessions of a process that is told to end to other processes, the oldest
// first and only as many at a time as the others take: another one is let go when one of
// them was claimed elsewhere. So no session goes off the air before there is somebody to
// take it.
type Drain struct {
	fleet     *FleetMember
	slots     *Slots
	admission *Admission
	timing    Timing
	log       *slog.Logger

	// What is known of the others. It belongs to Run.
	free int         // places, as they said last
	used []time.Time // when sessions were let go that they may not have counted yet
	full bool        // the log says that nobody has room
}

// NewDrain returns a Drain of the slots of fleet's process. Run it once.
func NewDrain(fleet *FleetMember, admission *Admission) *Drain {
	return &Drain{
		fleet: fleet, slots: fleet.slots, admission: admission,
		timing: fleet.timing, log: fleet.log,
	}
}

// Run moves every session to the processes that have room, and returns when none is left.
// While there is no room they are served on here. When ctx ends, those that are left hang
// up.
func (d *Drain) Run(ctx context.Context) {
	// First of all, so that no other process counts on the room of this one.
	d.fleet.draining.Store(true)
	d.slots.close()
	ask := time.NewTicker(roomEvery)
	defer ask.Stop()
	if ctx.Err() == nil {
		d.askForRoom(ctx)
	}
	for d.slots.Taken() > 0 {
		// Each host that leaves and each that was claimed elsewhere makes room for the next.
		for d.free > len(d.used) && d.slots.drainNext() {
			d.used = append(d.used, time.Now())
		}
		select {
		case <-ctx.Done():
			d.log.Info("no more time to hand sessions over", "left", d.slots.Taken())
			d.slots.DrainAll()
			return
		case <-d.slots.changed:
		case <-ask.C:
			d.askForRoom(ctx)
		}
	}
}

// askForRoom asks for the room of the others, who count their sessions once in a renewal interval.
// During a pause of reconnects there is none: a session that moves would wait off the air.
func (d *Drain) askForRoom(ctx context.Context) {
	others, err := d.fleet.beatOnce(ctx)
	if err != nil {
		d.log.Warn("could not find out where there is room", "err", err)
	}
	if err != nil || d.admission.State().Paused {
		others = store.Room{}
	}
	// Sessions that were let go before that are in the sessions which the others have said.
	counted := time.Now().Add(-d.timing.Renewal - roomEvery)
	d.used = slices.DeleteFunc(d.used, func(at time.Time) bool { return at.Before(counted) })
	d.free = others.Free
	if full := d.free == 0; full != d.full {
		d.full = full
		if full {
			d.log.Warn("no other worker takes sessions; serving on until the time is up",
				"sessions", d.slots.Taken())
		}
	}
}
