package shutdown

import (
	"syscall"
	"testing"
	"time"
)

// patience bounds the wait for a signal that this process sends to itself.
const patience = 10 * time.Second

func raise(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
}

func within[T any](t *testing.T, c <-chan T, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("%s within %v", what, patience)
	}
}

func TestSecondSignalIsAHurry(t *testing.T) {
	ctx, hurry := Signals(t.Context(), 0, syscall.SIGUSR1)
	raise(t)
	within(t, ctx.Done(), "the first signal did not end the context")
	select {
	case <-hurry:
		t.Error("one signal is a hurry; want two")
	default:
	}
	raise(t)
	within(t, hurry, "the second signal was no hurry")
}

func TestSignalsAtOnceAreOne(t *testing.T) {
	ctx, hurry := Signals(t.Context(), time.Hour, syscall.SIGUSR1)
	raise(t)
	within(t, ctx.Done(), "the first signal did not end the context")
	raise(t)
	select {
	case <-hurry:
		t.Error("two signals at once are a hurry; want one signal")
	case <-time.After(100 * time.Millisecond): // nothing announces that a signal was passed over
	}
}
