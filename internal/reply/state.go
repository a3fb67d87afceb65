package reply

import (
	"slices"
	"time"

	"github.com/flowhq/flowhq"
)

// How long what was said before still counts.
const (
	// AskedFor is how long a question of the bot stays open. A later message is read afresh: by
	// then the customer has something else in mind.
	AskedFor = 30 * time.Minute
	// OrderFor is how long an order that is not placed is kept, so that a customer who comes
	// back after a reminder need not begin again.
	OrderFor = 24 * time.Hour
)

// stateVersion is that of the form of [State] which this program writes.
const stateVersion = 2

// Bounds on a State, which is a row that is read and written with each message.
const (
	maxOptions    = 9   // so that each has a number of one digit
	maxLines      = 20  // of an order
	maxQuantity   = 999 // of one line
	maxSentences  = 16  // of the last reply that are remembered
	maxAddress    = 200 // characters
	maxOptionText = 90  // characters
	maxNote       = 500 // characters of a customer's words in a fact
)

// A State is what the bot remembers of one conversation. The zero State is a conversation that
// has not begun.
type State struct {
	Version  int             `json:"v,omitempty"`
	Language flowhq.Language `json:"language,omitempty"` // of the chat; "" = the tenant's
	At       time.Time       `json:"at,omitzero"`        // of the last turn
	// Turn counts turns, so that texts with several variants take them in turn.
	Turn    int      `json:"turn,omitempty"`
	Last    []uint32 `json:"last,omitempty"` // hashes of the last reply and its sentences
	Greeted bool     `json:"greeted,omitempty"`
	Polite  bool     `json:"polite,omitempty"` // "please" has been said
	Misses  int      `json:"misses,omitempty"` // in a row
	// List is the hash of the list that was shown last, Lists how often it was shown.
	List  uint32 `json:"list,omitempty"`
	Lists int    `json:"lists,omitempty"`
	// Topic is the service or product that was spoken of last.
	Topic string `json:"topic,omitempty"`
	Size  string `json:"size,omitempty"` // of Topic, if one was spoken of
	Name  string `json:"name,omitempty"` // of the customer
	// Day is the one whose hours were told last.
	Day  time.Time `json:"day,omitzero"`
	Area string    `json:"area,omitempty"` // whose delivery was asked about last

	// Latitude and Longitude are those of the location that was sent last.
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`

	Ask     Ask    `json:"ask,omitzero"` // the open question
	Booking *Visit `json:"booking,omitempty"`
	// Late is a booking that was not confirmed in time, for the turn in which that is noticed.
	Late   *Visit   `json:"-"`
	Order  *Basket  `json:"order,omitempty"`
	Ticket *Problem `json:"ticket,omitempty"`
}

// An Ask is a question of the bot that waits for its answer.
type Ask struct {
	For string `json:"for,omitempty"`
	// At is when the question was asked, Prompted when the message was written that
	// it was asked about.
	At       time.Time `json:"at,omitzero"`
	Prompted time.Time `json:"prompted,omitzero"`
	Options  []Option  `json:"options,omitempty"`
	Listed   bool      `json:"listed,omitempty"` // the options were shown with numbers
	Time     time.Time `json:"time,omitzero"`    // the time that is to be confirmed
	About    string    `json:"about,omitempty"`
}

// An Option is one of the answers that a question offers. It is chosen by its number or label.
type Option struct {
	Do    string `json:"do"`
	Value string `json:"value,omitempty"`
	Label string `json:"label"`
}

// The questions that the bot asks. Each says which answers it takes; whatever else a message
// holds is read as if nothing had been asked.
const (
	askOption   = "option"   // one of the options
	askService  = "service"  // a service's name, or an option
	askWhen     = "when"     // a day and time, or an option
	askBook     = "book"     // yes or no: make the booking
	askMean     = "mean"     // yes or no: is Time the one that was meant
	askCancel   = "cancel"   // yes or no: cancel the booking About
	askMove     = "move"     // yes or no: move the booking About to Time
	askMoveTo   = "move_to"  // a day and time for the booking About
	askProduct  = "product"  // a product's name, or an option
	askSize     = "size"     // of the order's line without one
	askQuantity = "quantity" // of the order's last line
	askHow      = "how"      // delivery or pick-up
	askArea     = "area"     // of the delivery
	askAddress  = "address"  // of the delivery, in free words
	askOrder    = "order"    // yes or no: place the order
	askUndo     = "undo"     // yes or no: cancel the order About
	askProblem  = "problem"  // what is wrong, in free words
	askHelped   = "helped"   // yes or no: did the owner's answer help
	askPerson   = "person"   // yes or no: call a person
	askDelivery = "delivery" // the area whose fee was asked for
)

// A Visit is a booking that is being made or moved.
type Visit struct {
	Number  string    `json:"number,omitempty"`  // of the booking that holds the slot
	Service string    `json:"service,omitempty"` // its ID
	Day     time.Time `json:"day,omitzero"`
	Start   time.Time `json:"start,omitzero"`
	// HeldUntil is when the slot is free for others again; zero = it is not held.
	HeldUntil time.Time `json:"held_until,omitzero"`
	Moves     string    `json:"moves,omitempty"` // number of the confirmed booking that moves
	// People is how many come for it at the same time, each with a booking; 0 is one.
	People int `json:"people,omitempty"`
}

// A Basket is an order that is being made or changed.
type Basket struct {
	Number   string    `json:"number,omitempty"` // of the confirmed order that changes
	At       time.Time `json:"at"`               // of the last change
	Lines    []Line    `json:"lines,omitempty"`
	How      string    `json:"how,omitempty"` // deliver or pickup
	Area     string    `json:"area,omitempty"`
	Unlisted bool      `json:"unlisted,omitempty"` // Area is none of the owner's
	Address  string    `json:"address,omitempty"`
	// Latitude and Longitude are those of a location that the customer sent.
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`
	Payment   string   `json:"payment,omitempty"`
	Picture   bool     `json:"picture,omitempty"`
	Paid      bool     `json:"paid,omitempty"` // the customer says so
}

