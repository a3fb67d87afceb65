package reply

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// The day and time of a visit: what is known of them, what must be asked, and what can be had.

// maxAhead is how far ahead the bot books. Half a year: further ahead an owner's hours and prices
// are not known.
const maxAhead = 183 * 24 * time.Hour

// timeWithDay puts the day that was agreed on before to a time that has none: "saa nne" after
// "on Saturday, at what time?".
func (t *turn) timeWithDay(r when.Result, v *Visit) when.Result {
	// "Is Hassan in tomorrow? / can he do 5pm" is about tomorrow.
	if day := t.next.Day; v.Day.IsZero() && !day.IsZero() && !day.Before(startOfDay(t.now)) &&
		r.HasTime && (!r.HasDay || r.Likely) {
		v.Day = startOfDay(day.In(t.k.zone))
	}
	// A day that the message names itself replaces the one that was agreed on.
	if v.Day.IsZero() || r.HasDay && !r.Likely {
		return r
	}
	if !r.HasTime {
		return t.partWithDay(r, v)
	}
	y, m, d := v.Day.Date()
	start := time.Date(y, m, d, r.Start.Hour(), r.Start.Minute(), 0, 0, t.k.zone)
	// "saa nne" on a day that opens at 08:00 is ten in the morning, and no night visit.
	if !t.fits(start, t.visitMinutes(v)) {
		// The other half of the day, if that is when the business is open.
		if other := start.Add(12 * time.Hour); sameDay(other, start) &&
			t.fits(other, t.visitMinutes(v)) {
			start = other
		} else if other := start.Add(-12 * time.Hour); sameDay(other, start) &&
			t.fits(other, t.visitMinutes(v)) {
			start = other
		}
	}
	r.HasDay, r.Day, r.Start, r.Certainty = true, startOfDay(start), start, when.Default
	r.Likely = false
	t.p.time = r
	return r
}

// partWithDay puts the day that was agreed on to a part of a day: "jioni" after "on Saturday, at
// what time?" is the evening of Saturday. Today's evening was offered.
func (t *turn) partWithDay(r when.Result, v *Visit) when.Result {
	if r.Start.IsZero() || r.End.IsZero() {
		return r
	}
	// The part keeps its hours and moves by whole days, so the change of a clock between them does
	// no harm.
	days := daysBetween(startOfDay(r.Start), startOfDay(v.Day))
	r.HasDay, r.Likely, r.Day, r.Certainty = true, false, startOfDay(v.Day), when.Part
	r.Start, r.End = r.Start.AddDate(0, 0, days), r.End.AddDate(0, 0, days)
	t.p.time = r
	return r
}

// haveTime reports whether the day and time are known and free, and asks if not. A doubt about the
// time is settled before the calendar is looked at.
func (t *turn) haveTime(v *Visit) bool {
	r := t.p.time
	said := t.timeTaken && t.p.hasTime && (r.HasDay && sameDay(r.Day, v.Day) || !r.HasDay)
	switch {
	case said && r.Certainty == when.Ask && !t.certain(r, v):
		t.askMeant(r)
		return false
	case t.tellServiceDays(v):
		return false
	// The other times are offered before the start is cleared, since they are looked for near it.
	case said && r.Certainty == when.Closed:
		t.offerInstead("book.closed", "when", t.whenSaid(r))
		v.Start = time.Time{}
		return false
	// "Any time", "the first you have": a question for the hour would ask again what was left to
	// the bot.
	case v.Start.IsZero() && t.p.cued(cueFirst) && t.takeFirst(v):
		return true
	case v.Day.IsZero():
		t.ask(Ask{For: askWhen}, "book.when")
		return false
	case v.Start.IsZero() || said && r.Certainty == when.Part:
		t.offerDay(v, r, said)
		v.Start = time.Time{}
		return false
	}
	return t.free(v)
}

// certain reports whether a time that must be asked about is only without a time of day: its day
// is certain.
func (t *turn) certain(r when.Result, v *Visit) bool {
	return r.HasDay && !r.HasTime && !v.Day.IsZero() && !v.Day.Before(startOfDay(t.now))
}

