package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// A gate is one database with two API processes, and a clock that can be put forward.
type gate struct {
	*testing.T
	*bench
	api, other *store.Store
}

func newGate(t *testing.T) *gate {
	t.Helper()
	b := open(t)
	return &gate{t, b, testdb.OpenStoreAs(t, store.RoleAPI, b.url),
		testdb.OpenStoreAs(t, store.RoleAPI, b.url)}
}

// later lets time pass, for what is counted.
func (g *gate) later(d time.Duration) {
	g.Helper()
	g.exec(g.T, `update flowhq.lockouts set last_at = last_at - make_interval(secs => $1), locked_until = locked_until - make_interval(secs => $1)`, d.Seconds())
}

// wait fails unless both processes would have the account wait so long, but for the time of the
// test.
func (g *gate) wait(account, address string, want time.Duration) {
	g.Helper()
	for _, s := range []*store.Store{g.api, g.other} {
		if got := must(s.SignInWait(g.Context(), account, address))(g.T); got > want ||
			got < want-10*time.Second {
			g.Errorf("SignInWait(%s, %s) = %v; want %v", account, address, got, want)
		}
	}
}

// wrong counts a wrong password, by the one process or the other in turns.
func (g *gate) wrong(account, address string, turn int) (locked bool) {
	g.Helper()
	s := []*store.Store{g.api, g.other}[turn%2]
	return must(s.CountWrongPassword(g.Context(), account, address))(g.T)
}

// TestLockout: two processes count together.
func TestLockout(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for i := range 4 {
		if g.wrong("a", "1", i) {
			t.Errorf("locked after %d", i+1)
		}
	}
	g.wait("a", "1", 0)
	if !g.wrong("a", "1", 0) {
		t.Error("not locked")
	}
	g.wait("a", "1", 30*time.Second)
	g.wait("a", "2", 0) // the person is not locked out elsewhere
	g.wait("b", "1", 0) // nor is another person at the same address
	g.later(30 * time.Second)
	g.wait("a", "1", 0)
	for i, want := range []time.Duration{1, 2, 4, 8, 15, 15} {
		if g.wrong("a", "1", i) {
			t.Error("locked a second time: it would be one event for each guess")
		}
		g.wait("a", "1", want*time.Minute)
		g.later(want*time.Minute - 11*time.Second)
		g.wait("a", "1", 11*time.Second)
	}
	ok(t, g.other.ForgetWrongPasswords(t.Context(), "a", "1"))
	g.wait("a", "1", 0)
	g.later(16 * time.Minute)
	for i := range 50 { // a botnet: each address guesses once
		if locked := g.wrong("c", fmt.Sprint(i), i); locked != (i == 49) {
			t.Errorf("guess %d: locked = %t", i+1, locked)
		}
	}
	g.wait("c", "somewhere else", 30*time.Second)
	ok(t, g.api.ForgetWrongPasswords(t.Context(), "c", "somewhere else"))
	g.wait("c", "somewhere else", 30*time.Second) // the tries of others stay counted
	g.later(16 * time.Minute)
	g.wrong("c", "x", 0)
	g.wait("c", "x", 0)
}

// TestLockoutIsBounded: what is old goes with the next passwords, and of a typed address there is
// the hash alone.
func TestLockoutIsBounded(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for i := range 60 {
		g.wrong(fmt.Sprint("somebody", i), "1", i)
	}
	g.later(16 * time.Minute)
	g.wrong("somebody0", "1", 0)
	ok(t, g.api.ForgetWrongPasswords(t.Context(), "nobody", "1"))
	if n := scalar[int](t, g.bench, `select count(*) from flowhq.lockouts`); n != 2 {
		t.Errorf("%d rows; want the two of the last password", n)
	}
	if n := scalar[int](t, g.bench, `select count(*) from flowhq.lockouts l where l::text like '%somebody%'`); n != 0 {
		t.Errorf("%d rows name what was typed", n)
	}
}

// TestGuessesAtOnce: none is lost, and none waits for another for ever.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.exec(t, `insert into flowhq.lockouts select sha256(n::text::bytea), 'old', 1, now() - interval '1 day' from generate_series(1, 500) n`)
	var all sync.WaitGroup
	locked := make(chan bool, 40)
	for i := range cap(locked) {
		all.Go(func() {
			s := []*store.Store{g.api, g.other}[i%2]
			is, err := s.CountWrongPassword(t.Context(), "a", fmt.Sprint(i%2))
			if err != nil {
				t.Error(err)
			}
			locked <- is
		})
	}
	all.Wait()
	close(locked)
	times := 0
	for is := range locked {
		if is {
			times++
		}
	}
	if n := scalar[int](t, g.bench, `select sum(wrong) from flowhq.lockouts where address in ('0', '1', '') and last_at > now() - interval '1 hour'`); n != 80 || times != 2 {
		t.Errorf("counted %d, locked %d times; want 80 and 2", n, times)
	}
}
