package flowhq

import "time"

// The moves of a fact are what a person may make of it over the API. What a customer was told is
// over stays so: a booking or an order that was cancelled is made anew. A slip of the hand, such as
// an order that was marked as fulfilled, can be taken back.

// Next returns the statuses that an operator may move a booking on to.
func (s BookingStatus) Next() []BookingStatus {
	switch s {
	case BookingHeld, BookingLapsed:
		return []BookingStatus{BookingConfirmed, BookingCancelled}
	// The customer was told yes. Only a cancellation can follow, which the follow-ups are cancelled
	// with.
	case BookingConfirmed:
		return []BookingStatus{BookingCancelled}
	case BookingCancelled:
	}
	return nil
}

// Next returns the statuses that an operator may move an order on to.
func (s OrderStatus) Next() []OrderStatus {
	switch s {
	case OrderOpen:
		return []OrderStatus{OrderConfirmed, OrderCancelled}
	case OrderConfirmed:
		return []OrderStatus{OrderFulfilled, OrderCancelled}
	case OrderFulfilled:
		return []OrderStatus{OrderConfirmed}
	case OrderCancelled:
	}
	return nil
}

// Next returns the statuses that an operator may move a ticket on to.
func (s TicketStatus) Next() []TicketStatus {
	if s == TicketOpen {
		return []TicketStatus{TicketClosed}
	}
	return []TicketStatus{TicketOpen}
}

// Next returns the statuses that an operator may move a question on to. It becomes RESOLVED by an
// answer alone.
func (s UnansweredStatus) Next() []UnansweredStatus {
	if s == UnansweredOpen {
		return []UnansweredStatus{UnansweredDismissed}
	}
	return []UnansweredStatus{UnansweredOpen}
}

// HandOverStatus says whether a person answers the chat.
type HandOverStatus string

const (
	HandOverOpen HandOverStatus = "OPEN"
	// HandOverEnded is one that was given back, or whose time is over.
	HandOverEnded HandOverStatus = "ENDED"
)

// HandOverStatuses lists every HandOverStatus.
var HandOverStatuses = []HandOverStatus{HandOverOpen, HandOverEnded}

// Next returns the statuses that an operator may move a hand-over on to. A chat is handed over
// again by a hand-over of its own.
func (s HandOverStatus) Next() []HandOverStatus {
	if s == HandOverOpen {
		return []HandOverStatus{HandOverEnded}
	}
	return nil
}

// A QuestionGroup is what customers have asked in the same words, and what became of it.
type QuestionGroup struct {
	ID        int64            `json:"id"`         // of the newest question
	ContactID int64            `json:"contact_id"` // who asked it
	Text      string           `json:"text"`       // as that one was written
	Language  Language         `json:"language"`
	Intents   []string         `json:"intents"` // what it may have been about, best first
	Status    UnansweredStatus `json:"status"`
	MessageID int64            `json:"message_id"`
	Questions int              `json:"questions"` // how often it was asked
	Contacts  int              `json:"contacts"`  // by how many customers
	FirstAt   time.Time        `json:"first_at"`
	LastAt    time.Time        `json:"last_at"`
	UpdatedAt time.Time        `json:"updated_at"`
}

// A Contact is somebody who has written to a tenant, or whom an operator has named.
type Contact struct {
	ID          int64      `json:"id"`
	Number      string     `json:"number"` // E.164, "" if it is not known
	Name        string     `json:"name"`   // that the contact has chosen
	FirstSeenAt time.Time  `json:"first_seen_at"`
	LastSeenAt  time.Time  `json:"last_seen_at"`
	MutedUntil  *time.Time `json:"muted_until"` // nil = the contact is not muted
	LeftAlone   LeftAlone  `json:"left_alone"`
	HandOver    *HandOver  `json:"hand_over"` // the one that is open; nil = none
}

// Bounds of a Chat.
const (
	// ChatTextLength is how much of the last message's text a chat has, in characters.
	ChatTextLength = 160
	// MaxUnread is the most that Unread counts to: nobody has to know how many more there are.
	MaxUnread = 100
)

// A Chat is the conversation with a contact, as a messenger lists it.
type Chat struct {
	Contact Contact `json:"contact"`
	// LastMessage is nil if there are no messages any more, or none yet.
	LastMessage *ChatMessage `json:"last_message"`
	// Unread is how many messages the contact has written since the business last answered, by the
	// bot or by a person, or last looked; MaxUnread stands for that many and more.
	Unread int `json:"unread"`
}

// A ChatMessage is the last message of a chat, cut short. Its fields are those of a Message.
type ChatMessage struct {
	ID        int64         `json:"id"`
	Direction Direction     `json:"direction"`
	Kind      Kind          `json:"kind"`
	Text      string        `json:"text"` // its first ChatTextLength characters
	Media     Media         `json:"media"`
	Status    MessageStatus `json:"status"`
	CreatedAt time.Time     `json:"created_at"`
}

// LeftAlone says why the bot never answers a contact.
type LeftAlone string

const (
	NotLeftAlone LeftAlone = ""            // the bot answers
	LeftListed   LeftAlone = "LISTED"      // an operator said so
	LeftToOwner  LeftAlone = "OWNER_BEGAN" // the owner wrote first, from the phone
)

// LeftAlones lists every LeftAlone.
var LeftAlones = []LeftAlone{NotLeftAlone, LeftListed, LeftToOwner}
