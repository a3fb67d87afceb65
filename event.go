package flowhq

import (
	"strings"
	"time"
)

// An Event is one line of a tenant's history: what an operator did, or what became of its
// session. An Event never holds message text, codes or secrets.
type Event struct {
	Tenant TenantID  `json:"tenant_id"`
	Type   EventType `json:"type"`
	Actor  string    `json:"actor"` // such as "admin", "host" or "workflow"
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// A FleetEvent is one line of the fleet's history.
type FleetEvent struct {
	Type   EventType `json:"type"`
	Actor  string    `json:"actor"` // such as "admin", "host" or "worker"
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// An EventType names what an [Event] or a [FleetEvent] tells of. The set is closed: see
// [EventTypes]. Clients match the words, so a word never changes its meaning.
type EventType string

// Types of the events of one tenant, besides those of the ends of its session, which
// [Ending.Event] names, and those of its commands, which [Command.Requested] names.
const (
	EventTenantCreated  EventType = "TENANT_CREATED"
	EventTenantUpdated  EventType = "TENANT_UPDATED"  // the reason lists the changed fields
	EventProfileChanged EventType = "PROFILE_CHANGED" // the reason says which version it became
	EventTenantDeleted  EventType = "TENANT_DELETED"  // outlives the tenant's other events

	EventHostStarting     EventType = "HOST_STARTING"     // a session is wanted and gets a host
	EventSessionLinked    EventType = "SESSION_LINKED"    // a phone has scanned the code
	EventSessionConnected EventType = "SESSION_CONNECTED" // the bot answers
	EventSessionUnlinked  EventType = "SESSION_UNLINKED"  // a relink has dropped the link
	EventSessionFlapping  EventType = "SESSION_FLAPPING"  // FlappingAfter failures in a row
	EventSessionStable    EventType = "SESSION_STABLE"    // the end of flapping or of a crash loop
	EventNumberChanged    EventType = "NUMBER_CHANGED"    // a phone of another number is linked

	EventContactMuted        EventType = "CONTACT_MUTED"   // a contact is not answered for a while
	EventContactUnmuted      EventType = "CONTACT_UNMUTED" // by an operator
	EventRepliesDelayed      EventType = "REPLIES_DELAYED" // customers wait for the tenant's limit
	EventMessageDeadLettered EventType = "MESSAGE_DEAD_LETTERED"
	EventMessageRetried      EventType = "MESSAGE_RETRIED" // by an operator
	EventMessageWritten      EventType = "MESSAGE_WRITTEN" // to a customer, by an operator
	EventMediaAdded          EventType = "MEDIA_ADDED"     // to be sent
	EventMediaDeleted        EventType = "MEDIA_DELETED"

	EventHandedOver       EventType = "HANDED_OVER"        // a person answers a chat
	EventGivenBack        EventType = "GIVEN_BACK"         // the bot answers it again
	EventFactChanged      EventType = "FACT_CHANGED"       // a booking or the like, by an operator
	EventContactLeftAlone EventType = "CONTACT_LEFT_ALONE" // the bot never answers a contact
	EventContactServed    EventType = "CONTACT_SERVED"     // it does again
	EventErasureAsked     EventType = "ERASURE_REQUESTED"  // of a contact, by an operator
	EventContactErased    EventType = "CONTACT_ERASED"     // all that was known of it

	EventCodeRead EventType = "CODE_READ"     // that links a phone; once in a while
	EventExported EventType = "DATA_EXPORTED" // a list of facts, as a file

	EventSetupSubmitted EventType = "SETUP_REQUEST_SUBMITTED" // the reason of these has its id
	EventSetupReviewing EventType = "SETUP_REQUEST_REVIEWING" // an operator looks at it
	EventSetupApproved  EventType = "SETUP_REQUEST_APPROVED"
	EventSetupRejected  EventType = "SETUP_REQUEST_REJECTED" // also by a later request
	EventSetupActive    EventType = "SETUP_REQUEST_ACTIVE"   // the session has connected
)

// Types of the events that are in the feed alone, see [FeedEvent]: a message has several, which
// would hide from operators what else happened.
const (
	EventMessageReceived  EventType = "MESSAGE_RECEIVED" // from a customer
	EventMessageSent      EventType = "MESSAGE_SENT"     // to a customer, whoever wrote it
	EventMessageDelivered EventType = "MESSAGE_DELIVERED"
	EventMessageRead      EventType = "MESSAGE_READ"
	EventMessageFailed    EventType = "MESSAGE_FAILED" // it was given up, in either direction

	EventSessionState EventType = "SESSION_STATE_CHANGED"

	EventBookingCreated EventType = "BOOKING_CREATED"
	EventBookingChanged EventType = "BOOKING_CHANGED"
	EventOrderCreated   EventType = "ORDER_CREATED"
	EventOrderChanged   EventType = "ORDER_CHANGED"
	EventTicketCreated  EventType = "TICKET_CREATED"
	EventTicketChanged  EventType = "TICKET_CHANGED"
)

// Types of the events about people and keys. They are a tenant's if the person or key is, and
// otherwise the fleet's.
const (
	EventAccountInvited EventType = "ACCOUNT_INVITED"
	EventAccountChanged EventType = "ACCOUNT_CHANGED"
	EventLinkMade       EventType = "ACCOUNT_LINK_MADE" // by which a password can be set
	EventPasswordSet    EventType = "PASSWORD_SET"      // by the person
	EventSignedIn       EventType = "SIGNED_IN"
	EventKeyCreated     EventType = "KEY_CREATED"
	EventKeyRevoked     EventType = "KEY_REVOKED"
)

// Types of the events about webhooks. Their reasons name the webhook by its id: an address may hold
// a token.
const (
	EventWebhookCreated  EventType = "WEBHOOK_CREATED"
	EventWebhookChanged  EventType = "WEBHOOK_CHANGED" // the reason lists the changed fields
	EventWebhookDeleted  EventType = "WEBHOOK_DELETED"
	EventWebhookRotated  EventType = "WEBHOOK_SECRET_ROTATED"
	EventWebhookDisabled EventType = "WEBHOOK_DISABLED" // its receiver wants no more
	EventWebhookReplayed EventType = "WEBHOOK_REPLAYED"
	// EventWebhookTested is sent to the webhook that its reason names, whatever that asks for.
	EventWebhookTested EventType = "WEBHOOK_TESTED"
)

// Types of the events of the fleet.
const (
	EventClientOutdated EventType = "CLIENT_OUTDATED"          // WhatsApp refused the version in use
	EventFleetPaused    EventType = "FLEET_PAUSED"             // by an operator
	EventFleetResumed   EventType = "FLEET_RESUMED"            // by an operator
	EventDrainAsked     EventType = "WORKER_DRAIN_REQUESTED"   // by an operator
	EventUndrainAsked   EventType = "WORKER_UNDRAIN_REQUESTED" // by an operator
	EventVersionSet     EventType = "WHATSAPP_VERSION_SET"     // another one is in use from now on
	EventLoginFailed    EventType = "LOGIN_FAILED"             // a wrong password or key
	EventLoginsSlowed   EventType = "LOGINS_SLOWED"            // after many wrong passwords
	EventLoginsRefused  EventType = "LOGINS_REFUSED"           // after very many wrong passwords
	EventAccountLocked  EventType = "ACCOUNT_LOCKED"           // after many wrong ones of one account
	EventPasswordUsed   EventType = "ADMIN_PASSWORD_USED"      // the first time in an hour
	EventSignInRefused  EventType = "SIGN_IN_REFUSED"          // with an OpenID provider
)

// EventTypes lists every EventType of a tenant and of the fleet.
var EventTypes = eventTypes()

// eventTypes is computed, so that each ending of a session has its event without a second list.
func eventTypes() []EventType {
	all := []EventType{
		EventTenantCreated, EventTenantUpdated, EventProfileChanged, EventTenantDeleted,
		EventHostStarting,
		EventSessionLinked, EventSessionConnected, EventSessionUnlinked, EventSessionFlapping,
		EventSessionStable, EventNumberChanged, EventContactMuted, EventContactUnmuted,
		EventRepliesDelayed, EventMessageDeadLettered, EventMessageRetried,
		EventMessageWritten, EventMediaAdded, EventMediaDeleted, EventHandedOver, EventGivenBack, EventFactChanged,
		EventContactLeftAlone, EventContactServed, EventErasureAsked, EventContactErased,
		EventClientOutdated, EventDrainAsked, EventUndrainAsked,
		EventFleetPaused, EventFleetResumed, EventVersionSet, EventLoginFailed, EventLoginsSlowed,
		EventLoginsRefused, EventAccountLocked, EventPasswordUsed, EventSignInRefused, EventCodeRead,
		EventExported,
		EventAccountInvited, EventAccountChanged, EventLinkMade, EventPasswordSet, EventSignedIn,
		EventKeyCreated, EventKeyRevoked, EventSetupSubmitted, EventSetupReviewing,
		EventSetupApproved, EventSetupRejected, EventSetupActive, EventMessageReceived,
		EventMessageSent, EventMessageDelivered, EventMessageRead, EventMessageFailed,
		EventSessionState, EventBookingCreated, EventBookingChanged, EventOrderCreated,
		EventOrderChanged, EventTicketCreated, EventTicketChanged, EventWebhookCreated,
		EventWebhookChanged, EventWebhookDeleted, EventWebhookRotated, EventWebhookDisabled,
		EventWebhookReplayed, EventWebhookTested,
	}
	for _, c := range Commands {
		all = append(all, c.Requested())
	}
	for _, r := range Endings {
		all = append(all, r.Event())
	}
	return all
}

// Requested is the type of the event that the command was asked for, such as
// FORCE_RESTART_REQUESTED.
func (c Command) Requested() EventType {
	return EventType(strings.ToUpper(strings.ReplaceAll(string(c), "-", "_")) + "_REQUESTED")
}
