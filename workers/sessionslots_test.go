package workers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/flowhq/flowhq/internal/hosting"
)

// A session is polled for only with a slot, and only while the process takes sessions: a slot that
// a session leaves when the process drains is kept back until it takes sessions again.
func TestSessionSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := hosting.NewSlots()
		tuner, err := newSessionTuner(1, hosts)
		if err != nil {
			t.Fatal(err)
		}
		slots := tuner.GetActivityTaskSlotSupplier()
		ctx, cancel := context.WithCancel(t.Context())
		reserve := func() <-chan error {
			reserved := make(chan error, 1)
			go func() {
				_, err := slots.ReserveSlot(ctx, nil)
				reserved <- err
			}()
			return reserved
		}
		waits := func(why string, reserved <-chan error) {
			t.Helper()
			synctest.Wait()
			select {
			case err := <-reserved:
				t.Errorf("%s: got a slot, %v", why, err)
			default:
			}
		}
		if err := <-reserve(); err != nil {
			t.Fatal(err)
		}
		second := reserve()
		waits("full", second)
		hosts.DrainAll()
		slots.ReleaseSlot(nil)
		waits("drained", second)
		hosts.Open()
		if err := <-second; err != nil {
			t.Fatal(err)
		}
		hosts.DrainAll()
		slots.ReleaseSlot(nil)
		third := reserve()
		waits("drained again", third)
		cancel()
		if err := <-third; !errors.Is(err, context.Canceled) {
			t.Errorf("when the worker ends: %v; want %v", err, context.Canceled)
		}
	})
}
