package activities

import (
	"context"

	"github.com/flowhq/flowhq"
)

// outdated is the end of a session whose version WhatsApp refuses. Reconnects of all are
// paused once a second tenant was refused; then the session waits for the end of the
// pause. Until then it is tried again like any other failure.
func (s *session) outdated(run context.Context, end flowhq.End, cause error) (flowhq.Transition, error) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	refusal, err := s.Store.VersionRefused(ctx, s.tenant, s.version)
	if err != nil {
		return s.lost(run, endOf(err), err)
	}
	if refusal.First {
		s.log.Error("WhatsApp no longer accepts this version of the client: reconnects are paused until a newer one is found or set, see GET /admin/fleet",
			"whatsapp_version", s.version)
	}
	s.Admission.Reread()
	end.Text += " (" + s.version + ")"
	end.Paused = refusal.Paused
	return s.lost(run, end, cause)
}
