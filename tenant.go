package flowhq

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// A TenantID is a lower-case UUID. It ends up in workflow ids, log file names
// and URLs, so nothing else is ever accepted as one.
type TenantID string

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Valid reports whether id is a lower-case UUID.
func (id TenantID) Valid() bool { return uuid.MatchString(string(id)) }

// A Tenant is one business with one WhatsApp number, and all that an operator
// sees of it at a glance.
type Tenant struct {
	ID          TenantID     `json:"id"`
	Name        string       `json:"name"`         // for operators
	PhoneNumber string       `json:"phone_number"` // E.164 with the plus sign
	Status      TenantStatus `json:"status"`
	// Wanted is whether the last command asks for the session to be up. One that waits
	// for a person is not, though it is wanted.
	Wanted    bool      `json:"wanted"`
	Config    Config    `json:"config"`
	Session   Session   `json:"session"`
	Host      Host      `json:"host"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// Activity is nil but in lists.
	Activity *Activity `json:"activity,omitempty"`
}

// An Activity is how busy a tenant is.
type Activity struct {
	// MessagesToday are those since midnight of UTC, in both directions, as far as its worker has
	// written them: it does so once a minute.
	MessagesToday int `json:"messages_today"`
	// UnreadHandOvers are the open ones in which nobody of the business has written yet, 1,000 at
	// most.
	UnreadHandOvers int `json:"unread_hand_overs"`
}

// A Config is what a tenant chooses about its bot. A change takes effect on the
// next message, without a restart.
type Config struct {
	Template     Template `json:"template_type"`
	BusinessName string   `json:"business_name"` // shown to customers
	Language     Language `json:"language"`
	// Reply limits. What is over RepliesPerContact is suppressed, with one warning in
	// the window; what is over RepliesPerMinute waits, see [MaxReplyDelay].
	// Zero suppresses every reply, and says nothing.
	RepliesPerMinute  int `json:"replies_per_minute"`
	RepliesPerContact int `json:"replies_per_contact"`
	// RetentionDays is how long messages, conversations and events are kept, in
	// days. What is older is deleted once a day, so this takes effect within one.
	RetentionDays int `json:"retention_days"`
	// AnswerWithinMinutes is how old a message may be that is answered, in minutes. It
	// counts from when it was written, as WhatsApp says.
	AnswerWithinMinutes int `json:"answer_within_minutes"`
	// AnsweredBy is who answers customers.
	AnsweredBy Answerer `json:"answered_by"`
}

// LeavesToOthers reports whether the bot does not answer customers.
func (c Config) LeavesToOthers() bool {
	return c.AnsweredBy == ByWebhook || c.AnsweredBy == ByPerson
}

// An Answerer is who answers the customers of a tenant.
type Answerer string

const (
	ByTemplate Answerer = "TEMPLATE" // the bot, by the tenant's template
	ByWebhook  Answerer = "WEBHOOK"  // a program of others, which a webhook tells of each message
	ByPerson   Answerer = "PERSON"   // the bot records messages, and hands each chat over
)

// Answerers lists every Answerer.
var Answerers = []Answerer{ByTemplate, ByWebhook, ByPerson}

// AnswerByWebhookWithin is how long a program of others has for an answer. Then a person is asked.
const AnswerByWebhookWithin = 5 * time.Minute

// MaxReplyDelay is how long a reply waits under RepliesPerMinute. Then it is given up, and
// its customer is told, once, that too many others write.
const MaxReplyDelay = 10 * time.Minute

// Windows over which Config's reply limits count. Both slide.
const (
	TenantWindow  = time.Minute      // of RepliesPerMinute, over the whole tenant
	ContactWindow = 10 * time.Minute // of RepliesPerContact, for each contact
)

// Bounds on tenant fields, in characters (runes) unless said otherwise.
const (
	MaxNameLength = 100
	MaxReplies    = 100_000 // upper bound of both reply limits
)

// Bounds on AnswerWithinMinutes, and what it is unless somebody says otherwise: a
// minute, a year and a day.
const (
	MinAnswerWithin     = 1
	MaxAnswerWithin     = 365 * 24 * 60
	DefaultAnswerWithin = 24 * 60
)

// Bounds on RetentionDays. WhatsApp keeps a message that was not acknowledged for
// up to a month: with less than that, one could come again after its row is gone,
// and be answered twice.
const (
	MinRetentionDays = 30
	MaxRetentionDays = 3650
)

// TenantStatus is the business view of a tenant.
type TenantStatus string

const (
	TenantNew          TenantStatus = "NEW"          // never started
	TenantQRPending    TenantStatus = "QR_PENDING"   // started, waits for a scan
	TenantActive       TenantStatus = "ACTIVE"       // the bot answers
	TenantReconnecting TenantStatus = "RECONNECTING" // linked, off the air for a moment
	TenantPaused       TenantStatus = "PAUSED"       // stopped by an operator
	TenantError        TenantStatus = "ERROR"        // off the air until a person acts
)

// TenantStatuses lists every TenantStatus.
var TenantStatuses = []TenantStatus{
	TenantNew, TenantQRPending, TenantActive, TenantReconnecting, TenantPaused, TenantError,
}

// A Template decides what the bot talks about.
type Template string

const (
	BookingTemplate   Template = "BOOKING"
	EcommerceTemplate Template = "ECOMMERCE"
	SupportTemplate   Template = "SUPPORT"
)

// Templates lists every Template.
var Templates = []Template{BookingTemplate, EcommerceTemplate, SupportTemplate}

// A Language is the one the bot answers in.
type Language string

const (
	English Language = "EN"
	Swahili Language = "SW"
)

// Languages lists every Language.
var Languages = []Language{English, Swahili}

// E.164: a plus sign, a country code that does not begin with zero, and at most
// 15 digits in all (ITU-T E.164 §6). WhatsApp numbers have at least 7.
var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// A NewTenant is what creating a tenant takes. The limits and the retention may be
// nil, which means the installation's defaults.
type NewTenant struct {
	Name              string   `json:"name"`
	PhoneNumber       string   `json:"phone_number"`
	Template          Template `json:"template_type"`
	BusinessName      string   `json:"business_name"`
	Language          Language `json:"language"`
	RepliesPerMinute  *int     `json:"replies_per_minute,omitempty"`
	RepliesPerContact *int     `json:"replies_per_contact,omitempty"`
	RetentionDays     *int     `json:"retention_days,omitempty"`

	AnswerWithinMinutes *int `json:"answer_within_minutes,omitempty"`

	AnsweredBy Answerer `json:"answered_by,omitempty"` // "" = TEMPLATE
}

// Validate returns an Invalid error that names every wrong field, or nil.
func (n NewTenant) Validate() error {
	return TenantChange{
		Name: &n.Name, PhoneNumber: &n.PhoneNumber, Template: &n.Template,
		BusinessName: &n.BusinessName, Language: &n.Language,
		RepliesPerMinute:    Optional[int]{true, n.RepliesPerMinute},
		RepliesPerContact:   Optional[int]{true, n.RepliesPerContact},
		RetentionDays:       Optional[int]{true, n.RetentionDays},
		AnswerWithinMinutes: Optional[int]{true, n.AnswerWithinMinutes},
		AnsweredBy:          n.answeredBy(),
	}.Validate()
}

// answeredBy is who is to answer, nil if nothing is said of it.
func (n NewTenant) answeredBy() *Answerer {
	if n.AnsweredBy == "" {
		return nil
	}
	return &n.AnsweredBy
}

// A TenantChange changes the fields that are there. Those of which the installation has a
// default go back to it by null.
type TenantChange struct {
	Name         *string   `json:"name"`
	PhoneNumber  *string   `json:"phone_number"`
	Template     *Template `json:"template_type"`
	BusinessName *string   `json:"business_name"`
	Language     *Language `json:"language"`

	RepliesPerMinute    Optional[int] `json:"replies_per_minute,omitzero"`
	RepliesPerContact   Optional[int] `json:"replies_per_contact,omitzero"`
	RetentionDays       Optional[int] `json:"retention_days,omitzero"`
	AnswerWithinMinutes Optional[int] `json:"answer_within_minutes,omitzero"`

	AnsweredBy *Answerer `json:"answered_by,omitempty"`
}

// Validate returns an Invalid error that names every wrong field, or nil.
func (c TenantChange) Validate() error {
	var bad []FieldError
	check := func(ok bool, field, message string) {
		if !ok {
			bad = append(bad, FieldError{field, message})
		}
	}
	if c.Name != nil {
		check(validName(*c.Name), "name", nameRule(*c.Name))
	}
	if c.PhoneNumber != nil {
		check(phoneNumber.MatchString(*c.PhoneNumber), "phone_number",
			"must be an international number: a plus sign and 7 to 15 digits, such as +255712345678")
	}
	if c.Template != nil {
		check(oneOf(*c.Template, Templates), "template_type", "must be "+list(Templates))
	}
	if c.BusinessName != nil {
		check(validName(*c.BusinessName), "business_name", nameRule(*c.BusinessName))
	}
	if c.Language != nil {
		check(oneOf(*c.Language, Languages), "language", "must be "+list(Languages))
	}
	if c.AnsweredBy != nil {
		check(oneOf(*c.AnsweredBy, Answerers), "answered_by", "must be "+list(Answerers))
	}
	check(within(c.RepliesPerMinute, 0, MaxReplies), "replies_per_minute",
		"must be a whole number from 0 to 100000")
	check(within(c.RepliesPerContact, 0, MaxReplies), "replies_per_contact",
		"must be a whole number from 0 to 100000")
	check(within(c.RetentionDays, MinRetentionDays, MaxRetentionDays), "retention_days",
		"must be a whole number of days from 30 to 3650")
	check(within(c.AnswerWithinMinutes, MinAnswerWithin, MaxAnswerWithin), "answer_within_minutes",
		"must be a whole number of minutes from 1 to 525600, which is a year")
	if bad == nil {
		return nil
	}
	return &Error{
		Code: Invalid, Message: "the request has fields that are missing or wrong", Fields: bad,
	}
}

// within reports whether n is from low to high, or leaves the field as it is or to the
// default.
func within(n Optional[int], low, high int) bool {
	return n.Value == nil || *n.Value >= low && *n.Value <= high
}

// nameRule is what is said of a name that is refused. Who does not see what is wrong with it is
// told.
func nameRule(s string) string {
	const rule = "must be 1 to 100 printable characters"
	if PlainText(s) && !PlainLine(s) {
		return rule + ", none of them invisible or turning the text"
	}
	return rule
}

// validName reports whether people can tell a thing by this name: there is something to see, and it
// is what it looks like.
func validName(s string) bool {
	return utf8.RuneCountInString(s) <= MaxNameLength && PlainLine(s) && seen(s)
}

// oneOf reports whether v is in a closed set.
func oneOf[T comparable](v T, all []T) bool {
	for _, a := range all {
		if a == v {
			return true
		}
	}
	return false
}

// list spells out a closed set of words for an error message.
func list[T ~string](all []T) string {
	var words []string
	for _, a := range all {
		words = append(words, string(a))
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
