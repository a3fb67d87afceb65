package pipeline

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// from is a message whose writer is known by these addresses.
func from(lid, number, id, text string) store.Inbound {
	m := inbound(lid, id, text)
	m.Number = number
	return m
}

// A person who has two chats going, one from a number and one from a LID, has one of
// them as soon as a message tells that: in order, and with one count of the limits.
func TestTwoChatsBecomeOne(t *testing.T) {
	const lid, number = "1@lid", "+255700000009"
	b := newBench(t, nil) // 5 replies to a contact
	release := make(chan struct{})
	p := b.host()
	send := p.Send
	p.Send = func(ctx context.Context, m flowhq.Message) error {
		<-release
		return send(ctx, m)
	}
	p.Start()
	for i, m := range []store.Inbound{
		from("", number, "IN1", "hello"), from(lid, "", "IN2", "hello"), // in hand
		from("", number, "IN3", "hello"), from(lid, "", "IN4", "hello"), // waiting
		from(lid, number, "IN5", "hello"), from("", number, "IN6", "hello"), from(lid, "", "IN7", "hello"),
	} {
		if err := p.Receive(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			b.becomes(map[string]int{"IN ANSWERED": 2, "OUT PENDING": 2})
		}
	}
	close(release)
	b.becomes(map[string]int{"IN ANSWERED": 5, "IN SUPPRESSED": 2, "OUT SENT": 6})
	question, written, sent := map[string]int64{}, []string{}, []int64{}
	for _, m := range b.log() {
		if m.Chat != lid || m.Contact != number {
			t.Errorf("message %s is in chat %q with %q; want %q with %q", m.WAMessageID, m.Chat,
				m.Contact, lid, number)
		}
		if m.Direction == flowhq.Out {
			question[m.WAMessageID] = *m.InReplyTo
			continue
		}
		written = append(written, m.WAMessageID)
	}
	for _, s := range b.line.attempts() {
		sent = append(sent, question[s.ID])
	}
	if want := []string{"IN1", "IN2", "IN3", "IN4", "IN5", "IN6", "IN7"}; !cmp.Equal(want, written) {
		t.Errorf("recorded %v; want %v", written, want)
	}
	for i := 3; i < len(sent); i++ { // the first two were under way at the same time
		if sent[i] < sent[i-1] {
			t.Errorf("answered in the order %v", sent)
		}
	}
}

// A conversation goes on when its contact turns out to have another address, whether
// its chat is busy, idle or of an earlier host.
func TestConversationGoesOnAtAnotherAddress(t *testing.T) {
	texts := []string{"booking", "1", "tomorrow", "10am"}
	talk := func(t *testing.T, address func(i int) (lid, number string), restart bool) (replies []string) {
		b := newBench(t, unlimited)
		p := b.host()
		p.Start()
		for i, text := range texts {
			if restart && i > 0 {
				p.Stop(t.Context())
				p = b.host()
				p.Start()
			}
			lid, number := address(i)
			if err := p.Receive(t.Context(), from(lid, number, fmt.Sprint("IN", i), text)); err != nil {
				t.Fatal(err)
			}
			b.becomes(map[string]int{"IN ANSWERED": i + 1, "OUT SENT": i + 1})
		}
		for _, s := range b.line.attempts() {
			replies = append(replies, s.Text)
		}
		return replies
	}
	want := talk(t, func(int) (string, string) { return "1@lid", "+255700000009" }, false)
	for name, address := range map[string]func(int) (string, string){
		"LID learnt": func(i int) (string, string) {
			return []string{"", "1@lid"}[min(i, 1)],
				"+255700000009"
		},
		"number learnt": func(i int) (string, string) {
			return "1@lid",
				[]string{"", "+255700000009"}[min(i, 1)]
		},
	} {
		for _, restart := range []bool{false, true} {
			if diff := cmp.Diff(want, talk(t, address, restart)); diff != "" {
				t.Errorf("%s, another host each time %v: replies (-want +got):\n%s", name, restart, diff)
			}
		}
	}
}

func TestMergedChats(t *testing.T) {
	p := New(t.Context(), Options{Tenant: "t"})
	question := func(id, contact int64) job {
		return job{question: flowhq.Message{ID: id, ContactID: contact}}
	}
	reply := func(id, contact, question int64) job {
		return job{reply: &flowhq.Message{ID: id, ContactID: contact, InReplyTo: &question}}
	}
	for _, j := range []job{question(5, 3), reply(9, 3, 2), question(4, 2), question(6, 2),
		reply(8, 1, 1), question(7, 4)} {
		p.enqueue(j)
	}
	p.merge(2, []int64{3})
	p.merge(1, []int64{2, 4})
	p.enqueue(question(10, 3)) // as it was read before the merge
	var got []int64
	for _, j := range p.chats[1].waiting {
		got = append(got, j.due().ID)
	}
	if want := []int64{8, 9, 4, 5, 6, 7, 10}; !cmp.Equal(got, want) || len(p.chats) != 1 {
		t.Errorf("%d chats, the one waits for %v; want one, for %v", len(p.chats), got, want)
	}
}
