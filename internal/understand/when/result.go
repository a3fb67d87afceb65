package when

import "time"

// A Span is the time from From until, but without, To.
// Spans of one day do not overlap.
type Span struct{ From, To time.Time }

// Hours are the opening hours of a business. They know its weekdays and holidays.
// It is called for a few days of each message, and must be pure within one call of Parse.
type Hours interface {
	// Known reports whether the business has told its hours at all. If not, nothing is closed.
	Known() bool
	// Open returns when the business is open on the date of day, in order. None means closed.
	Open(day time.Time) []Span
}

// Certainty says what may be done with a [Result].
type Certainty uint8

// The zero Certainty is [Ask], as that books nothing.
const (
	// The values are in no order of sureness.
	Ask     Certainty = iota // ask one question, book nothing
	Exact                    // take it
	Default                  // take it, but read it back in both clocks before booking
	Part                     // a span of time: offer slots in it
	Closed                   // understood, but the business is closed: offer the nearest
)

var certainties = [...]string{"ask", "exact", "default", "part", "closed"}

func (c Certainty) String() string {
	if int(c) < len(certainties) {
		return certainties[c]
	}
	return "unknown"
}

// A Result is what a message says of when. Times are in the zone of the now that was given.
// The caller books only what is Exact, or Default once the customer has agreed. The rest leads to a
// question or to slots.
type Result struct {
	Certainty Certainty
	// Day is the midnight that begins the day, if HasDay.
	Day    time.Time
	HasDay bool
	// Likely says that the message names no day: Day is the next one that has such a time. A day
	// that was agreed on before comes first.
	Likely bool
	// HasTime says that Start is a time of day. Without HasDay, Start is on the day that is
	// likeliest, to be asked about.
	HasTime bool
	// Start and End bound a span ([Part], or a range such as "2 to 4"). End is zero for a point
	// in time. Both are zero if no time was said: the time is then still to be asked for.
	Start, End time.Time
	// Nearest are open times near a [Closed] or passed one, the nearest first. At most three.
	// They spare the customer from guessing when the business is open.
	Nearest []time.Time
	// Passed says that what was said lies before now: "jana", "26 Feb" in March.
	Passed bool
	// Why says for logs how the text was read. It holds none of the customer's words.
	Why string
}
