package understand

import (
	_ "embed"
	"strings"
	"unicode"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// Bounds on how much of a message is read. Nobody says what a message is about after its first
// 100 words, and a message may have 64 KiB.
const (
	// The bounds keep the time of one message below half a millisecond.
	maxWords       = 100
	maxRunes       = 2000
	maxRunesOfWord = 40 // the longest words of either language have fewer than 30 letters
)

//go:embed data/spelling.tsv
var spellingFile string

// spelling has the short and common wrong forms of words, as people type them on a phone.
// The model then needs no examples of every short form: "pls", "tafadh" and the full word are one
// feature.
var spelling = parseSpelling(spellingFile)

// parseSpelling reads lines of a word, a tab, and the forms people type instead of it.
// A form may stand for several words, as "ty" does for "thank you".
func parseSpelling(file string) map[string][]string {
	forms := map[string][]string{}
	for line := range dataLines(file) {
		word, all, _ := strings.Cut(line, "\t")
		for form := range strings.FieldsSeq(all) {
			forms[form] = strings.Fields(word)
		}
	}
	return forms
}

// words returns the words of a message in lower case: runs of letters and digits, and emoji one
// by one. Marks are dropped, which turns the keycap 1️⃣ into "1", and so are apostrophes, which
// turns "can't" into "cant". A letter written three times or more, as in "hellooo", counts once.
// The text is read rune by rune until the first bound is met, so a message of 64 KiB costs no more
// than one of 2,000 runes.
func words(text string) []string {
	var all []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			all = appendSpelled(all, string(token.SqueezeLetters(word)))
			word = word[:0]
		}
	}
	scanned := 0
	for _, r := range text {
		if scanned++; scanned > maxRunes || len(all) >= maxWords {
			break
		}
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			// The rest of an endless word is dropped, and the word stays one.
			if len(word) < maxRunesOfWord {
				word = append(word, token.Plain(r))
			}
		// "👍" and "😡" are whole messages, so each emoji is a word.
		case isEmoji(r):
			end()
			all = append(all, string(r))
		// Nothing is done here: the word goes on as if the mark were not there.
		case unicode.IsMark(r), isSkinTone(r), strings.ContainsRune("'’‘`´\u200d", r):
		default:
			end()
		}
	}
	end()
	return all[:min(len(all), maxWords)]
}

// appendSpelled appends the word, or what it is short for.
// Keywords of the lexicon pass through here too, so that both sides agree.
func appendSpelled(all []string, word string) []string {
	if full, ok := spelling[word]; ok {
		return append(all, full...)
	}
	return append(all, word)
}

// isEmoji reports whether r is a picture that stands for a word, such as 👍.
// Symbols such as ✅ and ★ belong to the same class of Unicode.
func isEmoji(r rune) bool {
	return unicode.Is(unicode.So, r) && !isSkinTone(r)
}

// isSkinTone reports whether r only colours the emoji before it.
func isSkinTone(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }

// dataLines yields the lines of a data file that are neither empty nor comments.
// All data files share the form, so that their editors learn it once.
func dataLines(file string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(file) {
			line = strings.TrimRight(line, "\r\n ")
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if !yield(line) {
				return
			}
		}
	}
}
