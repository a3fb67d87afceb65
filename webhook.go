package flowhq

import (
	"slices"
	"time"
)

// A Webhook is where a tenant's events are sent as they happen: an address of a program that is the
// tenant's own or somebody else's. Its secret signs what is sent, and is not part of it here.
type Webhook struct {
	ID          string      `json:"id"`
	URL         string      `json:"url"`
	Description string      `json:"description"`
	Types       []EventType `json:"types"` // of [WebhookTypes], never empty
	Enabled     bool        `json:"enabled"`
	// Reason says why it is not enabled.
	Reason    string    `json:"reason"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// OldSecretUntil is for how long the secret before the last rotation signs as well.
	OldSecretUntil *time.Time `json:"old_secret_until"`
	// Failures is how many attempts in a row have failed.
	Failures int `json:"failures"`
	// RetryAt is when the next attempt is made, nil while nothing waits.
	RetryAt *time.Time `json:"retry_at"`
	// Position is the id of the last event that was read for it.
	Position int64 `json:"position"`
}

// WebhookTypes are the types of events that a webhook may ask for, in an order for people. A new
// one must say what it carries in docs/webhooks.md.
var WebhookTypes = []EventType{
	EventMessageReceived, EventMessageSent, EventMessageDelivered, EventMessageRead,
	EventMessageFailed, EventSessionState, EventHandedOver, EventGivenBack, EventBookingCreated,
	EventBookingChanged, EventOrderCreated, EventOrderChanged, EventTicketCreated,
	EventTicketChanged,
}

// IsAboutMessage reports whether events of the type have a [MessageEvent].
func (t EventType) IsAboutMessage() bool {
	_, is := FeedShape(t).(*MessageEvent)
	return is
}

// ValidWebhookType reports whether a webhook may ask for events of the type.
func ValidWebhookType(t EventType) bool { return slices.Contains(WebhookTypes, t) }

// A WebhookDelivery is one event on its way to one webhook. It holds nothing of the event but its
// type: what is sent is read when it is sent.
type WebhookDelivery struct {
	ID        int64          `json:"id"`
	EventID   int64          `json:"event_id"`
	Type      EventType      `json:"type"`
	ContactID int64          `json:"contact_id"` // whose chat it is about; 0 = none
	Status    DeliveryStatus `json:"status"`
	Attempts  int            `json:"attempts"`
	// Reason says why the last attempt has failed, or why there will be none.
	Reason string `json:"reason"`
	// ResponseCode is the status of the last answer; 0 = there was none.
	ResponseCode int `json:"response_code"`
	// DurationMS is how long the last attempt took, in milliseconds.
	DurationMS int        `json:"duration_ms"`
	CreatedAt  time.Time  `json:"created_at"`
	TriedAt    *time.Time `json:"tried_at"`
	// NextAt is when it is tried next, nil if it will not be.
	NextAt *time.Time `json:"next_at"`
}

// An AsideDelivery is a delivery that was set aside, of any tenant's webhook, for operators who look
// what has gone wrong with many.
type AsideDelivery struct {
	Tenant     TenantID `json:"tenant_id"`
	TenantName string   `json:"tenant_name"`
	Webhook    string   `json:"webhook_id"`
	// Host is that of the webhook's address. The rest of the address may hold a secret.
	Host string `json:"host"`
	WebhookDelivery
}

// An AsideReason is how many deliveries were set aside for one reason.
type AsideReason struct {
	Reason     string    `json:"reason"`
	Deliveries int       `json:"deliveries"`
	Tenants    int       `json:"tenants"`
	FirstAt    time.Time `json:"first_at"` // of the deliveries
	LastAt     time.Time `json:"last_at"`
}

// DeliveryStatus is how far a [WebhookDelivery] has come.
type DeliveryStatus string

// Only PENDING is ever tried; a replay makes the others PENDING again.
const (
	DeliveryPending  DeliveryStatus = "PENDING"
	DeliveryDone     DeliveryStatus = "DELIVERED"
	DeliverySetAside DeliveryStatus = "SET_ASIDE" // no attempt of a day was accepted
)

// DeliveryStatuses lists every DeliveryStatus.
var DeliveryStatuses = []DeliveryStatus{DeliveryPending, DeliveryDone, DeliverySetAside}

// WebhookTryFor is for how long an event is tried that a webhook does not accept.
const WebhookTryFor = 24 * time.Hour

// webhookPauses are the pauses after the first failed attempts; the last one repeats. Together
// with those of eight hours they make twelve attempts in [WebhookTryFor].
var webhookPauses = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute,
	30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// WebhookPause is how long to wait after so many failed attempts.
func WebhookPause(failures int) time.Duration {
	return webhookPauses[min(max(failures, 1), len(webhookPauses))-1]
}
