package when

import "time"

// maxAhead bounds how far "in so many weeks" may go. Nobody books further ahead.
// It is a little more than a year.
const maxAhead = 400 * 24 * time.Hour

// duration reads how long from now: "in two hours", "baada ya nusu saa", "siku tatu zijazo". It
// also passes over durations that are no time, such as "kwa masaa mawili", so that their numbers
// are not taken for hours.
// It comes first among the grammars: the "2" of "baada ya masaa 2" would be an hour for all others.
func (p *parser) duration(i int) (item, int) {
	at, ahead, within := i, false, false
	switch {
	case p.is(i, "in"):
		at, ahead, within = i+1, true, p.raw(i, "within", "ndani", "ndan")
		if p.is(at, "about") {
			at++
		}
	case p.is(i, "after"):
		at, ahead = i+1, true
	// "For two hours" says how long, not when.
	case p.is(i, "for"):
		at = i + 1
	}
	length, unit, end := p.length(at, ahead || p.raw(i, "kwa"))
	if end == at {
		return item{}, i
	}
	switch {
	case p.is(end, "next"):
		ahead = true
		end++
	case p.is(end, "fromnow"):
		ahead = true
		end++
	case p.is(end, "last"):
		return item{kind: itMoment, past: true, unfit: true, why: "a time that has passed"}, end + 1
	case ahead && p.raw(end, "time"):
		end++
	}
	// The words are passed over, and no item is made.
	if !ahead {
		return item{}, end
	}
	if length > maxAhead {
		return item{kind: itDay, unfit: true, why: "too far ahead"}, end
	}
	it := item{why: "so long from now", soft: within}
	switch unit {
	// "Baada ya saa moja" may also be after one o'clock, so it is read back.
	case "saa":
		it.soft = true
		fallthrough
	case "unithour", "unitminute":
		it.kind, it.last = itMoment, p.now.Add(length).Truncate(time.Minute)
		it.day = midnight(it.last)
	// Months differ in length, so the date is read back.
	case "unitmonth":
		it.kind, it.soft = itDay, true
		it.day = p.sameDayOfMonth(int(length / (30 * 24 * time.Hour)))
	// A week ahead is often only roughly meant.
	default:
		it.kind, it.day = itDay, addDays(p.today, int(length/(24*time.Hour)))
		it.soft = within || unit == "unitweek"
	}
	return it, end
}

// sameDayOfMonth goes some months ahead, and to the last day of a month that is too short.
// A month from 31 January is 28 or 29 February, not 3 March.
func (p *parser) sameDayOfMonth(months int) time.Time {
	y, m, d := p.today.Date()
	day := time.Date(y, m+time.Month(months), d, 0, 0, 0, 0, p.today.Location())
	if day.Day() != d {
		day = time.Date(y, m+time.Month(months)+1, 0, 0, 0, 0, 0, p.today.Location())
	}
	return day
}

// lengths are the units. A month's is nominal.
// A nominal month has 30 days, only so that months can be counted.
var lengths = map[string]time.Duration{
	"unitminute": time.Minute, "unithour": time.Hour, "saa": time.Hour, "unitday": 24 * time.Hour,
	"unitweek": 7 * 24 * time.Hour, "unitmonth": 30 * 24 * time.Hour,
}

// length reads "two hours", "half an hour", "masaa mawili", "saa moja na nusu". "Saa" counts as
// a unit only where a duration is expected, as it is the clock's word too.
// Swahili puts the unit first ("masaa mawili"), English last ("two hours").
func (p *parser) length(i int, expected bool) (d time.Duration, unit string, end int) {
	// half reads "na nusu" and "and a half" behind a unit.
	half := func(at int, one time.Duration) (time.Duration, int) {
		if p.is(at, "and") {
			if p.is(at+1, "half") {
				return one / 2, at + 2
			}
			if p.raw(at+1, "a") && p.is(at+2, "half") {
				return one / 2, at + 3
			}
			if p.is(at+1, "quarter") {
				return one / 4, at + 2
			}
		}
		return 0, at
	}
	switch x := p.at(i); {
	case x.kind == "half" || x.kind == "quarter":
		at := i + 1
		if p.raw(at, "an", "a") {
			at++
		}
		part := time.Duration(2)
		if x.kind == "quarter" {
			part = 4
		}
		// "Nusu saa" is half an hour. "Nusu saa 4" is none.
		if p.is(at, "unithour") || p.is(at, "saa") && !p.is(at+1, "number") {
			return time.Hour / part, "unithour", at + 1
		}
	case lengths[x.kind] > 0 && x.kind != "saa": // "masaa mawili"
		if n, ok := p.number(i+1, 1, 400); ok && !p.isClockMark(i+2) {
			more, end := half(i+2, lengths[x.kind])
			return time.Duration(n)*lengths[x.kind] + more, x.kind, end
		}
	case x.kind == "saa" && p.saaIsLength(i, expected):
		n, _ := p.number(i+1, 1, 24)
		more, end := half(i+2, time.Hour)
		return time.Duration(n)*time.Hour + more, "saa", end
	case x.kind == "number" || p.raw(i, "a", "an"):
		return p.englishLength(i, half)
	}
	return 0, "", i
}

