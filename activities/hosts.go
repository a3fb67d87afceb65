package activities

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// maxMoving is how many sessions are between two processes at a time. A move takes
	// about a second, most of it Temporal's. The other process connects 20 in a
	// second, so 24 keep it busy; more would only queue there.
	maxMoving = 24
	// lookEvery is how often a process that drains looks where there is room.
	lookEvery = time.Second
)

// Hosts are the hosts that run in this process, and how they leave it.
//
// When the process is told to end they are handed over to others, the oldest first
// and only so many at a time: another one is let go when one of them was claimed
// elsewhere. So no session goes off the air before there is somebody to take it.
type Hosts struct {
	mu      sync.Mutex
	all     []*berth // oldest first
	closing chan struct{}
	moving  map[flowhq.TenantID]int64 // let go and not claimed yet, with their epochs
	changed chan struct{}             // has room for one note that something above did
}

// A berth is one host's place in this process.
type berth struct {
	tenant  flowhq.TenantID
	closing <-chan struct{} // closed when the process takes no more sessions
	leave   chan struct{}   // closed when this host's session is to move

	// Guarded by Hosts.mu.
	lease     *lease // nil until it serves
	dismissed bool   // leave is closed
}

// NewHosts returns Hosts of which there are none yet.
func NewHosts() *Hosts {
	return &Hosts{closing: make(chan struct{}), moving: make(map[flowhq.TenantID]int64), changed: make(chan struct{}, 1)}
}

// Open makes it possible again to enter after Dismiss.
func (h *Hosts) Open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closing:
		h.closing = make(chan struct{})
	default:
	}
}

// enter takes a berth, even if the process is closing: its host finds out.
func (h *Hosts) enter(tenant flowhq.TenantID) *berth {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := &berth{tenant: tenant, closing: h.closing, leave: make(chan struct{})}
	h.all = append(h.all, b)
	return b
}

// serves notes that b's host serves under a lease. From then on it stays until its
// leave is closed.
func (h *Hosts) serves(b *berth, l *lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b.lease = l
	poke(h.changed)
}

func (h *Hosts) exit(b *berth) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = slices.DeleteFunc(h.all, func(other *berth) bool { return other == b })
	poke(h.changed)
}

// has reports whether a host of the tenant is here.
func (h *Hosts) has(tenant flowhq.TenantID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.all, func(b *berth) bool { return b.tenant == tenant })
}

// Any reports whether any host is here.
func (h *Hosts) Any() bool { return h.count() > 0 }

func (h *Hosts) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.all)
}

// close has every host leave that is not on the air yet.
func (h *Hosts) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closing:
	default:
		close(h.closing)
	}
}

// Dismiss has every host leave at once.
func (h *Hosts) Dismiss() {
	h.close()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.all {
		b.dismiss()
	}
}

// dismiss has a host leave. The caller holds Hosts.mu.
func (b *berth) dismiss() {
	if !b.dismissed {
		b.dismissed = true
		close(b.leave)
	}
}

// next has the host leave that has been here for longest, unless enough are on their
// way. It reports whether there was one.
func (h *Hosts) next() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.moving) >= maxMoving {
		return false
	}
	for _, b := range h.all {
		if b.lease != nil && !b.dismissed {
			h.moving[b.lease.tenant] = b.lease.epoch
			b.dismiss()
			return true
		}
	}
	return false
}

// heard takes notice of sessions that have arrived elsewhere, or are gone.
func (h *Hosts) heard(n store.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch epoch, moving := h.moving[n.Tenant]; {
	case n.Kind == store.Resync: // it may have been missed
		clear(h.moving)
	case moving && (n.Kind == store.ErasedTenant || n.Kind == store.NewEpoch && n.Epoch > epoch):
		delete(h.moving, n.Tenant)
	default:
		return
	}
	poke(h.changed)
}

// HandOver moves every session to the processes that have room, and returns when
// none is left. While there is no room they are served on here. When ctx ends,
// those that are left hang up.
func (f *Fleet) HandOver(ctx context.Context) {
	f.draining.Store(true)
	f.hosts.close()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	q := quota{timing: f.timing}
	if ctx.Err() == nil {
		q.look(ctx, f)
	}
	for f.hosts.count() > 0 {
		for q.left() && f.hosts.next() {
			q.use()
		}
		select {
		case <-ctx.Done():
			f.log.Info("no more time to hand sessions over", "left", f.hosts.count())
			f.hosts.Dismiss()
			return
		case <-f.hosts.changed:
		case <-look.C:
			q.look(ctx, f)
		}
	}
}

// A quota is how many sessions may be handed over by what is known of the others.
type quota struct {
	timing Timing
	free   int         // places of the others, as they said last
	used   []time.Time // when those were handed over that they may not have counted yet
	full   bool        // the log says so
}

func (q *quota) left() bool { return q.free > len(q.used) }

func (q *quota) use() { q.used = append(q.used, time.Now()) }

// look asks for the room of the others, who say it once in a heartbeat.
func (q *quota) look(ctx context.Context, f *Fleet) {
	others, err := f.room(ctx)
	if err != nil {
		f.log.Warn("could not find out where there is room", "err", err)
	}
	if err != nil || f.gate.paused() { // who moves then would only wait there, off the air
		others = store.Room{}
	}
	counted := time.Now().Add(-q.timing.Heartbeat - lookEvery)
	q.used = slices.DeleteFunc(q.used, func(at time.Time) bool { return at.Before(counted) })
	q.free = others.Free
	if full := q.free == 0; full != q.full {
		q.full = full
		if full {
			f.log.Warn("no other worker takes sessions; serving on until the time is up", "sessions", f.hosts.count())
		}
	}
}
