package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
)

// outdatedRetry is when a host that was refused because of its version comes back,
// to wait at the gate.
const outdatedRetry = time.Second

// outdated is the end of a session whose version WhatsApp refuses. It concerns all:
// the first one pauses the fleet. The session stays wanted and waits at the gate.
func (s *session) outdated(run context.Context, e ending) (Ended, error) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	reason := e.text + " (" + s.pass.version + ")"
	if s.pass.trial {
		return s.tried(run)
	}
	first, err := s.Store.Outdated(ctx, s.pass.version)
	if err != nil {
		return s.lost(run, endingOf(err))
	}
	if first {
		s.log.Error("WhatsApp no longer accepts this version of the client: reconnects are paused until another one is accepted or set, see GET /admin/fleet",
			"whatsapp_version", s.pass.version)
	}
	poke(s.Gate.stale)
	s.end(flowhq.EndOutdated)
	c := s.offline(flowhq.HostError, flowhq.EndOutdated, reason)
	c.tenant, c.lastError, c.silent = flowhq.TenantError, reason, false
	if s.become(run, c) != nil {
		return superseded(), nil
	}
	return Ended{}, temporal.NewApplicationErrorWithOptions(reason, string(flowhq.EndOutdated),
		temporal.ApplicationErrorOptions{NextRetryDelay: outdatedRetry, Category: temporal.ApplicationErrorCategoryBenign})
}

// tried is the end of a session that WhatsApp refuses as the version which it tries
// for the fleet. Nothing is wrong with the session: its next host takes the version
// that the others use.
func (s *session) tried(run context.Context) (Ended, error) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	s.pass.trial = false
	if _, err := s.Store.RefuseVersion(ctx, s.pass.version); err != nil {
		return s.lost(run, endingOf(err))
	}
	s.log.Warn("WhatsApp does not accept a newer version of the client", "whatsapp_version", s.pass.version)
	poke(s.Gate.stale)
	return s.renewed(run, "tried version "+s.pass.version+" of the client, which WhatsApp does not accept")
}

// accepted tells the fleet that WhatsApp accepts the version which this session tries.
func (s *session) accepted(run context.Context) {
	if !s.pass.trial {
		return
	}
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	if _, err := s.Store.AcceptVersion(ctx, s.pass.version); err != nil {
		s.log.Warn("could not say that WhatsApp accepts a version; another session tries it", "err", err)
		return
	}
	s.pass.trial = false
	s.log.Info("WhatsApp accepts a newer version of the client", "whatsapp_version", s.pass.version)
}

// endTrial lets another session try the version if this one has learnt nothing.
func (s *session) endTrial(ctx context.Context) {
	if !s.pass.trial {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := s.Store.EndTrial(ctx, s.pass.version); err != nil {
		s.log.Info("could not end a trial; it ends by itself", "err", err)
	}
}
