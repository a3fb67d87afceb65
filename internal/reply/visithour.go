package reply

import (
	"regexp"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// The hours of a visit to the customer's home. When the customer leaves the house, or is not to be
// visited, is no hour to come; and an hour that was understood wrongly is put right.

// anHour is an hour as it is written in either language.
const anHour = `(?:saa (?:kumi na (?:moja|mbili)|moja|mbili|tatu|nne|tano|sita|saba|nane|tisa|kumi|\d{1,2})(?: na nusu| na robo| kasoro robo)?|` +
	`\d{1,2}(?:[:.][0-5]\d)?(?:\s*(?:am|pm)\b|\s*o'?clock)?|noon|midday)(?: ya)?(?:\s+(?:asubuhi|mchana|jioni|usiku|alasiri))?(?: leo| kesho)?`

var (
	// leavesAt is when the customer goes, is away or has other matters.
	leavesAt = regexp.MustCompile(`(?i)\b(?:(?:n|ni|tu)(?:ta|na)?(?:toka|ondoka|enda|safiri|funga)(?:ga)?|sipo|situpo|hatupo|sitakuwepo|hatutakuwepo|` +
		`(?:ni|tu)takuwa (?:kazini|ofisini|busy|bize)|(?:niko|nipo|tuko) (?:kazini|ofisini|busy|bize)|nina (?:mkutano|kikao|meeting|safari)|nafunga|` +
		`(?:i|we)(?:'ll| will|'m| am|'re| are)? ?(?:be )?(?:leave|leaving|go|going|going out|go out|out|away|busy|off|not home|not at home|travel\w*)|` +
		`(?:i|we) (?:have|got) (?:a |an )?(?:meeting|call|class|appointment|flight))` +
		`(?:\s+(?:out|home|nyumbani|kazini|work|to work|for work|the house|hapa|online|ya|na|ofisini|mapema|from|kuanzia|at|by|around|about|mida ya|kama|mnamo|from about|till|until|mpaka|hadi|leo|today)){0,4}\s+` + anHour)
	// comesNot is a time at which nobody is to come.
	comesNot = regexp.MustCompile(`(?i)\b(?:(?:a|wa|m)(?:ki|takapo)ja\s+[^,.;]{3,24}?\b(?:a|wa|m|u)sije|(?:a|wa|m|u)sije\s+(?:leo|kesho|jioni|usiku|mchana|asubuhi|` + anHour + `)|` +
		`(?:do not|don'?t|not to|cannot|can'?t) come (?:today|tonight|tomorrow|in the (?:morning|afternoon|evening)|(?:at )?` + anHour + `)|` +
		`if (?:he|they|you|u|she|the \pL+) comes? [^,.;]{3,24}?(?:do not|don'?t|not)(?: come)?)\b`)
)

// readTime reads the time of a text. That of a visit to the customer's home is read without such
// times: "ntatoka saa kumi so aje kesho asubuhi" wishes for no hour.
func (t *turn) readTime(p *perception) {
	text := p.text
	if t.k.template() == flowhq.SupportTemplate {
		text = comesNot.ReplaceAllString(leavesAt.ReplaceAllString(text, " "), " ")
	}
	p.time, p.hasTime = t.timeIn(text)
}

// putsRight are words of who says again when somebody is to come.
var putsRight = keywords("nimesema, nilisema, sikusema, sijasema, namaanisha, nilimaanisha, i said, i meant, i mean, i didnt say, i did not say, not, sio, siyo, badala, " +
	"instead, rather, make it, iwe, ifanye, better, afadhali, bora, change it, badilisha, sogeza, move it, actually, mbona, kwani, why, wrong, umekosea, mmekosea, correction")

// correctsHour reports whether the message says another time for the visit that was noted.
func (t *turn) correctsHour() bool {
	v, p := t.next.Ticket, &t.p
	return v != nil && v.Number != "" && !v.Visit.IsZero() && p.hasTime &&
		(p.time.HasTime || p.time.HasDay || !p.time.Start.IsZero()) &&
		!p.has(actCancel, actStatus, actPaid) && !asksExactHour.MatchString(p.text) &&
		!anyIn(p.reading.Words, whenMended) &&
		(anyIn(p.reading.Words, putsRight) || !p.asksSoftly() && len(p.reading.Words) <= maxPutRight)
}

// maxPutRight is how many words a message has at most that is another time and nothing else.
const maxPutRight = 6

// keepVisitDay gives an hour the day of the visit that was noted, where the message names none, and
// keeps the day of the visit.
func (t *turn) keepVisitDay(v *Problem) {
	r := &t.p.time
	if !v.Visit.IsZero() && !dayNamed.MatchString(t.p.text) {
		onDay := func(at time.Time) time.Time {
			if at.IsZero() {
				return at
			}
			at = at.In(t.k.zone)
			y, m, d := v.Visit.In(t.k.zone).Date()
			return time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, t.k.zone)
		}
		r.HasDay, r.Day, r.Start, r.End = true, v.Visit, onDay(r.Start), onDay(r.End)
	}
	switch {
	case r.HasDay:
		v.Visit = startOfDay(r.Day)
	case !r.Start.IsZero():
		v.Visit = startOfDay(r.Start.In(t.k.zone))
	default:
		v.Visit = startOfDay(t.now)
	}
}

// visitTime writes the time of a visit: an hour, a part of a day or a day.
func (t *turn) visitTime() string {
	switch r := t.p.time; {
	// "Before noon" is no hour to promise.
	case !r.HasTime && !r.Start.IsZero() && !r.End.IsZero():
		return t.nearDay(startOfDay(r.Start.In(t.k.zone))) + ", " + t.clock(r.Start) + " – " +
			t.clock(r.End)
	case r.HasTime || !r.HasDay && !r.Start.IsZero():
		return when.FormatTime(t.say.language, r.Start, t.now)
	case !r.HasDay:
		return t.nearDay(startOfDay(t.now))
	}
	return t.nearDay(t.p.time.Day)
}

// dropHours drops the hours of the business where somebody is to come at a time.
func dropHours(all *acts, p *perception) {
	if !p.cued(actHours) && p.hasTime && anyIn(p.reading.Words, fixesLine) {
		all.drop(actHours)
	}
}

// fixesLine are words of fixing a line, which are those of closing as well.
var fixesLine = keywords("kufunga, mfunge, wafunge, afunge")
