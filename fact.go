package flowhq

import (
	"fmt"
	"time"
)

// A fact is what a turn of a conversation leaves for people to act on: a booking, an order, a
// ticket, a hand-over, a question that nobody has answered. Each is a row, written in the
// statement that answers the message, so it exists exactly once whatever dies meanwhile.

// HoldFor is how long a slot is kept for a customer who was offered it and has not confirmed. The
// customer has to read the offer and to answer; longer would keep a slot from others.
const HoldFor = 10 * time.Minute

// DefaultHandOverMinutes is after how long the bot comes back to a chat in which the owner has
// not written, where the owner has chosen no other time: half a day.
const DefaultHandOverMinutes = 720

// A Booking is a customer's appointment.
type Booking struct {
	ID        int64  `json:"id"`
	Number    string `json:"number"`     // what customers call it by, unique for the tenant
	ContactID int64  `json:"contact_id"` // 0 = a person of the business booked for nobody known
	Contact   string `json:"contact"`    // the customer's number, E.164, or ""
	// Service is the ID of the service in the owner's list, or the name where it has none. Services
	// may be renamed or removed, and a booking stays.
	Service  string        `json:"service"`
	Minutes  int           `json:"minutes"`
	Price    int64         `json:"price"` // in whole units of Currency; 0 = not given
	Currency string        `json:"currency"`
	StartsAt time.Time     `json:"starts_at"`
	EndsAt   time.Time     `json:"ends_at"`
	Name     string        `json:"name"` // of the customer, as told for this booking
	Note     string        `json:"note"`
	Status   BookingStatus `json:"status"`
	// HeldUntil is when a HELD booking lapses by itself. The store sets it, by the database's
	// clock.
	HeldUntil *time.Time `json:"held_until"`
	MessageID int64      `json:"message_id"` // of the message that changed it last
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// BookingStatus is how far a booking has come.
type BookingStatus string

const (
	BookingHeld      BookingStatus = "HELD"      // the slot is kept for [HoldFor]
	BookingConfirmed BookingStatus = "CONFIRMED" // the customer has said yes
	BookingCancelled BookingStatus = "CANCELLED"
	// BookingLapsed is a HELD booking that nobody confirmed in time. It is never written: it is
	// what a reader sees.
	BookingLapsed BookingStatus = "LAPSED"
)

// BookingStatuses lists every BookingStatus.
var BookingStatuses = []BookingStatus{
	BookingHeld, BookingConfirmed, BookingCancelled, BookingLapsed,
}

// An Order is what a customer has bought, or has been told and may buy.
type Order struct {
	ID        int64  `json:"id"`
	Number    string `json:"number"` // what customers call it by, unique for the tenant
	ContactID int64  `json:"contact_id"`
	Contact   string `json:"contact"` // the customer's number, E.164, or ""
	// Prices and names in it are those that the customer was told, whatever the profile says later.
	Lines    []OrderLine `json:"lines"`
	Delivery Drop        `json:"delivery"`
	Total    int64       `json:"total"` // with the fee, in whole units of Currency
	Currency string      `json:"currency"`
	Name     string      `json:"name"` // of the customer, as told for this order
	Note     string      `json:"note"`
	Status   OrderStatus `json:"status"`
	// Unpaid says that the order is to be paid ahead, and that nobody has said that it was.
	Unpaid bool `json:"unpaid"`
	// ConfirmedAt is when the customer, or a person for them, said yes; nil = nobody has. It tells an
	// order that was cancelled from one that was never placed.
	ConfirmedAt *time.Time `json:"confirmed_at"`
	// AskedAt is when a follow-up has asked the customer last whether an order that nobody has
	// confirmed is still wanted; nil = none has. It is read for a turn of the bot alone.
	AskedAt   *time.Time `json:"asked_at,omitempty" db:"-"`
	MessageID int64      `json:"message_id"` // of the message that changed it last
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// Placed reports whether somebody has said yes to the order, whatever has become of it since.
func (o Order) Placed() bool {
	return o.ConfirmedAt != nil || o.Status == OrderConfirmed || o.Status == OrderFulfilled
}

// An OrderLine is one product of an order.
type OrderLine struct {
	Product  string `json:"product"` // ID in the owner's list, or the name where it has none
	Name     string `json:"name"`    // as the customer was told
	Size     string `json:"size,omitempty"`
	Quantity int    `json:"quantity"`
	Price    int64  `json:"price"` // of one
}

// A Drop is where an order goes. The zero Drop is fetched by the customer.
type Drop struct {
	Area      string   `json:"area"`
	Address   string   `json:"address"`
	Latitude  *float64 `json:"latitude"` // of a place that was sent; nil = none
	Longitude *float64 `json:"longitude"`
	Fee       int64    `json:"fee"`
}

// OrderStatus is how far an order has come.
type OrderStatus string

const (
	// OrderOpen is one that was read back to the customer, who has not said yes. The bot asks the
	// customer about it, and changes the same order until then.
	OrderOpen      OrderStatus = "OPEN"
	OrderConfirmed OrderStatus = "CONFIRMED" // the customer has said yes
	OrderFulfilled OrderStatus = "FULFILLED" // by a person, over the API
	OrderCancelled OrderStatus = "CANCELLED"
)

// OrderStatuses lists every OrderStatus.
var OrderStatuses = []OrderStatus{OrderOpen, OrderConfirmed, OrderFulfilled, OrderCancelled}

// A Ticket is a problem that a person is to see to.
type Ticket struct {
	ID        int64        `json:"id"`
	Number    string       `json:"number"` // what customers call it by, unique for the tenant
	ContactID int64        `json:"contact_id"`
	Contact   string       `json:"contact"` // the customer's number, E.164, or ""
	Subject   string       `json:"subject"` // such as an intent; never the customer's words
	Note      string       `json:"note"`    // the customer's words
	Status    TicketStatus `json:"status"`
	MessageID int64        `json:"message_id"` // of the message that changed it last
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
}

// TicketStatus is how far a ticket has come.
type TicketStatus string

const (
	TicketOpen   TicketStatus = "OPEN"
	TicketClosed TicketStatus = "CLOSED"
)

// TicketStatuses lists every TicketStatus.
var TicketStatuses = []TicketStatus{TicketOpen, TicketClosed}

// A HandOver is a stretch of a chat in which a person answers and the bot is silent. A chat has
// one that is open at most.
type HandOver struct {
	ID        int64          `json:"id"`
	ContactID int64          `json:"contact_id"`
	Contact   string         `json:"contact"` // the customer's number, E.164, or ""
	Reason    HandOverReason `json:"reason"`
	Status    HandOverStatus `json:"status,omitempty"` // as it was when it was read
	Note      string         `json:"note"`             // for the owner: what it is about
	At        time.Time      `json:"at"`               // when it began
	OwnerAt   *time.Time     `json:"owner_at"`         // when a person of the business wrote last
	Until     *time.Time     `json:"until"`            // when the bot comes back; nil = never
	EndedAt   *time.Time     `json:"ended_at"`         // when it was given back; nil = it is open
	EndReason string         `json:"end_reason"`       // such as "given back by admin"
	MessageID int64          `json:"message_id"`       // of the message that began it
}

// Open reports whether a person answers the chat at a time.
func (h HandOver) Open(at time.Time) bool {
	return h.EndedAt == nil && (h.Until == nil || at.Before(*h.Until))
}

// HandOverReason says why a person answers.
type HandOverReason string

const (
	HandOverAsked    HandOverReason = "ASKED"    // the customer asked for a person
	HandOverAnger    HandOverReason = "ANGER"    // the customer is angry
	HandOverMissed   HandOverReason = "MISSED"   // the bot did not understand, twice
	HandOverDecision HandOverReason = "DECISION" // only a person may decide it
	HandOverOwner    HandOverReason = "OWNER"    // the owner wrote, from the phone
	HandOverOperator HandOverReason = "OPERATOR" // over the API
	// HandOverUnanswered is that the bot leaves the answer to others, and there is none yet.
	HandOverUnanswered HandOverReason = "UNANSWERED"
)

// HandOverReasons lists every HandOverReason.
var HandOverReasons = []HandOverReason{
	HandOverAsked, HandOverAnger, HandOverMissed, HandOverDecision, HandOverOwner,
	HandOverOperator, HandOverUnanswered,
}

// An Unanswered is a question that the bot had no answer to.
type Unanswered struct {
	ID        int64            `json:"id"`
	ContactID int64            `json:"contact_id"`
	Contact   string           `json:"contact"` // the customer's number, E.164, or ""
	Text      string           `json:"text"`
	Language  Language         `json:"language"`
	Intents   []string         `json:"intents"` // what it may have been about, best first
	Status    UnansweredStatus `json:"status"`
	MessageID int64            `json:"message_id"`
	CreatedAt time.Time        `json:"created_at"`
	UpdatedAt time.Time        `json:"updated_at"`
}

// UnansweredStatus says what a person made of a question.
type UnansweredStatus string

const (
	UnansweredOpen      UnansweredStatus = "OPEN"
	UnansweredResolved  UnansweredStatus = "RESOLVED"  // it became an answer or an example
	UnansweredDismissed UnansweredStatus = "DISMISSED" // it needs none
)

// UnansweredStatuses lists every UnansweredStatus.
var UnansweredStatuses = []UnansweredStatus{
	UnansweredOpen, UnansweredResolved, UnansweredDismissed,
}

// A FactChange is one change that a turn makes; exactly one field is set. A fact with the number
// of one that exists replaces it, if it is of the same customer.
type FactChange struct {
	Booking    *Booking
	Order      *Order
	Ticket     *Ticket
	HandOver   *HandOver
	Unanswered *Unanswered
	Reminders  *Reminders
}

// Reminders is whether a customer gets follow-ups.
type Reminders struct {
	Stopped bool `json:"stopped"` // those that are ahead are cancelled, and none are made
}

// referenceLetters begin a short reference: letters that are not taken for digits or for each
// other when a customer spells them.
const referenceLetters = "ABCDEFGHKLMNPRSTVWXY"

// Reference is the short number of a fact that the message with this ID makes, such as K48219:
// a letter and five digits or more. A letter first tells it from money, times and telephone
// numbers. Two messages never have the same one, and a repeated turn makes the same fact again.
func Reference(message int64) string {
	const (
		digits = 100_000
		size   = int64(len(referenceLetters)) * digits
		// Coprime to size: neighbouring messages have references that are not alike.
		scatter = 1_234_577
	)
	n, beyond := message%size*scatter%size, message/size
	code := fmt.Sprintf("%c%05d", referenceLetters[n/digits], n%digits)
	if beyond > 0 {
		code += fmt.Sprint(beyond)
	}
	return code
}
