package reply

import (
	"slices"
	"time"

	"github.com/flowhq/flowhq"
)

// How long what was said before still counts. Both are counted from when messages were written, not
// from when they were read: after an outage the bot reads messages of hours ago, and each is an
// answer to what was asked then.
const (
	// AskedFor is how long a question of the bot stays open. A later message is read afresh: by
	// then the customer has something else in mind. A "ndio" of the next morning must not book what
	// was read back the evening before.
	AskedFor = 30 * time.Minute
	// OrderFor is how long an order that is not placed is kept after its last change. The
	// follow-ups ask about it until then, and give it up.
	OrderFor = 48 * time.Hour
	// TalkFor is how long a talk is the same one. Who writes after it is greeted again.
	TalkFor = 24 * time.Hour
)

// stateVersion is that of the form of [State] which this program writes. A State of another version
// is begun afresh: a conversation that starts over is a nuisance, and a field that is misread is a
// wrong booking.
const stateVersion = 2

// Bounds on a State, which is a row that is read and written with each message. Nothing in it may
// grow with the length of a conversation.
const (
	maxOptions = 9 // so that each has a number of one digit
	// An order of more is a wholesaler's, and for a person.
	maxLines = 20 // of an order
	// A larger number is a price or a phone's.
	maxQuantity = 999 // of one line
	// A reply is about that long. Sentences beyond it may be repeated.
	maxSentences = 16  // of the last reply that are remembered
	maxAddress   = 200 // characters
	// WhatsApp breaks longer lines, and a menu of broken lines is hard to read.
	maxOptionText = 90 // characters
	// The note is for people, who find the rest in the chat.
	maxNote = 500 // characters of a customer's words in a fact
)

