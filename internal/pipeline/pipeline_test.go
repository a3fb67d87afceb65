package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// A bench is a tenant with its rows in PostgreSQL and a phone line that records
// what is sent.
type bench struct {
	t      *testing.T
	url    string // of the database
	store  *store.Store
	tenant flowhq.Tenant
	line   *line
	ahead  atomic.Int64 // of the real clock is the pipeline's, in nanoseconds
}

func newBench(t *testing.T, change func(*flowhq.NewTenant)) *bench {
	t.Helper()
	url := testdb.New(t)
	s := testdb.OpenStore(t, url)
	s.Defaults = store.Defaults{RepliesPerMinute: 10, RepliesPerContact: 5}
	n := flowhq.NewTenant{Name: "a", PhoneNumber: "+255700000001", Template: flowhq.BookingTemplate,
		BusinessName: "Blue Door", Language: flowhq.English}
	if change != nil {
		change(&n)
	}
	tenant, err := s.CreateTenant(t.Context(), n, "test")
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, url: url, store: s, tenant: tenant, line: &line{changed: make(chan struct{}, 1)}}
}

func unlimited(n *flowhq.NewTenant) {
	limit := flowhq.MaxReplies
	n.RepliesPerMinute, n.RepliesPerContact = &limit, &limit
}

// host is the pipeline of the tenant's next host, filled but not started.
func (b *bench) host() *Pipeline {
	b.t.Helper()
	epoch, err := b.store.Claim(b.t.Context(), b.tenant.ID, "test")
	if err != nil {
		b.t.Fatal(err)
	}
	o := Options{
		Tenant: b.tenant.ID, Epoch: epoch, Config: b.tenant.Config, Store: b.store, Send: b.line.send,
		ReplyID: func(q flowhq.Message, kind flowhq.Kind) string {
			return fmt.Sprintf("OUT-%s-%d",
				kind, q.ID)
		},
		Log:    slog.New(slog.DiscardHandler),
		Decide: takeNote,
		Now:    func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) },
	}
	p := New(b.t.Context(), o)
	if err := p.Fill(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { p.Stop(context.Background()) })
	return p
}

func (b *bench) receive(p *Pipeline, chat, id, text string) {
	b.t.Helper()
	if err := p.Receive(b.t.Context(), inbound(chat, id, text)); err != nil {
		b.t.Fatal(err)
	}
}

// inbound is a message from a LID, which is the chat it comes in.
func inbound(lid, id, text string) store.Inbound {
	return store.Inbound{LID: lid, WAID: id, Kind: flowhq.KindText, Text: text, SentAt: time.Now()}
}

// log is the tenant's messages as "direction status kind", oldest first.
func (b *bench) log() []flowhq.Message {
	b.t.Helper()
	page, _, err := b.store.Messages(b.t.Context(), b.tenant.ID, store.MessageFilter{Limit: store.MaxLimit})
	if err != nil {
		b.t.Fatal(err)
	}
	for i, j := 0, len(page)-1; i < j; i, j = i+1, j-1 {
		page[i], page[j] = page[j], page[i]
	}
	return page
}

// count counts messages by direction and status.
func (b *bench) count() map[string]int {
	counts := map[string]int{}
	for _, m := range b.log() {
		counts[string(m.Direction)+" "+string(m.Status)]++
	}
	return counts
}

// eventually polls until check returns "", or fails with what it said last.
func (b *bench) eventually(check func() string) {
	b.t.Helper()
	b.within(10*time.Second, check)
}

// within is eventually with another patience.
func (b *bench) within(patience time.Duration, check func() string) {
	b.t.Helper()
	deadline := time.After(patience)
	for {
		problem := check()
		if problem == "" {
			return
		}
		select {
		case <-deadline:
			b.t.Fatal(problem)
		case <-b.line.changed:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (b *bench) becomes(want map[string]int) {
	b.t.Helper()
	b.eventually(func() string { return cmp.Diff(want, b.count()) })
}

// A line is the way to WhatsApp.
type line struct {
	mu      sync.Mutex
	sent    []sent
	fail    func(n int, s sent) error // called with the number of earlier attempts
	changed chan struct{}
}

type sent struct {
	Chat, ID, Text string
	Timer          flowhq.DisappearingTimer
}

func (l *line) send(_ context.Context, m flowhq.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := sent{m.Chat, m.WAMessageID, m.Text, m.Timer()}
	n := len(l.sent)
	l.sent = append(l.sent, s)
	select {
	case l.changed <- struct{}{}:
	default:
	}
	if l.fail != nil {
		return l.fail(n, s)
	}
	return nil
}

func (l *line) attempts() []sent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]sent(nil), l.sent...)
}

