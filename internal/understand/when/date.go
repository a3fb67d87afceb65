package when

import "time"

// A written date is ahead of us, so one that has passed this year is next year's, but only if
// that is soon. In March, "26 Feb" is more likely a slip than a day eleven months away.
const maxNextYear = 183 // days

// numericDate reads "5/3", "5/3/2026", "5.3.2026" and "2026-03-05". The day comes first.
// "1/2 kilo" looks like a date. Digits must be glued, and a unit or an order's word beside them
// makes something else of them.
func (p *parser) numericDate(i int) (item, int) {
	a, b := p.at(i), p.at(i+2)
	sep := p.at(i + 1)
	if a.kind != "number" || b.kind != "number" || !a.digits || !b.digits || !b.glued ||
		sep.kind != "symbol" || !sep.glued || len(a.raw) > 4 || len(b.raw) > 2 {
		return item{}, i
	}
	// The year has two or four digits behind the same separator.
	c, three := p.at(i+4), p.symbol(i+3, sep.text)
	three = three && c.kind == "number" && c.digits && c.glued &&
		(len(c.raw) == 2 || len(c.raw) == 4)
	switch {
	case p.is(i-1, "id", "unit") || p.raw(i-1, "#"):
		return item{}, i
	// The form of ISO 8601 is the only one with the year first.
	case three && len(a.raw) == 4 && sep.text == "-":
		return p.date(c.value, b.value, a.value), i + 5
	case three && len(a.raw) <= 2 && (sep.text == "/" || sep.text == "." || sep.text == "-"):
		year := c.value
		if len(c.raw) == 2 {
			year += 2000
		}
		return p.monthSecond(a.value, b.value, year), i + 5
	// "5.3" and "5-3" without a year are prices, versions or ranges.
	case sep.text != "/" || len(a.raw) > 2 || p.symbol(i+3, "/") ||
		p.is(i+3, "unit", "unithour") || a.value == 0 || b.value == 0:
		return item{}, i // "1/2 kilo"
	}
	return p.monthSecond(a.value, b.value, 0), i + 3
}

// monthSecond takes the second number for the month, unless only the first can be.
// "3/25" can only be American, and is read back.
func (p *parser) monthSecond(d, m, year int) item {
	if m > 12 && d <= 12 {
		it := p.date(m, d, year)
		it.soft = true
		return it
	}
	return p.date(d, m, year)
}

// writtenDate reads dates with a word: "tarehe 26", "tarehe 5 mwezi wa nne", "5th of April",
// "April 5 2026", "mwezi ujao tarehe 5", "on the 5th".
// The words "tarehe" and "mwezi" and the names of months each begin a form of their own.
func (p *parser) writtenDate(i int) (item, int) {
	switch {
	case p.is(i, "date"):
		at := p.skip(i+1, ".", ":")
		if d, ok := p.number(at, 1, 99); ok {
			if it, end := p.numericDate(at); end > at { // "tarehe 15/3"
				return it, end
			}
			end, _ := p.ordinal(at + 1)
			return p.withMonth(d, end)
		}
		if p.is(i+1, "month") {
			return p.writtenDate(i + 1)
		}
	case p.is(i, "month"):
		return p.monthFirst(i)
	// "Mwezi wa nne" is April: Swahili numbers its months.
	case p.is(i, "unitmonth") && p.raw(i+1, "wa", "ya", "w"):
		if m, ok := p.number(i+2, 1, 12); ok {
			return p.dayOfMonth(m, 0, i+3)
		}
		if p.is(i+2, "month") {
			return p.writtenDate(i + 2)
		}
	case p.is(i, "unitmonth") && p.is(i+1, "month"):
		return p.writtenDate(i + 1)
	case p.is(i, "nextmonth", "thismonth", "lastmonth"):
		return p.dayOfMonth(0, monthOffset(p.at(i).kind), i+1)
	case p.is(i, "number"):
		return p.dayFirst(i)
	}
	return item{}, i
}

// dayFirst reads "5 April", "5th of April" and "the 5th".
// A number needs a month or an ordinal's ending. "Nataka 5" is no date.
func (p *parser) dayFirst(i int) (item, int) {
	d, ok := p.number(i, 1, 99)
	if !ok {
		return item{}, i
	}
	end, ordinal := p.ordinal(i + 1)
	next := p.skip(end)
	// "5 pcs May" has a unit before its month.
	if p.is(next, "month") && !(p.is(i-1, "unit", "id") && !ordinal) {
		return p.withMonth(d, end)
	}
	if ordinal && (p.is(next, "nextmonth", "thismonth")) {
		return p.withMonth(d, end)
	}
	// "the 5th floor" and "my 2nd time" are no dates.
	if ordinal && (p.raw(i-1, "the", "on") ||
		p.is(i-1, "weekday", "by", "before", "to", "from", "end")) &&
		p.is(end, "end", "symbol", "at", "saa", "part", "from", "number", "and", "or", "noon",
			"after",
			"before", "to", "about") {
		return p.withMonth(d, end)
	}
	return item{}, i
}

// withMonth reads the month and year that may follow the day of a date.
// Without a month, the next such day is meant: "tarehe 26".
func (p *parser) withMonth(d, end int) (item, int) {
	next := p.skip(end, ",")
	switch {
	case p.is(next, "month"):
		year, end := p.year(next + 1)
		return p.date(d, p.at(next).value, year), end
	case p.is(next, "unitmonth") && p.raw(next+1, "wa", "ya", "w"):
		if m, ok := p.number(next+2, 1, 12); ok {
			year, end := p.year(next + 3)
			return p.date(d, m, year), end
		}
		if p.is(next+2, "month") {
			year, end := p.year(next + 3)
			return p.date(d, p.at(next+2).value, year), end
		}
	case p.is(next, "nextmonth", "thismonth", "lastmonth"):
		return p.inMonth(d, monthOffset(p.at(next).kind)), next + 1
	}
	return p.nextDay(d), end
}

