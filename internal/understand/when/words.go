package when

import (
	_ "embed"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// wordList is a file of its own so that who speaks the languages can mend it without reading code.
//
//go:embed words.tsv
var wordList string

// A meaning is what a word says: "weekday 6", "part morning".
// Kinds are plain strings, as they are the first column of words.tsv.
type meaning struct {
	kind  string
	value int
	text  string // the value, where it is no number
}

// A form is one way to write a meaning, as tokens.
// "Kesho kutwa" has two tokens and must win over "kesho".
type form struct {
	words   []string
	meaning meaning
}

// A lexicon finds meanings by the first token of their forms.
// One map look-up for each token keeps the time linear in the text.
type lexicon struct {
	forms map[string][]form // the longest first
	// fuzzy are single words that are long enough to be recognised with a typo, by first letter.
	fuzzy map[byte][]form
}

var words = mustReadLexicon(wordList)

// Typos are looked for in words of which few others differ by one letter only.
// Slips of shorter words stand in the file one by one.
const minFuzzy = 6

// mayHaveTypo lists the kinds of words that are worth it.
// A slip of "at" or "saa" would be half of all short words.
var mayHaveTypo = map[string]bool{"day": true, "weekday": true, "month": true, "part": true}

// mustReadLexicon panics on a fault in the file, which is part of the program.
// It runs once when the program starts, so a fault shows in every test.
func mustReadLexicon(tsv string) *lexicon {
	l := &lexicon{forms: map[string][]form{}, fuzzy: map[byte][]form{}}
	for n, line := range strings.Split(tsv, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		field := strings.Split(line, "\t")
		if len(field) != 3 {
			panic(fmt.Sprintf("words.tsv:%d: %d fields; want kind, value and forms", n+1,
				len(field)))
		}
		m := meaning{kind: field[0], text: field[1]}
		m.value, _ = strconv.Atoi(field[1]) // a part has a name instead
		// A holiday's value is its month and day: 1225 for Christmas.
		if field[0] == "holiday" {
			month, day, _ := strings.Cut(field[1], "-")
			a, _ := strconv.Atoi(month)
			b, _ := strconv.Atoi(day)
			m.value = a*100 + b
		}
		for _, f := range strings.Split(field[2], ",") {
			l.add(strings.TrimSpace(f), m)
		}
	}
	for _, forms := range l.forms {
		sort.SliceStable(forms, func(i, j int) bool {
			return len(forms[i].words) > len(forms[j].words)
		})
	}
	return l
}

// Forms are split as messages are, so both sides agree on apostrophes and accents.
func (l *lexicon) add(written string, m meaning) {
	var f form
	for _, t := range token.Split(written) {
		f.words = append(f.words, t.Text)
	}
	f.meaning = m
	if len(f.words) == 0 {
		return
	}
	first := f.words[0]
	l.forms[first] = append(l.forms[first], f)
	// One letter may be missing in the message, hence the one less.
	if len(f.words) == 1 && len(first) >= minFuzzy-1 && mayHaveTypo[m.kind] {
		l.fuzzy[first[0]] = append(l.fuzzy[first[0]], f)
	}
}

// find returns the longest form that begins at tokens[i]. The first line of the file wins where
// two are written alike.
// The word as typed goes first, without held letters ("keshooo") second, as a typo last.
func (l *lexicon) find(tokens []token.Token, i int) (meaning, int) {
	t := tokens[i]
	m, n := l.exact(tokens, i, t.Text)
	if n > 0 || t.Kind != token.Word {
		return m, n
	}
	if s := token.Squeeze(t.Text); s != t.Text {
		if m, n = l.exact(tokens, i, s); n > 0 {
			return m, n
		}
	}
	return l.typo(t.Text)
}

// The forms are few and the longest come first, so the first that fits is right.
func (l *lexicon) exact(tokens []token.Token, i int, first string) (meaning, int) {
next:
	for _, f := range l.forms[first] {
		if len(f.words) > len(tokens)-i {
			continue
		}
		for k, w := range f.words[1:] {
			if tokens[i+1+k].Text != w {
				continue next
			}
		}
		return f.meaning, len(f.words)
	}
	return meaning{}, 0
}

// typo finds the one meaning that a single wrong, missing, doubled or swapped letter away is.
// Numerals are no typos: "tatu" must not become a day.
func (l *lexicon) typo(word string) (meaning, int) {
	if len(word) < minFuzzy || token.Spelled(word) {
		return meaning{}, 0
	}
	var found meaning
	for _, f := range l.fuzzy[word[0]] {
		if !token.OneTypo(word, f.words[0]) {
			continue
		}
		if found.kind != "" && found != f.meaning {
			return meaning{}, 0 // "jumatato" may be two days
		}
		found = f.meaning
	}
	if found.kind == "" {
		return meaning{}, 0
	}
	return found, 1
}
