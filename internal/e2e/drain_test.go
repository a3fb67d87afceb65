package e2e

import (
	"testing"
	"time"
)

// A worker that nobody takes over from serves until its time is up, then hangs up.
func TestDrainWithoutAPeer(t *testing.T) {
	t.Parallel()
	// An answer took more than 6 s on a machine with a load of 10.
	const drain = 20 * time.Second
	s := newStand(t, "DRAIN_TIMEOUT_MS=20000")
	w := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	c := s.customer("+254711000001", "Amina")
	w.terminate()
	told := time.Now()
	servesOn(t, c, b, told.Add(drain))
	w.ended(patience)
	if took := time.Since(told); took < drain {
		t.Errorf("it ended after %v; want it to serve for %v", took, drain)
	}
	if err := s.hasWorkers(0); err != nil { // it said goodbye
		t.Error(err)
	}
	// It has hung up and given its lease back, or this would wait for its end.
	s.worker("next")
	ask(t, c, b, "and now?", patience)
	b.neverHostedTwice()
}

// servesOn makes sure that a worker answers which has been told to end until then.
func servesOn(t *testing.T, c *customer, b *business, until time.Time) {
	t.Helper()
	ask(t, c, b, "are you still there?", time.Until(until))
	if left := time.Until(until); left < time.Second {
		t.Fatalf("the answer came %v before its time was up, so it says nothing", left)
	}
}

// It hands its sessions over as soon as there is somebody to take them, and ends.
func TestDrainFindsAPeer(t *testing.T) {
	t.Parallel()
	s := newStand(t, "DRAIN_TIMEOUT_MS=600000", "WORKER_CAPACITY=20")
	first := s.worker("first")
	all := s.fleet(10)
	first.terminate()
	full := s.worker("full", "WORKER_CAPACITY=3")
	eventually(t, patience, func() error { return s.hasWorkers(10, 20, 3) })
	ask(t, s.customer("+254711000001", "Amina"), all[9], "hello", patience)
	s.worker("second")
	first.ended(patience)
	for _, b := range all {
		b.connected(patience)
	}
	hosted(all)
	full.terminate()
	full.ended(patience)
	for _, b := range all {
		b.connected(patience)
	}
	hosted(all)
}

// While reconnects are paused nobody could take a session over, so it is served on.
func TestDrainDuringAPause(t *testing.T) {
	t.Parallel()
	const drain = 20 * time.Second
	s := newStand(t, "DRAIN_TIMEOUT_MS=20000")
	w := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	c := s.customer("+254711000001", "Amina")
	s.worker("peer")
	s.pause(true)
	w.attr("reconnects", "paused")
	w.terminate()
	told := time.Now()
	w.attr("no other worker takes sessions", "sessions")
	servesOn(t, c, b, told.Add(drain))
	s.pause(false)
	w.ended(patience) // its time is up, or it was taken over
	ask(t, c, b, "and now?", patience)
	b.neverHostedTwice()
}

// pause pauses all reconnects, or ends that.
func (s *stand) pause(yes bool) {
	s.t.Helper()
	s.must(s.call("PUT", "/admin/fleet", map[string]any{"paused": yes}, nil))
}

// Who says it twice is in a hurry: the sessions hang up at once.
func TestDrainInAHurry(t *testing.T) {
	t.Parallel()
	s := newStand(t, "DRAIN_TIMEOUT_MS=600000")
	w := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	w.terminate()
	w.attr("no other worker takes sessions", "sessions")
	w.terminate()
	w.ended(10 * time.Second)
	s.worker("next")
	ask(t, s.customer("+254711000001", "Amina"), b, "and now?", patience)
	b.neverHostedTwice()
}
