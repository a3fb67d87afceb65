package when

import "slices"

// A clock is a time of day as it was written, before it is known which half of the day is meant.
// It is kept as written, since only the part of the day and the opening hours tell what is meant:
// "saa 4" may be 10:00, 22:00, or 4:00 by a customer who counts the western way.
type clock struct {
	hour, minute int  // the hour as written; minutes may be below zero: "kasoro robo"
	swahili      bool // counted from six o'clock
	digits       bool // written in digits, so that the western clock is possible too
	half         byte // 'a' or 'p' if said, 'x' for the clock of 24 hours
}

// clockAt reads a time of day. A number alone is none: it needs "saa", "at", am or pm, minutes
// or a part of the day beside it.
// The readers for a number go from the surest mark ("4pm") to the weakest ("4 asubuhi").
func (p *parser) clockAt(i int) (item, int) {
	x := p.at(i)
	switch x.kind {
	case "saa":
		return p.afterSaa(i)
	case "at":
		return p.afterAt(i)
	case "noon", "midnight":
		c := clock{hour: 12, half: 'p'}
		if x.kind == "midnight" {
			c = clock{hour: 0, half: 'x'}
		}
		return item{kind: itClock, clock: c}, i + 1
	case "half", "quarter":
		return p.pastOrTo(i)
	case "number":
		for _, read := range []func(int) (item, int){p.western, p.pastOrTo, p.inRange, p.withPart} {
			if it, end := read(i); end > i {
				return it, end
			}
		}
	}
	return item{}, i
}

// afterSaa reads "saa nne na nusu", "saa 4:30", "saa 3pm", "saa 14:30".
// "Sa 4 asbuhi" and "saa ya nne" come here. The word alone makes a time of the number, on the
// Swahili clock unless am, pm or 24 hours say otherwise.
func (p *parser) afterSaa(i int) (item, int) {
	at := i + 1
	for range 2 {
		if p.raw(at, "ya", "hiyo", "za", "ile") || p.is(at, "about") {
			at++
		}
	}
	if h, m, ok := hundreds(p.at(at)); ok {
		return item{kind: itClock, clock: clock{h, m, false, true, 'x'}}, p.hoursWord(at + 1)
	}
	h, ok := p.number(at, 0, 24)
	if !ok {
		// "Saa sita mchana" may be one form in the lexicon.
		if p.is(at, "noon", "midnight") {
			return p.clockAt(at)
		}
		return item{}, i
	}
	it := item{kind: itClock, soft: p.is(at-1, "about") && at-1 > i}
	it.clock = clock{hour: h, swahili: true, digits: p.at(at).digits}
	end := p.minutesAndHalf(at, &it.clock)
	end = p.modifiers(end, &it.clock)
	if half, next := p.amPm(end); half != 0 {
		it.clock.half, end = half, next
	}
	return p.finish(it, at), end
}

// afterAt reads "at 10", "@4", "at ten thirty". What is counted is not.
// "At 15,000 each" tells a price, "at 10" a time. Four digits need to be an hour and minutes: "at
// 1430".
func (p *parser) afterAt(i int) (item, int) {
	at := i + 1
	soft := false
	if p.is(at, "about", "saa", "the") {
		if p.is(at, "saa") {
			return p.afterSaa(at)
		}
		soft = true
		at++
	}
	// What has a mark of its own is read as if "at" were not there.
	if it, end := p.clockAt(at); end > at && it.kind == itClock {
		it.soft = it.soft || soft
		return it, end
	}
	if h, m, ok := hundreds(p.at(at)); ok && len(p.at(at).raw) == 4 && !p.is(at+1, "unit") {
		return item{kind: itClock, clock: clock{h, m, false, true, 'x'}}, p.hoursWord(at + 1)
	}
	it, end := p.bareHour(at)
	it.soft = it.soft || soft
	return it, max(end, i)
}

