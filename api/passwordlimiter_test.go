package api

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

var here = []source{{addr: netip.MustParseAddr("192.0.2.1")}}

// slow fails unless passwords from an address are checked slowly, or are not.
func (f *fixture) slow(addr string, want bool) {
	f.Helper()
	g := f.api.auth.limiter
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, a := g.overLimit([]source{{addr: netip.MustParseAddr(addr)}}, time.Now()); (a != nil) != want {
		f.Errorf("passwords from %s are checked slowly: %v; want %v", addr, !want, want)
	}
}

// guess gives a wrong password and returns the status, 0 without an answer.
func guess(ctx context.Context, url, password string) int {
	q, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return 0
	}
	q.SetBasicAuth("", password)
	p, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0
	}
	p.Body.Close()
	return p.StatusCode
}

// TestRightPasswordPasses: however many guesses come from an operator's address, its own
// requests are all answered, wherever the password is asked for.
func TestRightPasswordPasses(t *testing.T) {
	f := setup(t)
	for i := range maxFailures {
		f.send(call{method: "GET", path: "/admin/tenants", header: basic("", fmt.Sprint(i))}, 401)
	}
	f.slow("127.0.0.1", true)
	ctx, stop := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	var guessed atomic.Int64
	for n := range 50 {
		flood.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if guess(ctx, f.url+"/admin/tenants", fmt.Sprint(n, i)) == 401 {
					guessed.Add(1)
				}
			}
		})
	}
	defer flood.Wait()
	defer stop()
	eventually(t, "the flood has begun", func() bool { return guessed.Load() > 0 })
	for range 2 {
		f.send(call{method: "GET", path: "/admin/tenants"}, 200)
		f.send(call{method: "GET", path: "/metrics"}, 200)
		f.send(call{method: "POST", path: "/codec/encode", body: plainPayload}, 200)
	}
}

// TestGuesses has an operator call every half a second while others guess.
func TestGuesses(t *testing.T) {
	every := func(d time.Duration, n int) func(context.Context, *passwordLimiter, *atomic.Int64) {
		return func(ctx context.Context, g *passwordLimiter, guessed *atomic.Int64) {
			for ; ctx.Err() == nil; <-time.After(d) {
				for range n {
					if !g.check(ctx, false, here).refused {
						guessed.Add(1)
					}
				}
			}
		}
	}
	for _, tt := range []struct {
		name     string
		guessers int
		guess    func(context.Context, *passwordLimiter, *atomic.Int64)
		longest  time.Duration // that the operator waits
		most     float64       // guesses that are checked a second
	}{
		{"one every four seconds", 1, every(4*time.Second, 1), maxPause, .27},
		{"ten at the start of each minute", 1, every(time.Minute, 10), maxPause, .22},
		{"one after another", 1, every(1, 1), 2 * maxPause, 11},
		{"fifty at a time", 50, every(1, 1), 3 * time.Second, 30},
		{"as many as may wait", maxQueued - 1, every(1, 1), 2 * maxWait, 520},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				g := newPasswordLimiter()
				var guessed atomic.Int64
				var guessers sync.WaitGroup
				for range tt.guessers {
					guessers.Go(func() { tt.guess(ctx, g, &guessed) })
				}
				var longest time.Duration
				start := time.Now()
				for range 378 {
					begun := time.Now()
					if g.check(ctx, true, here).refused {
						t.Fatal("the right password was refused")
					}
					longest = max(longest, time.Since(begun))
					<-time.After(time.Second / 2)
				}
				if longest > tt.longest {
					t.Errorf("the right password took %v; want at most %v", longest, tt.longest)
				}
				if rate := float64(guessed.Load()) / time.Since(start).Seconds(); rate > tt.most {
					t.Errorf("%.1f guesses a second were checked; want at most %.1f", rate, tt.most)
				}
				cancel()
				guessers.Wait()
			})
		})
	}
}

// TestGuessesAtOnce: who sends guesses at the same moment has no more of them.
func TestGuessesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newPasswordLimiter()
		var all sync.WaitGroup
		var atOnce, refused atomic.Int64
		begun := time.Now()
		for range 2 * maxQueued {
			all.Go(func() {
				if c := g.check(t.Context(), false, here); c.refused {
					refused.Add(1)
				} else if time.Since(begun) == 0 {
					atOnce.Add(1)
				}
			})
		}
		all.Wait()
		if n := atOnce.Load(); n != maxFailures {
			t.Errorf("%d guesses were answered at once; want %d", n, maxFailures)
		}
		if n := refused.Load(); n != maxQueued-maxFailures {
			t.Errorf("%d guesses were refused; want %d", n, maxQueued-maxFailures)
		}
		if g.sources[here[0]].queued != 0 {
			t.Errorf("%d wait for ever", g.sources[here[0]].queued)
		}
	})
}

