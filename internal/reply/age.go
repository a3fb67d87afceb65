package reply

import (
	"regexp"
	"strings"
)

// The age of who comes, said with a yes: "ndio jina Ally miaka 3". It is no time and no amount, and changes
// nothing of the visit: it is noted for who serves, and the rest is read without it.

// ageSaid is an age, with what leads to it.
var ageSaid = regexp.MustCompile(`(?i)(?:^|[\s,.;]+)(?:(?:and|na)\s+)?(?:(?:(?:she|he|they|kid|child|baby)(?:'s|s| is| are)|i am|i'm|im|is|ana|nina|ni|ni wa|ni mwenye|wa|wa umri wa|aged?|` +
	`umri(?: wake| wangu)?(?: ni)?)\s+)?(?:(?:(?:miaka|miezi|mwaka|umri wa miaka)\s+(?:na\s+)?(?:\d{1,2}|mmoja|miwili|mitatu|minne|mitano|sita|saba|nane|tisa|kumi))\b|` +
	`(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)[ -]?(?:years?|yrs?|months?|mths?|y/?o)\b(?:[ -]?old)?)`)

// heIs is an age without a word for years, at the end of a message: "he is 4".
var heIs = regexp.MustCompile(`(?i)[\s,.;]+(?:and\s+)?(?:he|she)(?:'s|s| is)\s+(?:only\s+)?\d{1,2}\s*[.!]?$`)

// withAge is an input without the age in its text, where the text answers what was read back: the age is on the
// visit. The text stays where it says nothing else.
func (t *turn) withAge(in Input) (without Input, age string) {
	v, text := t.next.Booking, in.Message.Text
	if t.next.Ask.For != askBook || v == nil || v.Moves != "" || strings.Contains(text, "?") {
		return in, ""
	}
	for _, form := range []*regexp.Regexp{ageSaid, heIs} {
		at := form.FindStringIndex(text)
		if at == nil {
			continue
		}
		if rest := strings.TrimSpace(text[:at[0]] + " " + text[at[1]:]); len(split(rest)) > 0 {
			age = strings.Trim(text[at[0]:at[1]], " ,.;\n")
			in.Message.Text, in.State.Booking = rest, clone(v)
			in.State.Booking.Note = withNote(v.Note, age, maxNote)
			return in, age
		}
	}
	return in, ""
}

// tellAge says that an age was noted.
func (t *turn) tellAge(age string) {
	if age != "" && !t.handedOver() && !t.missed {
		t.said = append([]part{{text: t.render("noted.detail", "note", oneLine(age, maxWish))}}, t.said...)
	}
}
