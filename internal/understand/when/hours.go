package when

import (
	"slices"
	"time"
)

// Without opening hours, people are taken to mean the day.
const (
	// They choose between two readings of a clock and end an open range. Nothing is called closed
	// by them.
	usuallyOpens = 7 * h
	usuallyShuts = 19 * h
)

// maxClosedDays is how far ahead the next open time is looked for.
// A business that is closed for two weeks has nothing near to offer.
const maxClosedDays = 14

// lastEntry is how long before closing time is the latest that is offered.
// A slot at closing time is of use to nobody.
const lastEntry = 30 * time.Minute

// maxNearest is how many open times are offered for a closed one.
const maxNearest = 3

// A nil Hours is a business that has not told them.
func (s *selection) known() bool { return s.hours != nil && s.hours.Known() }

// open reports whether the business is open at t. It is not at its closing time.
func (s *selection) open(t time.Time) bool {
	return !s.known() || s.isWithin(t)
}

// Only the spans of the day of t are looked at.
func (s *selection) isWithin(t time.Time) bool {
	for _, span := range s.hours.Open(midnight(t)) {
		if !t.Before(span.From) && t.Before(span.To) {
			return true
		}
	}
	return false
}

// A weekday or holiday on which the business is closed.
func (s *selection) opensNever(day time.Time) bool { return len(s.hours.Open(day)) == 0 }

// pick chooses which of its times a clock means on a day: one that is open and ahead, else one
// that is ahead, else the nearest to when the business is open. It may be after midnight of the
// next day. Hopeful is false where a passed time is looked at as if the day were another.
// The points make an order of wishes: open before ahead, ahead before what people say more often.
// Among closed times the nearest to the opening hours wins, so that "saa 2" asked of a shop that
// is open from nine to five means 8:00 and not 20:00.
func (s *selection) pick(day time.Time, hopeful bool) (t time.Time, exact, open bool) {
	part := s.part
	// The ends of a range are chosen together.
	if s.until != nil {
		from, _ := s.pair(day)
		return from, true, s.open(from)
	}
	// At most two candidates are compared.
	minutes, exact := s.clock.clock.candidates(part)
	if s.clock.clock.swahili && s.clock.clock.digits && exact && part != "" {
		minutes, exact = s.reconsider(day, minutes)
	}
	best, score := time.Time{}, -1<<62
	for n, m := range minutes {
		at := onDay(day, m)
		if part == "night" || part == "smallhours" {
			// "Usiku saa nane", said in the evening, is the night that begins.
			if m < 6*h && day.Equal(s.today) {
				at = onDay(day, m+24*h) // the night that comes
			}
		}
		// Candidates come in order of likelihood, which decides where nothing else does.
		points := -n
		if s.openOrUsual(at) {
			points += 1000
			if at.After(s.now) {
				points += 1000
			}
		} else {
			points -= int(s.away(at) / time.Minute / 60)
		}
		if hopeful && at.After(s.now) {
			points += 500
		}
		if points > score {
			best, score = at, points
		}
	}
	return best, exact, s.open(best)
}

// reconsider takes an hour in digits by the western clock if only that is open: "saa 11 asubuhi"
// is five in the morning by the Swahili one.
// Such a customer writes "saa" and counts the western way. The result is no longer exact and is
// read back.
func (s *selection) reconsider(day time.Time, minutes []int) ([]int, bool) {
	if !s.known() {
		return minutes, true
	}
	for _, m := range minutes {
		if s.isWithin(onDay(day, m)) {
			return minutes, true
		}
	}
	c := s.clock.clock
	// The copy is changed, not the item.
	c.swahili = false
	west, exact := c.candidates(s.part)
	if !exact {
		return minutes, true
	}
	for _, m := range west {
		if s.isWithin(onDay(day, m)) {
			return west, false
		}
	}
	return minutes, true
}

// Without hours, seven to seven stands for them.
func (s *selection) openOrUsual(t time.Time) bool {
	if s.known() {
		return s.isWithin(t)
	}
	m := t.Hour()*h + t.Minute()
	return m >= usuallyOpens && m < usuallyShuts
}

