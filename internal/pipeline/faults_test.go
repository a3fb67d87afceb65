package pipeline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A faulty store answers the calls of one method with an error that nobody
// classified, for as often as it is told to.
type faulty struct {
	Store
	method string
	left   atomic.Int64 // how often; see always
}

const always = 1 << 40

func (f *faulty) fault(method string) error {
	if method != f.method || f.left.Add(-1) < 0 {
		return nil
	}
	return flowhq.Errorf(flowhq.Internal, "the database refused the call")
}

func (f *faulty) Conversation(ctx context.Context, tenant flowhq.TenantID,
	id int64) (store.Conversation, error) {
	if err := f.fault("Conversation"); err != nil {
		return store.Conversation{}, err
	}
	return f.Store.Conversation(ctx, tenant, id)
}

func (f *faulty) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	if err := f.fault("Answer"); err != nil {
		return 0, false, err
	}
	return f.Store.Answer(ctx, tenant, epoch, id, o)
}

func (f *faulty) SetOutbound(ctx context.Context, tenant flowhq.TenantID, epoch int64, waID string,
	status flowhq.MessageStatus, reason string) error {
	if err := f.fault("SetOutbound"); err != nil {
		return err
	}
	return f.Store.SetOutbound(ctx, tenant, epoch, waID, status, reason)
}

func (f *faulty) CountAttempt(ctx context.Context, tenant flowhq.TenantID, epoch, id int64) (int, error) {
	if err := f.fault("CountAttempt"); err != nil {
		return 0, err
	}
	return f.Store.CountAttempt(ctx, tenant, epoch, id)
}

func (f *faulty) DeadLetter(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	reason string) error {
	if err := f.fault("DeadLetter"); err != nil {
		return err
	}
	return f.Store.DeadLetter(ctx, tenant, epoch, id, reason)
}

func (f *faulty) Profile(ctx context.Context, tenant flowhq.TenantID) (flowhq.Profile, error) {
	if err := f.fault("Profile"); err != nil {
		return flowhq.Profile{}, err
	}
	return f.Store.Profile(ctx, tenant)
}

// faultyHost is the bench's next host, on a store with a fault. A message that an
// earlier host left waits for it, so that attempts are counted.
func (b *bench) faultyHost(method string, times int64) *Pipeline {
	b.t.Helper()
	b.receive(b.host(), "1@lid", "IN1", "hello")
	p := b.host()
	f := &faulty{Store: p.Store, method: method}
	f.left.Store(times)
	p.Store = f
	return p
}

// A write that fails in a way that may not pass is tried again, and everything is
// answered if it does pass.
func TestAFaultThatPasses(t *testing.T) {
	for _, method := range []string{"Conversation", "Answer", "SetOutbound", "CountAttempt"} {
		t.Run(method, func(t *testing.T) {
			b := newBench(t, unlimited)
			p := b.faultyHost(method, 3)
			p.Start()
			b.receive(p, "1@lid", "IN2", "hello")
			b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
		})
	}
}

// One that does not pass makes the message a dead letter, or ends the pipeline, which says so:
// no chat stays busy with nobody to serve it.
func TestAFaultThatStays(t *testing.T) {
	for _, method := range []string{"Conversation", "Answer", "SetOutbound", "CountAttempt", "DeadLetter"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, unlimited)
			p := b.faultyHost(method, always)
			if method == "DeadLetter" { // has to be asked for first
				p.Store = &poisoned{Store: p.Store, id: b.log()[0].ID}
			}
			p.Start()
			deadline := time.After(2 * time.Minute)
			for {
				if n := b.count(); n["IN FAILED"]+n["OUT FAILED"] > 0 {
					return
				}
				select {
				case err := <-p.Failed():
					if flowhq.ErrorCode(err) != flowhq.Internal {
						t.Errorf("the pipeline failed with %v; want code %s", err, flowhq.Internal)
					}
					return
				case <-deadline:
					t.Fatalf("the chat is silent: %v, and the pipeline has not failed", b.count())
				case <-time.After(50 * time.Millisecond):
				}
			}
		})
	}
}

