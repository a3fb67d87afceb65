package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
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

// An operator has a worker drain: its sessions move, and it stays without any until the operator
// has it take sessions again.
func TestDrainOnRequest(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	first := s.worker("first")
	name := first.attr("worker started", "name")
	all := s.fleet(3)
	c := s.customer("+254711000001", "Amina")
	asked := 0
	ask := func() {
		t.Helper()
		asked++
		ask(t, c, all[0], fmt.Sprint("hello ", asked), patience)
	}

	// Alone it keeps what it has, and says so. A session that starts waits.
	s.drain(name, "drain")
	first.attr("no other worker takes sessions", "sessions")
	ask()
	late := s.business(unlimited(barbers))
	late.command(flowhq.Start)
	late.becauseOf(flowhq.HostStarting, "waiting for a free worker: every worker is draining")
	eventually(t, patience, func() error { return s.hosts(name, flowhq.WorkerDraining, 3) })

	// The customer writes while the session moves.
	drained := s.worker("second")
	second := drained.attr("worker started", "name")
	ask()
	for _, b := range all {
		eventually(t, patience, func() error { return b.isOn(second) })
	}
	ask()
	late.scan()
	eventually(t, patience, func() error { return late.isOn(second) })
	eventually(t, patience, func() error { return s.hosts(name, flowhq.WorkerDraining, 0) })

	// Back again: it has what the other one moves in turn.
	s.drain(name, "undrain")
	eventually(t, patience, func() error { return s.hosts(name, flowhq.WorkerRunning, 0) })
	s.drain(second, "drain")
	for _, b := range append(all, late) {
		eventually(t, patience, func() error { return b.isOn(name) })
	}
	ask()
	if inbox, err := c.inbox(all[0]); err != nil || len(inbox) != asked {
		t.Errorf("%d answers to %d messages, %v; want one each", len(inbox), asked, err)
	}
	hosted(append(all, late))

	// A drained worker ends like any other, and at once if it has nothing to move.
	drained.terminate()
	drained.ended(patience)
}

// drain has a worker drain or undrain.
func (s *stand) drain(worker, command string) {
	s.t.Helper()
	s.must(s.call("POST", "/admin/workers/"+escape(worker)+"/"+command, nil, nil))
}

// hosts returns nil if the worker has this status and so many sessions.
func (s *stand) hosts(worker string, status flowhq.WorkerStatus, sessions int) error {
	var list struct{ Workers []flowhq.Worker }
	if _, err := s.call("GET", "/admin/workers", nil, &list); err != nil {
		return err
	}
	for _, w := range list.Workers {
		if w.Name == worker && w.Status == status && w.Sessions == sessions {
			return nil
		}
	}
	return fmt.Errorf("workers %+v; want %s to be %s with %d sessions", list.Workers, worker, status,
		sessions)
}
