package when

import (
	"fmt"
	"strconv"
	"time"

	"github.com/flowhq/flowhq"
)

// FormatDay writes a date in full: "Saturday 7 March", "Jumamosi tarehe 7 Machi". The year is
// added if it is not that of now.
// Weekday and date stand together, so that a customer notices a misread day.
func FormatDay(l flowhq.Language, day, now time.Time) string {
	pattern := "%s %d %s"
	if l == flowhq.Swahili {
		pattern = "%s tarehe %d %s"
	}
	text := fmt.Sprintf(pattern, DayName(l, day.Weekday()), day.Day(), MonthName(l, day.Month()))
	if day.Year() != now.Year() {
		text += " " + strconv.Itoa(day.Year())
	}
	return text
}

// FormatNearDay writes a date as people say it: "today", "kesho", else as [FormatDay] does.
// Further days are written in full, with their date.
func FormatNearDay(l flowhq.Language, day, now time.Time) string {
	near := [...]string{"today", "tomorrow"}
	if l == flowhq.Swahili {
		near = [...]string{"leo", "kesho"}
	}
	// Both are compared in the zone of the day, which is the business's.
	for n, name := range near {
		if midnight(day).Equal(addDays(midnight(now.In(day.Location())), n)) {
			return name
		}
	}
	return FormatDay(l, day, now)
}

// FormatClock writes a time of day: "10:00", in Swahili on both clocks, "saa nne asubuhi (10:00)".
// Read on the wrong clock, "saa nne" is off by six hours, so digits stand beside it.
func FormatClock(l flowhq.Language, t time.Time) string {
	if l == flowhq.Swahili {
		return swahiliClock(t) + " (" + t.Format("15:04") + ")"
	}
	return t.Format("15:04")
}

// FormatTime writes a date and a time: "Saturday 7 March at 10:00",
// "Jumamosi tarehe 7 Machi, saa nne asubuhi (10:00)".
// It is what is read back before a booking.
func FormatTime(l flowhq.Language, t, now time.Time) string {
	return FormatDay(l, t, now) + joiner(l) + FormatClock(l, t)
}

// FormatNearTime is as [FormatTime], but says "tomorrow at 10:00" of what is near.
func FormatNearTime(l flowhq.Language, t, now time.Time) string {
	return FormatNearDay(l, t, now) + joiner(l) + FormatClock(l, t)
}

// FormatSpan writes a span of one day without the day: "14:00 to 16:00",
// "saa nane mchana hadi saa kumi jioni (14:00–16:00)".
// The part of the day is said of both ends, as a span may cross noon.
func FormatSpan(l flowhq.Language, from, to time.Time) string {
	if l == flowhq.Swahili {
		return swahiliClock(from) + " hadi " + swahiliClock(to) +
			" (" + from.Format("15:04") + "–" + to.Format("15:04") + ")"
	}
	return from.Format("15:04") + " to " + to.Format("15:04")
}

// Swahili needs no word between, as "saa" begins the time.
func joiner(l flowhq.Language) string {
	if l == flowhq.Swahili {
		return ", "
	}
	return " at "
}

// DayName returns the name of a weekday: "Saturday", "Jumamosi".
// English names are those of package time.
func DayName(l flowhq.Language, d time.Weekday) string {
	if l == flowhq.Swahili {
		return swahiliDays[d]
	}
	return d.String()
}

// MonthName returns the name of a month: "March", "Machi".
func MonthName(l flowhq.Language, m time.Month) string {
	if l == flowhq.Swahili {
		return swahiliMonths[m-1]
	}
	return m.String()
}

// The order is that of time.Weekday, from Sunday.
var swahiliDays = [...]string{
	"Jumapili", "Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi",
}

var swahiliMonths = [...]string{
	"Januari", "Februari", "Machi", "Aprili", "Mei", "Juni", "Julai", "Agosti", "Septemba",
	"Oktoba", "Novemba", "Desemba",
}

// swahiliHours are the hours from seven in the morning or evening on.
var swahiliHours = [...]string{
	"moja", "mbili", "tatu", "nne", "tano", "sita", "saba", "nane", "tisa", "kumi",
	"kumi na moja", "kumi na mbili",
}

// swahiliClock writes "saa nne na robo asubuhi". From half past on, Swahili counts down to the
// next hour, but the part of the day stays that of the time.
// "Saa tano kasoro robo asubuhi" is 10:45.
func swahiliClock(t time.Time) string {
	hour, minutes := t.Hour(), ""
	switch m := t.Minute(); {
	case m == 0:
	case m == 15:
		minutes = " na robo"
	case m == 30:
		minutes = " na nusu"
	case m == 45:
		hour, minutes = hour+1, " kasoro robo"
	// Minutes are in digits: numerals up to 29 are hard to read.
	case m < 30:
		minutes = " na dakika " + strconv.Itoa(m)
	default:
		hour, minutes = hour+1, " kasoro dakika "+strconv.Itoa(60-m)
	}
	// Seven o'clock is the first hour, so the index is the hour less seven, modulo 12.
	return "saa " + swahiliHours[(hour+5)%12] + minutes + " " + swahiliPart(t.Hour())
}

// The bounds are narrower than those of dayParts: what is written must not be doubted.
func swahiliPart(hour int) string {
	switch {
	case hour < 4:
		return "usiku"
	case hour < 6:
		return "alfajiri"
	case hour < 12:
		return "asubuhi"
	case hour < 16:
		return "mchana"
	case hour < 19:
		return "jioni"
	}
	return "usiku"
}
