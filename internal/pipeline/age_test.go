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

const day = 24 * time.Hour

// What WhatsApp says about the time of writing is believed as far as it can be true.
func TestWrittenAt(t *testing.T) {
	came := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		sent time.Time // as WhatsApp says
		want time.Time
	}{
		"just now":                  {came.Add(-2 * time.Second), came.Add(-2 * time.Second)},
		"the same moment":           {came, came},
		"half an hour ago":          {came.Add(-31 * time.Minute), came.Add(-31 * time.Minute)},
		"nine days ago":             {came.Add(-9 * day), came.Add(-9 * day)},
		"400 days ago":              {came.Add(-400 * day), came.Add(-400 * day)},
		"the first day":             {firstDay, firstDay},
		"before WhatsApp":           {firstDay.Add(-time.Second), came},
		"1970":                      {time.Unix(0, 0), came},
		"before 1970":               {time.Unix(-1<<40, 0), came},
		"never":                     {time.Time{}, came},
		"a clock that is ahead":     {came.Add(3 * time.Minute), came.Add(3 * time.Minute)},
		"too far ahead":             {came.Add(maxSkew + time.Second), came},
		"tomorrow":                  {came.Add(day), came},
		"in milliseconds":           {time.Unix(came.UnixMilli(), 0), came},
		"after the end of calendar": {time.Unix(1<<60, 0), came},
	} {
		m := flowhq.Message{Direction: flowhq.In, CreatedAt: came, SentAt: &tt.sent}
		if got := writtenAt(m); !got.Equal(tt.want) {
			t.Errorf("%s: writtenAt = %v; want %v", name, got, tt.want)
		}
	}
	if got := writtenAt(flowhq.Message{CreatedAt: came}); !got.Equal(came) {
		t.Errorf("without a time of writing: writtenAt = %v; want %v", got, came)
	}
}

func TestExpired(t *testing.T) {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	for name, tt := range map[string]struct {
		direction flowhq.Direction
		sent      *time.Time
		came      *time.Time
		retried   *time.Time
		within    int // minutes
		want      string
	}{
		"fresh": {flowhq.In, ago(0), ago(0), nil, 1440, ""},
		"a day": {flowhq.In, ago(day), ago(0), nil, 1440, ""},
		"a little more": {flowhq.In, ago(day + time.Second), ago(0), nil, 1440,
			"it was 24 hours old: messages are answered within 24 hours"},
		"nine days": {flowhq.In, ago(9 * day), ago(0), nil, 1440,
			"it was 9 days old: messages are answered within 24 hours"},
		"400 days": {flowhq.In, ago(400 * day), ago(0), nil, 1440,
			"it was 400 days old: messages are answered within 24 hours"},
		"400 days, and that is allowed": {flowhq.In, ago(360 * day), ago(0), nil, flowhq.MaxAnswerWithin, ""},
		"a minute is allowed": {flowhq.In, ago(90 * time.Second), ago(0), nil, 1,
			"it was 90 seconds old: messages are answered within 60 seconds"},
		"in the future":           {flowhq.In, ago(-day), ago(0), nil, 1, ""},
		"no time of writing":      {flowhq.In, nil, ago(time.Hour), nil, 1440, ""},
		"no sane time of writing": {flowhq.In, ago(40 * 365 * day), ago(time.Hour), nil, 1440, ""},
		"left by a host long ago": {flowhq.In, nil, ago(21 * day), nil, 1440,
			"it was 21 days old: messages are answered within 24 hours"},
		"tried again by hand": {flowhq.In, ago(400 * day), ago(9 * day), ago(time.Minute), 1440, ""},
		"tried again, and left": {flowhq.In, ago(9 * day), ago(9 * day), ago(2 * day), 1440,
			"it was 2 days old: messages are answered within 24 hours"},
		"a reply": {flowhq.Out, nil, ago(time.Hour), nil, 1440, ""},
		"a reply nobody could send": {flowhq.Out, nil, ago(3 * day), nil, 1440,
			"it was 3 days old: messages are answered within 24 hours"},
		"a reply tried again": {flowhq.Out, nil, ago(3 * day), ago(time.Hour), 1440, ""},
	} {
		m := flowhq.Message{Direction: tt.direction, SentAt: tt.sent, CreatedAt: *tt.came,
			RetriedAt: tt.retried}
		if got := expired(m, flowhq.Config{AnswerWithinMinutes: tt.within}, now); got != tt.want {
			t.Errorf("%s: expired = %q; want %q", name, got, tt.want)
		}
	}
}

// wrote has a message come now that was written some time ago.
func (b *bench) wrote(p *Pipeline, chat, id, text string, ago time.Duration) {
	b.t.Helper()
	in := inbound(chat, id, text)
	in.SentAt = p.Now().Add(-ago)
	if err := p.Receive(b.t.Context(), in); err != nil {
		b.t.Fatal(err)
	}
}

