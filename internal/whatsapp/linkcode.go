package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow"
)

// linkCodeTimeout bounds how long WhatsApp may take to accept a link code.
const linkCodeTimeout = 8 * time.Second

// linkName is what the phone shows when it is told to type the code in. WhatsApp
// takes only the name of a usual browser on a usual system.
const linkName = "Chrome (Linux)"

// A linkCodeDrawn signal carries a link code, or why there is none.
type linkCodeDrawn struct {
	code string
	err  error
}

// AskLinkCode asks WhatsApp to have the phone with this number linked by a code that
// is typed into it, while the QR codes go on. Event LinkCode follows, or nothing if
// WhatsApp refuses. Call it after the first QR event. A later code replaces an
// earlier one.
func (c *Conn) AskLinkCode(number string) {
	if !c.calls.enter() {
		return
	}
	go func() {
		defer c.calls.leave()
		defer c.recovered(func() {})
		ctx, cancel := context.WithTimeout(c.ctx, linkCodeTimeout)
		defer cancel()
		code, err := c.client.Load().PairPhone(ctx, number, true, whatsmeow.PairClientChrome, linkName)
		c.forward(linkCodeDrawn{code, err})
	}()
}

// passLinkCode hands a code over, which is good for as long as the connection is.
func (l *life) passLinkCode(s linkCodeDrawn) {
	switch {
	case s.err != nil:
		l.logger().Warn("WhatsApp gave no link code", "err", s.err)
	case l.code != "": // else a phone has scanned meanwhile
		l.emit(Event{Kind: LinkCode, LinkCode: s.code, RoundEnds: l.ends})
	}
}
