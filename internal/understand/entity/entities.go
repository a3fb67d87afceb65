package entity

// A Place is where in a text something was found, in bytes: text[Start:End].
type Place struct{ Start, End int }

// A Number is a number that is nothing else: a choice from a menu, or a quantity without unit.
// The caller's question tells which of the two is meant.
type Number struct {
	Place
	Value int
}

// A Quantity is a number with a unit, or a word such as "pair".
// Place covers number and unit, so that a name's own words are not counted again.
type Quantity struct {
	Place
	// Value may be a fraction: "nusu kilo" is .5.
	Value float64
	Unit  string // kg, g, l, ml, m, pcs, pair, dozen, pack, bag, crate, people … or ""
}

// Money is an amount in whole units of a currency.
// Cents are cut off, as shillings have none in use.
type Money struct {
	Place
	Amount   int64
	Currency string // TZS, KES or USD; "" if not said
}

// A Phone is a telephone number in E.164 form, with its plus sign.
// E.164 makes "0712 345 678" and "+255712345678" the same customer.
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
// Text is comparable: "oda #b-12" and "B-12" give the same.
type Reference struct {
	Place
	Kind ReferenceKind
	Text string // upper case, without "#" and spaces
}

// Entities are what a text holds, each kind in the order of the text. No two overlap.
// No overlap means that a number is counted once: the 5 of "5,000" is in no other list.
type Entities struct {
	Numbers    []Number
	Quantities []Quantity
	Money      []Money
	Phones     []Phone
	References []Reference
}
