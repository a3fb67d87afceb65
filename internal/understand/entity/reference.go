package entity

import (
	"strings"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// referenceWords say what the code behind them is of.
// "Luku" is Tanzania's prepaid meter. "Mita" is a meter here, and a unit of length in quantity.go:
// the digits behind tell which.
var referenceWords = map[string]ReferenceKind{
	"order": OrderNumber, "oda": OrderNumber, "agizo": OrderNumber, "booking": OrderNumber,
	"ticket": OrderNumber, "tiketi": OrderNumber, "invoice": OrderNumber, "ankara": OrderNumber,
	"account": Account, "akaunti": Account, "acc": Account,
	"acct": Account, "ac": Account, "customer": Account,
	"meter": Meter, "mita": Meter, "luku": Meter, "metre": Meter,
	"transaction": Transaction, "muamala": Transaction,
	"mpesa": Transaction, "receipt": Transaction,
	"risiti": Transaction, "code": Transaction, "ref": Unspecified, "reference": Unspecified,
	"kumbukumbu": Unspecified,
}

// "Nmb" is short for "namba". "No" and "id" count only behind another word, as "no" mostly refuses
// something.
var numberWords = map[string]bool{
	"no": true, "number": true, "namba": true, "nambari": true, "num": true, "nmb": true, "#": true,
	"id": true,
}

// Without "number" before it, fewer digits than these are more likely a quantity.
const (
	// "Oda 2" may order two. "Oda 2045" is the order with that number.
	minOrderDigits = 3
	// Prices in shillings have up to six digits, but mostly a comma or "sh".
	minDigits = 6 // of a reference that no word announces
	// Longer codes are links or noise.
	maxReference = 24
)

// reference reads "#B-12", "oda namba 26", "account 0123456", "QJK7H8L9M0".
// A code that is missed costs a question back. A price that is taken for a code breaks an order, so
// everything doubtful is left to the readers of money and quantities.
func (f *finder) reference(i int) (end int) {
	// "#" announces a code of any length, but needs a digit: "#love" is a hashtag.
	if f.word(i) == "#" {
		if code, end := f.code(i + 1); end > i+1 && hasDigit(code) {
			return f.refer(i, end, f.kindBefore(i), code)
		}
		return i
	}
	if kind, ok := referenceWords[f.word(i)]; ok {
		// "Order namba 26" is taken with two digits, "order 26" is not.
		at, announced := f.announced(i + 1)
		code, end := f.code(at)
		digits := digitsOf(code)
		switch {
		case end == at || digits == 0 || len(code) > maxReference:
		// The last condition takes "order b-12", whose code mixes letters and digits.
		case announced, digits >= minOrderDigits && !f.unitAt(end),
			digits > 0 && len(code) > digits && f.glued(at+1):
			return f.refer(at, end, kind, code)
		}
		return i
	}
	// "Namba B12" needs letters in its code. "Namba 12" is a choice.
	if numberWords[f.word(i)] && f.word(i) != "no" && f.word(i) != "id" {
		if code, end := f.code(i + 1); end > i+1 && len(code) > digitsOf(code) && hasDigit(code) {
			return f.refer(i+1, end, Unspecified, code)
		}
	}
	code, end := f.code(i)
	letters := len(code) - digitsOf(code)
	switch {
	case end == i || len(code) > maxReference ||
		i > 0 && f.glued(i) && f.tokens[i-1].Kind != token.Symbol:
	// M-Pesa's codes have ten characters, other payments' up to twelve: "QJK7H8L9M0".
	case len(code) >= 10 && len(code) <= 12 && letters >= 2 && digitsOf(code) >= 2 &&
		!strings.Contains(code, "-"):
		return f.refer(i, end, Transaction, code)
	// A bare number of six digits or more: an account or a meter, unless a currency stands beside
	// it.
	case letters == 0 && len(code) >= minDigits && f.plainDigits(i):
		if c, n := f.currency(end); n == 0 && c == "" && f.word(end) != "/" && !f.moneyBefore(i) {
			return f.refer(i, end, f.kindBefore(i), code)
		}
	// "AB-123", as shops write on receipts. The hyphen counts as a letter here.
	case letters > 0 && letters <= 3 && digitsOf(code) >= 3 && strings.Contains(code, "-"):
		return f.refer(i, end, f.kindBefore(i), code)
	}
	return i
}

// announced passes over what stands between the word and the code: "oda namba ya 26", "no: 5".
// Five words bound the look ahead: "oda yangu ni namba 26".
func (f *finder) announced(i int) (at int, ok bool) {
	for range 5 {
		switch w := f.word(i); {
		case numberWords[w]:
			ok = true
		case w == ":" || w == "." || w == "ya" || w == "yangu" || w == "ni" || w == "is" ||
			w == "yako" || w == "code":
		default:
			return i, ok
		}
		i++
	}
	return i, ok
}

// code reads letters and digits that are written together, with hyphens between them.
// Letters and digits are separate tokens, so "QJK7H8L9M0" is put together again. Upper case makes
// codes comparable.
func (f *finder) code(i int) (code string, end int) {
	var b strings.Builder
	end = i
	for n := i; n < len(f.tokens) && n < i+2*maxReference; n++ {
		t := f.tokens[n]
		if n > i && !t.Glued || t.Kind == token.Symbol && t.Text != "-" {
			break
		}
		// A hyphen is part of a code between letters or digits only.
		// "B-12" is one code, "B12 - asante" ends before the hyphen.
		joins := n > i && n+1 < len(f.tokens) && f.tokens[n+1].Glued &&
			f.tokens[n+1].Kind != token.Symbol
		if t.Kind == token.Symbol && !joins {
			break
		}
		b.WriteString(strings.ToUpper(t.Text))
		end = n + 1
	}
	return b.String(), end
}

// plainDigits reports whether a number has no commas, as an amount of money has.
func (f *finder) plainDigits(i int) bool {
	t := f.tokens[i]
	return t.Kind == token.Number && t.End-t.Start == len(t.Text)
}

// "Tsh. 150000" has a point between the currency and the digits.
func (f *finder) moneyBefore(i int) bool {
	_, n := f.currency(i - 1)
	return n > 0 || f.word(i-1) == "." && shillings[f.word(i-2)]
}

// kindBefore looks a few words back for what the code is of.
// "Akaunti yangu ya umeme ni 0123456" has its word four tokens before.
func (f *finder) kindBefore(i int) ReferenceKind {
	for n := i - 1; n >= 0 && n >= i-4; n-- {
		if k := referenceWords[f.word(n)]; k != "" {
			return k
		}
	}
	return Unspecified
}

// refer notes a reference and returns where the reader goes on.
func (f *finder) refer(i, end int, kind ReferenceKind, code string) int {
	f.found.References = append(f.found.References, Reference{f.place(i, end), kind, code})
	return end
}

func hasDigit(s string) bool { return digitsOf(s) > 0 }

// digitsOf counts ASCII digits, the only ones that token.Number has.
func digitsOf(s string) (n int) {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}
