package flowhq

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestStepsAreInOrder: what WhatsApp says in whole seconds is not before what it follows from.
func TestStepsAreInOrder(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 11, 27, 14, 33, 45, 0, time.UTC)
	in := func(ms int) *time.Time { at := second.Add(time.Duration(ms) * time.Millisecond); return &at }
	steps := func(m Message, replies ...Message) (all []Step) {
		for _, s := range m.Steps(replies) {
			all = append(all, s.Step)
		}
		return all
	}
	for name, tt := range map[string]struct{ got, want []Step }{
		"read at once": {
			steps(Message{Direction: Out, Status: Read, CreatedAt: *in(660), SentAt: in(690),
				DeliveredAt: in(0), ReadAt: in(0)}),
			[]Step{StepRecorded, StepSent, StepDelivered, StepRead}},
		"read, and delivered by another phone afterwards": {
			steps(Message{Direction: Out, Status: Read, CreatedAt: *in(660), SentAt: in(690),
				DeliveredAt: in(9000), ReadAt: in(5000)}),
			[]Step{StepRecorded, StepSent, StepRead, StepDelivered}},
		"tried again": {
			steps(Message{Direction: Out, Status: Sent, CreatedAt: *in(0), RetriedAt: in(5000),
				SentAt: in(6000)}),
			[]Step{StepRecorded, StepRetried, StepSent}},
		"written by a wrong clock, and changed at once": {
			steps(Message{Direction: In, Status: Answered, CreatedAt: *in(660), SentAt: in(99_000),
				EditedAt: in(0)}, Message{CreatedAt: *in(900)}),
			[]Step{StepWritten, StepRecorded, StepEdited, StepAnswered}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: %v; want %v", name, tt.got, tt.want)
		}
	}
}

func TestCleanText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", MaxTextBytes/2-1) + "abc" // the cut falls after "ab"
	tests := []struct{ in, want string }{
		{"hello", "hello"},
		{"a\x00b", "a\uFFFDb"},
		{"a\xff\xfeb", "a\uFFFDb"},
		{"a\n\tb", "a\n\tb"},
		{"a\r\x1b\x7f\u0085\u009fb", "a\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDb"},
		{"👩‍👩‍👧\u00a0\u202e", "👩‍👩‍👧\u00a0\u202e"},
		{long, long[:MaxTextBytes]},
		{"x" + strings.Repeat("é", MaxTextBytes), "x" + strings.Repeat("é", MaxTextBytes/2-1)},
		{strings.Repeat("\x01", MaxTextBytes), strings.Repeat("\uFFFD", MaxTextBytes/3)},
	}
	for _, tt := range tests {
		got := CleanText(tt.in)
		if got != tt.want {
			t.Errorf("CleanText(%.10q…) = %.20q…, %d bytes; want %d", tt.in, got, len(got), len(tt.want))
		}
		if !utf8.ValidString(got) || CleanText(got) != got {
			t.Errorf("CleanText(%.10q…) is not clean", tt.in)
		}
	}
}
