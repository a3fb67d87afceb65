package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
	"github.com/flowhq/flowhq/internal/understand/when"
)

const (
	// defaultMinutes is how long a service takes whose owner has not told. A longer guess would
	// hide times that are free.
	defaultMinutes = 30
	// maxVisitMinutes bounds one booking: two days, as the table does. A longer one fails in the
	// database after the customer was told that it is booked.
	maxVisitMinutes = 2 * 24 * 60
	// slotEvery is the distance between the times that are offered. Owners plan by the half hour,
	// and customers ask by it.
	slotEvery = 30 * time.Minute
	// maxSlots is how many times are offered at once. Four fit one message of a phone, with a
	// number of one digit each.
	maxSlots = 4
	// daysSearched is how far a free time is looked for.
	daysSearched = 14

// The bound keeps the search short: each time of each day is held against the bookings.
)

// minutes is how long a service takes. A visit of more fails in the table's check.
func (t *turn) minutes(service string) int {
	if s := t.k.service[service]; s != nil && s.Minutes > 0 {
		return min(s.Minutes, maxVisitMinutes)
	}
	return defaultMinutes
}

// isOpen reports whether the business is open for the whole of a visit. Hours that were not told
// close nothing. The owner may work by appointment only.
func (t *turn) isOpen(start time.Time, minutes int) bool {
	if !t.k.profile.HoursTold() {
		return true
	}
	end := start.Add(time.Duration(minutes) * time.Minute)
	// Yesterday's hours may go past midnight.
	for _, offset := range []int{-1, 0} {
		for _, s := range t.k.profile.OpenOn(startOfDay(start.In(t.k.zone)).AddDate(0, 0, offset)) {
			if !start.Before(s.From) && !end.After(s.To) {
				return true
			}
		}
	}
	return false
}

// hasRoom reports whether fewer bookings than the capacity overlap a visit at any moment of it.
// What the customer holds or moves does not count. The rule in the database is the last word: two
// customers may take the last place at once, and the one who loses is decided again. This one only
// keeps the bot from offering what is taken. The customer's own hold would make the slot look full
// to the customer who holds it.
func (t *turn) hasRoom(start time.Time, minutes int, v *Visit) bool {
	end := start.Add(time.Duration(minutes) * time.Minute)
	var own []flowhq.Span
	for _, b := range t.in.Calendar.Bookings {
		// The bookings of several people share a number with a suffix.
		if v != nil && b.Number != "" && (slices.Contains(strings.Split(v.Moves, ","),
			b.Number) || v.Number != "" &&
			(b.Number == v.Number || strings.HasPrefix(b.Number, v.Number+"-"))) {
			own = append(own, flowhq.Span{From: b.StartsAt, To: b.EndsAt})
		}
	}
	var overlapping []flowhq.Span
	for _, s := range t.in.Calendar.Taken {
		if !s.From.Before(end) || !s.To.After(start) {
			continue
		}
		// One place of the customer's own is taken out for each booking of theirs, as another
		// customer's may have the same times.
		if i := indexOfSpan(own, s); i >= 0 {
			own = append(own[:i:i], own[i+1:]...)
			continue
		}
		overlapping = append(overlapping, s)
	}
	// The most that overlap is reached at the beginning of the visit or of one of them. Between two
	// beginnings the number can only fall, so that these few moments are enough.
	moments := []time.Time{start}
	for _, s := range overlapping {
		moments = append(moments, s.From)
	}
	for _, m := range moments {
		if m.Before(start) {
			continue
		}
		n := 0
		for _, s := range overlapping {
			if !m.Before(s.From) && m.Before(s.To) {
				n++
			}
		}
		// Who comes in company needs a place for each.
		if v != nil {
			n += v.places() - 1
		}
		if n >= t.k.capacity() {
			return false
		}
	}
	return true
}

// indexOfSpan compares instants, as the two may come from different zones.
func indexOfSpan(all []flowhq.Span, s flowhq.Span) int {
	for i, a := range all {
		if a.From.Equal(s.From) && a.To.Equal(s.To) {
			return i
		}
	}
	return -1
}

