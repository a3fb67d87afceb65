package entity

// A Place is where in a text something was found, in bytes: text[Start:End].
type Place struct{ Start, End int }

// A Number is a number that is nothing else: a choice from a menu, or a quantity without unit.
type Number struct {
	Place
	Value int
}

// A Quantity is a number with a unit, or a word such as "pair".
type Quantity struct {
	Place
	Value float64
	Unit  string // kg, g, l, ml, m, pcs, pair, dozen, pack, bag, crate, people … or ""
}

// Money is an amount in whole units of a currency.
type Money struct {
	Place
	Amount   int64
	Currency string // TZS, KES or USD; "" if not said
}

// A Phone is a telephone number in E.164 form, with its plus sign.
type Phone struct {
	Place
	Number string
}

// ReferenceKind says what a reference refers to.
type ReferenceKind string

// The kinds of references. Unspecified are long digits without a word that tells.
const (
	Unspecified ReferenceKind = ""
	OrderNumber ReferenceKind = "order"
	Account     ReferenceKind = "account"
	Meter       ReferenceKind = "meter"
	Transaction ReferenceKind = "transaction" // a code of a payment, such as M-Pesa's
)

// A Reference is a number or code that identifies something: an order, an account, a payment.
type Reference struct {
	Place
	Kind ReferenceKind
	Text string // upper case, without "#" and spaces
}

// Entities are what a text holds, each kind in the order of the text. No two overlap.
type Entities struct {
	Numbers    []Number
	Quantities []Quantity
	Money      []Money
	Phones     []Phone
	References []Reference
}
