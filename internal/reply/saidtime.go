package reply

import (
	"regexp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// A saidTime is what a text says of a time, and whether it says any.
type saidTime struct {
	result when.Result
	ok     bool
}

// timeIn is the time that a text of the message wants. The clauses of a message are asked for
// theirs by several steps of a turn, and reading one costs some 20 µs.
func (t *turn) timeIn(text string) (when.Result, bool) {
	said := remember(t.in.memo.times, text, func() saidTime {
		if t.k.template() == flowhq.BookingTemplate {
			if r, ok, beside := t.timeBeside(text); beside {
				return saidTime{r, ok}
			}
		}
		r, ok := when.Parse(text, t.written(), openingHours{t.k})
		// What is refused is no wish, where another time is left: "saa moja badala ya saa 12".
		if wanted := takenBackTime.ReplaceAllString(text, " "); ok && wanted != text {
			if other, found := when.Parse(wanted, t.written(), openingHours{t.k}); found {
				r, ok = other, found
			}
		}
		return saidTime{r, ok}
	})
	return said.result, said.ok
}

// takenBackTime is a time that another one takes the place of.
var takenBackTime = regexp.MustCompile(`(?i)\b(?:badala ya|instead of|rather than|in place of|kuliko|` +
	`not(?: at| on)?|sio|siyo|sikusema|sijasema|(?:i )?(?:did not|didn'?t) say|si)\s+(?:(?:the|ya|hiyo|ile|hiyo ya|ile ya|at|on|for)\s+)*` +
	`(?:saa\s+)?(?:\d{1,2}(?:[:.]\d\d)?(?:\s*(?:am|pm)\b|\s*o'?clock)?|` +
	`kumi na (?:moja|mbili)|moja|mbili|tatu|nne|tano|sita|saba|nane|tisa|kumi|` +
	`(?:mon|tues?|wednes|thurs?|fri|satur|sun)day|mon|tue|wed|thurs?|fri|sat|sun|jmosi|jtatu|jpili|juma(?:tatu|nne|tano|mosi|pili)|alhamisi|` +
	`ijumaa|kesho kutwa|kesho|leo|tomorrow|today)\b` +
	`(?:\s+(?:na nusu|kasoro robo|asubuhi|mchana|jioni|usiku|morning|evening|afternoon))*`)
