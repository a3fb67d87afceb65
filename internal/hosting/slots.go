package hosting

import (
	"context"
	"slices"
	"sync"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// maxMoving is how many sessions are between two processes at a time. A move takes about a
// second, most of it Temporal's. The other process connects 20 in a second, so 24 keep it
// busy; more would only queue there, off the air.
const maxMoving = 24

// Slots are the places of hosts in this process. Each host takes one when it begins, and
// is told through it when it has to go: at once if it does not serve yet, else when
// [Drain] lets its session move or DrainAll has all of them end.
type Slots struct {
	mu      sync.Mutex
	all     []*Slot                   // oldest first
	closing chan struct{}             // closed when the process takes no more sessions
	opened  chan struct{}             // closed when it takes sessions again
	held    bool                      // an operator wants it to take none, so Open does nothing
	moving  map[flowhq.TenantID]int64 // let go and not claimed elsewhere yet, with their epochs
	changed chan struct{}             // has room for one note that something above did
}

// A Slot is one host's place in this process.
type Slot struct {
	slots   *Slots
	tenant  flowhq.TenantID
	closing <-chan struct{}
	leave   chan struct{}

	// Guarded by Slots.mu.
	lease    *Lease // nil until the host serves
	draining bool   // leave is closed
}

// NewSlots returns Slots of which none is taken.
func NewSlots() *Slots {
	return &Slots{
		closing: make(chan struct{}), opened: make(chan struct{}),
		moving: make(map[flowhq.TenantID]int64), changed: make(chan struct{}, 1),
	}
}

// Open makes it possible again to begin after DrainAll: a worker that takes no work while
// the database is away goes on when it is back. One that an operator has drained stays closed.
func (s *Slots) Open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held {
		s.open()
	}
}

// open makes it possible to begin. The caller holds Slots.mu.
func (s *Slots) open() {
	select {
	case <-s.closing:
		s.closing = make(chan struct{})
		close(s.opened)
		s.opened = make(chan struct{})
	default:
	}
}

// AwaitOpen waits until the process takes sessions, or returns the error of ctx.
func (s *Slots) AwaitOpen(ctx context.Context) error {
	for {
		s.mu.Lock()
		closing, opened := s.closing, s.opened
		s.mu.Unlock()
		select {
		case <-closing:
		default:
			return ctx.Err()
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hold closes the slots until release, however often Open is called.
func (s *Slots) hold() {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = true
}

// release ends hold.
func (s *Slots) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = false
	s.open()
}

// Enter takes a slot, even if the process takes no more sessions: the host finds out by
// Closing. The caller calls Exit.
func (s *Slots) Enter(tenant flowhq.TenantID) *Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := &Slot{slots: s, tenant: tenant, closing: s.closing, leave: make(chan struct{})}
	s.all = append(s.all, slot)
	return slot
}

// Closing is closed when the process takes no more sessions: a host that does not serve yet
// ends, a host that serves stays until Leave is closed.
func (s *Slot) Closing() <-chan struct{} { return s.closing }

// Leave is closed when this host's session is to move to another process.
func (s *Slot) Leave() <-chan struct{} { return s.leave }

// Serve notes that the host serves under a lease, so that its session is moved rather than
// ended at once when the process drains.
func (s *Slot) Serve(l *Lease) {
	s.slots.mu.Lock()
	defer s.slots.mu.Unlock()
	s.lease = l
	notify(s.slots.changed)
}

// Exit gives the slot back.
func (s *Slot) Exit() {
	s.slots.mu.Lock()
	defer s.slots.mu.Unlock()
	s.slots.all = slices.DeleteFunc(s.slots.all, func(other *Slot) bool { return other == s })
	notify(s.slots.changed)
}

// Has reports whether a host of the tenant is here.
func (s *Slots) Has(tenant flowhq.TenantID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(slot *Slot) bool { return slot.tenant == tenant })
}

// Taken is how many slots are taken.
func (s *Slots) Taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// DrainAll has every host leave at once, and those that come later.
func (s *Slots) DrainAll() {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, slot := range s.all {
		slot.drain()
	}
}

// close has every host leave that does not serve yet.
func (s *Slots) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
	default:
		close(s.closing)
	}
}

// drain has a host leave. The caller holds Slots.mu.
func (s *Slot) drain() {
	if !s.draining {
		s.draining = true
		close(s.leave)
	}
}

// drainNext has the host leave that has been here for longest, unless maxMoving sessions
// are on their way already. It reports whether there was one.
func (s *Slots) drainNext() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.moving) >= maxMoving {
		return false
	}
	// Hosts that do not serve yet leave by Closing.
	for _, slot := range s.all {
		if slot.lease != nil && !slot.draining {
			s.moving[slot.lease.Tenant] = slot.lease.Epoch
			slot.drain()
			return true
		}
	}
	return false
}

// Notice takes notice of sessions that were claimed elsewhere, or are gone.
func (s *Slots) Notice(n store.Notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch epoch, moving := s.moving[n.Tenant]; {
	case n.Kind == store.Resync: // a claim may have been missed
		clear(s.moving)
	case moving && (n.Kind == store.ErasedTenant || n.Kind == store.NewEpoch && n.Epoch > epoch):
		delete(s.moving, n.Tenant)
	default:
		return
	}
	notify(s.changed)
}
