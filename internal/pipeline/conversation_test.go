package pipeline

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A message carries its conversation from the statement that records it: no other statement
// reads it, unless a job of the same contact finished in between.
func TestTheConversationComesWithItsMessage(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile string // whose message is answered before the second one is queued; "" = nobody
		reads     int32
	}{
		"nothing happens meanwhile":  {"", 0},
		"another contact's job ends": {"2@lid", 0},
		"the contact's own job ends": {"1@lid", 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, unlimited)
			p := b.host()
			s := &delayed{Store: p.Store}
			p.Store = s
			p.Start()
			b.receive(p, "1@lid", "IN1", "booking")
			b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
			b.idle(p)
			want := map[string]int{"IN ANSWERED": 2, "OUT SENT": 2}
			if test.meanwhile != "" {
				s.after = func() {
					b.receive(p, test.meanwhile, "IN2", "1")
					b.becomes(map[string]int{"IN RECEIVED": 1, "IN ANSWERED": 2, "OUT SENT": 2})
					b.idle(p)
				}
				want = map[string]int{"IN ANSWERED": 3, "OUT SENT": 3}
			}
			s.of.Store(true)
			b.receive(p, "1@lid", "IN3", "2")
			b.becomes(want)
			if n := s.reads.Load(); n != test.reads {
				t.Errorf("the conversation was read %d times by itself; want %d", n, test.reads)
			}
		})
	}
}

// delayed lets something happen between the next Receive and its return.
type delayed struct {
	Store
	of    atomic.Bool
	after func()
	reads atomic.Int32 // calls of Conversation
}

func (s *delayed) Receive(ctx context.Context, tenant flowhq.TenantID, epoch int64,
	in store.Inbound) (store.Received, error) {
	r, err := s.Store.Receive(ctx, tenant, epoch, in)
	if s.of.CompareAndSwap(true, false) && s.after != nil {
		s.after()
	}
	return r, err
}

func (s *delayed) Conversation(ctx context.Context, tenant flowhq.TenantID,
	id int64) (store.Conversation, error) {
	s.reads.Add(1)
	return s.Store.Conversation(ctx, tenant, id)
}

// idle waits until no chat is busy.
func (b *bench) idle(p *Pipeline) {
	b.t.Helper()
	b.eventually(func() string {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.chats) > 0 {
			return "a chat is busy"
		}
		return ""
	})
}