// englishLength reads a number and its unit: "1.5 hours", "one and a half hours", "an hour and
// a half". The function half reads what is added to a unit.
// Both orders of a half are said: "one and a half hours", "one hour and a half".
func (p *parser) englishLength(
	i int, half func(int, time.Duration) (time.Duration, int),
) (d time.Duration, kind string, end int) {
	n, at := 1, i+1
	if p.is(i, "number") {
		n = p.at(i).value
	}
	// One decimal only: "1.5 hours", but not the price 1.500.
	tenth := 0
	if p.symbol(at, ".") && p.at(at+1).digits && p.at(at+1).glued && len(p.at(at+1).raw) == 1 {
		tenth, at = p.at(at+1).value, at+2
	}
	more, after := half(at, time.Hour)
	if more > 0 && p.is(after, "unithour") {
		return time.Duration(n)*time.Hour + more, "unithour", after + 1
	}
	unit := p.at(at).kind
	one := lengths[unit]
	// Nobody waits 10,000 of any unit.
	if one == 0 || unit == "saa" || n > 10_000 {
		return 0, "", i
	}
	// "4 siku" is not said, but "saa 4 siku ya ijumaa" is.
	if unit == "unitday" && p.raw(at, "siku") || unit == "unitweek" && p.raw(at, "wiki", "juma") {
		return 0, "", i
	}
	if _, _, ok := hundreds(p.at(i)); unit == "unithour" && (ok || p.isHourOfDay(i, at)) {
		return 0, "", i // "1500 hrs", "16hrs"
	}
	// "In 7117 months" is too far ahead as well. Uncut, the product would wrap around to today.
	n = min(n, int(maxAhead/one)+1)
	more, end = half(at+1, one)
	return time.Duration(n)*one + one*time.Duration(tenth)/10 + more, unit, end
}

// isHourOfDay tells "16hrs", four in the afternoon, from "in 16 hrs".
// Only 13 to 23 cannot be a common length of time.
func (p *parser) isHourOfDay(i, unit int) bool {
	n, ok := p.number(i, 13, 23)
	return ok && n > 0 && p.raw(unit, "hrs", "hr") && !p.is(i-1, "in", "after", "for", "about") &&
		!p.is(unit+1, "fromnow", "last", "next")
}

// saaIsLength tells "baada ya saa moja", in an hour, from "baada ya saa nane", after two o'clock.
// Up to three hours are said so, if no day and no part of the day makes a clock of it.
// "Tomorrow after saa mbili" has a day, so it is two o'clock.
func (p *parser) saaIsLength(i int, expected bool) bool {
	n, ok := p.number(i+1, 1, 24)
	if !ok || p.is(i+2, "part", "less", "lessquarter") || p.isClockMark(i+2) {
		return false
	}
	if p.is(i+2, "next", "fromnow", "last") {
		return true
	}
	return expected && (p.is(i-1, "in") || n <= 3) && !p.hasDay
}

// isClockMark reports whether what follows a number makes a time of it.
// "In 2:30" and "in 4pm" are times, not lengths.
func (p *parser) isClockMark(i int) bool {
	return p.symbol(i, ":") || p.isAmPm(i) || p.is(i, "oclock")
}

// isAmPm reports whether "am", "pm", "a.m" or, glued to a number, "a" and "p" stand there.
func (p *parser) isAmPm(i int) bool {
	_, end := p.amPm(i)
	return end > i
}

// amPm returns 'a' or 'p', and the end of what was read.
// "A" alone is an article, so it must be glued: "10a". The lexicon has no "am", as "I am" is typed
// more often.
func (p *parser) amPm(i int) (half byte, end int) {
	x := p.at(i)
	switch {
	case x.kind != "":
		return 0, i
	case x.raw == "am" || x.raw == "pm":
		return x.raw[0], i + 1
	case (x.raw == "a" || x.raw == "p") && p.symbol(i+1, ".") && p.raw(i+2, "m"):
		if p.symbol(i+3, ".") {
			return x.raw[0], i + 4
		}
		return x.raw[0], i + 3
	case (x.raw == "a" || x.raw == "p") && x.glued && !p.raw(i+1, "m"):
		return x.raw[0], i + 1
	case (x.raw == "a" || x.raw == "p") && p.raw(i+1, "m"):
		return x.raw[0], i + 2
	}
	return 0, i
}
