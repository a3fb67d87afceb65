package pages

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A chart is a line chart of the last day, drawn here: a page has no script of its own for it. Its
// words are HTML around the lines, so they have the same size on any screen, and a table says the
// same to who cannot see it.
type chart struct {
	Title string
	// Unit is what its values are, for the table, such as "messages a minute".
	Unit  string
	Lines []chartLine
	// Ticks are the words of the axis of values, from the top down.
	Ticks []string
	// Rows are the hours of the table, the latest first.
	Rows []chartRow
}

// A chartLine is one series. Only the first is drawn through; the second is dashed, so that
// nobody has to tell two colours apart.
type chartLine struct {
	Name string
	// Path is in SVG's words, and may have gaps.
	Path string
	// Now is the latest value in words, "" if there is none.
	Now string
}

// A chartRow is an hour of the table.
type chartRow struct {
	At     time.Time
	Values []string
}

// Dimensions of a chart within its own coordinates, which its box stretches.
const (
	chartWidth  = 576 // four for each stretch of ten minutes
	chartHeight = 120
)

// A point is a value at a time.
type point struct {
	At    time.Time
	Value float64
}

// newChart draws series of the day that ends at now. say makes a value a word; stretch is how far
// apart two neighbours are, and what is further apart is a gap: nothing is known between them.
func newChart(
	title, unit string, now time.Time, stretch time.Duration, say func(float64) string,
	names []string, series [][]point,
) chart {
	c := chart{Title: title, Unit: unit}
	highest := 0.0
	for _, points := range series {
		for _, p := range points {
			highest = max(highest, p.Value)
		}
	}
	top := niceAbove(highest)
	c.Ticks = []string{say(top), say(top / 2), say(0)}
	begin := now.Add(-24 * time.Hour)
	for i, points := range series {
		line := chartLine{Name: names[i], Path: chartPath(points, begin, stretch, top)}
		if n := len(points); n > 0 && now.Sub(points[n-1].At) < 2*stretch {
			line.Now = say(points[n-1].Value)
		}
		c.Lines = append(c.Lines, line)
	}
	// A row a stretch would be 144, which nobody listens to.
	for at := now.Truncate(time.Hour); at.After(begin); at = at.Add(-time.Hour) {
		row := chartRow{At: at}
		for _, points := range series {
			row.Values = append(row.Values, averageOf(points, at, at.Add(time.Hour), say))
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

// chartPath is a series as the path of a line.
func chartPath(
	points []point, begin time.Time, stretch time.Duration, top float64,
) string {
	var b strings.Builder
	var last time.Time
	const day = 24 * time.Hour
	for _, p := range points {
		x := float64(p.At.Sub(begin)) / float64(day) * chartWidth
		y := chartHeight * (1 - p.Value/top)
		if x < 0 {
			continue
		}
		// A line from a point to itself shows a value that stands alone as a dot, by its round end.
		if p.At.Sub(last) > stretch+stretch/2 {
			fmt.Fprintf(&b, "M%.1f %.1fh0", x, y)
		} else {
			fmt.Fprintf(&b, "L%.1f %.1f", x, y)
		}
		last = p.At
	}
	return b.String()
}

// averageOf is the average of what lies between two times, "–" if nothing does.
func averageOf(points []point, from, to time.Time, say func(float64) string) string {
	sum, n := 0.0, 0
	for _, p := range points {
		if !p.At.Before(from) && p.At.Before(to) {
			sum, n = sum+p.Value, n+1
		}
	}
	if n == 0 {
		return "–"
	}
	return say(sum / float64(n))
}

// niceAbove is the next number above v that begins with 1, 2 or 5, so that the axis is read at a
// glance. It is 1 for zero: an axis without length has no middle.
func niceAbove(v float64) float64 {
	if v <= 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if v <= n*power {
			return n * power
		}
	}
	return 10 * power
}

// saySeconds is a time as one says it: 40 ms, 1.5 s, 2 min.
func saySeconds(s float64) string {
	switch {
	case s == 0:
		return "0"
	case s < 1:
		return sayNumber(s*1000) + " ms"
	case s < 120:
		return sayNumber(s) + " s"
	default:
		return sayNumber(s/60) + " min"
	}
}

// sayNumber is a number with two digits that count, and no more of them than it needs.
func sayNumber(n float64) string {
	if n >= 10 || n == math.Trunc(n) {
		return strconv.FormatFloat(math.Round(n), 'f', -1, 64)
	}
	if n >= 1 {
		return strconv.FormatFloat(math.Round(n*10)/10, 'f', -1, 64)
	}
	return strconv.FormatFloat(math.Round(n*100)/100, 'f', -1, 64)
}
