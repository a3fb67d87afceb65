package when

import "time"

// dayWord reads a day by its name: "kesho", "ijumaa hii", "next Friday", "jumanne ya wiki ijayo",
// "Christmas".
// Each kind of day is a kind of words.tsv, so that a new wording needs no code.
func (p *parser) dayWord(i int) (item, int) {
	x := p.at(i)
	switch x.kind {
	case "day":
		// "Kesho kesho" repeats itself; the second is read.
		if x.value == 1 && p.is(i+1, "day") && p.at(i+1).value == 1 {
			return item{}, i
		}
		return item{kind: itDay, day: addDays(p.today, x.value), past: x.value < 0,
			unfit: x.value < 0,
			why:   pastReason(x.value)}, i + 1
	case "weekday", "shortday":
		return p.weekday(i, i, 0)
	// "Next" without a weekday may be "next customer".
	case "this", "next", "last":
		at := p.skip(i + 1)
		if p.is(at, "weekday", "shortday") {
			return p.weekday(i, at, relation(x.kind))
		}
	// "Kila ijumaa" cannot be booked, so the next Friday is read back.
	case "every":
		if p.is(i+1, "weekday", "shortday") {
			it, end := p.weekday(i+1, i+1, 0)
			it.soft = true
			return it, end
		}
	case "tonight":
		return item{kind: itPart, part: "night", day: p.today}, i + 1
	// "Sasa" opens many messages in which it says nothing of time, hence softnow.
	case "now":
		return item{kind: itMoment, day: p.today, last: p.now, why: "now"}, i + 1
	case "softnow":
		return item{kind: itMoment, day: p.today, last: p.now, soft: true, why: "now"}, i + 1
	// "Christmas 2027" may have its year behind it.
	case "holiday":
		year, end := p.year(i + 1)
		it := p.date(x.value%100, x.value/100, year)
		if it.unfit && year == 0 { // a day with a name comes again each year
			it = p.date(x.value%100, x.value/100, p.today.Year()+1)
			it.soft = true
		}
		return it, end
	}
	return item{}, i
}

// Today and later have none.
func pastReason(days int) string {
	if days < 0 {
		return "the day has passed"
	}
	return ""
}

// Relations of a weekday to today's week.
const (
	// The zero value is a weekday alone: the next one that comes.
	thisOne = 1
	nextOne = 2
	lastOne = 3
)

// Words of a week and of a day are alike here: "iliyopita" goes with both.
func relation(kind string) int {
	switch kind {
	case "this", "thisweek":
		return thisOne
	case "next":
		return nextOne
	case "last", "lastweek":
		return lastOne
	}
	return 0
}

// weekday reads the weekday at lexeme at, and what may follow it. Relation is what stood before.
// Swahili puts the relation behind ("ijumaa ijayo"), English before ("next Friday"). Weeks begin on
// Monday in both countries.
func (p *parser) weekday(start, at, rel int) (item, int) {
	x := p.at(at)
	end := at + 1
	it := item{kind: itDay, soft: x.kind == "shortday"}
	week := 0 // 1: this calendar week, 2: the next
	next := p.skip(end, ",")
	switch {
	// In "Friday next Monday" the word belongs to the Monday.
	case p.is(end, "this", "next", "last") && !p.is(end+1, "weekday", "shortday"):
		rel, end = relation(p.at(end).kind), end+1
	case p.is(next, "nextweek"):
		week, end = 2, next+1
	case p.is(next, "thisweek"):
		week, end = 1, next+1
	case p.is(next, "lastweek"):
		rel, end = lastOne, next+1
	}
	// ahead is 0 on the weekday itself.
	ahead := (x.value - int(p.today.Weekday()) + 7) % 7
	coming := addDays(p.today, ahead)
	// Go's weeks begin on Sunday, hence the shift by six.
	monday := addDays(p.today, -(int(p.today.Weekday())+6)%7)
	// inWeek is the weekday of this calendar week, which may have passed.
	inWeek := addDays(monday, (x.value+6)%7)
	switch {
	case rel == lastOne:
		it.past, it.unfit, it.why = true, true, "the day has passed"
	case week == 2:
		it.day = addDays(inWeek, 7)
	case week == 1:
		it.day = inWeek
		if inWeek.Before(p.today) {
			it.past, it.unfit, it.why = true, true, "the day of this week has passed"
		}
	case rel == nextOne:
		// "Next Friday", said on a Wednesday, is in two days for some and in nine for others.
		it.day = addDays(inWeek, 7)
		it.soft = it.soft || inWeek.After(p.today)
	// "Ijumaa hii" is the one that comes, also on a Saturday.
	case rel == thisOne:
		it.day = coming
	// A weekday on that weekday may be today or in a week, so it is read back.
	default:
		it.day, it.weekday = coming, true
		it.today = ahead == 0
		it.soft = it.soft || ahead == 0
	}
	return it, end
}

