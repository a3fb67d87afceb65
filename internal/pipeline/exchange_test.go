package pipeline

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// A talk is how somebody writes to the bot, which replies at once.
type talk struct {
	texts []string        // in turn, again and again
	gaps  []time.Duration // likewise, from the bot's last reply to the next message
	n     int             // messages
	burst bool            // the bot has replied to the first message only
}

// mutedAt is after how many messages a talk is taken for a program's; 0 = never.
func (t talk) mutedAt() int {
	e, now := exchange{}, time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	for i := range t.n {
		now = now.Add(t.gaps[i%len(t.gaps)])
		if e.hear(t.texts[i%len(t.texts)], now) != "" {
			return i + 1
		}
		if !t.burst || i == 0 {
			e.replied(now.Add(10*time.Millisecond), now.Add(30*time.Millisecond))
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
		"a bot that answers at once":              {talk{different, []time.Duration{50 * time.Millisecond}, 200, false}, 1 + maxPrompt},
		"a bot that answers within two seconds":   {talk{different, []time.Duration{1900 * time.Millisecond}, 200, false}, 1 + maxPrompt},
		"a slow bot that repeats itself":          {talk{[]string{"Thank you for your message!"}, []time.Duration{20 * s}, 200, false}, 1 + maxSame},
		"one with capitals and signs of its own":  {talk{[]string{"Thank you!", "THANK YOU", " thank  you "}, []time.Duration{20 * s}, 200, false}, 1 + maxSame},
		"one that alternates":                     {talk{[]string{"We are closed", "Please call us"}, []time.Duration{20 * s}, 200, false}, 2 * maxSame},
		"one with three texts":                    {talk{[]string{"We are closed", "Please call us", "Thank you"}, []time.Duration{15 * s}, 200, false}, 3*maxSame - 1},
		"one that repeats itself, but rarely":     {talk{[]string{"We are closed"}, []time.Duration{3 * time.Minute}, 200, false}, 0},
		"a person who reads":                      {talk{different, []time.Duration{4 * s}, 200, false}, 0},
		"a person who is quick seven times":       {talk{different, []time.Duration{s, s, s, s, s, s, s, 4 * s}, 200, false}, 0},
		"a person who pastes many lines":          {talk{different, []time.Duration{300 * time.Millisecond}, 200, true}, 0},
		"a person who sends the same many times":  {talk{[]string{"hello"}, []time.Duration{300 * time.Millisecond}, 200, true}, 0},
		"a person who walks through the menu":     {talk{menu, []time.Duration{5 * s}, 30, false}, 0},
		"a person who says hello again and again": {talk{[]string{"hello"}, []time.Duration{5 * s}, maxSame, false}, 0},
		"pictures without words":                  {talk{[]string{""}, []time.Duration{5 * s}, 200, false}, 0},
		"signs only":                              {talk{[]string{"👍👍👍👍👍👍"}, []time.Duration{5 * s}, 200, false}, 0},
		"huge texts":                              {talk{[]string{strings.Repeat("x", 60_000)}, []time.Duration{5 * s}, 200, false}, 1 + maxSame},
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
	p.Send = func(ctx context.Context, to, id, text string, timer flowhq.Timer) error {
		if err := send(ctx, to, id, text, timer); err != nil || to != chat {
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
		return cmp.Diff(map[string]int{"IN ANSWERED": maxPrompt, "IN SUPPRESSED": 1, "OUT SENT": maxPrompt}, b.count())
	})
	last := b.log()[2*maxPrompt]
	if !strings.HasPrefix(last.Reason, "the contact is muted until ") {
		t.Errorf("message %d is %s because %q", last.ID, last.Status, last.Reason)
	}
	b.receive(p, "2@lid", "IN2", "hello") // others are answered
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 1, "IN SUPPRESSED": 1, "OUT SENT": maxPrompt + 1})

	next := b.host()
	next.Start()
	b.receive(next, "1@lid", "IN3", "hello?")
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 1, "IN SUPPRESSED": 2, "OUT SENT": maxPrompt + 1})
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
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 2, "IN SUPPRESSED": 2, "OUT SENT": maxPrompt + 2})
	b.retry(next, last.ID)
	b.becomes(map[string]int{"IN ANSWERED": maxPrompt + 3, "IN SUPPRESSED": 1, "OUT SENT": maxPrompt + 3})
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
		return cmp.Diff(map[string]int{"IN ANSWERED": maxSame, "IN SUPPRESSED": 1, "OUT SENT": maxSame}, b.count())
	})
	b.ahead.Add(int64(muteFor + time.Minute))
	b.wrote(p, "1@lid", "IN2", "hello", 0) // and goes on after a day
	b.becomes(map[string]int{"IN ANSWERED": maxSame + 1, "IN SUPPRESSED": 1, "OUT SENT": maxSame + 1})
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
