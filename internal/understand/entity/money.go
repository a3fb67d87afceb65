package entity

import (
	"strconv"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// currencies are the words for them. A shilling alone is either country's.
// "Tsg" is a slip on a phone's keyboard, where g lies beside h.
var currencies = map[string]string{
	"tsh": "TZS", "tshs": "TZS", "tzs": "TZS", "tshillings": "TZS", "tsg": "TZS",
	"ksh": "KES", "kshs": "KES", "kes": "KES", "bob": "KES", "kshillings": "KES",
	"usd": "USD", "$": "USD", "dollars": "USD", "dola": "USD",
}

// The caller knows the business's country and fills the currency in.
var shillings = map[string]bool{
	"sh": true, "shs": true, "shilingi": true,
	"shillings": true, "shilling": true, "shilings": true,
	"silingi": true,
}

// magnitudes of which people speak of money only.
// "Elfu tano" without a currency is money. "Tano" alone is a number of things.
var moneyWords = map[string]bool{
	"elfu": true, "laki": true, "milioni": true, "thousand": true, "million": true, "mia": true,
	"elf": true, "alfu": true,
}

// money reads an amount: "TSh 5,000", "5k", "elfu tano", "5000/=", "laki moja na nusu". Without
// a currency it needs a comma, a k or a large numeral, and no unit behind it.
// A bare "5000" stays a number: it may be an order, a meter or a price. The context of the question
// decides, not this reader.
func (f *finder) money(i int) (end int) {
	at, currency, sure := i, "", false
	// "Tsh. 5,000" has a point behind the abbreviation.
	if c, n := f.currency(i); n > 0 {
		currency, sure, at = c, true, i+n
		if f.word(at) == "." {
			at++
		}
	}
	// A currency without an amount ("how many bob?") is no money.
	if at > i && !f.isNumber(at) && !token.Spelled(f.word(at)) {
		return i
	}
	amount, n := f.amount(at)
	if n == 0 {
		return i
	}
	sure = sure || f.soundsLikeMoney(at, n)
	next := at + n
	switch c, used := f.currency(next); {
	// Both orders are typed: "TSh 5,000" and "5,000 TSh".
	case used > 0 && currency == "":
		currency, sure, next = c, true, next+used
	// "5000/=" and "5000/-" are how prices are written by hand in East Africa.
	case amountEndings[f.word(next)+f.word(next+1)] && f.glued(next+1):
		sure, next = true, next+2
	case at == i && f.unitAt(next):
		return i // "elfu mbili pcs" is a quantity
	}
	// "Watu elfu moja" counts people, although the number sounds like money.
	if !sure || f.beforeIsUnit(i) {
		return i
	}
	f.found.Money = append(f.found.Money, Money{f.place(i, next), amount, currency})
	return next
}

// amountEndings stand where cents would.
var amountEndings = set("/= /- =/ =-")

// currency reads the word or sign of a currency. It is "" for a shilling of either country.
// The two tokens "t" and "sh" are what "T-sh" and "T sh" leave.
func (f *finder) currency(i int) (currency string, n int) {
	w := f.word(i)
	if c, ok := currencies[w]; ok {
		return c, 1
	}
	if shillings[w] {
		return "", 1
	}
	if (w == "t" || w == "k") && shillings[f.word(i+1)] {
		return map[string]string{"t": "TZS", "k": "KES"}[w], 2
	}
	return "", 0
}

// amount reads a number with what people abbreviate: "5k", "1.5m", "5,000.00".
// A point may end a sentence, so decimals must be glued on both sides.
func (f *finder) amount(i int) (amount int64, n int) {
	v, n := token.Numeral(f.tokens, i)
	if n == 0 {
		return 0, 0
	}
	decimals, one := int64(0), int64(1)
	if f.isNumber(i) && n == 1 && f.word(i+1) == "." && f.glued(i+1) && f.isNumber(i+2) &&
		f.glued(i+2) && len(f.word(i+2)) <= 3 {
		decimals, _ = strconv.ParseInt(f.word(i+2), 10, 32)
		for range len(f.word(i + 2)) {
			one *= 10
		}
		n = 3
	}
	// The k must be glued: "5 k" may be "5 kilo" cut short.
	scale := int64(1)
	if f.isNumber(i) && f.glued(i+n) {
		switch f.word(i + n) {
		case "k":
			scale, n = 1000, n+1
		// "1.5m" is a million and a half only with decimals: "2m" of cloth is a length.
		case "m":
			if f.word(i+n+1) != "" && units[f.word(i+n+1)] == "" && decimals > 0 {
				scale, n = 1_000_000, n+1
			}
		}
	}
	// The check comes before the product, which could overflow.
	if v > 1_000_000_000_000/scale {
		return 0, 0
	}
	return v*scale + decimals*scale/one, n
}

// soundsLikeMoney reports whether a number of n tokens is said as money is.
// The comma is gone from the token's text, so a longer span in the message tells it.
func (f *finder) soundsLikeMoney(i, n int) bool {
	for k := i; k < i+n; k++ {
		if moneyWords[f.word(k)] || f.word(k) == "k" {
			return true
		}
	}
	t := f.tokens[i]
	return t.Kind == token.Number && t.End-t.Start > len(t.Text) // "5,000"
}

// unitAt keeps prices and quantities apart in both readers.
func (f *finder) unitAt(i int) bool { return units[f.word(i)] != "" }

// beforeIsUnit reports whether the word before counts: "watu mia", "kilo elfu moja".
func (f *finder) beforeIsUnit(i int) bool { return i > 0 && f.unitAt(i-1) }
