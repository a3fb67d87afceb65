package flowhq

import (
	"time"
	"unicode/utf8"
)

// A SetupRequest is how a tenant's user asks for the bot to be put on the air: with which texts, and
// on which number. An operator approves or rejects it; an approval changes the tenant accordingly
// and starts its session.
type SetupRequest struct {
	ID             string      `json:"id"`
	Tenant         TenantID    `json:"tenant_id"`
	BusinessName   string      `json:"business_name"`
	Template       Template    `json:"template_type"`
	WhatsAppNumber string      `json:"whatsapp_number"`
	Language       Language    `json:"language"`
	Status         SetupStatus `json:"status"`
	// Notes are those of the approval, or why the request was rejected.
	Notes string `json:"notes"`
	// SubmittedBy and DecidedBy are actors.
	SubmittedBy string    `json:"submitted_by"`
	DecidedBy   string    `json:"decided_by"` // of the last decision; "" before the first
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// SetupStatus is how far a SetupRequest has come.
type SetupStatus string

const (
	SetupSubmitted SetupStatus = "SUBMITTED" // nobody has looked at it
	SetupReviewing SetupStatus = "REVIEWING" // an operator looks at it
	SetupApproved  SetupStatus = "APPROVED"  // the session starts, or waits for its code
	SetupActive    SetupStatus = "ACTIVE"    // the session has been connected since
	SetupRejected  SetupStatus = "REJECTED"
)

// SetupStatuses lists every SetupStatus.
var SetupStatuses = []SetupStatus{
	SetupSubmitted, SetupReviewing, SetupApproved, SetupActive, SetupRejected,
}

// IsOpen reports whether nobody has decided on the request.
func (s SetupStatus) IsOpen() bool { return s == SetupSubmitted || s == SetupReviewing }

// Becomes reports whether a decision would change a request. A decision that was made before changes
// nothing, and may be repeated. A Conflict error means that another one was made.
func (s SetupStatus) Becomes(decision SetupStatus) (bool, error) {
	switch {
	case s == decision, s == SetupActive && decision == SetupApproved:
		return false, nil
	case s.IsOpen():
		return true, nil
	}
	return false, Errorf(Conflict, "this request is %s already and cannot become %s", s, decision)
}

// MaxNotes bounds what is written to a decision, in characters.
const MaxNotes = 1000

// ValidNotes reports whether a text may be the notes of a decision: short, and without what would
// break a page or a terminal. Line breaks may be in it.
func ValidNotes(s string) bool {
	return utf8.RuneCountInString(s) <= MaxNotes && PlainText(s)
}

// A NewSetupRequest is what a tenant's user submits.
type NewSetupRequest struct {
	BusinessName   string   `json:"business_name"`
	Template       Template `json:"template_type"`
	WhatsAppNumber string   `json:"whatsapp_number"`
	Language       Language `json:"language"`
}

// Validate returns an Invalid error that names every wrong field, or nil. A field is wrong if a
// tenant could not have it.
func (n NewSetupRequest) Validate() error {
	err := TenantChange{
		PhoneNumber: &n.WhatsAppNumber, Template: &n.Template, BusinessName: &n.BusinessName,
		Language: &n.Language,
	}.Validate()
	return RenameFields(err, map[string]string{"phone_number": "whatsapp_number"})
}

// RenameFields returns an error of Validate with other names of its fields, for a body that calls
// them otherwise.
func RenameFields(err error, names map[string]string) error {
	e, ok := err.(*Error) //nolint:errorlint // Validate does not wrap
	if !ok {
		return err
	}
	renamed := make([]FieldError, len(e.Fields))
	for i, f := range e.Fields {
		if name := names[f.Field]; name != "" {
			f.Field = name
		}
		renamed[i] = f
	}
	return &Error{Code: e.Code, Message: e.Message, Fields: renamed}
}
