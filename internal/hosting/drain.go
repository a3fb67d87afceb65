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

// A Drain moves the sessions of a process to other processes, when it is told to end or an
// operator asks. It moves the oldest first and only as many at a time as the others take: another
// one is let go when one of them was claimed elsewhere. So no session goes off the air before
// there is somebody to take it.
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

// NewDrain returns a Drain of the slots of fleet's process, which is told to end. Run it once.
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
	d.fleet.leave()
	d.slots.close()
	if !d.move(ctx) {
		d.log.Info("no more time to hand sessions over", "left", d.slots.Taken())
		d.slots.DrainAll()
	}
}

// move moves sessions until none is left, or ctx ends, and reports whether none is left. Those
// that are on their way then go on.
func (d *Drain) move(ctx context.Context) (all bool) {
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
			return false
		case <-d.slots.changed:
		case <-ask.C:
			d.askForRoom(ctx)
		}
	}
	return true
}

// askForRoom asks for the room of the others, who count their sessions once in a renewal interval.
// During a pause of reconnects there is none: a session that moves would wait off the air.
func (d *Drain) askForRoom(ctx context.Context) {
	others, err := d.fleet.beatOnce(ctx)
	if err != nil {
		d.log.Warn("could not find out where there is room", "err", err)
	}
	if err != nil || d.admission.State().Paused {
		others = store.Answer{}
	}
	// Sessions that were let go before that are in the sessions which the others have said.
	counted := time.Now().Add(-d.timing.Renewal - roomEvery)
	d.used = slices.DeleteFunc(d.used, func(at time.Time) bool { return at.Before(counted) })
	d.free = others.Free
	if full := d.free == 0; full != d.full {
		d.full = full
		if full {
			d.log.Warn("no other worker takes sessions; serving on",
				"sessions", d.slots.Taken())
		}
	}
}

// heed begins what an operator wants, or ends it when the wish was taken back: the process takes
// no more sessions and moves those it has, but stays. One that is told to end drains anyway.
//
// It does not stop Temporal's worker, which could not be started again while it has hosts. Polls
// that are under way may still bring a session each: its host finds the slots closed and gives it
// back at once.
func (f *FleetMember) heed(ctx context.Context, wanted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.leaving || wanted == (f.stopDrain != nil):
	case wanted:
		f.log.Info("draining: an operator asks", "sessions", f.slots.Taken())
		f.draining.Store(true)
		f.slots.hold()
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if NewDrain(f, f.admission).move(ctx) {
				f.log.Info("drained: no session is left")
			}
		}()
		f.stopDrain = func() { cancel(); <-done }
	default:
		f.stopDrain()
		f.stopDrain = nil
		f.slots.release()
		f.draining.Store(false)
		f.log.Info("taking sessions again: an operator asks", "sessions", f.slots.Taken())
	}
}

// leave notes that the process is told to end: it drains from now on, whatever an operator wants.
// A drain that an operator wanted ends before, as two would move twice what others have room for.
func (f *FleetMember) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaving = true
	f.draining.Store(true)
	if f.stopDrain != nil {
		f.stopDrain()
		f.stopDrain = nil
	}
}
