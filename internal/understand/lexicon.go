package understand

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed data/lexicon.tsv
var lexiconFile string

// theLexicon is what data/lexicon.tsv says.
var theLexicon = must(parseLexicon(lexiconFile))

// A lexicon finds concepts in words. Each keyword of a concept is one or more patterns that
// must stand side by side in a message. A pattern is written as one of
//
//	bei      the word itself
//	agiz*    a word that begins so
//	*agiz*   a word that has this anywhere
//	+book    the word, bare or behind what Swahili puts before a verb: kubook, nimebook
//	+lip*    the same for a word that begins so: kulipa, nimelipia, hatujalipwa
//
// One lexicon serves all templates and both languages, as customers mix them in one message.
type lexicon struct {
	// A concept's number is its place here.
	concepts []string // sorted
	// Patterns by their text; the maps hold numbers of keywords that begin with the pattern.
	// Only a keyword's first pattern is looked up; the rest is compared in place.
	exact, prefix, verb, verbStem map[string][]int
	// These have no map to be found in, so few should be written.
	anywhere []anywherePattern
	// keywords are in the order of the file.
	keywords []keyword
}

// A keyword is one concept's; rest are the patterns behind its first.
// A keyword of two words ("saa ngapi") is surer than either alone.
type keyword struct {
	concept int
	rest    []pattern
}

// A pattern is what one word of a message has to look like.
type pattern struct {
	text string
	form form
}

// An anywherePattern is the text of a pattern that may stand anywhere in a word.
type anywherePattern struct {
	text    string
	keyword int // the number of the keyword that the pattern begins
}

// A form is where in a word of the message a pattern's text has to stand.
// Swahili puts subject, tense and object before the verb and endings behind, so a list of whole
// words would never be complete.
type form int

const (
	exact    form = iota // the whole word
	prefix               // at its beginning
	anywhere             // in it
	verb                 // at its end, behind a verb's prefix or nothing
	verbStem             // behind a verb's prefix or nothing, with anything after it
)

// parseLexicon reads lines of a concept, a language and keywords with commas between them. The
// language is for whoever reads the file: keywords of all of them count in every message.
// It goes over the file twice, since concepts are numbered in alphabetical order.
func parseLexicon(file string) (*lexicon, error) {
	l := &lexicon{
		exact: map[string][]int{}, prefix: map[string][]int{},
		verb: map[string][]int{}, verbStem: map[string][]int{},
	}
	// A concept may have several lines, one for each language.
	for line := range dataLines(file) {
		concept, _, _ := strings.Cut(line, "\t")
		l.concepts = append(l.concepts, concept)
	}
	slices.Sort(l.concepts)
	l.concepts = slices.Compact(l.concepts)
	for line := range dataLines(file) {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf(
				"lexicon: %q: want a concept, a language and keywords with tabs between", line)
		}
		concept, _ := slices.BinarySearch(l.concepts, fields[0])
		for list := range strings.SplitSeq(fields[2], ",") {
			if err := l.add(concept, list); err != nil {
				return nil, fmt.Errorf("lexicon: %q: %w", line, err)
			}
		}
	}
	return l, nil
}

