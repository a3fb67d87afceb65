package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
)

const (
	// catchUpTimeout bounds the wait until WhatsApp has delivered what waits for a device that
	// is about to be removed: with the device, what is left would be lost.
	catchUpTimeout = 2 * time.Minute
	// maxCatchUps is how many attempts in a row may be cut off before that.
	maxCatchUps = 3
)

// relink drops the link to the phone and dials for a new code. If WhatsApp cannot be
// reached, or refuses the login, the keys go all the same: the phone drops a dead link by
// itself, and whoever asked wants another one. It may be repeated. What waits at WhatsApp is
// recorded first, to be answered over the new link.
func (s *session) relink(ctx, run context.Context, device string) error {
	how := "no device was linked"
	if device != "" {
		var err error
		if how, err = s.dropLink(ctx, run, device); err != nil {
			return err
		}
	}
	// The row last: until then the next host begins again where this one was.
	writing, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.Store.Unlink(writing, s.tenant, s.lease.Epoch); err != nil {
		return fmt.Errorf("unlink: %w", err)
	}
	s.linked = false
	s.number.reset()
	s.note(run, flowhq.EventSessionUnlinked, how)
	return s.dial(writing, "")
}

// dropLink removes the device from the phone, as far as that is possible, and deletes its
// keys. It says how that went, for an operator.
func (s *session) dropLink(ctx, run context.Context, device string) (how string, err error) {
	r := removal{
		network: s.Network, version: s.version, device: device, lease: s.lease,
		handler: s.handler(), patience: catchUpTimeout, every: s.Timing.Renewal, log: s.log,
		beat: func() { s.wait("for WhatsApp to unlink the phone") },
	}
	if s.number.err() != nil { // a stranger's phone: none of its messages is ours
		r.handler, r.patience = discardHandler{s.lease}, 0
	}
	defer func() { s.now.Waiting = "" }()
	// A process that stops does not wait for it: the next host goes on.
	moving, stay := untilClosed(ctx, s.slot.Leave(), errDraining)
	defer stay()
	removing, cancel := context.WithTimeout(moving, r.patience+unlinkTimeout)
	defer cancel()
	closed, err := r.run(removing)
	switch {
	case ctx.Err() != nil && s.attempt.IsOrder(context.Cause(ctx)): // the next host does it
		return "", order{context.Cause(ctx)}
	case moving.Err() != nil:
		return "", context.Cause(moving)
	case s.lease.Valid() != nil: // a newer host may do it already
		return "", s.lease.Valid()
	case !closed: // the keys may be in use: the next host does it
		return "", fmt.Errorf("unlink: %w", context.DeadlineExceeded)
	case errors.Is(err, errBehind) && s.now.Failures < maxCatchUps:
		return "", err // the next host goes on with what is left
	}
	// Whatever WhatsApp said, the keys go: an operator wants another link.
	how = "removed from the phone's linked devices"
	if err != nil {
		s.log.Warn("could not unlink the phone", "err", err)
		how = "WhatsApp did not remove it from the phone's linked devices: " + operatorReason(err)
	}
	forgetting, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.Network.Forget(forgetting, device); err != nil {
		return "", fmt.Errorf("forget device: %w", err)
	}
	return how, nil
}
