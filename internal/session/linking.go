package session

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

const (
	// typingTime is how long a link code should be good for at least: somebody has to find
	// the place in WhatsApp to type it in.
	typingTime = 90 * time.Second
	// askedWithin is how recently somebody must have asked for the code for a QR refresh. A
	// page that shows the code asks every few seconds.
	askedWithin = time.Minute
)

// linking is the codes of a session that waits for a phone to be linked: a QR code, and a
// link code beside it if somebody has asked for one. Both belong to one connection, and end
// with it.
type linking struct {
	shown    step      // with the codes that are shown, while there are any
	codesEnd time.Time // when the connection has no further code
	number   string    // to ask a link code for as soon as the connection shows codes; "" = none
}

// showQR is the step that shows a QR code. A link code of the same connection stays.
func (l *linking) showQR(conn Conn, ev whatsapp.Event) step {
	l.codesEnd = ev.CodesEnd
	l.shown = step{
		Transition: flowhq.Transition{
			State: flowhq.QRReady, Reason: "scan the QR code with the business's phone",
		},
		codes: store.Codes{QR: ev.QR, QRExpires: ev.QRExpires, Link: l.shown.codes.Link},
	}
	if l.number != "" { // WhatsApp gives link codes only to a connection that shows QR codes
		conn.AskLinkCode(l.number)
		l.number = ""
	}
	return l.shown
}

// showLinkCode is the step that shows a link code, beside the QR code.
func (l *linking) showLinkCode(ev whatsapp.Event) step {
	// The QR code stays as well: whoever is quicker, scans or types.
	l.shown.codes.Link = store.LinkCode{Code: ev.LinkCode, ExpiresAt: ev.CodesEnd}
	return l.shown
}

// renew forgets the codes of a connection that is over or replaced. number is what to ask a
// link code for on the next one.
func (l *linking) renew(number string) { *l = linking{number: number} }

// linkByCode asks WhatsApp for a link code if somebody wants one and a phone can be linked
// at all. If the connection is about to run out of codes, it is replaced first: a link code
// lives no longer than its connection.
func (s *session) linkByCode(run context.Context) {
	if s.now.State != flowhq.QRReady { // linked, or not dialled yet
		return
	}
	// The number is in the row: a notice only says that there may be one.
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	number, err := s.Store.LinkCodeNumber(ctx, s.tenant)
	switch {
	case err != nil:
		s.log.Warn("could not see whether a link code was asked for", "err", err)
	case number == "":
	case time.Until(s.linking.codesEnd) >= typingTime:
		s.conn.AskLinkCode(number)
	default:
		s.linking.renew(number)
		_ = s.conn.Close(ctx) // no keys are in use that matter
		if err := s.dial(ctx, ""); err != nil {
			// The end of the old connection is the next event.
			s.log.Warn("could not refresh the codes", "err", err)
		}
	}
}

// refreshCodes begins another set of QR codes if the connection, which is over, has shown
// all that it had and somebody still looks at them. Otherwise it reports false: a tenant
// that nobody is linking should cost nothing.
func (s *session) refreshCodes(run context.Context) bool {
	if end := s.conn.Err(); end == nil || end.Ending != flowhq.EndQRExpired {
		return false
	}
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	// A link code that nobody has asked WhatsApp for yet is for the next connection.
	s.linking.renew(s.linking.number)
	asked, err := s.Store.QRAsked(ctx, s.tenant, askedWithin)
	// A process that was frozen must not dial with a lease that has run out.
	if err == nil && asked && s.lease.Valid() == nil {
		if err = s.dial(ctx, ""); err == nil {
			return true
		}
	}
	if err != nil {
		s.log.Warn("could not refresh the codes", "err", err)
	}
	return false
}