// add adds a keyword of the concept.
// Apostrophes are left out as in messages, so that "ng'ombe" may be written properly.
func (l *lexicon) add(concept int, text string) error {
	var all []pattern
	for _, field := range respell(strings.ToLower(strings.ReplaceAll(text, "'", ""))) {
		p := parsePattern(field)
		if p.text == "" || strings.ContainsAny(p.text, "*+") {
			return fmt.Errorf("%q is no pattern: a star may stand at either end, a plus in front",
				field)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return fmt.Errorf("a keyword between two commas is empty")
	}
	// n is the new keyword's number.
	n := len(l.keywords)
	l.keywords = append(l.keywords, keyword{concept, all[1:]})
	first := all[0]
	switch first.form {
	case exact:
		l.exact[first.text] = append(l.exact[first.text], n)
	case prefix:
		l.prefix[first.text] = append(l.prefix[first.text], n)
	case verb:
		l.verb[first.text] = append(l.verb[first.text], n)
	case verbStem:
		l.verbStem[first.text] = append(l.verbStem[first.text], n)
	case anywhere:
		l.anywhere = append(l.anywhere, anywherePattern{first.text, n})
	}
	return nil
}

// respell returns the words of a keyword as they are in a message once its spelling is mended.
// Without it, a keyword that is itself a short form would never be found.
func respell(text string) []string {
	var all []string
	for word := range strings.FieldsSeq(text) {
		all = appendSpelled(all, word)
	}
	return all
}

// parsePattern parses the notation of one word.
// "+" must be tried before "*", as "+lip*" has both.
func parsePattern(s string) pattern {
	stem, open := strings.CutSuffix(s, "*")
	switch {
	case strings.HasPrefix(s, "+") && open:
		return pattern{stem[1:], verbStem}
	case strings.HasPrefix(s, "+"):
		return pattern{s[1:], verb}
	case strings.HasPrefix(s, "*"):
		return pattern{strings.TrimPrefix(stem, "*"), anywhere}
	case open:
		return pattern{stem, prefix}
	default:
		return pattern{s, exact}
	}
}

// find returns the numbers of the concepts that the words touch, sorted, and how many words
// touch none.
// The work is in proportion to the letters of the words, but for the patterns that may stand
// anywhere. Words without a concept are counted, as a message full of them is mostly about
// something else.
func (l *lexicon) find(words []string) (found []int, strange int) {
	covered := make([]bool, len(words))
	// All words of a keyword are covered, not the first alone.
	check := func(keywords []int, i int) {
		for _, n := range keywords {
			if k := l.keywords[n]; k.followsAt(words[i+1:]) {
				found = append(found, k.concept)
				for j := range 1 + len(k.rest) {
					covered[i+j] = true
				}
			}
		}
	}
	for i, w := range words {
		check(l.exact[w], i)
		for end := 1; end <= len(w); end++ {
			check(l.prefix[w[:end]], i)
		}
		// Every cut of a word into a verb's prefix and the rest is tried.
		for start := 0; start < len(w) && start <= maxVerbPrefix; start++ {
			if !isVerbPrefix(w[:start]) {
				continue
			}
			check(l.verb[w[start:]], i)
			// A stem of one letter would be in every word.
			for end := start + 2; end <= len(w); end++ {
				check(l.verbStem[w[start:end]], i)
			}
		}
		for _, p := range l.anywhere {
			if strings.Contains(w, p.text) {
				check([]int{p.keyword}, i)
			}
		}
	}
	for i, is := range covered {
		// Short words and numbers are strange to nobody.
		if !is && runeCount(words[i]) > 2 && shape(words[i]) == words[i] {
			strange++
		}
	}
	slices.Sort(found)
	return slices.Compact(found), strange
}

// followsAt reports whether the words begin with the keyword's patterns behind its first.
// Nothing may stand between a keyword's words: "saa ngapi", not "saa zenu ni ngapi".
func (k keyword) followsAt(words []string) bool {
	if len(words) < len(k.rest) {
		return false
	}
	for i, p := range k.rest {
		if !p.matches(words[i]) {
			return false
		}
	}
	return true
}

// matches reports whether a word of a message fits the pattern.
// Where the stem is in a word twice, only the first place is tried.
func (p pattern) matches(word string) bool {
	switch p.form {
	case prefix:
		return strings.HasPrefix(word, p.text)
	case anywhere:
		return strings.Contains(word, p.text)
	case verb:
		before, ok := strings.CutSuffix(word, p.text)
		return ok && isVerbPrefix(before)
	case verbStem:
		i := strings.Index(word, p.text)
		return i >= 0 && isVerbPrefix(word[:i])
	default:
		return word == p.text
	}
}

// What Swahili puts before a verb, also before a borrowed one: subject or its negation, tense,
// object. "nimebook" is ni-me-book, "hamjanitumia" ham-ja-ni-tumia.
var (
	// Relative and negative forms that are common are written as one prefix: "takuwa", "hatu".
	verbSubjects = strings.Fields(`ni n u a tu m mu wa si hu ha hatu ham hawa ku i zi li ki vi ya
		hai hazi hali haya haki hu na ka`)
	verbTenses = strings.Fields(`na li me ta ka ki nge ja ku sha mesha ngali takuwa nako naku taka
		nata`)
	verbObjects  = strings.Fields("ku ni m mu wa tu i zi li ki vi ya u ji ku-ni me-ku")
	verbPrefixes = makeVerbPrefixes()
)

// maxVerbPrefix is the length in bytes of the longest prefix that is looked for.
// "hamjani" has seven. Longer ones are rare in chats.
const maxVerbPrefix = 10

// Every combination counts, also those that no grammar has: they stand before no keyword.
func makeVerbPrefixes() map[string]bool {
	all := map[string]bool{"": true}
	for _, s := range append([]string{""}, verbSubjects...) {
		for _, t := range append([]string{""}, verbTenses...) {
			for _, o := range append([]string{""}, verbObjects...) {
				if p := s + t + o; len(p) <= maxVerbPrefix {
					all[p] = true
				}
			}
		}
	}
	return all
}

// isVerbPrefix reports whether s is nothing or what may stand before a verb.
// A map makes it one look-up for each cut.
func isVerbPrefix(s string) bool { return verbPrefixes[s] }

// ConceptsOf returns what a text touches, without reading what it wants.
func ConceptsOf(text string) Concepts {
	concepts, _ := theLexicon.find(words(text))
	return theLexicon.names(concepts)
}

// AllConcepts returns the names of the lexicon's concepts, sorted.
func AllConcepts() []string { return slices.Clone(theLexicon.concepts) }

// names returns the names of concepts.
// Sorted, as the numbers are.
func (l *lexicon) names(numbers []int) Concepts {
	var all Concepts
	for _, n := range numbers {
		all = append(all, l.concepts[n])
	}
	return all
}

// must returns v. What is embedded is parsed by tests too, so an error is a fault of the build.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// runeCount is short for the number of runes.
func runeCount(s string) int { return utf8.RuneCountInString(s) }
