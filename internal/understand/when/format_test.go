package when_test

import (
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

func TestFormat(t *testing.T) {
	at := func(month, day, hour, minute int) time.Time {
		return time.Date(2026, time.Month(month), day, hour, minute, 0, 0, zone)
	}
	en, sw := flowhq.English, flowhq.Swahili
	for _, tt := range []struct{ got, want string }{
		{when.FormatTime(en, at(3, 7, 10, 0), wednesday), "Saturday 7 March at 10:00"},
		{when.FormatTime(sw, at(3, 7, 10, 0), wednesday), "Jumamosi tarehe 7 Machi, saa nne asubuhi (10:00)"},
		{when.FormatNearTime(sw, at(3, 5, 9, 0), wednesday), "kesho, saa tatu asubuhi (09:00)"},
		{when.FormatNearTime(en, at(3, 4, 16, 0), wednesday), "today at 16:00"},
		{when.FormatNearDay(en, at(3, 6, 0, 0), wednesday), "Friday 6 March"},
		{when.FormatDay(en, at(3, 7, 0, 0).AddDate(1, 0, 0), wednesday), "Sunday 7 March 2027"},
		{when.FormatDay(sw, at(12, 25, 0, 0), wednesday), "Ijumaa tarehe 25 Desemba"},
		{when.FormatClock(sw, at(3, 4, 10, 15)), "saa nne na robo asubuhi (10:15)"},
		{when.FormatClock(sw, at(3, 4, 14, 30)), "saa nane na nusu mchana (14:30)"},
		{when.FormatClock(sw, at(3, 4, 9, 45)), "saa nne kasoro robo asubuhi (09:45)"},
		{when.FormatClock(sw, at(3, 4, 11, 50)), "saa sita kasoro dakika 10 asubuhi (11:50)"},
		{when.FormatClock(sw, at(3, 4, 16, 5)), "saa kumi na dakika 5 jioni (16:05)"},
		{when.FormatClock(sw, at(3, 4, 18, 0)), "saa kumi na mbili jioni (18:00)"},
		{when.FormatClock(sw, at(3, 4, 19, 0)), "saa moja usiku (19:00)"},
		{when.FormatClock(sw, at(3, 4, 0, 0)), "saa sita usiku (00:00)"},
		{when.FormatClock(sw, at(3, 4, 5, 0)), "saa kumi na moja alfajiri (05:00)"},
		{when.FormatSpan(sw, at(3, 4, 14, 0), at(3, 4, 16, 0)),
			"saa nane mchana hadi saa kumi jioni (14:00–16:00)"},
		{when.FormatSpan(en, at(3, 4, 14, 0), at(3, 4, 16, 0)), "14:00 to 16:00"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q; want %q", tt.got, tt.want)
		}
	}
}

// What is read back is what people copy, so each of its times must be read as itself.
func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, l := range flowhq.Languages {
		for day := 5; day < 5+360; day += 3 {
			for minute := 8 * 60; minute < 20*60; minute += 5 {
				want := time.Date(2026, 3, day, 0, minute, 0, 0, zone)
				text := when.FormatTime(l, want, wednesday)
				r, ok := when.Parse(text, wednesday, always{})
				if !ok || !r.HasTime || !r.Start.Equal(want) {
					t.Fatalf("%q is read as %v (%s %s)", text, r.Start, r.Certainty, r.Why)
				}
			}
		}
	}
}

// always is a business with the same hours each day.
type always struct{}

func (always) Known() bool { return true }

func (always) Open(day time.Time) []when.Span {
	y, m, d := day.Date()
	return []when.Span{{
		From: time.Date(y, m, d, 8, 0, 0, 0, day.Location()),
		To:   time.Date(y, m, d, 20, 0, 0, 0, day.Location()),
	}}
}