// bareHour reads an hour of the western clock that nothing marks but the word before it.
// The checks are for what numbers count besides hours: "from 2 people", "after 3 days", "before
// 5/3", "about 10%".
func (p *parser) bareHour(at int) (item, int) {
	h, ok := p.number(at, 0, 24)
	if !ok || p.is(at+1, "unit", "unitday", "unitweek", "unitmonth", "unithour", "unitminute",
		"month") ||
		p.symbol(at+1, "/") || p.symbol(at+1, "%") {
		return item{}, -1
	}
	if _, ordinal := p.ordinal(at + 1); ordinal {
		return item{}, -1
	}
	// digits is set for letters too: the hour is western.
	it := item{kind: itClock, clock: clock{hour: h, digits: true}}
	end := p.minutesAndHalf(at, &it.clock)
	if m, ok := p.number(end, 5, 59); ok && end == at+1 && !p.at(at).digits && !p.at(end).digits &&
		m%5 == 0 {
		it.clock.minute, end = m, end+1 // "ten thirty"
	}
	if half, next := p.amPm(end); half != 0 {
		it.clock.half, end = half, next
	}
	return p.finish(it, at), end
}

// finish settles which clock a time was written on.
// A half said in English means the western clock, even behind "saa": "saa 3pm". Hours above 12 and
// "08" are the clock of 24 hours.
func (p *parser) finish(it item, at int) item {
	c := &it.clock
	switch x := p.at(at); {
	case c.half == 'a' || c.half == 'p':
		c.swahili = false
		if c.hour > 12 {
			c.half = 'x' // "15pm"
		}
	case c.hour > 12 || c.hour == 0 || x.digits && len(x.raw) == 2 && x.raw[0] == '0':
		c.half, c.swahili = 'x', false
	}
	return it
}

// minutesAndHalf reads the ":30" behind an hour at i.
// The point must be glued, as it may end a sentence: "nakuja saa 4. 30 pcs".
func (p *parser) minutesAndHalf(i int, c *clock) (end int) {
	if p.symbol(i+1, ":") || p.symbol(i+1, ".") && p.at(i+1).glued {
		if m, ok := p.twoDigits(i + 2); ok && p.at(i).digits {
			c.minute = m
			return i + 3
		}
	}
	return i + 1
}

// modifiers reads what Swahili puts behind the hour: "na nusu", "kasoro robo", "na dakika kumi".
// Two rounds suffice for "na nusu kamili". Minutes below zero are carried over by candidates.
func (p *parser) modifiers(i int, c *clock) (end int) {
	for range 2 {
		switch {
		case p.is(i, "exactly"):
			i++
		case p.is(i, "half"):
			c.minute, i = c.minute+30, i+1
		case p.is(i, "quarter"):
			c.minute, i = c.minute+15, i+1
		case p.is(i, "threequarter"):
			c.minute, i = c.minute+45, i+1
		// "Na" alone may join a person: "saa nne na rafiki".
		case p.is(i, "and") && p.is(i+1, "half", "quarter", "threequarter"):
			i++
			i = p.modifiers(i, c)
			return i
		case p.is(i, "lessquarter"):
			c.minute, i = c.minute-15, i+1
		case p.is(i, "less"):
			n, next := p.subtrahend(i + 1)
			if next == i+1 {
				return i
			}
			c.minute, i = c.minute-n, next
		case p.is(i, "and", "unitminute"):
			n, next := p.addend(i)
			if next == i {
				return i
			}
			c.minute, i = c.minute+n, next
		default:
			return i
		}
	}
	return i
}

// subtrahend reads what "kasoro" takes away.
// "Kasoro" takes minutes away with or without the word for them: "kasoro kumi", "kasoro dakika
// kumi".
func (p *parser) subtrahend(i int) (minutes, end int) {
	switch {
	case p.is(i, "quarter"):
		return 15, i + 1
	case p.is(i, "half"):
		return 30, i + 1
	case p.is(i, "unitminute"):
		i++
	}
	if n, ok := p.number(i, 1, 59); ok {
		if p.is(i+1, "unitminute") {
			return n, i + 2
		}
		return n, i + 1
	}
	return 0, i
}

