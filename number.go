package flowhq

import (
	"slices"
	"strings"
)

// SameNumber reports whether two phone numbers, E.164 with or without the plus sign,
// are one that is spelt in two ways. WhatsApp knows each account under one spelling,
// which need not be how people write the number: a digit that once told mobile phones
// apart may be there or not, as may the zero that is dialled before the area code.
func SameNumber(a, b string) bool {
	a, b = strings.TrimPrefix(a, "+"), strings.TrimPrefix(b, "+")
	if a == b {
		return true
	}
	first, second := digitsOf(a), digitsOf(b)
	return first.number == second.number &&
		(first.mobile == second.mobile || first.mobile == "" || second.mobile == "")
}

// mobileDigits are the digits after the country's code that are there or not, and how
// many digits a number has after them.
var mobileDigits = []struct {
	country, digits string
	rest            int
	first           string // what those may begin with; "" = anything
}{
	{"52", "1", 10, ""},    // Mexico, until 2019
	{"54", "9", 10, ""},    // Argentina, from abroad only
	{"229", "01", 8, ""},   // Benin, since 2024
	{"225", "01", 8, ""},   // Côte d'Ivoire, since 2021: by the operator
	{"225", "05", 8, ""},   //
	{"225", "07", 8, ""},   //
	{"241", "0", 7, ""},    // Gabon, since 2019; the zero was dialled before
	{"55", "9", 8, "6789"}, // Brazil, since 2016; after the area's two digits
}

// zeroCounts are the countries where a zero at the beginning is a part of the number, and
// the number without it may be another one: Italy's landlines have it, its mobile phones
// do not.
var zeroCounts = []string{"39", "225", "229"}

// A spelling is a number without what may be left out of it.
type spelling struct {
	number string
	mobile string // the digits that tell mobile phones apart, "" if they are left out
}

// digitsOf takes a number apart that has no plus sign.
func digitsOf(number string) spelling {
	country, rest := splitCountry(number)
	trunk, zero := strings.CutPrefix(rest, "0")
	if zero && len(trunk) > 5 && !slices.Contains(zeroCounts, country) {
		rest = trunk
	}
	area, mobile := "", ""
	if country == "55" && len(rest) > 2 {
		area, rest = rest[:2], rest[2:]
	}
	for _, m := range mobileDigits {
		short, ok := strings.CutPrefix(rest, m.digits)
		if ok && country == m.country && len(short) == m.rest &&
			(m.first == "" || strings.Contains(m.first, short[:1])) {
			rest, mobile = short, m.digits
			break
		}
	}
	return spelling{country + area + rest, mobile}
}

// twoDigits are the countries' codes of two digits. Those of one digit are 1 and 7; all
// others have three (ITU-T E.164.D).
const twoDigits = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 " +
	"58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "

// splitCountry splits a number into its country's code and the rest.
func splitCountry(number string) (country, rest string) {
	n := 3
	switch {
	case number == "":
		return "", ""
	case number[0] == '1' || number[0] == '7':
		n = 1
	case len(number) > 2 && strings.Contains(twoDigits, " "+number[:2]+" "):
		n = 2
	}
	n = min(n, len(number))
	return number[:n], number[n:]
}
