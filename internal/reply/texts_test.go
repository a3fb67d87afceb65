package reply

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// maxText is how long a text is at most, in characters: what is said must fit on a phone.
const maxText = 200

// The two languages say the same things: each has the other's keys, and each variant of a text
// has the same placeholders.
func TestTextsOfBothLanguages(t *testing.T) {
	english, swahili := catalogs[flowhq.English], catalogs[flowhq.Swahili]
	if diff := cmp.Diff(keysOf(english), keysOf(swahili)); diff != "" {
		t.Errorf("keys (-english +swahili):\n%s", diff)
	}
	for key, variants := range english {
		want := placeholders(strings.Join(swahili[key], " "))
		for _, text := range slices.Concat(variants, swahili[key]) {
			has := placeholders(text)
			if key == "greet.welcome" { // once the name is said, it need not be again
				has, want = nil, nil
			}
			if diff := cmp.Diff(want, has); diff != "" {
				t.Errorf("[%s] %q has other placeholders than %q", key, text, swahili[key])
			}
			left := regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllString(text, "")
			if strings.ContainsAny(left, "{}%[]") || strings.Contains(text, "  ") ||
				utf8.RuneCountInString(text) > maxText {
				t.Errorf("[%s] %q has a brace, two spaces or is too long", key, text)
			}
		}
		if len(variants) == 0 || len(swahili[key]) == 0 {
			t.Errorf("[%s] has no text", key)
		}
	}
}

// The customer's words are never repeated inside a sentence.
func TestTextsQuoteNobody(t *testing.T) {
	for key, names := range Texts() {
		for _, n := range names {
			if slices.Contains([]string{"details", "text", "message", "quote"}, n) {
				t.Errorf("[%s] quotes the customer: {%s}", key, n)
			}
		}
	}
}

var textKey = regexp.MustCompile(`"((?:greet|thanks|think|wait|sick|bye|allright|menu|unsure|repeat|label|handover|` +
	`unanswered|area|bargain|answers|secret|price|service|product|hours|place|delivery|payment|book|cancel|` +
	`change|status|order|ticket|media|limit|followup|notice|noted|package)(?:\.[a-z_]+)?)"`)

// Each text that the code says is there, and each that is there is said.
func TestTextsAreUsed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range textKey.FindAllStringSubmatch(string(code), -1) {
			used[m[1]] = true
		}
	}
	all := catalogs[flowhq.English]
	for key := range used {
		if strings.Contains(key, ".") && all[key] == nil {
			t.Errorf("the code says %s, which is no text", key)
		}
	}
	for key := range all {
		group, _, _ := strings.Cut(key, ".")
		if !used[key] && group != "label" && group != "media" {
			t.Errorf("[%s] is never said", key)
		}
	}
}

func TestReadCatalogRefuses(t *testing.T) {
	for _, file := range []string{"text without a key", "[a]\nx\n[a]\ny"} {
		if _, err := readCatalog(file); err == nil {
			t.Errorf("%q is read as a file of texts", file)
		}
	}
}

// The owner's own words take the place of the bot's, in the language that they are written in.
func TestOwnersTexts(t *testing.T) {
	p := flowhq.Profile{Texts: map[string]flowhq.Text{"thanks": {SW: "Karibu {business}!"}}}
	k := Compile(p, flowhq.Config{BusinessName: "Duka la Amina"})
	if got, want := speakerOf(k, flowhq.Swahili).first("thanks"), "Karibu Duka la Amina!"; got != want {
		t.Errorf("thanks in Swahili is %q; want %q", got, want)
	}
	if got, want := speakerOf(k, flowhq.English).first("thanks"),
		catalogs[flowhq.English]["thanks"][0]; got != want {
		t.Errorf("thanks in English is %q; want %q", got, want)
	}
	if err := p.ValidateTexts(Texts()); err != nil {
		t.Errorf("ValidateTexts: %v", err)
	}
}

func placeholders(text string) []string {
	names := flowhq.Placeholders(text)
	slices.Sort(names)
	return names
}

func keysOf(c catalog) []string {
	var keys []string
	for key := range c {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