// Old messages are recorded and not answered, until a person has one tried again;
// what cannot be dated is answered as if it was written when it came.
func TestOldMessagesExpire(t *testing.T) {
	b := newBench(t, unlimited)
	p := b.host()
	p.Start()
	b.wrote(p, "1@lid", "IN1", "hello", 9*day)
	b.wrote(p, "1@lid", "IN2", "hello", 400*day)
	b.wrote(p, "2@lid", "IN3", "hello", 25*time.Hour)
	b.wrote(p, "2@lid", "IN4", "hello", 23*time.Hour)
	b.wrote(p, "3@lid", "IN5", "hello", -30*day)
	b.wrote(p, "4@lid", "IN6", "hello", 80*365*day)
	far := inbound("5@lid", "IN7", "hello")
	far.SentAt = time.Unix(1<<40, 0) // in a year that JSON cannot write
	b.take(p, far)
	b.becomes(map[string]int{"IN EXPIRED": 3, "IN ANSWERED": 4, "OUT SENT": 4})
	for _, m := range b.log() {
		if m.Status == flowhq.Expired && m.Reason == "" {
			t.Errorf("message %s expired without a reason", m.WAMessageID)
		}
		if (m.WAMessageID == "IN5" || m.WAMessageID == "IN6" || m.WAMessageID == "IN7") && m.SentAt != nil {
			t.Errorf("message %s was written at %v, which cannot be", m.WAMessageID, m.SentAt)
		}
	}
	b.retry(p, b.log()[0].ID)
	b.becomes(map[string]int{"IN EXPIRED": 2, "IN ANSWERED": 5, "OUT SENT": 5})
}

// The age that is allowed is the tenant's.
func TestAnswerWithinIsTheTenants(t *testing.T) {
	minutes := 5
	b := newBench(t, func(n *flowhq.NewTenant) { n.AnswerWithinMinutes = &minutes })
	p := b.host()
	p.Start()
	b.wrote(p, "1@lid", "IN1", "hello", 6*time.Minute)
	b.wrote(p, "1@lid", "IN2", "hello", 4*time.Minute)
	b.becomes(map[string]int{"IN EXPIRED": 1, "IN ANSWERED": 1, "OUT SENT": 1})
	c := p.currentConfig()
	c.AnswerWithinMinutes = 10
	p.SetConfig(c)
	b.wrote(p, "1@lid", "IN3", "hello", 6*time.Minute)
	b.becomes(map[string]int{"IN EXPIRED": 1, "IN ANSWERED": 2, "OUT SENT": 2})
}

// What an earlier host left for longer than that is neither answered nor sent.
func TestWhatWasLeftForLongExpires(t *testing.T) {
	b := newBench(t, nil)
	p := b.host()
	p.Send = func(ctx context.Context, _ flowhq.Message) error {
		<-ctx.Done()
		return ctx.Err()
	}
	p.Start()
	b.receive(p, "1@lid", "IN1", "hello")
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT PENDING": 1})
	b.receive(p, "1@lid", "IN2", "hello")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	p.Stop(gone)

	b.ahead.Add(int64(25 * time.Hour))
	next := b.host()
	next.Start()
	b.becomes(map[string]int{"IN ANSWERED": 1, "IN EXPIRED": 1, "OUT FAILED": 1})
	if n := len(b.line.attempts()); n != 0 {
		t.Errorf("sent %d replies of yesterday", n)
	}
}

// An answer that was written at once is read as the answer, however late it is
// delivered; several that come late are read in their order; one that was written too
// late is not.
func TestAnswersThatAreDeliveredLate(t *testing.T) {
	const noted = "We have noted"
	for name, tt := range map[string]struct {
		asked time.Duration   // how old the request for a booking was when it came
		wrote []time.Duration // after the question was asked, the customer's further messages
		late  time.Duration   // after which they come
		texts []string
		noted []bool
	}{
		"at once": {0, []time.Duration{2 * time.Second}, 2 * time.Second,
			[]string{"facial, 26 Feb"}, []bool{true}},
		"31 minutes late": {0, []time.Duration{2 * time.Second},
			31 * time.Minute, []string{"facial, 26 Feb"}, []bool{true}},
		"two, hours late": {0, []time.Duration{2 * time.Second, 3 * time.Second},
			5 * time.Hour, []string{"facial, 26 Feb", "at noon, please"}, []bool{true, true}},
		"written after 31 minutes": {0, []time.Duration{31 * time.Minute},
			31 * time.Minute, []string{"facial, 26 Feb"}, []bool{false}},
		"to a question about an old message": {2 * time.Hour, []time.Duration{time.Minute},
			time.Minute, []string{"facial, 26 Feb"}, []bool{true}},
		"all written before": {2 * time.Hour,
			[]time.Duration{-2*time.Hour + time.Second}, time.Second, []string{"facial, 26 Feb"},
			[]bool{true}},
		"written long before": {0, []time.Duration{-9 * time.Hour}, time.Second,
			[]string{"facial, 26 Feb"}, []bool{false}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, unlimited)
			p := b.host()
			p.Start()
			b.wrote(p, "1@lid", "IN", "1", tt.asked)
			b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
			b.ahead.Add(int64(tt.late))
			for i, text := range tt.texts {
				b.wrote(p, "1@lid", fmt.Sprint("IN", i), text, tt.late-tt.wrote[i])
			}
			n := 1 + len(tt.texts)
			b.becomes(map[string]int{"IN ANSWERED": n, "OUT SENT": n})
			var got []bool
			for _, s := range b.line.attempts()[1:] {
				got = append(got, strings.Contains(s.Text, noted))
			}
			if diff := cmp.Diff(tt.noted, got); diff != "" {
				t.Errorf("noted (-want +got):\n%s", diff)
			}
		})
	}
}
