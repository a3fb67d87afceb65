package pipeline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// revise has a customer change a message to text, or delete it if text is "".
func (b *bench) revise(p *Pipeline, lid, id, text string) {
	b.t.Helper()
	r := store.Revision{At: time.Now(), Text: &text, Kind: flowhq.KindText}
	if text == "" {
		r = store.Revision{At: time.Now(), Revoked: true}
	}
	if err := p.Revise(b.t.Context(), store.Inbound{LID: lid, WAID: id}, r); err != nil {
		b.t.Fatal(err)
	}
}

// noted returns what the bot has quoted of what a customer wrote.
func (b *bench) noted() (quoted []string) {
	for _, s := range b.line.attempts() {
		if _, quote, ok := strings.Cut(s.Text, "“"); ok {
			quote, _, _ = strings.Cut(quote, "”")
			quoted = append(quoted, quote)
		}
	}
	return quoted
}

// held is a host whose first reply in a chat waits to be sent, so that what comes after
// it waits in the queue.
func (b *bench) held() (p *Pipeline, release chan struct{}) {
	b.t.Helper()
	p = b.host()
	release = make(chan struct{})
	send := p.Send
	p.Send = func(ctx context.Context, m flowhq.Message) error {
		<-release
		return send(ctx, m)
	}
	p.Start()
	b.receive(p, "1@lid", "IN1", "I want to book")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT PENDING": 1})
	return p, release
}

// A message that is changed while it waits is answered as it is then; one that is
// deleted is not, and uses up nothing.
func TestRevisedWhileWaiting(t *testing.T) {
	b := newBench(t, unlimited)
	p, release := b.held()
	b.receive(p, "1@lid", "IN2", "26 February for two")
	b.receive(p, "1@lid", "IN3", "and a cake")
	b.revise(p, "1@lid", "IN2", "27 February for two")
	b.revise(p, "1@lid", "IN3", "")
	b.revise(p, "2@lid", "IN2", "1 January") // somebody else
	close(release)
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 1, "OUT SENT": 2})
	if got := b.noted(); len(got) != 1 || got[0] != "27 February for two" {
		t.Errorf("noted %q; want the date as it was changed to", got)
	}
}

// An edit of a message that never came is answered like a message, once, even if the
// message comes after all; a deletion is nothing.
func TestRevisedBeforeItCame(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "I want to book")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	b.revise(p, "1@lid", "IN8", "")
	if err := p.Revise(t.Context(), store.Inbound{LID: "1@lid", WAID: "IN7"},
		store.Revision{At: time.Now()}); err != nil {
		t.Error(err) // that cannot be read
	}
	for range 2 {
		b.revise(p, "1@lid", "IN9", "27 February for two")
	}
	b.receive(p, "1@lid", "IN9", "26 February for two")
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	if got := b.noted(); len(got) != 1 || got[0] != "27 February for two" {
		t.Errorf("noted %q; want the date as it was changed to", got)
	}
}

// An edit that overtakes the readable copy of its message is what is answered.
func TestRevisedBeforeItCouldBeRead(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "I want to book")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	closed := inbound("1@lid", "IN2", "")
	closed.Undecryptable = true
	b.take(p, closed)
	b.revise(p, "1@lid", "IN2", "27 February for two")
	b.receive(p, "1@lid", "IN2", "26 February for two")
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	if got := b.noted(); len(got) != 1 || got[0] != "27 February for two" {
		t.Errorf("noted %q; want the date as it was changed to", got)
	}
	for _, m := range b.log() {
		if m.WAMessageID == "IN2" && (m.Text != "27 February for two" || m.OriginalText == nil ||
			*m.OriginalText != "26 February for two") {
			t.Errorf("the message is %+v; want what it said first as well", m)
		}
	}
}

// What was answered is not answered again; the log says what became of it.
func TestRevisedAfterTheAnswer(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.receive(p, "1@lid", "IN1", "I want to book")
	b.receive(p, "1@lid", "IN2", "26 February for two")
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
	b.revise(p, "1@lid", "IN2", "27 February for two")
	b.revise(p, "1@lid", "IN1", "")
	b.receive(p, "1@lid", "IN3", "thanks")
	b.becomes(map[string]int{"IN ANSWERED": 3, "OUT SENT": 3})
	for _, m := range b.log() {
		switch m.WAMessageID {
		case "IN1":
			if m.RevokedAt == nil || m.Text != "I want to book" {
				t.Errorf("the deleted message is %+v", m)
			}
		case "IN2":
			if m.Text != "26 February for two" || m.EditedText == nil ||
				*m.EditedText != "27 February for two" || m.EditedAt == nil {
				t.Errorf("the changed message is %+v", m)
			}
		}
	}
}

// Changed and deleted by the time the next host finds them.
func TestRevisedBeforeTheNextHost(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host() // does not start
	b.receive(p, "1@lid", "IN1", "I want to book")
	b.receive(p, "1@lid", "IN2", "26 February for two")
	b.receive(p, "1@lid", "IN3", "and a cake")
	b.revise(p, "1@lid", "IN2", "27 February for two")
	b.revise(p, "1@lid", "IN3", "")
	next := b.host()
	next.Start()
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 1, "OUT SENT": 2})
	if got := b.noted(); len(got) != 1 || got[0] != "27 February for two" {
		t.Errorf("noted %q; want the date as it was changed to", got)
	}
}

// A question whose answer is being written is answered as it was, and the row says
// both.
func TestRevisedInHand(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	slow := &slowStore{Store: p.Store, reached: make(chan struct{}), release: make(chan struct{})}
	p.Store = slow
	p.Start()
	b.receive(p, "1@lid", "IN1", "I want to book")
	<-slow.reached // the answer to the first is being written
	b.revise(p, "1@lid", "IN1", "never mind")
	close(slow.release)
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	m := b.log()[0]
	if m.Text != "I want to book" || m.EditedText == nil || *m.EditedText != "never mind" ||
		m.OriginalText != nil {
		t.Errorf("the message is %+v; want it answered as it was", m)
	}
}

// A slowStore holds up the first answer.
type slowStore struct {
	Store
	reached, release chan struct{}
	once             bool
}

func (s *slowStore) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (int64, bool, error) {
	if !s.once {
		s.once = true
		close(s.reached)
		<-s.release
	}
	return s.Store.Answer(ctx, tenant, epoch, id, o)
}
