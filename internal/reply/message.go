package reply

import (
	"time"

	"github.com/flowhq/flowhq"
)

// A Message is what a customer wrote. A burst of several short messages is one, with a line each.
// The lines are joined by the pipeline, so that "nataka", "viatu", "size 42" are one wish.
type Message struct {
	// Text is what was typed or, of a picture or document, its caption. It may be anything. It is
	// the customer's: nothing of it may be logged.
	Text string
	// Kind decides how a message without text is answered, where Media is not told.
	Kind flowhq.Kind
	// Media says what a message without words is: "voice", "image", "video", "sticker",
	// "document", "contact", "location" or "call"; "" is told by Kind.
	Media string
	// Latitude and Longitude are those of a location. Pointers, as 0 is a place too: in the sea off
	// Ghana, where no customer is.
	Latitude, Longitude *float64
	// ID is of the message's row, Number the customer's, E.164, or "". The row's ID makes the
	// number of a new fact, so that a turn that is computed twice makes one fact.
	ID     int64
	Number string
	// At is when it is answered. Questions and holds of slots count from At.
	At time.Time
	// Written is when the customer wrote it, which may be long before; zero is At. "Kesho" of a
	// message that came late is the day after it was written.
	Written time.Time
}

// written is when the customer wrote the message.
func (m Message) written() time.Time {
	if m.Written.IsZero() {
		return m.At
	}
	return m.Written
}
