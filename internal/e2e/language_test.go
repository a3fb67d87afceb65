package e2e

import (
	"regexp"
	"testing"

	"github.com/flowhq/flowhq"
)

// Words that every reply in a language has one of, and no reply in the other.
var words = map[flowhq.Language]*regexp.Regexp{
	flowhq.English: regexp.MustCompile(`(?i)\b(you|your|yours|we|any|okay|all right|please|thanks?|welcome|hello|sorry|goodbye)\b`),
	flowhq.Swahili: regexp.MustCompile(`(?i)\b(asante|karibu|nzuri|sijambo|tukusaidie|nini|tafadhali|samahani|habari|sawa|kwaheri|namba|pole|marahaba|hatujambo)\b`),
}

// quoted is what a reply repeats of the customer's words, in any language.
var quoted = regexp.MustCompile(`“[^”]*”`)

// inTheirLanguage fails the test unless every reply is in its tenant's language.
func inTheirLanguage(t testing.TB, cs []*conversation) {
	t.Helper()
	other := map[flowhq.Language]flowhq.Language{flowhq.English: flowhq.Swahili,
		flowhq.Swahili: flowhq.English}
	for _, c := range cs {
		inbox, err := c.inbox(c.to)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inbox {
			text := quoted.ReplaceAllString(m.Text, "")
			if !words[c.to.Language].MatchString(text) || words[other[c.to.Language]].MatchString(text) {
				t.Errorf("%s answers in %s: %q", c.to.Name, c.to.Language, m.Text)
			}
		}
	}
}