// A State is what the bot remembers of one conversation. The zero State is a conversation that
// has not begun. It belongs to the turn that has read it: the statement that answers a message
// writes the next State, so that a turn that is interrupted leaves it as it was.
type State struct {
	Version  int             `json:"v,omitempty"`
	Language flowhq.Language `json:"language,omitempty"` // of the chat; "" = the tenant's
	At       time.Time       `json:"at,omitzero"`        // of the last turn
	// Turn counts turns, so that texts with several variants take them in turn. A variant that is
	// chosen by chance would differ when a turn is computed again.
	Turn int `json:"turn,omitempty"`
	// Hashes are shorter than the reply, and tell equal sentences just as well.
	Last    []uint32 `json:"last,omitempty"` // hashes of the last reply and its sentences
	Greeted bool     `json:"greeted,omitempty"`
	Polite  bool     `json:"polite,omitempty"` // "please" has been said
	// At maxMisses in a row a person is called.
	Misses int `json:"misses,omitempty"` // in a row
	// List is the hash of the list that was shown last, Lists how often it was shown. The third
	// time the same list is shown a person is offered instead.
	List  uint32 `json:"list,omitempty"`
	Lists int    `json:"lists,omitempty"`
	// Topic is the service or product that was spoken of last. "How much is it?" is about it, and
	// "moja" orders it.
	Topic string `json:"topic,omitempty"`
	Size  string `json:"size,omitempty"` // of Topic, if one was spoken of
	Name  string `json:"name,omitempty"` // of the customer
	// Day is the one that was asked about last. "And the day after?" counts from it, and a time that
	// is said next without a day is of it.
	Day time.Time `json:"day,omitzero"`
	// Staff is who of the business was asked for last. "Can he do 5 pm" wants that person.
	Staff string `json:"staff,omitempty"`
	// Asked is what the last message that asked for facts has asked for. An order in between keeps
	// it. "Na dagaa je?" asks the same of something else.
	Asked act `json:"asked,omitempty"`
	// Spoken are the services whose prices were told of late, the newest first. A sum that is asked
	// for next is of some of these.
	Spoken []string `json:"spoken,omitempty"`
	// Sizes are those of Topic that were asked for together. "Both" orders one of each.
	Sizes []string `json:"sizes,omitempty"`
	// Goods are products that were asked about together. "One of each" orders them.
	Goods []Line `json:"goods,omitempty"`
	// Pair are services whose price was asked for together: a visit at a time that is said next is
	// for these.
	Pair []string `json:"pair,omitempty"`
	// The next order takes it, and does not ask.
	Area string `json:"area,omitempty"` // whose delivery was asked about last
	// Whereabouts is how to find a customer of a provider who has said so before there is a ticket.
	Whereabouts string `json:"whereabouts,omitempty"`

	// Account is the account number that was told last, at a help desk. It is not asked for again.
	Account string `json:"account,omitempty"`

	// Latitude and Longitude are those of the location that was sent last. Sent before an order,
	// they become the address of the order.
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`

	// The zero Ask is none. A new question replaces it, so that one is open at most.
	Ask     Ask    `json:"ask,omitzero"` // the open question
	Booking *Visit `json:"booking,omitempty"`
	// Late is a booking that was not confirmed in time, for the turn in which that is noticed. It
	// is not stored: the slot may be another customer's by the next turn. A confirmed booking, a
	// placed order and a closed ticket are facts in rows of their own. The State has only what is
	// not done yet, so that losing it loses no promise.
	Late   *Visit   `json:"-"`
	Order  *Basket  `json:"order,omitempty"`
	Ticket *Problem `json:"ticket,omitempty"`
}

// An Ask is a question of the bot that waits for its answer. Its answer is read with it in mind,
// and a message that does not fit is read as any other.
type Ask struct {
	For string `json:"for,omitempty"`
	// At is when the question was asked, Prompted when the message was written that
	// it was asked about. Prompted bounds what may answer: a message that was written before the
	// question, and came late, does not.
	At       time.Time `json:"at,omitzero"`
	Prompted time.Time `json:"prompted,omitzero"`
	Options  []Option  `json:"options,omitempty"`
	// Only then is a number a choice.
	Listed bool      `json:"listed,omitempty"` // the options were shown with numbers
	Time   time.Time `json:"time,omitzero"`    // the time that is to be confirmed
	// About is what the question is about: a number, an ID, or a count.
	About string `json:"about,omitempty"`
	// Behind is the question in whose place this one was asked. It stands again after the answer.
	Behind *Ask `json:"behind,omitempty"`
}

// An Option is one of the answers that a question offers. It is chosen by its number or label. Do
// is a word of options.go. Value depends on it.
type Option struct {
	Do    string `json:"do"`
	Value string `json:"value,omitempty"`
	// Label is in the language of then, and is compared with what the customer writes.
	Label string `json:"label"`
}

// The questions that the bot asks. Each says which answers it takes; whatever else a message
// holds is read as if nothing had been asked. The words are stored in the State. A renamed one
// would be a question that nothing answers.
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
	askChildren = "children" // how many children come beside the customer
	askBring    = "bring"    // yes or no: the service About for one more
)

// A Visit is a booking that is being made or moved.
type Visit struct {
	// Number is given with the hold: a booking that is not held has none.
	Number  string `json:"number,omitempty"`  // of the booking that holds the slot
	Service string `json:"service,omitempty"` // its ID
	// Day without Start is a wish for which no hour was said yet.
	Day   time.Time `json:"day,omitzero"`
	Start time.Time `json:"start,omitzero"`
	// HeldUntil is when the slot is free for others again; zero = it is not held. The hold keeps
	// others from the slot while the customer reads. The confirmation must come before.
	HeldUntil time.Time `json:"held_until,omitzero"`
	// Moves stays until the new time is confirmed, so that the old one is not lost if the customer
	// changes their mind.
	Moves string `json:"moves,omitempty"` // key of the appointment that moves
	// People is how many come for it at the same time, each with a booking; 0 is one.
	People int `json:"people,omitempty"`
	// More are services besides Service, one after the other, or for several people Together.
	More     []string `json:"more,omitempty"`
	Together bool     `json:"together,omitempty"`
	// Offsets are the minutes after Start at which each of several services begins, where hours were
	// said for them; none = one right after the other. They hold for as many services as they are.
	Offsets []int `json:"offsets,omitempty"`
	// InTurn says that several people come one after the other, as there is no room for all at
	// once.
	InTurn bool `json:"in_turn,omitempty"`
	// Another says that it comes on top of what is booked already, even if that is for the same.
	Another bool `json:"another,omitempty"`
	// Children says that children come beside the customer of whom the number is still open.
	Children bool `json:"children,omitempty"`
	// Note is what the customer wishes besides, such as who is to cut.
	Note string `json:"note,omitempty"`
	// Then is the rest of a message that asked for a move. It is read once the move is confirmed.
	Then string `json:"then,omitempty"`
}

// A Basket is an order that is being made or changed.
type Basket struct {
	// A basket with it changes that order and places no new one.
	Number string `json:"number,omitempty"` // of the confirmed order that changes
	// Open is given with the first line: a basket that was told to the customer has a row.
	Open  string    `json:"open,omitempty"` // number of the OPEN order that the basket is
	At    time.Time `json:"at"`             // of the last change
	Lines []Line    `json:"lines,omitempty"`
	How   string    `json:"how,omitempty"` // deliver or pickup
	Area  string    `json:"area,omitempty"`
	// A person sets the fee then.
	Unlisted bool   `json:"unlisted,omitempty"` // Area is none of the owner's
	Address  string `json:"address,omitempty"`
	// Latitude and Longitude are those of a location that the customer sent. They replace an
	// address in words.
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`
	// Payment is the owner's name of the way.
	Payment string `json:"payment,omitempty"`
	// Note is what the customer wants the rider or the shop to know, such as "call me at the gate".
	Note string `json:"note,omitempty"`
	// Picture says that one lies in the chat, for the note of the order.
	Picture bool `json:"picture,omitempty"`
	// Unclear are wishes of which it is still open which product they mean.
	Unclear []Unclear `json:"unclear,omitempty"`
	// Told is a hash of what was read back last. Only that is placed without another question.
	Told uint32 `json:"told,omitempty"`
	// Small says that the customer was told that it is too small to be brought.
	Small bool `json:"small,omitempty"`
	// A person checks that the money came.
	Paid bool `json:"paid,omitempty"` // the customer says so
}

