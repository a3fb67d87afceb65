package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
)

// An Event is the body of what is sent.
type Event struct {
	// ID is the same in every attempt and replay, and no other event's, also after an older
	// database was restored, which gives the ids of the feed once more.
	ID     string           `json:"id"`
	Type   flowhq.EventType `json:"type"`
	At     time.Time        `json:"timestamp"` // when it happened
	Tenant flowhq.TenantID  `json:"tenant_id"`
	// Data is as in the feed.
	Data json.RawMessage `json:"data"`
	// Message is, of an event about a message, the message as it is in the log now; null = it was
	// erased.
	Message *flowhq.Message `json:"message,omitempty"`
	// Fact is, of an event about one, the booking, order or ticket as it is now.
	Fact json.RawMessage `json:"fact,omitempty"`
	// Contact is whose chat the event is about.
	Contact *Contact `json:"contact,omitempty"`
}

// A Contact is a customer.
type Contact struct {
	ID     int64  `json:"id"`
	Number string `json:"number"` // E.164; "" = not known
	Name   string `json:"name"`   // that the customer has chosen
}

// EventID is the id under which an event is sent. The time is part of it, since a restored
// database gives the numbers of the feed once more.
func EventID(e flowhq.FeedEvent) string {
	return fmt.Sprintf("evt_%d_%x", e.ID, e.At.UnixMicro())
}
