package reply

import (
	"time"

	"github.com/flowhq/flowhq"
)

// A Message is what a customer wrote. A burst of several short messages is one, with a line each.
type Message struct {
	// Text is what was typed or, of a picture or document, its caption. It may be anything.
	Text string
	Kind flowhq.Kind
	// Media says what a message without words is: "voice", "image", "video", "sticker",
	// "document", "contact", "location" or "call"; "" is told by Kind.
	Media string
	// Latitude and Longitude are those of a location.
	Latitude, Longitude *float64
	// ID is of the message's row, Number the customer's, E.164, or "".
	ID     int64
	Number string
	// At is when it is answered.
	At time.Time
	// Written is when the customer wrote it, which may be long before; zero is At.
	Written time.Time
}

// written is when the customer wrote the message.
func (m Message) written() time.Time {
	if m.Written.IsZero() {
		return m.At
	}
	return m.Written
}
