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
	Price        Intent = "price"        // how much: "bei gani", "shs ngapi"
	Location     Intent = "location"     // where the business is: "mko wapi"
	Hours        Intent = "hours"        // when the business is open
	Payment      Intent = "payment"      // how to pay, and "nimetuma": that it was done
	Delivery     Intent = "delivery"     // whether, where and when goods are brought
	Human        Intent = "human"        // wants a person
	Complaint    Intent = "complaint"    // anger, whatever the reason; the bot offers a person
	Problem      Intent = "problem"      // something does not work
	Billing      Intent = "billing"      // what an invoice or charge is for
	Account      Intent = "account"      // a customer's own access: passwords, numbers, owners
	Order        Intent = "order"        // wants to buy: "nataka mchele kilo 5"
	Product      Intent = "product"      // what is sold or offered, and what it is like
	Return       Intent = "return"       // send back, exchange, money back
	// Small talk, which every template has
	Greeting Intent = "greeting"
	Thanks   Intent = "thanks"
	Bye      Intent = "bye"
	Affirm   Intent = "affirm"
	Deny     Intent = "deny"
	Stop     Intent = "stop"  // wants no more messages
	Other    Intent = "other" // out of scope; never among a Reading's intents
)

// A Scored is an intent with its score, which is between 0 and 1.
type Scored struct {
	Intent Intent  `json:"intent"`
	Score  float64 `json:"score"`
}

// A Band says what may be done with the best intent.
// The bands exist because a wrong answer costs more than a question back. The model's thresholds
// say where they begin.
type Band int

const (
	Unknown Band = iota // not understood: offer the menu
	Unsure              // ask which of the two best was meant
	Sure                // act
)

// String returns the band's name in lower case.
// The name is for logs and metrics.
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
// Rules of the templates ask for concepts where an intent is too coarse: "price" beside "delivery".
type Concepts []string

// Has reports whether the concept is among them.
func (c Concepts) Has(concept string) bool { return slices.Contains(c, concept) }

// A Reading is what was understood of one message.
// It holds words of the customer, so a Reading is never logged.
type Reading struct {
	// Words are in lower case, without marks, with common short forms written out.
	Words []string
	// Language is the likelier one. LanguageSure says that it may change a chat's language: it
	// is false for two words or fewer, and names and numbers do not count as words there.
	Language     flowhq.Language
	LanguageSure bool
	// Intents has every intent of the template, best first.
	// Scores are probabilities that add up to at most 1 before parts and examples raise some.
	Intents []Scored
	// Band is that of Intents[0].
	Band     Band
	Concepts Concepts
}

// Best returns the best intent, and Other if nothing was understood.
// Callers need no check of the band for a menu: Other has no rule.
func (r Reading) Best() Intent {
	if r.Band == Unknown {
		return Other
	}
	return r.Intents[0].Intent
}

// Score returns the score of the intent, 0 if the template does not have it.
// A template has some 20 intents, so a search is cheap enough.
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
// A new intent needs new weights: the models have classes for these only.
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
			Problem, Billing, Account, Status, Price, Product, Location, Hours, Payment, Order,
			Cancel,
		}
	default:
		own = []Intent{
			Book, Cancel, Change, Status, Availability, Price, Product, Location, Hours, Payment,
		}
	}
	return slices.Concat(own, smallTalk)
}
