package whatsapp

import "time"

// A timing is how long a connection waits for things. Tests shorten it.
type timing struct {
	firstCode time.Duration // how long the first QR code of a full set can be scanned
	nextCode  time.Duration // and each other one
	// login bounds the way from the open websocket to QR codes, from a confirmed pairing
	// to being online, or from the websocket to being online. It includes generating and
	// storing 812 one-time keys the first time. That was measured at 0.7 s with 8 pairings
	// at a time, with one commit per key.
	login time.Duration
	// silence is how long nothing at all may come from WhatsApp, which answers the
	// library's ping every 20 to 30 s.
	silence time.Duration
}

// defaultTiming shows codes as long as WhatsApp accepts them, as its own web client does.
var defaultTiming = timing{
	firstCode: 60 * time.Second,
	nextCode:  20 * time.Second,
	login:     60 * time.Second,
	silence:   75 * time.Second,
}

const (
	// handlerTimeout bounds one call of the handler. What takes longer has failed:
	// meanwhile nothing else of this connection is handled.
	handlerTimeout = 10 * time.Second
	// missedPings is how many pings in a row may stay unanswered, each for 10 s.
	missedPings = 2
	// hangUpStep bounds each step of ending a connection.
	hangUpStep = 5 * time.Second
	// releaseTime is how long an end waits for what the library reports last: that it has
	// let go of the websocket, and "logged out" and the like. These come in goroutines of
	// their own beside the loss of the connection.
	releaseTime = 100 * time.Millisecond
	// fullSet is how many QR codes WhatsApp sends at once. Of fewer, the first is shown no
	// longer than the others (qrchan.go).
	fullSet = 6
	// maxEvents bounds the events of one connection: 6 codes, each redrawn when the phone
	// asks for a new secret, link codes, and two more.
	maxEvents = 32
	// maxSignals bounds how many steps the library may be ahead of their handling.
	maxSignals = 16
)
