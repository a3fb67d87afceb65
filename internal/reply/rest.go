package reply

import (
	"regexp"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What a customer says to leave as it is changes nothing, and so must the words. "Vingine vibaki
// hivyo hivyo" was noted as a wish of an order, and "osha nywele haina haja" cancelled a visit.

// restStays finds that the rest stays as it is: "keep the rest", "zingine sawa". Group 1 is the mark
// behind it. With a question mark it asks whether the rest stays, and is left to be answered.
var restStays = func() *regexp.Regexp {
	rest := `(?:` + alternatives("the rest") + `)`
	stays := `(?:` + alternatives("stays") + `)(?:\s+(?:` + alternatives("stays so") + `))*`
	return regexp.MustCompile(`(?i)(?:^|[\s,.;!]+)(?:(?:` + alternatives("clause joiner") + `)\s+)?` +
		`(?:(?:` + alternatives("keep") + `)\s+` + rest + `(?:\s+` + stays + `)?|` +
		rest + `\s+` + stays + `|` + alternatives("nothing else changes") + `)` +
		`\s*($|[.,;!\n]+)`)
}()

// withoutRest is a text without what says that the rest stays as it is. A text that says nothing else
// is left whole: an answer to it is due.
func withoutRest(text string) string {
	if len(text) > maxRead {
		return text
	}
	left := strings.TrimSpace(restStays.ReplaceAllString(text, "$1 "))
	if left = strings.Trim(left, " ,;"); strings.Trim(left, " .!\n") == "" {
		return text
	}
	return left
}

// notNeeded finds what a clause says not to need, in group 1 or 2.
var notNeeded = regexp.MustCompile(`(?i)^\s*(?:` + alternatives("not needed before") +
	`)\s+(\pL.*)$|^\s*(\pL.*?)\s+(?:` + alternatives("not needed behind") + `)\s*$`)

// declinesPart reports whether a text declines a part of something, and not all of it.
func declinesPart(text string) bool {
	m := notNeeded.FindStringSubmatch(strings.Trim(text, " .,!"))
	return m != nil && entity.ReadYesNo(m[1]+m[2]) == entity.Neither
}
