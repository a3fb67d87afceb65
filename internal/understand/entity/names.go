package entity

// A Name is an entry of one of the owner's lists: a service, a product, an area.
type Name struct {
	ID    string
	Names []string // in either language, and aliases
	Sizes []string // of a product: "M", "42", "1kg"
}

// A NameMatch is an entry that a text names.
type NameMatch struct {
	Place
	ID    string
	Exact bool    // without a typo and with all its words
	Score float64 // 0 to 1
	// Quantity is the whole number that goes with the name, 0 if none was said. Amount is the
	// same with its unit, and may be a fraction: "nusu kilo".
	Quantity int
	Amount   Quantity
	Size     string   // as the owner wrote it, "" if none was said
	Others   []string // other entries that the same words may mean, best first
}

// Names finds the names of a list in texts. It is immutable and safe for concurrent use.
type Names struct{}

// NewNames prepares the names of a list.
func NewNames(entries []Name) *Names { return &Names{} }

// Match returns the entries that a text names, in the order of the text.
func (n *Names) Match(text string) []NameMatch { return nil }
