package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Who comes with the customer: how many there are of them, and whether the customer is one.

// ofUsCount finds how many come: "3 of us", "we are four".
var ofUsCount = regexp.MustCompile(`(?i)\b(?:(\d|two|three|four|five)\s+of\s+us|we(?:'re| are|` +
	` will be)\s+(\d|two|three|four|five)\b(?:\s+people|\s+guys)?` +
	`|(\d|two|three|four|five)\s+(?:people|guys|persons|friends)\b)`)

// ofUs is how many a message says that come, 0 if it does not.
func ofUs(text string) int {
	// Quantities know "watu watatu" and "3 people", and not "3 of us".
	m := ofUsCount.FindStringSubmatch(text)
	if m == nil {
		if meAnd.MatchString(text) {
			return 2
		}
		return 0
	}
	said := strings.ToLower(m[1] + m[2] + m[3])
	if n, err := strconv.Atoi(said); err == nil {
		return n
	}
	return childNumbers[said]
}

// meAnd is the customer and one other grown-up: "mimi na mdogo wangu", "my friend and I".
var meAnd = regexp.MustCompile(`(?i)\b(?:mimi|me|myself|i)\s+(?:pamoja\s+na|na|and|&|n|plus|with)\s+(?:also\s+|pia\s+)?` +
	`(?:my\s+|our\s+|a\s+)?(?:(?:little|younger|older|big|small|best)\s+)?` + grownUp + `\b|\b(?:my\s+)?` + grownUp +
	`(?:\s+(?:wangu|yangu))?\s+(?:na|and|&|n)\s+(?:i|me|mimi|myself)\b`)

// grownUp is one who comes with the customer and has what everybody has.
const grownUp = `(?:mama|baba|mke|mume|kaka|dada|mdogo|rafiki|mshkaji|jamaa|shemeji|mpenzi|wife|husband|mother|father|mum|mom|dad|` +
	`brother|bro|sister|friend|cousin|mjomba|uncle|boyfriend|girlfriend|colleague)`

// spokenForBoth are the customer's own service and the child's, where the prices of both were told and
// the message wants both: "nitamleta leo, na mimi pia ninyoe". It is nil if the message does not.
func (t *turn) spokenForBoth() []string {
	child, spoken := t.childService(), t.next.Spoken
	if v := t.next.Booking; v.Service != "" || v.Moves != "" || child == "" || !slices.Contains(spoken, child) || !alsoOneself.MatchString(t.p.text) ||
		!anyIn(t.p.reading.Words, childWords) && !bringsThem.MatchString(t.p.text) {
		return nil
	}
	for _, id := range spoken {
		both := []string{id, child}
		if t.childKind(id, child) && !slices.ContainsFunc(t.p.services, func(m entity.NameMatch) bool {
			return !slices.Contains(both, m.ID)
		}) {
			return both
		}
	}
	return nil
}

var (
	// bringsThem points to who was spoken of and comes along.
	bringsThem = regexp.MustCompile(`(?i)\b(?:ni?tamleta|ninamleta|namleta|nimlete|nikimleta|naye|nae|(?:bring|with|take) (?:him|her)|` +
		`he|she)\b`)
	// meWithChild is the customer and a child, and bothCome says that they come for something.
	meWithChild = regexp.MustCompile(childAndMe)
	bothCome    = regexp.MustCompile(childAndMe + `(?:\s+\pL+){0,2}\s+(?:tu(?:na|ta|je|nyo|po|ko)\pL*|we|both|want|need|are)\b`)
)

// childAndMe is the customer with a child: "mimi na mtoto", "me and my little boy".
const childAndMe = `(?i)\b(?:mimi|me|myself|i)\s+(?:na|and|&|n|plus)\s+(?:my\s+)?(?:little\s+|small\s+)?` +
	`(?:mtoto|mwanangu|dogo|kijana|son|daughter|kid|child|boy|girl)\b`
