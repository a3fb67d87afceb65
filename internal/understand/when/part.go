package when

// A dayPart is a part of the day, in minutes since midnight.
// The wider bounds low and high decide which half of the day a clock means: "saa 11 jioni" is
// 17:00.
type dayPart struct {
	from, to int // what is offered if the part is all that is said
	// A time goes with the part if it is within low and high. High may be after midnight.
	low, high int
}

const (
	// h is an hour in minutes.
	h = 60
	// untilShut stands for the closing time, which differs from business to business.
	untilShut = 24 * h
)

// dayParts follow usage in Dar es Salaam and Nairobi. Jioni begins before the evening does, and
// usiku at seven, one o'clock of the Swahili night.
var dayParts = map[string]dayPart{
	"dawn":           {4 * h, 6 * h, 3 * h, 7 * h},
	"early":          {6 * h, 9 * h, 5 * h, 10 * h},
	"morning":        {6 * h, 12 * h, 5 * h, 12*h - 1},
	"latemorning":    {10 * h, 12 * h, 9 * h, 12*h + 30},
	"midday":         {12 * h, 16 * h, 10 * h, 17*h + 30},
	"lunch":          {12 * h, 14 * h, 11 * h, 15 * h},
	"afterlunch":     {14 * h, 17 * h, 13 * h, 18 * h},
	"beforelunch":    {6 * h, 12 * h, 6 * h, 13 * h},
	"beforenoon":     {6 * h, 12 * h, 6 * h, 12*h - 1},
	"earlyafternoon": {12 * h, 15 * h, 12 * h, 15 * h},
	"afternoon":      {12 * h, 17 * h, 12 * h, 18*h + 30},
	"lateafternoon":  {15 * h, 18 * h, 14 * h, 18*h + 30},
	"afterwork":      {17 * h, untilShut, 16 * h, 22 * h},
	"dusk":           {18 * h, 19 * h, 17*h + 30, 19*h + 30},
	"evening":        {16 * h, 19 * h, 15*h + 30, 21 * h},
	// The night's high lies after midnight: "saa nane usiku" is 2:00 of the next day.
	"night":      {19 * h, untilShut, 18*h + 30, 30*h + 30},
	"smallhours": {24 * h, 28 * h, 23 * h, 28*h + 59},
}

// partOfDay reads a part of the day. A bare English one that opens a message is a greeting.
// "Morning, how much is a cut" greets, "morning is fine" answers when. The lexeme behind tells
// which.
func (p *parser) partOfDay(i int) (item, int) {
	x := p.at(i)
	switch x.kind {
	case "any":
		return item{kind: itAny}, i + 1
	// Such words mean a part of the day only beside a day.
	case "softpart": // "kesho mapema", but not "answer me early"
		if p.before(i).kind == itDay || p.is(i+1, "day", "weekday") {
			return item{kind: itPart, part: x.text}, i + 1
		}
		return item{}, i
	case "part":
	default:
		return item{}, i
	}
	if i == 0 && englishParts[x.raw] && x.raw != "this" && x.raw != "early" && x.raw != "late" &&
		len(p.lexemes) > 1 {
		switch {
		case p.is(1, "symbol") && !p.symbol(1, "?"), p.is(1, ""),
			p.is(1, "day") && p.is(2, "symbol", ""):
			if !p.is(1, "day") {
				return item{}, i + 1
			}
		}
	}
	it := item{kind: itPart, part: x.text}
	// "Asubuhi hii" names today, too.
	if p.raw(i, "this") || p.is(i+1, "this") {
		it.day = p.today
	}
	end := i + 1
	if p.is(end, "this") {
		end++
	}
	// "saa nne asubuhi kasoro robo": the minutes may follow the part.
	if n := len(p.items); n > 0 && p.items[n-1].kind == itClock && p.items[n-1].end == i &&
		(p.is(end, "less", "lessquarter") || p.is(end, "and") &&
			p.is(end+1, "half", "quarter", "unitminute")) {
		end = p.modifiers(end, &p.items[n-1].clock)
	}
	return it, end
}

// candidates are the minutes since midnight that a clock may mean, with those first that people
// mean more often. Exact says that it can be no other. They may be after midnight of the next day.
// "Saa 4" has two candidates, 10:00 and 22:00; "saa 4 asubuhi" has one. Opening hours decide
// between what is left.
func (c clock) candidates(part string) (minutes []int, exact bool) {
	at := func(hour int) int { return (hour*h + c.minute + 24*h) % (24 * h) }
	switch c.half {
	case 'a':
		return []int{at(c.hour % 12)}, true
	case 'p':
		return []int{at(c.hour%12 + 12)}, true
	// 24:00 is midnight.
	case 'x':
		return []int{at(c.hour % 24)}, true
	}
	western := []int{at(c.hour % 12), at(c.hour%12 + 12)}
	// "At 3" is in the afternoon for most; "at 9" is in the morning.
	if c.hour < 7 || c.hour == 12 {
		western[0], western[1] = western[1], western[0]
	}
	own := western
	// Hour one of the Swahili day is seven.
	if c.swahili {
		own = []int{at((c.hour + 6) % 24), at((c.hour + 18) % 24)}
		if c.hour == 12 { // six in the evening before six in the morning
			own = []int{at(18), at(6)}
		}
	}
	if part == "" {
		return own, false
	}
	// The part of the day settles the half, so nothing must be read back.
	if fit := within(own, part); len(fit) > 0 {
		return fit, true
	}
	if c.swahili {
		// "saa 10:30 asubuhi" is 4:30 by the Swahili clock, which no morning is.
		if fit := within(western, part); len(fit) > 0 {
			return fit, false
		}
	}
	return own, false
}

// within returns those minutes that belong to a part of the day.
// A minute after midnight may belong to the night before, hence the 24 hours.
func within(minutes []int, part string) (fit []int) {
	d := dayParts[part]
	for _, m := range minutes {
		if m >= d.low && m <= d.high || m+24*h <= d.high && m+24*h >= d.low {
			fit = append(fit, m)
		}
	}
	return fit
}
