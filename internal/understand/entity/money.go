package entity

import (
	"strconv"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// currencies are the words for them. A shilling alone is either country's.
var currencies = map[string]string{
	"tsh": "TZS", "tshs": "TZS", "tzs": "TZS", "tshillings": "TZS", "tsg": "TZS",
	"ksh": "KES", "kshs": "KES", "kes": "KES", "bob": "KES", "kshillings": "KES",
	"usd": "USD", "$": "USD", "dollars": "USD", "dola": "USD",
}

var shillings = map[string]bool{
	"sh": true, "shs": true, "shilingi": true, "shillings": true, "shilling": true, "shilings": true,
	"silingi": true,
}

// magnitudes of which people speak of money only.
var moneyWords = map[string]bool{
	"elfu": true, "laki": true, "milioni": true, "thousand": true, "million": true, "mia": true,
	"elf": true, "alfu": true,
}

// money reads an amount: "TSh 5,000", "5k", "elfu tano", "5000/=", "laki moja na nusu". Without
// a currency it needs a comma, a k or a large numeral, and no unit behind it.
func (f *finder) money(i int) (end int) {
	at, currency, sure := i, "", false
	if c, n := f.currency(i); n > 0 {
		currency, sure, at = c, true, i+n
		if f.word(at) == "." {
			at++
		}
	}
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
	case used > 0 && currency == "":
		currency, sure, next = c, true, next+used
	case amountEndings[f.word(next)+f.word(next+1)] && f.glued(next+1):
		sure, next = true, next+2
	case at == i && f.unitAt(next):
		return i // "elfu mbili pcs" is a quantity
	}
	if !sure || f.beforeIsUnit(i) {
		return i
	}
	f.found.Money = append(f.found.Money, Money{f.place(i, next), amount, currency})
	return next
}

// amountEndings stand where cents would.
var amountEndings = set("/= /- =/ =-")

// currency reads the word or sign of a currency. It is "" for a shilling of either country.
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
	scale := int64(1)
	if f.isNumber(i) && f.glued(i+n) {
		switch f.word(i + n) {
		case "k":
			scale, n = 1000, n+1
		case "m":
			if f.word(i+n+1) != "" && units[f.word(i+n+1)] == "" && decimals > 0 {
				scale, n = 1_000_000, n+1
			}
		}
	}
	if v > 1_000_000_000_000/scale {
		return 0, 0
	}
	return v*scale + decimals*scale/one, n
}

// soundsLikeMoney reports whether a number of n tokens is said as money is.
func (f *finder) soundsLikeMoney(i, n int) bool {
	for k := i; k < i+n; k++ {
		if moneyWords[f.word(k)] || f.word(k) == "k" {
			return true
		}
	}
	t := f.tokens[i]
	return t.Kind == token.Number && t.End-t.Start > len(t.Text) // "5,000"
}

func (f *finder) unitAt(i int) bool { return units[f.word(i)] != "" }

// beforeIsUnit reports whether the word before counts: "watu mia", "kilo elfu moja".
func (f *finder) beforeIsUnit(i int) bool { return i > 0 && f.unitAt(i-1) }