// askMeant asks about a time that was not said clearly.
func (t *turn) askMeant(r when.Result) {
	v := t.next.Booking
	v.Start = time.Time{}
	switch {
	case r.HasTime && !r.Start.IsZero() && r.Start.After(t.now):
		t.ask(Ask{For: askMean, Time: r.Start}, "book.mean", "time", t.at(r.Start))
	// The time has passed, and the nearest that is meant by the same words is named.
	case len(r.Nearest) > 0:
		t.tell("book.past")
		t.ask(Ask{For: askMean, Time: r.Nearest[0]}, "book.mean", "time", t.at(r.Nearest[0]))
	case !r.HasDay && !r.HasTime && r.Start.After(t.now):
		v.Day = startOfDay(r.Start) // a part of the day that is likeliest: "in the evening"
		r.Certainty = when.Part
		t.offerDay(v, r, true)
	// An hour of today that has passed keeps the day open too.
	case r.HasDay && r.Day.Before(startOfDay(t.now)), !r.HasDay && !r.HasTime,
		r.HasTime && !r.Start.IsZero() && !r.Start.After(t.now):
		v.Day = time.Time{}
		t.tell("book.past")
		t.ask(Ask{For: askWhen}, "book.day")
	default:
		t.ask(Ask{For: askWhen}, "book.when")
	}
}

// takeMeant takes the time that was asked about for who says yes and goes on: "yes n my friend
// wants a fade too". The yes alone is taken with the question.
func (t *turn) takeMeant() {
	v, p, a := t.next.Booking, &t.p, t.next.Ask
	if a.For != askMean || v == nil || p.yesNo != entity.Neither || p.hasTime || p.asks ||
		len(p.reading.Words) < 2 || !anyIn(p.reading.Words[:1], yesWords) ||
		saysBut(p.reading.Words) {
		return
	}
	at := a.Time.In(t.k.zone)
	v.Day, v.Start = startOfDay(at), at
	t.next.Ask.For = askBook
}

// sameDayWords are the day that is spoken of.
var sameDayWords = keywords("same day, that day, siku hiyo hiyo, siku hiyohiyo, siku ile ile, siku moja hiyo")

// readSameDay reads "the same day" as the day of the visit or of the booking that is made, where
// the message wants something on it.
func (t *turn) readSameDay(p *perception) {
	if p.hasTime || !anyIn(p.reading.Words, sameDayWords) ||
		t.k.template() != flowhq.BookingTemplate || len(p.services) == 0 {
		return
	}
	if all := t.bookings(); t.next.Booking == nil && len(all) > 0 {
		p.time, p.hasTime = t.timeIn(all[0].StartsAt.In(t.k.zone).Format("2 January"))
	}
}

// dayHour is a day with a bare hour behind it: "friday 9".
var dayHour = regexp.MustCompile(`(?i)\b(\w+day|tomorrow|today|kesho|leo|juma\w+|alhamisi|ijumaa)\s+` +
	`(\d{1,2}(?:[:.][0-5]\d)?)(\s*(?:[,.!?\n]|$))`)

// englishDay is a day in English.
var englishDay = regexp.MustCompile(`(?i)^(?:\w+day|tomorrow|today)$`)

// readDayHour reads the hour behind a day, which may be none of the month: there are twelve of
// them.
func (t *turn) readDayHour(p *perception) {
	if !p.hasTime || p.time.HasTime || t.k.template() != flowhq.BookingTemplate {
		return
	}
	m := dayHour.FindStringSubmatch(p.text)
	if m == nil {
		return
	}
	if n, _ := strconv.Atoi(strings.FieldsFunc(m[2], func(r rune) bool { return r == ':' || r == '.' })[0]); n > 12 {
		return
	}
	at := " at "
	// The day is said in the language of the clock: the language of a first message is not known yet.
	if !englishDay.MatchString(m[1]) {
		at = " saa "
	}
	if r, ok := t.timeIn(dayHour.ReplaceAllString(p.text, "$1"+at+"$2$3")); ok && r.HasTime {
		p.time = r
	}
}

// whenSaid is a time that was said, as a sentence has it.
func (t *turn) whenSaid(r when.Result) string {
	if r.HasTime && !r.Start.IsZero() {
		return t.at(r.Start)
	}
	return t.nearDay(r.Day)
}