func TestRepliesInOrderWithinAChat(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	const chats, each = 8, 10
	for i := range each {
		for c := range chats {
			b.receive(p, fmt.Sprintf("%d@lid", c), fmt.Sprintf("IN%d-%d", c, i), fmt.Sprint(1+i%4))
		}
	}
	b.becomes(map[string]int{"IN ANSWERED": chats * each, "OUT SENT": chats * each})
	question := map[string]int64{}
	for _, m := range b.log() {
		if m.Direction == flowhq.Out {
			question[m.WAMessageID] = *m.InReplyTo
		}
	}
	last := map[string]int64{}
	for _, s := range b.line.attempts() {
		if question[s.ID] < last[s.Chat] {
			t.Errorf("chat %s: the reply to %d was sent after that to %d", s.Chat, question[s.ID],
				last[s.Chat])
		}
		last[s.Chat] = question[s.ID]
	}
}

func TestAMessageDeliveredTwiceIsAnsweredOnce(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	p.Start()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := p.Receive(t.Context(), inbound("1@lid", "IN1", "hello")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	p.Stop(t.Context())
	if n := len(b.line.attempts()); n != 1 {
		t.Errorf("sent %d times; want once", n)
	}
}

// A host that dies after recording messages leaves them to the next one.
func TestRecordedButNotAnswered(t *testing.T) {
	b := newBench(t, nil)
	dead := b.host() // never started
	b.receive(dead, "1@lid", "IN1", "hello")
	b.receive(dead, "1@lid", "IN2", "1")
	next := b.host()
	next.Start()
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
}

// A host that dies between sending and hearing that it arrived leaves a reply
// whose outcome is unknown; the next host sends it again under the same id, and
// before the answers to later questions.
func TestAnsweredButOutcomeUnknown(t *testing.T) {
	b := newBench(t, nil)
	b.line.fail = func(int, sent) error { return errors.New("the connection broke") }
	dead := b.host()
	dead.Start()
	b.receive(dead, "1@lid", "IN1", "hello")
	b.receive(dead, "1@lid", "IN2", "1")
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN RECEIVED": 1, "OUT UNKNOWN": 1})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	dead.Stop(gone)
	before := b.line.attempts()

	b.line.fail = nil
	next := b.host()
	next.Start()
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	after := b.line.attempts()[len(before):]
	if len(after) != 2 || after[0] != before[0] || after[1].ID == before[0].ID {
		t.Errorf("the next host sent %+v; want %+v again, then the next reply", after, before[0])
	}
}

// A forgetful store does what it is told, but the first time it says otherwise.
type forgetful struct {
	Store
	forgot atomic.Bool
}

func (f *forgetful) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	reply, done, err := f.Store.Answer(ctx, tenant, epoch, id, o)
	if err == nil && !f.forgot.Swap(true) {
		return 0, false, flowhq.Errorf(flowhq.Unavailable, "the connection broke")
	}
	return reply, done, err
}

// An answer that was committed, although the database's word of it was lost, is
// sent by the same host and before the next one.
func TestCommittedButNotTold(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	p.Store = &forgetful{Store: p.Store}
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.receive(p, "1@lid", "IN2", "1")
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	var written, sent []string
	for _, m := range b.log() {
		if m.Direction == flowhq.Out {
			written = append(written, m.WAMessageID)
		}
	}
	for _, s := range b.line.attempts() {
		sent = append(sent, s.ID)
	}
	if diff := cmp.Diff(written, sent); diff != "" {
		t.Errorf("sent in another order than written (-written +sent):\n%s", diff)
	}
}

func TestRefusedRepliesAreNotRepeated(t *testing.T) {
	b := newBench(t, nil)
	b.line.fail = func(n int, _ sent) error {
		if n == 0 {
			return flowhq.Errorf(flowhq.Refused, "not on WhatsApp")
		}
		return nil
	}
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.receive(p, "1@lid", "IN2", "1")
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT FAILED": 1, "OUT SENT": 1})
	for _, m := range b.log() {
		if m.Status == flowhq.Failed && m.Reason != "not on WhatsApp" {
			t.Errorf("the refused reply's reason is %q", m.Reason)
		}
	}
}

