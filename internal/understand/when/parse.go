package when

import "time"

// Parse reads what a text says of when. It is false if the text says nothing of time. The zone
// of now is the business's, and h may be nil if its hours are not known.
//
// Where a text names several, the last one counts: people correct themselves. What they negate
// does not count, and alternatives are asked about.
func Parse(text string, now time.Time, hours Hours) (Result, bool) {
	// Words become items, items are struck or chosen, and what is chosen becomes a result. No step
	// looks back at an earlier one.
	p := newParser(text, now)
	p.scan()
	s := selection{parser: p, hours: hours}
	s.strike()
	s.chooseDay()
	s.chooseClock()
	s.choosePart()
	return s.result()
}