// free reports whether the time of a booking can be had, and offers others if not.
func (t *turn) free(v *Visit) bool {
	switch {
	// "naja sahii" names a time that has just passed: the nearest free one is offered instead of a
	// refusal.
	case !v.Start.After(t.now) && t.now.Sub(v.Start) < slotEvery: // "now"
		wanted := v.Start
		v.Start = time.Time{}
		t.offerNearest(wanted)
	case !v.Start.After(t.now):
		v.Start = time.Time{}
		t.tell("book.past")
		t.ask(Ask{For: askWhen}, "book.when")
	// The day is cleared too. The next hour would otherwise be put to a day that cannot be booked.
	case v.Start.Sub(t.now) > maxAhead:
		v.Day, v.Start = time.Time{}, time.Time{}
		t.tell("book.too_far")
		t.ask(Ask{For: askWhen}, "book.when")
	default:
		return t.fitsHours(v)
	}
	return false
}

// fitsHours reports whether a visit lies within the hours and finds room, and offers other times if
// not. One that begins before closing time would end behind it. Services that have hours of their own
// need nothing in between.
func (t *turn) fitsHours(v *Visit) bool {
	type span struct {
		from    time.Time
		minutes int
		said    string // the minutes of each service
	}
	services := v.services()
	spans := []span{{v.Start, t.visitMinutes(v), t.minutesSaid(v)}}
	if len(v.Offsets) == len(services) && !v.Together {
		spans = nil
		for i, at := range t.startsOf(v) {
			minutes := t.minutes(services[i])
			spans = append(spans, span{at, minutes, strconv.Itoa(minutes)})
		}
	}
	for _, s := range spans {
		closes, open := t.closesAfter(s.from)
		if (!t.isOpen(s.from, s.minutes) || !t.hasRoom(s.from, s.minutes, v)) && t.takesSecond(v) {
			return true
		}
		switch {
		// "We are closed then" is untrue of a time that only leaves too little.
		case !t.isOpen(s.from, s.minutes) && open:
			t.offerInstead("book.ends_late", "minutes", s.said, "closes", t.clock(closes))
		case !t.isOpen(s.from, s.minutes):
			t.offerInstead("book.closed", "when", t.at(s.from))
		case !t.hasRoom(s.from, s.minutes, v):
			t.offerInstead("book.taken", "when", t.at(s.from))
		default:
			continue
		}
		v.Start, v.Offsets = time.Time{}, nil
		return false
	}
	return true
}

// otherwise begins the time that is wanted where the first cannot be had, in group 1.
var otherwise = regexp.MustCompile(`(?i)\b(?:if not|if its not|otherwise|or else|kama (?:haiwezekani|haipo|hakuna\w*|imejaa|sio|siyo)|` +
	`ikishindikana|ikishindikana basi|la sivyo|isipowezekana)[\s,]+(.*)$`)

// takesSecond takes the time that the message wants where its first one cannot be had, and reports
// whether that one can: "saa sita na nusu, kama haiwezekani saa nane".
func (t *turn) takesSecond(v *Visit) bool {
	m := otherwise.FindStringSubmatch(t.p.text)
	if m == nil || v.Day.IsZero() || v.Together {
		return false
	}
	r, ok := t.timeIn(m[1])
	if !ok || !r.HasTime {
		return false
	}
	day := v.Day
	if dayNamed.MatchString(m[1]) {
		day = startOfDay(r.Day)
	}
	at := t.clockOn(day, r, t.visitMinutes(v))
	if !t.fits(at, t.visitMinutes(v)) {
		return false
	}
	v.Day, v.Start, v.Offsets = startOfDay(at), at, nil
	return true
}

// minutesSaid is how long a visit takes, service by service: "20 + 15".
func (t *turn) minutesSaid(v *Visit) string {
	if len(v.More) == 0 || v.Together {
		return strconv.Itoa(t.visitMinutes(v))
	}
	var all []string
	for _, id := range v.services() {
		all = append(all, strconv.Itoa(t.minutes(id)))
	}
	return strings.Join(all, " + ")
}

// closesAfter is when the business closes that is open at a time; not ok if it is closed then.
func (t *turn) closesAfter(at time.Time) (closes time.Time, ok bool) {
	// Yesterday's hours may go past midnight.
	for _, offset := range []int{-1, 0} {
		for _, s := range t.k.profile.OpenOn(startOfDay(at.In(t.k.zone)).AddDate(0, 0, offset)) {
			if !at.Before(s.From) && at.Before(s.To) {
				return s.To.In(t.k.zone), true
			}
		}
	}
	return time.Time{}, false
}