func TestNearest(t *testing.T) {
	for text, want := range map[string]string{
		"sunday at 5pm":           "03-08 15:30, 03-09 08:00, 03-10 08:00",
		"kesho saa sita usiku":    "03-04 19:30, 03-05 08:00, 03-06 08:00",
		"25 december at 10am":     "12-24 19:30, 12-26 08:00, 12-27 10:00",
		"tonight at 9pm":          "03-04 19:30, 03-05 08:00, 03-06 08:00",
		"kesho saa moja asubuhi":  "03-05 08:00, 03-04 19:30, 03-06 08:00",
		"christmas":               "12-24 19:30, 12-26 08:00, 12-27 10:00",
		"kesho saa nne asubuhi":   "",
		"jumapili saa moja jioni": "03-08 15:30, 03-09 08:00, 03-10 08:00",
	} {
		r, _ := when.Parse(text, wednesday, shop{})
		var got []string
		for _, at := range r.Nearest {
			got = append(got, at.Format("01-02 15:04"))
		}
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("%q: nearest %s; want %s", text, g, want)
		}
	}
}

func TestHoursNotTold(t *testing.T) {
	for text, want := range map[string]string{
		"kesho saa tatu":    "2026-03-05 09:00 default",
		"tomorrow at 10":    "2026-03-05 10:00 default",
		"sunday at 5pm":     "2026-03-08 17:00 exact",
		"kesho jioni":       "2026-03-05 16:00/19:00 part",
		"25 december":       "2026-12-25  exact",
		"tomorrow at 9":     "2026-03-05 09:00 default",
		"kesho saa mbili":   "2026-03-05 08:00 default",
		"tomorrow after 3":  "2026-03-05 15:00/19:00 part",
		"wikendi":           "2026-03-07 …2026-03-08 part",
		"tonight at 9":      "2026-03-04 21:00 exact",
		"kesho saa 5 usiku": "2026-03-05 23:00 exact",
	} {
		if got := row(when.Parse(text, wednesday, nil)); got != want {
			t.Errorf("%q = %s; want %s", text, got, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text := "Habari za asubuhi, samahani naomba kuja na wenzangu wawili jumamosi sa 4 kasoro robo asbh kunyoa, au kesho saa nane mchana kama kuna nafasi"
	for b.Loop() {
		when.Parse(text, wednesday, shop{})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"kesho saa nne kasoro robo asubuhi", "between 2 and 4 tomorrow", "5/3/2026 10:30", "sio leo, kesho",
		"in 9999 weeks", "31/12/2199 23:59", "baada ya masaa mawili",
		"wiki ijayo ijumaa au jumamosi 2-4pm", "400 days from now",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := when.Parse(text, wednesday, shop{})
		switch {
		case !ok && (r.HasDay || r.HasTime):
			t.Errorf("%q: a result that is none: %+v", text, r)
		case r.HasDay != !r.Day.IsZero(), r.HasTime && r.Start.IsZero(), len(r.Nearest) > 3:
			t.Errorf("%q: %+v", text, r)
		case !r.End.IsZero() && !r.End.After(r.Start) && r.Certainty != when.Ask &&
			r.Certainty != when.Closed:
			t.Errorf("%q: ends before it begins: %+v", text, r)
		case ok && r.Certainty == when.Exact && r.HasTime && r.Start.Before(wednesday):
			t.Errorf("%q: has passed: %+v", text, r)
		}
	})
}

// A text of nothing but days takes 10 ms. The bound leaves room for the race detector and for
// neighbours on the machine, and still fails on work that grows with the square of the text.
func TestHostile(t *testing.T) {
	for _, piece := range []string{"kesho ", "saa ", "sio kesho ", "saa nne au ", "5/3 ",
		"baada ya ", "1:", "not ", "hapana kesho ", "ijumaax ", "\n"} {
		began := time.Now()
		when.Parse(strings.Repeat(piece, 65536/len(piece)), wednesday, shop{})
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("64 KiB of %q took %v", piece, took)
		}
	}
}
