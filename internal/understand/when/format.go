package when

import (
	"time"

	"github.com/flowhq/flowhq"
)

// FormatDay writes a date in full: "Saturday 7 March", "Jumamosi tarehe 7 Machi". The year is
// added if it is not that of now.
func FormatDay(l flowhq.Language, day, now time.Time) string { return "" }

// FormatNearDay writes a date as people say it: "today", "kesho", else as [FormatDay] does.
func FormatNearDay(l flowhq.Language, day, now time.Time) string { return "" }

// FormatClock writes a time of day: "10:00", in Swahili on both clocks, "saa nne asubuhi (10:00)".
func FormatClock(l flowhq.Language, t time.Time) string { return "" }

// FormatTime writes a date and a time: "Saturday 7 March at 10:00",
// "Jumamosi tarehe 7 Machi, saa nne asubuhi (10:00)".
func FormatTime(l flowhq.Language, t, now time.Time) string { return "" }

// DayName returns the name of a weekday: "Saturday", "Jumamosi".
func DayName(l flowhq.Language, d time.Weekday) string { return "" }

// MonthName returns the name of a month: "March", "Machi".
func MonthName(l flowhq.Language, m time.Month) string { return "" }
