package reply

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// maskedNumber stands for a number that leaves no machine of ours.
const maskedNumber = "[number]"

// The patterns hide too much rather than too little: a model that misses a number asks for nothing,
// and a number that has left cannot be called back.
var (
	// longNumber finds four digits or more, with what people write between them. A PIN has four.
	longNumber = regexp.MustCompile(`\+?\p{Nd}(?:[\p{Nd}\p{Mn}]|[ .,()/-]{1,2}\p{Nd})*`)
	// code finds what has both letters and digits and is long enough for a payment or an order.
	// M-Pesa codes are such: ten letters and digits, by which a payment can be claimed.
	code = regexp.MustCompile(`[\p{L}\p{Nd}]*(?:\p{L}\p{Nd}|\p{Nd}\p{L})[\p{L}\p{Nd}]*`)
	mail = regexp.MustCompile(`\S+@\S+`)
)

// Shorter ones are sizes, amounts and "2pcs", which the model needs.
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
		// Only the line, not the message: a burst has lines, and the question stands in another
		// one.
		if anyIn(split(line), secretWords) {
			lines[i] = "[hidden]"
			continue
		}
		lines[i] = maskLine(line)
	}
	return strings.Join(lines, "\n")
}

// maskLine masks the secrets of one line.
func maskLine(line string) string {
	// The order matters: the address goes first, or its digits would be taken for a code. Zeros
	// keep the length of a phone's number, so that the places of those after it stay right, and
	// longNumber then hides them.
	line = mail.ReplaceAllString(line, "[mail]")
	for _, p := range entity.Find(line).Phones { // also with marks that longNumber does not know
		// A place outside of the line cannot be replaced. The test costs nothing beside a panic.
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

// countDigits counts digits of any script, as phones in Arabic digits are phones too.
func countDigits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
