package server

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// Each fault befalls as many things as it was set for, and then no more.
func TestFaultsAreUsedUp(t *testing.T) {
	const number, delay = "255700000001", time.Second
	f := newFaults()
	f.DuplicateDeliveries(number, 1)
	f.DelayDeliveries(number, 2, delay)
	f.LoseAcks(number, 1)
	f.DelayAcks(number, 1, delay)
	type fate struct {
		isTwice bool
		late    time.Duration
	}
	deliver := func(isCompanion bool) (out fate) {
		out.isTwice, out.late = f.takeDelivery(number, isCompanion)
		return out
	}
	for i, want := range []fate{{false, delay}, {true, delay}, {}} {
		if got := deliver(i > 0); got != want { // the first is to the phone itself
			t.Errorf("delivery %d: %+v; want %+v", i, got, want)
		}
	}
	for i, want := range []fate{{true, 0}, {false, delay}, {}} {
		var got fate
		if got.isTwice, got.late = f.takeAck(number); got != want {
			t.Errorf("acknowledgement %d: %+v; want %+v", i, got, want)
		}
	}
}

func TestLastFormStays(t *testing.T) {
	f := newFaults()
	if err := f.SetForms("1", []string{"lid", "nowhere"}); flowhq.ErrorCode(err) != flowhq.Invalid {
		t.Errorf("SetForms() with a form that does not exist = %v; want %s", err, flowhq.Invalid)
	}
	if err := f.SetForms("1", []string{formLID, formNumber}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 3 {
		got = append(got, f.takeForm("1"))
	}
	if diff := cmp.Diff([]string{formLID, formNumber, formNumber}, got); diff != "" {
		t.Errorf("forms (-want +got):\n%s", diff)
	}
	if got := f.takeForm("2"); got != formLIDNumber {
		t.Errorf("form of another customer = %s; want %s", got, formLIDNumber)
	}
}

// A refusal ends by itself, and the one for everybody does not hide the number's own.
func TestRefusals(t *testing.T) {
	f := newFaults()
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Second)
	f.RefuseLogins("1", Refusal{Reason: reasonTempBanned, Until: soon})
	f.RefuseLogins("2", Refusal{Reason: reasonLoggedOut, Until: past})
	f.RefuseLogins("", Refusal{Until: soon})
	for number, want := range map[string]int{
		"1": reasonTempBanned, "2": reasonUnavailable, "": reasonUnavailable,
	} {
		if r, isRefused := f.refusal(number); !isRefused || r.Reason != want {
			t.Errorf("refusal(%q) = %d, %v; want %d", number, r.Reason, isRefused, want)
		}
	}
	f.Clear()
	if r, isRefused := f.refusal("1"); isRefused {
		t.Errorf("refusal(1) after Clear = %d; want none", r.Reason)
	}
}
