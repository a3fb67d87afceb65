package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// burstWindow is BurstWindow in these tests.
const burstWindow = 300 * time.Millisecond

// bursty is the pipeline of the tenant's next host, which reads bursts.
func (b *bench) bursty() *Pipeline {
	p := b.host()
	p.BurstWindow = burstWindow
	return p
}

// order is an order as people type it, in seven lines.
var order = []string{"Habari", "naomba kuagiza", "unga 2kg", "sukari 1kg", "na mafuta lita 3",
	"nipo Kimara mwisho", "leo jioni"}

// answeredWith says how the rows became answered: "3" for one that is with the third message.
func (b *bench) answeredWith() (with []string) {
	index := map[int64]int{}
	for _, m := range b.log() {
		if m.Direction != flowhq.In {
			continue
		}
		index[m.ID] = len(index) + 1
	}
	for _, m := range b.log() {
		switch {
		case m.Direction != flowhq.In:
		case m.AnsweredWith != nil:
			with = append(with, fmt.Sprint(m.Status, " with ", index[*m.AnsweredWith]))
		default:
			with = append(with, string(m.Status))
		}
	}
	return with
}

// Lines that come soon after each other are one turn, which counts once for the limits.
func TestBurst(t *testing.T) {
	b := newBench(t, nil) // five replies a contact
	p := b.bursty()
	p.Start()
	for i, text := range order {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), text)
	}
	b.becomes(map[string]int{"IN ANSWERED": len(order), "OUT SENT": 1})
	want := strings.Split(strings.Repeat("ANSWERED with 7,", len(order)-1)+"ANSWERED", ",")
	if diff := cmp.Diff(want, b.answeredWith()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	// What comes later is another turn.
	b.ahead.Store(int64(2 * burstWindow))
	b.receive(p, "1@lid", "LATER", "what does it cost?")
	b.becomes(map[string]int{"IN ANSWERED": len(order) + 1, "OUT SENT": 2})
}

// A line that says something by itself is answered at once, and what looks unfinished after the
// window.
func TestBurstWaitsOnlyWhereItHelps(t *testing.T) {
	for text, waits := range map[string]bool{
		"how much is a shave?": false, "1": false, "yes": false, "price list": false,
		"hello at 2026-11-26T14:21:22.5Z": false,
		"hello":                           true, "Habari yako": true, "nataka kuagiza": true,
		"unga 2kg":       true,
		"two shirts and": true, "I want:": true,
	} {
		t.Run(text, func(t *testing.T) {
			if got := unfinished(flowhq.Message{Kind: flowhq.KindText, Text: text}); got != waits {
				t.Errorf("unfinished = %v; want %v", got, waits)
			}
		})
	}
	for media, waits := range map[flowhq.Media]bool{flowhq.MediaImage: true,
		flowhq.MediaLocation: true, flowhq.MediaVoice: false} {
		if got := unfinished(flowhq.Message{Kind: flowhq.KindMedia, Wordless: true,
			Media: media}); got != waits {
			t.Errorf("unfinished %s = %v; want %v", media, got, waits)
		}
	}
}

// Messages that waited at WhatsApp come all at once. Those that were written hours apart are turns
// of their own.
func TestBurstByTheTimeOfWriting(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.bursty()
	for i, text := range []string{"Habari", "unga 2kg", "sukari 1kg", "Habari", "bei gani"} {
		in := inbound("1@lid", fmt.Sprint("IN", i), text)
		in.SentAt = time.Now().Add(-time.Hour).Add(time.Duration(i/3) * 30 * time.Minute)
		if err := p.Receive(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	p.Start()
	b.becomes(map[string]int{"IN ANSWERED": 5, "OUT SENT": 2})
	if diff := cmp.Diff([]string{"ANSWERED with 3", "ANSWERED with 3", "ANSWERED",
		"ANSWERED with 5", "ANSWERED"}, b.answeredWith()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// A host that dies in the middle of a burst leaves the rows, and the next one gathers them again.
func TestBurstAfterADeath(t *testing.T) {
	b := newBench(t, unlimited)
	first := b.bursty()
	first.Start()
	for i, text := range order[:4] {
		b.receive(first, "1@lid", fmt.Sprint("IN", i), text)
	}
	first.cancel() // as if it were killed: it writes nothing more
	second := b.bursty()
	second.Start()
	for i, text := range order[4:] {
		b.receive(second, "1@lid", fmt.Sprint("IN", 4+i), text)
	}
	b.becomes(map[string]int{"IN ANSWERED": len(order), "OUT SENT": 1})
}

// Twenty lines are read as one at most, and a flood does not wait for ever.
func TestBurstIsBounded(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.bursty()
	for i := range maxLines + 5 {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), "unga 2kg")
	}
	p.Start()
	b.becomes(map[string]int{"IN ANSWERED": maxLines + 5, "OUT SENT": 2})
}

// The customer deletes the last line of a burst while it is answered: the others are answered.
func TestBurstWithoutItsLastLine(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.bursty()
	p.Store = &deleting{Store: p.Store, b: b}
	p.Start()
	for i, text := range order[:3] {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), text)
	}
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 1, "OUT SENT": 1})
}

// A burst whose handling fails is tried line by line, so that the line at fault takes no other
// with it.
func TestBurstOfWhichOneLineFails(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.bursty()
	p.Store = &disliking{Store: p.Store, b: b, text: order[1]}
	p.Start()
	for i, text := range order[:3] {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), text)
	}
	b.within(40*time.Second, func() string {
		return cmp.Diff(map[string]int{"IN ANSWERED": 2, "IN FAILED": 1, "OUT SENT": 2}, b.count())
	})
}

// A changed line is read as it says now.
func TestBurstOfWhichALineChanges(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.bursty()
	p.Start()
	for i, text := range order[:3] {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), text)
	}
	now := "unga 5kg"
	if err := p.Revise(t.Context(), inbound("1@lid", "IN1", ""),
		store.Revision{At: time.Now(), Text: &now, Kind: flowhq.KindText}); err != nil {
		t.Fatal(err)
	}
	b.becomes(map[string]int{"IN ANSWERED": 3, "OUT SENT": 1})
	if m := b.log()[1]; m.Text != now || m.OriginalText == nil {
		t.Errorf("the changed line = %+v; want it answered as %q", m, now)
	}
}

// A line that is deleted while the burst is gathered is not read: the customer took it back.
func TestBurstOfWhichALineIsDeleted(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.bursty()
	p.Decide = func(in reply.Input) reply.Turn { return reply.Turn{Reply: "read: " + in.Message.Text} }
	p.Start()
	for i, text := range order[:3] {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), text)
	}
	if err := p.Revise(t.Context(), inbound("1@lid", "IN1", ""),
		store.Revision{At: time.Now(), Revoked: true}); err != nil {
		t.Fatal(err)
	}
	b.becomes(map[string]int{"IN ANSWERED": 2, "IN IGNORED": 1, "OUT SENT": 1})
	log := b.log()
	if want := "read: " + order[0] + "\n" + order[2]; log[len(log)-1].Text != want {
		t.Errorf("the reply = %q; want %q", log[len(log)-1].Text, want)
	}
}
