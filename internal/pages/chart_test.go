package pages

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestChart: lines stay within the box and have gaps where nothing is known; the axis and the table
// say the values in words.
func TestChart(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 5, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	c := newChart("Title", "unit", now, 10*time.Minute, sayNumber, []string{"a", "b", "c"}, [][]point{
		{{at(24*60 + 5), 90}, {at(40), 3}, {at(30), 7}, {at(5), 12}}, {}, {{at(700), 0}},
	})
	if want := []string{"100", "50", "0"}; !slices.Equal(c.Ticks, want) {
		t.Errorf("the axis has %v; want %v", c.Ticks, want)
	}
	if path := c.Lines[0].Path; path != "M560.0 116.4h0L564.0 111.6M574.0 105.6h0" {
		t.Errorf("the line is %s", path)
	}
	if c.Lines[0].Now != "12" || c.Lines[1].Now != "" || c.Lines[2].Now != "" || c.Lines[1].Path != "" {
		t.Errorf("the lines are %+v", c.Lines)
	}
	if len(c.Rows) != 24 || c.Rows[0].Values[0] != "12" || c.Rows[1].Values[0] != "5" ||
		c.Rows[2].Values[1] != "–" {
		t.Errorf("the table has %d rows: %+v", len(c.Rows), c.Rows)
	}
	for seconds, want := range map[float64]string{0: "0", .0123: "12 ms", .5: "500 ms",
		1.54: "1.5 s", 90: "90 s", 300: "5 min"} {
		if got := saySeconds(seconds); got != want {
			t.Errorf("%v s read %q; want %q", seconds, got, want)
		}
	}
	if charts := (traffic{}).charts(now); charts != nil {
		t.Errorf("nothing is drawn as %v", charts)
	}
	if strings.Contains(chartPath([]point{{now, 5}}, now.Add(-24*time.Hour), time.Minute,
		niceAbove(0)), "NaN") {
		t.Error("a line without a top is no line")
	}
}
