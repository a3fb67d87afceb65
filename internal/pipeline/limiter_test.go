package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// A limiterLog is a rate limiter and what it said, in order, as "contact/message at time".
type limiterLog struct {
	*replyLimiter
	t     *testing.T
	begun time.Time
	mu    sync.Mutex
	said  []string
}

func newLimiterLog(t *testing.T, perMinute, perContact int) *limiterLog {
	b := &limiterLog{t: t, begun: time.Now()}
	b.replyLimiter = newReplyLimiter(flowhq.Config{RepliesPerMinute: perMinute,
		RepliesPerContact: perContact}, time.Now)
	t.Cleanup(b.stop)
	return b
}

// write has a contact write messages, which are asked for one after the other, and
// returns when the first of them has its verdict or waits for it.
func (b *limiterLog) write(contact int64, messages ...int64) {
	since := time.Now()
	go func() {
		for _, m := range messages {
			v, w := b.request(waiter{contact: contact, message: m, since: since})
			if w != nil {
				select {
				case v = <-w.decided:
				case <-b.t.Context().Done():
					return
				}
			}
			what := "reply"
			if v.scope != "" {
				what = v.scope
			}
			if v.warn {
				what += ", warned"
			}
			b.mu.Lock()
			b.said = append(b.said, fmt.Sprintf("%v: %s to %d/%d",
				time.Since(b.begun).Round(time.Second), what, contact, m))
			b.mu.Unlock()
		}
	}()
	synctest.Wait()
}

func (b *limiterLog) want(want ...string) {
	b.t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.SortStableFunc(b.said, func(x, y string) int { // what is said at one time is said in no order
		return cmp.Or(cmp.Compare(second(x), second(y)), strings.Compare(x, y))
	})
	if diff := gocmp.Diff(want, b.said); diff != "" {
		b.t.Errorf("(-want +got):\n%s", diff)
	}
}

func second(line string) time.Duration {
	at, _, _ := strings.Cut(line, ": ")
	d, _ := time.ParseDuration(at)
	return d
}

func TestRepliesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiterLog(t, 2, 5)
		for i := range int64(5) {
			b.write(1+i, 1+i)
		}
		b.want("0s: reply to 1/1", "0s: reply to 2/2")
		<-time.After(3 * time.Minute)
		b.want("0s: reply to 1/1", "0s: reply to 2/2", "1m0s: reply to 3/3", "1m0s: reply to 4/4",
			"2m0s: reply to 5/5")
	})
}

// One who writes a lot does not make others wait longer.
func TestTheLimiterIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiterLog(t, 2, 5)
		b.write(1, 1, 2, 3, 4)
		b.write(2, 5)
		b.write(3, 6)
		<-time.After(3 * time.Minute)
		b.want("0s: reply to 1/1", "0s: reply to 1/2", // nobody else was there
			"1m0s: reply to 1/3", "1m0s: reply to 2/5", "2m0s: reply to 1/4", "2m0s: reply to 3/6")
	})
}

// Who has waited for ten minutes is warned, once, and no faster than replies are sent.
func TestWhoWaitsTooLongIsWarnedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiterLog(t, 1, 100)
		for i := range int64(13) { // others came first, again and again
			b.write(100+i, i)
		}
		b.write(1, 51, 52)
		b.write(2, 53)
		b.write(3, 54)
		for i := range int64(5) {
			<-time.After(time.Minute)
			b.write(200+i, 20+i)
		}
		<-time.After(7*time.Minute + 30*time.Second)
		b.mu.Lock()
		b.said = slices.DeleteFunc(b.said, func(line string) bool { return strings.Contains(line, "reply") })
		b.mu.Unlock()
		b.want("10m0s: tenant, warned to 111/11", "11m0s: tenant to 1/52",
			"11m0s: tenant, warned to 1/51", "12m0s: tenant, warned to 2/53")
	})
}

