package reply

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// Bounds on how much of a message is read. Nobody says what a message is about
// after its first 200 words, and a message may have 64 KiB. The runes bound what is scanned where a
// message has few words: 64 KiB of emoji.
const (
	maxWords        = 200
	maxScannedRunes = 4000
)

// A keyword is one or more words that must stand side by side in a message. Each
// word is written as one of
//
//	bei     the word itself
//	agiz*   a word that begins so
//	*agiz*  a word that has this anywhere
//	+book   the word, bare or behind a Swahili verb prefix: kubook, nimebook
//
// Whole words are the rule, so that "book" is not found in "facebook"; Swahili
// stems change at both ends and need the stars.
type keyword []wordPattern

// A wordPattern is one word of a keyword.
type wordPattern struct {
	// The notation's star or plus is cut off.
	text string
	form form
	// begins is how a word that fits begins, see [beginning]; 0 = it may begin in any way.
	begins uint64
}

// A form is where in a word of the message a pattern's text has to stand.
type form int

const (
	exact    form = iota // the whole word
	prefix               // at its beginning
	anywhere             // in it
	verb                 // at its end, behind a Swahili verb prefix or nothing
)

// keywords parses a list with commas between, each in the notation described at [keyword].
// Apostrophes are dropped, as they are in messages. Lists are parsed once at start. A typo in one
// is a word that is never found, and no error. Apostrophes: messages are split without them, so
// that "can't" here must be "cant" as well.
func keywords(list string) []keyword {
	var all []keyword
	for pattern := range strings.SplitSeq(list, ",") {
		var k keyword
		for field := range strings.FieldsSeq(strings.ReplaceAll(pattern, "'", "")) {
			k = append(k, parseWord(field))
		}
		all = append(all, k)
	}
	return all
}

// parseWord parses the notation of one word.
func parseWord(s string) wordPattern {
	switch {
	case strings.HasPrefix(s, "*"):
		return wordPattern{text: strings.Trim(s, "*"), form: anywhere}
	case strings.HasSuffix(s, "*"):
		p := wordPattern{text: strings.TrimSuffix(s, "*"), form: prefix}
		// One letter is too little: what stands behind it belongs to the beginning.
		if len(p.text) > 1 {
			p.begins = beginning(p.text)
		}
		return p
	case strings.HasPrefix(s, "+"):
		return wordPattern{text: strings.TrimPrefix(s, "+"), form: verb}
	default:
		return wordPattern{text: s, form: exact, begins: beginning(s)}
	}
}

// beginning is one of 64 bits for how a word begins. Most keywords of a list begin as no word of a
// message does, and by the bits that is seen without comparing them.
func beginning(word string) uint64 {
	switch len(word) {
	case 0:
		return 1
	case 1:
		return 1 << (word[0] % 64)
	default:
		return 1 << ((word[0]*31 + word[1]) % 64)
	}
}

// beginnings are the bits of all words of a message.
func beginnings(words []string) (all uint64) {
	for _, w := range words {
		all |= beginning(w)
	}
	return all
}

// verbPrefix is what Swahili puts before a verb, also before a borrowed one:
// subject, tense and object, or the infinitive's ku-. "nimebook" is ni-me-book, "I have booked".
// Only what can stand before a stem is listed. Any letters at all would find "book" in "facebook".
var verbPrefix = regexp.MustCompile(
	`^(ku|(ni|u|a|tu|m|wa|si|ha|hatu)?(na|li|me|ta|ka|ki|nge)?(ku|ni|m|wa|tu|i|zi)?)$`)

// matches reports whether a word of a message, in lower case, fits the pattern.
func (p wordPattern) matches(word string) bool {
	switch p.form {
	case prefix:
		return strings.HasPrefix(word, p.text)
	case anywhere:
		return strings.Contains(word, p.text)
	case verb:
		before, ok := strings.CutSuffix(word, p.text)
		return ok && verbPrefix.MatchString(before)
	default:
		return word == p.text
	}
}

// anyIn reports whether one of the keywords is in the message. Some hundred lists are looked for in
// each message, so what begins as no word of it is passed over.
func anyIn(words []string, all []keyword) bool {
	begun := beginnings(words)
	for _, k := range all {
		if len(k) > 0 && k[0].begins != 0 && k[0].begins&begun == 0 {
			continue
		}
		for i := 0; i+len(k) <= len(words); i++ {
			if k.matchesAt(words[i:]) {
				return true
			}
		}
	}
	return false
}

// matchesAt reports whether words, of which there are enough, begin with k. The caller checks the
// number of words: it knows where in the message it stands.
func (k keyword) matchesAt(words []string) bool {
	for i, p := range k {
		if !p.matches(words[i]) {
			return false
		}
	}
	return true
}

// hasWord reports whether the word is part of one of the keywords. It is for lists of single words
// that fill a sentence: a word of "saa ngapi" counts by itself.
func hasWord(all []keyword, word string) bool {
	for _, k := range all {
		for _, p := range k {
			if p.matches(word) {
				return true
			}
		}
	}
	return false
}

// split returns the words of a message in lower case: runs of letters and
// digits, at most maxWords of them. Marks are dropped, which turns the keycap emoji 1️⃣ into
// "1". So are apostrophes, which turns "can't" into "cant". A letter written three times or
// more, as in "hellooo", counts once. Marks are dropped before anything else is compared: customers
// answer a menu with 1️⃣.
func split(text string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, string(token.SqueezeLetters(word)))
			word = word[:0]
		}
	}
	scanned := 0
	for _, r := range text {
		if scanned++; scanned > maxScannedRunes || len(words) == maxWords {
			break
		}
		// Nothing is said of the language: Swahili and English are both letters for this.
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			word = append(word, token.Plain(r))
		// The zero-width joiner holds emoji together, and would split a word that it stands in.
		case unicode.IsMark(r), r == '\'', r == '’', r == '\u200d':
		default:
			end()
		}
	}
	end()
	return words[:min(len(words), maxWords)]
}
