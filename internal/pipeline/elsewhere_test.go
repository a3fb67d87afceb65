package pipeline

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// elsewhere is a tenant whose customers a program answers.
func elsewhere(n *flowhq.NewTenant) {
	unlimited(n)
	n.AnsweredBy = flowhq.ByWebhook
}

// A prompt program answers a message while its host forwards it: just before the statement, or just
// after. The host is told of the reply, as it is by the notice, before its statement returns.
type prompt struct {
	Store
	b     *bench
	p     *Pipeline
	after bool
}

func (s *prompt) Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	o store.Outcome) (reply int64, done bool, err error) {
	if s.after {
		if reply, done, err = s.Store.Answer(ctx, tenant, epoch, id, o); err != nil {
			return reply, done, err
		}
	}
	_, err = s.b.store.Reply(ctx, tenant,
		store.NewReply{InReplyTo: id, Text: "Karibu", Actor: "program"})
	if err == nil {
		err = s.p.Refill(ctx)
	}
	if err != nil || s.after {
		return reply, done, err
	}
	return s.Store.Answer(ctx, tenant, epoch, id, o)
}

// TestAProgramIsAsFastAsItsHost: its reply is sent, whichever of the two is first.
func TestAProgramIsAsFastAsItsHost(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after the host %v", after), func(t *testing.T) {
			b := newBench(t, elsewhere)
			p := b.host()
			p.Store = &prompt{Store: p.Store, b: b, p: p, after: after}
			p.Start()
			b.receive(p, "1@lid", "IN1", "hello")
			b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
			if n := len(b.line.attempts()); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}

// TestBubblesInOrder: what a program has written while no host was there is sent in the order in
// which it was written, whether it answers a message or stands by itself.
func TestBubblesInOrder(t *testing.T) {
	b := newBench(t, elsewhere)
	p := b.host()
	b.receive(p, "1@lid", "IN1", "hello")
	first := b.log()[0]
	answer := func(in int64, text string) {
		t.Helper()
		if _, err := b.store.Reply(t.Context(), b.tenant.ID,
			store.NewReply{InReplyTo: in, Text: text, Actor: "program"}); err != nil {
			t.Fatal(err)
		}
	}
	bubble := func(text string) {
		t.Helper()
		if _, err := b.store.Write(t.Context(), b.tenant.ID, store.NewMessage{
			Contact: first.ContactID, Text: text, Key: text, Actor: "program", Bot: true,
		}); err != nil {
			t.Fatal(err)
		}
	}
	answer(first.ID, "1")
	b.receive(p, "1@lid", "IN2", "are you there?")
	bubble("2")
	answer(b.log()[2].ID, "3")
	bubble("4")
	p.Stop(context.Background())
	b.host().Start()
	b.within(10*time.Second, func() string {
		var texts []string
		for _, s := range b.line.attempts() {
			texts = append(texts, s.Text)
		}
		return cmp.Diff([]string{"1", "2", "3", "4"}, texts)
	})
}

// TestNoOutcomeWithoutAProfile: a question that was decided while the bot still answered is left to a
// person. If the profile cannot be read, that is an error like any other, and the question is tried
// again.
func TestNoOutcomeWithoutAProfile(t *testing.T) {
	b := newBench(t, func(n *flowhq.NewTenant) { n.AnsweredBy = flowhq.ByPerson })
	p := b.faultyHost("Profile", 1)
	j := job{question: b.log()[0], decision: &decision{}}
	c := &chat{contact: j.question.ContactID}
	if err := p.conclude(c, &j); flowhq.ErrorCode(err) != flowhq.Internal || j.outcome != nil {
		t.Errorf("conclude() = %v, with the outcome %+v; want code %s and none",
			err, j.outcome, flowhq.Internal)
	}
	if err := p.conclude(c, &j); err != nil || j.outcome == nil || j.outcome.Status != flowhq.Ignored {
		t.Errorf("conclude() again = %v, with the outcome %+v; want one", err, j.outcome)
	}
}
