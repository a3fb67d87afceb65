package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A database that goes away again and again is no fault of the sessions: each time they
// wait for it and are back as soon as it is, however often it was before.
func TestDatabaseHiccups(t *testing.T) {
	const (
		hiccups = 6
		away    = 6 * time.Second // two leases
		soon    = 30 * time.Second
	)
	s := newStand(t)
	s.worker("worker")
	cs := market(t, s, unlimited)[:3]
	for range hiccups {
		s.stopDatabase()
		wait(t, away)
		s.startDatabase()
		wait(t, away/2) // not long enough for a session to become stable
	}
	back := time.Now()
	for _, c := range cs {
		c.to.connected(patience)
	}
	if took := time.Since(back); took > soon {
		t.Errorf("all sessions are back %v after the database; want %v at most", took, soon)
	}
	play(t, cs, nil)
	answeredOnce(t, patience, cs)
	hostedOnce(cs)
}

// A session that kills whatever worker hosts it does so three times, then waits and asks
// for a person, who may start it all the same.
func TestPoisonSession(t *testing.T) {
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
			now.Status != flowhq.TenantError || now.Worker.LastError == "") {
			err = fmt.Errorf("%s: %s, %+v, %+v; want it to wait", b.Name, now.Status, now.Session, now.Worker)
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
	return s.startCommand(name, append(s.env[:len(s.env):len(s.env)], env...), os.Getenv("FLOWHQ_FAILPOINTS_BIN"), "worker")
}
