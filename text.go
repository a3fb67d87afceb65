package flowhq

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// PlainLine reports whether a text of one line shows what it is: it has no control characters and
// no end of a line, which break a log line, a page or a terminal, and nothing that is not seen or
// that turns the text around it.
//
// Names have to be plain, since people act by them: with a zero-width space two businesses have the
// same name to the eye, and with U+202E a name is read from its end.
func PlainLine(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	var before rune
	for i, r := range s {
		switch {
		case r == zeroWidthJoiner:
			// Of no text at all this is U+FFFD, which is a symbol too.
			after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if !pictorial(before) || !unicode.Is(unicode.So, after) || unprintable(after) {
				return false
			}
		case unprintable(r), invisible(r):
			return false
		}
		before = r
	}
	return true
}

// PlainText reports whether a text that may have several lines has no other control characters.
// What turns letters around may be in it: right-to-left scripts need that in the middle of a
// sentence, and nobody knows a person or a thing by such a text.
func PlainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '\n' && unprintable(r)
	})
}

// unprintable reports whether a character controls what shows the text.
func unprintable(r rune) bool {
	// The two separators end a line in JavaScript and in some viewers of logs. U+FFFD is what is
	// left of a character that was broken on its way.
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == utf8.RuneError
}

const (
	// zeroWidthJoiner joins pictures to one, such as a family.
	zeroWidthJoiner = '\u200d'
	brailleBlank    = '\u2800' // a symbol that nobody sees
)

// invisible reports whether a character takes no room, or is blank without being a space.
func invisible(r rune) bool {
	// The Arabic signs of Prepended_Concatenation_Mark are of category Cf, but are seen.
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == brailleBlank
}

// pictorial reports whether a character can be the end of a picture: a symbol, the tone of a skin,
// or the sign that asks for colours.
func pictorial(r rune) bool {
	const firstTone, lastTone, inColours = 0x1f3fb, 0x1f3ff, 0xfe0f
	return unicode.Is(unicode.So, r) || r == inColours || r >= firstTone && r <= lastTone
}

// CleanLine is a text as one plain line: runs of space are one space, and what PlainLine refuses is
// left out. It is for what customers have written, which nobody can send back to them.
func CleanLine(s string) string {
	line := strings.Join(strings.Fields(s), " ")
	if PlainLine(line) {
		return line // with the pictures that are joined
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unprintable(r) || invisible(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(line, "")))
}

// seen reports whether a text has anything to see.
func seen(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)
	})
}