func TestLimitsThatChangeWhileSomebodyWaits(t *testing.T) {
	for name, tt := range map[string]struct {
		perMinute int
		want      []string
	}{
		"raised":  {3, []string{"30s: reply to 2/2", "30s: reply to 3/3", "1m0s: reply to 4/4"}},
		"to zero": {0, []string{"30s: tenant to 2/2", "30s: tenant to 3/3", "30s: tenant to 4/4"}},
		"the same": {1, []string{
			"1m0s: reply to 2/2", "2m0s: reply to 3/3", "3m0s: reply to 4/4",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLimiterLog(t, 1, 5)
				for i := range int64(4) {
					b.write(1+i, 1+i)
				}
				<-time.After(30 * time.Second)
				b.configure(flowhq.Config{RepliesPerMinute: tt.perMinute, RepliesPerContact: 5})
				<-time.After(5 * time.Minute)
				b.want(append([]string{"0s: reply to 1/1"}, tt.want...)...)
			})
		})
	}
}

// A limit of zero is silence; a contact's own limit is told at once, however many wait.
func TestWhoDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := newLimiterLog(t, 0, 5)
		silent.write(1, 1)
		silent.want("0s: tenant to 1/1")
		mute := newLimiterLog(t, 5, 0)
		mute.write(1, 1)
		mute.want("0s: contact to 1/1")
		b := newLimiterLog(t, 3, 2)
		b.write(1, 1, 2, 3, 4)
		b.write(2, 5)
		b.write(3, 6)
		b.write(1, 7)
		b.want("0s: contact to 1/4", "0s: contact to 1/7", "0s: contact, warned to 1/3",
			"0s: reply to 1/1", "0s: reply to 1/2", "0s: reply to 2/5")
	})
}

// What is refunded is the next one's.
func TestARefundIsTheNextOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiterLog(t, 1, 5)
		v, _ := b.request(waiter{contact: 1, message: 1, since: time.Now()})
		b.write(2, 2)
		<-time.After(time.Second)
		b.refund(1, v)
		b.want("1s: reply to 2/2")
	})
}

// Contacts that become one wait as one.
func TestMergedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLimiterLog(t, 1, 1)
		b.write(1, 1)
		b.write(3, 2)
		b.merge(2, 3)
		<-time.After(time.Minute)
		b.want("0s: reply to 1/1", "1m0s: reply to 3/2")
		b.write(2, 3)
		b.want("0s: reply to 1/1", "1m0s: contact, warned to 2/3", "1m0s: reply to 3/2")
	})
}

// forward sets the pipeline's clock forward and lets it know.
func (b *bench) forward(p *Pipeline, d time.Duration) {
	b.ahead.Add(int64(d))
	p.SetConfig(p.currentConfig())
}

// waiting waits until so many chats wait for the limit.
func (b *bench) waiting(p *Pipeline, want int) {
	b.t.Helper()
	b.eventually(func() string {
		p.limiter.mu.Lock()
		defer p.limiter.mu.Unlock()
		return gocmp.Diff(want, len(p.limiter.queue.waiting))
	})
}

