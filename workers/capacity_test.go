package workers

import (
	"math"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestDefaultCapacity(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	is := func(n uint64) memlimit.Provider { return func() (uint64, error) { return n, nil } }
	none := func() (uint64, error) { return 0, memlimit.ErrNoLimit }
	for _, tt := range []struct {
		name           string
		group, machine memlimit.Provider
		want           uint64 // bytes
		slots          int
	}{
		{"machine", none, is(gib), gib, 234},
		{"nothing to read", none, none, math.MaxUint64, 1000},
		{"container", is(2 * gib), is(16 * gib), 2 * gib, 490},
		{"container that may have more than there is", is(64 * gib), is(512 * mib), 512 * mib, 106},
		{"small machine", none, is(64 * mib), 64 * mib, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit := leastOf(tt.group, tt.machine)
			if got := capacityFor(limit); limit != tt.want || got != tt.slots {
				t.Errorf("memory %d for %d sessions; want %d for %d", limit, got, tt.want, tt.slots)
			}
		})
	}
	if got := DefaultCapacity(); got < leastCapacity || got > mostCapacity {
		t.Errorf("DefaultCapacity = %d", got)
	}
}
