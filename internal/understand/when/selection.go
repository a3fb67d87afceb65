package when

import (
	"slices"
	"time"
)

// A selection decides which of a message's items are meant.
// People correct themselves ("kesho, no keshokutwa"), offer choices ("leo au kesho") and refuse
// ("sio ijumaa"). The selection says what is left of the items.
type selection struct {
	*parser
	// hours may be nil, where the business has not told them.
	hours Hours

	struck map[int]bool // items that were taken back

	day    item // zero kind: none was said
	either bool // several days are asked about

	clock *item // the time, or the beginning of a range
	until *item // the end of a range
	// bound is itAfter or itBefore for a range with one open end.
	bound    itemKind
	vague    bool // "around three"
	eitherAt bool // several times are asked about

	part string
	// partDay is the day that a part names by itself: "usiku huu".
	partDay time.Time
	any     bool
}

// isDay groups what can answer "which day".
func isDay(it item) bool { return it.kind == itDay || it.kind == itDays || it.kind == itMoment }

// strike takes back the items that are negated: "sio leo", "siwezi kesho", "instead of Friday".
// Two kinds of no are told apart. "Sio leo" refuses what follows. "Siwezi kesho" refuses too, but
// may be all that the customer says, so it counts only beside something else.
func (s *selection) strike() {
	s.struck = map[int]bool{}
	clause := 0
	var soft []int // what is struck unless nothing else is left
	for k, it := range s.items {
		switch {
		case it.kind == itBreak:
			clause = k + 1
		case it.kind == itNot || it.kind == itInsteadOf:
			// "Kesho sio" has its no behind the day.
			if !s.strikeNext(k) {
				soft = append(soft, s.within(clause, k, true, true)...)
			}
		case it.kind == itNo:
			// "kesho? no, friday" takes back the day before, but not its time. A no at the
			// beginning answers a question.
			days, times := s.follows(k)
			soft = append(soft, s.within(0, k, days, times)...)
		case it.kind == itCannot:
			soft = append(soft, s.within(clause, k, true, true)...)
			soft = append(soft, s.next(k)...)
		}
	}
	s.strikeSoftly(soft)
}

// strikeSoftly takes items back if others of their kind are left: "I can't come tomorrow" alone
// still names tomorrow.
// Days and times are looked at apart: a new day keeps the old time.
func (s *selection) strikeSoftly(soft []int) {
	for _, of := range []func(item) bool{isDay, isTime} {
		// left says that something of the kind would remain.
		left := false
		for k, it := range s.items {
			left = left || of(it) && !s.struck[k] && !slices.Contains(soft, k)
		}
		for _, k := range soft {
			if left && of(s.items[k]) {
				s.struck[k] = true
			}
		}
	}
}

// isTime groups what can answer "what time".
func isTime(it item) bool { return it.kind == itClock || it.kind == itPart }

// strikeNext takes back the day and the time that follow an item.
// It reports whether there was anything to take back.
func (s *selection) strikeNext(k int) bool {
	next := s.next(k)
	for _, n := range next {
		s.struck[n] = true
	}
	return len(next) > 0
}

// next returns the day and the time that follow an item within its clause, at most one of each.
// "Sio kesho saa nne, keshokutwa" takes back a day and its time. Four lexemes may lie between, such
// as "siwezi kuja hiyo kesho".
func (s *selection) next(k int) (found []int) {
	end, day, clock := s.items[k].end, false, false
	for n := k + 1; n < len(s.items); n++ {
		it := s.items[n]
		if it.kind == itBreak || it.at > end+4 {
			break
		}
		switch {
		case isDay(it):
			// A second day is what is wanted instead.
			if day {
				return found
			}
			day = true
		case isTime(it):
			if clock {
				return found
			}
			clock = true
		default:
			continue
		}
		found = append(found, n)
		end = it.end
	}
	return found
}

// within returns the days and times among the items from up to, but without, to.
// At most maxBack items are looked at.
func (s *selection) within(from, to int, days, times bool) (found []int) {
	for n := max(from, to-maxBack); n < to; n++ {
		if it := s.items[n]; days && isDay(it) || times && isTime(it) {
			found = append(found, n)
		}
	}
	return found
}