// events counts the tenant's events of a type.
func (b *bench) events(kind flowhq.EventType) (n int) {
	b.t.Helper()
	es, err := b.store.Events(b.t.Context(), b.tenant.ID, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range es {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// Eighteen people who wrote while the tenant was stopped are all answered, in the order
// in which they came and over any number of restarts; nobody is told to slow down, and
// the operator is told once that they wait.
func TestEighteenWroteWhileItWasStopped(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	p.Start()
	for i := range 18 {
		b.receive(p, fmt.Sprintf("%d@lid", i), fmt.Sprint("IN", i), "hello")
	}
	b.becomes(map[string]int{"IN ANSWERED": 10, "IN RECEIVED": 8, "OUT SENT": 10})
	b.waiting(p, 8)
	stopped := time.Now()
	p.Stop(t.Context())
	if took := time.Since(stopped); took > 5*time.Second {
		t.Errorf("a pipeline whose customers wait took %v to stop", took)
	}

	next := b.host()
	next.Start()
	b.waiting(next, 8)
	b.becomes(map[string]int{"IN ANSWERED": 10, "IN RECEIVED": 8, "OUT SENT": 10})
	b.forward(next, flowhq.TenantWindow)
	b.becomes(map[string]int{"IN ANSWERED": 18, "OUT SENT": 18})
	if n := b.events("REPLIES_DELAYED"); n != 1 {
		t.Errorf("%d events REPLIES_DELAYED; want 1", n)
	}
}

// What was given up can be tried again by a person, whatever the reason, and says so.
func TestWhatWasGivenUpCanBeRetried(t *testing.T) {
	limit := 1
	b := newBench(t, func(n *flowhq.NewTenant) { n.RepliesPerMinute = &limit })
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.receive(p, "2@lid", "IN2", "hello")
	b.receive(p, "3@lid", "IN3", "hello")
	b.waiting(p, 2)
	b.ahead.Add(int64(flowhq.MaxReplyDelay))
	b.receive(p, "4@lid", "IN4", "hello") // takes the turn of neither: they came first
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN SUPPRESSED": 1, "IN RECEIVED": 1, "OUT SENT": 3})
	given := b.log()[3]
	if want := "waited 10 minutes under the limit of 1 replies per minute"; given.Reason != want {
		t.Errorf("message %d is %s because %q; want SUPPRESSED, %q", given.ID, given.Status,
			given.Reason, want)
	}
	b.forward(p, flowhq.TenantWindow)
	b.becomes(map[string]int{"IN ANSWERED": 3, "IN SUPPRESSED": 1, "OUT SENT": 4})

	b.retry(p, given.ID)
	b.waiting(p, 1)
	b.forward(p, flowhq.TenantWindow)
	b.becomes(map[string]int{"IN ANSWERED": 4, "OUT SENT": 5})
}

// retry has an operator try a message again.
func (b *bench) retry(p *Pipeline, message int64) {
	b.t.Helper()
	m, err := b.store.Retry(b.t.Context(), b.tenant.ID, message, "admin")
	if err != nil {
		b.t.Fatal(err)
	}
	if m.RetriedAt == nil {
		b.t.Errorf("message %d does not say when it was tried again", m.ID)
	}
	if err := p.Refill(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// While the first message of a chat waits for the limit, others queue behind it, and
// what is too many overflows.
func TestAQueueThatWaitsOverflows(t *testing.T) {
	limit := 1
	b := newBench(t, func(n *flowhq.NewTenant) { n.RepliesPerMinute = &limit })
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.receive(p, "2@lid", "IN0", "hello")
	b.waiting(p, 1)
	for i := range maxWaiting + 2 {
		b.receive(p, "2@lid", fmt.Sprint("IN", 1+i), "hello")
	}
	b.becomes(map[string]int{
		"IN ANSWERED": 1, "IN RECEIVED": 1 + maxWaiting, "IN OVERFLOWED": 2, "OUT SENT": 1, "OUT PENDING": 1,
	})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	p.Stop(gone)
}

// The time during which something cannot be sent is not that of a turn: whoever has
// queued behind it is answered when it can be.
func TestAnOutageIsNoWaitForTheLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p, release := b.held()
	const behind = 4
	for i := range behind {
		b.receive(p, "1@lid", fmt.Sprint("IN1-", i), "26 February for two")
	}
	b.ahead.Add(int64(flowhq.MaxReplyDelay + time.Minute))
	close(release)
	b.becomes(map[string]int{"IN ANSWERED": 1 + behind, "OUT SENT": 1 + behind})
}

// Messages of one chat that wait for the limit wait at the same time, whatever becomes of
// the first of them.
func TestAChatWaitsForTheLimitOnce(t *testing.T) {
	t.Parallel()
	limit := 1
	b := newBench(t, func(n *flowhq.NewTenant) { n.RepliesPerMinute = &limit })
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.receive(p, "2@lid", "IN2", "hello")
	b.receive(p, "3@lid", "IN3", "hello")
	b.waiting(p, 2)
	b.receive(p, "3@lid", "IN4", "I want to book") // waits as well
	b.ahead.Add(int64(flowhq.MaxReplyDelay))
	b.receive(p, "3@lid", "IN5", "26 February") // has not waited
	b.receive(p, "4@lid", "IN6", "hello")       // takes nobody's turn, but has them looked at
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN SUPPRESSED": 2, "IN RECEIVED": 2, "OUT SENT": 3})
	for _, m := range b.log() {
		if want := m.WAMessageID == "IN3" || m.WAMessageID == "IN4"; want != (m.Status == flowhq.Suppressed) {
			t.Errorf("%s is %s", m.WAMessageID, m.Status)
		}
	}
}
