package reply

import (
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// tellHours says when the business is open: on the day that the message names, else now and in
// the week. Holidays count.
func (t *turn) tellHours() {
	if !t.k.profile.HoursTold() {
		t.unanswered("unanswered.hours")
		return
	}
	// A question for another day is answered with that day alone: the week beside it would have to
	// be searched for what was asked.
	if t.p.hasTime && t.p.time.HasDay && !sameDay(t.p.time.Day, t.now) {
		t.tellDay(t.p.time.Day)
		return
	}
	// "Are you open?" is a question for now, by the clock of the business and not of the server.
	open, until, next := t.k.openAt(t.now)
	switch {
	case open:
		t.tell("hours.open_now", "closes", t.clock(until))
	case !next.IsZero():
		// A holiday explains why a shop is closed at an hour at which its week says open.
		t.tellHoliday()
		t.tell("hours.closed_now", "opens", t.soon(next))
	// Nothing opens within two weeks. A time for it would be made up.
	default:
		t.tell("hours.closed_now_long")
	}
	if t.asksOfNow() {
		return
	}
	t.tell("hours.week")
	t.show(t.weekLines()...)
}

// nowWords are those of a question for this moment. It needs no list of the week.
var nowWords = keywords(`
	now, today, open, sasa, saa hii, sahii, leo, still, right, mko open, mpo wazi, mko wazi, bado,
	mko kazini, mpo kazini, mmefungua, mmefunga, wazi
`)

// weekWords ask for more than this moment: with one of these the list of the week follows, also
// where a word such as "open" is there.
var weekWords = keywords(`
	hours, time, times, when, days, week, saa ngapi, masaa, saa za kazi, siku, lini, muda, wiki,
	mnafungua, mnafunga, kila, weekend, wikendi
`)

// "Mmefungua?" wants a yes or no. Seven lines of hours beside it would hide the answer.
func (t *turn) asksOfNow() bool {
	if anyIn(t.p.reading.Words, closesToday) && !anyIn(t.p.reading.Words, wholeWeek) {
		return true
	}
	return anyIn(t.p.reading.Words, nowWords) && !anyIn(t.p.reading.Words, weekWords)
}

// closesToday ask until when a business is open, and wholeWeek for more than today.
var (
	closesToday = keywords("do you close, u close, you close, till what time, until what time, " +
		"closing time, mnafunga saa, leo hadi saa, leo mpaka saa, leo mpk saa, can i come, " +
		"naweza kuja, " +
		"how late are you open, you open till, mnafunga leo, nikija, nije leo, nije saa")
	wholeWeek = keywords("week*, days, siku, wiki, kila, weekend, wikendi, hours, masaa, " +
		"saa za kazi, " +
		"kawaida, usually, normally, mnafungua, opening")
)

// tellHoliday says so if today is a holiday.
func (t *turn) tellHoliday() {
	// Only a holiday that closes the whole day is told: one with hours of its own is an open day.
	if h, ok := t.k.profile.HolidayOn(t.now); ok && len(t.k.profile.OpenOn(t.now)) == 0 {
		t.tell("hours.holiday_closed", "day", t.nearDay(t.now), "name", h.Name.In(t.say.language))
	}
}

// tellDay says when the business is open on one day.
func (t *turn) tellDay(day time.Time) {
	// "The day after" of the next message counts from here.
	t.next.Day = day
	near := t.nearDay(day)
	spans := t.k.profile.OpenOn(day)
	if len(spans) > 0 {
		t.tell("hours.near", "day", near, "hours", t.spanText(spans))
		return
	}
	// The name of the holiday is said, or the customer takes the closed day for a mistake.
	if h, ok := t.k.profile.HolidayOn(day); ok && !h.Name.Empty() {
		t.tell("hours.holiday_closed", "day", near, "name", h.Name.In(t.say.language))
	} else {
		t.tell("hours.day_closed", "day", near)
	}
	if _, _, next := t.k.openAt(startOfDay(day).AddDate(0, 0, 1)); t.p.has(actHours) &&
		!next.IsZero() {
		// Only for who asks for hours. A booking on a closed day offers times of its own.
		t.tell("hours.next", "opens", t.soon(next))
	}
}

// dayAfter counts from the day that was spoken of, and not from today.
var dayAfter = keywords(`
	day after, next day, following day, siku inayofuata, kesho yake, siku ya pili yake
`)

// shiftDay counts "the day after" from the day that was spoken of last. when.Parse has no memory
// and counts from today, so that the state corrects its result: "and the day after?" behind an
// answer about Saturday is Sunday. "The day after tomorrow" says by itself from when it counts.
func (t *turn) shiftDay(p *perception) {
	if t.next.Day.IsZero() || !anyIn(p.reading.Words, dayAfter) ||
		slices.Contains(p.reading.Words, "tomorrow") {
		return
	}
	day := startOfDay(t.next.Day.In(t.k.zone)).AddDate(0, 0, 1)
	// Default: the day follows from what was said before. A booking on it is read back like any
	// other.
	r := when.Result{Certainty: when.Default, Day: day, HasDay: true}
	if clock := p.time.Start; p.hasTime && !clock.IsZero() {
		// A time of day in the message stays, on the day that was meant.
		y, m, d := day.Date()
		r.Start = time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, t.k.zone)
		r.HasTime = true
	}
	p.time, p.hasTime = r, true
}

