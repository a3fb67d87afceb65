package reply

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// maskedNumber stands for a number that leaves no machine of ours.
const maskedNumber = "[number]"

var (
	// longNumber finds four digits or more, with what people write between them. A PIN has four.
	longNumber = regexp.MustCompile(`\+?\p{Nd}(?:[\p{Nd}\p{Mn}]|[ .,()/-]{1,2}\p{Nd})*`)
	// code finds what has both letters and digits and is long enough for a payment or an order.
	code = regexp.MustCompile(`[\p{L}\p{Nd}]*(?:\p{L}\p{Nd}|\p{Nd}\p{L})[\p{L}\p{Nd}]*`)
	mail = regexp.MustCompile(`\S+@\S+`)
)

const (
	maskedDigits = 4
	maskedCode   = 6 // characters
)

// Mask hides what identifies people in a text that is shown to a language model: numbers of
// phones, accounts and documents, codes of payments, addresses of mail, and PINs. A line that
// speaks of a secret is hidden whole, for a PIN may be written in words. Prices of four digits and
// more are hidden too: they cannot be told from PINs.
func Mask(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if anyIn(split(line), secretWords) {
			lines[i] = "[hidden]"
			continue
		}
		lines[i] = maskLine(line)
	}
	return strings.Join(lines, "\n")
}

func maskLine(line string) string {
	line = mail.ReplaceAllString(line, "[mail]")
	for _, p := range entity.Find(line).Phones { // also with marks that longNumber does not know
		if p.Start < p.End && p.End <= len(line) {
			line = line[:p.Start] + strings.Repeat("0", p.End-p.Start) + line[p.End:]
		}
	}
	line = code.ReplaceAllStringFunc(line, func(s string) string {
		if len([]rune(s)) < maskedCode && countDigits(s) < maskedDigits {
			return s
		}
		return maskedNumber
	})
	return longNumber.ReplaceAllStringFunc(line, func(s string) string {
		if countDigits(s) < maskedDigits {
			return s
		}
		return maskedNumber
	})
}

func countDigits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