// maxBack is how many items before its word a negation may take back. It bounds the work on a
// text of nothing but negations.
const maxBack = 16

// follows reports whether a day and whether a time come soon after an item.
// A no is a correction only of what is said anew behind it.
func (s *selection) follows(k int) (day, clock bool) {
	for _, it := range s.items[k+1 : min(len(s.items), k+1+maxBack)] {
		day = day || isDay(it)
		clock = clock || it.kind == itClock
	}
	return day, clock
}

// kept returns the indexes of the items of a kind that were not taken back.
// The order is that of the message.
func (s *selection) kept(of func(item) bool) (kept []int) {
	for k, it := range s.items {
		if of(it) && !s.struck[k] {
			kept = append(kept, k)
		}
	}
	return kept
}

// linked reports whether two items stand side by side but for one of kind.
// Six lexemes at most lie between: "leo jioni au labda kesho".
func (s *selection) linked(a, b int, kind itemKind) bool {
	for n := a + 1; n < b; n++ {
		if s.items[n].kind == kind {
			return s.items[b].at-s.items[a].end <= 6
		}
	}
	return false
}

// has looks at struck items as well: a connector is never struck.
func (s *selection) has(kind itemKind) bool {
	for _, it := range s.items {
		if it.kind == kind {
			return true
		}
	}
	return false
}

// chooseDay takes the last day that is not past, and asks where days are alternatives or do not
// agree.
// The cases go from what is said in so many words (a range, a choice) to what two days beside one
// another mean. Only then does the last day replace the first.
func (s *selection) chooseDay() {
	days := s.kept(isDay)
	for n, k := range days {
		it := s.items[k]
		// "Jana nilikuja, nataka kesho" is about tomorrow.
		if it.past && n < len(days)-1 || s.day.kind != 0 &&
			(it.past || it.kind == itMoment && it.why == "now") {
			continue
		}
		// The first day counts until another replaces it.
		if s.day.kind == 0 || s.day.past || s.day.why == "now" {
			s.day = it
			s.around(k)
			continue
		}
		prev := days[n-1]
		between := func(kind itemKind) bool { return s.linked(prev, k, kind) }
		if between(itTo) && it.weekday && it.day.Before(s.day.day) {
			it.day = addDays(it.day, 7) // "Monday to Friday", said on a Wednesday
		}
		switch {
		// "Move it from Monday to Friday" is no range.
		case between(itTo) && !s.has(itMove) && it.kind == itDay && it.day.After(s.day.day):
			s.day = item{kind: itDays, day: s.day.day, last: addDays(it.day, 1)}
		// Both must be free for an "and", so it is asked about too.
		case between(itOr), between(itAnd) && s.items[prev].kind == itDay &&
			!it.day.Equal(s.day.day):
			s.either = true
		// The same day twice is surer than once.
		case it.day.Equal(s.day.day) && it.kind == s.day.kind:
			s.day.soft = s.day.soft && it.soft
		// Weekday and date agree, so the date is taken: it may be weeks ahead.
		case s.day.weekday && it.kind == itDay && !it.weekday && !it.unfit && !between(itBreak) &&
			it.day.Weekday() == s.day.day.Weekday():
			s.day = it // "Wednesday 11 March"
		case it.weekday && s.day.kind == itDay && !s.day.unfit && !between(itCorrection) &&
			it.day.Weekday() == s.day.day.Weekday():
			// "11 March, Wednesday"
		case s.day.kind == itDays && it.kind == itDay && !it.day.Before(s.day.day) &&
			it.day.Before(s.day.last):
			s.day = it // "this weekend, Saturday"
		// "Friday 12 March", which is a Thursday, must be asked about: either may be the slip.
		case it.kind == itDay && s.day.kind == itDay && !it.unfit && !s.day.unfit &&
			s.beside(prev, k) && !s.has(itMove):
			s.day = item{kind: itDay, unfit: true,
				why: "the day of the week is not that of the date"}
		default:
			s.day = it
			s.either = false
			s.around(k)
		}
	}
}

// beside reports whether two days are said as one: "Saturday the 5th", "kesho ni ijumaa".
// At most one small word lies between.
func (s *selection) beside(a, b int) bool {
	gap := s.items[b].at - s.items[a].end
	return gap == 0 || gap == 1 && s.raw(s.items[a].end, "the", "on", "ni", "ya", "is", "siku",
		"-", "(", "which")
}

