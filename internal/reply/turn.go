package reply

import (
	"time"

	"github.com/flowhq/flowhq"
)

// An Input is everything that a turn of a conversation depends on. The same Input always gives
// the same [Turn], so a turn that a crash interrupted is simply computed again. So nothing in this
// package reads a clock, a random number or a database.
type Input struct {
	Message Message
	// Knowledge is of the profile's version at the time of the turn.
	Knowledge *Knowledge
	// State is what the last turn left; the zero State begins.
	State    State
	Calendar Calendar
	// Reference is the number of a fact that this message may make: [flowhq.Reference] of the
	// message's row. The row is there before the turn, so that the number is the same each time.
	Reference string
	// Suggestion is what a language model made of the message; nil = it was not asked. It counts
	// only where the bot does not understand.
	Suggestion *Suggestion

	// placeAnew says that the message corrects the address, which then replaces what is held.
	placeAnew bool
	// riderNote is what the message says to the rider, and riderAlone says that it says nothing else.
	riderNote  string
	riderAlone bool
	// colours are those that were taken out of the message, see counthead.go.
	colours string
	// memo is what this decision has read of its texts so far.
	memo *memo
}

// A Calendar is what is booked, bought and open, as far as a turn needs it. Of this contact it
// knows more than of all others.
type Calendar struct {
	// Taken are the bookings of all customers ahead, held ones included. Those of this contact
	// are in it too. Only times are known of other customers.
	Taken []flowhq.Span
	// Bookings, Orders and Tickets are this contact's: bookings ahead that are held or
	// confirmed, the orders of late, the tickets that are open; the newest first. "Of late" is long
	// enough for a customer to ask after a parcel.
	Bookings []flowhq.Booking
	Orders   []flowhq.Order
	Tickets  []flowhq.Ticket
}

// A Turn is what the bot makes of a message. Nothing of it has happened yet: the pipeline writes it
// in one statement, and sends then.
type Turn struct {
	// Reply is what to say, at most [MaxBytes] of valid UTF-8. "" is silence. A reply whose
	// statement fails is never sent.
	Reply string
	// Facts are to be written in the statement that answers the message.
	Facts []flowhq.FactChange
	// State is what to remember for the next turn. It replaces the one of before as a whole.
	State State
	// Understood is stored with the message.
	Understood Understood
}

// Understood says how a message was read. It holds none of the customer's words, but names from the
// owner's lists and times. An operator may read it without reading the chat.
type Understood struct {
	Intents  []Intent        `json:"intents,omitempty"` // best first, those that scored at all
	Acts     []string        `json:"acts,omitempty"`    // what the bot took the message for
	Band     string          `json:"band,omitempty"`    // sure, unsure or unknown
	Language flowhq.Language `json:"language,omitempty"`
	Entities Entities        `json:"entities,omitzero"`
	// Assistant is what became of a language model's suggestion: "accepted", "refused: <reason>"
	// or "failed: <reason>"; "" = there was none.
	Assistant string `json:"assistant,omitempty"`
}

// An Intent is what a message may be about, with a score from 0 to 1. Name is one of the names in
// package understand.
type Intent struct {
	Name  string  `json:"name"`
	Score float64 `json:"score"`
}

// Entities are what a message names. IDs only, so that the row needs no owner's text.
type Entities struct {
	Services []string  `json:"services,omitempty"` // IDs in the owner's lists
	Products []string  `json:"products,omitempty"`
	Areas    []string  `json:"areas,omitempty"`
	Answer   string    `json:"answer,omitempty"` // the owner's question that is most alike
	Time     time.Time `json:"time,omitzero"`    // the day, or the day and time, that was said
}
