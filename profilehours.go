package flowhq

import (
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A Span is a time from one instant to another.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

const (
	dayMinutes = 24 * 60
	// latestClosing is until when a business that opens on one day may close on the next, in
	// minutes after midnight. Later than that, two times that were mixed up are more likely.
	latestClosing = 6 * 60
	dateLayout    = "2006-01-02"
)

// HoursTold reports whether the owner has given any hours of the week.
func (p Profile) HoursTold() bool { return len(p.Hours) > 0 }

// OpenOn returns when the business is open on the date that day shows in its own zone, in order.
// A span begins on that date and may end on the next. None means closed, if [Profile.HoursTold].
func (p Profile) OpenOn(day time.Time) (spans []Span) {
	year, month, date := day.Date()
	zone := p.Zone()
	add := func(opens, closes string) {
		if from, to, ok := openMinutes(opens, closes); ok {
			// By the clock on the wall and not by adding hours to midnight, for zones that
			// change their clocks.
			spans = append(spans, Span{
				From: time.Date(year, month, date, 0, from, 0, 0, zone),
				To:   time.Date(year, month, date, 0, to, 0, 0, zone),
			})
		}
	}
	// A holiday replaces the day of the week altogether, whether it is closed or has hours.
	if h, ok := p.HolidayOn(day); ok {
		add(h.Opens, h.Closes)
		return spans
	}
	// At noon in UTC, so that the day of the week is that of the date, whatever the zone.
	today := DayOf(time.Date(year, month, date, 12, 0, 0, 0, time.UTC).Weekday())
	for _, o := range p.Hours {
		if o.Day == today {
			add(o.Opens, o.Closes)
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.From.Compare(b.From) })
	return spans
}

// HolidayOn returns the holiday on the date that day shows in its own zone.
func (p Profile) HolidayOn(day time.Time) (Holiday, bool) {
	date := day.Format(dateLayout)
	for _, h := range p.Holidays {
		if h.Date == date {
			return h, true
		}
	}
	return Holiday{}, false
}

// openMinutes returns the times of an opening in minutes since the midnight that its day begins
// with. to is later than from, and above 1440 if it closes on the next day. ok is false for what
// are no such times.
func openMinutes(opens, closes string) (from, to int, ok bool) {
	from, okFrom := clockMinutes(opens)
	to, okTo := clockMinutes(closes)
	if !okFrom || !okTo || from == dayMinutes || from == to {
		return 0, 0, false
	}
	// What closes before it opens closes on the next day.
	if to < from {
		if to > latestClosing {
			return 0, 0, false
		}
		to += dayMinutes
	}
	return from, to, true
}

// clock is a time of day. 24:00 is the midnight at the end of a day.
var clock = regexp.MustCompile(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`)

// clockMinutes reads a time of day as minutes since midnight.
func clockMinutes(s string) (int, bool) {
	if !clock.MatchString(s) {
		return 0, false
	}
	hour, _ := strconv.Atoi(s[:2])
	minute, _ := strconv.Atoi(s[3:])
	return hour*60 + minute, true
}

// hours checks the hours of the week, which may not overlap, also not from Sunday to Monday.
func (c *profileCheck) hours(p Profile) {
	// All openings are put on one line of minutes that begins on Sunday: then two overlap if each
	// begins before the other ends.
	const week = 7 * dayMinutes
	c.length("hours", len(p.Hours), MaxHours)
	type stretch struct{ from, to, entry int }
	var all []stretch
	for i, o := range p.Hours {
		at := index("hours", i)
		day := slices.Index(Days, o.Day)
		c.must(day >= 0, at+".day", "sun, mon, tue, wed, thu, fri or sat")
		from, to, ok := c.opening(at, o.Opens, o.Closes)
		if !ok || day < 0 {
			continue
		}
		from, to = from+day*dayMinutes, to+day*dayMinutes
		for _, other := range all {
			// The next week's are compared too: Saturday's night ends on a Sunday.
			for _, shift := range []int{-week, 0, week} {
				if from < other.to+shift && other.from+shift < to {
					c.wrong(at, "must not overlap with "+index("hours", other.entry))
					ok = false
					break
				}
			}
			if !ok {
				break
			}
		}
		all = append(all, stretch{from, to, i})
	}
}

// opening checks from when to when something is open.
func (c *profileCheck) opening(at, opens, closes string) (from, to int, ok bool) {
	first, okOpens := clockMinutes(opens)
	_, okCloses := clockMinutes(closes)
	// 24:00 is a time to close. As a time to open it would belong to the next day's entry.
	okOpens = okOpens && first < dayMinutes
	c.must(okOpens, at+".opens", "a time of day from 00:00 to 23:59, such as 08:00")
	c.must(okCloses, at+".closes", "a time of day from 00:00 to 24:00, such as 20:00")
	if !okOpens || !okCloses {
		return 0, 0, false
	}
	from, to, ok = openMinutes(opens, closes)
	c.must(ok, at+".closes", "later than opens, or up to 06:00 of the next day")
	return from, to, ok
}

// holidays checks the dates that are unlike their day of the week.
func (c *profileCheck) holidays(all []Holiday) {
	c.length("holidays", len(all), MaxHolidays)
	// Of two entries for one date only the first would count, see HolidayOn.
	seen := map[string]int{}
	for i, h := range all {
		at := index("holidays", i)
		_, err := time.Parse(dateLayout, h.Date)
		c.must(err == nil, at+".date", "a date such as 2026-12-25")
		if first, ok := seen[h.Date]; ok {
			c.wrong(at+".date", "must not be the date of "+index("holidays", first)+" as well")
		} else {
			seen[h.Date] = i
		}
		c.line(at+".name.en", h.Name.EN, MaxProfileName)
		c.line(at+".name.sw", h.Name.SW, MaxProfileName)
		if h.Opens != "" || h.Closes != "" { // else closed all day
			c.opening(at, h.Opens, h.Closes)
		}
	}
}
