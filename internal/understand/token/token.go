// Package token splits messages into words and numbers, and knows the numerals of Swahili and
// English. What reads days, amounts and names out of messages begins with it.
package token

import (
	"unicode"
	"unicode/utf8"
)

// MaxBytes is how much of a text is read. WhatsApp's own limit is 65,536 characters; nobody
// books with the rest of a longer one, and time grows with the length.
// The bound is on bytes, since characters would have to be counted first.
const MaxBytes = 64 << 10

// Kind is what a token is made of.
type Kind uint8

// The kinds of tokens.
const (
	Word   Kind = iota // letters
	Number             // digits
	Symbol             // one character of anything else
)

// A Token is a word, a number or a character between them. "4pm" is two tokens, so that what is
// written together and what is written apart reads the same.
type Token struct {
	// Text is in lower case and without accents and apostrophes. A number's has no commas
	// between thousands.
	Text       string
	Start, End int // text[Start:End], in bytes
	Kind       Kind
	// Glued tells "4pm" from "4 p.m.", "2.5" from "2. 5", and "A14" from "A 14".
	Glued bool // no space between it and the token before
}

// Split returns the tokens of a text.
// Split goes over the text once. Start and End refer to the text as it came, so that what was found
// can be cut out of the message.
func Split(text string) []Token {
	text = cut(text)
	// About four bytes to a token: most messages need no second allocation.
	tokens := make([]Token, 0, len(text)/4+1)
	end := -1 // of the token before
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		t := Token{Start: i, Glued: i == end}
		switch {
		// A line break separates the items of a list, so it stays as a symbol. Other spaces only
		// end a token.
		case r == '\n':
			t.Text, t.End, t.Kind = "\n", i+size, Symbol
		// Cf holds the invisible joiners and direction marks that phones put into emoji and pasted
		// text.
		case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
			i += size
			continue
		case isDigit(r):
			t.Text, t.End = number(text, i)
			t.Kind = Number
		case unicode.IsLetter(r):
			t.Text, t.End = word(text, i)
		default:
			t.Text, t.End, t.Kind = text[i:i+size], i+size, Symbol
		}
		tokens = append(tokens, t)
		i, end = t.End, t.End
	}
	return tokens
}

// cut shortens a text to MaxBytes, but not within a character.
// Half a character at the end would become a replacement character in a token.
func cut(text string) string {
	if len(text) <= MaxBytes {
		return text
	}
	n := MaxBytes
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// Other scripts' digits are no numbers here: strconv does not read them.
func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// number reads digits, and further groups of three after a comma: "5,000", but not "2,3".
// Commas in groups of three are the form of prices in East Africa. A decimal comma is not used, so
// "2,3" are two numbers.
func number(text string, i int) (digits string, end int) {
	start := i
	for i < len(text) && isDigit(rune(text[i])) {
		i++
	}
	digits = text[start:i]
	// 15 digits fit an int64, and a row of groups without end stays bounded.
	for len(digits) <= 15 && i-start > 0 && i+3 < len(text) && text[i] == ',' &&
		threeDigits(text[i+1:]) {
		if len(digits) > 3 && digits == text[start:i] {
			break // "1234,567" is no number with groups
		}
		digits += text[i+1 : i+4]
		i += 4
	}
	return digits, i
}

// threeDigits reports whether a text begins with exactly three digits.
// A fourth digit behind the three makes it a list: "5,0000".
func threeDigits(s string) bool {
	for n := range 3 {
		if len(s) <= n || !isDigit(rune(s[n])) {
			return false
		}
	}
	return len(s) == 3 || !isDigit(rune(s[3]))
}

// word reads letters. An apostrophe between letters is left out: "j'tatu" is "jtatu".
// Phones type either apostrophe, and many leave it out: "ng'ombe" and "ngombe" must meet.
func word(text string, i int) (folded string, end int) {
	start, plain := i, true
	// Words are short, so the buffer mostly stays on the stack.
	buf := make([]byte, 0, 16)
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsLetter(r):
			f := Fold(r)
			plain = plain && f == r
			buf = utf8.AppendRune(buf, f)
		case unicode.Is(unicode.Mn, r): // a combining accent
			plain = false
		case isApostrophe(r) && startsWithLetter(text[i+size:]):
			plain = false
		default:
			return spelled(text[start:i], buf, plain), i
		}
		i += size
	}
	return spelled(text[start:i], buf, plain), i
}

