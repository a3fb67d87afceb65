package whatsapp

import (
	"context"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// linkCodeTimeout bounds how long WhatsApp may take to accept a link code. The API waits
// for the code meanwhile.
const linkCodeTimeout = 8 * time.Second

// linkName is what the phone shows when it is told to type the code in. WhatsApp takes
// only the name of a usual browser on a usual system.
const linkName = "Chrome (Linux)"

// AskLinkCode asks WhatsApp to have the phone with this number linked by a code that is
// typed into it, while the QR codes go on. Event LinkCode follows, or nothing if WhatsApp
// refuses. Call it after the first QR event. A later code replaces an earlier one.
func (c *Conn) AskLinkCode(number string) {
	if !c.calls.enter() {
		return
	}
	go func() {
		defer c.calls.leave()
		defer c.recovered(func() {})
		ctx, cancel := context.WithTimeout(c.ctx, linkCodeTimeout)
		defer cancel()
		client := c.client.Load()
		code, err := client.PairPhone(ctx, number, true, whatsmeow.PairClientChrome, linkName)
		c.forward(linkCodeDrawn{code, err})
	}()
}

// A linkCodeDrawn signal carries a link code, or why there is none.
type linkCodeDrawn struct {
	code string
	err  error
}

// A linking is how far a connection is on its way to being online. It belongs to the
// connection's own goroutine.
type linking struct {
	conn     *Conn
	code     string    // the QR code that is shown, or ""
	next     []string  // those yet to be shown
	lastEnds time.Time // when the last of them expires
	// deadline is for the code, if one is shown, or else for the login.
	deadline *time.Timer
	isOnline bool
}

// newLinking returns the linking of a connection that shows no code yet. Its deadline is for the
// login, until there are codes.
func newLinking(c *Conn) *linking {
	return &linking{conn: c, deadline: time.NewTimer(c.network.timing.login)}
}

// begin shows the first of the codes. WhatsApp's own client shows it for longer than the
// others if there is a full set of them.
func (l *linking) begin(codes []string) {
	l.next = codes
	first := l.conn.network.timing.firstCode
	if len(codes) < fullSet {
		first = l.conn.network.timing.nextCode
	}
	l.show(first)
}

// redraw replaces the secret in the code that is shown and in those yet to be shown. A
// phone that is about to scan asks for that, and refuses a code with the old secret. The
// library says so only in this event (pair.go, rotateADVSecret).
func (l *linking) redraw(s *events.RotateADVSecret) {
	if l.code == "" {
		return
	}
	l.next = append([]string{l.code}, l.next...)
	for i, code := range l.next {
		l.next[i] = strings.Replace(code, s.OldSecret, s.NewSecret, 1)
	}
	l.show(l.conn.network.timing.nextCode)
}

// show shows the next code for the given time, in place of the one before. A code has a
// time of its own, after which WhatsApp refuses it. show ends the connection if there is no
// code left, unless a phone has scanned the last one in this moment.
func (l *linking) show(d time.Duration) {
	if len(l.next) == 0 {
		if !l.conn.hasScanned() {
			l.conn.finish(&EndError{Ending: flowhq.EndQRExpired, Reason: "nobody scanned the code"})
		}
		return
	}
	// A link code, if one was asked for, is good until the last of these has expired: the
	// connection ends then.
	l.code, l.next = l.next[0], l.next[1:]
	l.deadline.Reset(d)
	expires := time.Now().Add(d)
	l.lastEnds = expires.Add(time.Duration(len(l.next)) * l.conn.network.timing.nextCode)
	l.conn.emit(Event{Kind: QR, QR: l.code, QRExpires: expires, CodesEnd: l.lastEnds})
}

// showLinkCode hands a link code over, which is good for as long as the connection is.
func (l *linking) showLinkCode(s linkCodeDrawn) {
	switch {
	case s.err != nil:
		l.conn.logger().Warn("WhatsApp gave no link code", "err", s.err)
	case l.code != "": // else a phone has scanned meanwhile
		l.conn.emit(Event{Kind: LinkCode, LinkCode: s.code, CodesEnd: l.lastEnds})
	}
}

// wait takes the codes away and gives WhatsApp time to complete the login.
func (l *linking) wait() {
	l.code, l.next = "", nil
	l.deadline.Reset(l.conn.network.timing.login)
}

// confirm notes that the pairing is confirmed, once.
func (l *linking) confirm() {
	if device, isNew := l.conn.confirmPairing(); isNew {
		l.conn.emit(Event{Kind: Linked, Device: device})
	}
}

// finish notes that the connection is online.
func (l *linking) finish() {
	l.isOnline = true
	l.deadline.Stop()
}

// expire acts when the time for a code, or for the login, has run out.
func (l *linking) expire() {
	switch {
	case l.code != "":
		l.show(l.conn.network.timing.nextCode)
	case l.conn.hasLinked():
		l.conn.finish(&EndError{
			Ending: flowhq.EndUnresponsive, Reason: "WhatsApp did not complete the login",
		})
	default:
		l.conn.finish(&EndError{
			Ending: flowhq.EndUnresponsive, Reason: "WhatsApp did not complete the pairing",
		})
	}
}
