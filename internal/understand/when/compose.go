package when

import (
	"time"
)

// result puts day and time together.
// Nothing of time gives false, so that the caller reads the message for something else. Whatever is
// doubtful gives Ask, which books nothing.
func (s *selection) result() (Result, bool) {
	if s.day.kind == 0 && s.clock == nil && s.part == "" && !s.any {
		return Result{}, false
	}
	// "Sasa hivi" beside a time ("sasa saa kumi") leaves the time to decide.
	if s.day.kind == itMoment && !s.day.unfit && (s.clock == nil || s.day.why != "now") {
		return s.moment(), true
	}
	r := Result{Certainty: Ask, Passed: s.day.past, Why: s.day.why}
	switch {
	// "Kesho au keshokutwa" is asked about, but its time is kept.
	case s.either:
		r.Why = "several days"
		s.timeOnly(&r)
	// "31 Aprili saa 4" must not lose the four o'clock while the day is asked for.
	case s.day.unfit:
		s.timeOnly(&r)
	case s.day.kind == 0:
		s.withoutDay(&r)
	// A week or weekend is offered as slots.
	case s.day.kind == itDays && s.clock == nil:
		s.several(&r)
	case s.day.kind == itDays:
		s.timeOnly(&r)
		r.Why = "a time, but several days"
	default:
		s.onDay(&r, s.day.day)
	}
	return r, true
}

// moment is so long from now.
// A moment needs no clock: both halves of the day are settled by now.
func (s *selection) moment() Result {
	r := Result{Certainty: Exact, Day: s.day.day, HasDay: true, HasTime: true, Start: s.day.last,
		Why: s.day.why}
	switch {
	case !s.open(r.Start):
		s.closed(&r, r.Start)
	case s.day.soft:
		r.Certainty = Default
	}
	return r
}

// timeOnly keeps the time of a message whose day must be asked for.
// Today stands for the day that is still to come.
func (s *selection) timeOnly(r *Result) {
	if s.clock == nil || s.eitherAt {
		return
	}
	start, _, _ := s.pick(s.today, true)
	r.HasTime, r.Start = true, start
}

// withoutDay asks for the day of a time. If the time has passed today, tomorrow is the likely one.
// "Saa 4 asubuhi" alone, written at noon, is tomorrow's: the day is named in the question, not
// booked.
func (s *selection) withoutDay(r *Result) {
	r.Why = "a time without a day"
	if s.eitherAt {
		r.Why = "several times"
		return
	}
	day := s.today
	// "Jioni" without a day means today's, as long as it is not over.
	if s.clock == nil {
		start, end := s.partSpan(day)
		if !start.IsZero() && !end.After(s.now) {
			day = addDays(day, 1)
			r.Day, r.HasDay, r.Likely = day, true, true
			r.Why = "the part of the day has passed today"
			start, end = s.partSpan(day)
		}
		r.Start, r.End = start, end
		return
	}
	// Today is tried first. If the time has passed, the next day is.
	start, _, _ := s.pick(day, false)
	if !start.After(s.now) {
		day = addDays(day, 1)
		start, _, _ = s.pick(day, false)
		r.Day, r.HasDay, r.Likely, r.Why = day, true, true, "the time has passed today"
	}
	r.HasTime, r.Start = true, start
	if s.until != nil || s.bound != 0 {
		if from, to := s.rangeOn(day, start); to.After(from) {
			r.HasTime, r.Start, r.End = false, from, to
		}
	}
}

// several offers the days of a week or weekend.
// 31 days bound the loop: "kabla ya Krismasi" may be ten months.
func (s *selection) several(r *Result) {
	r.Certainty, r.Why = Part, "several days"
	r.Day, r.HasDay = s.day.day, true
	r.Start, r.End = later(s.day.day, s.now), s.day.last
	// Without hours the whole span is offered, and the slots decide.
	if !s.known() {
		return
	}
	var first, last time.Time
	for day := s.day.day; day.Before(s.day.last) &&
		day.Before(addDays(s.day.day, 31)); day = addDays(day, 1) {
		for _, span := range s.hours.Open(day) {
			// What has passed of today is left out.
			if span.To.After(s.now) {
				if first.IsZero() {
					first = later(span.From, s.now)
				}
				last = span.To
			}
		}
	}
	if first.IsZero() {
		s.closed(r, r.Start)
		r.Start, r.End = time.Time{}, time.Time{}
		return
	}
	r.Day, r.Start, r.End = midnight(first), first, last
}

