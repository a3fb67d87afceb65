package reply

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

const utterances = "../../testdata/utterances/"

// An utterance is what a real person once typed or said to a bot.
type utterance struct {
	Text    string `json:"text"`
	Intent  string `json:"intent"`
	Source  string `json:"source"`
	License string `json:"license"`
}

// TestRealUtterances answers what people really say, alone and as a
// conversation. How many hit an intent is reported, not demanded: keywords are
// not meant to understand everybody, but to leave nobody without an answer.
func TestRealUtterances(t *testing.T) {
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		var state State
		hits, inScope := 0, 0
		for _, u := range readUtterances(t, c) {
			alone, _, intent := Answer(text(u.Text), c, State{})
			var inTurn string
			inTurn, state, _ = Answer(text(u.Text), c, state)
			for _, got := range []string{alone, inTurn} {
				if language(withoutQuote(got)) != c.Language {
					t.Errorf("%q is answered in the wrong language: %s", u.Text, got)
				}
			}
			if u.Intent != "oos" && u.Intent != "other" && u.Intent != "chitchat" {
				inScope++
				if intent != intentMenu {
					hits++
				}
			}
		}
		t.Logf("%s %s: %d of %d utterances in scope hit an intent", c.Template, c.Language, hits, inScope)
	})
}

// The rows are what the README beside them says: whole, short, from a source
// that it names.
func TestUtterancesAreAsDescribed(t *testing.T) {
	readme, err := os.ReadFile(utterances + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		rows := readUtterances(t, c)
		if len(rows) != 100 {
			t.Errorf("%d rows; want 100", len(rows))
		}
		seen := map[string]bool{}
		for _, u := range rows {
			source, _, _ := strings.Cut(u.Source, "/")
			n := utf8.RuneCountInString(u.Text)
			switch {
			case n == 0 || n > 300 || u.Intent == "" || u.License == "":
				t.Errorf("%+v is too long or not whole", u)
			case seen[u.Text]:
				t.Errorf("%q is there twice", u.Text)
			case !strings.Contains(string(readme), "| `"+source+"` |"):
				t.Errorf("the README does not name the source %q", source)
			}
			seen[u.Text] = true
		}
	})
}

func readUtterances(t *testing.T, c flowhq.Config) (all []utterance) {
	t.Helper()
	f, err := os.Open(utterances + strings.ToLower(string(c.Template)+"."+string(c.Language)) + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var u utterance
		if err := json.Unmarshal(lines.Bytes(), &u); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		all = append(all, u)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// language tells the bot's two languages apart by their commonest words, and
// knows nothing of how the texts are stored.
func language(s string) flowhq.Language {
	score := map[flowhq.Language]int{}
	for _, w := range split(s) {
		switch w {
		case "the", "you", "your", "we", "our", "to", "for", "please", "here", "is", "would":
			score[flowhq.English]++
		case "na", "ya", "kwa", "tafadhali", "asante", "karibu", "hapa", "lako", "yako", "nini", "gani", "ungependa", "kitu":
			score[flowhq.Swahili]++
		}
	}
	switch {
	case score[flowhq.English] > 0 && score[flowhq.Swahili] == 0:
		return flowhq.English
	case score[flowhq.Swahili] > 0 && score[flowhq.English] == 0:
		return flowhq.Swahili
	default:
		return ""
	}
}

// withoutQuote removes the customer's own words from an answer.
func withoutQuote(s string) string {
	before, rest, _ := strings.Cut(s, "“")
	i := strings.LastIndex(rest, "”")
	if i < 0 {
		return before
	}
	return before + rest[i:]
}
