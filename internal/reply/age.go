package reply

import (
	"regexp"
	"strings"

	"github.com/flowhq/flowhq"
)

// The age of who comes, said with a yes: "ndio jina Ally miaka 3". It is no time and no amount, and
// changes nothing of the visit: it is noted for who serves, and the rest is read without it. To
// read it back would be odd.

// ageSaid is an age, with what leads to it.
var ageSaid = regexp.MustCompile(`(?i)(?:^|[\s,.;]+)(?:(?:and|na)\s+)?(?:(?:(?:she|he|they|kid|child|baby)(?:'s|s| is| are)|i am|i'm|im|is|ana|nina|ni|ni wa|ni mwenye|wa|wa umri wa|aged?|` +
	`umri(?: wake| wangu)?(?: ni)?)\s+)?(?:(?:(?:miaka|miezi|mwaka|umri wa miaka)\s+(?:na\s+)?(?:\d{1,2}|mmoja|miwili|mitatu|minne|mitano|sita|saba|nane|tisa|kumi))\b|` +
	`(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)[ -]?(?:years?|yrs?|months?|mths?|y/?o)\b(?:[ -]?old)?)`)

// heIs is an age without a word for years, at the end of a message: "he is 4".
var heIs = regexp.MustCompile(`(?i)[\s,.;]+(?:and\s+)?(?:he|she)(?:'s|s| is)\s+(?:only\s+)?\d{1,2}\s*[.!]?$`)

// withAge is an input without the age in its text, where the text answers what was read back: the
// age is on the visit. The text stays where it says nothing else.
func (t *turn) withAge(in Input) Input {
	v, text := t.next.Booking, in.Message.Text
	if t.next.Ask.For != askBook || v == nil || v.Moves != "" || strings.Contains(text, "?") {
		return in
	}
	for _, form := range []*regexp.Regexp{ageSaid, heIs} {
		at := form.FindStringIndex(text)
		if at == nil {
			continue
		}
		if rest := strings.TrimSpace(text[:at[0]] + " " + text[at[1]:]); len(split(rest)) > 0 {
			in.Message.Text, in.State.Booking = rest, clone(v)
			in.State.Booking.Note = withNote(v.Note, strings.Trim(text[at[0]:at[1]], " ,.;\n"), maxNote)
			return in
		}
	}
	return in
}

// age is how old somebody is, and nothing else.
var age = regexp.MustCompile(`(?i)^\W*(?:(?:\pL+'?\w*\W+){0,5})(?:(?:miaka|mwaka|miezi|umri)\b(?:\W+(?:wa|wake|ni|ya))*\W*(?:\d{1,2}|\pL+)|` +
	`\d{1,2}\W*(?:years?|yrs?|yo|y/o|months?)(?: old| of age)?)\W*$|` +
	`^\W*(?:she|he|they)(?:'?s| is| are) (?:only |just )?\d{1,2}\W*$`)

// keepsAge notes with the visit how old somebody is, and reports whether a part says no more. It is
// nothing to be read back.
func (t *turn) keepsAge(text string) bool {
	if t.k.template() != flowhq.BookingTemplate || !age.MatchString(text) {
		return false
	}
	if v := t.next.Booking; v != nil && v.Moves == "" {
		v.Note = withNote(v.Note, text, maxNote)
	}
	return true
}