// fits reports whether a visit can be had at a time. Not in the past either: "today at nine" may be
// said at ten.
func (t *turn) fits(start time.Time, minutes int) bool {
	return start.After(t.now) && t.isOpen(start, minutes) &&
		t.hasRoom(start, minutes, t.next.Booking)
}

// slots lists free times of a day from a time until another; zero times are those of the day. They
// lie on the half hours of the opening and not of the clock: a shop that opens at 8:15 works from
// then.
func (t *turn) slots(day time.Time, minutes int, from, to time.Time) []time.Time {
	var free []time.Time
	for _, s := range t.k.profile.OpenOn(day) {
		for at := s.From.In(t.k.zone); at.Before(s.To); at = at.Add(slotEvery) {
			// to is not in it: "in the morning" ends before noon.
			if !from.IsZero() && at.Before(from) || !to.IsZero() && !at.Before(to) {
				continue
			}
			if t.fits(at, minutes) {
				free = append(free, at)
			}
		}
	}
	return free
}

// spread takes a few times out of many, evenly: one of the morning, one of the evening. The first
// four would all be of the morning, and who works then would find none.
func spread(free []time.Time, n int) []time.Time {
	if len(free) <= n {
		return free
	}
	var few []time.Time
	for i := range n {
		// The first and the last free time are always among them.
		few = append(few, free[i*(len(free)-1)/(n-1)])
	}
	return few
}

// offerDay offers free times of the day that was said, or of the part of it. A day without a time
// is the commonest wish, and a list is quicker than a question for the hour.
func (t *turn) offerDay(v *Visit, r when.Result, said bool) {
	day := t.nearDay(v.Day)
	// Without hours every time may be free, and a list of it would be made up.
	if !t.k.profile.HoursTold() {
		t.ask(Ask{For: askWhen}, "book.time", "day", day)
		return
	}
	// The day is told as closed, or the customer tries another hour of it.
	if len(t.k.profile.OpenOn(v.Day)) == 0 {
		t.tellDay(v.Day)
		t.offerNearest(v.Day)
		return
	}
	var from, to time.Time
	// "Asubuhi" narrows the list. A time that was said exactly does not come here.
	if said && r.Certainty == when.Part {
		from, to = r.Start, r.End
	}
	free := t.slots(v.Day, t.visitMinutes(v), from, to)
	// Nothing in the morning: the rest of the day is nearer to the wish than another day.
	if len(free) == 0 && !from.IsZero() {
		free = t.slots(v.Day, t.visitMinutes(v), time.Time{}, time.Time{})
	}
	if len(free) == 0 {
		t.tell("book.full", "day", day)
		t.offerNearest(v.Day)
		return
	}
	free = spread(free, maxSlots)
	var options []Option
	for _, at := range free {
		options = append(options, timeOption(at, t.clock(at)))
	}
	// Which of several services the times are for, where the message has just said.
	other := v.Service != "" && slices.ContainsFunc(t.named(t.k.services, t.p.text),
		func(m entity.NameMatch) bool {
			return m.Exact && !t.p.takesBack(m) && !slices.Contains(v.services(), m.ID)
		})
	if len(t.in.Message.Text) > 0 && (other || len(v.services()) > 1 && t.in.State.Ask.For != askWhen) {
		t.tell("book.visit_for", "service", t.visitName(v))
	}
	t.tellLead("book.free", "day", day)
	t.askOf(Ask{For: askWhen}, options, "book.free_which")
}

// offerInstead says why a time cannot be had and offers the nearest that can. The time that was
// wanted is the visit's, else the message's, else only a day.
func (t *turn) offerInstead(key string, pairs ...string) {
	v := t.next.Booking
	wanted := v.Start
	if wanted.IsZero() {
		wanted = t.p.time.Start
	}
	if wanted.IsZero() {
		wanted = v.Day
	}
	if wanted.IsZero() {
		wanted = t.p.time.Day
	}
	t.tell(key, pairs...)
	t.offerNearest(wanted)
}