// addend reads "na dakika kumi", "dakika kumi", "na 15". Without "dakika" it may be people or
// things, so it is the tens and fives of a clock only, and not the end of "kati ya … na …".
// "Saa nne na watu wawili" and "saa nne na 3" add no minutes.
func (p *parser) addend(i int) (minutes, end int) {
	at, bare := i, true
	if p.is(at, "and") {
		at++
	}
	if p.is(at, "unitminute") {
		at, bare = at+1, false
	}
	n, ok := p.number(at, 1, 59)
	if !ok || bare && (n < 5 || n%5 != 0 || p.is(at+1, "unit", "saa", "half") || p.isRange()) {
		return 0, i
	}
	if p.is(at+1, "unitminute") {
		return n, at + 2
	}
	return n, at + 1
}

// isRange reports whether a range has been begun shortly before: "kati ya saa nane".
// Three items back are enough for "kati ya saa nane mchana".
func (p *parser) isRange() bool {
	for k := len(p.items) - 1; k >= 0 && k >= len(p.items)-3; k-- {
		if p.items[k].kind == itBetween {
			return true
		}
	}
	return false
}

// hoursWord passes over the "hrs" of "1500 hrs".
// The digits before it are a time already.
func (p *parser) hoursWord(i int) int {
	if p.is(i, "unithour", "hundredhours") {
		return i + 1
	}
	return i
}

// inRange reads an hour that only the words around make one: "from 2", "between 2 and 4",
// "2-4pm", "around 3", "after 3".
// Words before a number make an hour of it only if nothing behind is counted: "around 3", but not
// "around 3 people".
func (p *parser) inRange(i int) (item, int) {
	n, ok := p.number(i, 0, 24)
	if !ok {
		return item{}, i
	}
	switch b := p.before(i); {
	// The second hour of a range is read against the first.
	case b.kind == itTo || b.kind == itAnd || b.kind == itOr:
		return p.secondOfRange(i, b)
	case b.kind == itFrom || b.kind == itBetween || b.kind == itAfter || b.kind == itBefore ||
		b.kind == itAbout || p.guessed(i):
		if !p.benign(i+1) || n == 0 {
			return item{}, i
		}
		it, end := p.bareHour(i)
		return it, max(end, i)
	}
	// "2-4pm": what ends the range marks both.
	// "2-4" alone may be a size or a score, so something must mark its end.
	if (p.symbol(i+1, "-") || p.raw(i+1, "to", "till", "mpaka", "hadi")) &&
		!p.is(i-1, "unit", "id") {
		if _, ok := p.number(i+2, 1, 24); ok {
			_, end := p.western(i + 2)
			if end > i+2 || p.is(i+3, "part") && p.timeIsNear(i) {
				return item{kind: itClock, clock: clock{hour: n, digits: true}}, i + 1
			}
		}
	}
	return item{}, i
}

// guessed reports whether a number is a guess at the hour of a day that was said: "tomorrow
// morning, maybe 9?". Without the day it may count anything: "I would like 3".
func (p *parser) guessed(i int) bool {
	return p.raw(i-1, "like", "say", "maybe", "perhaps", "possibly", "labda", "tuseme", "tufanye") &&
		!p.raw(i-2, "would", "d", "i", "id", "also", "we") &&
		slices.ContainsFunc(p.items, func(it item) bool { return it.kind == itDay || it.kind == itPart })
}

// secondOfRange reads the hour behind a first one and the item between them. It is written on
// the same clock as the first.
// "Saa nane hadi kumi" ends at ten of the Swahili clock.
func (p *parser) secondOfRange(i int, between item) (item, int) {
	n := len(p.items)
	if n < 2 || p.items[n-2].kind != itClock || p.items[n-2].end != between.at ||
		between.kind != itTo && !p.isRange() && !p.benign(i+1) {
		return item{}, i
	}
	it, end := p.bareHour(i)
	if end < 0 {
		return item{}, i
	}
	if p.items[n-2].clock.swahili && it.clock.half == 0 {
		it.clock.swahili, it.clock.digits = true, p.at(i).digits
		end = p.modifiers(end, &it.clock)
	}
	return it, end
}

