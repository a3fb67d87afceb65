package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A database that goes away again and again is no fault of the sessions: each time they
// wait for it and are back as soon as it is, however often it was before.
func TestDatabaseHiccups(t *testing.T) {
	const (
		hiccups = 5
		away    = 6 * time.Second // two leases; each session is cut off
		soon    = 30 * time.Second
	)
	s := newStand(t)
	s.worker("worker")
	cs := market(t, s, unlimited)[:3]
	for n := range hiccups {
		s.stopDatabase()
		wait(t, away)
		s.startDatabase()
		back := time.Now()
		for _, c := range cs {
			c.to.connected(patience)
		}
		if took := time.Since(back); took > soon {
			t.Errorf("after hiccup %d all sessions are back in %v; want %v at most", n+1, took, soon)
		}
	}
	play(t, cs, nil)
	answeredOnce(t, patience, cs)
	hostedOnce(cs)
}

// A session that kills whatever worker hosts it does so three times, then waits and asks
// for a person, who may start it all the same.
func TestPoisonSession(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	b := s.business(unlimited(barbers))
	s.worker("first").terminate()
	kill := []string{"FLOWHQ_FAILPOINTS=host.dialling=kill:1"}
	b.command(flowhq.Start)
	for n := range 3 {
		w := s.armed(fmt.Sprint("poisoned-", n), kill...)
		w.ended(patience)
	}
	safe := s.worker("safe")
	eventually(t, patience, func() error {
		now, err := b.read()
		if err == nil && (now.Session.Ending != flowhq.EndCrashLoop || now.Session.RetryAt == nil ||
			now.Status != flowhq.TenantError || now.Host.LastError == "") {
			err = fmt.Errorf("%s: %s, %+v, %+v; want it to wait", b.Name, now.Status, now.Session, now.Host)
		}
		return err
	})
	b.command(flowhq.Start)
	b.scan()
	b.connected(patience)
	b.neverHostedTwice()
	safe.terminate()
	safe.ended(patience)
}

// armed starts a worker with failpoints.
func (s *stand) armed(name string, env ...string) *process {
	s.t.Helper()
	return s.startCommand(name, append(s.env[:len(s.env):len(s.env)], env...),
		os.Getenv("FLOWHQ_FAILPOINTS_BIN"), "worker")
}

// ownFolder is what a worker is started with that shares no folder with the others, as on
// another machine.
func (s *stand) ownFolder(name string) string {
	return "STATE_PATH=" + filepath.Join(s.dir, "workers-of-"+name)
}

// killed measures from the kill of a worker until all that it hosted answer again.
func killed(t *testing.T, w *process, all []*business) time.Duration {
	t.Helper()
	before := map[*business]int64{}
	for _, b := range all {
		before[b] = b.epoch()
	}
	began := time.Now()
	w.kill()
	for _, b := range all {
		b.replaced(before[b])
	}
	return time.Since(began)
}

// The hosts of a worker that was killed are replaced when their leases have run out; at
// once if another worker of the same machine knows that it is no more.
func TestAKilledWorkerIsReplaced(t *testing.T) {
	const lease = 3 * renewal
	for _, tt := range []struct {
		name   string
		shared bool
		within time.Duration // generous: the machine may be busy
	}{{"on this machine", true, lease}, {"on another", false, lease + 10*time.Second}} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStand(t)
			first := s.worker("first")
			all := s.fleet(5)
			var env []string
			if !tt.shared {
				env = append(env, s.ownFolder("second"))
			}
			s.worker("second", env...)
			took := killed(t, first, all)
			t.Logf("all are back after %v", took)
			if took > tt.within {
				t.Errorf("all are back after %v; want %v at most", took, tt.within)
			}
			if !tt.shared && took < lease/2 {
				t.Errorf("all are back after %v, before their leases can have run out", took)
			}
			hosted(all)
			ask(t, s.customer("+254711000001", "Amina"), all[0], "hello", patience)
		})
	}
}

// A worker that is started again on its machine does not wait for what it left behind.
func TestARestartedWorkerDoesNotWaitForItself(t *testing.T) {
	const sessions, within = 20, 5 * time.Second
	s := newStand(t, "LEASE_RENEWAL_INTERVAL_MS=5000")
	first := s.worker("first")
	all := s.fleet(sessions)
	before := map[*business]int64{}
	for _, b := range all {
		before[b] = b.epoch()
	}
	first.kill()
	began := time.Now()
	s.worker("again")
	for _, b := range all {
		b.replaced(before[b])
	}
	took := time.Since(began)
	t.Logf("all are back %v after the start", took)
	if took > within {
		t.Errorf("all are back %v after the start; want %v at most", took, within)
	}
	hosted(all)
}

