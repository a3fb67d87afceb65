package activities

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// typingTime is how long a link code should be good for at least: somebody has to
// find the place in WhatsApp to type it in.
const typingTime = 90 * time.Second

// show makes a QR code known. A link code of the same connection stays.
func (s *session) show(run context.Context, ev whatsapp.Event) error {
	s.roundEnds = ev.CodesEnd
	s.shown = step{
		Transition: flowhq.Transition{State: flowhq.QRReady, Reason: "scan the QR code with the business's phone"},
		codes:      store.Codes{QR: ev.QR, QRExpires: ev.QRExpires, Link: s.shown.codes.Link},
	}
	if s.toLink != "" {
		s.conn.AskLinkCode(s.toLink)
		s.toLink = ""
	}
	return s.become(run, s.shown)
}

// showLinkCode makes a link code known, beside the QR code.
func (s *session) showLinkCode(run context.Context, ev whatsapp.Event) error {
	s.shown.codes.Link = store.LinkCode{Code: ev.LinkCode, ExpiresAt: ev.CodesEnd}
	return s.become(run, s.shown)
}

// linkByCode asks WhatsApp for a link code if somebody wants one and a phone can be
// linked at all. If the connection is about to run out of codes, it is replaced first:
// a link code lives no longer than that.
func (s *session) linkByCode(run context.Context) {
	if s.now.State != flowhq.QRReady {
		return
	}
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	number, err := s.Store.LinkCodeWanted(ctx, s.tenant)
	switch {
	case err != nil:
		s.log.Warn("could not see whether a link code is wanted", "err", err)
	case number == "":
	case time.Until(s.roundEnds) >= typingTime:
		s.conn.AskLinkCode(number)
	default:
		s.toLink, s.shown = number, step{}
		_ = s.conn.Close(ctx) // no keys are in use that matter
		if err := s.dial(ctx, ""); err != nil {
			s.log.Warn("could not begin another round of codes", "err", err) // the end of the old one is next
		}
	}
}