// offerNearest offers the free times that are nearest to one that cannot be had. One before and
// some after: most who cannot come at ten can come at half past.
func (t *turn) offerNearest(wanted time.Time) {
	// Without a time, or with one that has passed, the search begins now.
	if wanted.IsZero() || wanted.Before(t.now) {
		wanted = t.now
	}
	wanted = wanted.In(t.k.zone)
	minutes := t.visitMinutes(t.next.Booking)
	var before, after []time.Time
	for _, at := range t.slots(startOfDay(wanted), minutes, time.Time{}, time.Time{}) {
		if at.Before(wanted) {
			before = append(before, at)
		} else {
			after = append(after, at)
		}
	}
	// Later days are looked at only until there are enough: each day is a walk through all
	// bookings.
	for i := 1; i <= daysSearched && len(after) < maxSlots-1; i++ {
		day := startOfDay(wanted).AddDate(0, 0, i)
		after = append(after, t.slots(day, minutes, time.Time{}, time.Time{})...)
	}
	free := firstOf(after, maxSlots-1)
	if len(before) > 0 {
		free = append([]time.Time{before[len(before)-1]}, free[:min(len(free), maxSlots-2)]...)
	}
	if len(free) == 0 {
		// Nothing is free: the customer may know a day further away than the search goes.
		t.ask(Ask{For: askWhen}, "book.when")
		return
	}
	var options []Option
	for _, at := range free {
		options = append(options, timeOption(at, t.at(at)))
	}
	t.askOf(Ask{For: askWhen}, options, "book.nearest")
}

// takeFirst takes the first free time for who wants the earliest: on the day that was said, else
// from now on. It is read back like any other.
// now on. It is read back like any other. A list was shown before, and who had asked for the
// earliest had to choose it from there.
func (t *turn) takeFirst(v *Visit) bool {
	day, days := startOfDay(t.now), daysSearched
	if !v.Day.IsZero() {
		// A day that was said is the only one looked at.
		day, days = v.Day, 0
	}
	for i := 0; i <= days; i++ {
		free := t.slots(day.AddDate(0, 0, i), t.visitMinutes(v), time.Time{}, time.Time{})
		if len(free) > 0 {
			v.Day, v.Start = startOfDay(free[0]), free[0]
			return true
		}
	}
	return false
}

// takeHour takes a number for the hour that was asked for, or that a booking is to have instead:
// "10" after "at what time?", "make it 5". It is read on the clock of the language. "Saa nne" is
// ten o'clock in Swahili, and so is "4" in a Swahili chat.
func (t *turn) takeHour() bool {
	v, p := t.next.Booking, &t.p
	// What has more in it is no bare hour: a name, a question or another wish.
	if v == nil || v.Day.IsZero() || p.hasTime || p.names() || p.asks ||
		len(p.reading.Words) > maxHourWords || p.has(infoActs...) || !p.tellsOnlyNumber(hourWords) {
		return false
	}
	if !t.readHour() {
		return false
	}
	t.did(actBook)
	t.fillVisit()
	t.continueBooking()
	return true
}

// hourWords may stand beside a number that tells an hour.
var hourWords = listOf("hour")

// tellsOnlyNumber reports whether a message has one number, and else only some words that may stand
// beside one. "2 shirts" moved a visit to two o'clock, and "mashati mawili" to eight: what the bot
// does not know may be anything, and no hour.
func (p *perception) tellsOnlyNumber(beside []keyword) bool {
	numbers := 0
	for _, w := range p.reading.Words {
		_, err := strconv.Atoi(w)
		switch {
		case err == nil || token.Spelled(w):
			numbers++
		case !hasWord(beside, w):
			return false
		}
	}
	// "10.30" and "kumi na moja" are two words.
	return numbers > 0
}