// A worker that stands still is not dead, whoever shares its folder: its leases have to
// run out, and when it goes on it has lost them.
func TestAFrozenWorkerIsNotDead(t *testing.T) {
	s := newStand(t)
	frozen := s.worker("frozen")
	b := s.business(unlimited(barbers))
	b.link()
	epoch := b.epoch()
	began := time.Now()
	if err := syscall.Kill(-frozen.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.worker("other")
	b.replaced(epoch)
	if took := time.Since(began); took < renewal {
		t.Errorf("it was replaced after %v, while it held its lease", took)
	}
	if err := syscall.Kill(-frozen.cmd.Process.Pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	wait(t, 2*renewal)
	ask(t, s.customer("+254711000001", "Amina"), b, "hello", patience)
	now := b.epoch()
	wait(t, 5*renewal)
	if got := b.epoch(); got != now {
		t.Errorf("host %d was replaced by %d after the frozen worker went on", now, got)
	}
	frozen.terminate()
	frozen.ended(patience)
}

// A host that does nothing any more is replaced though its process is well.
func TestAStuckHostIsReplaced(t *testing.T) {
	s := newStand(t)
	stuck := s.armed("stuck", "FLOWHQ_FAILPOINTS=host.online=pause:1:10m", "WORKER_CAPACITY=1")
	stuck.attr("worker started", "name")
	b := s.business(unlimited(barbers))
	b.command(flowhq.Start)
	b.scan()
	eventually(t, patience, func() error {
		out, err := os.ReadFile(stuck.out)
		if err == nil && !strings.Contains(string(out), "failpoint host.online: pause") {
			err = errors.New("the host is not stuck yet")
		}
		return err
	})
	epoch := b.epoch()
	s.worker("other")
	b.replaced(epoch)
	ask(t, s.customer("+254711000001", "Amina"), b, "hello", patience)
	b.neverHostedTwice()
}

// A Temporal that pushes no cancellation says it with a heartbeat, which is rare: a host
// asks when its tenant was given a command.
func TestStopWithoutAPush(t *testing.T) {
	const within = 3 * time.Second // a heartbeat comes every 30 s
	s := newStand(t, "LEASE_RENEWAL_INTERVAL_MS=5000")
	s.temporald.kill()
	s.temporalFlags = []string{
		"--dynamic-config-value", "frontend.WorkerCommandsEnabled=false",
		"--dynamic-config-value", "system.enableCancelActivityWorkerCommand=false",
	}
	s.startTemporal()
	s.worker("worker")
	b := s.business(barbers)
	b.link()
	for _, c := range []flowhq.Command{flowhq.Stop, flowhq.Restart, flowhq.ForceRestart} {
		began, epoch := time.Now(), b.epoch()
		b.command(c)
		if c == flowhq.Stop {
			b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
		} else {
			b.replaced(epoch)
		}
		took := time.Since(began)
		t.Logf("%s took %v", c, took)
		if took > within {
			t.Errorf("%s took %v; want %v at most", c, took, within)
		}
		if c == flowhq.Stop {
			b.command(flowhq.Start)
			b.connected(patience)
		}
	}
	b.neverHostedTwice()
}

// Other programs that saturate the machine move no session, and a worker that dies
// meanwhile is replaced all the same.
func TestAStarvedMachineMovesNothing(t *testing.T) {
	const sessions, starved = 20, 45 * time.Second // what was two heartbeat timeouts
	s := newStand(t, "LEASE_RENEWAL_INTERVAL_MS=5000")
	first := s.worker("first")
	all := s.linkMany(0, sessions) // some at a time: each draws hundreds of keys
	before := epochs(all)
	end := s.starve()
	wait(t, starved)
	if n := moved(all, before); n > 0 {
		t.Errorf("%d of %d sessions have moved", n, sessions)
	}
	s.worker("second", s.ownFolder("second"))
	began := time.Now()
	first.kill()
	took := back(t, all, began)
	t.Logf("back after %v at the median, %v at most", took[sessions/2], took[sessions-1])
	if limit := 40 * time.Second; took[sessions/2] > limit {
		t.Errorf("back after %v at the median; want %v at most", took[sessions/2], limit)
	}
	end()
	hosted(all)
}
