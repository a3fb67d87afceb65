package activities

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// left lists the hosts that were told to leave, in the order of their coming.
func left(all []*berth) (told []int) {
	for i, b := range all {
		select {
		case <-b.leave:
			told = append(told, i)
		default:
		}
	}
	return told
}

// The oldest leave first, and no more than can be on their way at a time: the next
// one when one has arrived.
func TestHostsLeaveInTurn(t *testing.T) {
	h := NewHosts()
	var all []*berth
	for i := range maxMoving + 4 {
		b := h.enter("")
		all = append(all, b)
		if i == 0 {
			continue // it is still claiming
		}
		h.serves(b, &lease{tenant: flowhq.TenantID(fmt.Sprint(i)), epoch: 7})
	}
	leave := func(want int) { // all but the first, in order
		t.Helper()
		for h.next() {
		}
		told := left(all)
		if len(told) != want || told[0] != 1 || told[want-1] != want {
			t.Fatalf("told to leave: %v; want 1 to %d", told, want)
		}
	}
	leave(maxMoving)
	h.heard(store.Notice{Kind: store.NewEpoch, Tenant: "2", Epoch: 7})  // our own claim, heard late
	h.heard(store.Notice{Kind: store.FreeLease, Tenant: "3", Epoch: 7}) // off the air, not yet elsewhere
	leave(maxMoving)
	h.heard(store.Notice{Kind: store.NewEpoch, Tenant: "5", Epoch: 8})
	leave(maxMoving + 1)
	h.heard(store.Notice{Kind: store.ErasedTenant, Tenant: "1"})
	leave(maxMoving + 2)
	h.heard(store.Notice{Kind: store.Resync})
	leave(maxMoving + 3)

	h.Dismiss()
	h.Dismiss()
	if got := left(all); len(got) != len(all) {
		t.Errorf("after Dismiss %v have left; want all %d", got, len(all))
	}
	select {
	case <-h.enter("").closing:
	default:
		t.Error("a host that comes after Dismiss is not told")
	}
	h.Open()
	select {
	case <-h.enter("").closing:
		t.Error("a host that comes after Open is told to leave")
	default:
	}
}

func TestHostsAreCounted(t *testing.T) {
	h := NewHosts()
	first, second := h.enter(""), h.enter("")
	h.exit(first)
	if got := h.count(); got != 1 {
		t.Errorf("count = %d; want 1", got)
	}
	h.exit(second)
	if got := h.count(); got != 0 {
		t.Errorf("count = %d; want 0", got)
	}
}
