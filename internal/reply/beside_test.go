package reply

import (
	"strings"
	"testing"
)

// TestActsBesideQuestions holds what a message does against what it asks, in all ways in which the
// two are joined: the act must be done as it is without the question, and the question answered.
func TestActsBesideQuestions(t *testing.T) {
	t.Parallel()
	joined := []string{"%a. %q?", "%a\n> %q", "%a, %q?", "%a na %q", "%a and %q?", "%a also %q",
		"%a pia %q?", "%a %q?"}
	clinic := []string{"profile: clinic", "now: 2026-03-04 09:30",
		"> I want to see a doctor tomorrow morning"}
	booked := append(append([]string{}, clinic...), "> 10:00", "")
	grocer := []string{"profile: grocer", "now: 2026-03-04 09:50",
		"> naomba mchele kilo 5 na sukari kilo 2, nipo sinza", ""}
	gas := []string{"profile: grocer", "now: 2026-03-04 09:50", "> cooking gas refill, how much?", ""}
	for _, c := range []struct {
		before    []string
		acts      []string          // what is done
		questions map[string]string // and what its answer has
	}{
		{clinic, []string{"the 10:00 one", "10:00", "saa nne"},
			map[string]string{"where are you": "Mwai Kibaki", "do you take NHIF": "Jubilee",
				"mko wapi": "Mwai Kibaki"}},
		{booked, []string{"yes", "ndio", "yes confirm", "ndio weka"},
			map[string]string{"where are you": "Mwai Kibaki", "mnapokea NHIF": "Jubilee",
				"do you take NHIF": "Jubilee"}},
		{grocer, []string{"ongeza nyanya kilo 1", "ongeza chumvi", "ndio", "ndio weka", "toa sukari"},
			map[string]string{"itafika saa ngapi": "saa nne", "mko wapi": "Msimbazi"}},
		{gas, []string{"just one", "2"},
			map[string]string{"how long will it take": "four", "where are you": "Msimbazi"}},
	} {
		for _, act := range c.acts {
			want := plays(t, append(append([]string{}, c.before...), "", "> "+act))
			for question, answer := range c.questions {
				for _, join := range joined {
					text := strings.NewReplacer("%a", act, "%q", question).Replace(join)
					t.Run(text, func(t *testing.T) {
						got := plays(t, append(append([]string{}, c.before...), "", "> "+text))
						if !strings.Contains(got.reply, answer) {
							t.Errorf("the reply is not of %q:\n%s", answer, got.reply)
						}
						if a, w := stands(got), stands(want); a != w {
							t.Errorf("leaves %s, want %s; reply:\n%s", a, w, got.reply)
						}
					})
				}
			}
		}
	}
}

// plays plays lines of a conversation without holding it against anything.
func plays(t *testing.T, lines []string) *stage {
	t.Helper()
	s := &stage{T: t}
	for _, line := range lines {
		for l := range strings.SplitSeq(line, "\n") {
			s.read(l)
		}
	}
	s.flush()
	return s
}

// stands is what is being made and what was made.
func stands(s *stage) string {
	var b strings.Builder
	if v := s.state.Booking; v != nil {
		b.WriteString("booking " + v.Service + v.Start.Format(" 15:04"))
	}
	if o := s.state.Order; o != nil {
		for _, l := range o.Lines {
			b.WriteString(l.Product + " ")
		}
	}
	for _, o := range s.facts.orders {
		b.WriteString(string(o.Status))
	}
	for _, o := range s.facts.bookings {
		b.WriteString(string(o.Status))
	}
	return b.String()
}