// A Line is one product of a Basket.
type Line struct {
	Product  string `json:"product"` // its ID
	Size     string `json:"size,omitempty"`
	Quantity int    `json:"quantity"`
	// Guessed says that no quantity was said.
	Guessed bool `json:"guessed,omitempty"`
}

// A Problem is the ticket that the customer talks about.
type Problem struct {
	Number  string    `json:"number"` // "" while it is being described
	Subject string    `json:"subject"`
	Note    string    `json:"note,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Wanted says that the owner's answer has asked the customer to write more.
	Wanted bool `json:"wanted,omitempty"`
}

// current returns what still counts of a State when a message written then is read.
func (s State) current(written time.Time) State {
	if s.Version != stateVersion {
		return State{Version: stateVersion}
	}
	s.Last = slices.Clone(s.Last)
	if s.Ask.For != "" && !s.Ask.open(written) {
		s.Ask = Ask{}
	}
	s.Late = nil
	if written.Sub(s.At) > AskedFor {
		if written.Sub(s.At) <= OrderFor {
			s.Late = clone(s.Booking)
		}
		s.List, s.Lists = 0, 0
		s.Misses, s.Topic, s.Size, s.Area, s.Booking, s.Ticket = 0, "", "", "", nil, nil
	}
	if s.Order != nil && written.Sub(s.Order.At) > OrderFor {
		s.Order = nil
	}
	if written.Sub(s.At) > OrderFor {
		s.Greeted, s.Polite = false, false // another conversation
		s.Latitude, s.Longitude = nil, nil
	}
	s.Booking, s.Order, s.Ticket = clone(s.Booking), clone(s.Order), clone(s.Ticket)
	if s.Order != nil {
		s.Order.Lines = slices.Clone(s.Order.Lines)
	}
	return s
}

// open reports whether a message written then can answer the question. What was written long
// before the message that led to the question, and came late, does not.
func (a Ask) open(written time.Time) bool {
	return a.For != "" && written.Sub(a.At) <= AskedFor && a.Prompted.Sub(written) <= AskedFor
}

// clone copies what a pointer points to: a turn that is computed again must find its Input as it
// was.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