// around reads what stands before a day: "before Friday", "after Friday".
// "By Friday" includes the Friday, "before Friday" does not.
func (s *selection) around(k int) {
	it := s.items[k]
	if k == 0 || it.kind != itDay || it.unfit || it.at-s.items[k-1].end > 1 {
		return
	}
	switch before := s.items[k-1]; {
	case before.kind == itBefore && it.day.After(s.today) && !s.raw(before.at, "by"):
		s.day = item{kind: itDays, day: s.today, last: it.day, why: "before a day"}
	// A week after the day is offered.
	case before.kind == itAfter:
		s.day = item{kind: itDays, day: addDays(it.day, 1), last: addDays(it.day, 8),
			why: "after a day"}
	}
}

// chooseClock takes the last time, or the range that two make.
// "Saa nne, no saa tano" takes the five. A range needs a joining word, or two times are a
// correction.
func (s *selection) chooseClock() {
	clocks := s.kept(func(it item) bool { return it.kind == itClock })
	for n, k := range clocks {
		it := &s.items[k]
		if n > 0 && s.clock != nil {
			prev := clocks[n-1]
			switch {
			// The later time replaces the earlier below.
			case s.linked(prev, k, itCorrection) || s.linked(prev, k, itNo):
			// Moving a booking "from 2 to 4" names the new time last.
			case s.linked(prev, k, itTo) && !s.has(itMove) && s.until == nil:
				s.until = it
				s.bound = 0
				continue
			case s.linked(prev, k, itAnd) && s.has(itBetween) && s.until == nil:
				s.until = it
				s.bound = 0
				continue
			case s.linked(prev, k, itOr), s.linked(prev, k, itAnd):
				s.eitherAt = true
				continue
			}
		}
		// A new time takes nothing over from the one before.
		s.clock, s.until, s.bound, s.eitherAt, s.vague = it, nil, 0, false, it.soft
		s.boundOf(k)
	}
}

// boundOf reads what stands before a time: "after three", "kuanzia saa nane", "around two".
// English puts "around" before the time, Swahili "hivi" behind it.
func (s *selection) boundOf(k int) {
	after := k + 1
	if after < len(s.items) && s.items[after].kind == itPart {
		after++ // "saa tano asubuhi hivi"
	}
	if after < len(s.items) && s.items[after].kind == itAbout &&
		s.items[after].at == s.items[after-1].end {
		s.vague = true
	}
	// Two items suffice for "after about three".
	for n := k - 1; n >= 0 && n >= k-2; n-- {
		b := s.items[n]
		if s.items[k].at-b.end > 1 {
			return
		}
		if b.kind == itAbout {
			s.vague = true
			continue
		}
		if b.kind == itFrom || b.kind == itAfter {
			s.bound = itAfter
		} else if b.kind == itBefore || b.kind == itTo {
			s.bound = itBefore
		}
		return
	}
}

// choosePart takes the last part of the day.
// The part beside the time is the time's own. Others are taken for a choice that the time has
// settled.
func (s *selection) choosePart() {
	parts := s.kept(func(it item) bool { return it.kind == itPart })
	adjacent := -1
	for _, k := range parts {
		if it := s.items[k]; s.clock != nil &&
			(it.at == s.clock.end || s.until != nil && it.at == s.until.end) {
			adjacent = k
		}
	}
	for _, k := range parts {
		it := s.items[k]
		if s.clock != nil && s.clock.clock.half != 0 &&
			(s.until == nil || s.until.clock.half != 0) {
			// "tomorrow 4pm in the evening" needs no part
			if it.day.IsZero() {
				continue
			}
		}
		if s.clock != nil && adjacent >= 0 && k != adjacent {
			continue // "saa nane mchana au jioni"
		}
		s.part = it.part
		if !it.day.IsZero() {
			s.partDay = it.day
		}
	}
	// "Wakati wowote" leaves the time open.
	s.any = s.has(itAny)
	if s.day.kind == 0 && !s.partDay.IsZero() {
		s.day = item{kind: itDay, day: s.partDay}
	}
}
