package when_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/understand/when"
)

// shop is open Monday to Saturday 8 to 20 and Sunday 10 to 16, but at Christmas.
type shop struct{}

func (shop) Known() bool { return true }

func (shop) Open(day time.Time) []when.Span {
	y, m, d := day.Date()
	at := func(hour int) time.Time { return time.Date(y, m, d, hour, 0, 0, 0, day.Location()) }
	switch {
	case m == time.December && d == 25:
		return nil
	case day.Weekday() == time.Sunday:
		return []when.Span{{From: at(10), To: at(16)}}
	}
	return []when.Span{{From: at(8), To: at(20)}}
}

var zone = time.FixedZone("EAT", 3*60*60)

// wednesday is the now of the rows: Wednesday 4 March 2026, 10:15.
var wednesday = time.Date(2026, 3, 4, 10, 15, 0, 0, zone)

// TestRows reads each row of testdata: id, text, language, date, time, certainty, why. A line
// "# now" sets the time of the rows below it. The certainty "none" is a text without any time.
func TestRows(t *testing.T) {
	files, err := filepath.Glob("testdata/*.tsv")
	if err != nil || len(files) < 2 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		now := wednesday
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			f := strings.Split(line, "\t")
			switch {
			case strings.HasPrefix(line, "# now\t"):
				if now, err = time.Parse(time.RFC3339, f[1]); err != nil {
					t.Fatal(err)
				}
				now = now.In(zone)
			case strings.HasPrefix(line, "#") || line == "":
			case len(f) < 6:
				t.Errorf("%s: row %q has %d fields", file, line, len(f))
			default:
				if got, want := row(when.Parse(f[1], now, shop{})), strings.Join(f[3:6], " "); got != want {
					r, _ := when.Parse(f[1], now, shop{})
					t.Errorf("%s %s: %q = %s; want %s (%s)", filepath.Base(file), f[0], f[1], got,
						want, r.Why)
				}
			}
		}
	}
}

// row writes a result as the files do.
func row(r when.Result, ok bool) string {
	if !ok {
		return "  none"
	}
	date, clock := "", ""
	if r.HasDay {
		date = r.Day.Format("2006-01-02")
	}
	switch {
	case r.HasTime:
		clock = r.Start.Format("15:04")
	case !r.Start.IsZero() && r.End.Sub(r.Start) > 24*time.Hour:
		clock = "…" + r.End.Add(-time.Minute).Format("2006-01-02")
	case !r.Start.IsZero():
		clock = r.Start.Format("15:04") + "/" + r.End.Format("15:04")
	}
	return date + " " + clock + " " + r.Certainty.String()
}

// TestTooFarAhead: no number of units is so large that the sum comes out near again.
func TestTooFarAhead(t *testing.T) {
	now := time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC)
	for _, unit := range []string{"days", "weeks", "months"} {
		for n := 401; n <= 10_000; n += 7 {
			text := fmt.Sprintf("in %d %s", n, unit)
			if r, _ := when.Parse(text, now, always{}); r.HasDay || r.HasTime {
				t.Fatalf("Parse(%q) = %+v; want no day", text, r)
			}
		}
	}
}