// A reply whose turn to be sent does not come has not been tried: it is neither
// unknown nor a dead letter, however often, and goes out in the end.
func TestUnsentIsNoAttempt(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	var asked atomic.Int64
	statuses := map[flowhq.MessageStatus]bool{}
	send := p.Send
	p.Send = func(ctx context.Context, m flowhq.Message) error {
		if _, bounded := ctx.Deadline(); bounded {
			t.Error("the wait for a turn is bounded by more than the session")
		}
		if asked.Add(1) <= 3 {
			for _, m := range b.log() {
				statuses[m.Status] = true
			}
			return flowhq.Errorf(flowhq.Unsent, "its turn did not come")
		}
		return send(ctx, m)
	}
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.within(30*time.Second, func() string {
		return cmp.Diff(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1}, b.count())
	})
	if statuses[flowhq.Unknown] || statuses[flowhq.Failed] {
		t.Errorf("while it waited its status was one of %v", statuses)
	}
	if n := len(b.line.attempts()); n != 1 {
		t.Errorf("sent %d times; want once", n)
	}
}

// A stale store holds what it read back until a message that is in it is over.
type stale struct {
	Store
	over func(contact int64) bool
	once sync.Once
	read chan struct{} // closed when it has read
}

func (s *stale) Unanswered(ctx context.Context, tenant flowhq.TenantID, after int64,
	limit int) ([]flowhq.Message, error) {
	ms, err := s.Store.Unanswered(ctx, tenant, after, limit)
	s.once.Do(func() { close(s.read) })
	for len(ms) > 0 && !s.over(ms[0].ContactID) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		<-time.After(time.Millisecond)
	}
	return ms, err
}

// A counting store counts the answers that it is given.
type counting struct {
	Store
	answers atomic.Int64
}

func (c *counting) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	c.answers.Add(1)
	return c.Store.Answer(ctx, tenant, epoch, id, o)
}

// isOver reports whether the pipeline is done with all that a contact wrote.
func (p *Pipeline) isOver(contact int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.chats[contact] == nil
}

// charged is how many replies count towards the limits of the tenant and of a contact.
func (p *Pipeline) charged(contact int64) [2]int {
	p.limiter.mu.Lock()
	defer p.limiter.mu.Unlock()
	return [2]int{len(p.limiter.tenant.replies), len(p.limiter.contact(contact).replies)}
}

// A row that was read while its message was in hand, and that comes to be queued when
// the message is over, is not handled again.
func TestRefillRacesWithTheEndOfAJob(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	count := &counting{Store: p.Store}
	p.Store = &stale{Store: count, over: p.isOver, read: make(chan struct{})}
	b.receive(p, "1@lid", "IN1", "hello")
	refilled := make(chan error, 1)
	go func() { refilled <- p.Refill(t.Context()) }()
	<-p.Store.(*stale).read
	p.Start()
	if err := <-refilled; err != nil {
		t.Fatal(err)
	}
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.receive(p, "1@lid", "IN2", "1") // whatever was queued in between is over before this
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	if n := count.answers.Load(); n != 2 {
		t.Errorf("%d answers were written for two messages", n)
	}
	if got := p.charged(b.log()[0].ContactID); got != [2]int{2, 2} {
		t.Errorf("the limits were charged with %v replies; want 2 each", got)
	}
}

// An eager store has every message that it records found and handled by a refill,
// before the one who received it learns of it.
type eager struct {
	Store
	p *Pipeline
}

func (e *eager) Receive(ctx context.Context, tenant flowhq.TenantID, epoch int64,
	in store.Inbound) (store.Received, error) {
	r, err := e.Store.Receive(ctx, tenant, epoch, in)
	if err == nil {
		err = e.p.Refill(ctx)
	}
	for err == nil && !e.p.isOver(r.Contact) {
		<-time.After(time.Millisecond)
		err = ctx.Err()
	}
	return r, err
}