// TestGuessesAtTwoProcesses: one address has twice the guesses at two processes, as docs/access.md
// says, and five wrong passwords of one account at both together.
func TestGuessesAtTwoProcesses(t *testing.T) {
	f := setup(t)
	other := setupOn(t, f.store)
	for _, process := range []*fixture{f, other} {
		process.slow("127.0.0.1", false)
		for range maxFailures {
			wrong := call{method: "GET", path: "/admin/tenants", header: basic("", "hunter2")}
			process.send(wrong, 401)
		}
		process.slow("127.0.0.1", true)
	}
	f, other = setupOn(t, f.store), setupOn(t, f.store) // started anew, so nobody is slow
	statuses := map[int]int{}
	for i := range 2 * store.WrongPerAddress {
		process := []*fixture{f, other}[i%2]
		guess := call{
			method: "POST", path: "/auth/sign-in", header: anonymous,
			body: `{"email":"asha@example.com","password":"not hers at all"}`,
		}
		statuses[process.exchange(guess).StatusCode]++
	}
	if statuses[401] != store.WrongPerAddress || statuses[429] != store.WrongPerAddress {
		t.Errorf("guesses at two processes are answered with %v; want five 401 and five 429", statuses)
	}
}

// TestAfterABurst: who gives the right password while a burst of wrong ones is checked
// waits for a known time, whenever that is.
func TestAfterABurst(t *testing.T) {
	for _, later := range []time.Duration{0, time.Millisecond, time.Second, 1900 * time.Millisecond,
		10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			g := newPasswordLimiter()
			for range maxFailures {
				g.check(t.Context(), false, here)
			}
			var all sync.WaitGroup
			defer all.Wait()
			for range maxQueued - 1 {
				all.Go(func() { g.check(t.Context(), false, here) })
			}
			synctest.Wait()
			<-time.After(later)
			begun := time.Now()
			if g.check(t.Context(), true, here).refused {
				t.Errorf("%v after a burst the right password was refused", later)
			}
			if took := time.Since(begun); took > 2*maxWait {
				t.Errorf("%v after a burst the right password took %v; want at most %v", later,
					took, 2*maxWait)
			}
			all.Wait()
			if peak := g.sources[here[0]].peak; peak != 0 {
				t.Errorf("the burst is over and its peak still %d", peak)
			}
		})
	}
}

// TestWaitingEnds: who does not wait for the answer leaves the queue and learns nothing.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newPasswordLimiter()
		for range maxFailures {
			g.check(t.Context(), false, here)
		}
		var all sync.WaitGroup
		defer all.Wait()
		all.Go(func() { g.check(t.Context(), false, here) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if !g.check(ctx, true, here).refused {
			t.Error("a password was checked out of turn")
		}
	})
}

// TestGuessWindow: a source's guesses are forgotten after a minute, and are its own.
func TestGuessWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newPasswordLimiter()
		other := []source{{addr: netip.MustParseAddr("192.0.2.2")}}
		var got []flowhq.EventType
		note := func(c checkResult) {
			for _, e := range c.events {
				got = append(got, e.kind)
			}
		}
		for range maxFailures + 2 {
			note(g.check(t.Context(), false, here))
		}
		if _, slow := g.overLimit(other, time.Now()); slow != nil {
			t.Error("another address is slowed as well")
		}
		<-time.After(failureWindow)
		if _, slow := g.overLimit(here, time.Now()); slow != nil {
			t.Error("an address is slowed for longer than a minute")
		}
		note(g.check(t.Context(), false, here))
		if want := []flowhq.EventType{flowhq.EventLoginFailed, flowhq.EventLoginsSlowed,
			flowhq.EventLoginFailed}; !slices.Equal(got, want) {
			t.Errorf("events %v; want %v", got, want)
		}
	})
}