// spanText writes the hours of a day: "08:00 to 12:00 and 14:00 to 18:00". A day may have a break:
// many clinics and shops close at noon or for prayers.
func (t *turn) spanText(spans []flowhq.Span) string {
	var all []string
	for _, s := range spans {
		// With the Swahili clock, as a single day is short enough for both ways to say an hour.
		all = append(all, t.say.first("hours.until",
			"opens", t.clock(s.From.In(t.k.zone)), "closes", t.clock(s.To.In(t.k.zone))))
	}
	return and(t.say.language, all)
}

// weekLines lists the hours of the week from Monday, days with equal hours on one line. Holidays
// are left out: the list is of any week. A run of days in one line makes seven lines two or three,
// which fit on a phone.
func (t *turn) weekLines() []string {
	type run struct {
		first, last time.Weekday
		hours       string
	}
	var runs []run
	// Go's week begins on Sunday, the list on Monday.
	for i := range 7 {
		day := time.Weekday((i + 1) % 7)
		hours := t.weekdayHours(day)
		// Equal hours are compared as they are written, so that breaks count too.
		if n := len(runs); n > 0 && runs[n-1].hours == hours {
			runs[n-1].last = day
			continue
		}
		runs = append(runs, run{day, day, hours})
	}
	var lines []string
	for _, r := range runs {
		name := when.DayName(t.say.language, r.first)
		if r.last != r.first {
			name += " – " + when.DayName(t.say.language, r.last)
		}
		lines = append(lines, "• "+name+": "+r.hours)
	}
	return lines
}

// weekdayHours writes the hours of a day of the week, without the Swahili clock: the list would
// be too long to read.
func (t *turn) weekdayHours(day time.Weekday) string {
	var all []string
	// A copy: the profile is shared by all turns and must not be sorted in place.
	hours := slices.Clone(t.k.profile.Hours)
	slices.SortStableFunc(hours, func(a, b flowhq.Opening) int {
		// Hours are "15:04" with leading zeros, so their order as texts is that of the day.
		switch {
		case a.Opens < b.Opens:
			return -1
		case a.Opens > b.Opens:
			return 1
		}
		return 0
	})
	for _, o := range hours {
		if o.Day == flowhq.DayOf(day) {
			all = append(all, o.Opens+"–"+o.Closes)
		}
	}
	if len(all) == 0 {
		return t.say.first("hours.closed")
	}
	return and(t.say.language, all)
}