// away is how far a time is from the opening hours of its day, or from noon if there are none.
// Hours go into the points of pick, so a minute more or less does not matter.
func (s *selection) away(t time.Time) time.Duration {
	least := time.Duration(-1)
	if s.known() {
		for _, span := range s.hours.Open(midnight(t)) {
			for _, edge := range []time.Time{span.From, span.To} {
				if d := t.Sub(edge).Abs(); least < 0 || d < least {
					least = d
				}
			}
		}
	}
	if least < 0 {
		least = t.Sub(onDay(midnight(t), 12*h)).Abs()
	}
	return least
}

// pair chooses the beginning and end of a range, so that the end is the next such time after the
// beginning and both are open if they can be.
// "2-4" are four readings of two clocks. The shortest range that is open wins: a customer names an
// afternoon, not fourteen hours.
func (s *selection) pair(day time.Time) (from, to time.Time) {
	first, last := s.clock.clock, s.until.clock
	if first.half == 0 && last.half != 0 && last.half != 'x' && !first.swahili {
		same := first
		same.half = last.half // "2-4pm", but "10-2pm" crosses noon
		if a, _ := same.candidates(""); a[0] < mustFirst(last) {
			first = same
		}
	}
	part := s.part
	starts, _ := first.candidates("")
	ends, _ := last.candidates(part)
	score := -1 << 62
	for _, a := range starts {
		for _, b := range ends {
			// The end lies after the beginning, if need be on the next day.
			if b <= a {
				b += 24 * h
			}
			x, y := onDay(day, a), onDay(day, b)
			// The length counts against a range, in minutes; being open outweighs it.
			points := -(b - a)
			if s.openOrUsual(x) {
				points += 5000
			}
			// A range may end exactly at closing time.
			if s.openOrUsual(y.Add(-time.Minute)) {
				points += 2000
			}
			if points > score {
				from, to, score = x, y, points
			}
		}
	}
	return from, to
}

// Every clock has a candidate.
func mustFirst(c clock) int {
	m, _ := c.candidates("")
	return m[0]
}

// opens and shuts are the edges of a day.
// On a closed day the usual hours stand in, and cutToHours finds out.
func (s *selection) opens(day time.Time) time.Time {
	if s.known() {
		if spans := s.hours.Open(day); len(spans) > 0 {
			return spans[0].From
		}
	}
	return onDay(day, usuallyOpens)
}

func (s *selection) shuts(day time.Time) time.Time {
	if s.known() {
		if spans := s.hours.Open(day); len(spans) > 0 {
			return spans[len(spans)-1].To
		}
	}
	return onDay(day, usuallyShuts)
}

// closed says that a business is closed at a time, and finds open times near it.
// The day and time stay in the result, so that the reply can name them.
func (s *selection) closed(r *Result, at time.Time) {
	r.Certainty, r.Why = Closed, "outside the opening hours"
	r.Nearest = s.nearest(at)
}

// nearest returns open times around one: the last before it on its day or the day before, and
// the next two beginnings of opening hours after it.
// 16 days bound the search, of which the day before may have a late opening.
func (s *selection) nearest(at time.Time) []time.Time {
	if !s.known() {
		return nil
	}
	var before, after []time.Time
	for n := -1; n <= maxClosedDays; n++ {
		for _, span := range s.hours.Open(addDays(midnight(at), n)) {
			switch last := span.To.Add(-lastEntry); {
			case span.From.After(at):
				if span.From.After(s.now) {
					after = append(after, span.From)
				}
			case last.After(s.now) && !last.Before(span.From) && last.Before(at):
				before = append(before, last)
			}
		}
	}
	// One before and two after: people rather come later than earlier.
	near := append(before[max(0, len(before)-1):], after[:min(len(after), 2)]...)
	slices.SortStableFunc(near, func(a, b time.Time) int {
		return int((a.Sub(at).Abs() - b.Sub(at).Abs()) / time.Minute)
	})
	return near[:min(len(near), maxNearest)]
}
