package testdb

import (
	"context"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Memory is the leases and the fleet's row in memory, for tests on a clock of their own: a real
// database would not wait for that clock. A test double embeds it and adds what else it needs.
type Memory struct {
	Mu sync.Mutex
	// Below are guarded by Mu.
	Away error // what every call fails with; nil while the database answers
	// Held are the epochs of the hosts that hold a lease. A test that plays a newer host raises the
	// epoch of its tenant here.
	Held   map[flowhq.TenantID]int64
	Locked map[flowhq.TenantID]bool // tenants whose row somebody locks by hand
	Epoch  int64                    // of the newest host, whichever tenant's
	// Seen is the proof of life from WhatsApp that was written last for each tenant.
	Seen map[flowhq.TenantID]time.Time
	Row  flowhq.Fleet
}

// NewMemory returns a Memory in which nobody holds a lease, and whose fleet has that version.
func NewMemory(version string) *Memory {
	return &Memory{
		Held: map[flowhq.TenantID]int64{}, Locked: map[flowhq.TenantID]bool{},
		Seen: map[flowhq.TenantID]time.Time{}, Row: flowhq.Fleet{Version: version},
	}
}

// ClaimAbove raises the epoch, above floor if the caller knows a newer one than this database does, as
// after an older backup was restored.
func (m *Memory) ClaimAbove(
	_ context.Context, _ flowhq.TenantID, _ string, floor int64,
) (int64, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if m.Away != nil {
		return 0, m.Away
	}
	// One counter for all tenants is enough: the tests compare epochs of one tenant only.
	m.Epoch = max(m.Epoch, floor) + 1
	return m.Epoch, nil
}

// TakeLease takes a lease that nobody holds. No lease runs out by itself.
func (m *Memory) TakeLease(
	_ context.Context, tenant flowhq.TenantID, epoch int64, ttl time.Duration,
) (bool, time.Duration, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	switch {
	case m.Away != nil:
		return false, 0, m.Away
	case m.Held[tenant] != 0:
		return false, ttl, nil
	}
	m.Held[tenant] = epoch
	return true, 0, nil
}

// RenewLeases renews the leases that are still held at their epoch.
func (m *Memory) RenewLeases(
	_ context.Context, leases []store.Lease, _ time.Duration,
) (renewed, locked []store.Lease, err error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, l := range leases {
		if l.SeenAt != nil {
			m.Seen[l.Tenant] = *l.SeenAt
		}
		// A lease is returned without the proof of life, as the real call returns it: callers
		// compare leases by value.
		l.SeenAt = nil
		switch {
		// A row that somebody locks is neither renewed nor lost. A host that took it for lost would
		// end its session.
		case m.Locked[l.Tenant]:
			locked = append(locked, l)
		case m.Held[l.Tenant] == l.Epoch:
			renewed = append(renewed, l)
		}
	}
	return renewed, locked, m.Away
}

// ReleaseLease gives a lease back, unless a newer host holds it: an older one that ends late must not
// end the lease of its successor.
func (m *Memory) ReleaseLease(_ context.Context, tenant flowhq.TenantID, epoch int64) error {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if m.Held[tenant] == epoch {
		delete(m.Held, tenant)
	}
	return m.Away
}

// Answers reports whether the database does.
func (m *Memory) Answers(context.Context) error {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.Away
}

// Fleet returns the fleet's row.
func (m *Memory) Fleet(context.Context) (flowhq.Fleet, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.Row, m.Away
}

// ConfigureVersion finds that the version in the row stands.
func (*Memory) ConfigureVersion(context.Context, string) (bool, error) { return false, nil }

// TakeVersion finds that the version in the row stands.
func (*Memory) TakeVersion(context.Context, string, string) (bool, error) { return false, nil }

// ClaimVersionLookup leaves the look-up to another process.
func (*Memory) ClaimVersionLookup(context.Context, time.Duration) (bool, error) {
	return false, nil
}
