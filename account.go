package flowhq

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// An Account is a person who signs in: an operator of the installation, or a user of one tenant.
type Account struct {
	ID     string   `json:"id"`
	Tenant TenantID `json:"tenant_id"` // "" for an operator
	Email  string   `json:"email"`     // in lower case; an address has one account
	Name   string   `json:"name"`
	Role   Role     `json:"role"`
	// Invited is true until a password was set.
	Invited    bool       `json:"invited"`
	Disabled   bool       `json:"disabled"`
	CreatedAt  time.Time  `json:"created_at"`
	SignedInAt *time.Time `json:"signed_in_at"`
}

// Kind is the kind of principal that the person is.
func (a Account) Kind() PrincipalKind {
	if a.Tenant == "" {
		return PrincipalOperator
	}
	return PrincipalUser
}

// A NewAccount is what inviting a person takes.
type NewAccount struct {
	Email string `json:"email"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
}

// Validate returns an Invalid error that names every wrong field, or nil. The roles are those that
// the person may have.
func (n NewAccount) Validate(roles []Role) error {
	var bad []FieldError
	if !validEmail(n.Email) {
		bad = append(bad, FieldError{"email", "must be an e-mail address, such as asha@example.com"})
	}
	if !validName(n.Name) {
		bad = append(bad, FieldError{"name", nameRule(n.Name)})
	}
	if !oneOf(n.Role, roles) {
		bad = append(bad, FieldError{"role", "must be " + list(roles)})
	}
	return invalidFields(bad)
}

// An AccountChange changes the fields that are there.
type AccountChange struct {
	Name     *string `json:"name"`
	Role     *Role   `json:"role"`
	Disabled *bool   `json:"disabled"`
}

// Validate returns an Invalid error that names every wrong field, or nil.
func (c AccountChange) Validate(roles []Role) error {
	var bad []FieldError
	if c.Name != nil && !validName(*c.Name) {
		bad = append(bad, FieldError{"name", nameRule(*c.Name)})
	}
	if c.Role != nil && !oneOf(*c.Role, roles) {
		bad = append(bad, FieldError{"role", "must be " + list(roles)})
	}
	return invalidFields(bad)
}

// Bounds of an e-mail address and of a password, in bytes and in characters.
const (
	maxEmailBytes     = 254 // RFC 5321 with its erratum 1690
	MinPasswordLength = 10
	MaxPasswordLength = 200
	// minPasswordVariety is how many different characters a password has, so that "aaaaaaaaaa" is
	// none.
	minPasswordVariety = 5
)

// NormalEmail is an address as it is stored and compared. No provider that matters tells addresses
// apart by their case. Letters of other scripts stay: the Kelvin sign, for one, would become a k, and
// who has an address with one would be taken for somebody else.
func NormalEmail(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, strings.TrimSpace(s))
}

// validEmail reports whether s is a bare address. An address of other scripts could look like
// another one, so only ASCII is taken.
func validEmail(s string) bool {
	if len(s) > maxEmailBytes || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.ContainsAny(s, `"()<>`)
}

// CheckPassword returns what is wrong with a new password, or "".
func CheckPassword(password, email string) string {
	n := utf8.RuneCountInString(password)
	if !utf8.ValidString(password) || n < MinPasswordLength || n > MaxPasswordLength {
		return "must be 10 to 200 characters"
	}
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	local, _, _ := strings.Cut(email, "@")
	lower := strings.ToLower(password)
	if len(different) < minPasswordVariety || email != "" && (lower == email || lower == local) {
		return "is too easy to guess"
	}
	return ""
}

// invalidFields returns an Invalid error with these fields, nil without any.
func invalidFields(bad []FieldError) error {
	if len(bad) == 0 {
		return nil
	}
	return &Error{
		Code: Invalid, Fields: bad, Message: "the request has fields that are missing or wrong",
	}
}

// An APIKey is a program's key as it is shown. The secret is shown once, when the key is made.
type APIKey struct {
	ID     string   `json:"id"`
	Tenant TenantID `json:"tenant_id"` // "": of the installation
	Name   string   `json:"name"`
	Prefix string   `json:"prefix"` // the beginning of the secret, by which people know the key
	Scopes []Scope  `json:"scopes"`
	// CreatedBy is the actor who made it.
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	LastUsedAt *time.Time `json:"last_used_at"` // within a minute
}

// A NewAPIKey is what making a key takes.
type NewAPIKey struct {
	Name   string  `json:"name"`
	Scopes []Scope `json:"scopes"`
	// ExpiresInDays is nil for a key that lasts until it is revoked.
	ExpiresInDays *int `json:"expires_in_days,omitempty"`
}

// MaxKeyDays bounds NewAPIKey.ExpiresInDays.
const MaxKeyDays = 3650

// Validate returns an Invalid error that names every wrong field, or nil. The scopes are those that
// the key may have.
func (n NewAPIKey) Validate(scopes []Scope) error {
	var bad []FieldError
	if !validName(n.Name) {
		bad = append(bad, FieldError{"name", nameRule(n.Name)})
	}
	seen := map[Scope]bool{}
	for _, s := range n.Scopes {
		if !oneOf(s, scopes) || seen[s] {
			bad = append(bad, FieldError{"scopes", "must be different words of " + list(scopes)})
			break
		}
		seen[s] = true
	}
	if len(n.Scopes) == 0 {
		bad = append(bad, FieldError{"scopes", "must have at least one of " + list(scopes)})
	}
	if d := n.ExpiresInDays; d != nil && (*d < 1 || *d > MaxKeyDays) {
		bad = append(bad, FieldError{"expires_in_days", "must be a whole number from 1 to 3650"})
	}
	return invalidFields(bad)
}