// onDay puts a time or a part on a day.
// The day is settled here. What is left is the time, of which the surest kind wins.
func (s *selection) onDay(r *Result, day time.Time) {
	r.Day, r.HasDay = day, true
	r.Certainty = Exact
	if s.day.soft {
		r.Certainty = Default
	}
	switch {
	case s.eitherAt:
		r.Certainty, r.Why = Ask, "several times"
	case s.clock == nil && (s.part != "" || s.any):
		s.partOn(r, day)
	// A day alone stays Exact: the bot then asks for the time.
	case s.clock == nil:
		r.Why = "a day without a time"
		if s.known() && s.opensNever(day) {
			s.closed(r, onDay(day, 12*h))
		}
	default:
		s.timeOn(r, day)
	}
}

// Three things may be wrong with a time: it is only likely, it has passed, or the business is
// closed. A passed time is the worst, so it is looked at before closed.
func (s *selection) timeOn(r *Result, day time.Time) {
	start, exact, open := s.pick(day, true)
	if s.until != nil || s.bound != 0 {
		s.rangeResult(r, day, start)
		return
	}
	r.HasTime, r.Start = true, start
	r.Why = "a day and a time"
	if !exact || s.vague {
		r.Certainty, r.Why = Default, "the opening hours tell which half of the day is meant"
	}
	if !start.After(s.now) {
		s.passed(r, start)
		return
	}
	if !open {
		s.closed(r, start)
	}
}

// passed asks about a time that lies before now. On the weekday of today it may be next week's.
func (s *selection) passed(r *Result, start time.Time) {
	r.Certainty, r.Passed, r.Why = Ask, true, "the time has passed"
	if s.day.today {
		r.Day = addDays(r.Day, 7)
		y, m, d := r.Day.Date()
		r.Start = time.Date(y, m, d, start.Hour(), start.Minute(), 0, 0, start.Location())
		r.Passed = false
	}
}

// "Kuanzia saa nane" and "2 to 4" are offered as slots, never booked whole.
func (s *selection) rangeResult(r *Result, day, start time.Time) {
	from, to := s.rangeOn(day, start)
	r.Certainty, r.Start, r.End, r.Why = Part, from, to, "a range of times"
	if s.known() {
		s.cutToHours(r, day)
	}
	s.cutToNow(r)
}

// rangeOn returns the beginning and end of a range that the clock at start bounds.
// An open end is filled with the edge of the day.
func (s *selection) rangeOn(day, start time.Time) (from, to time.Time) {
	switch {
	case s.until != nil:
		return s.pair(day)
	// "Before three" begins when the business opens.
	case s.bound == itBefore:
		return s.opens(day), start
	}
	return start, s.shuts(day)
}

// partOn offers a part of a day.
// "Kesho jioni" offers the open slots of the evening.
func (s *selection) partOn(r *Result, day time.Time) {
	r.Certainty, r.Why = Part, "a part of the day"
	r.Start, r.End = s.partSpan(day)
	if s.known() {
		s.cutToHours(r, day)
	}
	s.cutToNow(r)
}

// cutToHours shortens a span to the opening hours, and says so if nothing of it is open.
// A break at noon stays within the span: the slots leave it out themselves.
func (s *selection) cutToHours(r *Result, day time.Time) {
	var from, to time.Time
	for _, span := range s.hours.Open(day) {
		a, b := later(span.From, r.Start), span.To
		// The earlier of both ends.
		if r.End.Before(b) {
			b = r.End
		}
		if a.Before(b) {
			if from.IsZero() {
				from = a
			}
			to = b
		}
	}
	if from.IsZero() {
		at := r.Start
		s.closed(r, at)
		return
	}
	r.Start, r.End = from, to
}

// cutToNow leaves out what has passed.
// "Leo asubuhi", written at ten, offers from ten on.
func (s *selection) cutToNow(r *Result) {
	if r.Certainty == Closed {
		return
	}
	if !r.End.After(s.now) {
		r.Certainty, r.Passed, r.Why = Ask, true, "the time has passed"
		return
	}
	if r.Start.Before(s.now) {
		r.Start = s.now
	}
}

// partSpan returns a part of the day, or the whole of it.
// Parts that end at closing time follow the business's hours.
func (s *selection) partSpan(day time.Time) (from, to time.Time) {
	d, ok := dayParts[s.part]
	if !ok {
		if s.any {
			return day, addDays(day, 1)
		}
		return time.Time{}, time.Time{}
	}
	return onDay(day, d.from), onDay(day, d.to)
}