// benign reports whether what follows a number says nothing of what is counted.
// An unknown word is taken for what is counted: "around 3 braids" must not become three o'clock.
// The words that may follow are listed below.
func (p *parser) benign(i int) bool {
	x := p.at(i)
	switch x.kind {
	case "unit", "unitday", "unitweek", "unitmonth", "unithour", "unitminute", "id", "month",
		"number":
		return false
	case "symbol":
		return x.text != "/" && x.text != "%"
	case "":
		return p.isAmPm(i) || followers[x.raw]
	}
	return true
}

// followers are words that follow a time, not a number of things.
// The list is short: a missing word costs a question back, a wrong one a wrong booking.
var followers = map[string]bool{
	"please": true, "plz": true, "pls": true, "if": true, "is": true, "ok": true, "okay": true,
	"tafadhali": true, "ndio": true, "nije": true, "basi": true, "sawa": true, "then": true,
	"would": true, "works": true, "could": true, "ya": true, "i": true, "nitakuja": true,
	"with": true, "for": true, "so": true, "because": true, "but": true, "lakini": true, "ila": true,
}

// withPart reads a number beside a part of the day: "kesho 4 asubuhi", "mbili usiku", "4 in the
// afternoon". What counts things or people does not count hours.
// "Kesho 4 asubuhi" is ten o'clock, as the part is Swahili. "4 in the morning" is four.
func (p *parser) withPart(i int) (item, int) {
	h, ok := p.number(i, 1, 12)
	if !ok || p.symbol(i-1, "#") ||
		p.is(i-1, "unit", "id", "for", "number", "unitminute", "unithour", "unitday", "every") ||
		p.symbol(i-1, "/") || p.symbol(i-1, ".") && p.at(i-1).glued {
		return item{}, i
	}
	// "Watu wawili jioni" are two people in the evening.
	if counts[p.at(i).raw] {
		return item{}, i
	}
	it := item{kind: itClock, clock: clock{hour: h, digits: p.at(i).digits}}
	at := i + 1
	english := false
	// The part decides below which clock it is.
	it.clock.swahili = true
	at = p.modifiers(at, &it.clock)
	if p.is(at, "in") && p.raw(at+1, "the") {
		at, english = at+2, true
	} else if p.raw(at, "ya", "za") {
		at++
	}
	if !p.is(at, "part") || p.raw(at, "after", "before", "baada", "kabla") {
		return item{}, i
	}
	it.clock.swahili = !english && !englishParts[p.at(at).raw]
	// The part itself is left for its own grammar, with its "ya".
	return it, at - boolInt(p.raw(at-1, "ya", "za"))
}

// boolInt gives back the one small word that was passed.
func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// counts are numerals in the form that counts people and things. Hours have none.
// "Saa mbili" is an hour, "mawili" counts, as in "masaa mawili".
var counts = map[string]bool{
	"wawili": true, "watatu": true, "wanne": true, "watano": true, "wanane": true, "mmoja": true,
	"viwili": true, "vitatu": true, "vinne": true, "vitano": true, "mawili": true, "matatu": true,
	"manne": true, "matano": true, "miwili": true, "mitatu": true, "minne": true, "mitano": true,
}

// englishParts are the first words of parts of the day that go with the western clock.
// Only first words are here, as a lexeme keeps its first token.
var englishParts = map[string]bool{
	"morning": true, "mornin": true, "mrng": true, "mng": true, "morn": true, "this": true,
	"afternoon": true, "afternun": true, "afta": true,
	"aftanoon": true, "evening": true, "evenin": true,
	"evng": true, "eve": true, "night": true, "nite": true, "nyt": true, "at": true, "early": true,
	"late": true, "mid": true, "in": true,
}