func TestContactLimitWarnsOnce(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	p.Start()
	for i := range 8 {
		b.receive(p, "1@lid", fmt.Sprintf("IN%d", i), "hello")
	}
	b.receive(p, "2@lid", "IN8", "hello") // another contact is served
	b.becomes(map[string]int{"IN ANSWERED": 6, "IN SUPPRESSED": 3, "OUT SENT": 7})
}

// What an operator has tried again is not warned about again, whatever limit it meets.
func TestARetriedMessageIsNotWarnedAboutAgain(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	p.Start()
	for i := range 6 {
		b.receive(p, "1@lid", fmt.Sprintf("IN%d", i), "hello")
	}
	b.becomes(map[string]int{"IN ANSWERED": 5, "IN SUPPRESSED": 1, "OUT SENT": 6})
	for _, m := range b.log() {
		if m.Status == flowhq.Suppressed {
			b.ahead.Add(int64(flowhq.ContactWindow - time.Second)) // its warning may be given again soon
			b.retry(p, m.ID)
			b.becomes(map[string]int{"IN ANSWERED": 5, "IN SUPPRESSED": 1, "OUT SENT": 6})
			b.ahead.Add(int64(2 * time.Second))
			b.retry(p, m.ID)
		}
	}
	b.becomes(map[string]int{"IN ANSWERED": 6, "OUT SENT": 7})
}

func TestAFullQueueAsksToWaitOnce(t *testing.T) {
	b := newBench(t, unlimited)
	release := make(chan struct{})
	p := b.host()
	send := p.Send
	p.Send = func(ctx context.Context, m flowhq.Message) error {
		<-release
		return send(ctx, m)
	}
	p.Start()
	const extra = 5
	for i := range 1 + maxWaiting + extra { // the first is in hand, not waiting
		b.receive(p, "1@lid", fmt.Sprintf("IN%d", i), "hello")
		if i == 0 {
			b.eventually(func() string { // until it is in hand
				return cmp.Diff(map[string]int{"IN ANSWERED": 1, "OUT PENDING": 1}, b.count())
			})
		}
	}
	if got := b.count()["IN OVERFLOWED"]; got != extra {
		t.Errorf("%d messages overflowed; want %d", got, extra)
	}
	close(release)
	b.becomes(map[string]int{"IN ANSWERED": 1 + maxWaiting, "IN OVERFLOWED": extra,
		"OUT SENT": 1 + maxWaiting + 1})
}

func TestAFencedHostIsSilent(t *testing.T) {
	b := newBench(t, nil)
	old := b.host()
	old.Start()
	b.host() // claims
	err := old.Receive(t.Context(), inbound("1@lid", "IN1", "hello"))
	if flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("Receive = %v; want code %s", err, flowhq.Fenced)
	}
	if err := <-old.Failed(); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("Failed = %v; want code %s", err, flowhq.Fenced)
	}
	if got := b.log(); len(got) != 0 {
		t.Errorf("a fenced host left %+v", got)
	}
}

func TestReceiptsAndConfig(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	english := b.line.attempts()[0]
	p.Receipt(store.Receipt{WAID: english.ID, Status: flowhq.Delivered, At: time.Now()})
	p.Receipt(store.Receipt{WAID: english.ID, Status: flowhq.Read, At: time.Now()})
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT READ": 1})

	c := b.tenant.Config
	c.Language = flowhq.Swahili
	p.SetConfig(c)
	b.receive(p, "1@lid", "IN2", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT READ": 1, "OUT SENT": 1})
	if swahili := b.line.attempts()[1]; swahili.Text == english.Text {
		t.Errorf("after the language changed the reply is still %q", swahili.Text)
	}
}

// An older database that is restored does not know of an answer. The customer gets it once
// more under the id that it had, which a phone shows once.
func TestRestoredQuestionIsAnsweredUnderItsOldID(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	p.Stop(t.Context())
	b.exec(`delete from flowhq.message_logs where direction = 'OUT'`)
	b.exec(`update flowhq.message_logs set status = 'RECEIVED'`)
	b.host().Start()
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	if got := b.line.attempts(); len(got) != 2 || got[0].ID != got[1].ID {
		t.Errorf("sent %+v; want the same id twice", got)
	}
}
