package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
)

// outdatedRetry is when a host that was refused because of its version comes back while
// reconnects are paused, to wait for their end.
const outdatedRetry = time.Second

// outdated is the end of a session whose version WhatsApp refuses. Reconnects of all are
// paused once a second tenant was refused; then the session waits for the end of the
// pause. Until then it is tried again like any other failure.
func (s *session) outdated(run context.Context, e ending) (Ended, error) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	refusal, err := s.Store.VersionRefused(ctx, s.tenant, s.version)
	if err != nil {
		return s.lost(run, endingOf(err))
	}
	if refusal.First {
		s.log.Error("WhatsApp no longer accepts this version of the client: reconnects are paused until a newer one is found or set, see GET /admin/fleet",
			"whatsapp_version", s.version)
	}
	s.Admission.Reread()
	s.end(flowhq.EndOutdated)
	e.text += " (" + s.version + ")"
	c := s.offline(flowhq.HostError, flowhq.EndOutdated, e.text)
	c.tenant, c.lastError, c.silent = flowhq.TenantError, e.text, false
	retry := outdatedRetry
	if !refusal.Paused {
		c.lastError = s.countFailure(run, e)
		retry = Backoff(s.now.Failures)
		// The same again is no news to the workflow, whose history is short.
		c.silent = !s.reported && s.before == e.reason && s.now.Failures != FlappingAfter
	}
	if s.become(run, c) != nil {
		return superseded(), nil
	}
	return Ended{}, temporal.NewApplicationErrorWithOptions(e.text, string(flowhq.EndOutdated),
		temporal.ApplicationErrorOptions{NextRetryDelay: retry, Category: temporal.ApplicationErrorCategoryBenign})
}