// monthFirst reads "April 5" and "machi tarehe 5". A month alone asks for its day.
// In "April 5pm" the five is an hour.
func (p *parser) monthFirst(i int) (item, int) {
	m := p.at(i).value
	at := i + 1
	if p.is(at, "date") {
		at++
	}
	at = p.skip(at)
	isClock := p.symbol(at+1, ":") || p.isAmPm(at+1)
	if d, ok := p.number(at, 1, 99); ok && !isClock && !p.is(at+1, "unit", "hundredhours") {
		end, _ := p.ordinal(at + 1)
		year, end := p.year(end)
		return p.date(d, m, year), end
	}
	// "May" and "March" are other words too.
	// "You may come" and "march" must not ask for a day of the month.
	name := p.at(i).raw
	if len(name) < 4 || name == "march" || p.is(i+1, "number") {
		if !p.is(i-1, "in", "unitmonth", "this", "next") {
			return item{}, i
		}
	}
	_, end := p.year(i + 1)
	return item{kind: itDay, unfit: true, why: "a month without a day"}, end
}

// dayOfMonth reads the date that may follow a month: "mwezi wa nne tarehe 5".
// A month without a day is kept as unfit, so that the bot asks for the day only.
func (p *parser) dayOfMonth(m, offset, end int) (item, int) {
	at := p.skip(end, ",")
	day := p.skip(at + 1)
	// Without "tarehe", an ordinal's ending must mark the day.
	if !p.is(at, "date") { // "next month on the 5th"
		day = at
		if _, ordinal := p.ordinal(day + 1); !ordinal {
			day = -1
		}
	}
	if day >= 0 {
		if d, ok := p.number(day, 1, 99); ok {
			last, _ := p.ordinal(day + 1)
			if m > 0 {
				year, last := p.year(last)
				return p.date(d, m, year), last
			}
			return p.inMonth(d, offset), last
		}
	}
	return item{kind: itDay, unfit: true, past: offset < 0, why: "a month without a day"}, end
}

// year reads a year behind a date: "2026", ", 2027", "mwaka ujao".
// A year needs four digits, and no unit: "5 April 2000 pcs" has none.
func (p *parser) year(i int) (year, end int) {
	at := p.skip(i, ",")
	if p.is(at, "unityear") {
		at++
	}
	if y, ok := p.number(at, 1900, 2199); ok && p.at(at).digits &&
		!p.is(at+1, "hundredhours", "unithour", "unit") {
		return y, at + 1
	}
	switch p.at(at).kind {
	case "nextyear":
		return p.today.Year() + 1, at + 1
	case "thisyear":
		return p.today.Year(), at + 1
	case "lastyear":
		return p.today.Year() - 1, at + 1
	}
	return 0, i
}

// This month is 0.
func monthOffset(kind string) int {
	switch kind {
	case "nextmonth":
		return 1
	case "lastmonth":
		return -1
	}
	return 0
}

// date makes the item of a day and month. Year 0 is the one that is meant.
// Nobody books in the past, but a passed date is told apart from one that does not exist: the reply
// differs.
func (p *parser) date(d, m, year int) item {
	it := item{kind: itDay}
	explicit := year != 0
	if !explicit {
		year = p.today.Year()
	}
	day, ok := p.exists(d, m, year)
	switch {
	// Today itself is fine.
	case ok && !day.Before(p.today):
		it.day = day
	// A year that was said is never replaced.
	case explicit && ok, explicit && d <= 31 && year < p.today.Year():
		it.unfit, it.past, it.why = true, true, "the date has passed"
	case explicit:
		it.unfit, it.why = true, "there is no such date"
	default:
		// 29 February may exist in one of both years only.
		next, exists := p.exists(d, m, year+1)
		switch {
		case exists && ok && next.Sub(p.today) <= maxNextYear*24*time.Hour:
			it.day, it.why = next, "the date is next year's"
		case ok:
			it.unfit, it.past, it.why = true, true, "the date has passed this year"
		default:
			it.unfit, it.why = true, "there is no such date"
		}
	}
	return it
}

// exists returns the date, and false if the month has no such day: "31 April".
// time.Date carries 31 April over to 1 May, so the parts are compared.
func (p *parser) exists(d, m, year int) (time.Time, bool) {
	day := time.Date(year, time.Month(m), d, 0, 0, 0, 0, p.today.Location())
	return day, m >= 1 && m <= 12 && d >= 1 && day.Day() == d && int(day.Month()) == m
}

// nextDay makes the item of the next day of that number: "tarehe 26". A month that is too short
// for it is passed over, which is then read back.
// Three months suffice: of two in a row one has 31 days.
func (p *parser) nextDay(d int) item {
	year, month := p.today.Year(), int(p.today.Month())
	for n := range 3 {
		m := month + n
		day, ok := p.exists(d, (m-1)%12+1, year+(m-1)/12)
		if ok && !day.Before(p.today) {
			return item{kind: itDay, day: day, soft: n > 0 && d > 28 && n != 1}
		}
	}
	return item{kind: itDay, unfit: true, why: "there is no such date"}
}

// inMonth makes the item of a day of this month or the next.
// The offset is -1, 0 or 1, so one carry is enough.
func (p *parser) inMonth(d, offset int) item {
	m := int(p.today.Month()) + offset
	year := p.today.Year()
	if m > 12 {
		m, year = m-12, year+1
	} else if m < 1 {
		m, year = m+12, year-1
	}
	return p.date(d, m, year)
}