// readHour reads the one number of a message as an hour of the day that is spoken of. The day stays
// the one that was agreed to.
func (t *turn) readHour() bool {
	p := &t.p
	hour := hourMinute.FindString(p.text)
	switch {
	case hour != "":
	case p.isChoice:
		hour = strconv.Itoa(p.choice)
	case len(p.entities.Numbers) == 1:
		hour = strconv.Itoa(p.entities.Numbers[0].Value)
	}
	return t.setHour(hour)
}

// setHour reads an hour as it is written on the day that is spoken of. It is false for what is no
// hour.
func (t *turn) setHour(hour string) bool {
	p := &t.p
	hour = strings.Replace(hour, ".", ":", 1)
	// Up to 24, as some write 17 and some 5. What is no hour is left to the next reading.
	if h, err := strconv.Atoi(strings.Split(hour, ":")[0]); err != nil || h < 1 || h > 24 {
		return false
	}
	// The words make when.Parse read it by the clock of the language, with all that it knows of
	// opening hours and part of day.
	text := "at " + hour
	if t.say.language == flowhq.Swahili {
		text = "saa " + hour
	}
	r, ok := t.timeIn(text)
	if !ok || !r.HasTime {
		return false
	}
	// when.Parse has guessed the day, which is known.
	r.HasDay = false
	p.time, p.hasTime = r, true
	return true
}

// chosenHour is the offered time whose full hour the message names, with more words behind it: "ok
// 10 then. both of them at the same time". Read as any message, such an answer was not understood.
func (t *turn) chosenHour() (Option, bool) {
	m := saidHour.FindStringSubmatch(t.p.text)
	if m == nil || t.p.asks || t.p.isChoice || t.p.hasTime {
		return Option{}, false
	}
	var chosen []Option
	for _, o := range t.next.Ask.Options {
		at, ok := parseTime(o.Value, t.k.zone)
		if o.Do == doTime && ok && at.Minute() == 0 && m[1] == strconv.Itoa((at.Hour()+11)%12+1) {
			chosen = append(chosen, o)
		}
	}
	if len(chosen) != 1 {
		return Option{}, false
	}
	return chosen[0], true
}

// saidHour is a number that is said as an hour: at the beginning, or behind a word for it, and with
// nothing behind it that it could count.
var saidHour = regexp.MustCompile(`(?i)^(?:(?:ok|okay|sawa|yes|ndio|basi|at|make it|` +
	`the)\s+)*(\d{1,2})` +
	`\s*(?:$|[.,;!]+(?:\s|$)|\n|(?:then|please|pls|basi|is|works|itafaa|inafaa|sawa|ni|` +
	`tafadhali)\b)`)

// hourMinute is a time of day that nothing but the question for it tells from an amount. "10.30"
// may be a price: behind the question for a time it is none.
var hourMinute = regexp.MustCompile(`\b\d{1,2}[.:][0-5]\d\b`)

// maxHourWords is how many words a message has at most whose number is an hour. "Let's say 5 in the
// evening" has five or so. More words have another subject.
const maxHourWords = 5

// timeOption and parseTime belong together: the value is stored in the State, and must not depend
// on language or zone.
func timeOption(at time.Time, label string) Option {
	return Option{Do: doTime, Value: at.Format(time.RFC3339), Label: label}
}

// parseTime reads the time of an option in the zone of the business. It is not ok for a text that
// is no time, as an older program may have stored one.
func parseTime(value string, zone *time.Location) (time.Time, bool) {
	at, err := time.ParseInLocation(time.RFC3339, value, zone)
	return at.In(zone), err == nil
}

// chooseTime takes a time that was offered. It may have been taken since. continueBooking looks
// again before it is read back.
func (t *turn) chooseTime(at time.Time) {
	t.did(actBook)
	at = at.In(t.k.zone)
	if t.next.Booking == nil {
		t.next.Booking = &Visit{}
	}
	// Left there, the time of the message would replace the one that was chosen.
	t.p.hasTime = false // what was said has led to the offer
	t.next.Booking.Day, t.next.Booking.Start = startOfDay(at), at
	t.continueBooking()
}
