package activities

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// askedWithin is how recently somebody must have asked for the code for another round
// of codes to begin. Whoever looks at it asks every few seconds.
const askedWithin = time.Minute

// anotherRound begins another round of QR codes if the connection has shown all that
// it had and somebody still looks at them. Otherwise it reports false: a tenant that
// nobody is linking should cost nothing.
func (s *session) anotherRound(run context.Context) bool {
	if end := s.conn.Err(); end == nil || end.Reason != flowhq.EndQRExpired {
		return false
	}
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	s.shown = step{}
	asked, err := s.Store.QRAsked(ctx, s.tenant, askedWithin)
	if err == nil && asked && s.lease.Valid() == nil {
		if err = s.dial(ctx, ""); err == nil {
			return true
		}
	}
	if err != nil {
		s.log.Warn("could not begin another round of codes", "err", err)
	}
	return false
}
