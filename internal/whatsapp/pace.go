package whatsapp

import "time"

// A pace is how long a connection waits for things.
type pace struct {
	firstCode time.Duration // how long the first QR code can be scanned
	nextCode  time.Duration // and each further one
	// login bounds the way from the open websocket to QR codes, from a confirmed
	// pairing to being online, or from the websocket to being online, which
	// includes generating and uploading 812 keys the first time.
	login time.Duration
	// silence is how long nothing at all may come from WhatsApp, which answers
	// the library's ping every 20 to 30 s.
	silence time.Duration
}

// defaultPace shows codes as long as WhatsApp accepts them, as its own web client does.
var defaultPace = pace{
	firstCode: 60 * time.Second,
	nextCode:  20 * time.Second,
	login:     60 * time.Second,
	silence:   75 * time.Second,
}

const (
	// missedPings is how many pings in a row may stay unanswered, each for 10 s.
	missedPings = 2
	// hangUpStep bounds each step of ending a connection.
	hangUpStep = 5 * time.Second
	// settleTime is how long an end waits for what the library reports last: that
	// it has let go of the websocket, and "logged out" and the like, which come
	// in goroutines of their own beside the loss of the connection.
	settleTime = 100 * time.Millisecond
	// fullRound is how many codes a full round has; only of one is the first code
	// shown for longer.
	fullRound = 6
	// maxEvents bounds the events of one connection: 6 codes, each redrawn when
	// the phone asks for a new secret, and two more.
	maxEvents = 32
	// maxSignals bounds the steps the library may be ahead of their handling.
	maxSignals = 16
)
