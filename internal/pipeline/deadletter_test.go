package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A poisoned store panics over one message.
type poisoned struct {
	Store
	id     int64
	healed atomic.Bool
}

func (p *poisoned) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	if id == p.id && !p.healed.Load() {
		panic("poison")
	}
	return p.Store.Answer(ctx, tenant, epoch, id, o)
}

// A message whose handling always fails becomes a dead letter; meanwhile no other chat
// waits for it, afterwards its own chat goes on, and it can be tried again.
func TestAPoisonedMessageBecomesADeadLetter(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	b.receive(p, "1@lid", "IN1", "hello")
	b.receive(p, "1@lid", "IN2", "hello")
	b.receive(p, "2@lid", "IN3", "hello")
	store := &poisoned{Store: p.Store, id: b.log()[0].ID}
	p.Store = store
	p.Start()
	b.becomes(map[string]int{"IN RECEIVED": 2, "IN ANSWERED": 1, "OUT SENT": 1})
	b.within(30*time.Second, func() string {
		return cmp.Diff(map[string]int{"IN FAILED": 1, "IN ANSWERED": 2, "OUT SENT": 2}, b.count())
	})
	failed := b.log()[0]
	if want := "handling it failed 10 times: a panic in the program; see the log"; failed.Reason != want {
		t.Errorf("its reason is %q; want %q", failed.Reason, want)
	}

	store.healed.Store(true)
	if _, err := b.store.Retry(t.Context(), b.tenant.ID, failed.ID, "admin"); err != nil {
		t.Fatal(err)
	}
	if err := p.Refill(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.becomes(map[string]int{"IN ANSWERED": 3, "OUT SENT": 3})
}

// Dead letters of a chat that are put back oldest first, as a retry of many does, are answered in the
// order in which they were written. One that is put back alone waits for no earlier one that is dead.
func TestDeadLettersAreAnsweredInOrder(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	const lines = 5
	var dead []int64
	for i := range lines {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), "hello")
		dead = append(dead, b.log()[i].ID)
		if err := b.store.DeadLetter(t.Context(), b.tenant.ID, p.Epoch, dead[i], "it never works"); err != nil {
			t.Fatal(err)
		}
	}
	p.Forget() // the lines were queued when they came
	p.Start()
	b.retry(p, dead[lines-1])
	b.becomes(map[string]int{"IN FAILED": lines - 1, "IN ANSWERED": 1, "OUT SENT": 1})
	for _, id := range dead[:lines-1] {
		b.retry(p, id)
	}
	b.becomes(map[string]int{"IN ANSWERED": lines, "OUT SENT": lines})
	var answered []int64
	for _, s := range b.line.attempts() {
		for _, m := range b.log() {
			if m.WAMessageID == s.ID {
				answered = append(answered, *m.InReplyTo)
			}
		}
	}
	if want := append(dead[lines-1:], dead[:lines-1]...); !slices.Equal(answered, want) {
		t.Errorf("the answers go to %v; want %v, the one that was put back alone before the others",
			answered, want)
	}
}

// A panic right after the answer was written leaves it to be sent by the next try,
// before the answer to the next message.
func TestAPanicAfterTheAnswerIsWritten(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	b.receive(p, "1@lid", "IN1", "hello")
	b.receive(p, "1@lid", "IN2", "hello")
	p.Store = &startled{Store: p.Store}
	p.Start()
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
}

// A startled store panics once, after it has written an answer.
type startled struct {
	Store
	done atomic.Bool
}

func (s *startled) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	reply, done, err := s.Store.Answer(ctx, tenant, epoch, id, o)
	if !s.done.Swap(true) {
		panic("startled")
	}
	return reply, done, err
}

// A message that ends its process each time, in whichever step, becomes a dead letter after
// ten attempts: the first is that of the host that received it, if that was online.
func TestAMessageThatKillsItsHosts(t *testing.T) {
	for _, step := range []string{"decide", "answer", "send"} {
		for _, online := range []bool{true, false} {
			if step == "decide" && online {
				continue // the conversation comes with the message: nothing is left to read
			}
			t.Run(fmt.Sprintf("%s, received online %v", step, online), func(t *testing.T) {
				b := newBench(t, unlimited)
				d := &deadly{step: step, reached: make(chan struct{})}
				first := d.host(b)
				if online {
					first.Start()
				}
				b.receive(first, "1@lid", "IN1", "hello")
				if online {
					<-d.reached
				}
				d.kill(first)
				for range maxAttempts + 5 {
					next := d.host(b)
					next.Start()
					if d.ended(b) {
						d.kill(next)
						break
					}
					d.kill(next)
				}
				if n := d.attempts.Load(); n != maxAttempts {
					t.Errorf("%d attempts; want %d", n, maxAttempts)
				}
			})
		}
	}
}

