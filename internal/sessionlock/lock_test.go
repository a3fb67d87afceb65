package sessionlock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// isFree reports whether the lock can be taken within the given time.
func isFree(t *testing.T, l *Lock, within time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if l.Lock(ctx) != nil {
		return false
	}
	l.Unlock()
	return true
}

func TestLeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New()
		if _, err := l.Lease(t.Context(), "a:0"); err != nil {
			t.Fatal(err)
		}
		if isFree(t, l, LeaseTimeout-time.Millisecond) {
			t.Error("the lock is free before the lease has run out")
		}
		if !isFree(t, l, 2*time.Millisecond) {
			t.Error("the lock is still held after the lease has run out")
		}
		if _, err := l.Keep("a:0"); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("Keep of a lease that has run out = %v; want %v", err, ErrLeaseLost)
		}
	})
}

func TestLeaseEndsWithTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New()
		if _, err := l.Lease(t.Context(), "a:0"); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Keep("b:0"); !errors.Is(err, ErrLeaseLost) {
			t.Errorf("Keep of another session's lease = %v; want %v", err, ErrLeaseLost)
		}
		lease, err := l.Keep("a:0")
		if err != nil {
			t.Fatalf("Keep before the lease has run out = %v", err)
		}
		if isFree(t, l, 2*LeaseTimeout) {
			t.Error("a lease that is kept runs out")
		}
		lease.End()
		lease.End() // as its timer might
		if !isFree(t, l, time.Millisecond) {
			t.Error("the lock is held after the lease has ended")
		}
	})
}

func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New()
		h := l.NewHold()
		h.Release() // of nothing
		for range 2 {
			if err := h.Take(t.Context()); err != nil || !h.IsHeld() {
				t.Fatalf("Take() = %v, held %v; want nil, true", err, h.IsHeld())
			}
		}
		if isFree(t, l, time.Second) {
			t.Error("the lock is free while an operation holds it")
		}
		h.Release()
		h.Release()
		if h.IsHeld() || !isFree(t, l, time.Millisecond) {
			t.Error("the lock is held after its release")
		}
	})
}

func TestClosedLockRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New()
		if err := l.Lock(t.Context()); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error, 1)
		go func() { waited <- l.Lock(t.Context()) }()
		if l.Close(time.Second) {
			t.Error("Close says that the holder was done")
		}
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("who waited gets %v; want an error that is a cancellation", err)
		}
		l.Unlock()
		if err := l.Lock(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Lock after Close = %v; want %v", err, ErrClosed)
		}
	})
}
