package entity

import (
	"strings"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// referenceWords say what the code behind them is of.
var referenceWords = map[string]ReferenceKind{
	"order": OrderNumber, "oda": OrderNumber, "agizo": OrderNumber, "booking": OrderNumber,
	"ticket": OrderNumber, "tiketi": OrderNumber, "invoice": OrderNumber, "ankara": OrderNumber,
	"account": Account, "akaunti": Account, "acc": Account, "acct": Account, "ac": Account, "customer": Account,
	"meter": Meter, "mita": Meter, "luku": Meter, "metre": Meter,
	"transaction": Transaction, "muamala": Transaction, "mpesa": Transaction, "receipt": Transaction,
	"risiti": Transaction, "code": Transaction, "ref": Unspecified, "reference": Unspecified,
	"kumbukumbu": Unspecified,
}

var numberWords = map[string]bool{
	"no": true, "number": true, "namba": true, "nambari": true, "num": true, "nmb": true, "#": true,
	"id": true,
}

// Without "number" before it, fewer digits than these are more likely a quantity.
const (
	minOrderDigits = 3
	minDigits      = 6 // of a reference that no word announces
	maxReference   = 24
)

// reference reads "#B-12", "oda namba 26", "account 0123456", "QJK7H8L9M0".
func (f *finder) reference(i int) (end int) {
	if f.word(i) == "#" {
		if code, end := f.code(i + 1); end > i+1 && hasDigit(code) {
			return f.refer(i, end, f.kindBefore(i), code)
		}
		return i
	}
	if kind, ok := referenceWords[f.word(i)]; ok {
		at, announced := f.announced(i + 1)
		code, end := f.code(at)
		digits := digitsOf(code)
		switch {
		case end == at || digits == 0 || len(code) > maxReference:
		case announced, digits >= minOrderDigits && !f.unitAt(end), digits > 0 && len(code) > digits && f.glued(at+1):
			return f.refer(at, end, kind, code)
		}
		return i
	}
	if numberWords[f.word(i)] && f.word(i) != "no" && f.word(i) != "id" {
		if code, end := f.code(i + 1); end > i+1 && len(code) > digitsOf(code) && hasDigit(code) {
			return f.refer(i+1, end, Unspecified, code)
		}
	}
	code, end := f.code(i)
	letters := len(code) - digitsOf(code)
	switch {
	case end == i || len(code) > maxReference || i > 0 && f.glued(i) && f.tokens[i-1].Kind != token.Symbol:
	case len(code) >= 10 && len(code) <= 12 && letters >= 2 && digitsOf(code) >= 2 && !strings.Contains(code, "-"):
		return f.refer(i, end, Transaction, code)
	case letters == 0 && len(code) >= minDigits && f.plainDigits(i):
		if c, n := f.currency(end); n == 0 && c == "" && f.word(end) != "/" && !f.moneyBefore(i) {
			return f.refer(i, end, f.kindBefore(i), code)
		}
	case letters > 0 && letters <= 3 && digitsOf(code) >= 3 && strings.Contains(code, "-"):
		return f.refer(i, end, f.kindBefore(i), code)
	}
	return i
}

// announced passes over what stands between the word and the code: "oda namba ya 26", "no: 5".
func (f *finder) announced(i int) (at int, ok bool) {
	for range 5 {
		switch w := f.word(i); {
		case numberWords[w]:
			ok = true
		case w == ":" || w == "." || w == "ya" || w == "yangu" || w == "ni" || w == "is" || w == "yako" || w == "code":
		default:
			return i, ok
		}
		i++
	}
	return i, ok
}

// code reads letters and digits that are written together, with hyphens between them.
func (f *finder) code(i int) (code string, end int) {
	var b strings.Builder
	end = i
	for n := i; n < len(f.tokens) && n < i+2*maxReference; n++ {
		t := f.tokens[n]
		if n > i && !t.Glued || t.Kind == token.Symbol && t.Text != "-" {
			break
		}
		// A hyphen is part of a code between letters or digits only.
		joins := n > i && n+1 < len(f.tokens) && f.tokens[n+1].Glued && f.tokens[n+1].Kind != token.Symbol
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

func (f *finder) moneyBefore(i int) bool {
	_, n := f.currency(i - 1)
	return n > 0 || f.word(i-1) == "." && shillings[f.word(i-2)]
}

// kindBefore looks a few words back for what the code is of.
func (f *finder) kindBefore(i int) ReferenceKind {
	for n := i - 1; n >= 0 && n >= i-4; n-- {
		if k := referenceWords[f.word(n)]; k != "" {
			return k
		}
	}
	return Unspecified
}

func (f *finder) refer(i, end int, kind ReferenceKind, code string) int {
	f.found.References = append(f.found.References, Reference{f.place(i, end), kind, code})
	return end
}

func hasDigit(s string) bool { return digitsOf(s) > 0 }

func digitsOf(s string) (n int) {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}