func TestRefillRacesWithReceive(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	count := &counting{Store: p.Store}
	p.Store = &eager{count, p}
	p.Start()
	for i := range 3 {
		b.receive(p, "1@lid", fmt.Sprintf("IN%d", i), "hello")
	}
	b.becomes(map[string]int{"IN ANSWERED": 3, "OUT SENT": 3})
	b.eventually(func() string {
		if p.isOver(b.log()[0].ContactID) {
			return ""
		}
		return "the chat is still busy"
	})
	if n := count.answers.Load(); n != 3 {
		t.Errorf("%d answers were written for three messages", n)
	}
	if got := p.charged(b.log()[0].ContactID); got != [2]int{3, 3} {
		t.Errorf("the limits were charged with %v replies; want 3 each", got)
	}
}

// What was composed for a message that somebody else has answered counts nowhere: not
// in the limits, and not in the conversation.
func TestAnAnswerThatIsNotStoredLeavesNoTrace(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	b.receive(p, "1@lid", "IN1", "1") // asks for the details
	b.receive(p, "1@lid", "IN2", "facial, 26 Feb")
	elsewhere := store.Outcome{Status: flowhq.Suppressed}
	if _, _, err := b.store.Answer(t.Context(), b.tenant.ID, p.Epoch, b.log()[0].ID, elsewhere); err != nil {
		t.Fatal(err)
	}
	p.Start()
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN SUPPRESSED": 1, "OUT SENT": 1})
	if got := p.charged(b.log()[0].ContactID); got != [2]int{1, 1} {
		t.Errorf("the limits were charged with %v replies; want one", got)
	}
	fresh := newBench(t, nil)
	q := fresh.host()
	q.Start()
	fresh.receive(q, "1@lid", "IN2", "facial, 26 Feb")
	fresh.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	if diff := cmp.Diff(fresh.line.attempts()[0].Text, b.line.attempts()[0].Text); diff != "" {
		t.Errorf("the next message was answered from a question that was never asked (-want +got):\n%s", diff)
	}
}

// A stingy store cannot mark what overflows, for a while.
type stingy struct {
	Store
	left atomic.Int64
}

func (s *stingy) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	if o.Status == flowhq.Overflowed && s.left.Add(-1) >= 0 {
		return 0, false, flowhq.Errorf(flowhq.Unavailable, "the database is away")
	}
	return s.Store.Answer(ctx, tenant, epoch, id, o)
}

// A message that overflowed while the database could not be told so is seen to by the
// same host, and in its turn.
func TestAnOverflowThatCouldNotBeWritten(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	s := &stingy{Store: p.Store}
	s.left.Store(always)
	p.Store = s
	release := make(chan struct{})
	send := p.Send
	p.Send = func(ctx context.Context, m flowhq.Message) error {
		<-release
		return send(ctx, m)
	}
	p.Start()
	b.receive(p, "1@lid", "IN0", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT PENDING": 1}) // in hand, not waiting
	for i := range maxWaiting + 3 {
		b.receive(p, "1@lid", fmt.Sprintf("IN%d", 1+i), "hello")
	}
	close(release)
	all := 1 + maxWaiting + 3
	b.within(30*time.Second, func() string {
		return cmp.Diff(map[string]int{"IN ANSWERED": all, "OUT SENT": all}, b.count())
	})
	question := map[string]int64{}
	for _, m := range b.log() {
		if m.Direction == flowhq.Out {
			question[m.WAMessageID] = *m.InReplyTo
		}
	}
	for i, s := range b.line.attempts()[1:] {
		if before := b.line.attempts()[i]; question[s.ID] < question[before.ID] {
			t.Fatalf("the reply to %d was sent after that to %d", question[s.ID], question[before.ID])
		}
	}
}
