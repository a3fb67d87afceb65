package entity

import (
	"strings"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// Country is where a local phone number is taken to be, as both use the prefix 07.
type Country string

// The countries whose local numbers are read.
const (
	Tanzania Country = "TZ"
	Kenya    Country = "KE"
)

// maxEntities bounds what is found in one text.
const maxEntities = 512

// Find finds the entities of a text. Local phone numbers are Tanzanian; see [FindIn].
func Find(text string) Entities { return FindIn(text, Tanzania) }

// FindIn finds the entities of a text by a business of a country.
func FindIn(text string, c Country) Entities {
	f := finder{tokens: token.Split(text), text: text, country: c}
	f.run()
	return f.found
}

// A finder reads entities from left to right. What one takes is not seen by the next.
// One finder reads one text and is then thrown away, so it needs no lock.
type finder struct {
	// text is the message as typed. Places are bytes of it.
	text string
	// tokens are the whole message. No reader changes them.
	tokens []token.Token
	// country settles 0712 345 678, which is a number of both countries.
	country Country
	// found grows from left to right, so each list is in the order of the text.
	found Entities
}

// run tries the readers at each token, the surest first, and takes the first that reads anything.
// Each reader looks at a bounded number of tokens, so the time is linear in the text.
func (f *finder) run() {
	// The order matters. A phone number would be a reference, "saa 4" a quantity, and "5,000" a
	// plain number. "number" comes last since every digit fits it.
	readers := []func(int) int{f.phone, f.reference, f.time, f.money, f.quantity, f.number}
	for i, n := 0, 0; i < len(f.tokens) && n < maxEntities; {
		// A token that no reader wants is passed over: most words name no entity.
		next := i + 1
		for _, read := range readers {
			if end := read(i); end > i {
				next = end
				n++
				break
			}
		}
		i = next
	}
}

// word is the text of token i, and "" outside of the text. Readers may therefore look ahead and
// back without checks of bounds.
func (f *finder) word(i int) string {
	if i < 0 || i >= len(f.tokens) {
		return ""
	}
	return f.tokens[i].Text
}

// isNumber says digits only. A numeral in letters is read by token.Numeral.
func (f *finder) isNumber(i int) bool {
	return i >= 0 && i < len(f.tokens) && f.tokens[i].Kind == token.Number
}

// glued tells "2.5" from "2. 5", and "5k" from "5 k".
func (f *finder) glued(i int) bool { return i < len(f.tokens) && f.tokens[i].Glued }

// place is in bytes of the message, from token i up to but without end.
func (f *finder) place(i, end int) Place {
	return Place{f.tokens[i].Start, f.tokens[end-1].End}
}

// phone reads a number of a phone, whose digits may have spaces and hyphens between them.
// People type "0712 345 678", "0712-345-678" and "+255 712 345 678". No digits are taken from the
// middle of a code such as "A0712345678".
func (f *finder) phone(i int) (end int) {
	at, plus := i, f.word(i) == "+"
	if plus {
		at++
	}
	if !f.isNumber(at) || !plus && i > 0 && f.glued(i) && f.tokens[i-1].Kind != token.Symbol {
		return i
	}
	var digits strings.Builder
	// At most 12 tokens and 15 digits, the most that E.164 allows, bound the work.
	for n := at; n < len(f.tokens) && n < at+12 && digits.Len() <= 15; n++ {
		if !f.isNumber(n) {
			if w := f.word(n); w == "-" || w == "(" || w == ")" || w == "." {
				continue
			}
			break
		}
		digits.WriteString(f.tokens[n].Text)
		if number, ok := e164(digits.String(), plus, f.country); ok &&
			!f.moreDigits(n+1, digits.Len(), plus) {
			f.found.Phones = append(f.found.Phones, Phone{f.place(i, n+1), number})
			return n + 1
		}
	}
	return i
}

// moreDigits reports whether a number goes on, so that what was read is only a part of it.
// Without the check, the first ten digits of an account number would be a phone.
func (f *finder) moreDigits(i, so int, plus bool) bool {
	return f.isNumber(i) && (f.glued(i) || plus && so+len(f.tokens[i].Text) <= 12 && so < 11)
}

// e164 makes the international form of a number.
// The digit behind the zero tells the country: 06 and 02 are Tanzania, 01 is Kenya, and 07 is both,
// so the business's country decides. Other lengths are accounts and references.
func e164(digits string, plus bool, c Country) (string, bool) {
	local := map[Country]string{Tanzania: "+255", Kenya: "+254"}[c]
	// Both country codes are known without a plus: "255712345678" is common in chats.
	home := strings.HasPrefix(digits, "255") || strings.HasPrefix(digits, "254")
	switch n := len(digits); {
	case home && n == 12 && strings.ContainsRune("1267", rune(digits[3])):
		return "+" + digits, true
	case home && n == 13 && digits[3] == '0': // "+255 0712…"
		return "+" + digits[:3] + digits[4:], true
	case plus && !home && n >= 8 && n <= 15 && digits[0] != '0':
		return "+" + digits, true
	case plus || n != 10 || digits[0] != '0':
		return "", false
	case digits[1] == '6' || digits[1] == '2':
		return "+255" + digits[1:], true
	case digits[1] == '1':
		return "+254" + digits[1:], true
	case digits[1] == '7':
		return local + digits[1:], true
	}
	return "", false
}

// time passes over hours and dates, whose numbers are neither quantities nor choices.
// In "sa 4 asbuhi" the 4 is an hour. Package when reads the hour; here the number must only not
// become the choice 4 of a menu or four pieces.
func (f *finder) time(i int) (end int) {
	if timeWords[f.word(i)] {
		at := i + 1
		if f.word(at) == "ya" {
			at++
		}
		v, n := token.Numeral(f.tokens, at)
		// No hour, date or minute is larger than 59. "At 15,000" tells a price.
		if n == 0 || v > 59 { // "at 15,000 each"
			return i
		}
		at += n
		if (f.word(at) == ":" || f.word(at) == ".") && f.glued(at) && f.isNumber(at+1) &&
			f.glued(at+1) {
			at += 2
		}
		return at
	}
	if !f.isNumber(i) {
		return i
	}
	switch w := f.word(i + 1); {
	case w == "am" || w == "pm" || w == "hrs" || timeUnits[w]:
		return i + 2
	case w == ":" && f.glued(i+1) && f.isNumber(i+2) && f.glued(i+2):
		return i + 3
	// "5/3" is a date. "1/2 kilo" and "3/4" are fractions, which quantity reads.
	case w == "/" && f.glued(i+1) && f.isNumber(i+2) && f.glued(i+2) && units[f.word(i+3)] == "" &&
		f.word(i+2) != "2" && f.word(i+2) != "4":
		return i + 3
	case (w == "st" || w == "nd" || w == "rd" || w == "th") && f.glued(i+1):
		return i + 2
	}
	return i
}

// timeWords stand before a number of time: "saa 4", "tarehe 26", "siku 3".
var timeWords = map[string]bool{
	"saa": true, "sa": true, "tarehe": true, "tar": true, "dakika": true, "dk": true, "masaa": true,
	"siku": true, "wiki": true, "mwezi": true, "at": true,
}

// timeUnits stand behind a number of time: "30 mins", "2 weeks".
var timeUnits = map[string]bool{
	"minutes": true, "mins": true, "min": true, "hours": true, "hour": true, "hr": true,
	"days": true, "day": true, "weeks": true, "week": true, "months": true, "oclock": true,
}

// number reads what is left.
// The 14 of "A14" belongs to a model, but the 2 of "x2" is a count. Above a million a number
// answers no menu and counts nothing that a shop sells.
func (f *finder) number(i int) (end int) {
	v, n := token.Numeral(f.tokens, i)
	inWord := i > 0 && f.isNumber(i) && f.glued(i) && f.tokens[i-1].Kind == token.Word // "A14"
	if n == 0 || v > 1_000_000 || inWord && f.word(i-1) != "x" {
		return i
	}
	f.found.Numbers = append(f.found.Numbers, Number{f.place(i, i+n), int(v)})
	return i + n
}
