package pipeline

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// A talk is how somebody writes to the bot, which replies at once.
type talk struct {
	texts []string        // in turn, again and again
	gaps  []time.Duration // likewise, from the bot's last reply to the next message
	n     int             // messages
	burst bool            // the bot has replied to the first message only
}

var english = flowhq.Config{Template: flowhq.BookingTemplate, Language: flowhq.English}

// mutedAt is after how many messages a talk is taken for a program's; 0 = never.
func (t talk) mutedAt() int {
	e, now := loopDetector{}, time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	for i := range t.n {
		now = now.Add(t.gaps[i%len(t.gaps)])
		said := t.texts[i%len(t.texts)]
		if e.inspect(said, reply.Offered(said, english), now).reason != "" {
			return i + 1
		}
		if !t.burst || i == 0 {
			e.replied(now.Add(10*time.Millisecond), now.Add(30*time.Millisecond), flowhq.KindReply)
			now = now.Add(30 * time.Millisecond)
		}
	}
	return 0
}

func TestWhoWritesLikeAProgram(t *testing.T) {
	const s = time.Second
	different := make([]string, 200)
	for i := range different {
		different[i] = fmt.Sprint("message number ", i)
	}
	menu := []string{"1", "0", "2", "0", "3", "menu"}
	for name, tt := range map[string]struct {
		talk talk
		want int // messages, the last of which is not answered
	}{
		"a bot that answers at once": {talk{different,
			[]time.Duration{50 * time.Millisecond}, 200, false}, 1 + maxPrompt},
		"a bot that answers within two seconds": {talk{different,
			[]time.Duration{1900 * time.Millisecond}, 200, false}, 1 + maxPrompt},
		"a slow bot that repeats itself": {talk{[]string{"Thank you for your message!"},
			[]time.Duration{20 * s}, 200, false}, 1 + maxSame},
		"one with capitals and signs of its own": {talk{[]string{"We are closed!", "WE ARE CLOSED",
			" we  are closed "}, []time.Duration{20 * s}, 200, false}, 1 + maxSame},
		"one that alternates": {talk{[]string{"We are closed",
			"Please call us"}, []time.Duration{20 * s}, 200, false}, 2 * maxSame},
		"one with three texts": {talk{[]string{"We are closed", "Please call us",
			"Back on Monday"}, []time.Duration{15 * s}, 200, false}, 3*maxSame - 1},
		"one that repeats itself, but rarely": {talk{[]string{"We are closed"},
			[]time.Duration{3 * time.Minute}, 200, false}, 0},
		"a person who reads": {talk{different, []time.Duration{4 * s}, 200, false}, 0},
		"a person who is quick seven times": {talk{different,
			[]time.Duration{s, s, s, s, s, s, s, 4 * s}, 200, false}, 0},
		"a person who pastes many lines": {talk{different,
			[]time.Duration{300 * time.Millisecond}, 200, true}, 0},
		"a person who sends the same many times": {talk{[]string{"hello"},
			[]time.Duration{300 * time.Millisecond}, 200, true}, 0},
		"a person who walks through the menu": {talk{menu, []time.Duration{5 * s}, 30, false}, 0},
		"a person who says hello again and again": {talk{[]string{"hello"}, []time.Duration{5 * s},
			200, false}, 0},
		"a person who says thanks each time": {talk{[]string{"Asante sana!", "ok", "sawa",
			"Habari za leo"}, []time.Duration{5 * s}, 200, false}, 0},
		"a person who goes back to the menu": {talk{[]string{"menu", "1", "menu", "2"},
			[]time.Duration{5 * s}, 200, false}, 0},
		"a person who writes what the menu says": {talk{[]string{"Make a booking", "menu",
			"Talk to a person", "menu"}, []time.Duration{5 * s}, 200, false}, 0},
		"pictures without words": {talk{[]string{""}, []time.Duration{5 * s}, 200, false}, 0},
		"signs only": {talk{[]string{"👍👍👍👍👍👍"}, []time.Duration{5 * s},
			200, false}, 0},
		"huge texts": {talk{[]string{strings.Repeat("x", 60_000)},
			[]time.Duration{5 * s}, 200, false}, 1 + maxSame},
	} {
		if got := tt.talk.mutedAt(); got != tt.want {
			t.Errorf("%s is muted at message %d; want %d", name, got, tt.want)
		}
	}
}

// answers has a contact answer each message that it gets, with what say returns unless
// that is "".
func (b *bench) answers(p *Pipeline, chat string, say func(n int) string) {
	n := 0
	send := p.Send
	p.Send = func(ctx context.Context, m flowhq.Message) error {
		if err := send(ctx, m); err != nil || m.Chat != chat {
			return err
		}
		n++
		if say(n) == "" {
			return nil
		}
		return p.Receive(ctx, inbound(chat, fmt.Sprintf("%s-%d-%d", chat, p.Epoch, n), say(n)))
	}
}