// A message that only waits for the rate limiter when its hosts die has not been tried: it
// does not become a dead letter because another message kills them.
func TestWaitingForTheRateLimiterIsNoAttempt(t *testing.T) {
	b := newBench(t, func(n *flowhq.NewTenant) { n.RepliesPerMinute = new(1) })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.receive(p, "2@lid", "IN2", "hello")
	for range maxAttempts + 5 {
		b.waiting(p, 1)
		b.eventually(func() string {
			if n := b.attempts(b.log()[2].ID); n > 1 { // that of the host that received it
				return fmt.Sprintf("%d attempts are counted while the message waits", n)
			}
			return ""
		})
		p.Stop(gone)
		p = b.host()
		p.Start()
	}
	b.ahead.Store(int64(time.Hour))
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
}

// A deadly message holds the step that it is in until the pipeline's end, as if the process had
// died there.
type deadly struct {
	Store
	step     string
	reached  chan struct{} // receives when the step is reached
	attempts atomic.Int64
}

// host is the bench's next host, which dies in the step.
func (d *deadly) host(b *bench) *Pipeline {
	p := b.host()
	d.Store = p.Store
	p.Store = d
	if d.step == "send" {
		p.Send = func(ctx context.Context, _ flowhq.Message) error {
			return d.die(ctx)
		}
	}
	return p
}

// kill ends a host at once.
func (d *deadly) kill(p *Pipeline) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	p.Stop(gone)
}

// ended waits until the step is reached again, or reports that the message is a dead letter.
func (d *deadly) ended(b *bench) bool {
	for {
		select {
		case <-d.reached:
			return false
		case <-time.After(10 * time.Millisecond):
			if n := b.count(); n["IN FAILED"]+n["OUT FAILED"] > 0 {
				return true
			}
		}
	}
}

func (d *deadly) die(ctx context.Context) error {
	d.attempts.Add(1)
	select {
	case d.reached <- struct{}{}:
	case <-ctx.Done():
	}
	<-ctx.Done()
	return ctx.Err()
}

func (d *deadly) Conversation(ctx context.Context, tenant flowhq.TenantID,
	id int64) (store.Conversation, error) {
	if d.step == "decide" {
		return store.Conversation{}, d.die(ctx)
	}
	return d.Store.Conversation(ctx, tenant, id)
}

func (d *deadly) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	if d.step == "answer" {
		return 0, false, d.die(ctx)
	}
	return d.Store.Answer(ctx, tenant, epoch, id, o)
}

// New work that is noticed while a message is in hand is not done twice.
func TestRefillLeavesAloneWhatIsInHand(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	release, sending := make(chan struct{}), make(chan struct{}, 10)
	send := p.Send
	p.Send = func(ctx context.Context, m flowhq.Message) error {
		sending <- struct{}{}
		<-release
		return send(ctx, m)
	}
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.receive(p, "1@lid", "IN2", "hello")
	<-sending
	for range 3 {
		if err := p.Refill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	if n := len(b.line.attempts()); n != 2 {
		t.Errorf("%d sends; want one for each message", n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.inFlight) > 2 { // the last job of a chat is struck off when its goroutine ends
		t.Errorf("%d messages are still in hand", len(p.inFlight))
	}
}

// What a host has in its queues is not sent or answered if it belongs to another number
// than the one that is linked before it begins.
func TestAnotherNumberTakesOver(t *testing.T) {
	t.Run("queues read again", func(t *testing.T) { anotherNumberTakesOver(t, true) })
	t.Run("queues as they were", func(t *testing.T) { anotherNumberTakesOver(t, false) })
}

func anotherNumberTakesOver(t *testing.T, reread bool) {
	b := newBench(t, unlimited)
	b.line.fail = func(int, sent) error { return errors.New("the connection broke") }
	dead := b.host()
	if _, err := b.store.Link(t.Context(), b.tenant.ID, dead.Epoch,
		store.Device{JID: "1:1@s.whatsapp.net", Number: b.tenant.PhoneNumber}); err != nil {
		t.Fatal(err)
	}
	dead.Start()
	b.receive(dead, "1@lid", "IN1", "hello")
	b.receive(dead, "1@lid", "IN2", "1")
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN RECEIVED": 1, "OUT UNKNOWN": 1})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	dead.Stop(gone)
	before := len(b.line.attempts())
	b.line.fail = nil

	next := b.host()
	number := "+255700000002"
	if _, err := b.store.UpdateTenant(t.Context(), b.tenant.ID,
		flowhq.TenantChange{PhoneNumber: &number}, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.Link(t.Context(), b.tenant.ID, next.Epoch,
		store.Device{JID: "2:1@s.whatsapp.net", Number: number}); err != nil {
		t.Fatal(err)
	}
	if reread {
		next.Forget()
		if err := next.Refill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	next.Start()
	b.receive(next, "1@lid", "IN3", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN FAILED": 1, "OUT FAILED": 1, "OUT SENT": 1})
	next.Stop(t.Context())
	if n := len(b.line.attempts()) - before; n != 1 {
		t.Errorf("sent %d messages; want the answer to the new number alone", n)
	}
}

// attempts is how many attempts of a message its row counts.
func (b *bench) attempts(id int64) (n int) {
	b.t.Helper()
	db, err := store.OpenWA(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	const q = `select attempts from flowhq.message_logs where id = $1`
	if err := db.QueryRowContext(b.t.Context(), q, id).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}