// TestSourcesAreBounded remembers no more sources than it has room for, and prefers to
// forget those whose window is over.
func TestSourcesAreBounded(t *testing.T) {
	g := newPasswordLimiter()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	from := func(i int) []source {
		return []source{{addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}}
	}
	for i := range maxSources {
		g.count(false, from(i), now.Add(time.Duration(i)*time.Millisecond))
	}
	const over = 3001 // of those windows, this much later
	later := now.Add(failureWindow + (over-1)*time.Millisecond)
	g.count(false, here, later)
	if got, want := len(g.sources), maxSources-over+1; got != want {
		t.Errorf("%d sources are remembered; want %d", got, want)
	}
	for i := range 3 * maxSources {
		g.count(false, from(i+maxSources), later)
		if got := len(g.sources); got > maxSources {
			t.Fatalf("%d sources are remembered; want at most %d", got, maxSources)
		}
	}
	if got := len(g.sources); got < maxSources/2 {
		t.Errorf("%d sources are remembered; want at least half of %d", got, maxSources)
	}
}

// TestForeignPagesGuessApart: what pages of other sites make an operator's browser send
// is not held against the operator.
func TestForeignPagesGuessApart(t *testing.T) {
	f := setup(t, func(o *Options) { o.QueryAuth = true })
	foreign := http.Header{"Authorization": nil, "Sec-Fetch-Site": {"cross-site"}}
	for range maxFailures + 1 {
		f.send(call{method: "GET", path: "/admin/tenants?password=guess", header: foreign}, 401)
	}
	f.slow("127.0.0.1", false)
	f.send(call{method: "GET", path: "/admin/tenants"}, 200)
}

// TestMadeUpAddresses: one who is believed to be a proxy does not guess without limit by
// naming another address each time.
func TestMadeUpAddresses(t *testing.T) {
	f := setup(t, func(o *Options) { o.TrustedProxies = []string{"127.0.0.1"} })
	for i := range maxProxyFailures {
		header := basic("", "guess")
		header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		f.send(call{method: "GET", path: "/admin/tenants", header: header}, 401)
	}
	g := f.api.auth.limiter
	behind := []source{{addr: netip.MustParseAddr("203.0.113.9")},
		{addr: netip.MustParseAddr("127.0.0.1"), kind: proxy}}
	if _, slow := g.overLimit(behind, time.Now()); slow == nil {
		t.Error("passwords from behind the proxy are not checked slowly")
	}
	header := basic("", password)
	header.Set("X-Forwarded-For", "203.0.113.9")
	f.send(call{method: "GET", path: "/admin/tenants", header: header}, 200)
}

// TestGuessesAreReported: an operator sees them in the log, the fleet's history and metrics.
func TestGuessesAreReported(t *testing.T) {
	f := setup(t)
	for range maxFailures + 2 {
		f.send(call{method: "GET", path: "/admin/tenants", header: basic("", "hunter2")}, 401)
	}
	g := f.api.auth.limiter
	g.mu.Lock()
	g.sources[source{addr: netip.MustParseAddr("127.0.0.1")}].queued = maxQueued
	g.mu.Unlock()
	for range 2 {
		if got := f.send(call{method: "GET", path: "/admin/tenants"},
			429); got.Header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After = %q", got.Header.Get("Retry-After"))
		}
	}
	f.api.auth.limiter = newPasswordLimiter()
	var types []string
	eventually(t, "three events", func() bool {
		types = nil
		for _, e := range f.get("/admin/fleet").json.(node)["events"].([]any) {
			if e.(node)["actor"] == "127.0.0.1" {
				types = append(types, e.(node)["type"].(string))
			}
		}
		return len(types) >= 3
	})
	slices.Sort(types)
	if want := []string{"LOGINS_REFUSED", "LOGINS_SLOWED", "LOGIN_FAILED"}; !slices.Equal(types, want) {
		t.Errorf("events %v; want %v", types, want)
	}
	metrics := string(f.send(call{method: "GET", path: "/metrics"}, 200).body)
	for _, want := range []string{"flowhq_logins_failed_total 12", "flowhq_logins_slowed_total 1",
		"flowhq_logins_refused_total 2"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("GET /metrics lacks %s", want)
		}
	}
	var warnings []string
	for _, r := range f.records() {
		if r["level"] == "WARN" {
			warnings = append(warnings, r["event"].(string))
		}
	}
	slices.Sort(warnings)
	if want := []string{"LOGINS_REFUSED", "LOGINS_SLOWED"}; !slices.Equal(warnings, want) {
		t.Errorf("warnings of %v; want %v:\n%s", warnings, want, f.log)
	}
}