// spelled saves an allocation for a word that is written as it is compared.
func spelled(written string, folded []byte, plain bool) string {
	if plain {
		return written
	}
	return string(folded)
}

// Four marks are typed for it.
func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == '‘' || r == '`' }

// An apostrophe at the end of a word is a quotation mark.
func startsWithLetter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

// folds are the letters with accents that keyboards here write by mistake or in names.
// The list is short on purpose: a full table of Unicode would cost more than it finds.
var folds = map[rune]rune{
	'à': 'a', 'á': 'a', 'â': 'a', 'ã': 'a', 'ä': 'a', 'å': 'a', 'ç': 'c', 'è': 'e', 'é': 'e',
	'ê': 'e', 'ë': 'e', 'ì': 'i', 'í': 'i', 'î': 'i', 'ï': 'i', 'ñ': 'n', 'ò': 'o', 'ó': 'o',
	'ô': 'o', 'õ': 'o', 'ö': 'o', 'ù': 'u', 'ú': 'u', 'û': 'u', 'ü': 'u', 'ý': 'y', 'ÿ': 'y',
}

// Fold returns a letter in lower case and without its accent.
// ASCII goes first, as almost every letter is.
func Fold(r rune) rune {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	r = unicode.ToLower(r)
	if f, ok := folds[r]; ok {
		return f
	}
	return r
}

// Plain returns r in lower case, and a full-width digit as an ASCII one. Some keyboards write "１"
// where a menu has 1. Accents stay: Fold takes them off.
func Plain(r rune) rune {
	if r >= '０' && r <= '９' {
		return r - '０' + '0'
	}
	return unicode.ToLower(r)
}

// SqueezeLetters makes one letter of three or more equal ones, and leaves digits alone: "asanteeee"
// becomes "asante", and "1000" is not 10. Two equal letters stay: "book", "saa". Squeeze
// works on bytes and squeezes digits too.
func SqueezeLetters(word []rune) []rune {
	kept := word[:0:0]
	for i := 0; i < len(word); {
		run := i + 1
		for run < len(word) && word[run] == word[i] {
			run++
		}
		n := run - i
		if n >= 3 && unicode.IsLetter(word[i]) {
			n = 1
		}
		kept = append(kept, word[i:i+n]...)
		i = run
	}
	return kept
}

// Squeeze shortens letters that are repeated: "keshoooo" is "kesho". Two stay two, as in "saa".
// Three or more count as one. What is compared with the result must have no three equal letters.
func Squeeze(word string) string {
	// Bytes suffice: equal bytes within one character do not come three in a row in practice.
	run, out := 0, make([]byte, 0, len(word))
	for i := range len(word) {
		if run = run + 1; i == 0 || word[i] != word[i-1] {
			run = 1
		}
		if run >= 3 {
			if run == 3 { // it was no doubled letter either
				out = out[:len(out)-1]
			}
			continue
		}
		out = append(out, word[i])
	}
	if len(out) == len(word) {
		return word
	}
	return string(out)
}

// OneTypo reports whether two words differ by exactly one letter that is wrong, missing or too
// many, or by two neighbours that are swapped.
// OneTypo compares bytes and takes time in proportion to the shorter word. Which words may be
// compared at all is the caller's care: of short words too many are one letter apart.
func OneTypo(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b {
		return false
	}
	i := 0
	// What is equal in front is passed. Behind the first difference the rest must be equal.
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
