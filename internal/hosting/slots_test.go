package hosting

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// left lists the hosts that were told to leave, in the order of their coming.
func left(all []*Slot) (told []int) {
	for i, b := range all {
		select {
		case <-b.Leave():
			told = append(told, i)
		default:
		}
	}
	return told
}

// The oldest leave first, and no more than can be on their way at a time: the next
// one when one has arrived.
func TestTheOldestLeaveFirst(t *testing.T) {
	h := NewSlots()
	var all []*Slot
	for i := range maxMoving + 4 {
		b := h.Enter("")
		all = append(all, b)
		if i == 0 {
			continue // it is still claiming
		}
		b.Serve(&Lease{Tenant: flowhq.TenantID(fmt.Sprint(i)), Epoch: 7})
	}
	leave := func(want int) { // all but the first, in order
		t.Helper()
		for h.drainNext() {
		}
		told := left(all)
		if len(told) != want || told[0] != 1 || told[want-1] != want {
			t.Fatalf("told to leave: %v; want 1 to %d", told, want)
		}
	}
	leave(maxMoving)
	h.Notice(store.Notice{Kind: store.NewEpoch, Tenant: "2", Epoch: 7})  // our own claim, heard late
	h.Notice(store.Notice{Kind: store.FreeLease, Tenant: "3", Epoch: 7}) // off the air, not yet elsewhere
	leave(maxMoving)
	h.Notice(store.Notice{Kind: store.NewEpoch, Tenant: "5", Epoch: 8})
	leave(maxMoving + 1)
	h.Notice(store.Notice{Kind: store.ErasedTenant, Tenant: "1"})
	leave(maxMoving + 2)
	h.Notice(store.Notice{Kind: store.Resync})
	leave(maxMoving + 3)

	h.DrainAll()
	h.DrainAll()
	if got := left(all); len(got) != len(all) {
		t.Errorf("after DrainAll %v have left; want all %d", got, len(all))
	}
	select {
	case <-h.Enter("").Closing():
	default:
		t.Error("a host that comes after DrainAll is not told")
	}
	h.Open()
	select {
	case <-h.Enter("").Closing():
		t.Error("a host that comes after Open is told to leave")
	default:
	}
}

func TestSlotsAreCounted(t *testing.T) {
	h := NewSlots()
	first, second := h.Enter(""), h.Enter("")
	first.Exit()
	if got := h.Taken(); got != 1 {
		t.Errorf("Taken = %d; want 1", got)
	}
	second.Exit()
	if got := h.Taken(); got != 0 {
		t.Errorf("Taken = %d; want 0", got)
	}
}
