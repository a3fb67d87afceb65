package when

import "time"

// itemKind says what an item of a message is.
type itemKind uint8

const (
	itDay    itemKind = iota + 1 // a date
	itDays                       // several days: a week, a weekend
	itMoment                     // a date and time: "in 20 minutes"
	itClock                      // a time of day
	itPart                       // a part of the day
	itAny                        // any time of the day
	// What stands between them.
	// A break ends a clause: a negation does not reach past it.
	itBreak
	itAnd
	itOr
	itFrom
	itTo
	itBetween
	itAfter
	itBefore
	itAbout
	itNot
	itNo
	itCannot
	itInsteadOf
	itInstead
	itMove
	itCorrection
)

// connectors are the kinds of words that become items as they are.
// "But" breaks: in "sio kesho but Friday" the no ends there.
var connectors = map[string]itemKind{
	"and": itAnd, "or": itOr, "from": itFrom, "to": itTo, "between": itBetween, "after": itAfter,
	"before": itBefore, "about": itAbout, "not": itNot, "no": itNo, "cannot": itCannot,
	"insteadof": itInsteadOf, "instead": itInstead, "move": itMove, "correction": itCorrection,
	"but": itBreak,
}

// An item is a day or time in a message, or a word that says how two of them go together.
// Grammars fill in what they know.
type item struct {
	kind itemKind
	// at and end are its lexemes, from at up to end.
	at, end int
	// day is a date, or the first of several; last is their last one, or the moment.
	day, last time.Time
	clock     clock
	part      string
	// soft says that it is likely only, and must be read back.
	soft bool
	// unfit says that no date can be taken from it, but that one must be asked for.
	unfit bool
	// past says that it lies before now.
	past bool
	// today says that the weekday is today's, so that a passed time may mean in a week.
	today bool
	// weekday says that it is the next of a weekday, so that a date beside it counts.
	weekday bool
	why     string
}

// A parser finds the items of a message.
// A parser reads one message. Grammars look at the items so far, but change only the last one's
// clock.
type parser struct {
	lexemes []lexeme
	items   []item
	now     time.Time
	today   time.Time // midnight
	// It decides between "in one hour" and "after one o'clock".
	hasDay bool // some day is named anywhere
}

// The days are looked for before scanning, as they may stand behind what they decide.
func newParser(text string, now time.Time) *parser {
	p := &parser{lexemes: read(text), now: now, today: midnight(now)}
	for _, x := range p.lexemes {
		switch x.kind {
		case "day", "weekday", "shortday", "date", "month", "weekend", "nextweek":
			p.hasDay = true
		}
	}
	return p
}

// scan finds the items from left to right. Each grammar looks at a bounded number of lexemes.
// The first grammar that reads anything wins, so the surest come first: a duration's number must
// not become an hour. The time is linear in the lexemes.
func (p *parser) scan() {
	grammars := []func(int) (item, int){
		p.duration, p.numericDate, p.writtenDate, p.dayWord, p.week, p.clockAt, p.partOfDay,
	}
next:
	for i := 0; i < len(p.lexemes); {
		for _, g := range grammars {
			if it, end := g(i); end > i {
				// A grammar may also pass over text that says nothing of when, such as "kwa masaa
				// mawili".
				if it.kind != 0 {
					it.at, it.end = i, end
					p.items = append(p.items, it)
				}
				i = end
				continue next
			}
		}
		x := p.at(i)
		kind := connectors[x.kind]
		if x.kind == "symbol" {
			switch x.text {
			case ",", ".", ";", "!", "?", "\n":
				kind = itBreak
			// "2-4" is a range.
			case "-":
				kind = itTo
			}
		}
		if kind != 0 {
			p.items = append(p.items, item{kind: kind, at: i, end: i + 1})
		}
		i++
	}
}

// before returns the last item so far, if it ends where lexeme i begins.
// A grammar asks it whether a word such as "from" makes an hour of a number.
func (p *parser) before(i int) item {
	if n := len(p.items); n > 0 && p.items[n-1].end == i {
		return p.items[n-1]
	}
	return item{}
}

// In the zone of t, which is the business's.
func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// addDays stays at midnight where clocks are changed.
// Adding 24 hours would miss midnight in zones with summer time.
func addDays(day time.Time, n int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d+n, 0, 0, 0, 0, day.Location())
}

// onDay returns a time of day in minutes since midnight.
// Minutes may go beyond 24 hours: time.Date then gives the next day.
func onDay(day time.Time, minutes int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, minutes, 0, 0, day.Location())
}
