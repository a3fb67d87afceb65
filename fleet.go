package flowhq

import (
	"regexp"
	"strconv"
	"time"
)

// A Fleet is what holds for all sessions at once.
type Fleet struct {
	// Paused says that nobody connects. Sessions that are connected stay so.
	Paused bool      `json:"paused"`
	Reason string    `json:"reason"` // of Paused; "" if not
	Since  time.Time `json:"since"`  // of Paused
	// Version is that of WhatsApp's web client which sessions pass for.
	Version string `json:"whatsapp_version"`
	Pinned  bool   `json:"pinned"` // Version was set by hand and stays until it is set to ""
}

// A FleetChange changes the fields that are not nil.
type FleetChange struct {
	Paused *bool   `json:"paused,omitempty"`
	Reason *string `json:"reason,omitempty"` // of Paused, where that is true
	// Version pins a version, which also ends a pause unless Paused is true; "" has the
	// newest one looked up now, and used if it is newer than all that WhatsApp has refused.
	Version *string `json:"whatsapp_version,omitempty"`
}

// Validate returns an Invalid error that names every wrong field, or nil.
func (c FleetChange) Validate() error {
	var bad []FieldError
	switch {
	case c.Reason == nil:
	case c.Paused == nil || !*c.Paused:
		bad = append(bad, FieldError{"reason", "must be left out unless paused is true"})
	case !validName(*c.Reason):
		bad = append(bad, FieldError{"reason", nameRule(*c.Reason)})
	}
	if c.Version != nil && *c.Version != "" && !ValidVersion(*c.Version) {
		bad = append(bad, FieldError{"whatsapp_version",
			`must be three numbers such as 2.3000.1047769893, or ""`})
	}
	if bad == nil {
		return nil
	}
	return &Error{Code: Invalid, Message: "the request has fields that are wrong", Fields: bad}
}

var version = regexp.MustCompile(`^([0-9]{1,10})\.([0-9]{1,10})\.([0-9]{1,10})$`)

// ValidVersion reports whether v can be a version of WhatsApp's web client.
func ValidVersion(v string) bool {
	parts := version.FindStringSubmatch(v)
	if parts == nil {
		return false
	}
	for _, part := range parts[1:] {
		if _, err := strconv.ParseUint(part, 10, 32); err != nil {
			return false
		}
	}
	return true
}