// week reads several days: a week, a weekend, the end of a month.
// A week is no day: the caller offers slots within it.
func (p *parser) week(i int) (item, int) {
	monday := addDays(p.today, -(int(p.today.Weekday())+6)%7)
	it := item{kind: itDays}
	switch x := p.at(i); x.kind {
	case "nextweek", "thisweek", "lastweek":
		// "Wiki ijayo siku ya jumanne" names a day within the week.
		at := p.skip(i+1, ",", "siku")
		if p.is(at, "unitday") {
			at = p.skip(at + 1)
		}
		if p.is(at, "weekday", "shortday") && x.kind != "lastweek" {
			return p.weekdayOf(x.kind, at)
		}
		if p.is(at, "weekend") && x.kind == "nextweek" {
			it.day, it.last = addDays(monday, 12), addDays(monday, 14)
			return it, at + 1
		}
		return p.wholeWeek(x.kind, monday), i + 1
	case "weekend":
		return p.weekend(i, i)
	case "this", "next":
		if p.is(i+1, "weekend") {
			return p.weekend(i, i+1)
		}
	// From Friday on, but not before today.
	case "endweek":
		it.day, it.last = later(addDays(monday, 4), p.today), addDays(monday, 6)
		return it, i + 1
	case "endmonth", "endnextmonth", "beginmonth", "midmonth":
		return p.ofMonth(x.kind), i + 1
	}
	return item{}, i
}

// weekdayOf reads "wiki ijayo jumanne".
// The week was said before its day, so what weekday assumed is replaced.
func (p *parser) weekdayOf(week string, at int) (item, int) {
	it, end := p.weekday(at, at, 0)
	monday := addDays(p.today, -(int(p.today.Weekday())+6)%7)
	it.day, it.soft = addDays(monday, (p.at(at).value+6)%7), p.is(at, "shortday")
	it.today, it.weekday = false, false
	if week == "nextweek" {
		it.day = addDays(it.day, 7)
	} else if it.day.Before(p.today) {
		it.past, it.unfit, it.why = true, true, "the day of this week has passed"
	}
	return it, end
}

// What is left of this week begins today.
func (p *parser) wholeWeek(kind string, monday time.Time) item {
	it := item{kind: itDays}
	switch kind {
	case "nextweek":
		it.day, it.last = addDays(monday, 7), addDays(monday, 14)
	case "thisweek":
		it.day, it.last = p.today, addDays(monday, 7)
	default:
		it.past, it.unfit, it.why = true, true, "the week has passed"
	}
	return it
}

// weekend reads "wikendi hii", "next weekend". The last of its days is without.
// "Next weekend", said on a Monday, is the coming one for some, hence soft.
func (p *parser) weekend(i, at int) (item, int) {
	end := at + 1
	next := p.is(i, "next")
	switch {
	case p.is(end, "this"):
		end++
	case p.is(end, "next"):
		next = true
		end++
	case p.is(p.skip(end), "nextweek"):
		next = true
		end = p.skip(end) + 1
	}
	monday := addDays(p.today, -(int(p.today.Weekday())+6)%7)
	it := item{kind: itDays, day: later(addDays(monday, 5), p.today), last: addDays(monday, 7)}
	if next {
		it.day, it.last, it.soft = addDays(monday, 12), addDays(monday, 14), true
	}
	return it, end
}

// ofMonth makes a day of what people say of a month. It is read back, as it may be one beside.
// "Mwisho wa mwezi" is when salaries come, and many book for it.
func (p *parser) ofMonth(kind string) item {
	y, m, _ := p.today.Date()
	date := func(month, day int) time.Time {
		return time.Date(y, m+time.Month(month), day, 0, 0, 0, 0, p.today.Location())
	}
	it := item{kind: itDay, soft: true}
	switch kind {
	case "endmonth":
		it.day = date(1, 0)
	case "endnextmonth":
		it.day = date(2, 0)
	case "beginmonth":
		it.day = date(1, 1)
		if p.today.Day() == 1 {
			it.day = p.today
		}
	case "midmonth":
		it.day = date(0, 15)
		if it.day.Before(p.today) {
			it.day = date(1, 15)
		}
	}
	return it
}

// later keeps spans from beginning in the past.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
