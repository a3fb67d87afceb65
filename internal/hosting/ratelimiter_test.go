package hosting

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The clock is that of synctest: nothing here takes as long as it says.

func TestDialsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perSecond, hosts, renewal = 20, 1000, 5 * time.Second
		tokens, began := NewRateLimiter(perSecond), time.Now()
		var mu sync.Mutex
		inSecond, beats := map[time.Duration]int{}, 0
		var all sync.WaitGroup
		for range hosts {
			all.Go(func() {
				err := tokens.Wait(t.Context(), renewal, func(int) {
					mu.Lock()
					defer mu.Unlock()
					beats++
				})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				inSecond[time.Since(began).Truncate(time.Second)]++
			})
		}
		all.Wait()
		if got, want := time.Since(began), (hosts-burstSeconds*perSecond)*time.Second/perSecond; got != want {
			t.Errorf("%d tokens took %v; want %v", hosts, got, want)
		}
		for second, n := range inSecond {
			if want := perSecond; n > want && second > 0 || n > (burstSeconds+1)*perSecond {
				t.Errorf("%d tokens in the second after %v; want at most %d", n, second, want)
			}
		}
		// Each waited 24.5 s on average and beat every 5 s.
		if least := hosts * 4; beats < least {
			t.Errorf("%d beats; want at least %d", beats, least)
		}
	})
}

func TestTheFirstTokenIsImmediate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, began := NewRateLimiter(1), time.Now()
		if err := tokens.Wait(t.Context(), time.Second,
			func(int) { t.Error("it waited") }); err != nil || time.Since(began) != 0 {
			t.Errorf("the first token came after %v, %v; want at once", time.Since(began), err)
		}
	})
}

// Who is told to stop waits no longer, and leaves the token to the next.
func TestATokenIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := NewRateLimiter(1)
		never := func(int) {}
		for range burstSeconds {
			if err := tokens.Wait(t.Context(), time.Second, never); err != nil {
				t.Fatal(err)
			}
		}
		told := errors.New("told to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		began := time.Now()
		time.AfterFunc(500*time.Millisecond, func() { cancel(told) })
		if err := tokens.Wait(ctx, time.Minute, never); !errors.Is(err, told) ||
			time.Since(began) != 500*time.Millisecond {
			t.Errorf("wait = %v after %v; want %v after 500ms", err, time.Since(began), told)
		}
		if err := tokens.Wait(t.Context(), time.Minute, never); err != nil ||
			time.Since(began) != time.Second {
			t.Errorf("the next token came after %v, %v; want the one that was given up, after 1s",
				time.Since(began), err)
		}
	})
}
