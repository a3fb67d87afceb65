package flowhq

import (
	"encoding/json"
	"time"
)

// A FeedEvent is one entry of the feed: what happened to a tenant, in the order in which it
// happened. It names messages and contacts by their ids, and holds no text or number of a customer.
type FeedEvent struct {
	// ID grows over all tenants. Of one chat it is in the order of what happened.
	ID     int64     `json:"id"`
	Tenant TenantID  `json:"tenant_id"`
	Type   EventType `json:"type"`
	// ContactID is whose chat it is about; 0 = none. Data has it too, where there is one.
	ContactID int64 `json:"-"`
	// Data has the shape that follows from Type, see [FeedShape].
	Data json.RawMessage `json:"data"`
	At   time.Time       `json:"at"`
}

// FeedShape returns an empty value of what the data of an event of this type is: a [MessageEvent],
// a [SessionEvent], a [HandOverEvent], a [FactEvent] or, of all others, a [HistoryEvent].
func FeedShape(t EventType) any {
	switch t {
	case EventMessageReceived, EventMessageSent, EventMessageDelivered, EventMessageRead,
		EventMessageFailed:
		return &MessageEvent{}
	case EventSessionState:
		return &SessionEvent{}
	case EventHandedOver, EventGivenBack:
		return &HandOverEvent{}
	case EventBookingCreated, EventBookingChanged, EventOrderCreated, EventOrderChanged,
		EventTicketCreated, EventTicketChanged:
		return &FactEvent{}
	default:
		return &HistoryEvent{}
	}
}

// A MessageEvent is the data of an event about a message. The log has the message itself.
type MessageEvent struct {
	MessageID int64         `json:"message_id"`
	ContactID int64         `json:"contact_id"`
	Direction Direction     `json:"direction"`
	Kind      Kind          `json:"kind"`
	Status    MessageStatus `json:"status"` // as it was then
	InReplyTo *int64        `json:"in_reply_to"`
}

// A SessionEvent is the data of SESSION_STATE_CHANGED.
type SessionEvent struct {
	State  SessionState `json:"state"`
	Was    SessionState `json:"was"`
	Ending Ending       `json:"ending"` // why the session has ended; "" = it has not
	Reason string       `json:"reason"`
}

// A HandOverEvent is the data of HANDED_OVER and GIVEN_BACK.
type HandOverEvent struct {
	HandOverID int64          `json:"hand_over_id"`
	ContactID  int64          `json:"contact_id"`
	Reason     HandOverReason `json:"reason"`
	Until      *time.Time     `json:"until"`      // when the bot comes back by itself; nil = never
	EndReason  string         `json:"end_reason"` // "" = it is open
}

// A FactEvent is the data of an event about a booking, an order or a ticket.
type FactEvent struct {
	Number    string `json:"number"`     // by which the fact is found
	ContactID int64  `json:"contact_id"` // 0 = nobody known
	Status    string `json:"status"`     // as it was then
	MessageID int64  `json:"message_id"` // of the message that made or changed it; 0 = none
}

// A HistoryEvent is the data of an event that is in the tenant's history as well.
type HistoryEvent struct {
	Actor  string `json:"actor"`
	Reason string `json:"reason"`
}
