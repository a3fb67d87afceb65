package understand

import (
	"slices"

	"github.com/flowhq/flowhq"
)

// An Intent is what a customer wants from one message.
type Intent string

// Every intent of any template. [Intents] has those of one.
const (
	Book         Intent = "book"         // make a booking
	Cancel       Intent = "cancel"       // give up a booking or an order
	Change       Intent = "change"       // move or alter a booking or an order
	Status       Intent = "status"       // what became of a booking, an order, a case
	Availability Intent = "availability" // is there a free time; is a thing in stock
	Price        Intent = "price"
	Location     Intent = "location"
	Hours        Intent = "hours" // when the business is open
	Payment      Intent = "payment"
	Delivery     Intent = "delivery"
	Human        Intent = "human" // wants a person
	Complaint    Intent = "complaint"
	Problem      Intent = "problem" // something does not work
	Billing      Intent = "billing"
	Account      Intent = "account"
	Order        Intent = "order"
	Product      Intent = "product" // what is sold or offered, and what it is like
	Return       Intent = "return"  // send back, exchange, money back
	Greeting     Intent = "greeting"
	Thanks       Intent = "thanks"
	Bye          Intent = "bye"
	Affirm       Intent = "affirm"
	Deny         Intent = "deny"
	Stop         Intent = "stop"  // wants no more messages
	Other        Intent = "other" // out of scope; never among a Reading's intents
)

// A Scored is an intent with its score, which is between 0 and 1.
type Scored struct {
	Intent Intent  `json:"intent"`
	Score  float64 `json:"score"`
}

// A Band says what may be done with the best intent.
type Band int

const (
	Unknown Band = iota // not understood: offer the menu
	Unsure              // ask which of the two best was meant
	Sure                // act
)

// String returns the band's name in lower case.
func (b Band) String() string {
	switch b {
	case Sure:
		return "sure"
	case Unsure:
		return "unsure"
	default:
		return "unknown"
	}
}

// Concepts are those that a message touches, sorted.
type Concepts []string

// Has reports whether the concept is among them.
func (c Concepts) Has(concept string) bool { return slices.Contains(c, concept) }

// A Reading is what was understood of one message.
type Reading struct {
	// Words are in lower case, without marks, with common short forms written out.
	Words []string
	// Language is the likelier one. LanguageSure says that it may change a chat's language: it
	// is false for two words or fewer, and names and numbers do not count as words there.
	Language     flowhq.Language
	LanguageSure bool
	// Intents has every intent of the template, best first.
	Intents []Scored
	// Band is that of Intents[0].
	Band     Band
	Concepts Concepts
}

// Best returns the best intent, and Other if nothing was understood.
func (r Reading) Best() Intent {
	if r.Band == Unknown {
		return Other
	}
	return r.Intents[0].Intent
}

// Score returns the score of the intent, 0 if the template does not have it.
func (r Reading) Score(i Intent) float64 {
	for _, s := range r.Intents {
		if s.Intent == i {
			return s.Score
		}
	}
	return 0
}

// Read reads a message to a business of the template.
func Read(text string, t flowhq.Template) Reading { return ReadWith(text, t, nil) }

// smallTalk is what is said to every business.
var smallTalk = []Intent{Human, Complaint, Greeting, Thanks, Bye, Affirm, Deny, Stop}

// Intents returns the intents of a template, those of BOOKING for a name that is none.
func Intents(t flowhq.Template) []Intent {
	var own []Intent
	switch t {
	case flowhq.EcommerceTemplate:
		own = []Intent{
			Order, Cancel, Change, Status, Availability, Price, Product, Location, Hours, Payment,
			Delivery, Return, Problem,
		}
	case flowhq.SupportTemplate:
		own = []Intent{
			Problem, Billing, Account, Status, Price, Product, Location, Hours, Payment, Order, Cancel,
		}
	default:
		own = []Intent{
			Book, Cancel, Change, Status, Availability, Price, Product, Location, Hours, Payment,
		}
	}
	return slices.Concat(own, smallTalk)
}