// Two bots stop after a few messages, however high the limits, and stay so when the
// host changes; a person unmutes the contact, or the day is over.
func TestTwoBots(t *testing.T) {
	t.Parallel()
	b := newBench(t, unlimited)
	p := b.host()
	b.answers(p, "1@lid", func(n int) string { return fmt.Sprint("Your ticket is number ", n) })
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.within(time.Minute, func() string {
		// The last is told that it is muted, and answers that in vain.
		return cmp.Diff(map[string]int{"IN ANSWERED": maxPrompt, "IN SUPPRESSED": 2,
			"OUT SENT": maxPrompt + 1}, b.count())
	})
	last := b.log()[2*maxPrompt]
	if !strings.HasPrefix(last.Reason, "the contact is muted until ") {
		t.Errorf("message %d is %s because %q", last.ID, last.Status, last.Reason)
	}
	b.receive(p, "2@lid", "IN2", "hello") // others are answered
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 1, "IN SUPPRESSED": 2, "OUT SENT": maxPrompt + 2})

	next := b.host()
	next.Start()
	b.receive(next, "1@lid", "IN3", "hello?")
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 1, "IN SUPPRESSED": 3, "OUT SENT": maxPrompt + 2})
	if n := b.events("CONTACT_MUTED"); n != 1 {
		t.Errorf("%d events CONTACT_MUTED; want 1", n)
	}
	for range 2 {
		if err := b.store.Unmute(t.Context(), b.tenant.ID, last.ID, "admin"); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.events("CONTACT_UNMUTED"); n != 1 {
		t.Errorf("%d events CONTACT_UNMUTED; want 1", n)
	}
	b.receive(next, "1@lid", "IN4", "hello?")
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 2, "IN SUPPRESSED": 3, "OUT SENT": maxPrompt + 3})
	b.retry(next, last.ID)
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 3, "IN SUPPRESSED": 2, "OUT SENT": maxPrompt + 4})
}

func TestABotThatRepeatsItself(t *testing.T) {
	t.Parallel()
	b := newBench(t, unlimited)
	p := b.host()
	b.answers(p, "1@lid", func(n int) string {
		if n > maxSame { // the next day
			return ""
		}
		return "We are closed. Thank you for writing!"
	})
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.within(time.Minute, func() string {
		return cmp.Diff(map[string]int{"IN ANSWERED": maxSame, "IN SUPPRESSED": 1,
			"OUT SENT": maxSame + 1}, b.count())
	})
	b.ahead.Add(int64(muteFor + time.Minute))
	b.wrote(p, "1@lid", "IN2", "hello", 0) // and goes on after a day
	b.becomes(map[string]int{"IN ANSWERED": maxSame + 1, "IN SUPPRESSED": 1, "OUT SENT": maxSame + 2})
}

// counts is what count returns of a log with so many messages.
func counts(answered, suppressed, sent int) map[string]int {
	c := map[string]int{"IN ANSWERED": answered, "IN SUPPRESSED": suppressed, "OUT SENT": sent}
	maps.DeleteFunc(c, func(_ string, n int) bool { return n == 0 })
	return c
}

// mutedFor is how much longer the only contact is muted.
func (b *bench) mutedFor() (d time.Duration) {
	b.t.Helper()
	db, err := store.OpenWA(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	var seconds float64
	if err := db.QueryRowContext(b.t.Context(),
		`select extract(epoch from muted_until - now()) from flowhq.contacts`).Scan(&seconds); err != nil {
		b.t.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// A person who writes "hello" again and again at the default limits is told to wait, and
// is answered when they have; however often they do so.
func TestAPersonWhoSaysHelloIsNotMuted(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.host()
	p.Start()
	answered, suppressed, sent := 0, 0, 0
	for range 3 {
		for i := range 9 {
			b.ahead.Add(int64(promptWithin + time.Second))
			b.wrote(p, "1@lid", fmt.Sprint("IN", answered+suppressed), "hello", 0)
			if i < b.tenant.Config.RepliesPerContact {
				answered++
				sent++
			} else {
				suppressed++
				if i == b.tenant.Config.RepliesPerContact {
					sent++
				}
			}
			b.becomes(counts(answered, suppressed, sent))
		}
		b.ahead.Add(int64(flowhq.ContactWindow + time.Second))
	}
	if n := b.events("CONTACT_MUTED"); n != 0 {
		t.Errorf("%d events CONTACT_MUTED", n)
	}
}

// Who repeats a text, but not at once, may be a person: they are told that they are not
// answered, which is over after ten minutes, and for a day only if it comes to that again.
func TestWhoRepeatsATextIsMutedForLittle(t *testing.T) {
	t.Parallel()
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	sent, answered := 0, 0
	for round, want := range []time.Duration{flowhq.ContactWindow, muteFor} {
		for i := range maxSame + 2 {
			b.ahead.Add(int64(promptWithin + time.Second))
			b.wrote(p, "1@lid", fmt.Sprint("IN", round, "-", i), "Is anybody there today?", 0)
			if i <= maxSame {
				sent++ // the last of them is the message that says so
			}
			if i < maxSame {
				answered++
			}
			b.becomes(counts(answered, 2*round+max(0, i-maxSame+1), sent))
		}
		if n := b.events("CONTACT_MUTED"); n != round+1 {
			t.Errorf("%d events CONTACT_MUTED; want %d", n, round+1)
		}
		if got := b.mutedFor(); got < want-time.Minute || got > want {
			t.Errorf("muted for %v; want %v", got, want)
		}
		b.ahead.Add(int64(flowhq.ContactWindow + time.Second))
		b.exec(`update flowhq.contacts set muted_until = muted_until - interval '10 minutes'`)
	}
}

// A person who writes line after line is answered line by line, and muted by no number
// of lines.
func TestAPersonInFullFlow(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	const lines = 40
	began := time.Now()
	for i := range lines {
		b.receive(p, "1@lid", fmt.Sprint("IN", i), fmt.Sprint("and another thing, number ", i))
		<-time.After(50 * time.Millisecond)
	}
	b.becomes(map[string]int{"IN ANSWERED": lines, "OUT SENT": lines})
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