// A Line is one product of a Basket.
type Line struct {
	Product string `json:"product"` // its ID
	// "" is not said yet, and is asked for if the product has several.
	Size     string `json:"size,omitempty"`
	Quantity int    `json:"quantity"`
	// Guessed says that no quantity was said. A count that is said later replaces it without adding
	// up.
	Guessed bool `json:"guessed,omitempty"`
}

// An Unclear is a wish for one of several products.
type Unclear struct {
	Products []string `json:"products"` // their IDs
	Quantity int      `json:"quantity,omitempty"`
	Size     string   `json:"size,omitempty"` // of those of them that have it
}

// A Problem is the ticket that the customer talks about. With a Number what is said next is added
// to the ticket.
type Problem struct {
	Number  string    `json:"number"` // "" while it is being described
	Subject string    `json:"subject"`
	Note    string    `json:"note,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// Wanted says that the owner's answer has asked the customer to write more. The next message is
	// then taken as that, whatever it looks like.
	Wanted bool `json:"wanted,omitempty"`
	// Service is what the customer has, by the ticket's own words: some are mended sooner. Of a
	// request it is what is asked for.
	Service string `json:"service,omitempty"`
	// Awaited counts how often was asked when somebody comes, or when it is on again.
	Awaited int `json:"awaited,omitempty"`
	// Visit is the day on which somebody is to come for a fault, as the customer has asked.
	Visit time.Time `json:"visit,omitzero"`
	// Ruled says that the owner's rule for exchanging was told with it.
	Ruled bool `json:"ruled,omitempty"`
}

// current returns what still counts of a State when a message written then is read.
func (s State) current(written time.Time) State {
	// Fields of another version may mean something else.
	if s.Version != stateVersion {
		return State{Version: stateVersion}
	}
	// Copies, as a turn that is computed again must find its Input as it was.
	s.Last, s.Spoken, s.Pair = slices.Clone(s.Last), slices.Clone(s.Spoken), slices.Clone(s.Pair)
	s.Sizes, s.Goods = slices.Clone(s.Sizes), slices.Clone(s.Goods)
	if s.Ask.For != "" && !s.Ask.open(written) {
		s.Ask = Ask{}
	}
	s.Late = nil
	// Half an hour of silence: "it" no longer means what was spoken of.
	if written.Sub(s.At) > AskedFor {
		if written.Sub(s.At) <= TalkFor {
			// Beyond a day the yes is to something else.
			s.Late = clone(s.Booking)
		}
		s.List, s.Lists, s.Spoken, s.Pair, s.Goods = 0, 0, nil, nil, nil
		s.Day, s.Staff = time.Time{}, ""
		s.Misses, s.Topic, s.Size, s.Area, s.Booking, s.Ticket = 0, "", "", "", nil, nil
	}
	// The order outlives the talk, as people ask at home before they buy.
	if s.Order != nil && written.Sub(s.Order.At) > OrderFor {
		s.Order = nil
	}
	if written.Sub(s.At) > TalkFor {
		// A greeting of the next day is answered again.
		s.Greeted, s.Polite = false, false // another conversation
		s.Latitude, s.Longitude = nil, nil
	}
	// A pointer that was shared would let this turn write into its own Input.
	s.Booking, s.Order, s.Ticket = clone(s.Booking), clone(s.Order), clone(s.Ticket)
	if s.Order != nil {
		s.Order.Lines = slices.Clone(s.Order.Lines)
		s.Order.Unclear = slices.Clone(s.Order.Unclear)
	}
	return s
}

// open reports whether a message written then can answer the question. What was written long
// before the message that led to the question, and came late, does not. At is when the bot asked,
// and Prompted when the message before was written: both must be near.
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
