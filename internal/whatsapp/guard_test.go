package whatsapp

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// isFree reports whether the guard can be taken within the given time.
func isFree(t *testing.T, g *guard, within time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if g.lock(ctx) != nil {
		return false
	}
	g.unlock()
	return true
}

func TestLeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard()
		if _, err := g.lockFor(t.Context(), "a:0"); err != nil {
			t.Fatal(err)
		}
		if isFree(t, g, leaseTime-time.Millisecond) {
			t.Error("the guard is free before the lease has run out")
		}
		if !isFree(t, g, 2*time.Millisecond) {
			t.Error("the guard is still held after the lease has run out")
		}
		if g.keepLease("a:0") != nil {
			t.Error("a lease that has run out can be kept")
		}
	})
}

func TestLeaseEndsWithTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard()
		if _, err := g.lockFor(t.Context(), "a:0"); err != nil {
			t.Fatal(err)
		}
		if g.keepLease("b:0") != nil {
			t.Error("the lease of one session serves another")
		}
		l := g.keepLease("a:0")
		if l == nil {
			t.Fatal("the lease is lost before it has run out")
		}
		if isFree(t, g, 2*leaseTime) {
			t.Error("a lease that is kept runs out")
		}
		g.endLease(l)
		g.endLease(l) // as its timer might
		if !isFree(t, g, time.Millisecond) {
			t.Error("the guard is held after the lease has ended")
		}
	})
}

func TestClosedGuardRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard()
		if err := g.lock(t.Context()); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error, 1)
		go func() { waited <- g.lock(t.Context()) }()
		if g.close(time.Second) {
			t.Error("close says that the holder was done")
		}
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("who waited gets %v; want an error that is a cancellation", err)
		}
		g.unlock()
		if err := g.lock(t.Context()); !errors.Is(err, errOver) {
			t.Errorf("lock after close = %v; want errOver", err)
		}
	})
}
