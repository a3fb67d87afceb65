package flowhq

import (
	"slices"
	"time"
)

// A MessageHistory is a message with what became of it.
type MessageHistory struct {
	Message Message `json:"message"`
	// Attempts is how many attempts to handle or send it have begun since it came, or since it was
	// retried.
	Attempts int `json:"attempts"`
	// Steps are in the order in which they happened; those without a time are last.
	Steps []MessageStep `json:"steps"`
	// Replies are the bot's messages that answer it, or the burst that it is part of.
	Replies []Message `json:"replies"`
	// Lines are the ids of the other lines of the burst that it ends, or is part of.
	Lines []int64 `json:"lines"`
	// Facts are what it has left or was the last to change.
	Facts []MessageFact `json:"facts"`
}

// A MessageFact is a booking, an order, … that a message has left or changed.
type MessageFact struct {
	Kind   string `json:"kind"`   // BOOKING, ORDER, TICKET, HAND_OVER or QUESTION
	Number string `json:"number"` // by which the API names it
}

// A MessageStep is one thing that happened to a message.
type MessageStep struct {
	At     *time.Time `json:"at"` // nil = nobody recorded when
	Step   Step       `json:"step"`
	Reason string     `json:"reason"` // of the message's status, or ""
	// Message is the id of the message that did it, such as the reply; 0 = none.
	Message int64 `json:"message"`
}

// A Step is what can happen to a message.
type Step string

// The steps of a message, in the order in which they happen if their times are the same. A status
// that ends a customer's message without an answer, and FAILED, are steps of that name.
const (
	StepWritten   Step = "WRITTEN"  // by the customer's clock
	StepRecorded  Step = "RECORDED" // as a row: received of a customer, or to be sent
	StepEdited    Step = "EDITED"   // by the customer
	StepDeleted   Step = "DELETED"  // by the customer
	StepRetried   Step = "RETRIED"  // by an operator, last
	StepAnswered  Step = "ANSWERED"
	StepSent      Step = "SENT" // confirmed by WhatsApp
	StepDelivered Step = "DELIVERED"
	StepRead      Step = "READ"
)

// Steps returns what happened to m, as far as its row and its replies tell.
func (m Message) Steps(replies []Message) []MessageStep {
	var steps []MessageStep
	add := func(step Step, at *time.Time) {
		if at != nil {
			steps = append(steps, MessageStep{At: at, Step: step})
		}
	}
	if m.Direction == In {
		add(StepWritten, m.SentAt)
	}
	add(StepRecorded, &m.CreatedAt)
	add(StepEdited, m.EditedAt)
	add(StepDeleted, m.RevokedAt)
	add(StepRetried, m.RetriedAt)
	if m.Direction == Out {
		add(StepSent, m.SentAt)
		add(StepDelivered, m.DeliveredAt)
		add(StepRead, m.ReadAt)
	}
	for _, r := range replies {
		steps = append(steps, MessageStep{At: &r.CreatedAt, Step: StepAnswered, Message: r.ID})
	}
	m.sortSteps(steps)
	switch m.Status {
	case Suppressed, Overflowed, Expired, Ignored, Forwarded, Undecryptable, Failed:
		steps = append(steps, MessageStep{Step: Step(m.Status), Reason: m.Reason})
	case Received, Answered, Pending, Unknown, Sent, Delivered, Read: // said above, or still ahead
	}
	return steps
}

// sortSteps brings steps in the order in which they happened. Their times alone do not tell it:
// WhatsApp's have whole seconds, rounded down, and are by other clocks than the database's. A reply
// that is read within the second in which it was recorded would seem to be read before. So no step
// is before the row was, and none of a receipt before what it is a receipt of.
func (m Message) sortSteps(steps []MessageStep) {
	notBefore := func(at, earliest *time.Time) *time.Time {
		if earliest != nil && at.Before(*earliest) {
			return earliest
		}
		return at
	}
	at := func(s MessageStep) *time.Time {
		switch s.Step {
		case StepWritten:
			return &time.Time{} // a customer's clock may be wrong, and this is first all the same
		case StepDelivered, StepRead:
			return notBefore(s.At, notBefore(&m.CreatedAt, m.SentAt))
		default:
			return notBefore(s.At, &m.CreatedAt)
		}
	}
	// Steps of the same time stay in the order of the constants.
	slices.SortStableFunc(steps, func(a, b MessageStep) int { return at(a).Compare(*at(b)) })
}

// An Intake is what customers have written since a time.
type Intake struct {
	Customers int `json:"customers"` // who wrote
	Received  int `json:"received"`  // what they wrote, in messages
	Answered  int `json:"answered"`  // of these
	// More says that only the newest messages were counted, as there are too many.
	More bool `json:"more"`
}

// A DeadLetter is a message that has FAILED, as it is listed.
type DeadLetter struct {
	Tenant     TenantID  `json:"tenant_id"`
	TenantName string    `json:"tenant_name"`
	Message    int64     `json:"message"` // its id in the log
	Direction  Direction `json:"direction"`
	Kind       Kind      `json:"kind"`
	ContactID  int64     `json:"contact_id"`
	Contact    string    `json:"contact"` // the customer's number, E.164, or "" if unknown
	// Excerpt is the beginning of its text, for a person to know it by.
	Excerpt   string     `json:"excerpt"`
	Reason    string     `json:"reason"`
	CreatedAt time.Time  `json:"created_at"`
	RetriedAt *time.Time `json:"retried_at"` // by an operator, last
}

// A DeadLetterReason is how many messages have FAILED for one reason.
type DeadLetterReason struct {
	Reason   string    `json:"reason"`
	Messages int       `json:"messages"`
	Tenants  int       `json:"tenants"`
	FirstAt  time.Time `json:"first_at"` // of the messages
	LastAt   time.Time `json:"last_at"`
}
