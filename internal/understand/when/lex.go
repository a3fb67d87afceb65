package when

import (
	"strconv"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// A lexeme is a form of the lexicon, a number, or a token that says nothing of time.
// Grammars see lexemes only, so each form of a word is written once, in words.tsv.
type lexeme struct {
	meaning        // kind "number", "symbol" and "" are not of the lexicon
	raw     string // its first token
	digits  bool   // a number that is written in digits
	// glued says that no space stands before it.
	glued bool
}

// maxLexemes bounds the work on one message. A long WhatsApp message has a few hundred words.
const maxLexemes = 1024

// read turns a text into lexemes.
// The lexicon goes first: "saa sita usiku" may be a form of its own, although "sita" is a number.
func read(text string) []lexeme {
	tokens := token.Split(text)
	out := make([]lexeme, 0, min(len(tokens), maxLexemes))
	for i := 0; i < len(tokens) && len(out) < maxLexemes; {
		t := tokens[i]
		x := lexeme{raw: t.Text, glued: t.Glued}
		if m, n := words.find(tokens, i); n > 0 {
			x.meaning = m
			i += n
		} else if v, n := token.Numeral(tokens, i); n > 0 {
			x.kind, x.value, x.digits = "number", int(v), t.Kind == token.Number
			i += n
		} else {
			if t.Kind == token.Symbol {
				x.kind, x.text = "symbol", t.Text
				// Phones make a dash of a hyphen in "2–4".
				if t.Text == "–" || t.Text == "—" {
					x.text = "-"
				}
			} else if t.Kind == token.Number {
				x.digits = true // too long for a number
			}
			i++
		}
		out = append(out, x)
	}
	return out
}

// at returns the lexeme at i, or an empty one outside of the text.
// Grammars may therefore look ahead and back without checks of bounds.
func (p *parser) at(i int) lexeme {
	if i < 0 || i >= len(p.lexemes) {
		return lexeme{meaning: kindEnd}
	}
	return p.lexemes[i]
}

// kindEnd is the kind of what lies outside of the text.
// It differs from "", the kind of a word that says nothing of time.
var kindEnd = meaning{kind: "end"}

// is reports whether the lexeme at i is of one of the kinds.
// Kinds are few, so a list is faster than a set.
func (p *parser) is(i int, kinds ...string) bool {
	k := p.at(i).kind
	for _, want := range kinds {
		if k == want {
			return true
		}
	}
	return false
}

// symbol reports whether lexeme i is the character s.
func (p *parser) symbol(i int, s string) bool {
	x := p.at(i)
	return x.kind == "symbol" && x.text == s
}

// raw looks at the word as typed, where one meaning has words that behave differently: "within" and
// "in".
func (p *parser) raw(i int, options ...string) bool {
	x := p.at(i)
	for _, o := range options {
		if x.raw == o {
			return true
		}
	}
	return false
}

// number returns the number at i, if it lies between low and high.
// Bounds are inclusive, and each grammar names its own: hours end at 24, days at 31.
func (p *parser) number(i, low, high int) (int, bool) {
	x := p.at(i)
	return x.value, x.kind == "number" && x.value >= low && x.value <= high
}

// twoDigits returns a number of two digits that is glued to what is before it: the minutes of
// "10:30".
// "10:5" and "10: 30" are no times.
func (p *parser) twoDigits(i int) (int, bool) {
	x := p.at(i)
	if x.kind != "number" || !x.digits || !x.glued || len(x.raw) != 2 || x.value > 59 {
		return 0, false
	}
	return x.value, true
}

// skip passes over up to two of the small words that join a day to its week or month.
// Two are enough for "ya" and "the", and bound the work. "Il" is a slip of "ile".
func (p *parser) skip(i int, also ...string) int {
	for range 2 {
		if !p.raw(i, "ya", "wa", "la", "of", "on", "the", "za", "il") && !p.raw(i, also...) {
			break
		}
		i++
	}
	return i
}

// ordinal passes over the ending of "5th".
// "5 th" with a space is left alone.
func (p *parser) ordinal(i int) (next int, ok bool) {
	if p.raw(i, "st", "nd", "rd", "th") && p.at(i).glued {
		return i + 1, true
	}
	return i, false
}

// hundreds reads "1430" as hours and minutes.
// "1430" is a time only where something marks it. Alone it may be a price.
func hundreds(x lexeme) (hour, minute int, ok bool) {
	if !x.digits || len(x.raw) < 3 || len(x.raw) > 4 {
		return 0, 0, false
	}
	v, err := strconv.Atoi(x.raw)
	if err != nil || v/100 > 23 || v%100 > 59 {
		return 0, 0, false
	}
	return v / 100, v % 100, true
}
