package reply

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
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

// eachTenant runs f for every template in every language.
func eachTenant(t *testing.T, f func(*testing.T, flowhq.Config)) {
	for _, template := range flowhq.Templates {
		for _, language := range flowhq.Languages {
			t.Run(string(template)+"/"+string(language), func(t *testing.T) {
				f(t, flowhq.Config{Template: template, Language: language, BusinessName: "Duka la Amina"})
			})
		}
	}
}

// TestRealUtterances reads what people really say, alone and as a conversation with a business
// that has told nothing. Nothing is made up then: no price, no booking that was not confirmed, and
// every message that is not silently taken note of is answered.
func TestRealUtterances(t *testing.T) {
	eachTenant(t, func(t *testing.T, c flowhq.Config) {
		know := Compile(flowhq.Profile{}, c)
		var state State
		at := morning
		for i, u := range readUtterances(t, c) {
			for _, s := range []State{{}, state} {
				turn := Decide(Input{
					Message:   Message{Text: u.Text, Kind: flowhq.KindText, At: at},
					Knowledge: know, State: s, Reference: flowhq.Reference(int64(i)),
				})
				if strings.Contains(turn.Reply, "Sh ") || len(turn.Reply) > MaxBytes {
					t.Errorf("%q is answered %q", u.Text, turn.Reply)
				}
				if turn.Reply == "" && len(turn.Understood.Acts) == 0 {
					t.Errorf("%q is neither answered nor understood", u.Text)
				}
				state = turn.State
			}
			at = at.Add(time.Minute)
		}
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
